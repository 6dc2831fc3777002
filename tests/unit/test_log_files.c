/*
 * test_log_files.c: files of logs are followed through all that happens to them, and
 * nothing in them is told twice or guessed.
 */
#include "log_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/log_files.h"
#include "host/log_line.h"

static char folder[64], path[128], other[128];
static struct log_files *files;
static struct buf told; /* every line with a newline */
static size_t longest;
static int64_t now_us;

static void take(void *to, const struct log_format *format, const char *of,
		 struct bytes line)
{
	(void)to;
	(void)format;
	(void)of;
	if (line.len > longest)
		longest = line.len;
	if (line.len < 100)
		buf_add(&told, line.at, line.len);
	buf_char(&told, '\n');
}

static bool always(void *of)
{
	(void)of;
	return true;
}

static void look_and_read(void)
{
	now_us += 1000000;
	log_files_look(files, now_us);
	log_files_read(files, always, NULL);
}

/* Compares with what has been told since the last time. */
static void tells(const char *lines)
{
	look_and_read();
	assert_string_equal(buf_cstr(&told), lines);
	buf_clear(&told);
}

static void add_bytes(const char *to, const void *bytes, size_t len)
{
	FILE *file = fopen(to, "a");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static void add(const char *text)
{
	add_bytes(path, text, strlen(text));
}

static struct log_files_status status(void)
{
	struct log_files_status now;
	log_files_status(files, &now);
	return now;
}

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_log_files_XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a.log", folder);
	snprintf(other, sizeof(other), "%s/a.log.1", folder);
	now_us = clock_us(CLOCK_REALTIME);
	files = log_files_new(take, NULL);
	buf_clear(&told);
	longest = 0;
	return files != NULL && log_files_add(files, path, NULL) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	char name[512];
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		unlink(name);
	}
	closedir(dir);
	log_files_free(files);
	return rmdir(folder);
}

static void what_was_there_is_history(void **state)
{
	(void)state;
	add("old\n");
	tells("");
	add("new\r\n\n\nnewer\n");
	tells("new\nnewer\n");
	tells("");
}

static void a_file_may_appear_later(void **state)
{
	(void)state;
	tells("");
	assert_int_equal(status().open, 0);
	add("first\n");
	tells("first\n");
	assert_int_equal(status().open, 1);
}

/* Nobody rewrites history by moving an old file in. */
static void an_old_file_that_is_moved_in_is_history(void **state)
{
	(void)state;
	add_bytes(other, "old\n", 4);
	now_us += 60000000;
	tells("");
	assert_int_equal(rename(other, path), 0);
	tells("");
	add("new\n");
	tells("new\n");
}

static void an_unfinished_line_is_told_when_it_ends(void **state)
{
	(void)state;
	tells("");
	const char line[] = "one line\n";
	for (size_t i = 0; i + 1 < strlen(line); i++) {
		add_bytes(path, line + i, 1);
		tells("");
	}
	add("\nnext");
	tells("one line\n");
}

static void the_rest_of_a_line_from_before_is_not_told(void **state)
{
	(void)state;
	add("begun before ");
	tells("");
	add("6.6.6.6\nwhole\n");
	tells("whole\n");
}

static void a_rotation_by_rename_loses_nothing(void **state)
{
	(void)state;
	add("old\n");
	tells("");
	add("one\n");
	assert_int_equal(rename(path, other), 0);
	add_bytes(other, "two\n", 4); /* its writer has not noticed yet */
	add("three\n");
	tells("one\ntwo\nthree\n");
	add_bytes(other, "late\n", 5);
	add("four\n");
	tells("late\nfour\n");
	assert_int_equal(status().open, 2);
	now_us += 61000000;
	look_and_read();
	assert_int_equal(status().open, 1);
	/* Again, with a file in the way that had the name before. */
	assert_int_equal(rename(path, other), 0);
	add("five\n");
	tells("five\n");
}

static void a_rotation_by_truncation_begins_anew(void **state)
{
	(void)state;
	tells("");
	add("one\ntwo\n");
	tells("one\ntwo\n");
	assert_int_equal(truncate(path, 0), 0);
	add("three\n");
	tells("three\n");
	assert_int_equal(truncate(path, 0), 0);
	tells("");
	add("4\n");
	tells("4\n");
}

