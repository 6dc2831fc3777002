/*
 * test_spool.c: nothing is lost and nothing goes twice, whatever happens in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/spool.h"

#define T0     1767268800000000LL
#define SECOND 1000000LL
#define HOUR   (3600 * SECOND)
#define ROOM   (1024 * 1024)
#define BODY   "0123456789"

static char root[] = "/tmp/spool-XXXXXX";

struct scene {
	char folder[64];
	struct spool *spool;
	unsigned dropped;
	uint64_t last_dropped;
	char why[64];
};

static void note_drop(void *self, const struct spool_message *message, const char *why)
{
	struct scene *scene = self;
	scene->dropped++;
	scene->last_dropped = message->id;
	snprintf(scene->why, sizeof(scene->why), "%s", why);
}

static void open_spool(struct scene *scene, uint64_t room)
{
	struct buf why = { 0 };
	scene->spool = spool_open(scene->folder, room, note_drop, scene, &why);
	if (scene->spool == NULL)
		fail_msg("%s", buf_cstr(&why));
	buf_free(&why);
	spool_set_sink(scene->spool, "mail", 60);
	spool_set_sink(scene->spool, "chat", 60);
}

static void open_again(struct scene *scene)
{
	spool_close(scene->spool);
	open_spool(scene, ROOM);
}

static int begin(void **state)
{
	static unsigned number;
	if (number++ == 0 && mkdtemp(root) == NULL)
		return -1;
	struct scene *scene = calloc(1, sizeof(*scene));
	snprintf(scene->folder, sizeof(scene->folder), "%s/%u", root, number);
	open_spool(scene, ROOM);
	*state = scene;
	return 0;
}

static int finish(void **state)
{
	struct scene *scene = *state;
	spool_close(scene->spool);
	free(scene);
	return 0;
}

static int remove_root(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

static enum spool_put put(struct scene *scene, uint64_t id, const char *sink,
			  const char *key, const char *reason)
{
	struct spool_message message = { .id = id, .due_us = T0 };
	snprintf(message.sink, sizeof(message.sink), "%s", sink);
	snprintf(message.key, sizeof(message.key), "%s", key);
	snprintf(message.reason, sizeof(message.reason), "%s", reason);
	return spool_put(scene->spool, &message, BODY, sizeof(BODY), T0);
}

/* The id of the next one; 0: there is none yet. */
static uint64_t next(struct scene *scene, const char *sink, int64_t now_us)
{
	struct spool_message message;
	struct buf bytes = { 0 };
	bool has = spool_next(scene->spool, sink, now_us, &message, &bytes);
	if (has)
		assert_string_equal(bytes.at, BODY);
	buf_free(&bytes);
	return has ? message.id : 0;
}

static void came(struct scene *scene, uint64_t id, enum notify_outcome outcome,
		 int64_t now_us)
{
	struct spool_message message;
	assert_true(spool_result(scene->spool, id, outcome, now_us, &message));
}

static void sends(struct scene *scene, const char *sink, int64_t now_us, uint64_t id)
{
	assert_int_equal(next(scene, sink, now_us), id);
	came(scene, id, NOTIFY_SENT, now_us);
}

static unsigned files_in(const struct scene *scene)
{
	char command[128], number[16] = "";
	snprintf(command, sizeof(command), "ls %s | grep -c notice", scene->folder);
	/* NOLINTNEXTLINE(cert-env33-c): a folder of our own */
	FILE *out = popen(command, "r");
	char *got = fgets(number, sizeof(number), out);
	pclose(out);
	return got != NULL ? (unsigned)strtoul(number, NULL, 10) : 0;
}

/* ---- the usual ---- */

