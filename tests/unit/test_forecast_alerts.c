/*
 * test_forecast_alerts.c: which forecasts somebody hears of, and until when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limit/forecast_alerts.h"

#define DAY_US INT64_C(86400000000)

enum { ALERTS_KEPT = 16 };

static struct forecast_alerts *forecasts;
static struct alert_record alerts[ALERTS_KEPT];
static size_t alert_count;
static int64_t now;

static void say(const struct forecast_record *forecast, char *out, size_t size)
{
	snprintf(out, size, "%s will cross", forecast->metric);
}

static void take(void *self, const struct alert_record *alert)
{
	(void)self;
	assert_true(alert_count < ALERTS_KEPT);
	alerts[alert_count++] = *alert;
}

static void open_forecasts(void)
{
	const struct forecast_alerts_sink sink = { NULL, say, take };
	forecasts = forecast_alerts_new(&sink);
	assert_non_null(forecasts);
}

static int begin(void **state)
{
	(void)state;
	alert_count = 0;
	now = 20000 * DAY_US;
	open_forecasts();
	return 0;
}

static int end(void **state)
{
	(void)state;
	forecast_alerts_free(forecasts);
	return 0;
}

/* Of a response time, in so many days. */
static struct forecast_record slow(double probability, int64_t in_days)
{
	struct forecast_record f;
	record_init(RECORD_forecast, &f);
	f.at = now;
	record_text(f.subject, sizeof(f.subject), "192.0.2.1:443/tcp");
	assert_true(addr_parse("192.0.2.1", &f.server_ip));
	f.port = 443;
	f.transport = "tcp";
	record_text(f.service, sizeof(f.service), "https");
	f.metric = "response_p95_us";
	f.limit = 100000;
	f.predicted = 120000;
	f.probability = probability;
	f.crosses_at = now + in_days * DAY_US;
	return f;
}

/* A day's set of one. */
static void day(const struct forecast_record *f)
{
	forecast_alerts_take(forecasts, f, now);
	forecast_alerts_end(forecasts, now);
	now += DAY_US;
}

static void what_will_cross_rather_than_not_is_a_notice(void **state)
{
	struct forecast_record f = slow(0.49, 9);
	(void)state;
	day(&f);
	assert_int_equal(alert_count, 0);
	f = slow(0.6, 9);
	day(&f);
	assert_int_equal(alert_count, 1);
	assert_string_equal(alerts[0].kind, "forecast");
	assert_string_equal(alerts[0].rule, "forecast");
	assert_string_equal(alerts[0].state, "firing");
	assert_string_equal(alerts[0].severity, "notice");
	assert_string_equal(alerts[0].target, "192.0.2.1:443/tcp");
	assert_string_equal(alerts[0].metric, "response_p95_us");
	assert_string_equal(alerts[0].summary, "response_p95_us will cross");
	assert_int_equal(alerts[0].port, 443);
	assert_true(alerts[0].value == 120000 && alerts[0].limit == 100000);
	assert_int_equal(alerts[0].start, now - DAY_US);
	/* The next day's is no news. */
	f = slow(0.7, 8);
	day(&f);
	assert_int_equal(alert_count, 1);
}

static void soon_and_surely_is_graver(void **state)
{
	struct forecast_record f = slow(0.6, 9);
	(void)state;
	day(&f);
	f = slow(0.9, 3);
	day(&f);
	assert_int_equal(alert_count, 2);
	assert_string_equal(alerts[1].severity, "low");
	assert_string_equal(alerts[1].id, alerts[0].id);
	/* And stays so. */
	f = slow(0.6, 5);
	day(&f);
	assert_int_equal(alert_count, 2);
}

