/*
 * test_store_ranges.c: ranges of rows change nothing of what is read, whatever became
 * of the file: restarts, transactions that fail, rows of a version that knew none, late
 * flows and unknown times.
 */
#include "store_check.h"

#include "store/days.h"
#include "store/ranges.h"
#include "store/settled.h"

enum { ROWS_MAX = 64 * RANGE_ROWS };
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

static const int64_t today = START_US / DAY_US;

/* ---- a file ---- */

static struct day_file file;
static int64_t now_us; /* of the flow that comes next */
static uint32_t flow_number;

static void open_file(int64_t day)
{
	struct trouble trouble;
	if (!day_open(&file, folder, day, &trouble))
		fail_msg("%s", trouble.message);
}

static void run(const char *sql)
{
	if (db_run(file.db, sql) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(file.db));
}

static struct flow_record flow_at(int64_t start_us, int64_t end_us)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.start = start_us;
	flow.end = end_us;
	flow.transport = "tcp";
	flow.server_port = flow_number % 2 == 0 ? 80 : 443;
	flow.pid = ++flow_number;
	return flow;
}

static void put(int64_t start_us, int64_t end_us)
{
	struct flow_record flow = flow_at(start_us, end_us);
	assert_int_equal(day_insert(&file, &flow), SQLITE_OK);
}

/* A moment goes by with each. */
static void put_next(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		now_us += 100000;
		put(now_us - SECOND, now_us);
	}
}

static void write_next(unsigned count)
{
	run("BEGIN IMMEDIATE");
	put_next(count);
	assert_int_equal(day_end(&file), SQLITE_OK);
	run("COMMIT");
}

/* ---- what is read ---- */

static uint32_t numbers[2][ROWS_MAX]; /* of flows: as read, and as they should be */
static size_t counts[2];

static bool take_number(void *to, const void *record)
{
	const struct flow_record *flow = record;
	(void)to;
	assert_true(counts[0] < ROWS_MAX);
	numbers[0][counts[0]++] = flow->pid;
	return true;
}

static void read_part(struct store_reader *reader, const struct store_filter *filter)
{
	char error[STORE_ERROR_MAX];
	if (store_read(reader, RECORD_flow, filter, take_number, NULL, error) != 0)
		fail_msg("%s", error);
}

/* Of that day's file, without ranges. */
static void read_plainly(int64_t day, int64_t since_us, int64_t until_us)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	day_path(folder, DAYS_FLOWS, day, path, sizeof(path));
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT pid FROM flow WHERE \"end\">=? AND "
					    "\"start\"<=? ORDER BY rowid DESC",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(stmt, 1, since_us);
	sqlite3_bind_int64(stmt, 2, until_us);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		assert_true(counts[1] < ROWS_MAX);
		numbers[1][counts[1]++] = (uint32_t)sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void expect_equal(const char *what)
{
	if (counts[0] != counts[1] ||
	    memcmp(numbers[0], numbers[1], counts[0] * sizeof(numbers[0][0])) != 0)
		fail_msg("%s: %zu flows read, not the %zu there are", what, counts[0],
			 counts[1]);
}

static struct store_filter times(int64_t since_us, int64_t until_us)
{
	struct store_filter filter;
	store_filter_init(&filter);
	filter.since_us = since_us;
	filter.until_us = until_us;
	return filter;
}

static struct store_reader *open_reader(void)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	return reader;
}

/* All of it in its order; and the same of both parts together. How many are settled. */
static size_t expect_time(int64_t since_us, int64_t until_us)
{
	struct store_reader *reader = open_reader();
	struct store_filter filter = times(since_us, until_us);
	struct store_settled settled;
	size_t count = 0;
	counts[0] = counts[1] = 0;
	read_plainly(today, since_us, until_us);
	read_part(reader, &filter);
	expect_equal("all");
	if (store_settled(reader, RECORD_flow, &filter, INT64_MAX, &settled)) {
		counts[0] = 0;
		filter.settled = &settled;
		filter.part = STORE_SETTLED;
		read_part(reader, &filter);
		count = counts[0];
		filter.part = STORE_REST;
		read_part(reader, &filter);
		qsort(numbers[0], counts[0], sizeof(numbers[0][0]), by_number);
		qsort(numbers[1], counts[1], sizeof(numbers[1][0]), by_number);
		expect_equal("settled and the rest");
		free(settled.rows);
	}
	store_reader_close(reader);
	return count;
}

