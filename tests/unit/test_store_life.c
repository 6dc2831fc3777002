/*
 * test_store_life.c: what happens to a store over time: gaps, old things that go, and
 * files of other versions.
 */
#include "store_check.h"

#include <sys/stat.h>

#include "store/days.h"
#include "store/file.h"
#include "store/gaps.h"
#include "store/plan.h"
#include "store/queue.h"

/* ---- gaps ---- */

static struct self_record self_at(int64_t at_us, uint64_t dropped, uint64_t records)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = at_us;
	self.dropped = dropped;
	self.records_dropped = records;
	return self;
}

static void see_self(struct gaps *gaps, int64_t second, uint64_t dropped,
		     uint64_t records)
{
	struct self_record self = self_at(START_US + second * SECOND, dropped, records);
	gaps_watched(gaps, self.at - SECOND, self.at);
	gaps_self(gaps, &self);
}

static void drops_near_each_other_are_one_gap(void **state)
{
	(void)state;
	struct gaps gaps;
	gaps_init(&gaps, UNKNOWN_TIME);
	see_self(&gaps, 1, 1000, 0); /* of before: not ours to tell */
	see_self(&gaps, 2, 1003, 0);
	see_self(&gaps, 3, 1003, 0);
	see_self(&gaps, 9, 1003, 4);
	see_self(&gaps, 40, 1003, 4);
	see_self(&gaps, 41, 1005, 4);
	see_self(&gaps, 42, 3, 0); /* begun anew */
	assert_int_equal(gaps.count, 2);
	assert_string_equal(gaps.waiting[0].reason, "dropped");
	assert_int_equal(gaps.waiting[0].start, START_US + SECOND);
	assert_int_equal(gaps.waiting[0].end, START_US + 9 * SECOND);
	assert_int_equal(gaps.waiting[0].count, 7);
	assert_int_equal(gaps.waiting[1].start, START_US + 40 * SECOND);
	assert_int_equal(gaps.waiting[1].count, 2);
}

static void sleep_is_a_gap_and_a_clock_that_is_set_is_none(void **state)
{
	(void)state;
	struct gaps gaps;
	gaps_init(&gaps, UNKNOWN_TIME);
	gaps_clocks(&gaps, START_US, 100 * SECOND, 100 * SECOND);
	gaps_clocks(&gaps, START_US + SECOND, 101 * SECOND, 101 * SECOND);
	/* Set forward by an hour, and back. */
	gaps_clocks(&gaps, START_US + 3602 * SECOND, 102 * SECOND, 102 * SECOND);
	gaps_clocks(&gaps, START_US + 3 * SECOND, 103 * SECOND, 103 * SECOND);
	assert_int_equal(gaps.count, 0);
	gaps_clocks(&gaps, START_US + 504 * SECOND, 604 * SECOND, 104 * SECOND);
	assert_int_equal(gaps.count, 1);
	assert_string_equal(gaps.waiting[0].reason, "suspended");
	assert_int_equal(gaps.waiting[0].start, START_US + 4 * SECOND);
	assert_int_equal(gaps.waiting[0].end, START_US + 504 * SECOND);
}

static void gaps_without_room_grow_the_last(void **state)
{
	(void)state;
	struct gaps gaps;
	gaps_init(&gaps, UNKNOWN_TIME);
	for (unsigned i = 0; i < GAPS_WAITING_MAX + 10; i++)
		gaps_unwritten(&gaps, START_US + i * DAY, START_US + i * DAY + 1, 1);
	assert_int_equal(gaps.count, GAPS_WAITING_MAX);
	const struct gap_record *last = &gaps.waiting[GAPS_WAITING_MAX - 1];
	assert_int_equal(last->count, 11);
	assert_int_equal(last->end, START_US + (GAPS_WAITING_MAX + 9) * DAY + 1);
}

static void put_self(struct store *store, int64_t at_us)
{
	struct self_record self = self_at(at_us, 0, 0);
	assert_true(store_put(store, RECORD_self, &self));
}

static void a_stop_is_a_gap_and_a_quick_restart_is_none(void **state)
{
	(void)state;
	static const int64_t starts[] = { 0, 11, 500, 400 }; /* the last: set back */
	for (unsigned i = 0; i < 4; i++) {
		struct store *store = store_open(folder, &store_no_limits);
		for (int64_t s = 0; s < 10; s++)
			put_self(store, START_US + (starts[i] + s) * SECOND);
		wait_written(store);
		store_close(store);
	}
	read_well(RECORD_gap, NULL);
	assert_int_equal(got_count, 1);
	assert_string_equal(got[0].gap.reason, "stopped");
	assert_int_equal(got[0].gap.start, START_US + 20 * SECOND);
	assert_int_equal(got[0].gap.end, START_US + 499 * SECOND);
}

