/*
 * chain_proof.c: see chain_proof.h.
 */
#include "fleet/chain_proof.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/seal.h"

/* By which a sensor's clock may differ from a hub's. */
#define SLACK_US INT64_C(600000000)
enum { FAULT_TEXT_MAX = sizeof(field_text256) };

/* ---- telling ---- */

static unsigned gravity(const char *what)
{
	static const char *const order[] = {
		"checkpoint_missing", "missing", "checkpoint_changed", "key", "changed",
		"rewritten",          "forked"
	};
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (what != NULL && strcmp(order[i], what) == 0)
			return i + 1;
	return 0;
}

static void say(struct chain_proof *proof, struct audit_fault fault, const char *format,
		va_list list)
{
	char text[FAULT_TEXT_MAX];
	vsnprintf(text, sizeof(text), format, list);
	fault.text = text;
	proof->faults += !fault.is_notice;
	proof->notices += fault.is_notice;
	if (!fault.is_notice && gravity(fault.what) > gravity(proof->what)) {
		proof->what = fault.what;
		record_text(proof->fault, sizeof(proof->fault), text);
	}
	if (proof->sink.fault != NULL)
		proof->sink.fault(proof->sink.self, &fault);
}

__attribute__((format(printf, 6, 7))) static void tell(struct chain_proof *proof,
						       const char *what, uint64_t from,
						       uint64_t to, int64_t at_us,
						       const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(proof, (struct audit_fault){ what, false, from, to, at_us, NULL }, format,
	    list);
	va_end(list);
}

__attribute__((format(printf, 6, 7))) static void note(struct chain_proof *proof,
						       const char *what, uint64_t from,
						       uint64_t to, int64_t at_us,
						       const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(proof, (struct audit_fault){ what, true, from, to, at_us, NULL }, format,
	    list);
	va_end(list);
}

/* ---- records ---- */

static bool follows(const struct audit_record *audit, const char *before)
{
	field_text64 hash;
	return store_audit_hash(before, audit, hash) && strcmp(hash, audit->hash) == 0;
}

/* With the greatest number. */
static struct chain_end *farthest(struct chain_proof *proof)
{
	struct chain_end *best = NULL;
	for (size_t i = 0; i < proof->count; i++)
		if (best == NULL || proof->ends[i].seq > best->seq)
			best = &proof->ends[i];
	return best;
}

static void extend(struct chain_end *end, const struct audit_record *audit)
{
	end->knows_before = end->seq + 1 == audit->seq;
	memcpy(end->before, end->hash, sizeof(end->before));
	end->seq = audit->seq;
	end->at_us = audit->at;
	if (audit->at > end->latest_us)
		end->latest_us = audit->at;
	memcpy(end->hash, audit->hash, sizeof(end->hash));
}

/* NULL: there are as many as are followed. */
static struct chain_end *add_end(struct chain_proof *proof, uint64_t seq,
				 const char *hash, int64_t at_us)
{
	if (proof->count == CHAIN_ENDS_MAX)
		return NULL;
	struct chain_end *end = &proof->ends[proof->count++];
	*end = (struct chain_end){ .seq = seq,
				   .first = seq,
				   .at_us = at_us,
				   .first_us = at_us,
				   .latest_us = at_us,
				   .held_us = UNKNOWN_TIME,
				   .is_branch = proof->count > 1 };
	record_text(end->hash, sizeof(end->hash), hash);
	return end;
}

static void too_many(struct chain_proof *proof, uint64_t seq, int64_t at_us)
{
	tell(proof, "forked", seq, seq, at_us,
	     "record %" PRIu64 " is there in more than %d ways", seq, CHAIN_ENDS_MAX);
}

/* One of those that it follows from, or that it is again; false: there is none. */
static bool goes_on(struct chain_proof *proof, const struct audit_record *audit)
{
	for (size_t i = 0; i < proof->count; i++) {
		struct chain_end *end = &proof->ends[i];
		bool is_same =
			end->seq == audit->seq && strcmp(end->hash, audit->hash) == 0;
		if (is_same && (!end->knows_before || follows(audit, end->before)))
			return true;
		if (end->seq + 1 == audit->seq && follows(audit, end->hash)) {
			extend(end, audit);
			proof->records++;
			return true;
		}
	}
	return false;
}