/* ---- whatever became of it ---- */

/* Most in order; some late, some long, some of which a time is not known. */
static void put_any(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		now_us += (int64_t)some(SECOND);
		int64_t end_us = now_us, start_us = now_us - (int64_t)some(MINUTE);
		if (some(3000) == 0)
			end_us -= (int64_t)some(5 * HOUR);
		if (some(3000) == 0)
			start_us -= (int64_t)some(DAY);
		if (some(20000) == 0)
			start_us = UNKNOWN_TIME;
		else if (some(20000) == 0)
			end_us = UNKNOWN_TIME;
		put(start_us < end_us || start_us == UNKNOWN_TIME ? start_us : end_us,
		    end_us);
	}
}

static void write_any(bool is_kept)
{
	run("BEGIN IMMEDIATE");
	put_any((unsigned)some(2 * RANGE_ROWS));
	assert_int_equal(day_end(&file), SQLITE_OK);
	run(is_kept ? "COMMIT" : "ROLLBACK");
	if (is_kept)
		return;
	day_close(&file);
	open_file(today);
}

/* Rows that no range is of, the last of another time than those around. */
static void write_as_before(void)
{
	char sql[256];
	day_close(&file);
	open_file(today);
	run("BEGIN IMMEDIATE");
	for (uint64_t i = 1 + some(3000); i > 0; i--) {
		now_us += 100000;
		int64_t end_us = now_us - (i == 1 ? 10 * HOUR : 0);
		snprintf(sql, sizeof(sql),
			 "INSERT INTO flow(\"start\",\"end\",pid)VALUES(%lld,%lld,%u)",
			 (long long)(end_us - SECOND), (long long)end_us,
			 ++flow_number);
		run(sql);
	}
	file.least_start = START_US - 2 * DAY;
	file.greatest_end = now_us;
	file.span_changed = true;
	assert_int_equal(day_end(&file), SQLITE_OK);
	run("COMMIT");
	day_close(&file);
	open_file(today);
}

static void ranges_change_nothing_that_is_read(void **state)
{
	(void)state;
	enum { STEPS = 16, QUESTIONS = 3 };
	size_t settled = 0;
	now_us = START_US;
	open_file(today);
	for (int step = 0; step < STEPS; step++) {
		unsigned what = (unsigned)some(7);
		if (what == 0) {
			day_close(&file);
			open_file(today);
		} else if (what == 1) {
			write_as_before();
		} else {
			write_any(what != 2);
		}
		for (int i = 0; i < QUESTIONS; i++) {
			int64_t since_us = now_us - (int64_t)some(20 * HOUR);
			settled += expect_time(
				since_us, some(1) == 0
						  ? INT64_MAX
						  : since_us + (int64_t)some(9 * HOUR));
		}
		settled += expect_time(INT64_MIN, INT64_MAX);
	}
	day_close(&file);
	assert_true(settled > 0);
}

static void rows_that_no_range_is_of_are_read(void **state)
{
	(void)state;
	now_us = START_US + 12 * HOUR;
	open_file(today);
	write_next(100);
	write_as_before();
	write_next(100);
	expect_time(START_US + HOUR, START_US + 5 * HOUR);
	assert_int_equal(counts[1], 1);
	/* A file that has none at all is read, and written on. */
	run("DROP TABLE flow_range;DROP TABLE meta");
	day_close(&file);
	assert_int_equal(expect_time(INT64_MIN, INT64_MAX), 0);
	open_file(today);
	write_next(RANGE_ROWS);
	day_close(&file);
	assert_int_equal(expect_time(INT64_MIN, INT64_MAX), RANGE_ROWS);
	expect_time(START_US + HOUR, START_US + 5 * HOUR);
	assert_int_equal(counts[1], 1);
}

/* What a range says is wrong here, so that it shows whether it is asked. */
static void rows_of_another_time_are_not_looked_at(void **state)
{
	(void)state;
	struct store_reader *reader;
	struct store_filter filter = times(START_US, START_US + DAY);
	now_us = START_US;
	open_file(today);
	write_next(3 * RANGE_ROWS);
	run("UPDATE flow_range SET least_end=0,greatest_end=0 WHERE first=4097");
	counts[0] = 0;
	reader = open_reader();
	read_part(reader, &filter);
	assert_int_equal(counts[0], 2 * RANGE_ROWS);
	assert_int_equal(numbers[0][RANGE_ROWS - 1] - numbers[0][RANGE_ROWS],
			 RANGE_ROWS + 1);
	store_reader_close(reader);
	day_close(&file);
}

