/*
 * aggregate_read.c: see aggregate_read.h.
 *
 * The store is asked for no field that nobody looks at, and for no time that is over
 * and was added up already.
 */
#include "web/aggregate_read.h"

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

static int read_time(struct aggregate *into, const struct aggregate_read *how,
		     const struct store_filter *filter)
{
	struct taking taking = { into, how->seen };
	return how->store->read(how->reader, into->ask->query.kind, filter, take,
				&taking, how->problem);
}

/* Everything that the part depends on. */
static void key_of(struct buf *key, const struct aggregate_read *how,
		   const struct store_settled *part)
{
	buf_add(key, how->filters->at, how->filters->len);
	buf_printf(key, "%lld %lld %llu", (long long)part->since_us,
		   (long long)part->until_us, (unsigned long long)part->revision);
	if (!buf_ok(key))
		buf_clear(key);
}

/* Takes the time that is over, and leaves the filter what is behind it. */
static int take_settled(struct aggregate *into, const struct aggregate_read *how,
			struct store_filter *filter)
{
	struct store_settled part;
	struct buf key = { 0 };
	int result = 0;
	/* What memory had is in no other question's groups; of one port little is read.
	 */
	if (how->settled == NULL || how->store->settled == NULL || filter->has_port ||
	    into->group_count > 0 ||
	    !how->store->settled(how->reader, into->ask->query.kind, filter, &part))
		return 0;
	key_of(&key, how, &part);
	if (!settled_take(how->settled, &key, into)) {
		struct store_filter over = *filter;
		over.until_us = part.until_us - 1;
		result = read_time(into, how, &over);
		if (result == 0)
			settled_keep(how->settled, &key, into);
	}
	filter->since_us = part.until_us;
	buf_free(&key);
	return result;
}

int aggregate_read(struct aggregate *into, const struct aggregate_read *how)
{
	const struct aggregate_ask *ask = into->ask;
	struct store_filter filter = lookup_filter(&ask->query, how->cancelled);
	filter.fields = aggregate_ask_fields(ask) | seen_fields(how->seen);
	int result = take_settled(into, how, &filter);
	return result != 0 ? result : read_time(into, how, &filter);
}
