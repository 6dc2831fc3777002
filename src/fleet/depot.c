/*
 * depot.c: where hubs keep the records of all sensors; see depot.h.  Each database has
 * a file of its own; here is what they have in common.
 */
#include "fleet/depot.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/depot_driver.h"
#include "store/filter.h"

static const struct depot_driver *const drivers[] = {
	&depot_sqlite,
	&depot_postgresql,
	&depot_clickhouse,
};
enum { DRIVERS = sizeof(drivers) / sizeof(drivers[0]) };

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_of(const struct depot_driver *driver, const char *where)
{
	for (size_t i = 0; driver->schemes[i] != NULL; i++)
		if (begins_with(where, driver->schemes[i]))
			return true;
	return false;
}

static const struct depot_driver *driver_of(const char *where)
{
	for (size_t i = 0; i < DRIVERS; i++)
		if (is_of(drivers[i], where))
			return drivers[i];
	return NULL;
}

static struct depot *open_depot(const char *where, bool only_reads,
				char error[static DEPOT_ERROR_MAX])
{
	const struct depot_driver *driver = driver_of(where);
	if (driver == NULL) {
		/* Not what it says: there may be a password in it. */
		snprintf(error, DEPOT_ERROR_MAX,
			 "no place to keep records: sqlite:FILE, postgresql://..., "
			 "clickhouse://... or clickhouses://... is allowed");
		return NULL;
	}
	struct depot *depot = driver->open(where, only_reads, error);
	if (depot == NULL)
		return NULL;
	depot->only_reads = only_reads;
	error[0] = '\0';
	return depot;
}

struct depot *depot_open(const char *where, char error[static DEPOT_ERROR_MAX])
{
	return open_depot(where, false, error);
}

struct depot *depot_look(const char *where, char error[static DEPOT_ERROR_MAX])
{
	return open_depot(where, true, error);
}

void depot_close(struct depot *depot)
{
	if (depot != NULL)
		depot->driver->close(depot);
}

const char *depot_kind(const struct depot *depot)
{
	return depot_dialects[depot->driver->sql].kind;
}

const char *depot_kind_of(const char *where)
{
	const struct depot_driver *driver = driver_of(where);
	return driver != NULL ? depot_dialects[driver->sql].kind : NULL;
}

/* ---- writing ---- */

bool depot_same_batch(const struct batch_id *a, const struct batch_id *b)
{
	return a->lane == b->lane && a->epoch == b->epoch &&
	       a->sequence == b->sequence && strcmp(a->sensor, b->sensor) == 0;
}

static bool is_batch(const struct depot_batch *batch)
{
	struct batch_head head;
	char error[BATCH_ERROR_MAX];
	return batch_read_head(batch->bytes, batch->len, &head, error) &&
	       depot_same_batch(&head.id, &batch->id);
}

/* More at once would take memory, and a transaction time, without bound. */
enum { AT_ONCE = 64, BYTES_AT_ONCE = 8 << 20 };

size_t depot_some(const struct depot_batch *batches, size_t count, size_t bytes_max)
{
	size_t some = 0, bytes = 0;
	while (some < count && some < AT_ONCE && bytes < bytes_max)
		bytes += batches[some++].len;
	return some;
}

int depot_write(struct depot *depot, struct depot_batch *batches, size_t count,
		char error[static DEPOT_ERROR_MAX])
{
	int result = 0;
	assert(!depot->only_reads);
	error[0] = '\0';
	for (size_t i = 0; i < count; i++)
		batches[i].result = is_batch(&batches[i]) ? 0 : -EBADMSG;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i && batches[i].result == 0; j++)
			if (batches[j].result == 0 &&
			    depot_same_batch(&batches[i].id, &batches[j].id))
				batches[i].result = -EEXIST;
	for (size_t from = 0, some; from < count && result == 0; from += some) {
		some = depot_some(&batches[from], count - from, BYTES_AT_ONCE);
		result = depot->driver->write(depot, &batches[from], some, error);
	}
	return result;
}

/* ---- rows ---- */

/* By which each kind is filed: of a moment that, else its end. */
static const struct field *time_fields[RECORD_KINDS];
static pthread_once_t times_found = PTHREAD_ONCE_INIT;

static void find_times(void)
{
	static const char *const names[] = { "start", "end", "at" };
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			const struct field *field =
				record_field((enum record_kind)kind, names[i]);
			if (field != NULL)
				time_fields[kind] = field;
		}
}

