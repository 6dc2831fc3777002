/*
 * test_hub_explain.c: what a hub leaves out of an explanation, as only the machine can
 * see how it is now.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/hub.h"
#include "cli/hub_explain.h"
#include "fleet/board.h"

#define HOUR_US INT64_C(3600000000)

static struct hub hub;
static struct listener_record listener;
static struct port_record port;

static int begin(void **state)
{
	(void)state;
	hub.board = board_new();
	hub.config.limit_response_ms = 100;
	hub.config.limit_loss = hub.config.limit_errors = 0.01;
	return hub.board == NULL;
}

static int end(void **state)
{
	(void)state;
	board_free(hub.board);
	return 0;
}

/* A sensor whose clock is that far from the servers'. */
static void heard(double offset_ms)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	int64_t made_us = now_us + (int64_t)(offset_ms * 1000);
	const struct board_came came = { now_us, made_us, clock_us(CLOCK_MONOTONIC),
					 true };
	struct sensor_record sensor;
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), "web-1");
	sensor.state = "up";
	sensor.at = made_us;
	board_take(hub.board, RECORD_sensor, &sensor, &came);
}

static void foretold(const char *sensor, double probability)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct board_came came = { now_us, now_us, clock_us(CLOCK_MONOTONIC),
					 true };
	struct forecast_record forecast;
	record_init(RECORD_forecast, &forecast);
	record_text(forecast.sensor, sizeof(forecast.sensor), sensor);
	forecast.metric = "response_p95_us";
	forecast.at = now_us;
	forecast.port = 443;
	forecast.transport = "tcp";
	forecast.probability = probability;
	forecast.limit = 100000;
	board_take(hub.board, RECORD_forecast, &forecast, &came);
}

/* A listener whose queue was full then, and a minute that ended so long ago. */
static void explain_with(int64_t ago_us, struct buf *json)
{
	int64_t end_us = clock_us(CLOCK_REALTIME) - ago_us;
	record_init(RECORD_listener, &listener);
	listener.transport = "tcp";
	listener.port = 443;
	listener.at = end_us;
	addr_parse("::", &listener.ip);
	listener.backlog = 200;
	listener.backlog_max = 128;
	record_init(RECORD_port, &port);
	port.start = end_us - 60000000;
	port.interval_s = 60;
	port.transport = "tcp";
	port.port = 443;
	addr_parse("192.0.2.1", &port.server_ip);
	port.flows = 60;
	port.unused = 0;
	const struct web_port_facts known = { .port = 443,
					      .sensor = "web-1",
					      .listeners = { &listener, 1 },
					      .ports = { &port, 1 },
					      .missing = "" };
	buf_clear(json);
	hub_explain_end(hub_explain_begin(&hub), &known, json);
	assert_true(buf_ok(json));
}

static void expect_has(struct buf *json, const char *text)
{
	if (strstr(buf_cstr(json), text) == NULL)
		fail_msg("no %s in %s", text, buf_cstr(json));
}

static void a_queue_is_not_as_it_was_told(void **state)
{
	struct buf json = { 0 };
	(void)state;
	heard(0);
	explain_with(1000000, &json);
	expect_has(&json, "\"sensor\":\"web-1\",\"cause\":\"well\"");
	assert_null(strstr(json.at, "\"backlog\":"));
	expect_has(&json, "only web-1 itself knows; ask there: breakwater explain 443");
	buf_free(&json);
}

static void what_was_told_long_ago_is_not_now(void **state)
{
	struct buf json = { 0 };
	(void)state;
	heard(0);
	explain_with(HOUR_US, &json);
	expect_has(&json, "\"cause\":\"idle\"");
	buf_free(&json);
}

static void now_is_by_the_sensors_clock(void **state)
{
	struct buf json = { 0 };
	(void)state;
	heard(-3600000);
	explain_with(HOUR_US + 1000000, &json);
	expect_has(&json, "\"cause\":\"well\"");
	buf_free(&json);
}

static void forecasts_are_the_sensors_own(void **state)
{
	struct buf json = { 0 };
	(void)state;
	heard(0);
	foretold("web-1", 0.5);
	foretold("web-2", 0.75);
	explain_with(0, &json);
	expect_has(&json, "\"probability\":0.5");
	assert_null(strstr(json.at, "\"probability\":0.75"));
	buf_free(&json);
}

static void who_was_never_heard_is_not_known(void **state)
{
	struct buf json = { 0 };
	(void)state;
	explain_with(0, &json);
	expect_has(&json, "\"cause\":\"unknown\"");
	expect_has(&json, "web-1 is not heard");
	buf_free(&json);
}

static void an_answer_that_nobody_wants_is_let_go(void **state)
{
	(void)state;
	hub_explain_end(hub_explain_begin(&hub), NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(a_queue_is_not_as_it_was_told),
		TEST(what_was_told_long_ago_is_not_now),
		TEST(now_is_by_the_sensors_clock),
		TEST(forecasts_are_the_sensors_own),
		TEST(who_was_never_heard_is_not_known),
		TEST(an_answer_that_nobody_wants_is_let_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