static int64_t number_of(const char *sql)
{
	return db_number(file.db, sql, -1);
}

static void a_restart_goes_on_with_the_open_range(void **state)
{
	(void)state;
	now_us = START_US;
	open_file(today);
	for (int i = 0; i < 5; i++) {
		write_next(RANGE_ROWS / 2);
		day_close(&file);
		open_file(today);
	}
	assert_int_equal(number_of("SELECT count(*) FROM flow_range"), 3);
	assert_int_equal(number_of("SELECT last FROM flow_range WHERE first=4097"),
			 2 * RANGE_ROWS);
	day_close(&file);
}

/* ---- what is settled ---- */

static bool settle(struct store_settled *out, int64_t since_us, int64_t before_us)
{
	struct store_reader *reader = open_reader();
	struct store_filter filter = times(since_us, INT64_MAX);
	bool is_some = store_settled(reader, RECORD_flow, &filter, before_us, out);
	store_reader_close(reader);
	return is_some;
}

static int64_t rows_settled(int64_t since_us, int64_t before_us, uint64_t *revision)
{
	struct store_settled settled;
	int64_t rows = 0;
	*revision = 0;
	if (!settle(&settled, since_us, before_us))
		return 0;
	for (size_t i = 0; i < settled.row_count; i++)
		rows += settled.rows[i].last - settled.rows[i].first + 1;
	*revision = settled.revision;
	free(settled.rows);
	return rows;
}

static void only_whole_ranges_that_are_full_and_over_are_settled(void **state)
{
	(void)state;
	uint64_t first, again, later;
	now_us = START_US;
	open_file(today);
	write_next(3 * RANGE_ROWS + 100);
	assert_int_equal(rows_settled(INT64_MIN, INT64_MAX, &first), 3 * RANGE_ROWS);
	/* What comes behind changes nothing of them, nor does a restart, */
	day_close(&file);
	open_file(today);
	write_next(100);
	assert_int_equal(rows_settled(INT64_MIN, INT64_MAX, &again), 3 * RANGE_ROWS);
	assert_true(first == again);
	/* and a moment that goes by does not, either. */
	assert_int_equal(rows_settled(START_US, INT64_MAX, &again), 3 * RANGE_ROWS);
	assert_true(first == again);
	int64_t end_us = START_US + RANGE_ROWS * 100000;
	assert_int_equal(rows_settled(end_us + SECOND, INT64_MAX, &later), RANGE_ROWS);
	assert_true(first != later);
	assert_int_equal(rows_settled(INT64_MIN, end_us, &later), 0);
	assert_int_equal(rows_settled(INT64_MIN, end_us + 1, &later), RANGE_ROWS);
	day_close(&file);
}

/* The rest of yesterday is settled when nothing more of it is to come; what comes all
 * the same is noticed. */
static void a_day_that_is_over_is_settled_to_its_end(void **state)
{
	(void)state;
	uint64_t over, late;
	now_us = START_US - HOUR;
	open_file(today - 1);
	write_next(100);
	day_close(&file);
	open_file(today);
	now_us = START_US;
	write_next(100);
	assert_int_equal(rows_settled(INT64_MIN, INT64_MAX, &over), 0);
	now_us = START_US + 10 * MINUTE;
	write_next(100);
	day_close(&file);
	assert_int_equal(rows_settled(INT64_MIN, INT64_MAX, &over), 100);
	open_file(today - 1);
	now_us = START_US - SECOND;
	write_next(1);
	day_close(&file);
	assert_int_equal(rows_settled(INT64_MIN, INT64_MAX, &late), 101);
	assert_true(over != late);
}

/* Between being told what is settled and reading it. */
static void a_new_file_of_the_same_day_is_another(void **state)
{
	(void)state;
	struct store_settled settled;
	struct store_filter filter = times(INT64_MIN, INT64_MAX);
	now_us = START_US;
	open_file(today);
	write_next(2 * RANGE_ROWS);
	day_close(&file);
	assert_true(settle(&settled, INT64_MIN, INT64_MAX));
	assert_int_equal(day_remove(folder, DAYS_FLOWS, today), 0);
	now_us = START_US;
	open_file(today);
	write_next(2 * RANGE_ROWS);
	day_close(&file);
	struct store_reader *reader = open_reader();
	filter.settled = &settled;
	filter.part = STORE_SETTLED;
	counts[0] = 0;
	read_part(reader, &filter);
	assert_int_equal(counts[0], 0);
	filter.part = STORE_REST;
	read_part(reader, &filter);
	assert_int_equal(counts[0], 2 * RANGE_ROWS);
	store_reader_close(reader);
	free(settled.rows);
}