int64_t depot_kept_at(enum record_kind kind, const void *record, int64_t now_us)
{
	pthread_once(&times_found, find_times);
	const struct field *field = time_fields[kind];
	int64_t at_us = UNKNOWN_TIME;
	if (field != NULL)
		at_us = *(const field_time *)((const char *)record + field->offset);
	bool is_possible = at_us >= now_us - DEPOT_LATE_DAYS * DEPOT_DAY_US &&
			   at_us <= now_us + DEPOT_DAY_US;
	return is_possible ? at_us : now_us;
}

uint32_t depot_limit_s(enum record_kind kind, const struct depot_limits *limits)
{
	switch (fleet_lane_of(kind)) {
	case LANE_FLOW:
	case LANE_EVIDENCE:
		return limits->flows_s;
	case LANE_PORT:
		return limits->ports_s;
	default:
		return kind == RECORD_probe ? limits->probes_s : limits->events_s;
	}
}

int depot_prune(struct depot *depot, const struct depot_limits *limits, int64_t now_us,
		char error[static DEPOT_ERROR_MAX])
{
	assert(!depot->only_reads);
	error[0] = '\0';
	return depot->driver->prune(depot, limits, now_us, error);
}

/* ---- reading ---- */

void depot_watch_begin(struct depot_watch *watch, uint32_t limit_ms,
		       const atomic_bool *cancel)
{
	*watch = (struct depot_watch){ .until_us = INT64_MAX,
				       .limit_ms = limit_ms,
				       .cancel = cancel };
	if (limit_ms > 0)
		watch->until_us = clock_us(CLOCK_MONOTONIC) + limit_ms * 1000LL;
}

int depot_watch_look(const struct depot_watch *watch,
		     char error[static DEPOT_ERROR_MAX])
{
	if (watch->cancel != NULL && atomic_load(watch->cancel)) {
		snprintf(error, DEPOT_ERROR_MAX, "interrupted");
		return -ECANCELED;
	}
	if (clock_us(CLOCK_MONOTONIC) <= watch->until_us)
		return 0;
	snprintf(error, DEPOT_ERROR_MAX, "took longer than allowed (%.1f s)",
		 watch->limit_ms / 1e3);
	return -ETIME;
}

void *depot_giving_next(struct depot_giving *giving)
{
	record_init(giving->kind, giving->record);
	return giving->record;
}

bool depot_giving_pass(struct depot_giving *giving)
{
	if (!filter_is_of_host(giving->filter, giving->kind, giving->record))
		return true;
	if (giving->left != SIZE_MAX)
		giving->left--;
	return giving->emit(giving->to, giving->record) && giving->left > 0;
}

/* What was asked for, by a statement that is given back here. */
static int read_by(struct depot *depot, struct buf *sql,
		   const struct depot_query *query, struct depot_giving *giving,
		   char error[static DEPOT_ERROR_MAX])
{
	const char *text = buf_cstr(sql);
	int result = -EBUSY;
	giving->record = malloc(schemas[giving->kind].size);
	if (giving->record != NULL && text != NULL)
		result = depot->driver->read(depot, text, query, giving, error);
	else
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	buf_free(sql);
	free(giving->record);
	return result;
}

int depot_read(struct depot *depot, enum record_kind kind,
	       const struct store_filter *filter, size_t limit, store_emit emit,
	       void *to, char error[static DEPOT_ERROR_MAX])
{
	struct depot_giving giving = { .kind = kind,
				       .filter = filter,
				       .left = limit > 0 ? limit : SIZE_MAX,
				       .emit = emit,
				       .to = to };
	struct depot_query query;
	struct buf sql = { 0 };
	error[0] = '\0';
	if (!depot_keeps(kind))
		return 0;
	depot_select(&sql, &depot_dialects[depot->driver->sql], kind, filter, limit,
		     &query);
	return read_by(depot, &sql, &query, &giving, error);
}

int depot_read_chain(struct depot *depot, enum record_kind kind,
		     const struct depot_chain *chain, store_emit emit, void *to,
		     char error[static DEPOT_ERROR_MAX])
{
	struct store_filter filter;
	struct depot_giving giving = { .kind = kind,
				       .filter = &filter,
				       .left = chain->limit,
				       .emit = emit,
				       .to = to };
	struct depot_query query;
	struct buf sql = { 0 };
	error[0] = '\0';
	store_filter_init(&filter);
	depot_select_chain(&sql, &depot_dialects[depot->driver->sql], kind, chain,
			   &query);
	return read_by(depot, &sql, &query, &giving, error);
}

int depot_sql(struct depot *depot, const char *text, uint32_t time_limit_ms,
	      const struct store_sql *to, char error[static DEPOT_ERROR_MAX])
{
	error[0] = '\0';
	return depot->driver->sql_run(depot, text, time_limit_ms, to, error);
}
