/*
 * depot.c: how fast a fleet's records get into a depot, and into a bare file of SQLite.
 *
 *   depot KIND WHERE COUNT          that many flows or findings, in batches as sensors
 *                                   send them, 64 of them in a call; records/s
 *   depot KIND bare:FILE COUNT      the same records by a prepared INSERT into a table
 *                                   of the same columns, in transactions of that size
 *   depot KIND indexed:FILE COUNT   and with the depot's indexes on it
 *
 * Batches are made before the clock runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/depot_driver.h"
#include "store/file.h"
#include "store/table.h"

enum { IN_BATCH = 1000, IN_CALL = 64, SENSORS = 20 };

static int64_t begin_us;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "depot: %s\n", what);
	exit(1);
}

/* ---- records ---- */

static void make_flow(struct flow_record *flow, uint32_t i)
{
	uint32_t client = 0x0a000000U + i % 5003, server = 0xc0a80000U + i % 17;
	client = __builtin_bswap32(client);
	server = __builtin_bswap32(server);
	record_init(RECORD_flow, flow);
	flow->end = begin_us + i * 50;
	flow->start = flow->end - 200000 - i % 1000;
	flow->transport = record_word("tcp");
	flow->ip_proto = 6;
	flow->client_ip = addr_v4(&client);
	flow->client_port = 1024 + i % 60000;
	flow->server_ip = addr_v4(&server);
	flow->server_port = i % 3 == 0 ? 443 : 22;
	record_text(flow->iface, sizeof(flow->iface), "eth0");
	record_text(flow->protocol, sizeof(flow->protocol), "tls");
	flow->protocol_by = record_word("content");
	flow->state = record_word("SF");
	record_text(flow->history, sizeof(flow->history), "ShADadFf");
	flow->client_tcp_flags = flow->server_tcp_flags = 0x1b;
	flow->end_reason = record_word("closed");
	flow->client_packets = 10 + i % 7;
	flow->server_packets = 12 + i % 9;
	flow->client_bytes = 1200 + i % 1000;
	flow->server_bytes = 23000 + i % 9999;
	flow->client_payload_bytes = flow->client_bytes - 400;
	flow->server_payload_bytes = flow->server_bytes - 480;
	flow->handshake_us = 900 + i % 300;
	flow->server_rtt_us = 400 + i % 100;
	flow->client_rtt_us = 500 + i % 100;
	flow->responses = 2;
	flow->response_mean_us = 3000 + i % 777;
	flow->response_max_us = 5000 + i % 777;
	flow->client_retransmits = flow->server_retransmits = flow->resets = 0;
	flow->out_of_order = flow->lost_bytes = flow->zero_windows = 0;
	flow->cleartext = 0;
	snprintf(flow->community_id, sizeof(flow->community_id), "1:%022x%04x=", i, i);
	record_text(flow->software, sizeof(flow->software), "nginx/1.22.1");
	record_text(flow->name, sizeof(flow->name), "www.example.org");
	record_text(flow->version, sizeof(flow->version), "TLS 1.3");
}

static void make_finding(struct finding_record *finding, uint32_t i)
{
	uint32_t client = __builtin_bswap32(0xcb007100U + i % 251);
	record_init(RECORD_finding, finding);
	snprintf(finding->id, sizeof(finding->id), "%08x%08x", i * 2654435761U, i);
	finding->at = finding->last = begin_us + i * 50;
	finding->first = finding->at - 1000000;
	finding->kind = record_word("port_scan");
	finding->technique = record_word("syn");
	finding->client_ip = addr_v4(&client);
	finding->attempts = i % 999;
	finding->severity = record_word("medium");
	finding->confidence = 0.9;
	finding->proof = record_word("unsolicited");
	record_text(finding->summary, sizeof(finding->summary),
		    "tried 100 ports of 1 host within 30 s, 98 of them closed");
}

union made {
	struct flow_record flow;
	struct finding_record finding;
};

static void make(enum record_kind kind, union made *record, uint32_t i)
{
	if (kind == RECORD_flow)
		make_flow(&record->flow, i);
	else
		make_finding(&record->finding, i);
}

/* As whoever reads a batch has it of who sent it. */
static void name_sensor(enum record_kind kind, union made *record, uint32_t batch)
{
	char *name = (char *)record + record_field(kind, "sensor")->offset;
	snprintf(name, sizeof(field_text64), "sensor-%u", batch % SENSORS);
}

/* ---- batches ---- */

