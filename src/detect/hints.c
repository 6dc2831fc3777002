/*
 * hints.c: see hints.h.
 */
#include "detect/hints.h"

#include <stdlib.h>

enum { WAYS = 4 };

static struct hint *ways_of(const struct hints *hints, uint64_t hash)
{
	return &hints->at[hash % (hints->size / WAYS) * WAYS];
}

static bool is_it(const struct hint *hint, uint64_t hash)
{
	return hint->at_s != 0 && hint->tag == (uint32_t)(hash >> 32);
}

bool hints_hold(const struct hints *hints, uint64_t hash, uint32_t now_s,
		uint32_t most_s)
{
	const struct hint *ways = ways_of(hints, hash);
	for (int i = 0; i < WAYS; i++)
		if (is_it(&ways[i], hash))
			return hints_age_s(now_s, ways[i].at_s) <= most_s;
	return false;
}

void hints_put(struct hints *hints, uint64_t hash, uint32_t now_s)
{
	struct hint *ways = ways_of(hints, hash), *place = ways;
	for (int i = 0; i < WAYS; i++) {
		if (is_it(&ways[i], hash)) {
			place = &ways[i];
			break;
		}
		if (ways[i].at_s < place->at_s)
			place = &ways[i];
	}
	*place = (struct hint){ .tag = (uint32_t)(hash >> 32), .at_s = now_s };
}

bool hints_open(struct hints *hints, size_t size)
{
	*hints = (struct hints){ .at = calloc(size, sizeof(*hints->at)), .size = size };
	return hints->at != NULL;
}

void hints_close(struct hints *hints)
{
	free(hints->at);
}
