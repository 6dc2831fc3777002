/*
 * test_runner.c: which programs may be run, how many, and what may reach them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/runner.h"
#include "guard/runner_queue.h"

#define SECOND_US 1000000LL

enum { FOREIGN_USER = 12345 };

static int64_t now_us = 1000 * SECOND_US;

/* ---- messages ---- */

static void put(char *field, size_t size, const char *text)
{
	snprintf(field, size, "%s", text);
}

static struct runner_message run_of(uint64_t id, uint32_t total)
{
	struct runner_message message = {
		.kind = RUNNER_RUN, .id = id, .count = 1, .total = total
	};
	put(message.words[0].name, RUNNER_NAME_MAX, "KIND");
	put(message.words[0].value, RUNNER_VALUE_MAX, "port_scan");
	return message;
}

static struct runner_message piece_of(uint64_t id, uint32_t count)
{
	struct runner_message message = { .kind = RUNNER_INPUT,
					  .id = id,
					  .count = count };
	memset(message.input, 'x', count);
	return message;
}

static bool is_taken(const struct runner_message *message)
{
	struct runner_message out;
	return runner_message_parse(message, sizeof(*message), &out);
}

static void what_no_daemon_sends_is_no_message(void **state)
{
	(void)state;
	struct runner_message good = run_of(1, 10), bad, out;
	assert_true(is_taken(&good));
	assert_false(runner_message_parse(&good, sizeof(good) - 1, &out));
	bad = good;
	bad.id = 0;
	assert_false(is_taken(&bad));
	bad = good;
	bad.program = RUNNER_PROGRAMS_MAX;
	assert_false(is_taken(&bad));
	bad = good;
	bad.count = RUNNER_WORDS_MAX + 1;
	assert_false(is_taken(&bad));
	bad = good;
	bad.total = RUNNER_INPUT_MAX + 1;
	assert_false(is_taken(&bad));
	bad = good;
	bad.kind = RUNNER_INPUT + 1;
	assert_false(is_taken(&bad));
	bad = piece_of(1, RUNNER_PIECE_MAX);
	assert_true(is_taken(&bad));
	bad.count = RUNNER_PIECE_MAX + 1;
	assert_false(is_taken(&bad));
	bad.count = 0;
	assert_false(is_taken(&bad));
	bad = good;
	memset(bad.words[0].value, 'x', sizeof(bad.words[0].value)); /* no end */
	assert_false(is_taken(&bad));
	memset(bad.words[0].name, 'X', sizeof(bad.words[0].name));
	assert_false(is_taken(&bad));
}

static void only_plain_words_reach_the_environment(void **state)
{
	(void)state;
	static const char *const good[] = { "port_scan", "192.0.2.1", "::1", "443",
					    "2026-01-31T10:00:00.000000Z" };
	static const char *const bad[] = {
		"",     "-rf",      "/etc/passwd", "../x", "a b", "$(reboot)",
		"`id`", "a;b",      "a\nb",        "a'b",  "a*",  "\xc3\xa9",
		"a\"b", "(){ :; }", "a=b",         "~",    "!x",  ".",
	};
	struct runner_message message = run_of(1, 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		put(message.words[0].value, RUNNER_VALUE_MAX, good[i]);
		assert_true(is_taken(&message));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(message.words[0].value, RUNNER_VALUE_MAX, bad[i]);
		assert_false(is_taken(&message));
	}
	put(message.words[0].value, RUNNER_VALUE_MAX, "x");
	put(message.words[0].name, RUNNER_NAME_MAX, "a=b");
	assert_false(is_taken(&message));
	put(message.words[0].name, RUNNER_NAME_MAX, "");
	assert_false(is_taken(&message));
}

/* ---- the queue ---- */

static uint64_t take(struct runner_queue *queue, struct runner_message message)
{
	return runner_queue_take(queue, &message);
}

static uint64_t next_id(struct runner_queue *queue)
{
	struct runner_job *job = runner_queue_next(queue, now_us);
	uint64_t id = job != NULL ? job->id : 0;
	free(job);
	return id;
}

static void input_comes_in_pieces(void **state)
{
	(void)state;
	struct runner_queue queue;
	runner_queue_begin(&queue, now_us);
	assert_int_equal(take(&queue, run_of(7, RUNNER_PIECE_MAX + 5)), 0);
	assert_int_equal(take(&queue, piece_of(7, RUNNER_PIECE_MAX)), 0);
	assert_int_equal(next_id(&queue), 0); /* not all of it */
	assert_int_equal(take(&queue, piece_of(7, 5)), 0);
	struct runner_job *job = runner_queue_next(&queue, now_us);
	assert_non_null(job);
	assert_int_equal(job->len, RUNNER_PIECE_MAX + 5);
	assert_int_equal(job->input[job->len - 1], 'x');
	assert_string_equal(job->words[0].value, "port_scan");
	free(job);
	runner_queue_clear(&queue);
}

static void input_that_is_not_what_was_said_is_left_out(void **state)
{
	(void)state;
	struct runner_queue queue;
	runner_queue_begin(&queue, now_us);
	take(&queue, run_of(1, 10));
	assert_int_equal(take(&queue, piece_of(1, 11)), 1); /* too much */
	assert_int_equal(take(&queue, piece_of(1, 10)), 0); /* of nobody now */
	take(&queue, run_of(2, 10));
	assert_int_equal(take(&queue, run_of(3, 10)), 2); /* its rest never came */
	assert_int_equal(take(&queue, piece_of(2, 10)), 0);
	assert_int_equal(next_id(&queue), 0);
	assert_int_equal(take(&queue, piece_of(3, 10)), 0);
	assert_int_equal(next_id(&queue), 3);
	assert_int_equal(queue.left_out, 2);
	runner_queue_clear(&queue);
}

