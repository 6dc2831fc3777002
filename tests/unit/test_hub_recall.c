/*
 * test_hub_recall.c: what a hub knows of before (cli/hub_recall.h), from a depot in a
 * file: onto the board, and for its own store, each line once.
 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/hub_recall.h"
#include "fleet/capacity.h"
#include "fleet/depot.h"
#include "fleet/lane.h"
#include "store/store.h"

enum { WAIT_S = 30, STEP_MS = 5, HTTPS = 443, AT_ONCE = 2 };
#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

static char folder[64], where[96];
static struct board *board;
static struct hub_said *said;
static struct hub_recall *recall;
static uint64_t sequence;

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-hub-recall-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(where, sizeof(where), "sqlite:%s/fleet.db", folder);
	board = board_new();
	said = hub_said_new();
	return board == NULL || said == NULL;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int end(void **state)
{
	(void)state;
	hub_recall_stop(recall);
	recall = NULL;
	hub_said_free(said);
	board_free(board);
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the depot ---- */

static void keep(enum record_kind kind, const char *sensor, void *record)
{
	char error[DEPOT_ERROR_MAX];
	struct buf bytes = { 0 };
	struct batch *batch = batch_new();
	sequence++;
	struct batch_head head = {
		.id = { .lane = fleet_lane_of(kind), .epoch = 1, .sequence = sequence },
		.made_us = clock_us(CLOCK_REALTIME),
		.lost_us = UNKNOWN_TIME
	};
	record_text(head.id.sensor, sizeof(head.id.sensor), sensor);
	record_text((char *)record + record_field(kind, "sensor")->offset,
		    sizeof(field_text64), sensor);
	assert_true(batch_add(batch, kind, record) &&
		    batch_finish(batch, &head, &bytes));
	struct depot_batch one = { .id = head.id, .bytes = bytes.at, .len = bytes.len };
	struct depot *depot = depot_open(where, error);
	assert_non_null(depot);
	assert_int_equal(depot_write(depot, &one, 1, error), 0);
	assert_int_equal(one.result, 0);
	depot_close(depot);
	batch_free(batch);
	buf_free(&bytes);
}

static void keep_sensor(const char *name, int64_t at_us)
{
	struct sensor_record sensor;
	record_init(RECORD_sensor, &sensor);
	sensor.at = at_us;
	sensor.state = "up";
	keep(RECORD_sensor, name, &sensor);
}

static void keep_listener(const char *sensor, uint32_t port, int64_t at_us)
{
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	listener.at = at_us;
	listener.change = "opened";
	assert_true(addr_parse("10.0.0.5", &listener.ip));
	listener.port = port;
	listener.transport = "tcp";
	keep(RECORD_listener, sensor, &listener);
}

static struct timeline_record line_of(const char *summary, int64_t at_us)
{
	struct timeline_record line;
	record_init(RECORD_timeline, &line);
	line.at = at_us;
	line.kind = "finding";
	record_text(line.incident, sizeof(line.incident), "c1");
	record_text(line.about, sizeof(line.about), summary);
	record_text(line.summary, sizeof(line.summary), summary);
	return line;
}

static void say(const char *summary, int64_t at_us)
{
	struct timeline_record line = line_of(summary, at_us);
	keep(RECORD_timeline, FLEET_HUB, &line);
}

static void tell(const char *sink, int64_t at_us)
{
	struct notification_record told;
	record_init(RECORD_notification, &told);
	told.at = at_us;
	told.state = "sent";
	told.reason = "new";
	record_text(told.sink, sizeof(told.sink), sink);
	record_text(told.incident, sizeof(told.incident), "c1");
	keep(RECORD_notification, FLEET_HUB, &told);
}

/* ---- the hub ---- */

/* As it is kept in the hub's own store: new lines, each with a blank. */
static void take(void *self, enum record_kind kind, const void *record)
{
	if (hub_said_has(said, kind, record))
		return;
	hub_said_note(said, kind, record);
	if (kind == RECORD_timeline)
		buf_printf(self, "%s ",
			   ((const struct timeline_record *)record)->summary);
	else if (kind == RECORD_notification)
		buf_printf(self, "to:%s ",
			   ((const struct notification_record *)record)->sink);
}

