/*
 * by_hand.c: what a person asks for: the same list of addresses that are never blocked,
 * and an end of its own, however long.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "respond/change.h"

enum { RATE_MAX = 100000 }; /* as of block.limit */

static const char *action_of(const char *text)
{
	static const char *const actions[] = { "drop", "limit", "reset" };
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (is_word(text, actions[i]))
			return actions[i];
	return NULL;
}

static int judge_form(const struct respond_asked *asked, struct buf *message)
{
	bool has_port = asked->port != UNKNOWN_U32;
	bool is_transport = asked->transport == NULL ||
			    is_word(asked->transport, "tcp") ||
			    is_word(asked->transport, "udp");
	const char *wrong = NULL;
	if (action_of(asked->action) == NULL)
		wrong = "the action can't be that; allowed is drop, limit or reset";
	else if (asked->for_us < SECOND_US || asked->for_us > LONGEST_US)
		wrong = "it can't last that long; allowed is from 1s to 31d";
	else if (has_port && (asked->port < 1 || asked->port > UINT16_MAX))
		wrong = "that is no port; allowed is 1 to 65535";
	else if (!is_transport)
		wrong = "the transport can't be that; allowed is tcp or udp";
	else if (asked->rate > RATE_MAX)
		wrong = "that is no limit; allowed is 1 to 100000 packets a second";
	if (wrong == NULL)
		return 0;
	buf_text(message, wrong);
	return -EINVAL;
}

/* The whole /64 of an IPv6 address, as everywhere. */
static struct prefix prefix_of(const struct respond_asked *asked)
{
	struct prefix prefix = asked->prefix;
	if (!addr_is_v4(&prefix.addr) && prefix.len >= 64)
		prefix = (struct prefix){ addr_source(&prefix.addr), 64 };
	return prefix;
}

static void put_prefix(struct buf *out, const struct prefix *prefix)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&prefix->addr, text);
	buf_text(out, text);
	if (prefix->len < 128)
		buf_printf(out, "/%u",
			   prefix->len - (addr_is_v4(&prefix->addr) ? 96U : 0U));
}

/* The entry holds the prefix, or lies within it. */
static void put_never(struct buf *out, const struct prefix *prefix,
		      const struct never_entry *never)
{
	put_prefix(out, prefix);
	if (never->prefix.len > prefix->len) {
		buf_text(out, " holds ");
		put_prefix(out, &never->prefix);
		buf_printf(out, ", %s", never_reason_sentence(never->reason));
	} else {
		buf_printf(out, " is %s", never_reason_sentence(never->reason));
	}
	buf_text(out, ": never blocked; see block.never");
}

static int judge(struct respond *respond, const struct prefix *prefix,
		 struct buf *message)
{
	const struct never_entry *never =
		respond->never == NULL
			? NULL
			: never_find(respond->never, prefix,
				     respond->now_us + respond->ahead_us);
	if (never == NULL)
		return 0;
	put_never(message, prefix, never);
	return -EPERM;
}

/* What is there already may be changed. */
static int judge_room(const struct respond *respond, struct buf *message)
{
	if (respond->blocks.force_count < respond->rules.block_total)
		return 0;
	buf_printf(message, "%u blocks are in force, as many as block.total allows",
		   respond->rules.block_total);
	return -EPERM;
}

int64_t confirm_by(const struct respond *respond)
{
	return respond->now_us + (int64_t)respond->rules.block_confirm * SECOND_US;
}

static struct block block_of(struct respond *respond, const struct respond_asked *asked,
			     const struct prefix *prefix)
{
	int64_t now_us = respond->now_us;
	uint32_t rate = asked->rate > 0 ? asked->rate : respond->rules.block_limit;
	const struct respond_served served =
		respond_served(respond, prefix, asked->port, now_us);
	struct block block = {
		.start_us = now_us,
		.until_us = now_us + asked->for_us,
		.wanted_us = now_us + asked->for_us,
		.span_us = asked->for_us,
		.at_us = now_us,
		.decided_us = now_us,
		.address = prefix->addr,
		.prefix_len = prefix->len,
		.port = asked->port,
		.action = action_of(asked->action),
		.state = "asked",
		.strike = UNKNOWN_U32,
		.rate = is_word(asked->action, "limit") ? rate : UNKNOWN_U32,
		.latency_us = UNKNOWN_U64,
		.packets = UNKNOWN_U64,
		.bytes = UNKNOWN_U64,
		.sessions = UNKNOWN_U64,
		.clients = served.clients,
		.cut = served.cut,
		.in_force = true,
		.by_hand = true,
	};
	if (asked->port != UNKNOWN_U32)
		block.transport = is_word(asked->transport, "udp") ? "udp" : "tcp";
	if (asked->over_network && confirm_by(respond) < block.until_us)
		block.until_us = confirm_by(respond);
	return block;
}

