/*
 * aggregate_read.c: see aggregate_read.h.
 *
 * The store is asked for no field that nobody looks at, and for nothing that is settled
 * and was added up already.  What is settled is added up as of all time and without
 * memory, so that it is the same for whoever asks for it.
 */
#include "web/aggregate_read.h"

#include <errno.h>
#include <stdlib.h>

#include "web/lookup.h"

struct taking {
	struct aggregate *into;
	const struct seen *seen;
};

/* store_emit */
static bool take(void *of, const void *record)
{
	const struct taking *taking = of;
	if (!seen_has(taking->seen, record))
		aggregate_take(taking->into, record);
	return !taking->into->failed;
}

static int read_rest(struct aggregate *into, const struct aggregate_read *how,
		     const struct store_filter *filter)
{
	struct taking taking = { into, how->seen };
	return how->store->read(how->reader, into->ask->query.kind, filter, take,
				&taking, how->problem);
}

/* ---- what is settled ---- */

/* store_emit: only as long as it is exact. */
static bool take_exact(void *of, const void *record)
{
	struct aggregate *groups = of;
	aggregate_take(groups, record);
	return !groups->failed && groups->merged == 0;
}

/* Everything that it depends on. */
static void key_of(struct buf *key, const struct aggregate_read *how,
		   const struct store_settled *settled)
{
	buf_add(key, how->filters->at, how->filters->len);
	buf_printf(key, "%lld %lld %llu", (long long)settled->since_us,
		   (long long)settled->until_us, (unsigned long long)settled->revision);
	if (!buf_ok(key))
		buf_clear(key);
}

/* As store_read(); *is_in: it was added, as far as it was read. */
static int add_up(struct aggregate *into, const struct aggregate_read *how,
		  const struct store_filter *filter, const struct buf *key, bool *is_in)
{
	struct aggregate_ask ask = *into->ask;
	struct aggregate groups;
	uint64_t age = settled_age(how->settled); /* before it is read */
	ask.query.has_time = false;
	ask.query.since_us = INT64_MIN;
	ask.query.until_us = INT64_MAX;
	*is_in = false;
	if (!aggregate_open(&groups, &ask)) {
		aggregate_close(&groups);
		return 0;
	}
	int result = how->store->read(how->reader, ask.query.kind, filter, take_exact,
				      &groups, how->problem);
	if (result == 0)
		settled_keep(how->settled, key, &groups, age);
	if (result == 0 || result == -ETIME)
		*is_in = aggregate_add(into, &groups);
	aggregate_close(&groups);
	/* What is damaged is told of by who reads all. */
	return result == -EIO ? 0 : result;
}

/* Leaves the filter what was not added. */
static int take_settled(struct aggregate *into, const struct aggregate_read *how,
			struct store_filter *filter)
{
	struct buf key = { 0 };
	int result = 0;
	key_of(&key, how, filter->settled);
	bool is_in = settled_take(how->settled, &key, into);
	if (!is_in) {
		filter->part = STORE_SETTLED;
		result = add_up(into, how, filter, &key, &is_in);
	}
	filter->part = is_in ? STORE_REST : STORE_ALL;
	buf_free(&key);
	return result;
}

int aggregate_read(struct aggregate *into, const struct aggregate_read *how)
{
	const struct aggregate_ask *ask = into->ask;
	struct store_filter filter = lookup_filter(&ask->query, how->cancelled);
	struct store_settled settled = { 0 };
	int result = 0;
	filter.fields = aggregate_ask_fields(ask);
	if (how->settled != NULL && how->store->settled != NULL &&
	    how->store->settled(how->reader, ask->query.kind, &filter,
				how->seen->first_end_us, &settled)) {
		filter.settled = &settled;
		result = take_settled(into, how, &filter);
	}
	filter.fields |= seen_fields(how->seen);
	if (result == 0)
		result = read_rest(into, how, &filter);
	free(settled.rows);
	return result;
}