static void nap(void)
{
	const struct timespec some = { .tv_nsec = STEP_MS * 1000000L };
	nanosleep(&some, NULL);
}

static void wait_for(bool (*is)(struct hub_recall *recall))
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + WAIT_S * SECOND_US;
	while (!is(recall) && clock_us(CLOCK_MONOTONIC) < until_us)
		nap();
	assert_true(is(recall));
}

static void start(void)
{
	const struct hub_recall_options options = {
		.depot = where, .state = folder, .board = board, .said = said
	};
	recall = hub_recall_start(&options);
	assert_non_null(recall);
	wait_for(hub_recall_has_begun);
}

/* All that waits, in small pieces. */
static void assert_taken(const char *lines)
{
	struct buf text = { 0 };
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + WAIT_S * SECOND_US;
	while (!hub_recall_is_whole(recall) && clock_us(CLOCK_MONOTONIC) < until_us) {
		hub_recall_take(recall, AT_ONCE, take, &text);
		nap();
	}
	assert_true(hub_recall_is_whole(recall));
	assert_string_equal(text.len > 0 ? buf_cstr(&text) : "", lines);
	buf_free(&text);
}

static void count(void *to, const void *record)
{
	(void)record;
	++*(int *)to;
}

static int on_board(enum record_kind kind)
{
	int rows = 0;
	board_each(board, kind, count, &rows);
	return rows;
}

/* ---- what is known ---- */

/* What the own store has of before, and what other hubs said meanwhile. */
static void each_line_is_taken_once(void **state)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	struct timeline_record known = line_of("own", now_us - 40 * SECOND_US);
	assert_true(store_put(store, RECORD_timeline, &known));
	store_close(store);
	say("own", now_us - 40 * SECOND_US);
	say("older", now_us - 45 * SECOND_US);
	say("newer", now_us - 30 * SECOND_US);
	tell("ops", now_us - 30 * SECOND_US);
	start();
	assert_taken("older newer to:ops ");
	/* Of a hole all of its minute is read again. */
	say("missed", now_us - 10 * SECOND_US);
	hub_recall_again(recall, now_us - 20 * SECOND_US);
	assert_false(hub_recall_is_whole(recall));
	hub_recall_hurry(recall);
	assert_taken("missed ");
}

static void of_a_hole_only_what_is_missing_is_read(void **state)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	(void)state;
	keep_listener("web-1", 1, now_us - 300 * DAY_US);
	start();
	assert_taken("");
	assert_int_equal(on_board(RECORD_listener), 1);
	keep_listener("web-1", 2, now_us - DAY_US);
	keep_listener("web-1", 3, now_us);
	hub_recall_again(recall, now_us);
	hub_recall_hurry(recall);
	assert_taken("");
	assert_int_equal(on_board(RECORD_listener), 2);
}

/* It comes soon, and not at once: another hole is as likely. */
static void a_second_hole_waits(void **state)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	(void)state;
	start();
	assert_taken("");
	hub_recall_again(recall, now_us);
	hub_recall_hurry(recall);
	assert_taken("");
	hub_recall_again(recall, now_us);
	assert_false(hub_recall_is_whole(recall));
	/* ... but who is to lead does not wait for what nobody reads. */
	assert_false(hub_recall_is_under_way(recall));
	hub_recall_hurry(recall);
	assert_true(hub_recall_is_under_way(recall));
	assert_taken("");
}

/* ---- capacity ---- */

static void keep_use(const char *sensor, const char *ip, uint64_t busiest,
		     int64_t crosses_us)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct capacity_record use;
	record_init(RECORD_capacity, &use);
	use.at = use.last_used = now_us - 3600 * SECOND_US;
	assert_true(addr_parse(ip, &use.server_ip));
	use.port = HTTPS;
	use.transport = "tcp";
	record_text(use.service, sizeof(use.service), "https");
	record_text(use.process, sizeof(use.process), "nginx");
	use.busiest_hour = 10;
	use.busiest_bytes = busiest;
	use.link_bytes = 1000 * busiest;
	keep(RECORD_capacity, sensor, &use);
	/* What is older than the last two days is of a service that is gone. */
	use.port = HTTPS + 1;
	use.at = now_us - 3 * DAY_US;
	keep(RECORD_capacity, sensor, &use);
	struct forecast_record forecast;
	record_init(RECORD_forecast, &forecast);
	forecast.at = now_us - 3600 * SECOND_US;
	record_text(forecast.subject, sizeof(forecast.subject), ip);
	forecast.server_ip = use.server_ip;
	forecast.port = HTTPS;
	forecast.transport = "tcp";
	forecast.metric = "active_max";
	forecast.limit = 100;
	forecast.now = 40;
	forecast.probability = 0.9;
	forecast.crosses_at = crosses_us;
	keep(RECORD_forecast, sensor, &forecast);
}