static void what_is_put_is_sent_once_in_order(void **state)
{
	struct scene *scene = *state;
	for (uint64_t id = 1; id <= 3; id++)
		assert_int_equal(put(scene, id, "mail", "k", "new"), SPOOL_TAKEN);
	assert_int_equal(put(scene, 2, "mail", "k", "new"), SPOOL_KNOWN);
	assert_int_equal(files_in(scene), 3);
	assert_int_equal(next(scene, "mail", T0), 1);
	assert_int_equal(next(scene, "mail", T0), 0); /* it is under way */
	came(scene, 1, NOTIFY_SENT, T0);
	sends(scene, "mail", T0, 2);
	sends(scene, "mail", T0, 3);
	assert_int_equal(next(scene, "mail", T0), 0);
	assert_int_equal(put(scene, 1, "mail", "k", "new"), SPOOL_KNOWN);
	assert_int_equal(files_in(scene), 0);
	assert_int_equal(spool_next_us(scene->spool, "mail", T0), INT64_MAX);
}

static void one_sink_does_not_hold_another(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "mail", "k", "new");
	put(scene, 2, "chat", "k", "new");
	assert_int_equal(next(scene, "mail", T0), 1);
	sends(scene, "chat", T0, 2);
	came(scene, 1, NOTIFY_LATER, T0);
	assert_int_equal(next(scene, "mail", T0), 0);
	assert_in_range(spool_next_us(scene->spool, "mail", T0), T0 + 4 * SECOND,
			T0 + 5 * SECOND);
}

static void delays_double_and_end_at_ten_minutes(void **state)
{
	(void)state;
	bool differs = false;
	for (uint32_t failures = 1; failures < 12; failures++) {
		int64_t most = 5 * SECOND << (failures - 1);
		most = most < 600 * SECOND ? most : 600 * SECOND;
		for (uint64_t id = 1; id < 100; id++) {
			int64_t delay = spool_delay_us(failures, id);
			assert_in_range(delay, most * 8 / 10, most);
			differs |= delay != spool_delay_us(failures, 1);
		}
	}
	assert_true(differs);
	assert_in_range(spool_delay_us(UINT32_MAX, 1), 480 * SECOND, 600 * SECOND);
}

static void who_asks_for_time_gets_it(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "mail", "a", "new");
	assert_int_equal(next(scene, "mail", T0), 1);
	came(scene, 1, NOTIFY_LATER, T0);
	spool_wait(scene->spool, "mail", 2 * SECOND, T0); /* less than it gets anyway */
	assert_in_range(spool_next_us(scene->spool, "mail", T0), T0 + 4 * SECOND,
			T0 + 5 * SECOND);
	spool_wait(scene->spool, "mail", 90 * SECOND, T0);
	assert_true(spool_next_us(scene->spool, "mail", T0) == T0 + 90 * SECOND);
	assert_int_equal(next(scene, "mail", T0 + 89 * SECOND), 0);
	assert_int_equal(next(scene, "mail", T0 + 90 * SECOND), 1);
	came(scene, 1, NOTIFY_LATER, T0 + 90 * SECOND);
	/* Who asks for a day is asked again all the same. */
	spool_wait(scene->spool, "mail", 24 * HOUR, T0 + 90 * SECOND);
	assert_true(spool_next_us(scene->spool, "mail", T0 + 90 * SECOND) ==
		    T0 + 690 * SECOND);
	sends(scene, "mail", T0 + 690 * SECOND, 1);
}

/* An hour: all come, in order, once. */
static void a_sink_that_was_down_gets_all(void **state)
{
	struct scene *scene = *state;
	int64_t now = T0;
	unsigned tries = 0;
	for (uint64_t id = 1; id <= 20; id++)
		put(scene, id, "mail", id % 2 == 0 ? "even" : "odd", "new");
	while (now < T0 + HOUR) {
		uint64_t id = next(scene, "mail", now);
		if (id != 0)
			came(scene, id, NOTIFY_LATER, now);
		tries += id != 0 ? 1 : 0;
		now += SECOND;
	}
	assert_in_range(tries, 10, 16);
	open_again(scene);
	uint64_t last[2] = { 0 };
	unsigned sent = 0;
	for (; now < T0 + 2 * HOUR; now += SECOND) {
		uint64_t id = next(scene, "mail", now);
		if (id == 0)
			continue;
		assert_true(id > last[id % 2]); /* each key in order */
		last[id % 2] = id;
		came(scene, id, NOTIFY_SENT, now);
		sent++;
	}
	assert_int_equal(sent, 20);
	assert_int_equal(scene->dropped, 0);
}

