/*
 * test_store_trouble.c: a store that can't be written says why, keeps what waits, and
 * writes it when it can.
 *
 * Full and read-only file systems are tmpfs in a mount namespace of the test's own, as
 * root may write whatever the permissions are.
 */
#include "store_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/holds.h"
#include "store/trunk.h"

/* A small file system in place of the folder; skips the test where that is forbidden.
 */
static void mount_small(const char *size)
{
	char options[32];
	snprintf(options, sizeof(options), "size=%s", size);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", folder, "tmpfs", 0, options) != 0) {
		print_message("# skipped: mounting needs root\n");
		skip();
	}
}

static void remount(unsigned long flags, const char *options)
{
	assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT | flags, options), 0);
}

static int unmount_and_remove(void **state)
{
	umount2(folder, MNT_DETACH);
	return remove_folder(state);
}

static struct flow_record flow_at(int64_t at_us)
{
	struct flow_record flow;
	random_record(RECORD_flow, &flow, true);
	flow.end = at_us;
	flow.start = at_us - SECOND;
	return flow;
}

static void put_flows(struct store *store, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct flow_record flow = flow_at(START_US + (int64_t)i);
		assert_true(store_put(store, RECORD_flow, &flow));
	}
}

static void put_self(struct store *store, int64_t at_us)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = at_us;
	assert_true(store_put(store, RECORD_self, &self));
}

static size_t count_of(enum record_kind kind)
{
	read_well(kind, NULL);
	return got_count;
}

static void a_full_disk_is_waited_for(void **state)
{
	(void)state;
	enum { COUNT = 4000 };
	struct store_status status;
	mount_small("1m");
	struct store *store = store_open(folder, &store_no_limits);
	put_flows(store, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		struct listener_record listener;
		random_record(RECORD_listener, &listener, true);
		assert_true(store_put(store, RECORD_listener, &listener));
	}
	wait_state(store, STORE_FULL, &status);
	assert_non_null(strstr(status.message, "free some space"));
	assert_true(status.waiting > 0);
	remount(0, "size=64m");
	wait_state(store, STORE_OK, &status);
	wait_written(store);
	store_close(store);
	assert_int_equal(count_of(RECORD_flow), COUNT);
	assert_int_equal(count_of(RECORD_listener), COUNT);
}

/* More than may wait: what is lost is counted, and its time is a gap. */
static void what_finds_no_room_is_a_gap(void **state)
{
	(void)state;
	struct store_status status;
	mount_small("1m");
	struct store *store = store_open(folder, &store_no_limits);
	put_self(store, START_US);
	put_flows(store, 3000);
	wait_state(store, STORE_FULL, &status);
	uint64_t refused = 0;
	struct flow_record flow = flow_at(START_US);
	for (unsigned i = 0; i < 200000 && refused < 1000; i++) {
		flow.end = START_US + i * SECOND;
		refused += !store_put(store, RECORD_flow, &flow);
	}
	assert_int_equal(refused, 1000);
	store_status(store, &status);
	assert_int_equal(status.lost, refused);
	remount(0, "size=512m");
	wait_state(store, STORE_OK, &status);
	wait_written(store);
	put_self(store, START_US + SECOND);
	wait_written(store);
	store_close(store);
	read_well(RECORD_gap, NULL);
	assert_int_equal(got_count, 1);
	assert_string_equal(got[0].gap.reason, "unwritten");
	assert_int_equal(got[0].gap.count, refused);
	assert_int_equal(got[0].gap.end, flow.end);
	assert_int_equal(got[0].gap.end - got[0].gap.start, 999 * SECOND);
}

