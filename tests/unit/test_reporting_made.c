/*
 * test_reporting_made.c: who is mailed a report: each sink once, all its files, and it
 * is only done when all have it on disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/when.h"
#include "cli/reporting.h"

#define SECOND_US INT64_C(1000000)
#define NOON      "2026-12-01T12:00:00Z"
#define ENDED     "2026-12-01T00:00:00Z"

static struct config config;
static struct reporting reporting;
static struct buf said;
static char folder[] = "/tmp/mailed-XXXXXX";

/* Who tells people, seen from here. */
static struct {
	enum reporting_mailed answer;
	const char *refuses; /* the sink that can't keep what it was told */
	char told[256];      /* names of sinks, in the order in which they were asked */
	int64_t at_us;       /* of the last mail */
	size_t files;
	char last_file[128];
} post;
static struct report_made_record made;

static enum reporting_mailed take_mail(void *self, const struct reporting_mail *mail,
				       const char **why)
{
	(void)self;
	size_t len = strlen(post.told);
	snprintf(post.told + len, sizeof(post.told) - len, "%s%s%s", len > 0 ? " " : "",
		 mail->sink, mail->is_told ? "?" : "");
	post.at_us = mail->at_us;
	post.files = mail->file_count;
	if (mail->file_count > 0)
		snprintf(post.last_file, sizeof(post.last_file), "%s",
			 mail->files[mail->file_count - 1]);
	*why = "it is gone";
	if (post.refuses != NULL && strcmp(post.refuses, mail->sink) == 0)
		return mail->is_told ? REPORTING_MAIL_REFUSED : REPORTING_MAIL_TOLD;
	return post.answer;
}

static void take_made(void *self, const struct report_made_record *record,
		      const char *action)
{
	(void)self;
	(void)action;
	made = *record;
}

static int64_t at(const char *text)
{
	int64_t us = 0;
	if (!time_parse(text, &us))
		fail_msg("%s is no time", text);
	return us;
}

static void configure(const char *mail)
{
	struct buf text = { 0 }, errors = { 0 };
	buf_printf(&text, "report: {schedule: [{report: cis, every: month, mail: %s}]}",
		   mail);
	config_init(&config);
	if (config_parse(&config, buf_cstr(&text), text.len, "f", &errors) != 0)
		fail_msg("%s", buf_cstr(&errors));
	snprintf(config.state, sizeof(config.state), "%s", folder);
	buf_free(&text);
	buf_free(&errors);
}