static void make_batch(enum record_kind kind, uint32_t number, struct depot_batch *out)
{
	struct buf bytes = { 0 };
	struct batch *batch = batch_new();
	struct batch_head head = { .made_us = begin_us, .lost_us = UNKNOWN_TIME };
	snprintf(head.id.sensor, sizeof(head.id.sensor), "sensor-%u", number % SENSORS);
	head.id.lane = (enum fleet_lane)fleet_lane_of(kind);
	head.id.epoch = (uint64_t)begin_us;
	head.id.sequence = number + 1;
	for (uint32_t i = 0; batch != NULL && i < IN_BATCH; i++) {
		union made record;
		make(kind, &record, number * IN_BATCH + i);
		if (!batch_add(batch, kind, &record))
			die("a batch that is full too soon");
	}
	if (batch == NULL || !batch_finish(batch, &head, &bytes))
		die("not enough memory");
	batch_free(batch);
	*out = (struct depot_batch){ .id = head.id,
				     .bytes = bytes.at,
				     .len = bytes.len };
}

static double write_depot(enum record_kind kind, const char *where, uint32_t count)
{
	char error[DEPOT_ERROR_MAX];
	uint32_t batches = count / IN_BATCH;
	struct depot_batch *all = calloc(batches, sizeof(*all));
	struct depot *depot = depot_open(where, error);
	if (depot == NULL || all == NULL)
		die(error);
	for (uint32_t i = 0; i < batches; i++)
		make_batch(kind, i, &all[i]);
	int64_t from_us = clock_us(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < batches; i += IN_CALL) {
		size_t some = batches - i < IN_CALL ? batches - i : IN_CALL;
		if (depot_write(depot, &all[i], some, error) != 0 || all[i].result != 0)
			die(error);
	}
	double took_s = (double)(clock_us(CLOCK_MONOTONIC) - from_us) / 1e6;
	depot_close(depot);
	return batches * IN_BATCH / took_s;
}

/* ---- bare ---- */

static void check(int code)
{
	if (code != SQLITE_OK)
		die(sqlite3_errstr(code));
}

static void put_table(struct buf *out, enum record_kind kind, bool is_indexed)
{
	const struct depot_dialect *dialect = &depot_dialects[DEPOT_SQLITE];
	if (is_indexed) {
		depot_table(out, dialect, kind);
		return;
	}
	buf_printf(out, "CREATE TABLE \"%s\"(", schemas[kind].name);
	depot_columns(out, dialect, kind);
	buf_char(out, ')');
}

static sqlite3_stmt *define_bare(sqlite3 *db, enum record_kind kind, bool is_indexed)
{
	struct buf table = { 0 }, insert = { 0 };
	sqlite3_stmt *stmt = NULL;
	check(db_run(db, "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL"));
	put_table(&table, kind, is_indexed);
	check(db_run_buf(db, &table));
	buf_printf(&insert, "INSERT INTO \"%s\"(", schemas[kind].name);
	columns_list(&insert, kind, ALL_FIELDS, "");
	buf_text(&insert, "kept_at,batch_epoch,batch_sequence,batch_row)VALUES(");
	columns_places(&insert, columns_count(kind, ALL_FIELDS) + 4);
	columns_end(&insert, ")");
	check(db_prepare(db, &insert, &stmt));
	return stmt;
}

static double write_bare(enum record_kind kind, const char *path, uint32_t count,
			 bool is_indexed)
{
	sqlite3 *db = NULL;
	union made *records = calloc(count, sizeof(*records));
	check(sqlite3_open(path, &db));
	sqlite3_stmt *stmt = define_bare(db, kind, is_indexed);
	for (uint32_t i = 0; records != NULL && i < count; i++) {
		make(kind, &records[i], i);
		name_sensor(kind, &records[i], i / IN_BATCH);
	}
	int64_t from_us = clock_us(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < count; i++) {
		struct bind_scratch scratch;
		if (i % (IN_BATCH * IN_CALL) == 0)
			check(db_run(db, i == 0 ? "BEGIN" : "COMMIT;BEGIN"));
		int at = columns_bind(stmt, 1, kind, ALL_FIELDS, &records[i], &scratch);
		for (int j = 0; j < 4; j++)
			sqlite3_bind_int64(stmt, at + j, begin_us + i);
		check(db_finish(stmt));
	}
	check(db_run(db, "COMMIT"));
	double took_s = (double)(clock_us(CLOCK_MONOTONIC) - from_us) / 1e6;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	free(records);
	return count / took_s;
}

int main(int argc, char **argv)
{
	const struct schema *schema = argc == 4 ? schema_by_name(argv[1]) : NULL;
	if (schema != &schemas[RECORD_flow] && schema != &schemas[RECORD_finding])
		die("usage: depot flow|finding WHERE COUNT");
	enum record_kind kind = (enum record_kind)(schema - schemas);
	uint32_t count = (uint32_t)strtoul(argv[3], NULL, 10);
	const char *where = argv[2], *path = strchr(where, ':');
	bool is_indexed = strncmp(where, "indexed:", 8) == 0;
	bool is_bare = is_indexed || strncmp(where, "bare:", 5) == 0;
	begin_us = clock_us(CLOCK_REALTIME) - 3600 * 1000000LL;
	printf("%.0f\n", is_bare ? write_bare(kind, path + 1, count, is_indexed)
				 : write_depot(kind, where, count));
	return 0;
}