static void a_file_at_its_bound_is_full(void **state)
{
	(void)state;
	struct trunk trunk;
	struct trouble trouble = { 0 };
	struct gaps gaps;
	bool more;
	assert_true(trunk_open(&trunk, in_folder("breakwater.db"), &trouble));
	db_run(trunk.db, "PRAGMA max_page_count=60");
	gaps_init(&gaps, UNKNOWN_TIME);
	int code = db_run(trunk.db, "BEGIN IMMEDIATE");
	for (int i = 0; i < 2000 && code == SQLITE_OK; i++) {
		struct listener_record listener;
		random_record(RECORD_listener, &listener, true);
		code = trunk_put(&trunk, &gaps, RECORD_listener, &listener);
	}
	assert_int_equal(code, SQLITE_FULL);
	trouble_of(&trouble, trunk.db, code, "x");
	assert_int_equal(trouble.state, STORE_FULL);
	db_run(trunk.db, "ROLLBACK");
	assert_int_equal(trunk_end(&trunk, &gaps, &more), SQLITE_OK);
	trunk_close(&trunk);
}

static void a_read_only_folder_is_waited_for(void **state)
{
	(void)state;
	struct store_status status;
	mount_small("16m");
	remount(MS_RDONLY, NULL);
	struct store *store = store_open(folder, &store_no_limits);
	put_flows(store, 100);
	wait_state(store, STORE_READ_ONLY, &status);
	assert_non_null(strstr(status.message, folder));
	remount(0, NULL);
	wait_written(store);
	store_close(store);
	/* What is there can be read from a file system that nobody may write to. */
	remount(MS_RDONLY, NULL);
	assert_int_equal(count_of(RECORD_flow), 100);
	remount(0, NULL);
}

static void a_lock_is_waited_for(void **state)
{
	(void)state;
	struct store_status status;
	sqlite3 *db = NULL;
	struct store *store = store_open(folder, &store_no_limits);
	put_self(store, START_US);
	wait_written(store);
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	/* The store's own transaction may still be open: it seals what it wrote. */
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(db_run(db, "BEGIN IMMEDIATE"), SQLITE_OK);
	put_self(store, START_US + 60 * SECOND);
	put_flows(store, 5);
	wait_state(store, STORE_LOCKED, &status);
	db_run(db, "COMMIT");
	sqlite3_close(db);
	wait_written(store);
	store_close(store);
	assert_int_equal(count_of(RECORD_self), 2);
	assert_int_equal(count_of(RECORD_flow), 5); /* not twice */
}

static void a_second_writer_waits_for_the_first(void **state)
{
	(void)state;
	struct store_status status;
	struct store *first = store_open(folder, &store_no_limits);
	put_flows(first, 10);
	wait_written(first);
	struct store *second = store_open(folder, &store_no_limits);
	put_flows(second, 10);
	wait_state(second, STORE_LOCKED, &status);
	assert_non_null(strstr(status.message, "another breakwater"));
	store_close(first);
	wait_written(second);
	store_close(second);
	assert_int_equal(count_of(RECORD_flow), 20);
}

/* ---- damage ---- */

static int is_aside(const struct dirent *entry)
{
	return strstr(entry->d_name, ".corrupt-") != NULL;
}

static int count_aside(void)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_aside, NULL);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return count;
}

static void write_over(const char *name, off_t from, size_t len)
{
	static char noise[1 << 20];
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)random64();
	int fd = open(in_folder(name), O_WRONLY);
	assert_true(fd >= 0 && len <= sizeof(noise));
	assert_int_equal(pwrite(fd, noise, len, from), len);
	close(fd);
}

/* How a file may be found. */
static void damage(const char *name, unsigned how)
{
	struct stat st;
	assert_int_equal(stat(in_folder(name), &st), 0);
	if (how == 0) /* no database at all */
		write_over(name, 0, (size_t)st.st_size);
	else if (how == 1) /* pages */
		write_over(name, 8192, (size_t)st.st_size - 8192);
	else /* cut off */
		assert_int_equal(truncate(in_folder(name), 8192), 0);
}