/* ---- what goes ---- */

static void put_ports(struct store *store, int64_t at_us, unsigned services)
{
	for (unsigned i = 0; i < services; i++) {
		struct port_record port;
		uint8_t bytes[4] = { 10, 0, 0, (uint8_t)i };
		record_init(RECORD_port, &port);
		port.start = at_us;
		port.server_ip = addr_v4(bytes);
		port.port = 80;
		port.transport = "tcp";
		port.flows = port.payload_bytes = 1;
		assert_true(store_put_port(store, &port, NULL, NULL, NULL));
	}
}

static int64_t number_of(const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open_v2(in_folder("breakwater.db"), &db,
					 SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	int64_t number = db_number(db, sql, -1);
	sqlite3_close(db);
	return number;
}

/* Until there are so many rows, or some more that wait for the next walk. */
static void wait_rows(const char *table, int64_t least, int64_t most)
{
	char sql[64];
	int64_t rows = -1;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	for (int i = 0; i < 3000 && (rows < least || rows > most); i++) {
		rows = number_of(sql);
		pause_ms(10);
	}
	if (rows < least || rows > most)
		fail_msg("%s: %lld rows, not %lld to %lld", table, (long long)rows,
			 (long long)least, (long long)most);
}

static void put_seen(struct store *store, int64_t at_us)
{
	struct flow_record flow;
	struct listener_record listener;
	struct login_record login;
	random_record(RECORD_flow, &flow, false);
	random_record(RECORD_listener, &listener, false);
	random_record(RECORD_login, &login, false);
	listener.change = "closed"; /* what is open stays: test_store_moment.c */
	listener.sockets = 0;
	flow.end = flow.start = listener.at = login.at = at_us;
	store_put(store, RECORD_flow, &flow);
	store_put(store, RECORD_listener, &listener);
	store_put(store, RECORD_login, &login);
}

static void put_kept(struct store *store, int64_t at_us)
{
	struct failure_record failure;
	struct transcript_record line;
	struct packet_record packet;
	struct probe_record probe;
	random_record(RECORD_failure, &failure, false);
	random_record(RECORD_transcript, &line, false);
	random_record(RECORD_packet, &packet, false);
	record_init(RECORD_probe, &probe);
	snprintf(probe.target, sizeof(probe.target), "ssh://192.0.2.1:22");
	failure.at = line.at = packet.at = probe.at = at_us;
	store_put(store, RECORD_failure, &failure);
	store_put(store, RECORD_transcript, &line);
	store_put(store, RECORD_packet, &packet);
	store_put(store, RECORD_probe, &probe);
}

static void what_is_older_than_its_limit_goes(void **state)
{
	(void)state;
	static const struct store_limits limits = {
		.flows_s = 2 * 86400,
		.ports_10s_s = 3600,
		.ports_1m_s = 2 * 86400,
		.ports_1h_s = 4 * 86400,
		.ports_1d_s = 6 * 86400,
		.events_s = 3 * 86400,
		.probes_s = 86400,
		.failures_s = 86400,
		.packets_s = 86400,
		.packets_bytes = 1 << 20,
		.size_bytes = UINT64_MAX,
	};
	struct store *store = store_open(folder, &limits);
	for (int64_t hour = 0; hour < 10 * 24; hour++) {
		int64_t at_us = START_US + hour * 3600 * SECOND;
		put_ports(store, at_us, 3);
		put_self(store, at_us + SECOND);
		put_seen(store, at_us);
		put_kept(store, at_us);
	}
	/* Ages are of the last second: 9 days, 23 hours, and what is waited. */
	int64_t now = START_US + (10 * 24 - 1) * 3600 * SECOND;
	wait_written(store);
	pause_ms(2100); /* a look that may take the days for a jump of the clock */
	put_self(store, now + 700 * SECOND);
	wait_written(store);
	wait_rows("roll_10s", 1 * 3, 2 * 3);
	wait_rows("roll_1m", 48 * 3, 50 * 3);
	wait_rows("roll_1h", 4 * 24 * 3, 5 * 24 * 3);
	wait_rows("roll_1d", 6 * 3, 7 * 3);
	wait_rows("listener", 3 * 24, 3 * 24 + 2);
	wait_rows("login", 3 * 24, 3 * 24 + 2);
	wait_rows("failure", 24, 26);
	wait_rows("transcript", 24, 26);
	wait_rows("packet", 24, 26);
	wait_rows("probe", 24, 26);
	/* Hours and days of it, as long as findings. */
	wait_rows("uptime", 3 * 24 + 3, 3 * 24 + 2 + 4);
	struct store_status status;
	store_status(store, &status);
	store_close(store);
	read_well(RECORD_flow, NULL);
	for (size_t i = 0; i < got_count; i++)
		assert_true(got[i].flow.end >= now - 3 * DAY);
	assert_true(got_count >= 48);
	/* What finer levels have no more is read from coarser ones: every flow of it.
	 */
	struct store_filter filter;
	store_filter_init(&filter);
	filter.since_us = now - 6 * DAY + 12 * 3600 * SECOND;
	filter.step_s = 60;
	read_well(RECORD_port, &filter);
	uint64_t flows = 0;
	for (size_t i = 0; i < got_count; i++)
		flows += got[i].port.flows;
	assert_in_range(flows, (6 * 24 - 12) * 3, (6 * 24 + 12) * 3);
}

static void packets_over_their_limit_go_the_oldest_first(void **state)
{
	(void)state;
	struct store_limits limits = store_no_limits;
	limits.packets_bytes = 400 * 1000;
	struct store *store = store_open(folder, &limits);
	struct packet_record packet;
	for (int i = 0; i < 1000; i++) {
		random_record(RECORD_packet, &packet, true);
		packet.at = START_US + i;
		packet.data.len = 1000;
		store_put(store, RECORD_packet, &packet);
	}
	put_self(store, START_US + SECOND);
	wait_written(store);
	wait_rows("packet", 300, 400);
	store_close(store);
	read_well(RECORD_packet, NULL);
	assert_true(got_count > 0);
	for (size_t i = 0; i < got_count; i++)
		assert_true(got[i].packet.at >= START_US + 600);
}

static void a_jump_of_the_clock_deletes_nothing_at_once(void **state)
{
	(void)state;
	struct store_limits limits = store_no_limits;
	limits.flows_s = 86400;
	struct store *store = store_open(folder, &limits);
	struct flow_record flow;
	random_record(RECORD_flow, &flow, true);
	flow.end = flow.start = START_US;
	store_put(store, RECORD_flow, &flow);
	put_self(store, START_US);
	wait_written(store);
	pause_ms(2500); /* a look */
	put_self(store, START_US + 400 * DAY);
	wait_written(store);
	pause_ms(2500);
	put_self(store, START_US + 60 * SECOND);
	wait_written(store);
	pause_ms(2500);
	store_close(store);
	read_well(RECORD_flow, NULL);
	assert_int_equal(got_count, 1);
}

static uint64_t bytes_in_folder(void)
{
	uint64_t bytes = file_bytes(in_folder("breakwater.db"));
	int64_t *days = NULL;
	long count = days_list(folder, DAYS_FLOWS, &days);
	for (long i = 0; i < count; i++) {
		char path[160];
		day_path(folder, DAYS_FLOWS, days[i], path, sizeof(path));
		bytes += file_bytes(path);
	}
	free(days);
	return bytes;
}

static void too_much_is_made_less_oldest_flows_first(void **state)
{
	(void)state;
	struct store_limits limits = store_no_limits;
	struct store *store = store_open(folder, &limits);
	for (unsigned i = 0; i < 20000; i++) {
		struct flow_record flow;
		random_record(RECORD_flow, &flow, true);
		flow.end = flow.start = START_US + i % 8 * DAY;
		store_put(store, RECORD_flow, &flow);
	}
	for (unsigned minute = 0; minute < 300; minute++)
		put_ports(store, START_US + minute * 60 * SECOND, 100);
	wait_written(store);
	store_close(store);
	uint64_t before = bytes_in_folder();
	uint64_t ports = file_bytes(in_folder("breakwater.db"));
	/* Room for two thirds of the ports: all flows but the last day's must go. */
	limits.size_bytes = ports * 2 / 3 + (before - ports) / 8;
	store = store_open(folder, &limits);
	put_ports(store, START_US + 301 * 60 * SECOND, 1);
	int64_t *days = NULL;
	long count = 8;
	for (int i = 0; i < 3000; i++) {
		struct store_status status;
		store_status(store, &status);
		count = days_list(folder, DAYS_FLOWS, &days);
		free(days);
		if (count == 1 && status.bytes > 0 &&
		    number_of("SELECT count(*) FROM roll_10s") < 15000)
			break;
		pause_ms(10);
	}
	assert_int_equal(count, 1);
	assert_true(number_of("SELECT count(*) FROM roll_10s") < 15000);
	assert_int_equal(number_of("SELECT count(*) FROM roll_1h"), 5 * 100);
	store_close(store);
}

/* ---- versions ---- */

static int define_old(sqlite3 *db)
{
	return db_run(db, "CREATE TABLE IF NOT EXISTS thing(a)");
}

static int define_new(sqlite3 *db)
{
	return db_run(db, "CREATE TABLE IF NOT EXISTS thing(a,b,c)");
}

static void an_older_file_is_backed_up_and_taken_up_step_by_step(void **state)
{
	(void)state;
	static const struct file_step steps[] = {
		{ 1, "ALTER TABLE thing ADD COLUMN b" },
		{ 2, "ALTER TABLE thing ADD COLUMN c;UPDATE thing SET c=a+1" },
	};
	const struct file_kind old = { .version = 1, .define = define_old };
	const struct file_kind new = {
		.version = 3, .steps = steps, .step_count = 2, .define = define_new
	};
	const struct file_kind broken = {
		.version = 3,
		.steps = (const struct file_step[]){ { 1, "UPDATE thing SET a=0" },
						     { 2, "ALTER TABLE nothing" } },
		.step_count = 2,
		.define = define_new
	};
	struct trouble trouble = { 0 };
	char path[128], backup[160];
	snprintf(path, sizeof(path), "%s", in_folder("some.db"));
	sqlite3 *db = file_open(path, &old, &trouble);
	assert_non_null(db);
	db_run(db, "INSERT INTO thing VALUES(41)");
	sqlite3_close(db);
	/* All or nothing. */
	assert_null(file_open(path, &broken, &trouble));
	assert_int_equal(trouble.state, STORE_FAILED);
	db = file_open(path, &new, &trouble);
	assert_non_null(db);
	assert_int_equal(db_number(db, "SELECT c FROM thing", 0), 42);
	assert_int_equal(db_number(db, "PRAGMA user_version", 0), 3);
	sqlite3_close(db);
	snprintf(backup, sizeof(backup), "%s.v1-backup", path);
	db = file_open(backup, &old, &trouble);
	assert_non_null(db);
	assert_int_equal(db_number(db, "SELECT a FROM thing", 0), 41);
	assert_int_equal(db_number(db, "PRAGMA user_version", 0), 1);
	sqlite3_close(db);
	assert_null(file_open(path, &old, &trouble));
	assert_int_equal(trouble.state, STORE_NEWER);
}

static void drop_columns(const char *name, const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(in_folder(name), &db), SQLITE_OK);
	if (db_run(db, sql) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* As a file of a version that had fewer fields. */
static void a_field_that_is_new_is_added_and_unknown_before(void **state)
{
	(void)state;
	struct flow_record flow;
	struct listener_record listener;
	struct store *store = store_open(folder, &store_no_limits);
	random_record(RECORD_flow, &flow, true);
	flow.end = flow.start = START_US;
	random_record(RECORD_listener, &listener, true);
	listener.at = START_US;
	store_put(store, RECORD_flow, &flow);
	store_put(store, RECORD_listener, &listener);
	put_ports(store, START_US, 2);
	wait_written(store);
	store_close(store);
	drop_columns("flows-2026-01-31.db", "ALTER TABLE flow DROP COLUMN pid");
	drop_columns("breakwater.db",
		     "DROP VIEW port_10s;DROP VIEW port_1m;DROP VIEW port_1h;"
		     "DROP VIEW port_1d;ALTER TABLE roll_10s DROP COLUMN flows;"
		     "ALTER TABLE listener DROP COLUMN reach;"
		     "ALTER TABLE service DROP COLUMN class");
	/* Read as it is, */
	read_well(RECORD_flow, NULL);
	assert_int_equal(got_count, 1);
	assert_int_equal(got[0].flow.pid, UNKNOWN_U32);
	assert_int_equal(got[0].flow.ip_proto, flow.ip_proto);
	read_well(RECORD_listener, NULL);
	assert_null(got[0].listener.reach);
	read_well(RECORD_port, NULL);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].port.flows, UNKNOWN_U64);
	/* and written on. */
	store = store_open(folder, &store_no_limits);
	store_put(store, RECORD_flow, &flow);
	store_put(store, RECORD_listener, &listener);
	put_ports(store, START_US + SECOND, 2);
	wait_written(store);
	store_close(store);
	read_well(RECORD_flow, NULL);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].flow.pid, flow.pid);
	assert_int_equal(got[1].flow.pid, UNKNOWN_U32);
	read_well(RECORD_listener, NULL);
	assert_int_equal(got_count, 2);
	read_well(RECORD_port, NULL);
	assert_int_equal(got[0].port.flows, 1);
	assert_int_equal(number_of("SELECT sum(flows) FROM port_10s"), 2);
}

