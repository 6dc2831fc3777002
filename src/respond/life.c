/*
 * life.c: a block begins, goes on and ends; what is said and ordered then.
 */
#include <stdio.h>
#include <string.h>

#include "respond/change.h"
#include "respond/decision.h"

enum { IPV4_BITS_BEFORE = 96, WORTH_SAYING = 8 /* an eighth longer */ };

void life_record(const struct respond *respond, const struct block *block,
		 struct block_record *out)
{
	record_init(RECORD_block, out);
	snprintf(out->id, sizeof(out->id), "%016llx", (unsigned long long)block->id);
	out->at = block->at_us + respond->ahead_us;
	out->start = block->start_us + respond->ahead_us;
	out->until = block->until_us + respond->ahead_us;
	out->address = block->address;
	out->prefix_len = addr_is_v4(&block->address)
				  ? (uint16_t)(block->prefix_len - IPV4_BITS_BEFORE)
				  : block->prefix_len;
	out->transport = block->transport;
	out->port = block->port;
	out->action = block->action;
	out->state = block->state;
	record_text(out->finding, sizeof(out->finding), block->finding);
	record_text(out->actor, sizeof(out->actor), block->actor);
	record_text(out->reason, sizeof(out->reason), block->reason);
	if (block->vetoed_by != NULL)
		record_text(out->vetoed_by, sizeof(out->vetoed_by), block->vetoed_by);
	out->proof = block->proof;
	out->strike = block->strike;
	out->rate = block->rate;
	out->latency_us = block->latency_us;
	out->packets = block->packets;
	out->bytes = block->bytes;
	out->sessions = block->sessions;
	out->clients = block->clients;
	out->clients_cut = block->cut;
	if (block->error != 0)
		record_text(out->error, sizeof(out->error), strerror(block->error));
}

static void put_subject(const struct block *block, struct audit_record *audit)
{
	char text[ADDR_TEXT_MAX];
	unsigned len = block->prefix_len;
	addr_text(&block->address, text);
	if (addr_is_v4(&block->address))
		len -= IPV4_BITS_BEFORE;
	snprintf(audit->subject, sizeof(audit->subject), "%s/%u", text, len);
}

static void put_audit(struct respond *respond, struct audit_record *audit,
		      const struct block *block)
{
	audit->at = respond->now_us + respond->ahead_us;
	if (block != NULL)
		put_subject(block, audit);
	if (respond->sink.audit != NULL)
		respond->sink.audit(respond->sink.self, audit);
}

void life_audit(struct respond *respond, const char *action, const char *actor,
		const struct block *block, const char *before, const char *after)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.action = action;
	record_text(audit.actor, sizeof(audit.actor), actor);
	record_text(audit.before, sizeof(audit.before), before);
	record_text(audit.after, sizeof(audit.after), after);
	put_audit(respond, &audit, block);
}

/* "drop 016f..: port_scan of ..." */
static void audit_of(struct respond *respond, const char *action, const char *actor,
		     const struct block *block, const char *state, const char *digest)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.action = action;
	record_text(audit.actor, sizeof(audit.actor), actor);
	record_text(audit.before, sizeof(audit.before), block->finding);
	snprintf(audit.after, sizeof(audit.after), "%s %016llx %s: %s", block->action,
		 (unsigned long long)block->id,
		 block->vetoed_by != NULL ? block->vetoed_by : state, block->reason);
	record_text(audit.digest, sizeof(audit.digest), digest);
	put_audit(respond, &audit, block);
}

void life_say(struct respond *respond, struct block *block)
{
	struct block_record record;
	block->at_us = respond->now_us;
	life_record(respond, block, &record);
	if (respond->sink.block != NULL)
		respond->sink.block(respond->sink.self, &record);
}

bool life_order(struct respond *respond, const struct block *block,
		enum respond_order_kind kind, bool restored)
{
	struct block_record record;
	if (respond->sink.order == NULL || is_word(block->state, "observed"))
		return false;
	life_record(respond, block, &record);
	const struct respond_order order = {
		.kind = kind,
		.id = block->id,
		.left_us = change_end(block) - respond->now_us,
		.by_hand = block->by_hand,
		.restored = restored,
		.block = &record,
	};
	respond->sink.order(respond->sink.self, &order);
	return true;
}

struct block *life_begin(struct respond *respond, const struct block *block,
			 const char *actor, const char *reason,
			 struct decision_record *decision)
{
	field_text64 digest = "";
	struct block *made = blocks_add(&respond->blocks, block, actor, reason);
	if (made == NULL) {
		respond->refused++;
		return NULL;
	}
	/* The order first: nothing on its way waits for anything. */
	if (made->in_force)
		life_order(respond, made, RESPOND_ADD, false);
	keep_block(respond, made);
	life_say(respond, made);
	if (decision != NULL)
		decision_end(respond, made, decision, digest);
	audit_of(respond, made->in_force ? "block" : "block_veto", actor, made,
		 made->state, digest);
	return made;
}

/* From now on only what comes later is news. */
static void note_end(struct respond *respond, const struct block *block)
{
	const struct roster_key key = key_of(&block->address);
	struct known *known = roster_find(&respond->known, &key);
	if (known == NULL || block->finding[0] == '\0')
		return;
	known->blocked_us = respond->now_us;
	keep_known(respond, known);
}

void life_end(struct respond *respond, struct block *block, const char *state,
	      const char *actor)
{
	if (!block->in_force)
		return;
	bool is_ordered = is_word(state, "removed") &&
			  life_order(respond, block, RESPOND_REMOVE, false);
	blocks_end(&respond->blocks, block);
	block->state = is_ordered ? "removing" : state;
	if (respond->now_us < block->until_us)
		block->until_us = respond->now_us;
	if (!is_word(state, "failed") && !is_word(state, "vetoed"))
		note_end(respond, block);
	keep_block(respond, block);
	life_say(respond, block);
	bool is_vetoed = is_word(state, "vetoed");
	bool is_by_person = !is_word(actor, "breakwater");
	audit_of(respond,
		 is_vetoed      ? "block_veto"
		 : is_by_person ? "unblock"
				: "block_end",
		 actor, block, state, "");
}

void life_expire(struct respond *respond, struct block *block)
{
	if (!change_undo(respond, block))
		life_end(respond, block, "expired", "breakwater");
}

/* Where evidence that goes on lets it end. */
static int64_t end_of(const struct respond *respond, const struct block *block,
		      int64_t span_us)
{
	int64_t until_us = respond->now_us + span_us;
	int64_t last_us =
		block->start_us + (int64_t)respond->rules.block_longest * SECOND_US;
	return until_us < last_us ? until_us : last_us;
}

void life_prolong(struct respond *respond, struct block *block)
{
	/* An automatic one that a person's change lies over goes on beneath it. */
	struct before *before = block->before;
	bool is_beneath = before != NULL && !before->by_hand;
	int64_t span_us = is_beneath ? before->span_us : block->span_us;
	int64_t before_us = is_beneath ? before->until_us : block->until_us;
	int64_t until_us = end_of(respond, block, span_us);
	if ((block->by_hand && !is_beneath) ||
	    until_us - before_us < span_us / WORTH_SAYING)
		return;
	if (is_beneath)
		before->until_us = until_us;
	else
		blocks_prolong(&respond->blocks, block, until_us);
	life_order(respond, block, RESPOND_ADD, false);
	keep_block(respond, block);
	life_say(respond, block);
}