static void what_is_damaged_is_set_aside(void **state)
{
	(void)state;
	struct store_status status;
	for (unsigned how = 0; how < 3; how++) {
		static const char *const names[] = { "breakwater.db",
						     "flows-2026-01-31.db" };
		for (unsigned i = 0; i < 2; i++) {
			struct store *store = store_open(folder, &store_no_limits);
			put_self(store, START_US);
			put_flows(store, 50);
			wait_written(store);
			store_close(store);
			damage(names[i], how);
			store = store_open(folder, &store_no_limits);
			put_self(store, START_US + 60 * SECOND);
			put_flows(store, 7);
			wait_state(store, STORE_CORRUPT, &status);
			assert_non_null(strstr(status.message, names[i]));
			assert_non_null(strstr(status.message, ".corrupt-"));
			wait_written(store);
			store_close(store);
			assert_true(count_aside() >= 1);
			assert_int_equal(count_of(RECORD_flow), i == 0 ? 57 : 7);
			assert_int_equal(count_of(RECORD_self), i == 0 ? 1 : 2);
			remove_folder(state);
			assert_int_equal(mkdir(folder, 0700), 0);
		}
	}
}

static void put_held_incident(struct store *store)
{
	struct incident_record incident;
	struct hold_record hold;
	record_init(RECORD_incident, &incident);
	record_init(RECORD_hold, &hold);
	record_text(incident.id, sizeof(incident.id), "i1");
	record_text(hold.incident, sizeof(hold.incident), "i1");
	incident.at = incident.first = incident.last = hold.at = START_US;
	incident.state = "resolved";
	hold.until = INT64_MAX - 1;
	assert_true(store_put(store, RECORD_incident, &incident));
	assert_true(store_put(store, RECORD_hold, &hold));
	wait_written(store);
}

/* The page where a table begins. */
static void damage_table(const char *table)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT rootpage FROM sqlite_schema WHERE "
					    "name=?",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	off_t page = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	write_over("breakwater.db", (page - 1) * 8192, 8192);
}

static void wait_told(struct store *store, const char *text)
{
	struct store_status status;
	for (int i = 0; i < 1000; i++) {
		store_status(store, &status);
		if (strstr(status.message, text) != NULL)
			return;
		pause_ms(10);
	}
	fail_msg("%s, not %s", status.message, text);
}

/* What can be read of them goes on; if nothing can, somebody has to know. */
static void holds_outlive_a_damaged_file(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	put_held_incident(store);
	store_close(store);
	damage_table("service");
	store = store_open(folder, &store_no_limits);
	wait_told(store, "1 legal holds were taken over");
	store_close(store);
	assert_int_equal(count_of(RECORD_hold), 1);
	assert_int_equal(count_of(RECORD_incident), 1);
	damage("breakwater.db", 0);
	store = store_open(folder, &store_no_limits);
	wait_told(store, "hold again");
	store_close(store);
	assert_int_equal(count_of(RECORD_hold), 0);

	/* Nobody knows what was held: no day goes, for a time. */
	sqlite3 *db = NULL;
	int64_t now_us = clock_us(CLOCK_REALTIME), day_us = 86400 * 1000000LL;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_true(holds_day(db, 20000, now_us));
	assert_false(holds_day(db, 20000, now_us + (HOLDS_UNKNOWN_DAYS + 1) * day_us));
	sqlite3_close(db);
}

/* Killed between the two, and started again: twice, to see that it is done once. */
static void holds_outlive_a_kill_after_the_damage(void **state)
{
	(void)state;
	char aside[PATH_MAX];
	struct store *store = store_open(folder, &store_no_limits);
	put_held_incident(store);
	store_close(store);
	snprintf(aside, sizeof(aside), "%s.corrupt-20260101T000000Z",
		 in_folder("breakwater.db"));
	assert_int_equal(rename(in_folder("breakwater.db"), aside), 0);
	for (int i = 0; i < 2; i++) {
		store = store_open(folder, &store_no_limits);
		if (i == 0)
			wait_told(store, "1 legal holds were taken over");
		put_self(store, START_US + i * SECOND);
		wait_written(store);
		store_close(store);
		assert_int_equal(count_of(RECORD_hold), 1);
		assert_int_equal(count_of(RECORD_incident), 1);
	}
}

/* ---- waiting ---- */