/* Another one of that number: the chain has one end more. */
static bool is_beside(struct chain_proof *proof, const struct audit_record *audit)
{
	for (size_t i = 0; i < proof->count; i++) {
		const struct chain_end other = proof->ends[i];
		if (other.seq != audit->seq)
			continue;
		struct chain_end *end =
			add_end(proof, audit->seq, audit->hash, audit->at);
		if (end == NULL) {
			too_many(proof, audit->seq, audit->at);
			return true;
		}
		end->knows_before = other.knows_before && follows(audit, other.before);
		memcpy(end->before, other.before, sizeof(end->before));
		memcpy(end->key, other.key, sizeof(end->key));
		end->number = other.number;
		end->held = other.held;
		end->held_us = other.held_us;
		proof->records++;
		return true;
	}
	return false;
}

static void begin(struct chain_proof *proof, const struct audit_record *audit)
{
	struct chain_end *end = add_end(proof, audit->seq, audit->hash, audit->at);
	proof->records++;
	end->knows_before = audit->seq == 1;
	if (audit->seq == 1 && !follows(audit, ""))
		tell(proof, "changed", 1, 1, audit->at,
		     "record 1 is not as it was written");
}

/* Whatever is wrong with it, what comes then is held against it. */
static void go_on_behind(struct chain_proof *proof, const struct audit_record *audit)
{
	struct chain_end *end = farthest(proof);
	if (end->seq + 1 < audit->seq)
		tell(proof, "missing", end->seq + 1, audit->seq - 1, audit->at,
		     "records %" PRIu64 " to %" PRIu64 " were never told, or are gone",
		     end->seq + 1, audit->seq - 1);
	else
		tell(proof, "changed", end->seq, audit->seq, audit->at,
		     "record %" PRIu64 " does not follow from record %" PRIu64
		     " as it was told: its history was changed there",
		     audit->seq, end->seq);
	extend(end, audit);
	end->knows_before = false;
	proof->records++;
}

void chain_proof_audit(struct chain_proof *proof, const struct audit_record *audit)
{
	struct audit_record bare = *audit;
	bare.sensor[0] = '\0'; /* as it is written where it was made */
	if (bare.seq == UNKNOWN_U64 || bare.seq == 0)
		return; /* an earlier version told none */
	const struct chain_end *last = farthest(proof);
	if (last == NULL)
		begin(proof, &bare);
	else if (bare.seq < last->seq && proof->count == 1)
		return; /* looked at before */
	else if (!goes_on(proof, &bare) && !is_beside(proof, &bare))
		go_on_behind(proof, &bare);
}

/* ---- checkpoints ---- */

/* Whether it is signed by the key that it names; all has been said if not. */
static bool is_signed(struct chain_proof *proof, const struct checkpoint_record *c)
{
	struct seal_key key;
	bool is_allowed = proof->key_count == 0;
	for (size_t i = 0; i < proof->key_count; i++)
		is_allowed = is_allowed || strcmp(proof->keys[i].id, c->key) == 0;
	if (!is_allowed)
		tell(proof, "key", c->seq, c->seq, c->at,
		     "checkpoint %" PRIu64 " is signed by another key, %s", c->number,
		     c->key);
	else if (!seal_key_in(c, &key) || !seal_holds(&key, c))
		tell(proof, "checkpoint_changed", c->seq, c->seq, c->at,
		     "the signature of checkpoint %" PRIu64 " does not hold",
		     c->number);
	else
		return true;
	return false;
}

static struct chain_end *end_held_by(struct chain_proof *proof,
				     const struct checkpoint_record *c)
{
	for (size_t i = 0; i < proof->count; i++)
		if (proof->ends[i].seq == c->seq &&
		    strcmp(proof->ends[i].hash, c->hash) == 0)
			return &proof->ends[i];
	return NULL;
}

