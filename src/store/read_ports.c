/*
 * read_ports.c: ports out of the roll-ups, merged into steps or into one.
 *
 * A record that is made of one row is that row; only more of them are merged.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/file.h"
#include "store/plan.h"
#include "store/reading.h"
#include "store/settled.h"

#define SECOND_US 1000000LL

enum { GAPS_MAX = 4096 };

struct span {
	int64_t from, to;
};

/* A row whose blobs are kept until it is clear that it is alone. */
struct kept_row {
	struct port_record record;
	uint64_t seconds;
	uint8_t *blobs; /* owned */
	size_t size, handshake_len, response_len, clients_len;
};

struct reading {
	struct store_reader *reader;
	struct level_access access;
	const struct store_filter *filter;
	store_emit emit;
	void *to;
	struct plan plan;
	struct span span; /* what is read, and no more */
	struct span *gaps;
	size_t gap_count;
	/* of the record being made */
	struct port_record names; /* of its service */
	struct span interval;
	unsigned rows;
	struct kept_row first;
	struct roll *roll;
	uint32_t row_s; /* seconds of a row of the segment */
	bool more, failed;
};

/* ---- times without watching ---- */

static void load_gaps(struct reading *r)
{
	sqlite3_stmt *stmt = NULL;
	r->gaps = malloc(GAPS_MAX * sizeof(r->gaps[0]));
	if (r->gaps == NULL ||
	    sqlite3_prepare_v2(r->reader->db,
			       "SELECT \"start\",\"end\" FROM gap WHERE \"end\">=? AND "
			       "\"start\"<? AND reason IN('stopped','suspended') "
			       "ORDER BY \"start\"",
			       -1, &stmt, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_int64(stmt, 1, r->span.from);
	sqlite3_bind_int64(stmt, 2, r->span.to);
	while (r->gap_count < GAPS_MAX && sqlite3_step(stmt) == SQLITE_ROW)
		r->gaps[r->gap_count++] =
			(struct span){ sqlite3_column_int64(stmt, 0),
				       sqlite3_column_int64(stmt, 1) };
	sqlite3_finalize(stmt);
}

/* Seconds of an interval in which somebody watched. */
static uint64_t watched_seconds(const struct reading *r, const struct span *interval)
{
	int64_t end = interval->to < r->span.to ? interval->to : r->span.to;
	int64_t us = end - interval->from;
	for (size_t i = 0; i < r->gap_count; i++) {
		const struct span *gap = &r->gaps[i];
		int64_t from = gap->from > interval->from ? gap->from : interval->from;
		int64_t to = gap->to < end ? gap->to : end;
		us -= to > from ? to - from : 0;
	}
	return us > 0 ? (uint64_t)(us / SECOND_US) : 0;
}

/* ---- one record ---- */

static void give(struct reading *r)
{
	struct port_record record = r->rows == 1 ? r->first.record : r->roll->sum;
	uint64_t seconds = r->rows == 1 ? r->first.seconds : r->roll->seconds;
	if (r->rows > 1) {
		roll_finish(r->roll);
		record = r->roll->sum;
	}
	record.start = r->interval.from;
	record.interval_s = (uint32_t)((r->interval.to - r->interval.from) / SECOND_US);
	record.server_ip = r->names.server_ip;
	record.port = r->names.port;
	record.transport = r->names.transport;
	record.class = r->names.class;
	memcpy(record.service, r->names.service, sizeof(record.service));
	memcpy(record.protocol, r->names.protocol, sizeof(record.protocol));
	/* Seconds without traffic, but not those that nobody saw. */
	if (seconds < watched_seconds(r, &r->interval))
		record.second_min_bytes = 0;
	r->more = r->emit(r->to, &record);
}

static void end_record(struct reading *r)
{
	if (r->rows > 0 && r->more)
		give(r);
	r->rows = 0;
}

static bool keep_first(struct reading *r, const struct roll_row *row)
{
	struct kept_row *first = &r->first;
	size_t len = row->handshake.len + row->response.len + row->clients.len;
	if (len > first->size || first->blobs == NULL) {
		uint8_t *blobs = realloc(first->blobs, len + 1);
		if (blobs == NULL)
			return false;
		first->blobs = blobs;
		first->size = len;
	}
	first->record = row->record;
	first->seconds = row->seconds;
	const struct bytes *parts[] = { &row->handshake, &row->response,
					&row->clients };
	size_t at = 0;
	for (unsigned i = 0; i < 3; i++) {
		if (parts[i]->len > 0)
			memcpy(first->blobs + at, parts[i]->at, parts[i]->len);
		at += parts[i]->len;
	}
	first->handshake_len = row->handshake.len;
	first->response_len = row->response.len;
	first->clients_len = row->clients.len;
	return true;
}

static void add_first(struct reading *r)
{
	const struct kept_row *first = &r->first;
	const uint8_t *response = first->blobs + first->handshake_len;
	struct roll_part part = {
		.record = &first->record,
		.seconds = first->seconds,
		.handshake = bytes_of(first->blobs, first->handshake_len),
		.response = bytes_of(response, first->response_len),
		.clients = bytes_of(response + first->response_len, first->clients_len),
	};
	roll_clear(r->roll);
	roll_add(r->roll, &part);
}

/* The step a row belongs to; a row longer than a step is one of its own. */
static struct span interval_of(const struct reading *r, int64_t start)
{
	if (r->filter->step_s == 0)
		return r->span;
	uint32_t length = r->filter->step_s > r->row_s ? r->filter->step_s : r->row_s;
	int64_t from = floor_to(start, length * SECOND_US);
	return (struct span){ from, from + length * SECOND_US };
}

static bool take_row(void *self, const struct roll_row *row)
{
	struct reading *r = self;
	struct span interval = interval_of(r, row->start);
	if (r->rows > 0 && interval.from != r->interval.from)
		end_record(r);
	r->interval = interval;
	if (r->rows == 0 && !keep_first(r, row)) {
		r->failed = true;
		return false;
	}
	if (r->rows == 1)
		add_first(r);
	if (r->rows > 0) {
		struct roll_part part = { .record = &row->record,
					  .seconds = row->seconds,
					  .handshake = row->handshake,
					  .response = row->response,
					  .clients = row->clients };
		roll_add(r->roll, &part);
	}
	r->rows++;
	return r->more;
}

/* ---- services ---- */

static int read_service(struct reading *r, int64_t service)
{
	int code = SQLITE_OK;
	for (unsigned i = 0; i < r->plan.count && code == SQLITE_OK && r->more; i++) {
		const struct segment *segment = &r->plan.at[i];
		r->row_s = levels[segment->level].seconds;
		code = level_rows(&r->access, segment->level, service, segment->from,
				  segment->to, take_row, r);
	}
	end_record(r);
	return r->failed ? SQLITE_NOMEM : code;
}

static int prepare_services(struct reading *r, field_set fields, sqlite3_stmt **stmt)
{
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT id,");
	columns_list(&sql, RECORD_port, fields, "");
	columns_end(&sql, " FROM service WHERE 1");
	if (r->filter->has_port)
		buf_printf(&sql, " AND port=%u", r->filter->port);
	if (r->filter->transport != NULL)
		buf_text(&sql, " AND transport=?1");
	buf_text(&sql, " ORDER BY port,server_ip,transport,id");
	int code = db_prepare(r->reader->db, &sql, stmt);
	if (code == SQLITE_OK && r->filter->transport != NULL)
		sqlite3_bind_text(*stmt, 1, r->filter->transport, -1, SQLITE_STATIC);
	return code;
}

static bool is_wanted(const struct reading *r)
{
	return !r->filter->has_host ||
	       (!addr_is_unset(&r->names.server_ip) &&
		prefix_holds(&r->filter->host, &r->names.server_ip));
}

static int read_services(struct reading *r)
{
	field_set fields = service_fields() &
			   reading_fields(r->reader->db, "service", RECORD_port);
	sqlite3_stmt *stmt = NULL;
	int code = prepare_services(r, fields, &stmt);
	while (code == SQLITE_OK && r->more &&
	       (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		record_init(RECORD_port, &r->names);
		columns_read(stmt, 1, RECORD_port, fields, &r->names);
		code = SQLITE_OK;
		if (is_wanted(r))
			code = read_service(r, sqlite3_column_int64(stmt, 0));
		if (code == SQLITE_OK && !watch_goes_on(&r->reader->watch))
			code = SQLITE_INTERRUPT;
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- which time ---- */

/* False if nothing was kept of it. */
static bool choose_time(struct reading *r)
{
	const struct store_filter *filter = r->filter;
	struct rollup have = { 0 };
	rollup_read(&have, r->reader->db);
	int64_t newest = db_number(r->reader->db, "SELECT max(\"start\") FROM roll_10s",
				   have.rolled[LEVEL_1M]);
	newest += level_us(LEVEL_10S);
	if (newest < have.rolled[LEVEL_1M])
		newest = have.rolled[LEVEL_1M];
	int64_t from = filter->since_us > have.first ? filter->since_us : have.first;
	int64_t to = filter->until_us < newest ? filter->until_us + 1 : newest;
	if (have.first == INT64_MAX || from >= to)
		return false;
	enum level coarsest = LEVEL_1D;
	if (filter->step_s > 0) {
		coarsest = plan_level(filter->step_s);
		int64_t step = filter->step_s * SECOND_US;
		from = floor_to(from,
				step > level_us(coarsest) ? step : level_us(coarsest));
	} else {
		from = floor_to(from, level_us(plan_precision(to - from)));
	}
	r->span = (struct span){ from, to };
	plan_cover(&r->plan, &have, coarsest, from, to);
	return true;
}

static int open_levels(struct reading *r)
{
	field_set fields = roll_fields();
	for (unsigned level = 0; level < LEVELS; level++)
		fields &=
			reading_fields(r->reader->db, levels[level].table, RECORD_port);
	if (fields == 0)
		return SQLITE_OK; /* a store without ports */
	field_set wanted = r->filter->fields != 0 ? r->filter->fields : ALL_FIELDS;
	struct roll_needs needs = roll_needs(wanted);
	needs.fields &= fields;
	r->roll = malloc(sizeof(*r->roll));
	if (r->roll == NULL)
		return SQLITE_NOMEM;
	roll_init(r->roll);
	uint32_t step_s = r->filter->step_s;
	return level_access_read(&r->access, r->reader->db, &needs,
				 step_s > 0 ? step_s : UINT32_MAX);
}

/* The time of the part that is asked for. */
static struct store_filter part_of(const struct store_filter *filter)
{
	struct store_filter part = *filter;
	if (filter->part == STORE_SETTLED)
		part.until_us = filter->settled->until_us - 1;
	else if (filter->part == STORE_REST)
		part.since_us = filter->settled->until_us;
	return part;
}

int read_ports(struct store_reader *reader, const struct store_filter *filter,
	       store_emit emit, void *to, char error[static STORE_ERROR_MAX])
{
	struct store_filter part = part_of(filter);
	struct reading r = {
		.reader = reader, .filter = &part, .emit = emit, .to = to, .more = true
	};
	/* One state of the file, while its writer goes on. */
	int code = db_run(reader->db, "BEGIN");
	if (code == SQLITE_OK)
		code = open_levels(&r);
	/* They are of this machine. */
	bool is_of_sensors = part.sensor_count > 0;
	if (code == SQLITE_OK && r.roll != NULL && !is_of_sensors && choose_time(&r)) {
		load_gaps(&r);
		code = read_services(&r);
	}
	int result = code == SQLITE_OK ? 0
				       : reading_failed(reader, reader->db, code,
							reader->folder, error);
	level_access_close(&r.access);
	free(r.gaps);
	free(r.first.blobs);
	free(r.roll);
	sqlite3_progress_handler(reader->db, 0, NULL, NULL);
	db_run(reader->db, "COMMIT");
	return result;
}

/* ---- what is over ---- */

static bool tells_names(const struct store_filter *filter)
{
	field_set names = field_named(RECORD_port, "service") |
			  field_named(RECORD_port, "protocol");
	return filter->fields == 0 || (filter->fields & names) != 0;
}

bool settled_ports(struct store_reader *reader, const struct store_filter *filter,
		   int64_t before_us, struct store_settled *out)
{
	struct rollup have = { 0 };
	enum level level = plan_level(filter->step_s);
	/* Of one port little is read. */
	if (level == LEVEL_10S || filter->since_us == INT64_MIN || filter->has_port)
		return false;
	rollup_read(&have, reader->db);
	int64_t step = filter->step_s * SECOND_US;
	int64_t from = filter->since_us > have.first ? filter->since_us : have.first;
	int64_t to = have.rolled[level];
	if (filter->until_us < to)
		to = filter->until_us + 1;
	if (before_us < to)
		to = before_us;
	out->since_us = floor_to(from, step);
	out->until_us = floor_to(to, step);
	out->revision = (uint64_t)have.late;
	if (tells_names(filter))
		out->revision += (uint64_t)have.renamed;
	return have.first != INT64_MAX && have.rolled[level] != INT64_MIN &&
	       out->since_us >= have.kept[level] && out->since_us < out->until_us;
}