static void what_was_waited_for_is_on_disk(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	struct store *store = store_open(folder, &store_no_limits);
	for (int i = 1; i < 6; i++) {
		put_self(store, START_US + i * 60 * SECOND);
		assert_true(store_wait_written(store, 10000));
		assert_int_equal(count_of(RECORD_self), i);
	}
	/* Somebody has a lock. */
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	put_self(store, START_US + 3600 * SECOND);
	assert_false(store_wait_written(store, 300));
	assert_int_equal(count_of(RECORD_self), 5);
	sqlite3_close(db);
	assert_true(store_wait_written(store, 10000));
	assert_int_equal(count_of(RECORD_self), 6);
	store_close(store);
}

static void a_damaged_day_leaves_the_others_readable(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	struct store *store = store_open(folder, &store_no_limits);
	for (unsigned day = 0; day < 3; day++) {
		struct flow_record flow = flow_at(START_US + day * DAY);
		assert_true(store_put(store, RECORD_flow, &flow));
	}
	wait_written(store);
	store_close(store);
	damage("flows-2026-02-01.db", 0);
	assert_true(read_all(RECORD_flow, NULL, error) < 0);
	assert_int_equal(got_count, 2);
	assert_non_null(strstr(error, "flows-2026-02-01.db"));
	assert_non_null(strstr(error, "incomplete"));
}

static char *bytes_of_file(const char *name, size_t *len)
{
	struct stat st;
	assert_int_equal(stat(in_folder(name), &st), 0);
	*len = (size_t)st.st_size;
	char *bytes = malloc(*len + 1);
	int fd = open(in_folder(name), O_RDONLY);
	assert_int_equal(read(fd, bytes, *len), *len);
	close(fd);
	return bytes;
}

static void a_newer_file_is_left_untouched(void **state)
{
	(void)state;
	struct store_status status;
	sqlite3 *db = NULL;
	size_t len, len_after;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	db_run(db, "CREATE TABLE future(x);PRAGMA user_version=99");
	sqlite3_close(db);
	char *before = bytes_of_file("breakwater.db", &len);
	struct store *store = store_open(folder, &store_no_limits);
	put_self(store, START_US);
	put_flows(store, 3);
	wait_state(store, STORE_NEWER, &status);
	assert_non_null(strstr(status.message, "later version"));
	for (int i = 0; i < 500 && status.written < 3; i++) {
		pause_ms(10); /* flows have a file of their own */
		store_status(store, &status);
	}
	assert_int_equal(status.written, 3);
	store_close(store);
	char *after = bytes_of_file("breakwater.db", &len_after);
	assert_int_equal(len_after, len);
	assert_memory_equal(after, before, len);
	free(before);
	free(after);
}

static void a_folder_that_is_not_there_is_waited_for(void **state)
{
	(void)state;
	struct store_status status;
	char gone[96];
	snprintf(gone, sizeof(gone), "%s/a/b", folder);
	struct store *store = store_open(gone, &store_no_limits);
	put_self(store, START_US);
	wait_state(store, STORE_FAILED, &status);
	assert_non_null(strstr(status.message, "No such file"));
	assert_int_equal(mkdir(in_folder("a"), 0700), 0);
	assert_int_equal(mkdir(gone, 0700), 0);
	wait_written(store);
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, unmount_and_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_disk_is_waited_for),
		TEST(what_finds_no_room_is_a_gap),
		TEST(a_file_at_its_bound_is_full),
		TEST(a_read_only_folder_is_waited_for),
		TEST(a_lock_is_waited_for),
		TEST(a_second_writer_waits_for_the_first),
		TEST(what_is_damaged_is_set_aside),
		TEST(holds_outlive_a_damaged_file),
		TEST(holds_outlive_a_kill_after_the_damage),
		TEST(what_was_waited_for_is_on_disk),
		TEST(a_damaged_day_leaves_the_others_readable),
		TEST(a_newer_file_is_left_untouched),
		TEST(a_folder_that_is_not_there_is_waited_for),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
