/*
 * recent.h: which of endlessly many things were there lately; private to the room.
 *
 * A table of fixed size, of hashes and seconds: a thing may be forgotten early when
 * others take its place, and one in some billions is taken for another.  Whoever asks
 * must be able to live with both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECENT_WAYS = 2 };

struct recent_slot {
	uint32_t tag, second; /* second: 0 if unused */
};

struct recent {
	struct recent_slot *slots;
	uint32_t mask; /* pairs of slots - 1 */
};

/* pairs: a power of two. False without memory. */
bool recent_init(struct recent *r, uint32_t pairs);
void recent_fini(struct recent *r);
size_t recent_memory(const struct recent *r);

/* It will be asked for or noted soon: on its way from memory. */
static inline void recent_prefetch(const struct recent *r, uint64_t hash)
{
	__builtin_prefetch(&r->slots[(hash & r->mask) * RECENT_WAYS], 1);
}

/* True if it was noted at most that long ago. */
bool recent_has(const struct recent *r, uint64_t hash, int64_t now_us,
		uint32_t within_s);
/* The newest time counts. */
void recent_note(struct recent *r, uint64_t hash, int64_t now_us);
