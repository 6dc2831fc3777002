/*
 * test_store_kill.c: a writer killed at any moment under load loses at most its last
 * second, and leaves no damage.
 *
 * Children write into folders of their own and say in shared memory what they have put
 * when; the parent kills them at random moments, looks into the files, and lets the
 * next one go on in the same folder.
 *
 * A second is one in which the writer's thread may run: while it waits for a processor
 * or for the disk, as on a machine with much else to do, its clock stands still.
 */
#include "store_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A sanitizer makes the writer late: then it is for damage that we look. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KILLS = 20, SURE_MS = 5000, MOST_MS = 9500 };
#else
enum { KILLS = 80, SURE_MS = 1000, MOST_MS = 1700 };
#endif
enum {
	FOLDERS = 4,
	KILLS_OF_FOLDER =
		10, /* then a new one: checking takes as long as there is data */
	MARKS = 8192,
	FLOWS_A_ROUND = 10,
};

/* What a child has put by which time. */
struct mark {
	int64_t at_us; /* of the writer's clock */
	uint64_t flows, ports, audits;
};

struct shared {
	atomic_uint count;         /* of marks; the last is at (count - 1) % MARKS */
	_Atomic int64_t waited_us; /* by the writer's thread, for processors and disk */
	struct mark marks[MARKS];
};

/* A folder, and the child that writes into it. */
struct writer {
	char folder[80];
	struct shared *shared;
	pid_t child;
	int64_t kill_us;
	unsigned run;
	uint64_t ports_before, audits_before; /* found after the last kill */
	int64_t port_us;
};

static unsigned kills, checked_late;

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

/* ---- the child ---- */

static void put_flow(struct store *store, unsigned run, uint64_t number)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.transport = "tcp";
	flow.client_port = run;
	flow.client_packets = number;
	/* Now and then of another day. */
	flow.end = START_US + (number % 50 == 0 ? DAY : 0) + (int64_t)number;
	flow.start = flow.end - SECOND;
	random_text(flow.history, sizeof(flow.history));
	store_put(store, RECORD_flow, &flow);
}

/* A second of its own each time, so that minutes and hours pass quickly. */
static void put_port(struct store *store, struct writer *w, unsigned service)
{
	static struct histogram response;
	struct port_record port;
	uint8_t bytes[4] = { 10, 0, 0, (uint8_t)service };
	record_init(RECORD_port, &port);
	histogram_reset(&response);
	for (int i = 0; i < 20; i++)
		histogram_add(&response, some(100000));
	port.start = w->port_us;
	port.server_ip = addr_v4(bytes);
	port.port = 80;
	port.transport = "tcp";
	port.flows = 1;
	store_put_port(store, &port, NULL, &response, NULL);
}

static void put_audit(struct store *store)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.at = START_US;
	audit.action = "start";
	random_text(audit.after, sizeof(audit.after));
	store_put(store, RECORD_audit, &audit);
}

static void mark(struct shared *shared, const struct mark *put)
{
	unsigned count = atomic_load(&shared->count);
	shared->marks[count % MARKS] = *put;
	atomic_store(&shared->count, count + 1);
}

/* SQLite's calls come here, not to the C library's. */
static _Atomic int64_t disk_us, disk_since_us; /* 0: nobody waits for it now */