static bool is_new_key(const struct chain_proof *proof, const char *key)
{
	for (size_t i = 0; i < proof->count; i++)
		if (strcmp(proof->ends[i].key, key) == 0)
			return false;
	return true;
}

/* Of what is not there as it says: another chain's, or more than there is. */
static struct chain_end *end_beyond(struct chain_proof *proof,
				    const struct checkpoint_record *c)
{
	struct chain_end *last = farthest(proof);
	bool is_another =
		last == NULL || (last->key[0] != '\0' && is_new_key(proof, c->key));
	if (is_another) {
		struct chain_end *end = add_end(proof, c->seq, c->hash, c->at);
		if (end == NULL)
			too_many(proof, c->seq, c->at);
		return end;
	}
	if (c->seq > last->seq) {
		tell(proof, "missing", last->seq + 1, c->seq, c->at,
		     "records %" PRIu64 " to %" PRIu64
		     " were never told, or are gone: checkpoint %" PRIu64 " holds them",
		     last->seq + 1, c->seq, c->number);
		last->seq = c->seq;
		last->knows_before = false;
		record_text(last->hash, sizeof(last->hash), c->hash);
		return last;
	}
	tell(proof, "rewritten", c->seq, c->seq, c->at,
	     "checkpoint %" PRIu64 " holds another record %" PRIu64
	     " than the one that was told",
	     c->number, c->seq);
	return NULL;
}

/* Whichever branch it was of. */
static uint64_t last_number(const struct chain_proof *proof, const char *key)
{
	uint64_t most = 0;
	for (size_t i = 0; i < proof->count; i++)
		if (strcmp(proof->ends[i].key, key) == 0 &&
		    proof->ends[i].number > most)
			most = proof->ends[i].number;
	return most;
}

static void check_number(struct chain_proof *proof, const struct chain_end *end,
			 const struct checkpoint_record *c)
{
	uint64_t last = last_number(proof, c->key);
	if (last != 0 && c->number > last + 1)
		tell(proof, "checkpoint_missing", 0, 0, c->at,
		     "checkpoints %" PRIu64 " to %" PRIu64
		     " were never told, or are gone",
		     last + 1, c->number - 1);
	if (end->key[0] != '\0' && strcmp(end->key, c->key) != 0)
		tell(proof, "key", c->seq, c->seq, c->at,
		     "from checkpoint %" PRIu64 " on another key signs, %s, not %s",
		     c->number, c->key, end->key);
}

void chain_proof_checkpoint(struct chain_proof *proof,
			    const struct checkpoint_record *checkpoint)
{
	struct checkpoint_record bare = *checkpoint;
	bare.sensor[0] = '\0';
	const struct chain_end *last = farthest(proof);
	if (last != NULL && bare.seq < last->held && proof->count == 1)
		return; /* looked at before */
	/* An earlier version's, with which the telling begins: it names no key. */
	if (bare.public_key[0] == '\0' && (last == NULL || bare.seq < last->first))
		return;
	if (!is_signed(proof, &bare))
		return;
	struct chain_end *end = end_held_by(proof, &bare);
	if (end == NULL)
		end = end_beyond(proof, &bare);
	if (end == NULL || (bare.number <= end->number && end->held == bare.seq))
		return; /* told again */
	check_number(proof, end, &bare);
	proof->checkpoints++;
	end->number = bare.number;
	end->held = bare.seq;
	end->held_us = bare.at;
	memcpy(end->key, bare.key, sizeof(end->key));
}

/* ---- begin and ends ---- */

void chain_proof_joined(struct chain_proof *proof, int64_t at_us)
{
	if (proof->join_count < CHAIN_JOINS_MAX)
		proof->joined_us[proof->join_count++] = at_us;
}

