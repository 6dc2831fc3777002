/*
 * test_store_moment.c: who listened at a moment of the past, and when that is not
 * known.
 */
#include <errno.h>

#include "store/moment.h"
#include "store_check.h"

enum { THERE_MAX = 16, FAR_S = 1000000000 };

static struct listener_record there[THERE_MAX];
static size_t count;

static struct listener_record listener(int64_t at_s, uint32_t port, const char *exe,
				       const char *change, uint32_t sockets)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = START_US + at_s * SECOND;
	l.since = START_US;
	l.transport = "tcp";
	l.ip = addr_v4((const uint8_t[]){ 0, 0, 0, 0 });
	l.port = port;
	l.change = change;
	l.sockets = sockets;
	record_text(l.exe, sizeof(l.exe), exe);
	return l;
}

static void audit(struct store *store, int64_t at_s)
{
	struct audit_record record;
	record_init(RECORD_audit, &record);
	record.at = START_US + at_s * SECOND;
	record.action = "start";
	assert_true(store_put(store, RECORD_audit, &record));
}

static void gap(struct store *store, int64_t from_s, int64_t to_s, const char *reason)
{
	struct gap_record record;
	record_init(RECORD_gap, &record);
	record.start = START_US + from_s * SECOND;
	record.end = START_US + to_s * SECOND;
	record.reason = reason;
	assert_true(store_put(store, RECORD_gap, &record));
}

static int fill(void **state)
{
	static const struct {
		int64_t at_s;
		uint32_t port;
		const char *exe, *change;
		uint32_t sockets;
	} put[] = {
		{ 10, 80, "/a", "opened", 1 },
		{ 20, 81, "/a", "opened", 1 },
		{ 21, 81, "/a", "opened", 2 },
		{ 30, 80, "/a", "closed", 0 },
		{ 31, 81, "/a", "closed", 1 },
		{ 40, 82, "/old", "opened", 1 },
		{ 50, 82, "/new", "changed", 1 },
		{ 60, 81, "/a", "closed", 0 },
		{ 70, 83, "/a", "closed", UNKNOWN_U32 },
	};
	new_folder(state);
	struct store *store = store_open(folder, &store_no_limits);
	audit(store, 0);
	for (size_t i = 0; i < sizeof(put) / sizeof(put[0]); i++) {
		struct listener_record l =
			listener(put[i].at_s, put[i].port, put[i].exe, put[i].change,
				 put[i].sockets);
		assert_true(store_put(store, RECORD_listener, &l));
	}
	gap(store, 100, 200, "stopped");
	gap(store, 300, 400, "dropped");
	audit(store, 1000);
	wait_written(store);
	store_close(store);
	return 0;
}

static bool take(void *to, const void *record)
{
	(void)to;
	assert_true(count < THERE_MAX);
	there[count++] = *(const struct listener_record *)record;
	return true;
}

static int ask(int64_t at_s, int64_t now_s, uint32_t kept_s, char *error)
{
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	const struct store_moment moment = { .at_us = START_US + at_s * SECOND,
					     .now_us = START_US + now_s * SECOND,
					     .kept_s = kept_s };
	count = 0;
	int result = store_listeners_at(reader, &moment, take, NULL, error);
	store_reader_close(reader);
	return result;
}

static bool listens(uint32_t port, const char *exe)
{
	for (size_t i = 0; i < count; i++)
		if (there[i].port == port && strcmp(there[i].exe, exe) == 0)
			return true;
	return false;
}

static void at(int64_t at_s, size_t expected)
{
	char error[STORE_ERROR_MAX];
	if (ask(at_s, 1000, 0, error) != 0)
		fail_msg("%s", error);
	if (count != expected)
		fail_msg("at %lld s %zu listen, not %zu", (long long)at_s, count,
			 expected);
}

static void what_opened_and_has_not_closed_is_there(void **state)
{
	(void)state;
	at(9, 0);
	at(10, 1);
	at(25, 2);
	assert_true(listens(80, "/a") && listens(81, "/a"));
	/* One of two sockets has closed, the port has not. */
	at(35, 1);
	assert_true(listens(81, "/a"));
	at(65, 1);
	at(99, 1);
}

static void a_socket_that_passes_on_is_its_new_programs(void **state)
{
	(void)state;
	at(45, 2);
	assert_true(listens(82, "/old"));
	at(55, 2);
	assert_true(listens(82, "/new") && !listens(82, "/old"));
}