static void a_removed_file_is_read_to_its_end(void **state)
{
	(void)state;
	tells("");
	add("one\n");
	tells("one\n");
	add("last\nunfinished");
	assert_int_equal(unlink(path), 0);
	tells("last\n");
	now_us += 61000000;
	look_and_read();
	look_and_read();
	assert_int_equal(status().open, 0);
	assert_int_equal(status().odd, 1);
	add("again\n");
	tells("again\n");
}

static void a_line_too_long_is_counted_and_passed(void **state)
{
	(void)state;
	enum { LEN = 1 << 20 };
	char *line = malloc(LEN);
	assert_non_null(line);
	memset(line, 'x', LEN);
	tells("");
	add_bytes(path, line, LEN);
	tells("");
	add("\nafter\n");
	tells("after\n");
	assert_int_equal(status().odd, 1);
	/* The longest that is read. */
	add_bytes(path, line, LOG_LINE_MAX - 1);
	add("\n");
	look_and_read();
	assert_int_equal(longest, LOG_LINE_MAX - 1);
	assert_int_equal(status().odd, 1);
	free(line);
}

static void garbage_is_passed_on_as_it_is(void **state)
{
	(void)state;
	static const char bytes[] = "\0\x01\xff\n\n\r\n\0\0\0\nend\n";
	tells("");
	add_bytes(path, bytes, sizeof(bytes) - 1);
	look_and_read();
	/* Three lines that are not empty, one of them of NULs. */
	assert_int_equal(told.len, 4 + 4 + 4);
	assert_memory_equal(told.at + 8, "end\n", 4);
}

static void a_flood_is_cut_short_and_counted(void **state)
{
	(void)state;
	enum { LEN = 1 << 20 };
	char *lines = malloc(LEN);
	assert_non_null(lines);
	memset(lines, 'x', LEN);
	for (int i = 63; i < LEN; i += 64)
		lines[i] = '\n';
	tells("");
	for (int i = 0; i < 17; i++)
		add_bytes(path, lines, LEN);
	tells("");
	assert_int_equal(status().skips, 1);
	add("after\n");
	tells("after\n");
	free(lines);
}

static bool not_now(void *of)
{
	return (*(int *)of)-- > 0;
}

static void who_has_no_time_goes_on_later(void **state)
{
	(void)state;
	int pieces = 1;
	add("old\n");
	tells("");
	for (int i = 0; i < 3000; i++)
		add("0123456789012345678901234567890123456789\n");
	assert_false(log_files_read(files, not_now, &pieces));
	size_t first = told.len;
	assert_in_range(first, 1, LOG_LINE_MAX);
	look_and_read();
	assert_int_equal(told.len, 3000 * 41);
}

static void only_plain_files_are_read(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	tells("");
	assert_int_equal(status().open, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/zero", path), 0);
	tells("");
	assert_int_equal(status().open, 0);
}

static void wildcards_find_all_that_fit(void **state)
{
	(void)state;
	char pattern[128], name[160];
	snprintf(pattern, sizeof(pattern), "%s/*access.log", folder);
	assert_true(log_files_add(files, pattern, NULL));
	tells("");
	snprintf(name, sizeof(name), "%s/site.access.log", folder);
	add_bytes(name, "one\n", 4);
	snprintf(name, sizeof(name), "%s/access.log.gz", folder);
	add_bytes(name, "two\n", 4);
	tells("one\n");
}

/* Two patterns that fit one file, or a second name for it. */
static void a_file_is_read_once(void **state)
{
	(void)state;
	char pattern[128], name[160];
	snprintf(pattern, sizeof(pattern), "%s/*.log", folder);
	assert_true(log_files_add(files, pattern, NULL));
	tells("");
	add("one\n");
	snprintf(name, sizeof(name), "%s/b.log", folder);
	assert_int_equal(link(path, name), 0);
	tells("one\n");
	assert_int_equal(status().open, 1);
}

static void more_files_than_there_is_room_for_are_named(void **state)
{
	(void)state;
	char pattern[128], name[160];
	snprintf(pattern, sizeof(pattern), "%s/many*", folder);
	assert_true(log_files_add(files, pattern, NULL));
	for (int i = 0; i < LOG_FILES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "%s/many%d", folder, i);
		add_bytes(name, "x\n", 2);
	}
	tells("");
	assert_int_equal(status().open, LOG_FILES_MAX);
	assert_non_null(strstr(status().denied, "/many"));
	assert_non_null(strstr(status().denied, " and others"));
}

