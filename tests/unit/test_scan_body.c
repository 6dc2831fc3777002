/*
 * test_scan_body.c: a scan that somebody gives to the daemon is taken whole or not at
 * all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/scan_body.h"

#define NOW 1800000000000000LL /* 2027-01-15T08:00:00Z */
#define RUN                                                                            \
	"{\"record\":\"scan_run\",\"start\":\"2027-01-15T07:59:00Z\","                 \
	"\"end\":\"2027-01-15T07:59:30Z\",\"user\":\"mallory\",\"transport\":\"tcp\"," \
	"\"technique\":\"syn\"}\n"
#define PORT(at, more)                                                                 \
	"{\"record\":\"scan\",\"at\":\"2027-01-15T07:59:" at "Z\","                    \
	"\"ip\":\"192.0.2.1\",\"transport\":\"tcp\"," more "}\n"
#define GOOD PORT("10", "\"port\":22,\"state\":\"open\",\"protocol\":\"ssh\"")

static bool reads(const char *text, struct scan_body *body)
{
	struct buf why = { 0 };
	bool is_good = scan_body_read(body, text, strlen(text), NOW, &why);
	assert_int_equal(is_good, why.len == 0);
	buf_free(&why);
	return is_good;
}

static void a_scan_is_read_as_it_was_written(void **state)
{
	struct scan_body body;
	(void)state;
	assert_true(reads(RUN GOOD GOOD, &body));
	assert_int_equal(body.count, 2);
	assert_string_equal(body.run.technique, "syn");
	assert_int_equal(body.ports[1].port, 22);
	assert_string_equal(body.ports[0].protocol, "ssh");
	assert_int_equal(body.ports[0].scan_start, body.run.start);
	scan_body_free(&body);
	assert_true(reads(RUN, &body));
	assert_int_equal(body.count, 0);
	scan_body_free(&body);
}

static void a_scan_that_begins_has_neither_end_nor_ports(void **state)
{
	static const char begins[] =
		"{\"record\":\"scan_run\",\"start\":\"2027-01-15T07:59:59Z\","
		"\"transport\":\"tcp\",\"technique\":\"syn\"}\n";
	struct scan_body body;
	char with_port[1024];
	(void)state;
	assert_true(reads(begins, &body));
	assert_true(body.run.end == UNKNOWN_TIME);
	scan_body_free(&body);
	snprintf(with_port, sizeof(with_port), "%s%s", begins, GOOD);
	assert_false(reads(with_port, &body));
}

/* Time comes with records: what is to come must not be said to have been. */
static void an_answer_is_of_the_time_of_its_scan(void **state)
{
	struct scan_body body;
	(void)state;
	assert_true(reads(RUN PORT("40", "\"port\":22,\"state\":\"open\"")
				  PORT("", "\"port\":23,\"state\":\"open\""),
			  &body));
	assert_int_equal(body.ports[0].at, body.run.end);
	assert_int_equal(body.ports[1].at, body.run.start);
	scan_body_free(&body);
}

static void what_is_no_scan_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"{}",
		"{}\n",
		"[]\n",
		GOOD,
		RUN RUN,
		RUN "{\"record\":\"scan\"}\n",
		RUN PORT("10", "\"port\":0,\"state\":\"open\""),
		RUN PORT("10", "\"port\":65536,\"state\":\"open\""),
		RUN PORT("10", "\"port\":22,\"state\":\"ajar\""),
		RUN PORT("10", "\"port\":22,\"state\":\"open\",\"port\":23"),
		"{\"record\":\"scan_run\",\"start\":\"2027-01-15T07:59:00Z\",\"end\":"
		"\"2027-01-15T09:00:00Z\",\"transport\":\"tcp\",\"technique\":\"syn\"}"
		"\n",
	};
	struct scan_body body;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (reads(bad[i], &body))
			fail_msg("%s was taken", bad[i]);
}

static void every_cut_is_refused_but_those_between_lines(void **state)
{
	static const char text[] = RUN GOOD GOOD;
	struct scan_body body;
	struct buf why = { 0 };
	(void)state;
	for (size_t len = 1; len < sizeof(text) - 1; len++) {
		bool is_line = text[len - 1] == '\n';
		char *cut = strndup(text, len);
		assert_int_equal(scan_body_read(&body, cut, len, NOW, &why), is_line);
		scan_body_free(&body);
		free(cut);
	}
	buf_free(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_is_read_as_it_was_written),
		cmocka_unit_test(a_scan_that_begins_has_neither_end_nor_ports),
		cmocka_unit_test(an_answer_is_of_the_time_of_its_scan),
		cmocka_unit_test(what_is_no_scan_is_refused_with_a_reason),
		cmocka_unit_test(every_cut_is_refused_but_those_between_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
