/*
 * recent.c: see recent.h.
 */
#include "flow/recent.h"

#include "base/pages.h"

enum { US_PER_S = 1000000 };

size_t recent_memory(const struct recent *r)
{
	return r->slots == NULL ? 0
				: (r->mask + 1ULL) * RECENT_WAYS * sizeof(r->slots[0]);
}

bool recent_init(struct recent *r, uint32_t pairs)
{
	r->mask = pairs - 1;
	r->slots = pages_reserve(pairs * RECENT_WAYS * sizeof(r->slots[0]));
	return r->slots != NULL;
}

void recent_fini(struct recent *r)
{
	pages_release(r->slots, recent_memory(r));
}

static struct recent_slot *pair_of(const struct recent *r, uint64_t hash)
{
	return &r->slots[(hash & r->mask) * RECENT_WAYS];
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* Never 0, which is unused. */
static uint32_t second_of(int64_t at_us)
{
	return (uint32_t)(at_us / US_PER_S) | 1;
}

bool recent_has(const struct recent *r, uint64_t hash, int64_t now_us,
		uint32_t within_s)
{
	const struct recent_slot *pair = pair_of(r, hash);
	uint32_t now = second_of(now_us);
	for (unsigned i = 0; i < RECENT_WAYS; i++)
		if (pair[i].second != 0 && pair[i].tag == tag_of(hash))
			return (int32_t)(now - pair[i].second) <= (int32_t)within_s;
	return false;
}

void recent_note(struct recent *r, uint64_t hash, int64_t now_us)
{
	struct recent_slot *pair = pair_of(r, hash), *slot = pair;
	for (unsigned i = 0; i < RECENT_WAYS; i++) {
		if (pair[i].second != 0 && pair[i].tag == tag_of(hash)) {
			slot = &pair[i];
			break;
		}
		if (pair[i].second < slot->second)
			slot = &pair[i];
	}
	*slot = (struct recent_slot){ tag_of(hash), second_of(now_us) };
}