static void unknown(int64_t at_s, int64_t now_s, uint32_t kept_s, const char *words)
{
	char error[STORE_ERROR_MAX];
	int result = ask(at_s, now_s, kept_s, error);
	if (result != -ENODATA)
		fail_msg("at %lld s: %d, not %s", (long long)at_s, result, words);
	assert_int_equal(count, 0);
	if (strstr(error, words) == NULL)
		fail_msg("said: %s", error);
}

static void what_nobody_watched_is_not_known(void **state)
{
	(void)state;
	unknown(-1, 1000, 0, "the first record is of 2026-01-31T00:00:00Z");
	unknown(100, 1000, 0,
		"nothing ran from 2026-01-31T00:01:40Z to 2026-01-31T00:03:20Z");
	unknown(199, 1000, 0, "nothing ran from");
	at(200, 1);
	at(350, 1); /* packets were lost, not sockets */
	/* The writer has its own key audited, now: what follows is behind that. */
	unknown(FAR_S, FAR_S + 100, 0, "nothing ran since");
	unknown(50, 1000, 900, "since 2026-01-31T00:01:40Z");
}

static void an_empty_store_knows_nothing(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	probe.at = START_US;
	store_put(store, RECORD_probe, &probe);
	wait_written(store);
	store_close(store);
	unknown(10, 1000, 0, "nothing was ever kept");
}

/* ---- what retention leaves ---- */

/* One that is there and one that has closed, an approval in force and one withdrawn. */
static void put_standing(struct store *store, int64_t at_s)
{
	static const char *const states[] = { "approved", "withdrawn" };
	for (uint32_t i = 0; i < 2; i++) {
		struct listener_record l =
			listener(at_s, i, "/a", i == 0 ? "opened" : "closed", 1 - i);
		struct approval_record approval;
		record_init(RECORD_approval, &approval);
		approval.at = l.at;
		approval.state = states[i];
		record_text(approval.id, sizeof(approval.id), states[i]);
		assert_true(store_put(store, RECORD_listener, &l));
		assert_true(store_put(store, RECORD_approval, &approval));
	}
}

static void put_second(struct store *store, int64_t at_s)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = START_US + at_s * SECOND;
	assert_true(store_put(store, RECORD_self, &self));
	wait_written(store);
}

struct counted {
	size_t rows;
	int64_t at_us; /* of the last one */
};

static bool count_row(void *to, const void *record)
{
	struct counted *counted = to;
	counted->rows++;
	memcpy(&counted->at_us, record, sizeof(counted->at_us)); /* at comes first */
	return true;
}

static struct counted rows_of(enum record_kind kind)
{
	struct counted counted = { 0 };
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	store_filter_init(&filter);
	assert_int_equal(store_read(reader, kind, &filter, count_row, &counted, error),
			 0);
	store_reader_close(reader);
	return counted;
}

static void what_stands_is_known_however_old_it_is(void **state)
{
	enum { DAY_S = 86400 };
	static const enum record_kind kinds[] = { RECORD_listener, RECORD_approval };
	(void)state;
	struct store_limits limits = store_no_limits;
	limits.events_s = 3 * DAY_S;
	struct store *store = store_open(folder, &limits);
	put_standing(store, 0);
	put_standing(store, DAY_S); /* what is older than the last is not needed */
	put_second(store, 10 * DAY_S);
	pause_ms(2100); /* a look that may take the days for a jump of the clock */
	put_second(store, 10 * DAY_S + 700);
	for (size_t i = 0; i < 2; i++) {
		struct counted counted = { 0 };
		for (int tries = 0; tries < 1000 && counted.rows != 1; tries++) {
			counted = rows_of(kinds[i]);
			pause_ms(10);
		}
		assert_int_equal(counted.rows, 1);
		assert_int_equal(counted.at_us, START_US + DAY_S * SECOND);
	}
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_opened_and_has_not_closed_is_there,
						fill, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_socket_that_passes_on_is_its_new_programs, fill,
			remove_folder),
		cmocka_unit_test_setup_teardown(what_nobody_watched_is_not_known, fill,
						remove_folder),
		cmocka_unit_test_setup_teardown(an_empty_store_knows_nothing,
						new_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_stands_is_known_however_old_it_is,
						new_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
