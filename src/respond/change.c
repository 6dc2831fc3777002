/*
 * change.c: a person asks for what is blocked already: the same packets, by the same
 * action.
 *
 * It stays one block.  What is asked last counts, but no block ends earlier than was
 * said before: for that there is unblocking.  A change that is made over the network
 * is in force at once, and is undone unless it is confirmed, as a router's "commit
 * confirmed" is: then the block is again what it was, also if it was an automatic one.
 */
#include "respond/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static bool waits(const struct block *block)
{
	return block->wanted_us > block->until_us;
}

struct block *change_same(const struct respond *respond, const struct block *asked)
{
	struct block *b = blocks_of(&respond->blocks, &asked->address, NULL);
	for (; b != NULL; b = blocks_of(&respond->blocks, &asked->address, b)) {
		bool is_port = b->port == asked->port &&
			       (asked->port == UNKNOWN_U32 ||
				is_word(b->transport, asked->transport));
		/* A reset is done when it begins; what is observed is not done. */
		if (b->in_force && is_port && b->prefix_len == asked->prefix_len &&
		    is_word(b->action, asked->action) && !is_word("reset", b->action) &&
		    !is_word("observed", b->state))
			return b;
	}
	return NULL;
}

void change_describe(const struct respond *respond, const struct block *block,
		     struct buf *out)
{
	char until[TIME_TEXT_MAX];
	record_time_text(block->until_us + respond->ahead_us, until);
	buf_printf(out, "until %s by %s", until, block->actor);
}

static void put_words(const struct respond *respond, const struct block *block,
		      struct buf *out)
{
	buf_printf(out, "%s %016llx ", block->action, (unsigned long long)block->id);
	if (block->rate != UNKNOWN_U32)
		buf_printf(out, "%u a second ", block->rate);
	change_describe(respond, block, out);
	buf_printf(out, ": %s", block->reason);
}

static void audit_from(struct respond *respond, const char *action, const char *actor,
		       const struct block *block, struct buf *before)
{
	struct buf after = { 0 };
	put_words(respond, block, &after);
	const char *from = buf_cstr(before), *to = buf_cstr(&after);
	life_audit(respond, action, actor, block, from != NULL ? from : "",
		   to != NULL ? to : "");
	buf_free(&after);
	buf_free(before);
}

/* ---- what it was ---- */

void change_forget(struct block *block)
{
	if (block->before == NULL)
		return;
	free(block->before->actor);
	free(block->before->reason);
	free(block->before);
	block->before = NULL;
}

struct before *change_before(int64_t until_us, int64_t span_us, const char *actor,
			     const char *reason)
{
	struct before *before = calloc(1, sizeof(*before));
	if (before == NULL)
		return NULL;
	before->until_us = until_us;
	before->span_us = span_us;
	before->actor = strdup(actor);
	before->reason = strdup(reason);
	if (before->actor != NULL && before->reason != NULL)
		return before;
	free(before->actor);
	free(before->reason);
	free(before);
	return NULL;
}

/* What itself waits to be confirmed is nothing to come back to. */
static bool keep_before(struct block *block)
{
	if (waits(block))
		return true;
	change_forget(block);
	block->before = change_before(block->until_us, block->span_us, block->actor,
				      block->reason);
	if (block->before == NULL)
		return false;
	block->before->rate = block->rate;
	block->before->by_hand = block->by_hand;
	return true;
}

/* ---- changing ---- */

static void take_over(struct block *block, const struct block *asked)
{
	block->rate = asked->rate;
	block->clients = asked->clients;
	block->cut = asked->cut;
	block->by_hand = true;
	block->is_again = false;
	/* Of one that was decided on by itself it stays how soon it was held. */
	if (block->latency_us == UNKNOWN_U64)
		block->decided_us = asked->decided_us;
}

static void tell(struct respond *respond, struct block *block)
{
	block->state = "asked";
	life_order(respond, block, RESPOND_ADD, false);
	keep_block(respond, block);
	life_say(respond, block);
}

struct change {
	int64_t until_us, sure_us; /* its end, and that if nobody confirms */
	bool is_any;
};

/* Who asks on the machine itself confirms what waits, as a router's commit does. */
static struct change change_of(const struct respond *respond, const struct block *block,
			       const struct respond_asked *by,
			       const struct block *asked)
{
	int64_t until_us = waits(block) ? block->wanted_us : block->until_us;
	bool is_later = asked->wanted_us > until_us;
	bool confirms = waits(block) && !by->over_network;
	struct change change = {
		.until_us = is_later ? asked->wanted_us : until_us,
		.is_any = is_later || confirms || asked->rate != block->rate,
	};
	bool must_wait = by->over_network && confirm_by(respond) < change.until_us;
	change.sure_us = must_wait ? confirm_by(respond) : change.until_us;
	return change;
}

static bool carry_out(struct respond *respond, struct block *block,
		      const struct change *change, const struct respond_asked *by,
		      const struct block *asked)
{
	const char *why = by->why != NULL && by->why[0] != '\0' ? by->why : NULL;
	bool must_wait = change->sure_us < change->until_us;
	if ((must_wait && !keep_before(block)) || !blocks_say(block, by->actor, why))
		return false;
	if (!must_wait)
		change_forget(block);
	block->wanted_us = change->until_us;
	block->span_us = change->until_us - respond->now_us;
	take_over(block, asked);
	blocks_prolong(&respond->blocks, block, change->sure_us);
	blocks_renew(&respond->blocks, block);
	tell(respond, block);
	return true;
}

bool change_make(struct respond *respond, struct block *block,
		 const struct respond_asked *by, const struct block *asked)
{
	struct buf was = { 0 };
	const struct change change = change_of(respond, block, by, asked);
	put_words(respond, block, &was);
	if (change.is_any && !carry_out(respond, block, &change, by, asked)) {
		buf_free(&was);
		return false;
	}
	audit_from(respond, "block_change", by->actor, block, &was);
	return true;
}

/* ---- undoing ---- */

/* Of another mode than now it would have ended meanwhile. */
static bool has_before(const struct respond *respond, const struct block *block)
{
	const struct before *before = block->before;
	return before != NULL && before->until_us > respond->now_us &&
	       (before->by_hand || !respond->is_observing);
}

bool change_undo(struct respond *respond, struct block *block)
{
	struct buf was = { 0 };
	const struct before *before = block->before;
	if (!has_before(respond, block))
		return false;
	put_words(respond, block, &was);
	if (!blocks_say(block, before->actor, before->reason)) {
		buf_free(&was);
		return false;
	}
	block->rate = before->rate;
	block->by_hand = before->by_hand;
	block->span_us = before->span_us;
	block->wanted_us = before->until_us;
	blocks_prolong(&respond->blocks, block, before->until_us);
	change_forget(block);
	tell(respond, block);
	audit_from(respond, "block_undo", "breakwater", block, &was);
	return true;
}

/* Without a change of what passes the kernel may hold it until it would end anyway. */
int64_t change_end(const struct block *block)
{
	const struct before *before = block->before;
	bool is_sure = before != NULL && before->rate == block->rate &&
		       before->until_us > block->until_us;
	return is_sure ? before->until_us : block->until_us;
}