static void one_that_always_fails_lets_the_others_pass(void **state)
{
	struct scene *scene = *state;
	unsigned sent = 0;
	for (uint64_t id = 1; id <= 4; id++)
		put(scene, id, "mail", id == 1 ? "bad" : "good", "new");
	put(scene, 5, "mail", "bad", "resolved");
	for (int64_t now = T0; now < T0 + HOUR; now += SECOND) {
		uint64_t id = next(scene, "mail", now);
		assert_int_not_equal(id, 5); /* behind the one of its key */
		if (id != 0)
			came(scene, id, id == 1 ? NOTIFY_LATER : NOTIFY_SENT, now);
		sent += id > 1 ? 1 : 0;
	}
	assert_int_equal(sent, 3);
}

static void the_rate_is_kept(void **state)
{
	struct scene *scene = *state;
	unsigned at_once = 0, in_a_minute = 0;
	for (uint64_t id = 1; id <= 200; id++) {
		char key[16];
		snprintf(key, sizeof(key), "%d", (int)id);
		put(scene, id, "mail", key, "new");
	}
	for (int64_t now = T0; now < T0 + 60 * SECOND; now += SECOND / 4) {
		uint64_t id = next(scene, "mail", now);
		while (id != 0) {
			came(scene, id, NOTIFY_SENT, now);
			at_once += now == T0 ? 1 : 0;
			in_a_minute++;
			id = next(scene, "mail", now);
		}
	}
	assert_int_equal(at_once, 10);
	assert_in_range(in_a_minute, 65, 70);
}

static void a_repeat_of_what_waits_is_left_out(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "mail", "k", "new");
	assert_int_equal(put(scene, 2, "mail", "k", "repeated"), SPOOL_MERGED);
	assert_int_equal(put(scene, 3, "chat", "k", "repeated"), SPOOL_TAKEN);
	assert_int_equal(put(scene, 4, "mail", "k", "resolved"), SPOOL_TAKEN);
	assert_int_equal(spool_counts(scene->spool).merged, 1);
}

static void what_is_never_taken_goes(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "mail", "k", "new");
	put(scene, 2, "mail", "k", "resolved");
	assert_int_equal(next(scene, "mail", T0), 1);
	came(scene, 1, NOTIFY_NEVER, T0);
	sends(scene, "mail", T0, 2);
	assert_int_equal(spool_counts(scene->spool).dropped, 1);
}

static void after_three_days_it_is_given_up(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "gone", "k", "new");
	spool_tick(scene->spool, T0 + 72 * HOUR);
	assert_int_equal(scene->dropped, 0);
	spool_tick(scene->spool, T0 + 72 * HOUR + SECOND);
	assert_int_equal(scene->dropped, 1);
	assert_string_equal(scene->why, "given up after three days");
}

static void a_clock_that_is_set_back_stops_nothing(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "mail", "k", "new");
	assert_int_equal(next(scene, "mail", T0), 1);
	came(scene, 1, NOTIFY_LATER, T0);
	sends(scene, "mail", T0 - 24 * HOUR, 1);
}

/* ---- room ---- */

