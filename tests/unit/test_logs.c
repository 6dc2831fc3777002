/*
 * test_logs.c: the thread that follows logs hands over what it reads, and names the
 * folders that it needs.
 */
#include "log_check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { WAIT_S = 10 };

static char folder[64], path[128];
static struct log_formats *formats;

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_logs_XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/auth.log", folder);
	formats = built_in();
	return 0;
}

static int end(void **state)
{
	(void)state;
	log_formats_free(formats);
	unlink(path);
	return rmdir(folder);
}

static void add(const char *text)
{
	FILE *file = fopen(path, "a");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* ---- the thread ---- */

static struct log_login got[16];
static size_t got_count;

static void take(void *to, const struct log_login *login)
{
	(void)to;
	assert_true(got_count < 16);
	got[got_count++] = *login;
}

static bool has_looked(struct logs *logs)
{
	struct logs_status status;
	logs_status(logs, &status);
	return status.looked;
}

static bool has_got_two(struct logs *logs)
{
	logs_take(logs, take, NULL);
	return got_count >= 2;
}

static void await(struct logs *logs, bool (*condition)(struct logs *logs))
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + WAIT_S * 1000000LL;
	while (!condition(logs)) {
		if (clock_us(CLOCK_MONOTONIC) > until_us)
			fail_msg("still waiting after %d s", WAIT_S);
		nanosleep(&pause, NULL);
	}
}

static void what_is_logged_is_handed_over(void **state)
{
	(void)state;
	const char *const files[] = { path };
	const struct logs_options options = { .formats = formats,
					      .files = files,
					      .file_count = 1 };
	struct logs_status status;
	add("Nov 25 16:32:00 host sshd[1]: Failed password for old from 192.0.2.7 port "
	    "1 ssh2\n");
	struct logs *logs = logs_open(&options);
	assert_non_null(logs);
	await(logs, has_looked);
	add("Nov 25 16:32:01 host sshd[1]: Failed password for root from 192.0.2.7 "
	    "port 40022 ssh2\n"
	    "Nov 25 16:32:01 host cron[1]: Failed password for root from 192.0.2.7 "
	    "port 40022 ssh2\n"
	    "no line of syslog\n"
	    "Nov 25 16:32:02 host sshd[1]: Accepted password for bob from 192.0.2.7 "
	    "port 40023 ssh2\n");
	await(logs, has_got_two);
	logs_status(logs, &status);
	logs_close(logs);
	assert_int_equal(got_count, 2);
	assert_string_equal(got[0].login.user, "root");
	assert_string_equal(got[1].login.user, "bob");
	assert_string_equal(got[1].login.outcome, "success");
	assert_true(got[0].login.at > 1600000000000000);
	assert_true(status.files == 1 && status.lost == 0 && !status.journal);
}

/* ---- folders ---- */

static char emitted[4096];

static void emit(void *to, const char *name)
{
	(void)to;
	size_t len = strlen(emitted);
	snprintf(emitted + len, sizeof(emitted) - len, "%s\n", name);
}

static void folders_of(bool journal, bool programs, const char *file)
{
	const char *const files[] = { file };
	const struct logs_options options = { .formats = formats,
					      .journal = journal,
					      .programs = programs,
					      .files = files,
					      .file_count = file != NULL };
	emitted[0] = '\0';
	logs_folders(&options, emit, NULL);
}

static void a_sandbox_gets_the_folders_and_nothing_above(void **state)
{
	(void)state;
	char wanted[128], deep[192];
	folders_of(false, false, NULL);
	assert_string_equal(emitted, "");
	snprintf(wanted, sizeof(wanted), "%s\n", folder);
	folders_of(false, false, path);
	assert_string_equal(emitted, wanted);
	/* One that is not there yet is covered by the one above ... */
	snprintf(deep, sizeof(deep), "%s/later/*.log", folder);
	folders_of(false, false, deep);
	assert_string_equal(emitted, wanted);
	/* ... but no farther, and never by one of the root's. */
	snprintf(deep, sizeof(deep), "%s/much/later/*.log", folder);
	folders_of(false, false, deep);
	assert_string_equal(emitted, "");
	folders_of(false, false, "/tmp/no-such-folder-here/x.log");
	assert_string_equal(emitted, "");
	folders_of(false, false, "/x.log");
	assert_string_equal(emitted, "");
	folders_of(false, false, "/*/x.log");
	assert_string_equal(emitted, "");
	folders_of(true, true, NULL);
	assert_non_null(strstr(emitted, "/run/log/journal\n"));
	assert_non_null(strstr(emitted, "/var/log\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_logged_is_handed_over, begin,
						end),
		cmocka_unit_test_setup_teardown(
			a_sandbox_gets_the_folders_and_nothing_above, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