/* It joined after the one was told for the last time, and before the other began. */
static bool joined_between(const struct chain_proof *proof, const struct chain_end *old,
			   const struct chain_end *fresh)
{
	for (size_t i = 0; i < proof->join_count; i++)
		if (old->latest_us <= proof->joined_us[i] + SLACK_US &&
		    fresh->first_us >= proof->joined_us[i] - SLACK_US)
			return true;
	return false;
}

/* The one that goes on is the one that was told last. */
static const struct chain_end *newest(const struct chain_proof *proof)
{
	const struct chain_end *best = NULL;
	for (size_t i = 0; i < proof->count; i++)
		if (best == NULL || proof->ends[i].at_us > best->at_us)
			best = &proof->ends[i];
	return best;
}

bool chain_proof_may_be_anew(const struct chain_proof *proof)
{
	const struct chain_end *last = newest(proof);
	for (size_t i = 0; i < proof->count; i++)
		if (&proof->ends[i] != last &&
		    (last->key[0] == '\0' ||
		     strcmp(proof->ends[i].key, last->key) != 0))
			return true;
	return false;
}

/* A machine that was set up anew has another key, and was let in again. */
static bool is_set_up_anew(const struct chain_proof *proof, const struct chain_end *end,
			   const struct chain_end *last)
{
	return end->key[0] != '\0' && last->key[0] != '\0' &&
	       strcmp(end->key, last->key) != 0 && joined_between(proof, end, last);
}

static void end_branch(struct chain_proof *proof, const struct chain_end *end,
		       const struct chain_end *last)
{
	const struct chain_end *branch = end->is_branch ? end : last;
	if (is_set_up_anew(proof, end, last))
		note(proof, "key", end->first, end->seq, end->at_us,
		     "before it joined anew there was another chain, of key %s, to "
		     "record %" PRIu64,
		     end->key, end->seq);
	else
		tell(proof, "forked", branch->first, branch->seq, branch->first_us,
		     "record %" PRIu64
		     " was told in two ways: the history was written anew from there "
		     "on",
		     branch->first);
}

static void say_begin(struct chain_proof *proof, const struct chain_end *last)
{
	if (last->first > 1)
		note(proof, "missing", 1, last->first - 1, last->first_us,
		     "it begins with record %" PRIu64
		     ": what was before was not told here, or went by retention",
		     last->first);
}

static void say_end(struct chain_proof *proof, const struct chain_end *last)
{
	if (last->number == 0)
		note(proof, "unsigned", last->first, last->seq, last->at_us,
		     "no checkpoint holds this chain");
	else if (last->seq > last->held)
		note(proof, "unsigned", last->held + 1, last->seq, last->at_us,
		     "the last %" PRIu64 " are not signed yet", last->seq - last->held);
}

void chain_proof_end(struct chain_proof *proof, struct audit_verdict *verdict)
{
	const struct chain_end *last = newest(proof);
	for (size_t i = 0; i < proof->count; i++)
		if (&proof->ends[i] != last)
			end_branch(proof, &proof->ends[i], last);
	*verdict = (struct audit_verdict){ .records = proof->records,
					   .checkpoints = proof->checkpoints,
					   .held_us = UNKNOWN_TIME,
					   .is_in_doubt = true };
	if (last != NULL) {
		say_begin(proof, last);
		say_end(proof, last);
		verdict->first = last->first;
		verdict->last = last->seq;
		verdict->held = last->held;
		verdict->held_us = last->held_us;
		memcpy(verdict->key, last->key, sizeof(verdict->key));
		verdict->is_in_doubt = last->number == 0;
	}
	verdict->faults = proof->faults;
	verdict->notices = proof->notices;
}

bool chain_is_bad(const char *word)
{
	return gravity(word) > 0;
}

const char *chain_proof_word(const struct chain_proof *proof)
{
	const struct chain_end *last = newest(proof);
	if (proof->what != NULL)
		return proof->what;
	return last == NULL || last->number == 0 ? "unsigned" : "holds";
}

const struct chain_end *chain_proof_last(const struct chain_proof *proof)
{
	return newest(proof);
}
