/*
 * veto.c: what speaks against a block, in this order: addresses that are never blocked,
 * prefixes, missing proof, many behind one address, and how much is blocked already.
 *
 * A bound that is reached means that many are cut off who should not be, or that many
 * attack: then it must be no switch.  Who has a dozen addresses to throw away would
 * have all the others left alone until a person comes.  So what goes on is what a
 * mistake can do little harm with: who guesses at one port, in a dialogue, and was
 * never served, loses that port, and of these no more a minute than before.  What was
 * refused is not lost: it goes on being said as long as it lasts, and the rest is over
 * by itself when no more come than are allowed.
 *
 * Of one IPv6 /48 less may be blocked than of all: who owns one would reach the bounds
 * alone.  What goes beyond that freezes nothing.
 */
#include "respond/inside.h"

enum {
	MINUTE_SECONDS = 60,
	HOUR_MINUTES = 60,
	CLIENTS_SHARE = 100, /* one of so many of the last hour's clients may be cut */
	CALM_MINUTES = 5,
	ROOM_SHARE = 10, /* a tenth of all places is free again */
	/* Of the bounds, those of one IPv6 /48. */
	SITE_OF_NEW = 2,
	SITE_OF_TOTAL = 8,
};

static bool is_group(const struct prefix *prefix)
{
	return prefix->len < (addr_is_v4(&prefix->addr) ? 128 : 64);
}

/* Who began to be served with the attack is no client lost. */
bool veto_is_client(struct respond *respond, const struct candidate *c)
{
	const struct served *served = served_find(respond, &c->source);
	return served != NULL && served->head.rank > 0 &&
	       served->first_us < c->first_us;
}

static bool cuts_too_many(struct respond *respond)
{
	uint64_t clients =
		recent_sum(&respond->served_minutes, respond->now_us, HOUR_MINUTES);
	uint64_t cut = recent_sum(&respond->cut, respond->now_us, HOUR_MINUTES) + 1;
	return cut > 1 && cut * CLIENTS_SHARE > clients;
}

/* Nobody would be blocked at all if a small bound were divided. */
static uint64_t share(uint64_t bound, unsigned of)
{
	return bound > of ? bound / of : 1;
}

static bool fills_its_site(struct respond *respond, const struct candidate *c)
{
	const struct config *rules = &respond->rules;
	const struct site_use use =
		site_use(&respond->blocks.sites, &c->source, respond->now_us);
	return use.begun >= share(rules->block_new, SITE_OF_NEW) ||
	       use.in_force >= share(rules->block_total, SITE_OF_TOTAL);
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
	/* Whoever was never served is nobody that this bound is for. */
	return !limits && veto_is_client(respond, c) && cuts_too_many(respond)
		       ? "clients"
		       : NULL;
}

/* ---- freezing ---- */

/* Guesses at one service, in which each side spoke, by nobody whom we know. */
static bool is_surely_guessing(struct respond *respond, const struct candidate *c)
{
	return c->port != UNKNOWN_U32 && is_word(c->proof, "dialogue") &&
	       served_find(respond, &c->source) == NULL;
}

static bool is_held_back(struct respond *respond, const struct candidate *c)
{
	return is_word(respond->frozen_by, "new_per_minute") &&
	       !is_surely_guessing(respond, c);
}

static void freeze(struct respond *respond, const char *by)
{
	/* The one that holds others back, too, stands above the rest. */
	if (is_word(respond->frozen_by, by) ||
	    is_word(respond->frozen_by, "new_per_minute"))
		return;
	respond->frozen_by = by;
	respond->frozen_us = respond->now_us;
	life_audit(respond, "block_freeze", "breakwater", NULL, "", by);
	keep_state(respond);
}

static const char *caps_of(struct respond *respond, const struct candidate *c,
			   bool limits)
{
	if (fills_its_site(respond, c))
		return "site";
	const char *reached = bound_reached(respond, c, limits);
	if (reached != NULL)
		freeze(respond, reached);
	return reached == NULL && is_held_back(respond, c) ? respond->frozen_by
							   : reached;
}

void veto_note(struct respond *respond, const char *word)
{
	if (is_word(word, "new_per_minute"))
		recent_add(&respond->wanted, respond->now_us, 1);
}

/* No more than a minute's bound were refused in all of these. */
static bool is_calm(struct respond *respond)
{
	return respond->now_us - respond->frozen_us >= CALM_MINUTES * MINUTE_US &&
	       recent_sum(&respond->wanted, respond->now_us, CALM_MINUTES) <=
		       respond->rules.block_new;
}

static bool has_room(const struct respond *respond)
{
	uint64_t total = respond->rules.block_total;
	return respond->blocks.force_count < total - total / ROOM_SHARE;
}

void veto_tick(struct respond *respond)
{
	const char *by = respond->frozen_by;
	if (by == NULL)
		return;
	bool is_over = is_word(by, "total")     ? has_room(respond)
		       : is_word(by, "clients") ? !cuts_too_many(respond)
						: is_calm(respond);
	if (is_over)
		respond_thaw(respond, "breakwater", UNKNOWN_TIME);
}

static void count(struct respond *respond, const struct candidate *c, bool limits)
{
	recent_add(&respond->begun, respond->now_us, 1);
	if (!addr_is_v4(&c->source))
		site_take(&respond->blocks.sites, &c->source, respond->now_us)->begun++;
	if (!limits && veto_is_client(respond, c))
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