static void it_ends_when_it_is_unlikely(void **state)
{
	struct forecast_record f = slow(0.6, 9);
	(void)state;
	day(&f);
	f = slow(0.4, 9);
	day(&f);
	assert_int_equal(alert_count, 1);
	f = slow(0.2, 9);
	day(&f);
	assert_int_equal(alert_count, 2);
	assert_string_equal(alerts[1].state, "resolved");
	assert_string_equal(alerts[1].id, alerts[0].id);
	assert_int_equal(alerts[1].end, now - DAY_US);
	assert_string_equal(
		alerts[1].summary,
		"response_p95_us of 192.0.2.1:443/tcp: it is not expected any more");
	/* Once more is another alert. */
	f = slow(0.6, 9);
	day(&f);
	assert_int_equal(alert_count, 3);
	assert_string_not_equal(alerts[2].id, alerts[0].id);
}

static void without_skill_nothing_is_told(void **state)
{
	struct forecast_record f = slow(0.9, 2);
	(void)state;
	record_text(f.hidden, sizeof(f.hidden), "no better than \"it stays\"");
	day(&f);
	assert_int_equal(alert_count, 0);
	f = slow(0.9, 2);
	day(&f);
	record_text(f.hidden, sizeof(f.hidden), "no better than \"it stays\"");
	day(&f);
	assert_int_equal(alert_count, 2);
	assert_string_equal(alerts[1].state, "resolved");
}

static void what_reaches_its_limit_anyhow_is_no_news(void **state)
{
	struct forecast_record f = slow(1, 0);
	(void)state;
	day(&f);
	f = slow(1, 1);
	f.crossed_last = now - 6 * DAY_US;
	day(&f);
	assert_int_equal(alert_count, 0);
	f = slow(1, 1);
	f.crossed_last = now - 8 * DAY_US;
	day(&f);
	assert_int_equal(alert_count, 1);
	f = slow(1, 1);
	f.crossed_last = now - DAY_US / 24;
	day(&f);
	assert_int_equal(alert_count, 2);
	assert_non_null(strstr(alerts[1].summary, "what was forecast has come"));
}

static void what_is_not_forecast_any_more_is_over(void **state)
{
	struct forecast_record f = slow(0.6, 9);
	(void)state;
	forecast_alerts_take(forecasts, &f, now);
	record_text(f.subject, sizeof(f.subject), "192.0.2.1:80/tcp");
	forecast_alerts_take(forecasts, &f, now);
	forecast_alerts_end(forecasts, now);
	assert_int_equal(alert_count, 2);
	forecast_alerts_take(forecasts, &f, now);
	forecast_alerts_end(forecasts, now);
	assert_int_equal(alert_count, 3);
	assert_string_equal(alerts[2].state, "resolved");
	assert_string_equal(alerts[2].target, "192.0.2.1:443/tcp");
	forecast_alerts_end(forecasts, now);
	assert_int_equal(alert_count, 4);
	assert_string_equal(alerts[3].target, "192.0.2.1:80/tcp");
}

static void a_restart_goes_on(void **state)
{
	struct forecast_record f = slow(0.6, 9);
	(void)state;
	day(&f);
	forecast_alerts_free(forecasts);
	open_forecasts();
	assert_true(forecast_alerts_recall(forecasts, &alerts[0]));
	f = slow(0.7, 8);
	day(&f);
	assert_int_equal(alert_count, 1);
	f = slow(0.1, 8);
	day(&f);
	assert_int_equal(alert_count, 2);
	assert_string_equal(alerts[1].id, alerts[0].id);
}

static void alerts_are_bounded(void **state)
{
	const struct alert_record alert = { .id = "1" };
	(void)state;
	for (int i = 0; i < FORECAST_ALERTS_MAX; i++)
		assert_true(forecast_alerts_recall(forecasts, &alert));
	assert_false(forecast_alerts_recall(forecasts, &alert));
	struct forecast_record f = slow(0.9, 2);
	forecast_alerts_take(forecasts, &f, now);
	assert_int_equal(alert_count, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_will_cross_rather_than_not_is_a_notice),
		TEST(soon_and_surely_is_graver),
		TEST(it_ends_when_it_is_unlikely),
		TEST(without_skill_nothing_is_told),
		TEST(what_reaches_its_limit_anyhow_is_no_news),
		TEST(what_is_not_forecast_any_more_is_over),
		TEST(a_restart_goes_on),
		TEST(alerts_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