/* The month is over, and its report is being made. */
static int begin(void **unused)
{
	const struct reporting_sink sink = { .made = take_made, .mail = take_mail };
	struct period period;
	char path[64];
	(void)unused;
	setenv("TZ", "UTC0", 1);
	if (folder[strlen(folder) - 1] == 'X' && mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/reports.json", folder);
	unlink(path);
	memset(&post, 0, sizeof(post));
	configure("[a, b]");
	reporting = (struct reporting){ .config = &config };
	snprintf(reporting.path, sizeof(reporting.path), "%s", path);
	reporting_open(&reporting, &sink, at("2026-11-26T12:00:00Z"), &said);
	reporting.busy = reporting_due(&reporting, at(NOON), &period);
	if (reporting.busy == NULL)
		return -1;
	reporting.busy->tries++;
	reporting.order.until_us = period.until_us;
	reporting.mail = reporting_entry(&reporting, reporting.busy)->mail;
	return 0;
}

static void is_answered(const char *files)
{
	struct reporting_event *event = &reporting.event;
	event->is_made = 1;
	snprintf(event->title, sizeof(event->title), "CIS");
	snprintf(event->files, sizeof(event->files), "%s", files);
	reporting.is_answered = true;
	reporting.answered_us = at(NOON);
	reporting_hand_over(&reporting, at(NOON), 0, &said);
}

static void seconds_later(int seconds)
{
	reporting_second(&reporting, at(NOON) + seconds * SECOND_US,
			 seconds * SECOND_US, &said);
}

static bool was_made_before_a_restart(void)
{
	struct period period;
	struct reporting next = { .config = &config };
	memcpy(next.path, reporting.path, sizeof(next.path));
	reporting_recall(&next);
	return reporting_due(&next, at(NOON), &period) == NULL;
}

static void it_is_done_when_all_have_it_on_disk(void **unused)
{
	(void)unused;
	post.answer = REPORTING_MAIL_TOLD;
	is_answered("cis_2026-11.pdf cis_2026-11.txt");
	assert_string_equal(post.told, "a b");
	assert_int_equal(post.files, 1);
	assert_non_null(reporting.busy);
	assert_false(was_made_before_a_restart());
	seconds_later(1);
	assert_string_equal(post.told, "a b a? b?");
	/* The same message, whenever it is asked about. */
	assert_int_equal(post.at_us, at(NOON));
	post.answer = REPORTING_MAILED;
	seconds_later(2);
	assert_null(reporting.busy);
	assert_true(was_made_before_a_restart());
	assert_string_equal(made.mailed_to, "a b");
	assert_string_equal(made.error, "");
}

static void a_reload_meanwhile_changes_nothing_of_it(void **unused)
{
	(void)unused;
	post.answer = REPORTING_MAIL_LATER;
	is_answered("cis_2026-11.pdf");
	configure("[c, b, a]");
	reporting_reload(&reporting, at(NOON), &said);
	post.answer = REPORTING_MAILED;
	seconds_later(1);
	assert_string_equal(post.told, "a b a b");
	assert_string_equal(made.mailed_to, "a b");
}

static void what_nobody_takes_is_tried_again(void **unused)
{
	(void)unused;
	struct period period;
	post.answer = REPORTING_MAIL_TOLD;
	is_answered("cis_2026-11.pdf");
	seconds_later(121);
	assert_null(reporting.busy);
	assert_string_equal(made.state, "made");
	assert_non_null(strstr(made.error, "tried again"));
	assert_null(reporting_due(&reporting, at(NOON) + 180 * SECOND_US, &period));
	assert_non_null(reporting_due(&reporting, at(NOON) + 182 * SECOND_US, &period));
	assert_int_equal(period.until_us, at(ENDED));
}

/* Told is not mailed: who could not keep it does not have it. */
static void what_is_refused_is_not_mailed_and_tried_again(void **unused)
{
	(void)unused;
	struct period period;
	post.answer = REPORTING_MAIL_TOLD;
	post.refuses = "b";
	is_answered("cis_2026-11.pdf");
	seconds_later(1);
	assert_non_null(reporting.busy); /* for a may have it yet */
	post.answer = REPORTING_MAILED;
	seconds_later(2);
	assert_null(reporting.busy);
	assert_string_equal(post.told, "a b a? b? a?");
	assert_string_equal(made.state, "made");
	assert_string_equal(made.mailed_to, "a");
	assert_string_equal(made.error,
			    "not mailed to b: it is gone; it is tried again");
	assert_false(was_made_before_a_restart());
	assert_null(reporting_due(&reporting, at(NOON) + 61 * SECOND_US, &period));
	assert_non_null(reporting_due(&reporting, at(NOON) + 63 * SECOND_US, &period));
}

static void who_is_no_sink_any_more_does_not_hold_it_up(void **unused)
{
	(void)unused;
	post.answer = REPORTING_MAIL_NEVER;
	is_answered("cis_2026-11.pdf");
	assert_null(reporting.busy);
	assert_string_equal(made.error, "not mailed to b: it is gone");
	assert_true(was_made_before_a_restart());
}

/* More than the record of it has room for. */
static void all_files_are_mailed(void **unused)
{
	(void)unused;
	static const char *const suffixes[] = { ".html",  ".pdf",        ".json",
						".csv",   ".oscal.json", ".hdf.json",
						".bundle" };
	char files[1024] = "";
	for (size_t i = 0; i < 7; i++)
		snprintf(files + strlen(files), sizeof(files) - strlen(files), "%s%s%s",
			 i > 0 ? " " : "",
			 "a-framework-of-our-own-with-a-long-name_2026-11-30",
			 suffixes[i]);
	post.answer = REPORTING_MAILED;
	is_answered(files);
	assert_int_equal(post.files, 7);
	assert_string_equal(post.last_file,
			    "a-framework-of-our-own-with-a-long-name_2026-11-30"
			    ".bundle");
	/* Whole names. */
	assert_string_equal(strrchr(made.files, '.'), ".csv");
	assert_true(strncmp(files, made.files, strlen(made.files)) == 0);
}

static int end(void **unused)
{
	char command[64];
	(void)unused;
	buf_free(&said);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, begin)
		TEST(it_is_done_when_all_have_it_on_disk),
		TEST(a_reload_meanwhile_changes_nothing_of_it),
		TEST(what_nobody_takes_is_tried_again),
		TEST(what_is_refused_is_not_mailed_and_tried_again),
		TEST(who_is_no_sink_any_more_does_not_hold_it_up),
		TEST(all_files_are_mailed),
	};
	return cmocka_run_group_tests(tests, NULL, end);
}