/* Their numbers are given again, to flows of another time. */
static void rows_deleted_by_hand_are_forgotten(void **state)
{
	(void)state;
	uint64_t before, after;
	now_us = START_US;
	open_file(today);
	write_next(2 * RANGE_ROWS);
	rows_settled(INT64_MIN, INT64_MAX, &before);
	run("DELETE FROM flow WHERE rowid>5000");
	day_close(&file);
	open_file(today);
	now_us = START_US + 5 * HOUR;
	write_next(2 * RANGE_ROWS);
	day_close(&file);
	expect_time(START_US + 5 * HOUR, INT64_MAX);
	expect_time(START_US, START_US + HOUR);
	expect_time(INT64_MIN, INT64_MAX);
	rows_settled(INT64_MIN, INT64_MAX, &after);
	assert_true(before != after);
}

/* ---- SQL ---- */

static bool take_count(void *self, const struct store_value *values, size_t count)
{
	assert_int_equal(count, 1);
	*(int64_t *)self = values[0].integer;
	return true;
}

static void sql_leaves_out_what_cannot_match(void **state)
{
	(void)state;
	char sql[160], error[STORE_ERROR_MAX];
	int64_t count = -1, first_us = START_US + 100000;
	const struct store_sql to = { .self = &count, .row = take_count };
	now_us = START_US;
	open_file(today);
	write_next(3 * RANGE_ROWS);
	struct store_reader *reader = open_reader();
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM flow WHERE \"end\">=%lld AND \"end\"<%lld",
		 (long long)(first_us + RANGE_ROWS * 100000LL),
		 (long long)(first_us + 2 * RANGE_ROWS * 100000LL));
	assert_int_equal(store_sql(reader, sql, 0, &to, error), 0);
	assert_int_equal(count, RANGE_ROWS);
	run("UPDATE flow_range SET least_end=0,greatest_end=0 WHERE first=4097");
	assert_int_equal(store_sql(reader, sql, 0, &to, error), 0);
	assert_int_equal(count, 0);
	/* A flow whose end is not known may be of any time. */
	run("BEGIN IMMEDIATE");
	put(now_us + 2 * HOUR, UNKNOWN_TIME);
	put_next(RANGE_ROWS);
	assert_int_equal(day_end(&file), SQLITE_OK);
	run("COMMIT");
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM flow WHERE \"start\">=%lld",
		 (long long)(now_us + HOUR));
	assert_int_equal(store_sql(reader, sql, 0, &to, error), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_sql(reader, "SELECT count(*) FROM flow", 0, &to, error),
			 0);
	assert_int_equal(count, 4 * RANGE_ROWS + 1);
	store_reader_close(reader);
	day_close(&file);
}

static int interrupt(void *self)
{
	(void)self;
	return 1;
}

/* What can't be read is not a file of before there were ranges. */
static void ranges_that_cannot_be_read_are_not_none(void **state)
{
	(void)state;
	struct range_list list;
	open_file(today);
	sqlite3_progress_handler(file.db, 1, interrupt, NULL);
	assert_int_not_equal(ranges_read(file.db, &list), SQLITE_OK);
	sqlite3_progress_handler(file.db, 0, NULL, NULL);
	assert_int_equal(ranges_read(file.db, &list), SQLITE_OK);
	ranges_free(&list);
	run("DROP TABLE meta");
	assert_int_equal(ranges_read(file.db, &list), SQLITE_OK);
	assert_int_equal(list.file, 0);
	ranges_free(&list);
	day_close(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ranges_change_nothing_that_is_read),
		TEST(ranges_that_cannot_be_read_are_not_none),
		TEST(rows_that_no_range_is_of_are_read),
		TEST(rows_of_another_time_are_not_looked_at),
		TEST(a_restart_goes_on_with_the_open_range),
		TEST(only_whole_ranges_that_are_full_and_over_are_settled),
		TEST(a_day_that_is_over_is_settled_to_its_end),
		TEST(a_new_file_of_the_same_day_is_another),
		TEST(rows_deleted_by_hand_are_forgotten),
		TEST(sql_leaves_out_what_cannot_match),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