static void without_room_the_oldest_repeat_goes_first(void **state)
{
	struct scene *scene = *state;
	spool_close(scene->spool);
	open_spool(scene, 4 * sizeof(BODY));
	put(scene, 1, "mail", "a", "new");
	put(scene, 2, "mail", "b", "repeated");
	put(scene, 3, "mail", "c", "repeated");
	put(scene, 4, "chat", "d", "new");
	assert_int_equal(put(scene, 5, "chat", "e", "new"), SPOOL_TAKEN);
	assert_int_equal(scene->last_dropped, 2);
	put(scene, 6, "mail", "f", "new");
	assert_int_equal(scene->last_dropped, 3);
	put(scene, 7, "mail", "g", "new"); /* two each: the oldest of the first */
	assert_int_equal(scene->last_dropped, 1);
	put(scene, 8, "mail", "h", "new");
	put(scene, 9, "mail", "i", "new");
	assert_int_equal(scene->dropped, 5);
	assert_int_equal(spool_counts(scene->spool).dropped, 5);
	assert_int_equal(files_in(scene), 4);
	assert_int_equal(put(scene, 1, "mail", "a", "new"), SPOOL_KNOWN);
}

/* As on a disk that is full: no file may grow beyond that. */
static void set_file_size(rlim_t most)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = most;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_loses_nothing(void **state)
{
	struct scene *scene = *state;
	set_file_size(16);
	assert_int_equal(put(scene, 1, "mail", "k", "new"), SPOOL_TAKEN);
	assert_int_equal(put(scene, 2, "mail", "k", "resolved"), SPOOL_TAKEN);
	assert_int_equal(spool_counts(scene->spool).unsaved, 2);
	assert_int_equal(files_in(scene), 0);
	sends(scene, "mail", T0, 1);
	spool_tick(scene->spool, T0 + HOUR);
	assert_int_equal(spool_counts(scene->spool).unsaved, 1);
	set_file_size(RLIM_INFINITY);
	spool_tick(scene->spool, T0 + 2 * HOUR);
	assert_int_equal(spool_counts(scene->spool).unsaved, 0);
	open_again(scene);
	sends(scene, "mail", T0, 2);
	assert_int_equal(put(scene, 1, "mail", "k", "new"), SPOOL_KNOWN);
}

/* ---- restarts and damage ---- */

static void a_restart_changes_nothing(void **state)
{
	struct scene *scene = *state;
	for (uint64_t id = 1; id <= 3; id++)
		put(scene, id, "mail", "k", "new");
	sends(scene, "mail", T0, 1);
	assert_int_equal(next(scene, "mail", T0), 2); /* and we end meanwhile */
	open_again(scene);
	assert_int_equal(put(scene, 1, "mail", "k", "new"), SPOOL_KNOWN);
	assert_int_equal(put(scene, 3, "mail", "k", "new"), SPOOL_KNOWN);
	sends(scene, "mail", T0, 2);
	sends(scene, "mail", T0, 3);
	put(scene, 4, "mail", "k", "new");
	sends(scene, "mail", T0, 4);
	assert_int_equal(files_in(scene), 0);
}

/* Between "it is done" and the end of its file. */
static void a_kill_between_two_steps_sends_nothing_twice(void **state)
{
	struct scene *scene = *state;
	char command[512];
	put(scene, 1, "mail", "k", "new");
	snprintf(command, sizeof(command), "cp %s/0*.notice %s.kept", scene->folder,
		 scene->folder);
	/* NOLINTNEXTLINE(cert-env33-c): a folder of our own */
	assert_int_equal(system(command), 0);
	sends(scene, "mail", T0, 1);
	snprintf(command, sizeof(command), "mv %s.kept %s/0000000000000000.notice",
		 scene->folder, scene->folder);
	/* NOLINTNEXTLINE(cert-env33-c): a folder of our own */
	assert_int_equal(system(command), 0);
	open_again(scene);
	assert_int_equal(next(scene, "mail", T0), 0);
	assert_int_equal(files_in(scene), 0);
}

