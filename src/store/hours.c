/*
 * hours.c: see hours.h.
 */
#include "store/hours.h"

#include <math.h>

#include "store/file.h"
#include "store/table.h"

enum { HOUR_S = 3600 };
#define HOUR_US (HOUR_S * INT64_C(1000000))

void hours_init(struct hours *hours)
{
	record_init(RECORD_health, &hours->hour);
	record_init(RECORD_self, &hours->before);
}

/* ---- the hour ---- */

/* SQLITE_DONE: there is no such row. */
static int read_hour(struct health_record *hour, sqlite3 *db, int64_t start)
{
	struct buf sql = { 0 };
	sqlite3_stmt *stmt = NULL;
	buf_text(&sql, "SELECT ");
	columns_list(&sql, RECORD_health, ALL_FIELDS, "");
	columns_end(&sql, " FROM health WHERE \"start\"=?");
	int code = db_prepare(db, &sql, &stmt);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 1, start);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		columns_read(stmt, 0, RECORD_health, ALL_FIELDS, hour);
	sqlite3_finalize(stmt);
	return code;
}

static int go_to_hour(struct hours *hours, sqlite3 *db, int64_t at_us)
{
	int64_t start = at_us - at_us % HOUR_US;
	if (hours->hour.start == start)
		return SQLITE_OK;
	record_init(RECORD_health, &hours->hour);
	int code = read_hour(&hours->hour, db, start);
	hours->hour.start = start;
	hours->hour.interval_s = HOUR_S;
	if (hours->hour.seconds == UNKNOWN_U64)
		hours->hour.seconds = 0;
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- a second of it ---- */

/* A counter that is less than before began anew. */
static void add_rise(uint64_t *sum, uint64_t now, uint64_t before)
{
	if (now == UNKNOWN_U64 || before == UNKNOWN_U64)
		return;
	*sum = (*sum == UNKNOWN_U64 ? 0 : *sum) + (now >= before ? now - before : now);
}

static void most(uint64_t *kept, uint64_t value)
{
	if (value != UNKNOWN_U64 && (*kept == UNKNOWN_U64 || value > *kept))
		*kept = value;
}

static void most_of(double *kept, uint64_t part, uint64_t whole)
{
	if (part == UNKNOWN_U64 || whole == UNKNOWN_U64 || whole == 0)
		return;
	double ratio = (double)part / (double)whole;
	if (!isfinite(*kept) || ratio > *kept)
		*kept = ratio;
}

static void add_counters(struct health_record *hour, const struct self_record *now,
			 const struct self_record *before)
{
	add_rise(&hour->packets, now->packets, before->packets);
	add_rise(&hour->dropped, now->dropped, before->dropped);
	add_rise(&hour->undecoded, now->undecoded, before->undecoded);
	add_rise(&hour->flows_evicted, now->flows_evicted, before->flows_evicted);
	add_rise(&hour->flows_refused, now->flows_refused, before->flows_refused);
	add_rise(&hour->contacts_left_out, now->contacts_left_out,
		 before->contacts_left_out);
	add_rise(&hour->records_dropped, now->records_dropped, before->records_dropped);
}

static void add_gauges(struct health_record *hour, const struct self_record *self)
{
	most(&hour->rss_max_bytes, self->rss_bytes);
	most(&hour->lag_max_us, self->lag_us);
	most(&hour->clock_error_max_us, self->clock_error_us);
	most_of(&hour->client_ports_ratio, self->client_ports, self->client_ports_max);
	most_of(&hour->files_ratio, self->files, self->files_max);
	if (self->store_bytes != UNKNOWN_U64)
		hour->store_bytes = self->store_bytes;
	if (isfinite(self->cpu_ratio) && !isfinite(hour->cpu_ratio))
		hour->cpu_ratio = self->cpu_ratio;
	else if (isfinite(self->cpu_ratio))
		hour->cpu_ratio +=
			(self->cpu_ratio - hour->cpu_ratio) / (double)hour->seconds;
	if (self->clock_synchronised != UNKNOWN_FLAG)
		hour->unsynchronised =
			(hour->unsynchronised == UNKNOWN_U64 ? 0
							     : hour->unsynchronised) +
			(self->clock_synchronised == 0);
}

int hours_take(struct hours *hours, sqlite3 *db, const struct self_record *self)
{
	int code = go_to_hour(hours, db, self->at);
	if (code != SQLITE_OK)
		return code;
	hours->hour.seconds++;
	add_counters(&hours->hour, self, &hours->before);
	add_gauges(&hours->hour, self);
	hours->before = *self;
	return SQLITE_OK;
}
