/*
 * test_store_kept.c: what is too old goes a part at a time, also when an update brings
 * a limit that years are over; and what tells of an incident goes with it.
 */
#include "store_check.h"

#include "store/events.h"
#include "store/prune_events.h"

#define NOW (START_US + 500 * DAY)

static sqlite3 *db;

static void run(const char *sql)
{
	char *error = NULL;
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static int64_t ask(const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

static int open_tables(void **state)
{
	(void)state;
	return sqlite3_open(":memory:", &db) != SQLITE_OK ||
	       events_define(db) != SQLITE_OK;
}

static int close_tables(void **state)
{
	(void)state;
	return sqlite3_close(db);
}

static bool prune(void)
{
	struct store_limits limits = store_no_limits;
	bool more = false;
	limits.events_s = 400 * 86400;
	assert_int_equal(prune_events(db, &limits, NOW, &more), SQLITE_OK);
	return more;
}

/* Tables with a key of one column, of several, and without. */
static void what_is_old_goes_a_part_at_a_time(void **state)
{
	(void)state;
	run("WITH n(i)AS(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10000)"
	    "INSERT INTO alert(id,at,state)SELECT i,i,'resolved' FROM n");
	run("WITH n(i)AS(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10000)"
	    "INSERT INTO scan_run(\"start\",user)SELECT i,'u'||i FROM n");
	run("WITH n(i)AS(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10000)"
	    "INSERT INTO timeline(at)SELECT i FROM n");
	for (int64_t left = 10000; left > 0;) {
		bool more = prune();
		int64_t now = ask("SELECT count(*)FROM alert");
		assert_int_equal(now, ask("SELECT count(*)FROM timeline"));
		assert_int_equal(now, ask("SELECT count(*)FROM scan_run"));
		assert_true(now < left && left - now < 5000);
		/* The oldest first. */
		assert_int_equal(ask("SELECT ifnull(min(at),10001)FROM alert"),
				 10001 - now);
		assert_int_equal(more, now > 0);
		left = now;
	}
	assert_false(prune());
}

static void put_incident(const char *id, const char *state, int64_t at_us)
{
	char sql[512];
	snprintf(sql, sizeof(sql),
		 "INSERT INTO incident(id,at,state)VALUES('%s',%lld,'%s');"
		 "INSERT INTO "
		 "alert(id,at,state,incident)VALUES('a%s',1,'resolved','%s');"
		 "INSERT INTO timeline(at,incident)VALUES(1,'%s')",
		 id, (long long)at_us, state, id, id, id);
	run(sql);
}

static void what_tells_of_an_incident_goes_with_it(void **state)
{
	(void)state;
	put_incident("old", "resolved", 2);
	put_incident("young", "resolved", NOW - DAY);
	put_incident("open", "firing", 2);
	put_incident("held", "resolved", 2);
	run("INSERT INTO hold(incident,until)VALUES('held',9223372036854775807)");
	run("INSERT INTO alert(id,at,state)VALUES('alone',1,'resolved')");
	prune();
	assert_int_equal(ask("SELECT count(*)FROM incident"), 3);
	assert_int_equal(ask("SELECT count(*)FROM alert WHERE incident='old' OR "
			     "incident IS NULL"),
			 0);
	assert_int_equal(ask("SELECT count(*)FROM alert"), 3);
	assert_int_equal(ask("SELECT count(*)FROM timeline"), 3);
	assert_int_equal(ask("SELECT count(*)FROM timeline WHERE incident='old'"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_tables, close_tables)
	const struct CMUnitTest tests[] = {
		TEST(what_is_old_goes_a_part_at_a_time),
		TEST(what_tells_of_an_incident_goes_with_it),
	};
#undef TEST
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
