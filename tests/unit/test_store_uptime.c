/*
 * test_store_uptime.c: how targets were, by hour and by day, is what their probes say,
 * whether they are counted as they come or out of a store of before.
 */
#include "store_check.h"

#include "store/events.h"

#define HOUR (3600 * SECOND)

enum { TARGETS = 3, HOURS = 40, PROBES = 3000 };

static uint64_t expected[TARGETS][HOURS][5];
static const char *const states[] = { "up", "degraded", "down", NULL };
enum { UP, DEGRADED, DOWN, UNKNOWN, MAINTENANCE };

static void put_probe(struct store *store, unsigned target, int64_t at_us)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	unsigned state = (unsigned)some(UNKNOWN);
	bool maintained = some(3) == 0;
	probe.at = at_us;
	snprintf(probe.target, sizeof(probe.target), "tcp://192.0.2.%u:22", target);
	probe.hard_state = states[state];
	if (maintained || some(1) == 0)
		probe.maintenance = maintained;
	expected[target][(at_us - START_US) / HOUR][maintained ? MAINTENANCE : state]++;
	assert_true(store_put(store, RECORD_probe, &probe));
}

static void fill(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	memset(expected, 0, sizeof(expected));
	for (unsigned i = 0; i < PROBES; i++) {
		/* Two in three are of the first half, so that there are hours without.
		 */
		unsigned hours = some(2) == 0 ? HOURS : HOURS / 2;
		int64_t at_us = START_US + (int64_t)some(hours * HOUR - 1);
		put_probe(store, (unsigned)some(TARGETS - 1), at_us);
		if (i % 500 == 0)
			wait_written(store);
	}
	wait_written(store);
	store_close(store);
}

static uint64_t sum_of(unsigned target, unsigned state, int64_t start_us,
		       uint32_t length_s)
{
	uint64_t sum = 0;
	for (unsigned hour = 0; hour < HOURS; hour++) {
		int64_t at_us = START_US + hour * HOUR;
		if (at_us >= start_us && at_us < start_us + length_s * SECOND)
			sum += expected[target][hour][state];
	}
	return sum;
}

/* Whether the records read are of that length, and as expected. */
static void expect_counts(uint32_t length_s)
{
	for (size_t i = 0; i < got_count; i++) {
		const struct uptime_record *one = (const struct uptime_record *)&got[i];
		static const char before[] = "tcp://192.0.2.";
		assert_memory_equal(one->target, before, strlen(before));
		unsigned target =
			(unsigned)strtoul(one->target + strlen(before), NULL, 10);
		assert_int_equal(one->interval_s, length_s);
		assert_int_equal(one->start % (length_s * SECOND), 0);
		const uint64_t counts[] = { one->up, one->degraded, one->down,
					    one->unknown, one->maintenance };
		for (unsigned state = UP; state <= MAINTENANCE; state++)
			assert_int_equal(counts[state],
					 sum_of(target, state, one->start, length_s));
	}
}

/* How many periods of that length have a probe, of one target or (TARGETS) of all. */
static size_t periods(unsigned of, uint32_t length_s, int64_t since_us)
{
	size_t count = 0;
	for (unsigned target = 0; target < TARGETS; target++)
		for (int64_t at = START_US; at < START_US + HOURS * HOUR;
		     at += length_s * SECOND) {
			uint64_t all = 0;
			for (unsigned state = UP; state <= MAINTENANCE; state++)
				all += sum_of(target, state, at, length_s);
			count += all > 0 && (of == TARGETS || of == target) &&
				 at + length_s * SECOND > since_us;
		}
	return count;
}

static void expect_all(void)
{
	static const uint32_t lengths[] = { 3600, 86400 };
	for (size_t i = 0; i < 2; i++) {
		struct store_filter filter;
		store_filter_init(&filter);
		filter.step_s = lengths[i];
		read_well(RECORD_uptime, &filter);
		assert_int_equal(got_count, periods(TARGETS, lengths[i], START_US));
		expect_counts(lengths[i]);
		/* The period that a time begins in belongs to it. */
		filter.since_us = START_US + 5 * HOUR + HOUR / 2;
		filter.target = "tcp://192.0.2.1:22";
		read_well(RECORD_uptime, &filter);
		assert_int_equal(got_count, periods(1, lengths[i], filter.since_us));
		expect_counts(lengths[i]);
	}
}

static void each_period_counts_its_probes_by_state(void **state)
{
	(void)state;
	fill();
	expect_all();
}

static void run_sql(const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Until what a store of before had is counted. */
static void wait_counted(void)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	bool counted = false;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_prepare_v2(
				 db, "SELECT value FROM meta WHERE name='uptime_from'",
				 -1, &stmt, NULL),
			 SQLITE_OK);
	for (int i = 0; i < 1000 && !counted; i++) {
		counted = sqlite3_step(stmt) == SQLITE_ROW &&
			  sqlite3_column_int64(stmt, 0) == 0;
		sqlite3_reset(stmt);
		pause_ms(10);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	assert_true(counted);
}

static void forget_counts(void)
{
	run_sql("DROP TABLE uptime;DROP INDEX probe_target");
}

static void probes_of_a_store_of_before_are_counted_once(void **state)
{
	(void)state;
	fill();
	forget_counts();
	for (int i = 0; i < 2; i++) {
		struct store *store = store_open(folder, &store_no_limits);
		struct store_status status;
		wait_state(store, STORE_OK, &status);
		put_probe(store, 0, START_US + HOURS * HOUR - 1);
		put_probe(store, 1, START_US + 1);
		wait_written(store);
		wait_counted();
		store_close(store);
		expect_all();
	}
}

static void begin_catching_up(sqlite3 **db, struct events **events)
{
	int code;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), db), SQLITE_OK);
	assert_int_equal(events_define(*db), SQLITE_OK);
	*events = events_open(*db, &code);
	assert_non_null(*events);
}

/*
 * However far the counting came, a period has all of its probes or no record, and it
 * goes on there when it is opened again.
 */
static void what_is_not_counted_yet_is_not_told(void **state)
{
	(void)state;
	size_t told = 0;
	unsigned steps = 0;
	bool more = true;
	fill();
	forget_counts();
	while (more) {
		sqlite3 *db;
		struct events *events;
		begin_catching_up(&db, &events);
		assert_int_equal(events_catch_up(events, &more), SQLITE_OK);
		events_close(events);
		sqlite3_close(db);
		read_well(RECORD_uptime, &(struct store_filter){ .since_us = INT64_MIN,
								 .until_us = INT64_MAX,
								 .step_s = 86400 });
		expect_counts(86400);
		read_well(RECORD_uptime, &(struct store_filter){ .since_us = INT64_MIN,
								 .until_us = INT64_MAX,
								 .step_s = 3600 });
		expect_counts(3600);
		assert_true(got_count >= told && got_count <= told + TARGETS);
		told = got_count;
		steps++;
	}
	assert_true(steps > HOURS / 2);
	expect_all();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_period_counts_its_probes_by_state),
		TEST(probes_of_a_store_of_before_are_counted_once),
		TEST(what_is_not_counted_yet_is_not_told),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
