/*
 * test_alerting_program.c: that a program was told of an incident is written down, as
 * of any other sink.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/alerting.h"

static struct alerting alerting;
static struct config config;
static struct home own;
static struct programs programs;
static struct notification_record said;
static size_t said_count;

static void keep(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	if (kind != RECORD_notification)
		return;
	said = *(const struct notification_record *)record;
	said_count++;
}

static int begin(void **state)
{
	const struct alerting_setup setup = { .keep = keep,
					      .config = &config,
					      .own = &own,
					      .home = &own,
					      .programs = &programs };
	struct buf text = { 0 };
	(void)state;
	config_init(&config);
	snprintf(config.state, sizeof(config.state), "/tmp/alerting_program.XXXXXX");
	if (mkdtemp(config.state) == NULL)
		return -1;
	snprintf(config.notify_program, sizeof(config.notify_program), "/bin/true");
	snprintf(config.notify_to.at[0], sizeof(config.notify_to.at[0]), "program:");
	config.notify_to.count = 1;
	config.notify_wait = 0;
	programs_fork(&programs, &config);
	assert_true(alerting_prepare(&alerting, &setup, &text));
	assert_true(alerting_open(&alerting));
	alerting_begin(&alerting, "127.0.0.1:7070", clock_us(CLOCK_REALTIME), &text);
	buf_free(&text);
	return 0;
}

static int end(void **state)
{
	char command[sizeof(config.state) + 8];
	(void)state;
	alerting_close(&alerting);
	programs_close(&programs);
	snprintf(command, sizeof(command), "rm -r %s", config.state);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

static void count_told(void *to, const struct incident_record *incident)
{
	*(uint32_t *)to += incident->notifications;
}

static void what_a_program_is_told_is_a_message(void **state)
{
	(void)state;
	struct buf text = { 0 };
	struct finding_record f;
	const int64_t now_us = clock_us(CLOCK_REALTIME);
	uint32_t told = 0;
	record_init(RECORD_finding, &f);
	record_text(f.id, sizeof(f.id), "a281196900000000");
	record_text(f.incident, sizeof(f.incident), "feedfeedfeedfeed");
	f.first = f.last = f.at = now_us;
	f.kind = "port_scan";
	f.severity = "critical";
	f.state = "open";
	alerting_finding(&alerting, &f);
	alerting_second(&alerting, now_us, &text);
	alerting_second(&alerting, now_us + 1000000, &text);
	assert_int_equal(said_count, 1);
	assert_string_equal(said.state, "sent");
	assert_string_equal(said.sink, "program");
	assert_string_equal(said.incident, "feedfeedfeedfeed");
	assert_int_equal(said.tries, 1);
	alerting_each(&alerting, count_told, &told);
	assert_int_equal(told, 1);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_program_is_told_is_a_message,
						begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
