/*
 * store.c: how fast records get into the store, and charts out of it.
 *
 *   store flows FOLDER COUNT [AT SPAN [CLIENTS]]  puts that many flows; rate from the
 *                                 first put until all are committed
 *   store fill FOLDER PORTS DAYS [AT HOURS]  makes the roll-ups of a machine with so
 * many ports store ask FOLDER TIMES PORTS  chart latencies of such a store
 *
 * AT is when that is, in seconds since 1970; flows end within SPAN seconds before it.
 * Of so many CLIENTS, of IPv4 and IPv6, each has one at least, and few have most.
 * HOURS is what there still is by the minute, and a twelfth of it by ten seconds: when
 * many ports are busy all day, retention.size leaves no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/file.h"
#include "store/levels.h"
#include "store/meta.h"
#include "store/store.h"

#define SECOND  1000000LL
#define DAY     (86400 * SECOND)
#define SAMPLES 1000

static int64_t at_us = 1769817600000000LL;    /* 2026-01-31T00:00:00Z */
static int64_t step_us = 10;                  /* between two flows */
static int64_t minutes_us, tens_us = 2 * DAY; /* that these levels have; 0: all */
static uint64_t distinct;                     /* 0: as many as there are flows made */
static uint64_t seed = 88172645463325252;

static uint64_t some(uint64_t most)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % (most + 1);
}

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "store: %s\n", what);
	exit(2);
}

static void pause_ms(long ms)
{
	struct timespec pause = { .tv_nsec = ms * 1000000 };
	nanosleep(&pause, NULL);
}

/* ---- flows ---- */

static struct addr some_addr(uint8_t first)
{
	uint8_t bytes[4] = { first, (uint8_t)some(255), (uint8_t)some(255),
			     (uint8_t)some(255) };
	return addr_v4(bytes);
}

/* Each once, then few of them again and again: by the cube of what chance says. */
static struct addr client_of(uint64_t number)
{
	uint64_t who = number;
	if (number >= distinct) {
		double share = (double)some(UINT32_MAX) / UINT32_MAX;
		who = (uint64_t)((double)(distinct - 1) * share * share * share);
	}
	uint8_t four[4] = { 100, (uint8_t)(64 + (who >> 16)), (uint8_t)(who >> 8),
			    (uint8_t)who };
	uint8_t six[16] = { 0x20,
			    0x01,
			    0x0d,
			    0xb8,
			    (uint8_t)(who >> 16),
			    (uint8_t)(who >> 8),
			    (uint8_t)who };
	six[15] = 1;
	return who % 4 == 0 ? addr_v6(six) : addr_v4(four);
}

