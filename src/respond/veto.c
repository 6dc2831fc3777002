/*
 * veto.c: what speaks against a block, in this order: addresses that are never blocked,
 * prefixes, missing proof, many behind one address, and how much is blocked already.
 */
#include "respond/inside.h"

enum {
	MINUTE_SECONDS = 60,
	HOUR_MINUTES = 60,
	CLIENTS_SHARE = 100, /* one of so many of the last hour's clients may be cut */
};

static bool is_group(const struct prefix *prefix)
{
	return prefix->len < (addr_is_v4(&prefix->addr) ? 128 : 64);
}

/* Who began to be served with the attack is no client lost. */
static bool is_client(struct respond *respond, const struct candidate *c)
{
	const struct served *served = served_find(respond, &c->source);
	return served != NULL && served->head.rank > 0 &&
	       served->first_us < c->first_us;
}

static bool cuts_too_many(struct respond *respond, const struct candidate *c)
{
	if (!is_client(respond, c))
		return false;
	uint64_t clients =
		recent_sum(&respond->served_minutes, respond->now_us, HOUR_MINUTES);
	uint64_t cut = recent_sum(&respond->cut, respond->now_us, HOUR_MINUTES) + 1;
	return cut > 1 && cut * CLIENTS_SHARE > clients;
}

static const char *bound_reached(struct respond *respond, const struct candidate *c,
				 bool limits)
{
	const struct config *rules = &respond->rules;
	if (recent_sum(&respond->begun, respond->now_us, MINUTE_SECONDS) >=
	    rules->block_new)
		return "new_per_minute";
	if (respond->blocks.force_count >= rules->block_total)
		return "total";
	return !limits && cuts_too_many(respond, c) ? "clients" : NULL;
}

static void freeze(struct respond *respond, const char *by)
{
	respond->frozen_by = by;
	life_audit(respond, "block_freeze", "breakwater", NULL, "", by);
	keep_state(respond);
}

static const char *caps_of(struct respond *respond, const struct candidate *c,
			   bool limits)
{
	if (respond->frozen_by != NULL)
		return respond->frozen_by;
	const char *reached = bound_reached(respond, c, limits);
	if (reached != NULL)
		freeze(respond, reached);
	return reached;
}

static void count(struct respond *respond, const struct candidate *c, bool limits)
{
	recent_add(&respond->begun, respond->now_us, 1);
	if (!limits && is_client(respond, c))
		recent_add(&respond->cut, respond->now_us, 1);
}

struct veto veto_of(struct respond *respond, const struct candidate *candidate,
		    const struct prefix *prefix, uint32_t port)
{
	const struct never_entry *never =
		respond->never == NULL
			? NULL
			: never_find(respond->never, prefix,
				     respond->now_us + respond->ahead_us);
	if (never != NULL)
		return (struct veto){ .word = never_reason_name(never->reason) };
	if (is_group(prefix))
		return (struct veto){ .word = "prefix" };
	if (!proof_is_fresh(respond, candidate)) {
		proof_watch(respond, candidate);
		return (struct veto){ .word = "proof" };
	}
	bool limits = nat_is_shared(respond, candidate);
	if (limits && port == UNKNOWN_U32)
		return (struct veto){ .word = "nat" };
	struct veto veto = { .word = caps_of(respond, candidate, limits),
			     .limits = limits };
	if (veto.word == NULL)
		count(respond, candidate, limits);
	return veto;
}