/* As an ordinary user, whoever runs the test. */
static void what_may_not_be_read_is_named(void **state)
{
	(void)state;
	enum { NOBODY = 65534 };
	bool is_root = geteuid() == 0;
	now_us += 60000000;
	add("secret\n");
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(is_root ? seteuid(NOBODY) : 0, 0);
	look_and_read();
	assert_int_equal(is_root ? seteuid(0) : 0, 0);
	assert_string_equal(status().denied, path);
	assert_int_equal(status().open, 0);
	assert_int_equal(chmod(path, 0600), 0);
	tells("");
	assert_string_equal(status().denied, "");
	add("one\n");
	tells("one\n");
}

/* ---- lines of syslog ---- */

static bool splits(const char *line, const char *identifier, const char *text)
{
	struct bytes name, rest;
	if (!log_line_split(bytes_of(line, strlen(line)), &name, &rest))
		return false;
	assert_int_equal(name.len, strlen(identifier));
	assert_memory_equal(name.at, identifier, name.len);
	assert_int_equal(rest.len, strlen(text));
	assert_memory_equal(rest.at, text, rest.len);
	return true;
}

static void a_line_of_syslog_names_its_program(void **state)
{
	(void)state;
	assert_true(
		splits("Nov 25 16:32:01 host sshd[123]: Failed x", "sshd", "Failed x"));
	assert_true(splits("Nov  5 16:32:01 host postfix/smtpd[1]: x y",
			   "postfix/smtpd", "x y"));
	assert_true(splits("2025-11-25T16:32:01.123456+01:00 host sshd-session[9]: a",
			   "sshd-session", "a"));
	assert_true(splits("2025-11-25T16:32:01Z host su: a", "su", "a"));
	assert_true(splits("Nov 25 16:32:01 host gdm-password][7]: a", "gdm-password]",
			   "a"));
	assert_true(
		splits("Nov 25 16:32:01 host gdm-password]: a", "gdm-password]", "a"));
}

static void every_other_line_is_none(void **state)
{
	(void)state;
	static const char line[] = "Nov 25 16:32:01 host sshd[123]: x";
	static const char *const others[] = {
		"Nov 25 16:32 host sshd[1]: x",   "host sshd[1]: x",
		"Nov 25 16:32:01 host sshd[1] x", "Nov 25 16:32:01  sshd[1]: x",
		"2025-11-25 16:32:01 host su: a", "Nov 25 16:32:01 host : x",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(splits(others[i], "", ""));
	for (size_t len = 0; len + 2 < sizeof(line); len++) {
		char *cut = strndup(line, len);
		assert_false(splits(cut, "", ""));
		free(cut);
	}
}

#define FOLLOWING(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLLOWING(what_was_there_is_history),
		FOLLOWING(a_file_may_appear_later),
		FOLLOWING(an_old_file_that_is_moved_in_is_history),
		FOLLOWING(an_unfinished_line_is_told_when_it_ends),
		FOLLOWING(the_rest_of_a_line_from_before_is_not_told),
		FOLLOWING(a_rotation_by_rename_loses_nothing),
		FOLLOWING(a_rotation_by_truncation_begins_anew),
		FOLLOWING(a_removed_file_is_read_to_its_end),
		FOLLOWING(a_line_too_long_is_counted_and_passed),
		FOLLOWING(garbage_is_passed_on_as_it_is),
		FOLLOWING(a_flood_is_cut_short_and_counted),
		FOLLOWING(who_has_no_time_goes_on_later),
		FOLLOWING(only_plain_files_are_read),
		FOLLOWING(wildcards_find_all_that_fit),
		FOLLOWING(a_file_is_read_once),
		FOLLOWING(more_files_than_there_is_room_for_are_named),
		FOLLOWING(what_may_not_be_read_is_named),
		cmocka_unit_test(a_line_of_syslog_names_its_program),
		cmocka_unit_test(every_other_line_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