static int judge_all(struct respond *respond, const struct respond_asked *asked,
		     int64_t now_us, struct prefix *prefix, struct buf *message)
{
	respond_time(respond, now_us);
	*prefix = prefix_of(asked);
	int error = judge_form(asked, message);
	return error != 0 ? error : judge(respond, prefix, message);
}

int respond_try(struct respond *respond, const struct respond_asked *asked,
		int64_t now_us, struct buf *message)
{
	struct prefix prefix;
	int error = judge_all(respond, asked, now_us, &prefix, message);
	if (error != 0)
		return error;
	const struct block block = block_of(respond, asked, &prefix);
	const struct block *same = change_same(respond, &block);
	if (same == NULL && (error = judge_room(respond, message)) != 0)
		return error;
	put_prefix(message, &prefix);
	buf_printf(message, ": would %s %llu of %llu clients of the last 30 days",
		   is_word(asked->action, "limit") ? "slow down" : "cut",
		   (unsigned long long)block.cut, (unsigned long long)block.clients);
	if (same != NULL) {
		buf_text(message, "; blocked already ");
		change_describe(respond, same, message);
	}
	return 0;
}

int respond_block(struct respond *respond, const struct respond_asked *asked,
		  int64_t now_us, struct buf *message)
{
	struct prefix prefix;
	int error = judge_all(respond, asked, now_us, &prefix, message);
	if (error != 0)
		return error;
	const struct block block = block_of(respond, asked, &prefix);
	struct block *made = change_same(respond, &block);
	if (made != NULL && !change_make(respond, made, asked, &block)) {
		buf_text(message, "there is no memory for the change");
		return -EPERM;
	}
	if (made == NULL && (error = judge_room(respond, message)) != 0)
		return error;
	if (made == NULL)
		made = life_begin(respond, &block, asked->actor,
				  asked->why != NULL ? asked->why : "", NULL);
	if (made == NULL) {
		buf_text(message, "there is no room for more blocks");
		return -EPERM;
	}
	buf_printf(message, "%016llx", (unsigned long long)made->id);
	return 0;
}

static struct block *by_id(const struct respond *respond, const char *text)
{
	char *end;
	uint64_t id = strtoull(text, &end, 16);
	struct block *block = strlen(text) == 16 && *end == '\0'
				      ? blocks_find(&respond->blocks, id)
				      : NULL;
	return block != NULL && block->in_force ? block : NULL;
}

/* By what it was until now: what led to it is forgiven. */
static void forgive(struct respond *respond, const struct block *block)
{
	const struct roster_key key = key_of(&block->address);
	struct known *known = roster_take(&respond->known, &key);
	known->forgiven_us = respond->now_us;
	memcpy(known->forgiven, block->finding, sizeof(known->forgiven));
	roster_rank(&respond->known, known, 1);
	keep_known(respond, known);
}

static void lift(struct respond *respond, struct block *block, const char *actor)
{
	const struct roster_key key = key_of(&block->address);
	struct watched *watched = roster_find(&respond->watched, &key);
	if (watched != NULL)
		watched->until_us = 0;
	forgive(respond, block);
	life_end(respond, block, "removed", actor);
}

static unsigned lift_all_of(struct respond *respond, const struct prefix *prefix,
			    const char *actor)
{
	unsigned count = 0;
	for (struct block *b = blocks_of(&respond->blocks, &prefix->addr, NULL);
	     b != NULL; b = blocks_of(&respond->blocks, &prefix->addr, b)) {
		if (!b->in_force || b->prefix_len != prefix->len)
			continue;
		lift(respond, b, actor);
		count++;
	}
	return count;
}

int respond_unblock(struct respond *respond, const char *what, const char *actor,
		    int64_t now_us, struct buf *message)
{
	struct prefix prefix;
	respond_time(respond, now_us);
	struct block *block = by_id(respond, what);
	if (block != NULL) {
		lift(respond, block, actor);
		return 0;
	}
	if (prefix_parse(what, &prefix)) {
		if (!addr_is_v4(&prefix.addr) && prefix.len > 64)
			prefix = (struct prefix){ addr_source(&prefix.addr), 64 };
		if (lift_all_of(respond, &prefix, actor) > 0)
			return 0;
	}
	buf_text(message, "no block in force has that address or id");
	return -EINVAL;
}

int respond_confirm(struct respond *respond, const char *id, const char *actor,
		    int64_t now_us, struct buf *message)
{
	respond_time(respond, now_us);
	struct block *block = by_id(respond, id);
	if (block == NULL || block->wanted_us <= block->until_us) {
		buf_text(message, "no block with that id waits to be confirmed");
		return -EINVAL;
	}
	change_forget(block);
	blocks_prolong(&respond->blocks, block, block->wanted_us);
	if (is_word(block->state, "unconfirmed"))
		block->state = "active";
	life_order(respond, block, RESPOND_ADD, false);
	keep_block(respond, block);
	life_say(respond, block);
	life_audit(respond, "block_confirm", actor, block, "unconfirmed", id);
	return 0;
}
