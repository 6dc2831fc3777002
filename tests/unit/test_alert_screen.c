/*
 * test_alert_screen.c: alerts and silences in tables, and an alert as a screen, as
 * people see them.
 */
#include "printed.h"

#include <stdlib.h>
#include <time.h>

#include "cli/alert_screen.h"

#define SECOND INT64_C(1000000)
#define BEGIN  (1700000000 * SECOND)

static void assert_row(const struct view *view, const char *json, const char *row)
{
	const struct look look = { .color = false, .width = 0 };
	const struct limits limits = limits_of(NULL);
	json_t *rows = json_loads(json, 0, NULL);
	assert_non_null(rows);
	catch_output();
	table_print(view, rows, &limits, &look);
	const char *text = what_was_printed();
	json_decref(rows);
	const char *second = strchr(text, '\n');
	assert_non_null(second);
	assert_string_equal(second + 1, row);
}

static void a_row_tells_which_limit_is_crossed(void **state)
{
	(void)state;
	assert_row(&view_alerts,
		   "[{\"start\":\"2023-11-14T22:13:20.000000Z\",\"id\":"
		   "\"0123456789abcdef\",\"severity\":\"high\",\"state\":\"firing\","
		   "\"rule\":\"response\",\"target\":\"192.0.2.1:443/tcp\","
		   "\"incident\":\"fedcba9876543210\",\"summary\":\"slow "
		   "\\u001b[2J\"}]",
		   "2023-11-14 22:13  01234567  !high     firing  response  "
		   "192.0.2.1:443/tcp  fedcba98  slow ?[2J\n");
	assert_row(&view_alerts,
		   "[{\"start\":\"2023-11-14T22:13:20.000000Z\",\"end\":"
		   "\"2023-11-14T22:15:20.000000Z\",\"severity\":\"low\",\"state\":"
		   "\"resolved\",\"suppressed_by\":\"maintenance patches\"}]",
		   "2023-11-14 22:13  2023-11-14 22:15  -   low       resolved  -     "
		   "-       -         maintenance patches  -\n");
}

static void a_silence_tells_who_made_it_and_until_when(void **state)
{
	(void)state;
	assert_row(&view_silences,
		   "[{\"start\":\"2023-11-14T22:13:20.000000Z\",\"until\":"
		   "\"2023-11-15T00:13:20.000000Z\",\"id\":\"0123456789abcdef\","
		   "\"state\":\"active\",\"match\":\"port=443\",\"actor\":\"ada\","
		   "\"why\":\"new disks\"}]",
		   "2023-11-14 22:13  2023-11-15 00:13  01234567  active  port=443  "
		   "ada  new disks\n");
}

static struct alert_record made(void)
{
	struct alert_record a;
	record_init(RECORD_alert, &a);
	record_text(a.id, sizeof(a.id), "0123456789abcdef");
	record_text(a.rule, sizeof(a.rule), "response");
	record_text(a.target, sizeof(a.target), "192.0.2.1:443/tcp");
	record_text(a.metric, sizeof(a.metric), "port.response_p95_us");
	record_text(a.summary, sizeof(a.summary), "it is 250 ms \033[2J");
	record_text(a.advice, sizeof(a.advice), "look at the disk");
	record_text(a.incident, sizeof(a.incident), "fedcba9876543210");
	a.start = BEGIN;
	a.state = "firing";
	a.severity = "high";
	a.port = 443;
	a.value = 250000;
	a.limit = 100000;
	return a;
}

static const char *screen(const struct alert_record *alert)
{
	const struct look look = { .color = false, .width = 0 };
	catch_output();
	alert_screen(&look, alert);
	return what_was_printed();
}

static void a_screen_tells_the_limit_and_what_to_type(void **state)
{
	(void)state;
	const struct alert_record alert = made();
	assert_string_equal(
		screen(&alert),
		"response 192.0.2.1:443/tcp, high, firing\n"
		"  it is 250 ms ?[2J\n"
		"\n"
		"When         2023-11-14 22:13:20\n"
		"Advice       look at the disk\n"
		"Metric       port.response_p95_us: 250000, limit 100000\n"
		"Incident     fedcba9876543210\n"
		"Next         breakwater incidents fedcba98\n"
		"             breakwater explain 443\n"
		"             breakwater silence rule=response --for 2h --why TEXT\n"
		"Id           0123456789abcdef\n");
}

/* At a hub it is to be said whose port is meant; the hubs themselves have none. */
static void of_a_sensor_it_is_to_be_typed_which(void **state)
{
	(void)state;
	struct alert_record alert = made();
	record_text(alert.sensor, sizeof(alert.sensor), "web-1");
	assert_non_null(
		strstr(screen(&alert), " breakwater explain 443 --sensor web-1\n"));
	record_text(alert.sensor, sizeof(alert.sensor), "hub");
	assert_non_null(strstr(screen(&alert), " breakwater explain 443\n"));
}

static void what_is_over_or_silenced_needs_no_silence(void **state)
{
	(void)state;
	struct alert_record alert = made();
	record_text(alert.suppressed_by, sizeof(alert.suppressed_by), "maintenance x");
	assert_says(screen(&alert), "Not told     maintenance x\n");
	assert_null(strstr(printed, "breakwater silence"));
	alert = made();
	alert.state = "resolved";
	alert.end = BEGIN + 120 * SECOND;
	assert_says(screen(&alert), "22:13:20 to 2023-11-14 22:15:20 (2 min)\n");
	assert_null(strstr(printed, "breakwater silence"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_tells_which_limit_is_crossed),
		cmocka_unit_test(a_silence_tells_who_made_it_and_until_when),
		cmocka_unit_test(a_screen_tells_the_limit_and_what_to_type),
		cmocka_unit_test(of_a_sensor_it_is_to_be_typed_which),
		cmocka_unit_test(what_is_over_or_silenced_needs_no_silence),
	};
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