/* As a web server's: every field that a TCP connection has. */
static void make_flow(struct flow_record *f, uint64_t number)
{
	record_init(RECORD_flow, f);
	f->end = at_us + (int64_t)number * step_us;
	f->start = f->end - (int64_t)some(10 * SECOND);
	f->transport = "tcp";
	f->ip_proto = 6;
	f->client_ip = some_addr(203);
	f->client_port = (uint32_t)(32768 + some(28231));
	f->server_ip = some_addr(10);
	f->server_port = some(1) == 0 ? 443 : 80;
	record_text(f->iface, sizeof(f->iface), "eth0");
	record_text(f->protocol, sizeof(f->protocol), "https");
	f->protocol_by = "port";
	f->state = "SF";
	record_text(f->history, sizeof(f->history), "ShADadFf");
	f->client_tcp_flags = f->server_tcp_flags = 0x1b;
	f->end_reason = "closed";
	f->client_packets = some(30);
	f->server_packets = some(60);
	f->client_bytes = some(5000);
	f->server_bytes = some(90000);
	f->client_payload_bytes = f->client_bytes / 2;
	f->server_payload_bytes = f->server_bytes / 2;
	f->handshake_us = some(50000);
	f->server_rtt_us = some(500);
	f->client_rtt_us = some(50000);
	f->responses = some(10);
	f->response_mean_us = some(20000);
	f->response_max_us = some(90000);
	f->client_retransmits = some(2);
	f->server_retransmits = some(2);
	f->out_of_order = f->lost_bytes = f->zero_windows = f->resets = 0;
	record_text(f->community_id, sizeof(f->community_id),
		    "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	f->pid = 4711;
	record_text(f->process, sizeof(f->process), "nginx");
	record_text(f->user, sizeof(f->user), "www-data");
}

static void wait_written(struct store *store)
{
	struct store_status status;
	do {
		pause_ms(1);
		store_status(store, &status);
		if (status.state != STORE_OK)
			die(status.message);
	} while (status.waiting > 0);
}

static int bench_flows(const char *folder, unsigned long count)
{
	enum { KINDS = 4096 }; /* made before: making one costs as much as putting it */
	struct flow_record *flows = calloc(KINDS, sizeof(*flows));
	struct store *store = store_open(folder, &store_no_limits);
	if (store == NULL || flows == NULL)
		die("not enough memory");
	for (unsigned i = 0; i < KINDS; i++)
		make_flow(&flows[i], i);
	wait_written(store);
	double begin = now_s();
	for (unsigned long i = 0; i < count; i++) {
		struct flow_record *flow = &flows[i % KINDS];
		int64_t length = flow->end - flow->start;
		flow->end = at_us + (int64_t)i * step_us;
		flow->start = flow->end - length;
		if (distinct > 0)
			flow->client_ip = client_of(i);
		while (!store_put(store, RECORD_flow, flow))
			pause_ms(1);
	}
	wait_written(store);
	double elapsed = now_s() - begin;
	store_close(store);
	free(flows);
	printf("flows %lu seconds %.3f\n", count, elapsed);
	return 0;
}

/* ---- charts ---- */

static void put_services(struct store *store, unsigned ports)
{
	static struct histogram handshake, response;
	struct cardinality clients = { 0 };
	for (int i = 0; i < 8; i++) {
		histogram_add(&response, 200 + some(20000));
		histogram_add(&handshake, 100 + some(1000));
	}
	for (uint64_t i = 0; i < 3; i++)
		cardinality_add(&clients, some(UINT32_MAX) * 0x9e3779b97f4a7c15u);
	for (unsigned i = 0; i < ports; i++) {
		struct port_record port;
		uint8_t bytes[4] = { 10, 0, (uint8_t)(i / 250), (uint8_t)(i % 250) };
		record_init(RECORD_port, &port);
		port.start = at_us - SECOND;
		port.server_ip = addr_v4(bytes);
		port.port = 1000 + i;
		port.transport = "tcp";
		port.flows = port.ended = 20;
		port.errors = port.rejected = port.unanswered = port.resets = 0;
		port.active = port.active_min = port.active_max = 3;
		port.client_bytes = 20000;
		port.server_bytes = 400000;
		port.second_min_bytes = port.second_max_bytes = 420000;
		port.client_packets = 200;
		port.server_packets = 400;
		port.data_packets = 300;
		port.retransmits = 1;
		port.payload_bytes = 390000;
		port.lost_bytes = 0;
		port.responses = response.total;
		if (!store_put_port(store, &port, &handshake, &response, &clients))
			die("no room");
	}
}

/* The one row of each service, again and again. */
static void copy_rows(sqlite3 *db, enum level level, int64_t from, int64_t to)
{
	struct buf sql = { 0 };
	const char *rest = ",handshake_hist,response_hist,clients_hll";
	buf_printf(&sql, "INSERT OR REPLACE INTO %s(service,\"start\",seconds,",
		   levels[level].table);
	columns_list(&sql, RECORD_port, roll_fields(), "");
	columns_end(&sql, rest);
	buf_printf(
		&sql,
		")WITH RECURSIVE t(at)AS(VALUES(%lld)UNION ALL SELECT at+%lld FROM t "
		"WHERE at<%lld)SELECT service,at,seconds,",
		(long long)from, (long long)level_us(level),
		(long long)(to - level_us(level)));
	columns_list(&sql, RECORD_port, roll_fields(), "");
	columns_end(&sql, rest);
	/* In the order of the key, or a page is written again for each row. */
	buf_text(&sql, level == LEVEL_10S
			       ? " FROM t CROSS JOIN temp.one"
			       : " FROM temp.one CROSS JOIN t ORDER BY service,at");
	if (db_run_buf(db, &sql) != SQLITE_OK)
		die(sqlite3_errmsg(db));
}

/* Each level as far back as it is kept, and what is known of that. */
static void copy_levels(sqlite3 *db, int64_t from)
{
	int64_t minutes = minutes_us == 0 ? from : at_us - minutes_us;
	copy_rows(db, LEVEL_1D, from, at_us);
	copy_rows(db, LEVEL_1H, from, at_us);
	copy_rows(db, LEVEL_1M, minutes, at_us);
	copy_rows(db, LEVEL_10S, at_us - tens_us, at_us);
	meta_put(db, "first", from);
	meta_put(db, "rolled_port_1m", at_us - 60 * SECOND);
	meta_put(db, "rolled_port_1h", at_us - 3600 * SECOND);
	meta_put(db, "rolled_port_1d", at_us - DAY);
	meta_put(db, "kept_port_10s", at_us - tens_us);
	if (minutes > from)
		meta_put(db, "kept_port_1m", minutes);
}

static int fill(const char *folder, unsigned ports, unsigned days)
{
	char path[512];
	sqlite3 *db = NULL;
	struct store *store = store_open(folder, &store_no_limits);
	if (store == NULL)
		die("not enough memory");
	put_services(store, ports);
	wait_written(store);
	store_close(store);
	snprintf(path, sizeof(path), "%s/breakwater.db", folder);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    db_run(db, "PRAGMA synchronous=OFF;PRAGMA temp_store=MEMORY;"
		       "PRAGMA cache_size=-65536;BEGIN;"
		       "CREATE TEMP TABLE one AS SELECT * FROM roll_10s "
		       "ORDER BY service") != SQLITE_OK)
		die(sqlite3_errmsg(db));
	copy_levels(db, at_us - days * DAY);
	if (db_run(db, "COMMIT") != SQLITE_OK)
		die(sqlite3_errmsg(db));
	sqlite3_close(db);
	return 0;
}