static void four_run_at_a_time_in_the_order_that_they_came(void **state)
{
	(void)state;
	struct runner_queue queue;
	runner_queue_begin(&queue, now_us);
	for (uint64_t id = 1; id <= 6; id++)
		assert_int_equal(take(&queue, run_of(id, 0)), 0);
	for (uint64_t id = 1; id <= RUNNER_AT_ONCE; id++)
		assert_int_equal(next_id(&queue), id);
	assert_int_equal(next_id(&queue), 0);
	assert_int_equal(runner_queue_timeout_ms(&queue, now_us), -1);
	runner_queue_ended(&queue);
	assert_int_equal(runner_queue_timeout_ms(&queue, now_us), 0);
	assert_int_equal(next_id(&queue), 5);
	runner_queue_clear(&queue);
}

static void sixty_a_minute_begin_and_the_rest_waits(void **state)
{
	(void)state;
	struct runner_queue queue;
	runner_queue_begin(&queue, now_us);
	for (uint64_t id = 1; id <= RUNNER_A_MINUTE; id++) {
		take(&queue, run_of(id, 0));
		assert_int_equal(next_id(&queue), id);
		runner_queue_ended(&queue);
	}
	take(&queue, run_of(100, 0));
	assert_int_equal(next_id(&queue), 0);
	assert_int_equal(runner_queue_timeout_ms(&queue, now_us), 1000);
	now_us += SECOND_US;
	assert_int_equal(next_id(&queue), 100);
	take(&queue, run_of(101, 0));
	assert_int_equal(next_id(&queue), 0);
	runner_queue_clear(&queue);
}

static void who_floods_it_fills_so_many_places(void **state)
{
	(void)state;
	struct runner_queue queue;
	runner_queue_begin(&queue, now_us);
	for (uint64_t id = 1; id <= RUNNER_WAITING_MAX; id++)
		assert_int_equal(take(&queue, run_of(id, 0)), 0);
	for (uint64_t id = 1000; id < 2000; id++)
		assert_int_equal(take(&queue, run_of(id, 0)), id);
	assert_int_equal(queue.left_out, 1000);
	assert_int_equal(next_id(&queue), 1); /* those that waited still do */
	runner_queue_clear(&queue);
}

/* ---- which file ---- */

static char folder[] = "/tmp/test_runner_XXXXXX", file[64], real[4096];
static char why[RUNNER_SAID_MAX];

static int make_file(void **state)
{
	(void)state;
	if (folder[strlen(folder) - 1] == 'X' && mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/program", folder);
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	if (fd < 0)
		return -1;
	close(fd);
	return chmod(folder, 0755) | chmod(file, 0755);
}

static int remove_file(void **state)
{
	(void)state;
	unlink(file);
	return 0;
}

static bool is_good(void)
{
	return runner_judge(file, getuid(), real, why);
}

static void refused_for(const char *reason)
{
	assert_false(is_good());
	assert_non_null(strstr(why, reason));
}

static void a_file_that_only_its_owner_may_change_is_run(void **state)
{
	(void)state;
	assert_true(is_good());
	assert_string_equal(real, file);
	chmod(file, 0775);
	refused_for("others may change it");
	chmod(file, 0757);
	refused_for("others may change it");
	chmod(file, 0755);
	assert_true(is_good());
}

static void a_folder_that_others_may_change_is_not_trusted(void **state)
{
	(void)state;
	chmod(folder, 0777);
	refused_for("others may replace what is in it");
	chmod(folder, 01777);
	assert_true(is_good());
	if (getuid() != 0)
		return;
	assert_int_equal(chown(folder, FOREIGN_USER, 0), 0);
	refused_for("who could replace it");
	assert_int_equal(chown(folder, 0, 0), 0);
	assert_int_equal(chown(file, FOREIGN_USER, 0), 0);
	refused_for("who could change it");
}

static void what_is_no_program_is_told_so(void **state)
{
	(void)state;
	assert_false(runner_judge("program", getuid(), real, why));
	assert_non_null(strstr(why, "no absolute path"));
	assert_false(runner_judge(folder, getuid(), real, why));
	assert_non_null(strstr(why, "no plain file"));
	chmod(file, 0644);
	refused_for("can't be executed");
	unlink(file);
	refused_for("No such file");
}

static void a_link_leads_to_what_is_judged(void **state)
{
	(void)state;
	char link[80];
	snprintf(link, sizeof(link), "%s/link", folder);
	unlink(link);
	assert_int_equal(symlink(file, link), 0);
	assert_true(runner_judge(link, getuid(), real, why));
	assert_string_equal(real, file);
	chmod(file, 0777);
	assert_false(runner_judge(link, getuid(), real, why));
	unlink(link);
}

static int remove_folder(void **state)
{
	(void)state;
	rmdir(folder);
	return 0;
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_daemon_sends_is_no_message),
		cmocka_unit_test(only_plain_words_reach_the_environment),
		cmocka_unit_test(input_comes_in_pieces),
		cmocka_unit_test(input_that_is_not_what_was_said_is_left_out),
		cmocka_unit_test(four_run_at_a_time_in_the_order_that_they_came),
		cmocka_unit_test(sixty_a_minute_begin_and_the_rest_waits),
		cmocka_unit_test(who_floods_it_fills_so_many_places),
		WITH_FILE(a_file_that_only_its_owner_may_change_is_run),
		WITH_FILE(a_folder_that_others_may_change_is_not_trusted),
		WITH_FILE(what_is_no_program_is_told_so),
		WITH_FILE(a_link_leads_to_what_is_judged),
	};
	return cmocka_run_group_tests(tests, NULL, remove_folder);
}