/* ---- days, plans, the queue ---- */

static void days_are_those_of_utc(void **state)
{
	(void)state;
	char path[64];
	assert_int_equal(day_of(0), 0);
	assert_int_equal(day_of(-1), -1);
	assert_int_equal(day_of(DAY_US - 1), 0);
	day_path("f", DAYS_FLOWS, day_of(START_US), path, sizeof(path));
	assert_string_equal(path, "f/flows-2026-01-31.db");
	day_path("f", DAYS_FLOWS, day_of(START_US - 1), path, sizeof(path));
	assert_string_equal(path, "f/flows-2026-01-30.db");
}

static void a_plan_covers_its_time_once(void **state)
{
	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct rollup have = { 0 };
		struct plan plan = { .count = 0 };
		int64_t now = START_US + (int64_t)some(40 * DAY);
		have.rolled[LEVEL_1M] = floor_to(now, level_us(LEVEL_1M));
		have.rolled[LEVEL_1H] = floor_to(now, level_us(LEVEL_1H));
		have.rolled[LEVEL_1D] = floor_to(now, level_us(LEVEL_1D));
		for (unsigned level = 0; level < LEVELS; level++)
			have.kept[level] = INT64_MIN;
		if (some(1) == 0) {
			have.kept[LEVEL_10S] = floor_to(now - DAY / 12, 10 * SECOND);
			have.kept[LEVEL_1M] = floor_to(now - DAY, 60 * SECOND);
		}
		enum level coarsest = (enum level)some(LEVELS - 1);
		int64_t from =
			floor_to(now - (int64_t)some(30 * DAY), level_us(coarsest));
		int64_t to = now + (int64_t)some(100 * SECOND);
		plan_cover(&plan, &have, coarsest, from, to);
		assert_true(plan.count > 0);
		assert_true(plan.at[0].from <= from);
		assert_int_equal(plan.at[plan.count - 1].to, to);
		for (unsigned i = 1; i < plan.count; i++)
			assert_int_equal(plan.at[i].from, plan.at[i - 1].to);
		for (unsigned i = 0; i < plan.count; i++)
			assert_int_equal(plan.at[i].from % level_us(plan.at[i].level),
					 0);
	}
}

