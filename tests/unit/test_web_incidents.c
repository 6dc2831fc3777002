/*
 * test_web_incidents.c: which incidents a question about a time is about, and what
 * /metrics says of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <string.h>

#include "web/incident_metrics.h"
#include "web/query.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define NOW    (1700000000 * SECOND)

static struct incident_record made(const char *severity, int64_t first_us,
				   int64_t end_us)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	incident.first = first_us;
	incident.end = end_us;
	incident.state = end_us == UNKNOWN_TIME ? "firing" : "resolved";
	incident.severity = severity;
	return incident;
}

static bool is_of_last_hour(const struct incident_record *incident)
{
	struct query query;
	char error[QUERY_ERROR_MAX];
	query_init(&query, RECORD_incident);
	assert_true(query_set(&query, "since", "1h", NOW, error));
	return query_wants(&query, incident);
}

static void what_fires_is_of_every_time_since_it_began(void **state)
{
	(void)state;
	const struct incident_record firing =
		made("high", NOW - 5 * HOUR, UNKNOWN_TIME);
	const struct incident_record over =
		made("high", NOW - 5 * HOUR, NOW - HOUR / 2);
	const struct incident_record long_over =
		made("high", NOW - 5 * HOUR, NOW - 2 * HOUR);
	assert_true(is_of_last_hour(&firing));
	assert_true(is_of_last_hour(&over));
	assert_false(is_of_last_hour(&long_over));
}

static void at_least_a_severity_may_be_asked_for(void **state)
{
	(void)state;
	struct query query;
	char error[QUERY_ERROR_MAX];
	const struct incident_record high = made("high", NOW, UNKNOWN_TIME);
	const struct incident_record low = made("low", NOW, UNKNOWN_TIME);
	query_init(&query, RECORD_incident);
	assert_true(query_set(&query, "at_least", "medium", NOW, error));
	assert_true(query_wants(&query, &high));
	assert_false(query_wants(&query, &low));
	query_init(&query, RECORD_flow);
	assert_false(query_set(&query, "at_least", "medium", NOW, error));
}

static void give(void *self, web_emit emit, void *to)
{
	const struct incident_record firing = made("high", NOW, UNKNOWN_TIME);
	const struct incident_record over = made("low", NOW - HOUR, NOW);
	(void)self;
	emit(to, &firing);
	emit(to, &firing);
	emit(to, &over);
}

static void metrics_count_them_by_severity_and_state(void **state)
{
	(void)state;
	const struct web_source source = { .incidents = give };
	struct buf out = { 0 };
	struct family family = { .out = &out, .unit = "" };
	incident_metrics_write(&source, &family);
	const char *text = buf_cstr(&out);
	assert_non_null(text);
	assert_non_null(strstr(
		text, "breakwater_incidents{severity=\"high\",state=\"firing\"} 2\n"));
	assert_non_null(strstr(
		text,
		"breakwater_incidents{severity=\"critical\",state=\"firing\"} 0\n"));
	assert_non_null(strstr(
		text, "breakwater_incidents{severity=\"low\",state=\"resolved\"} 1\n"));
	assert_null(strstr(text, "severity=\"high\",state=\"resolved\""));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fires_is_of_every_time_since_it_began),
		cmocka_unit_test(at_least_a_severity_may_be_asked_for),
		cmocka_unit_test(metrics_count_them_by_severity_and_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
