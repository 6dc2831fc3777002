/*
 * never.c: see never.h.
 *
 * Sorted by address, then length: what lies within a prefix is one run that begins
 * where the prefix would stand, and what a prefix lies within is looked up once for
 * each length that occurs, of which there are few.
 */
#include "policy/never.h"

#include <stdlib.h>
#include <string.h>

enum { ADDR_BITS = 128, IP6_SOURCE_BITS = 64 };

_Static_assert(NEVER_MAX <= UINT16_MAX, "numbers of entries are 16 bits");

#define VETO(name, sentence)

const char *never_reason_name(enum never_reason reason)
{
	static const char *const names[NEVER_REASON_COUNT] = {
#define NEVER(name, sentence) [NEVER_##name] = #name,
#include "record/veto.def"
#undef NEVER
	};
	return names[reason];
}

const char *never_reason_sentence(enum never_reason reason)
{
	static const char *const sentences[NEVER_REASON_COUNT] = {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a value of a list */
#define NEVER(name, sentence) [NEVER_##name] = sentence,
#include "record/veto.def"
#undef NEVER
	};
	return sentences[reason];
}

#undef VETO

/* ---- prefixes ---- */

/*
 * ::/64 is no network of anybody: loopback, and all of IPv4 as it is kept here, lie in
 * it (RFC 4291 2.5).
 */
static bool is_of_no_network(const struct addr *addr)
{
	static const uint8_t zero[IP6_SOURCE_BITS / 8] = { 0 };
	return memcmp(addr->ip6, zero, sizeof(zero)) == 0;
}

/* As it is kept. */
static struct prefix as_source(const struct prefix *prefix)
{
	uint8_t len = prefix->len;
	if (len > IP6_SOURCE_BITS && !is_of_no_network(&prefix->addr))
		len = IP6_SOURCE_BITS;
	return prefix_around(&prefix->addr, len);
}

/* ---- the order ---- */

static const struct never_entry *at(const struct never *never, size_t place)
{
	return &never->at[never->order[place]];
}