/* Until the streams have told of it, a sensor is not up. */
static void beat(const char *name)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct board_came came = { now_us, now_us, clock_us(CLOCK_MONOTONIC),
					 true };
	struct sensor_record sensor;
	record_init(RECORD_sensor, &sensor);
	sensor.at = now_us;
	sensor.state = "up";
	record_text(sensor.sensor, sizeof(sensor.sensor), name);
	board_take(board, RECORD_sensor, &sensor, &came);
}

struct adding {
	struct fleet_capacity *capacity;
	enum record_kind kind;
};

static void add(void *to, const void *record)
{
	const struct adding *adding = to;
	fleet_capacity_take(adding->capacity, adding->kind, record);
}

static void take_row(void *to, const void *record)
{
	struct fleet_capacity_record *row = to;
	assert_int_equal(row->port, 0); /* the only one */
	*row = *(const struct fleet_capacity_record *)record;
}

static struct fleet_capacity_record fleets(void)
{
	static const enum record_kind kinds[] = { RECORD_sensor, RECORD_capacity,
						  RECORD_forecast };
	const struct fleet_capacity_asked asked = { .now_us =
							    clock_us(CLOCK_REALTIME) };
	struct adding adding = { .capacity = fleet_capacity_new(&asked) };
	struct fleet_capacity_record row = { .port = 0 };
	assert_non_null(adding.capacity);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		adding.kind = kinds[i];
		board_each(board, kinds[i], add, &adding);
	}
	assert_true(fleet_capacity_tell(adding.capacity, take_row, &row));
	fleet_capacity_free(adding.capacity);
	return row;
}

/* Sensors tell it once a day: a hub that begins has it of before, or for a day not. */
static void capacity_is_of_the_last_day(void **state)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	(void)state;
	keep_sensor("web-1", now_us);
	keep_sensor("web-2", now_us);
	keep_use("web-1", "10.0.0.5", 1000, now_us + 9 * DAY_US);
	keep_use("web-2", "10.0.0.6", 3000, now_us + 5 * DAY_US);
	start();
	assert_taken("");
	assert_int_equal(on_board(RECORD_capacity), 2);
	assert_int_equal(on_board(RECORD_forecast), 2);
	beat("web-1");
	beat("web-2");
	const struct fleet_capacity_record row = fleets();
	assert_int_equal(row.port, HTTPS);
	assert_string_equal(row.transport, "tcp");
	assert_string_equal(row.service, "https");
	assert_int_equal(row.sensors, 2);
	assert_int_equal(row.limits_known, 2);
	assert_int_equal(row.crosses_at, now_us + 5 * DAY_US);
	assert_string_equal(row.crosses_metric, "active_max");
}

/* ---- without a depot ---- */

static void it_waits_for_no_depot(void **state)
{
	(void)state;
	snprintf(where, sizeof(where), "sqlite:%s/none/fleet.db", folder);
	start();
	assert_false(hub_recall_is_whole(recall));
	assert_false(hub_recall_is_under_way(recall));
	struct buf text = { 0 };
	assert_false(hub_recall_take(recall, AT_ONCE, take, &text));
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_line_is_taken_once, begin, end),
		cmocka_unit_test_setup_teardown(of_a_hole_only_what_is_missing_is_read,
						begin, end),
		cmocka_unit_test_setup_teardown(a_second_hole_waits, begin, end),
		cmocka_unit_test_setup_teardown(capacity_is_of_the_last_day, begin,
						end),
		cmocka_unit_test_setup_teardown(it_waits_for_no_depot, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
