/*
 * lookup.c: see lookup.h.
 */
#include "web/lookup.h"

#include "web/inside.h"

/* A flow is written when it is given up, five minutes after its last packet or less. */
#define LAG_US    INT64_C(600000000)
#define SECOND_US INT64_C(1000000)
enum { FEW_STEPS = 2000 };

/* web_emit: a row of memory. */
static void take_known(void *to, const void *record)
{
	struct lookup *lookup = to;
	bool is_wanted = query_wants(&lookup->query, record);
	/* The store may have it as it was a second ago: then it is not wanted either.
	 * A flow is there only when it is over. */
	if (lookup->is_past && (is_wanted || lookup->query.kind != RECORD_flow))
		seen_add(&lookup->seen, record);
	if (is_wanted)
		rows_take(&lookup->rows, record);
}

void lookup_open(struct lookup *lookup, const struct query *query,
		 const struct web_source *source)
{
	*lookup = (struct lookup){ .query = *query };
	lookup->is_past = records_are_past(source, query);
	lookup->joined = !lookup->is_past || records_are_in_both(query->kind);
	rows_init(&lookup->rows, &lookup->query);
	seen_init(&lookup->seen, query->schema);
	if (lookup->joined)
		records_give(source, query->kind, take_known, lookup);
}

void lookup_close(struct lookup *lookup)
{
	rows_free(&lookup->rows);
	seen_free(&lookup->seen);
}

/* ---- in a thread ---- */

static bool is_newest_first(const struct query *query)
{
	return query->kind == RECORD_flow && query->sort[0] == query->end &&
	       query->sort[1] == NULL && !query->ascending;
}

/*
 * Flows come in the order they were written, the newest first: once one is older than
 * all that were chosen, by more than writing may lag, none behind is wanted.
 */
static bool is_enough(const struct lookup *lookup, const void *record)
{
	if (!is_newest_first(&lookup->query) || !query_wants(&lookup->query, record))
		return false;
	struct flow_record later = *(const struct flow_record *)record;
	if (later.end == UNKNOWN_TIME)
		return false;
	later.end += LAG_US;
	return rows_are_past(&lookup->rows, &later);
}

/* store_emit: a row of the store. */
static bool take_stored(void *of, const void *record)
{
	struct lookup *lookup = of;
	if (seen_has(&lookup->seen, record))
		return true;
	if (is_enough(lookup, record)) {
		lookup->more = true;
		return false;
	}
	rows_take(&lookup->rows, record);
	return !lookup->rows.failed;
}

struct store_filter lookup_time_filter(const struct query *query,
				       const atomic_bool *cancelled)
{
	/* The zero of everything but the two times means "all". */
	struct store_filter filter = {
		.since_us = query->since_us,
		.until_us = query->until_us,
		.cancel = cancelled,
		.time_limit_ms = PAST_TIME_MS,
	};
	if (query->sensors != NULL)
		filter.sensors = sensor_set_names(query->sensors, &filter.sensor_count);
	return filter;
}

struct store_filter lookup_filter(const struct query *query,
				  const atomic_bool *cancelled)
{
	struct store_filter filter = lookup_time_filter(query, cancelled);
	filter.has_port = query->has_port;
	filter.has_host = query->has_host;
	filter.port = query->wanted_port;
	filter.host = query->wanted_host;
	if (query->wanted_transport[0] != '\0')
		filter.transport = query->wanted_transport;
	filter.step_s = query->step_s;
	filter.target = query_word(query, "target");
	filter.id = query_word(query, "id");
	return filter;
}

int lookup_read(struct lookup *lookup, const struct web_past *store,
		struct store_reader *reader, const atomic_bool *cancelled,
		char error[static STORE_ERROR_MAX])
{
	struct store_filter filter = lookup_filter(&lookup->query, cancelled);
	return store->read(reader, lookup->query.kind, &filter, take_stored, lookup,
			   error);
}

bool lookup_is_long(const struct query *query)
{
	if (query->kind == RECORD_flow)
		return true;
	if (query->kind != RECORD_port || query->step_s == 0 || query->has_port)
		return false;
	/* As unsigned, so that times that are open are a long time. */
	uint64_t us = (uint64_t)query->until_us - (uint64_t)query->since_us;
	return us / (uint64_t)SECOND_US / query->step_s > FEW_STEPS;
}