/* The first place whose prefix is not before this one. */
static size_t place_of(const struct never *never, const struct prefix *prefix)
{
	size_t low = 0, high = never->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (prefix_compare(&at(never, middle)->prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct never *never, const struct never_entry *entry)
{
	size_t place = place_of(never, &entry->prefix);
	memmove(&never->order[place + 1], &never->order[place],
		(never->count - place) * sizeof(never->order[0]));
	never->order[place] = (uint16_t)never->count;
	never->at[never->count++] = *entry;
}

/* The last entry takes the room of the one that goes. */
static void remove_at(struct never *never, size_t place)
{
	size_t hole = never->order[place], last = --never->count;
	memmove(&never->order[place], &never->order[place + 1],
		(never->count - place) * sizeof(never->order[0]));
	if (hole == last)
		return;
	size_t moved = place_of(never, &never->at[last].prefix);
	while (never->order[moved] != last)
		moved++;
	never->at[hole] = never->at[last];
	never->order[moved] = (uint16_t)hole;
}

static struct never_entry *same(struct never *never, const struct never_entry *entry)
{
	for (size_t i = place_of(never, &entry->prefix); i < never->count; i++) {
		struct never_entry *one = &never->at[never->order[i]];
		if (prefix_compare(&one->prefix, &entry->prefix) != 0)
			break;
		if (one->reason == entry->reason)
			return one;
	}
	return NULL;
}

/* ---- what is in it ---- */

static void add_fixed(struct never *never, const char *prefix, enum never_reason reason)
{
	struct never_entry entry = { .reason = reason, .until_us = INT64_MAX };
	if (!prefix_parse(prefix, &entry.prefix))
		abort(); /* of the list below */
	insert(never, &entry);
}

void never_init(struct never *never)
{
	never->count = 0;
	never->left_out = 0;
	add_fixed(never, "127.0.0.0/8", NEVER_loopback);
	add_fixed(never, "::1", NEVER_loopback);
	add_fixed(never, "::", NEVER_group);
	add_fixed(never, "0.0.0.0/8", NEVER_group); /* RFC 1122 3.2.1.3: "this" */
	add_fixed(never, "255.255.255.255", NEVER_group);
	add_fixed(never, "224.0.0.0/4", NEVER_group);
	add_fixed(never, "ff00::/8", NEVER_group);
	add_fixed(never, "fe80::/10", NEVER_group);
	/* All of IPv4 behind a translator (RFC 6052, RFC 7755), in a single /64. */
	add_fixed(never, "64:ff9b::/96", NEVER_group);
}

/* True if it could make room. */
static bool give_way(struct never *never, int64_t until_us)
{
	size_t soonest = 0;
	for (size_t i = 1; i < never->count; i++)
		if (at(never, i)->until_us < at(never, soonest)->until_us)
			soonest = i;
	if (at(never, soonest)->until_us >= until_us)
		return false;
	remove_at(never, soonest);
	return true;
}

bool never_add(struct never *never, const struct never_entry *entry)
{
	struct never_entry kept = *entry;
	kept.prefix = as_source(&entry->prefix);
	struct never_entry *known = same(never, &kept);
	if (known != NULL) {
		if (known->until_us < kept.until_us)
			known->until_us = kept.until_us;
		return true;
	}
	if (never->count == NEVER_MAX) {
		never->left_out++; /* this one, or the one that goes */
		if (!give_way(never, kept.until_us))
			return false;
	}
	insert(never, &kept);
	return true;
}

void never_forget(struct never *never, enum never_reason reason)
{
	if (reason == NEVER_loopback || reason == NEVER_group)
		return;
	for (size_t i = never->count; i-- > 0;)
		if (at(never, i)->reason == reason)
			remove_at(never, i);
}

bool never_fade(struct never *never, int64_t now_us)
{
	size_t before = never->count;
	for (size_t i = never->count; i-- > 0;)
		if (at(never, i)->until_us <= now_us)
			remove_at(never, i);
	return never->count < before;
}

/* ---- looking up ---- */

/* How many bits of both are the same. */
static unsigned common_bits(const struct addr *a, const struct addr *b)
{
	for (unsigned i = 0; i < sizeof(a->ip6); i++) {
		unsigned differs = a->ip6[i] ^ b->ip6[i];
		if (differs != 0)
			return 8 * i + (unsigned)__builtin_clz(differs) - 24;
	}
	return ADDR_BITS;
}

/*
 * Between a prefix and what lies in it, all lies in it.  So the one before this place
 * either holds the address, or nothing does that is longer than what both share.
 */
static const struct never_entry *find_around(const struct never *never,
					     const struct addr *addr, size_t place,
					     int64_t now_us)
{
	while (place > 0) {
		const struct never_entry *one = at(never, place - 1);
		unsigned shared = common_bits(&one->prefix.addr, addr);
		if (shared < one->prefix.len) {
			struct prefix next = prefix_around(addr, (uint8_t)shared);
			next.len++; /* those of just this length come before it */
			place = place_of(never, &next);
		} else if (one->until_us > now_us) {
			return one;
		} else {
			place--;
		}
	}
	return NULL;
}

static const struct never_entry *find_within(const struct never *never,
					     const struct prefix *prefix, size_t place,
					     int64_t now_us)
{
	for (; place < never->count; place++) {
		const struct never_entry *one = at(never, place);
		if (!prefix_holds(prefix, &one->prefix.addr))
			break;
		if (one->until_us > now_us)
			return one;
	}
	return NULL;
}

const struct never_entry *never_find(const struct never *never,
				     const struct prefix *prefix, int64_t now_us)
{
	struct prefix asked = prefix_around(&prefix->addr, prefix->len);
	size_t place = place_of(never, &asked);
	const struct never_entry *found = find_within(never, &asked, place, now_us);
	return found != NULL ? found : find_around(never, &asked.addr, place, now_us);
}
