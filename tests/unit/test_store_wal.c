/*
 * test_store_wal.c: who commits does not wait for the disk while a log goes back into
 * its file, and the log stays small.
 */
#include "store_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "store/file.h"
#include "store/wal.h"

enum { PAGE_BYTES = 8192, ROW_BYTES = 64 << 10, ROWS = 20 };

static int define_rows(sqlite3 *db)
{
	return db_run(db, "CREATE TABLE IF NOT EXISTS row(data BLOB)");
}

static const struct file_kind rows_kind = { .version = 1, .define = define_rows };

/* ---- a disk ---- */

static pthread_t writer; /* every other thread is slow at it */
static atomic_bool is_held;
static atomic_uint waited_us, waits_of_writer, waits_of_others, waiting;

static int wait_for_disk(long call, int fd)
{
	if (pthread_equal(pthread_self(), writer)) {
		waits_of_writer++;
	} else {
		waits_of_others++;
		waiting++;
		while (is_held)
			pause_ms(1);
		pause_ms(waited_us / 1000);
		waiting--;
	}
	return (int)syscall(call, fd);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): reserved */
int fdatasync(int fd)
{
	return wait_for_disk(SYS_fdatasync, fd);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): reserved */
int fsync(int fd)
{
	return wait_for_disk(SYS_fsync, fd);
}

/* ---- a writer ---- */

struct writing {
	char path[128];
	struct wals *wals;
	sqlite3 *db;
	struct wal wal;
	uint64_t rows;
};

static void begin(struct writing *w, const char *name)
{
	struct trouble trouble;
	snprintf(w->path, sizeof(w->path), "%s/%s", folder, name);
	writer = pthread_self();
	w->wals = wals_new();
	assert_non_null(w->wals);
	w->db = file_open(w->path, &rows_kind, &trouble);
	assert_non_null(w->db);
	wal_watch(&w->wal, w->wals, w->db);
	waits_of_writer = waits_of_others = 0;
}

/* One transaction of some 160 pages. */
static void commit_rows(struct writing *w)
{
	char sql[96];
	snprintf(sql, sizeof(sql), "INSERT INTO row VALUES(zeroblob(%d))", ROW_BYTES);
	assert_int_equal(db_run(w->db, "BEGIN IMMEDIATE"), SQLITE_OK);
	for (unsigned i = 0; i < ROWS; i++)
		assert_int_equal(db_run(w->db, sql), SQLITE_OK);
	assert_int_equal(db_run(w->db, "COMMIT"), SQLITE_OK);
	w->rows += ROWS;
}

static void end(struct writing *w)
{
	assert_int_equal(db_number(w->db, "SELECT count(*) FROM row", 0), w->rows);
	wal_leave(&w->wal);
	sqlite3_close(w->db);
	wals_free(w->wals);
}

static uint64_t pages_of(const struct writing *w, const char *part)
{
	char name[140];
	struct stat st;
	snprintf(name, sizeof(name), "%s%s", w->path, part);
	return stat(name, &st) == 0 ? (uint64_t)st.st_size / PAGE_BYTES : 0;
}

static void wait_until_held(void)
{
	for (unsigned ms = 0; waiting == 0 && ms < 20000; ms++)
		pause_ms(1);
	assert_int_not_equal(waiting, 0);
}

/* ---- tests ---- */

static void the_writer_does_not_wait_while_the_thread_does(void **state)
{
	(void)state;
	struct writing w = { 0 };
	begin(&w, "beside.db");
	is_held = true;
	while (w.wal.pages < WAL_PAGES)
		commit_rows(&w);
	wait_until_held();
	/* The disk is busy, and stays so: what is put now is there all the same. */
	for (unsigned i = 0; i < 10; i++)
		commit_rows(&w);
	assert_int_equal(waiting, 1);
	assert_int_equal(waits_of_writer, 0);
	assert_true(w.wal.pages > WAL_PAGES + 10 * ROWS);
	is_held = false;
	wal_rest(&w.wal);
	assert_true(waits_of_others > 0);
	end(&w);
}

static void a_log_that_was_carried_over_begins_anew(void **state)
{
	(void)state;
	struct writing w = { 0 };
	begin(&w, "anew.db");
	unsigned turns = 0;
	uint64_t most = 0;
	int before = 0;
	while (turns < 5) {
		commit_rows(&w);
		turns += w.wal.pages < before;
		before = w.wal.pages;
		most = pages_of(&w, "-wal") > most ? pages_of(&w, "-wal") : most;
		/* As slowly as real records come. */
		pause_ms(w.wal.pages >= WAL_PAGES ? 50 : 0);
		assert_true(w.rows < 100000);
	}
	/* Its new begin alone is waited for: what was before must not be read again. */
	assert_int_equal(waits_of_writer, turns);
	assert_true(waits_of_others >= turns);
	assert_true(most < WAL_PAGES_MAX);
	end(&w);
}

/* A disk that is slower than what is written. */
static void a_log_has_a_bound(void **state)
{
	(void)state;
	struct writing w = { 0 };
	begin(&w, "bound.db");
	waited_us = 300000;
	while (w.wal.pages < WAL_PAGES_MAX)
		commit_rows(&w);
	/* From here on the writer waits with it. */
	for (unsigned i = 0; i < 300 && w.wal.pages >= WAL_PAGES_MAX; i++) {
		commit_rows(&w);
		pause_ms(10);
	}
	assert_true(w.wal.pages < WAL_PAGES_MAX);
	assert_true(waits_of_writer > 0);
	waited_us = 0;
	end(&w);
}

static void *release_soon(void *unused)
{
	(void)unused;
	pause_ms(200);
	is_held = false;
	return NULL;
}

/* What is moved away or removed next must be nobody's. */
static void who_leaves_waits_for_the_thread(void **state)
{
	(void)state;
	struct writing w = { 0 };
	pthread_t releasing;
	begin(&w, "left.db");
	is_held = true;
	while (w.wal.pages < WAL_PAGES)
		commit_rows(&w);
	wait_until_held();
	assert_int_equal(pthread_create(&releasing, NULL, release_soon, NULL), 0);
	wal_leave(&w.wal);
	assert_int_equal(waiting, 0);
	assert_false(is_held);
	pthread_join(releasing, NULL);
	wal_leave(&w.wal); /* nothing, as of what is watched no more */
	sqlite3_close(w.db);
	/* The last that has it open takes the log away: that was its writer. */
	assert_int_equal(pages_of(&w, "-wal"), 0);
	assert_true(pages_of(&w, "") > WAL_PAGES);
	wals_free(w.wals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_writer_does_not_wait_while_the_thread_does),
		cmocka_unit_test(a_log_that_was_carried_over_begins_anew),
		cmocka_unit_test(a_log_has_a_bound),
		cmocka_unit_test(who_leaves_waits_for_the_thread),
	};
	return cmocka_run_group_tests(tests, new_folder, remove_folder);
}
