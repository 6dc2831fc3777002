/*
 * test_findings.c: evidence adds up in a finding, and how often that is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect/findings.h"
#include "detect_scene.h"

#define HOLD (60 * SECOND)
#define LATE 1500

static struct findings findings;
static struct finding_record last;
static size_t said;

static void hear(void *self, const struct finding_record *finding)
{
	(void)self;
	last = *finding;
	said++;
}

static int64_t late(void *self)
{
	(void)self;
	return T0 + LATE;
}

static struct detect_sink sink = { .finding = hear };

static int open_findings(void **state)
{
	(void)state;
	said = 0;
	sink.clock_us = NULL;
	return findings_init(&findings, &sink) ? 0 : -1;
}

static int close_findings(void **state)
{
	(void)state;
	findings_clear(&findings);
	return 0;
}

/* A scan, after so many seconds, that has tried so many ports. */
static struct finding_record scan(int seconds, uint64_t ports)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	f.kind = "port_scan";
	f.technique = "syn";
	f.proof = "unsolicited";
	f.client_ip = addr("198.51.100.7");
	f.last = T0 + seconds * SECOND;
	f.attempts = 1;
	f.ports = ports;
	snprintf(f.summary, sizeof(f.summary), "%d ports.", (int)ports);
	snprintf(f.evidence, sizeof(f.evidence), "%d refused", (int)ports);
	return f;
}

static void take(const struct finding_record *f)
{
	assert_non_null(findings_take(&findings, f, SEVERITY_LOW, HOLD));
}

static void counts_grow_and_texts_are_the_newest_that_say_something(void **state)
{
	(void)state;
	struct finding_record f = scan(0, 20);
	record_text(f.advice, sizeof(f.advice), "Look.");
	record_text(f.tool, sizeof(f.tool), "nmap");
	record_text(f.port_list, sizeof(f.port_list), "1-20");
	f.hosts = 3;
	take(&f);
	struct finding_record more = scan(20, 15);
	more.users = 2;
	record_text(more.port_list, sizeof(more.port_list), "1-21");
	more.proof = "handshake";
	take(&more);
	assert_int_equal(last.ports, 20);
	assert_int_equal(last.hosts, 3);
	assert_int_equal(last.users, 2);
	assert_int_equal(last.attempts, 2);
	assert_string_equal(last.proof, "handshake");
	assert_string_equal(last.tool, "nmap");
	assert_string_equal(last.advice, "Look.");
	assert_string_equal(last.port_list, "1-21");
	assert_string_equal(last.evidence, "15 refused");
	more = scan(40, 16);
	take(&more);
	assert_string_equal(last.proof, "handshake");
}

static void growth_is_said_soon_and_then_seldom(void **state)
{
	(void)state;
	for (int second = 0; second <= 60; second++)
		for (int i = 0; i < 100; i++) {
			struct finding_record f =
				scan(second, (uint64_t)second * 100 + (uint64_t)i);
			take(&f);
		}
	/* At 0, 1, 3, 7, 15 and from then on every ten seconds. */
	assert_int_equal(said, 9);
}

static void another_sentence_is_said_at_once(void **state)
{
	(void)state;
	struct finding_record f = scan(0, 20);
	take(&f);
	f = scan(0, 21);
	take(&f);
	assert_int_equal(said, 1);
	record_text(f.summary, sizeof(f.summary), "21 ports, and one was open.");
	take(&f);
	assert_int_equal(said, 2);
}

static void first_evidence_may_be_older_than_what_decided(void **state)
{
	(void)state;
	struct finding_record f = scan(10, 20);
	f.first = T0;
	take(&f);
	assert_int_equal(last.first, T0);
	assert_int_equal(last.last, T0 + 10 * SECOND);
}

static void how_long_it_took_is_told_once_where_time_is_known(void **state)
{
	(void)state;
	struct finding_record f = scan(0, 20);
	take(&f);
	assert_int_equal(last.latency_us, UNKNOWN_U64);
	sink.clock_us = late;
	f.port = 22;
	take(&f);
	assert_int_equal(last.latency_us, LATE);
	f.last += 20 * SECOND;
	take(&f);
	assert_int_equal(last.latency_us, LATE);
	assert_int_equal(findings.latency.total, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			counts_grow_and_texts_are_the_newest_that_say_something,
			open_findings, close_findings),
		cmocka_unit_test_setup_teardown(growth_is_said_soon_and_then_seldom,
						open_findings, close_findings),
		cmocka_unit_test_setup_teardown(another_sentence_is_said_at_once,
						open_findings, close_findings),
		cmocka_unit_test_setup_teardown(
			first_evidence_may_be_older_than_what_decided, open_findings,
			close_findings),
		cmocka_unit_test_setup_teardown(
			how_long_it_took_is_told_once_where_time_is_known,
			open_findings, close_findings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