/* Of a process that is killed while it writes, each file is whole or none. */
static void a_kill_while_writing_leaves_whole_files(void **state)
{
	struct scene *scene = *state;
	int told[2];
	assert_int_equal(pipe(told), 0);
	pid_t pid = fork();
	if (pid == 0) {
		for (uint64_t id = 1;; id++) {
			char key[16];
			snprintf(key, sizeof(key), "%d", (int)id);
			put(scene, id, "mail", key, "new");
			if (write(told[1], &id, sizeof(id)) != sizeof(id))
				_exit(1);
		}
	}
	uint64_t last = 0;
	while (last < 5)
		assert_int_equal(read(told[0], &last, sizeof(last)), sizeof(last));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	open_again(scene);
	assert_true(spool_counts(scene->spool).waiting >= 5);
	assert_int_equal(spool_counts(scene->spool).dropped, 0);
	for (uint64_t id = 1; id <= 5; id++)
		sends(scene, "mail", T0, id);
	close(told[0]);
	close(told[1]);
}

static char *only_file(const struct scene *scene)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/0000000000000000.notice", scene->folder);
	return path;
}

static void a_damaged_file_is_told_and_passed_over(void **state)
{
	struct scene *scene = *state;
	struct stat st;
	put(scene, 1, "mail", "k", "new");
	assert_int_equal(stat(only_file(scene), &st), 0);
	for (off_t at = 0; at < st.st_size; at += 7) {
		uint8_t byte;
		int fd = open(only_file(scene), O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x40;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		open_again(scene);
		assert_int_equal(spool_counts(scene->spool).dropped, 1);
		assert_int_equal(next(scene, "mail", T0), 0);
		assert_int_equal(files_in(scene), 0);
		put(scene, (uint64_t)at + 2, "mail", "k", "new");
	}
}

static void one_that_was_cut_is_damaged(void **state)
{
	struct scene *scene = *state;
	put(scene, 1, "mail", "k", "new");
	assert_int_equal(truncate(only_file(scene), 40), 0);
	put(scene, 2, "mail", "k", "resolved");
	sends(scene, "mail", T0, 2);
	assert_string_equal(scene->why, "its file can't be read");
	assert_int_equal(scene->last_dropped, 1);
}

static void ids_that_were_cut_do_no_harm(void **state)
{
	struct scene *scene = *state;
	char path[128];
	put(scene, 1, "mail", "k", "new");
	sends(scene, "mail", T0, 1);
	put(scene, 2, "mail", "k", "new");
	sends(scene, "mail", T0, 2);
	snprintf(path, sizeof(path), "%s/done", scene->folder);
	assert_int_equal(truncate(path, 13), 0);
	open_again(scene);
	assert_int_equal(put(scene, 1, "mail", "k", "new"), SPOOL_KNOWN);
	put(scene, 3, "mail", "k", "new");
	sends(scene, "mail", T0, 3);
	open_again(scene);
	assert_int_equal(put(scene, 3, "mail", "k", "new"), SPOOL_KNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_sent_once_in_order),
		TEST(one_sink_does_not_hold_another),
		TEST(delays_double_and_end_at_ten_minutes),
		TEST(who_asks_for_time_gets_it),
		TEST(a_sink_that_was_down_gets_all),
		TEST(one_that_always_fails_lets_the_others_pass),
		TEST(the_rate_is_kept),
		TEST(a_repeat_of_what_waits_is_left_out),
		TEST(what_is_never_taken_goes),
		TEST(after_three_days_it_is_given_up),
		TEST(a_clock_that_is_set_back_stops_nothing),
		TEST(without_room_the_oldest_repeat_goes_first),
		TEST(a_full_disk_loses_nothing),
		TEST(a_restart_changes_nothing),
		TEST(a_kill_between_two_steps_sends_nothing_twice),
		TEST(a_kill_while_writing_leaves_whole_files),
		TEST(a_damaged_file_is_told_and_passed_over),
		TEST(one_that_was_cut_is_damaged),
		TEST(ids_that_were_cut_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, remove_root);
}
