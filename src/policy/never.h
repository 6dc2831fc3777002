/*
 * never.h: addresses that are never blocked, and why.
 *
 * The same list is used twice: by who decides (respond), and again by the process that
 * alone touches the firewall (guard), which reads for itself what the machine says of
 * itself, so that nobody who has taken over the rest can block these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* In the words of block.vetoed_by. */
enum never_reason {
#define NEVER(name, sentence) NEVER_##name,
#define VETO(name, sentence)
#include "record/veto.def"
#undef NEVER
#undef VETO
	NEVER_REASON_COUNT
};

/* "gateway"; static. */
const char *never_reason_name(enum never_reason reason);
/* What such an address is, as the end of "192.0.2.1 is ..."; static. */
const char *never_reason_sentence(enum never_reason reason);

enum { NEVER_MAX = 8192 };

struct never_entry {
	struct prefix prefix;
	enum never_reason reason;
	int64_t until_us; /* INT64_MAX: for good */
};

/*
 * Entries without a bound on time, and those that fade, such as people logged in.  Only
 * the functions below change it.
 */
struct never {
	struct never_entry at[NEVER_MAX];
	size_t count;
	uint64_t left_out;         /* for lack of room: shown, and never silently */
	uint16_t order[NEVER_MAX]; /* of at, by prefix */
};

/* Loopback and groups are always in it. */
void never_init(struct never *never);

/*
 * Adds, or prolongs what is there with the same prefix and reason.  An IPv6 address
 * stands for its /64, which is one source, and is blocked as one.  False without room:
 * of what fades, that which ends soonest has gone first, if it ends sooner than this.
 */
bool never_add(struct never *never, const struct never_entry *entry);

/* Removes all of that reason, to read them anew; not loopback and groups. */
void never_forget(struct never *never, enum never_reason reason);

/* Removes what has faded. True if there was any. */
bool never_fade(struct never *never, int64_t now_us);

/*
 * The entry that speaks against blocking that prefix at that time: one within it, or
 * one that it is within.  NULL: none does.
 */
const struct never_entry *never_find(const struct never *never,
				     const struct prefix *prefix, int64_t now_us);