static void a_queue_gives_what_was_put_and_refuses_too_much(void **state)
{
	(void)state;
	struct queue *queue = queue_new(1 << 20);
	uint64_t put = 0, taken = 0;
	for (int round = 0; round < 300; round++) {
		for (uint64_t i = some(400); i > 0; i--) {
			size_t len = 8 + some(2000);
			uint64_t *room = queue_reserve(queue, 7, len);
			if (room == NULL)
				break;
			*room = put++;
			queue_commit(queue);
		}
		assert_true(queue_bytes(queue) <= 1 << 20);
		assert_int_equal(queue_waiting(queue), put - taken);
		struct queue_place place = queue_first(queue);
		uint64_t count = 0;
		for (uint64_t i = some(500); i > 0; i--) {
			struct message *message = queue_next(&place);
			if (message == NULL)
				break;
			uint64_t number;
			memcpy(&number, message->at, sizeof(number));
			assert_int_equal(number, taken + count++);
		}
		if (some(3) == 0)
			continue; /* and once more from the same place */
		queue_release(queue, place, count);
		taken += count;
	}
	assert_null(queue_reserve(queue, 7, QUEUE_MESSAGE_MAX + 1));
	queue_free(queue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_near_each_other_are_one_gap),
		cmocka_unit_test(sleep_is_a_gap_and_a_clock_that_is_set_is_none),
		cmocka_unit_test(gaps_without_room_grow_the_last),
		TEST(a_stop_is_a_gap_and_a_quick_restart_is_none),
		TEST(what_is_older_than_its_limit_goes),
		TEST(packets_over_their_limit_go_the_oldest_first),
		TEST(a_jump_of_the_clock_deletes_nothing_at_once),
		TEST(too_much_is_made_less_oldest_flows_first),
		TEST(an_older_file_is_backed_up_and_taken_up_step_by_step),
		TEST(a_field_that_is_new_is_added_and_unknown_before),
		cmocka_unit_test(days_are_those_of_utc),
		cmocka_unit_test(a_plan_covers_its_time_once),
		cmocka_unit_test(a_queue_gives_what_was_put_and_refuses_too_much),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