static bool count_record(void *to, const void *record)
{
	(void)record;
	++*(unsigned *)to;
	return true;
}

static bool count_row(void *self, const struct store_value *values, size_t count)
{
	(void)values;
	(void)count;
	++*(unsigned *)self;
	return true;
}

/* Opening included, as the command does it. */
static double ask(const char *folder, const struct store_filter *filter,
		  const char *sql, unsigned *rows)
{
	char error[STORE_ERROR_MAX];
	int status;
	double begin = now_s();
	*rows = 0;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		die(error);
	const struct store_sql to = { .self = rows, .row = count_row };
	int result = sql != NULL ? store_sql(reader, sql, 0, &to, error)
				 : store_read(reader, RECORD_port, filter, count_record,
					      rows, error);
	if (result != 0)
		die(error);
	store_reader_close(reader);
	return now_s() - begin;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void tell(const char *name, double *seconds, unsigned times, unsigned rows)
{
	qsort(seconds, times, sizeof(*seconds), by_value);
	printf("%s rows %u p50 %.2f p95 %.2f\n", name, rows, seconds[times / 2] * 1000,
	       seconds[times * 95 / 100] * 1000);
}

static int bench_ask(const char *folder, unsigned times, unsigned ports)
{
	static double took[SAMPLES];
	unsigned rows = 0, wide_times = times / 5 + 1;
	char sql[256];
	struct store_filter chart, all;
	if (times > SAMPLES)
		times = SAMPLES;
	store_filter_init(&chart);
	chart.since_us = at_us - 30 * DAY; /* or all there is */
	all = chart;
	chart.step_s = 3600;
	chart.has_port = true;
	for (unsigned i = 0; i < times; i++) {
		chart.port = (uint16_t)(1000 + some(ports - 1));
		took[i] = ask(folder, &chart, NULL, &rows);
	}
	tell("chart", took, times, rows);
	snprintf(sql, sizeof(sql),
		 "SELECT start,sum(client_bytes+server_bytes)FROM port_1h "
		 "WHERE start>=%lld GROUP BY start",
		 (long long)chart.since_us);
	for (unsigned i = 0; i < wide_times; i++)
		took[i] = ask(folder, NULL, sql, &rows);
	tell("hourly", took, wide_times, rows);
	for (unsigned i = 0; i < wide_times; i++)
		took[i] = ask(folder, &all, NULL, &rows);
	tell("ports", took, wide_times, rows);
	return 0;
}

int main(int argc, char **argv)
{
	bool is_flows = argc >= 4 && strcmp(argv[1], "flows") == 0;
	bool is_fill = argc >= 5 && strcmp(argv[1], "fill") == 0;
	if (is_fill && argc == 7) {
		at_us = strtoll(argv[5], NULL, 10) * SECOND;
		minutes_us = strtoll(argv[6], NULL, 10) * 3600 * SECOND;
		tens_us = minutes_us / 12;
	}
	if (is_flows && argc == 7)
		distinct = strtoull(argv[6], NULL, 10);
	if (is_flows && (argc == 6 || argc == 7)) {
		int64_t span_us = strtoll(argv[5], NULL, 10) * SECOND;
		at_us = strtoll(argv[4], NULL, 10) * SECOND - span_us;
		step_us = span_us / (strtoll(argv[3], NULL, 10) + 1);
	}
	if (is_flows && (argc == 4 || argc == 6 || argc == 7))
		return bench_flows(argv[2], strtoul(argv[3], NULL, 10));
	if (is_fill && (argc == 5 || argc == 7))
		return fill(argv[2], (unsigned)strtoul(argv[3], NULL, 10),
			    (unsigned)strtoul(argv[4], NULL, 10));
	if (argc == 5 && strcmp(argv[1], "ask") == 0)
		return bench_ask(argv[2], (unsigned)strtoul(argv[3], NULL, 10),
				 (unsigned)strtoul(argv[4], NULL, 10));
	die("usage: store flows FOLDER COUNT [AT SPAN [CLIENTS]] | fill FOLDER "
	    "PORTS DAYS [AT HOURS] | "
	    "ask FOLDER TIMES PORTS");
}