static int wait_for_disk(long call, int fd)
{
	int64_t since_us = now_us();
	atomic_store(&disk_since_us, since_us);
	int result = (int)syscall(call, fd);
	atomic_fetch_add(&disk_us, now_us() - since_us);
	atomic_store(&disk_since_us, 0);
	return result;
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

static int64_t waited_for_disk_us(void)
{
	int64_t since_us = atomic_load(&disk_since_us);
	return atomic_load(&disk_us) + (since_us != 0 ? now_us() - since_us : 0);
}

/* What the kernel says of the thread that was made last: the store's. */
static int open_schedule(void)
{
	char path[64];
	unsigned long last = 0;
	DIR *dir = opendir("/proc/self/task");
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		unsigned long id = strtoul(entry->d_name, NULL, 10);
		last = id > last ? id : last;
	}
	if (dir != NULL)
		closedir(dir);
	snprintf(path, sizeof(path), "/proc/self/task/%lu/schedstat", last);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* "time on a processor, time waiting for one, ...", in nanoseconds. */
static int64_t waited_for_processor_us(int schedule)
{
	char text[128] = "", *second = NULL;
	if (pread(schedule, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	strtoull(text, &second, 10);
	return (int64_t)(strtoull(second, NULL, 10) / 1000);
}

static _Noreturn void write_for_ever(struct writer *w)
{
	struct store *store = store_open(w->folder, &store_no_limits);
	int schedule = open_schedule();
	struct mark put = { 0 };
	seed ^= (uint64_t)getpid() << 32;
	for (;;) {
		/* Every other child has little to do: then time makes it write. */
		int flows = w->run % 2 == 0 ? FLOWS_A_ROUND : some(5) == 0;
		for (int i = 0; i < flows; i++)
			put_flow(store, w->run, ++put.flows);
		if (some(w->run % 2 == 0 ? 3 : 20) == 0) {
			w->port_us += SECOND;
			for (unsigned service = 0; service < 5; service++, put.ports++)
				put_port(store, w, service);
		}
		if (some(20) == 0) {
			put_audit(store);
			put.audits++;
		}
		int64_t waited_us =
			waited_for_processor_us(schedule) + waited_for_disk_us();
		atomic_store(&w->shared->waited_us, waited_us);
		put.at_us = now_us() - waited_us;
		mark(w->shared, &put);
		pause_ms(1);
	}
}

/* ---- the parent ---- */

static void begin_folder(struct writer *w, unsigned number)
{
	snprintf(w->folder, sizeof(w->folder), "%s/%u", folder, number);
	w->run = 0;
	w->ports_before = w->audits_before = 0;
	w->port_us = START_US;
}

static int64_t clock_of(const struct writer *w)
{
	return now_us() - atomic_load(&w->shared->waited_us);
}

static void start(struct writer *w)
{
	atomic_store(&w->shared->count, 0);
	atomic_store(&w->shared->waited_us, 0);
	w->run++;
	w->kill_us = clock_of(w) + (int64_t)some(MOST_MS) * 1000;
	w->child = fork();
	assert_true(w->child >= 0);
	if (w->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* also if a check fails */
		write_for_ever(w);
	}
}

/* The last mark that was made a second before; and the last of all. */
static struct mark mark_before(const struct shared *shared, int64_t at_us,
			       struct mark *last)
{
	unsigned count = atomic_load(&shared->count);
	struct mark found = { 0 };
	*last = found;
	if (count > 0)
		*last = shared->marks[(count - 1) % MARKS];
	for (unsigned i = count > MARKS - 1 ? count - (MARKS - 1) : 0; i < count; i++)
		if (shared->marks[i % MARKS].at_us <= at_us)
			found = shared->marks[i % MARKS];
	return found;
}

static void check_file(const char *path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static int64_t number_in(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t number = 0;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	/* Killed before there was such a table: nothing of it. */
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		number = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

/* Flows of this run: all of them up to one, each once. */
static void check_flows(const struct writer *w, const struct mark *sure,
			const struct mark *last)
{
	uint64_t count[2] = { 0 }, greatest[2] = { 0 };
	static const char *const names[] = { "flows-2026-01-31.db",
					     "flows-2026-02-01.db" };
	for (unsigned i = 0; i < 2; i++) {
		char path[160], sql[128];
		snprintf(path, sizeof(path), "%s/%s", w->folder, names[i]);
		if (access(path, F_OK) != 0)
			continue;
		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM flow WHERE client_port=%u", w->run);
		count[i] = (uint64_t)number_in(path, sql);
		snprintf(sql, sizeof(sql),
			 "SELECT max(client_packets) FROM flow WHERE client_port=%u",
			 w->run);
		greatest[i] = (uint64_t)number_in(path, sql);
	}
	/* Every fiftieth is in the second file. */
	assert_int_equal(count[1], greatest[1] / 50);
	assert_int_equal(count[0], greatest[0] - greatest[0] / 50);
	assert_true(greatest[0] + 1 >= sure->flows);
	assert_true(greatest[1] + 50 > sure->flows);
	assert_true(greatest[0] <= last->flows + FLOWS_A_ROUND);
}

/* Of intervals that are rolled up, and of which nothing came late since. */
static int64_t flows_before(const char *path, const char *table, const char *rolled)
{
	char sql[160];
	snprintf(sql, sizeof(sql),
		 "SELECT sum(flows) FROM %s WHERE \"start\"<(SELECT value FROM meta "
		 "WHERE name='%s')",
		 table, rolled);
	return number_in(path, sql);
}

static void check_ports(struct writer *w, const struct mark *sure,
			const struct mark *last)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/breakwater.db", w->folder);
	if (access(path, F_OK) != 0)
		return;
	uint64_t all = (uint64_t)number_in(path, "SELECT sum(flows) FROM port_10s");
	assert_true(all - w->ports_before >= sure->ports);
	assert_true(all - w->ports_before <= last->ports + 5);
	w->ports_before = all;
	w->port_us = number_in(path, "SELECT max(\"start\") FROM roll_10s");
	if (w->port_us < START_US)
		w->port_us = START_US;
	/* Levels say the same of the time that they cover. */
	assert_int_equal(flows_before(path, "port_1m", "rolled_port_1m"),
			 flows_before(path, "port_10s", "rolled_port_1m"));
	assert_int_equal(flows_before(path, "port_1h", "rolled_port_1h"),
			 flows_before(path, "port_1m", "rolled_port_1h"));
}

static bool follows(void *to, const void *record)
{
	/* Newest first: this one's hash was made for the one given before. */
	static struct audit_record next;
	const struct audit_record *audit = record;
	unsigned *count = to;
	field_text64 hash;
	if (*count > 0) {
		assert_int_equal(next.seq, audit->seq + 1);
		assert_true(store_audit_hash(audit->hash, &next, hash));
		assert_string_equal(hash, next.hash);
	}
	next = *audit;
	++*count;
	return true;
}

static void check_audit(struct writer *w, const struct mark *sure)
{
	char error[STORE_ERROR_MAX];
	int status;
	unsigned count = 0;
	struct store_filter every;
	store_filter_init(&every);
	struct store_reader *reader = store_reader_open(w->folder, error, &status);
	if (reader == NULL)
		return; /* killed before there was anything */
	assert_int_equal(
		store_read(reader, RECORD_audit, &every, follows, &count, error), 0);
	store_reader_close(reader);
	assert_true(count - w->audits_before >= sure->audits);
	w->audits_before = count;
}

static void check_files(const struct writer *w)
{
	DIR *dir = opendir(w->folder);
	if (dir == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char path[400];
		size_t len = strlen(entry->d_name);
		assert_null(strstr(entry->d_name, "corrupt"));
		if (len < 3 || strcmp(entry->d_name + len - 3, ".db") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", w->folder, entry->d_name);
		check_file(path);
	}
	closedir(dir);
}

static void kill_and_check(struct writer *w)
{
	int status;
	int64_t killed_us = clock_of(w);
	assert_int_equal(kill(w->child, SIGKILL), 0);
	assert_int_equal(waitpid(w->child, &status, 0), w->child);
	assert_true(WIFSIGNALED(status));
	struct mark last,
		sure = mark_before(w->shared, killed_us - SURE_MS * 1000LL, &last);
	check_files(w);
	check_flows(w, &sure, &last);
	check_ports(w, &sure, &last);
	check_audit(w, &sure);
	checked_late += sure.flows > 0;
	kills++;
}

static struct writer *first_due(struct writer *writers)
{
	struct writer *due = &writers[0];
	for (unsigned i = 1; i < FOLDERS; i++)
		if (writers[i].kill_us < due->kill_us)
			due = &writers[i];
	return due;
}

static void a_kill_loses_at_most_a_second_and_damages_nothing(void **state)
{
	(void)state;
	static struct writer writers[FOLDERS];
	unsigned number = 0;
	for (unsigned i = 0; i < FOLDERS; i++) {
		writers[i].shared =
			mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_true(writers[i].shared != MAP_FAILED);
		begin_folder(&writers[i], number++);
		start(&writers[i]);
	}
	while (kills < KILLS) {
		struct writer *w = first_due(writers);
		while (clock_of(w) < w->kill_us)
			pause_ms(1);
		kill_and_check(w);
		if (w->run % KILLS_OF_FOLDER == 0)
			begin_folder(w, number++);
		start(w);
	}
	for (unsigned i = 0; i < FOLDERS; i++) {
		kill(writers[i].child, SIGKILL);
		waitpid(writers[i].child, NULL, 0);
		munmap(writers[i].shared, sizeof(struct shared));
	}
	print_message("# %u kills, %u of them later than a second after the start\n",
		      kills, checked_late);
	assert_true(checked_late > KILLS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_kill_loses_at_most_a_second_and_damages_nothing, new_folder,
			remove_folder),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
