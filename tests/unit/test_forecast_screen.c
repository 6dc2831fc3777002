/*
 * test_forecast_screen.c: breakwater forecast, over a store with five weeks of two
 * services: one gets slower every day, one is as it always was.
 */
#include "history_made.h"
#include "printed.h"

#include "cli/cli.h"
#include "cli/explain_odd.h"
#include "cli/forecast_text.h"
#include "cli/json.h"

/* For forty days, and nobody came. */
static void put_idle_listener(struct store *store)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.since = l.at = START_US - 5 * DAY;
	l.transport = "tcp";
	addr_parse("0.0.0.0", &l.ip);
	l.port = 8081;
	l.change = "opened";
	record_text(l.process, sizeof(l.process), "old-admin");
	assert_true(store_put(store, RECORD_listener, &l));
}

static int fill(void **state)
{
	if (new_folder(state) != 0)
		return -1;
	struct store *store = store_open(folder, &store_no_limits);
	put_history(store, START_US);
	put_idle_listener(store);
	wait_written(store);
	store_close(store);
	return 0;
}

/* The command's exit status; what it prints is in printed. */
static int forecast(const char *const *options)
{
	static const char *const always[] = {
		"forecast", "--state", folder, "--until", "2026-03-07T00:00:00Z",
		"--plain"
	};
	char words[16][64], *argv[16];
	int argc = 0;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		snprintf(words[argc++], sizeof(words[0]), "%s", always[i]);
	for (; *options != NULL; options++)
		snprintf(words[argc++], sizeof(words[0]), "%s", *options);
	for (int i = 0; i < argc; i++)
		argv[i] = words[i];
	argv[argc] = NULL;
	catch_output();
	int status = command_forecast(argc, argv);
	what_was_printed();
	return status;
}
#define FORECAST(...) forecast((const char *const[]){ __VA_ARGS__, NULL })

static void the_screen_says_what_crosses_and_when(void **state)
{
	(void)state;
	static const char screen[] =
		"WHAT                 SERVICE     METRIC               NOW   LIMIT  "
		"CROSSES                  P  WITHIN  EXPECTED                  ROOM  "
		"SKILL  METHOD\n"
		"192.0.2.10:443/tcp   https       response_p95_us  85.5 ms  100 ms  "
		"in 10 d (4 d..10 d)  !0.82    14 d  105 ms (104 ms..124 ms)     0%   "
		"0.96  Theil-Sen\n"
		"192.0.2.10:5432/tcp  postgresql  response_p95_us  4.51 ms  100 ms  "
		"-                     0.00    14 d  5.98 ms                  94.0%   "
		"1.00  mean of 24 and 168\n";
	assert_int_equal(FORECAST("--metric", "response_p95_us"), STATUS_BAD_NEWS);
	assert_string_equal(printed, screen);
}

static void what_is_steady_is_no_bad_news(void **state)
{
	(void)state;
	assert_int_equal(FORECAST("5432"), STATUS_OK);
	assert_non_null(strstr(printed, "192.0.2.10:5432/tcp"));
	assert_null(strstr(printed, ":443/"));
}

static void json_is_a_record_a_line(void **state)
{
	(void)state;
	struct buf text = { 0 };
	assert_int_equal(FORECAST("443", "--metric", "response_p95_us", "--json"),
			 STATUS_BAD_NEWS);
	buf_text(&text, printed);
	json_t *rows = lines_parse(&text);
	assert_int_equal(json_array_size(rows), 1);
	const json_t *row = json_array_get(rows, 0);
	assert_string_equal(member_text(row, "record"), "forecast");
	assert_string_equal(member_text(row, "subject"), "192.0.2.10:443/tcp");
	assert_string_equal(member_text(row, "limit_of"), "limits.response_ms");
	assert_string_equal(member_text(row, "at"), "2026-03-07T00:00:00.000000Z");
	assert_true(member_number(row, "limit") == 100000);
	assert_true(member_number(row, "probability") > 0.7);
	assert_true(member_number(row, "skill") > 0.5);
	json_decref(rows);
	buf_free(&text);
}

/* Of a week ago, two days of history. */
static void what_has_no_history_says_so(void **state)
{
	(void)state;
	assert_int_equal(FORECAST("443", "--since", "2026-03-05T00:00:00Z", "--all"),
			 STATUS_OK);
	assert_non_null(strstr(printed, "less than three days of history"));
}

static void capacity_has_the_busiest_hour_and_who_is_idle(void **state)
{
	(void)state;
	assert_int_equal(FORECAST("--capacity"), STATUS_OK);
	assert_non_null(strstr(printed, "443/tcp"));
	assert_non_null(strstr(printed, "Tue 14:00"));
	assert_non_null(strstr(printed, "!not in 40 d"));
	assert_int_equal(FORECAST("--capacity", "--json"), STATUS_OK);
	assert_non_null(strstr(printed, "\"record\":\"capacity\""));
	assert_non_null(
		strstr(printed, "\"busiest_hour\":38,\"busiest_bytes\":10000,"));
	assert_non_null(strstr(printed, "\"idle_ratio\":0}"));
}

static void explain_says_it_in_a_line(void **state)
{
	(void)state;
	char text[256];
	struct forecast_record f;
	record_init(RECORD_forecast, &f);
	record_text(f.subject, sizeof(f.subject), "192.0.2.10:443/tcp");
	f.metric = "response_p95_us";
	f.at = START_US;
	f.limit = 100000;
	f.crosses_at = START_US + 9 * DAY;
	f.crosses_low = START_US + 5 * DAY;
	f.crosses_high = START_US + 16 * DAY;
	f.probability = 0.7;
	text_forecast(&f, text, sizeof(text));
	assert_string_equal(text, "response_p95_us of 192.0.2.10:443/tcp will cross "
				  "100 ms in 9 d (5 d..16 d), probability 0.70");
}

static void mark(struct anomaly_record *mark, const char *target, int64_t at_us)
{
	record_init(RECORD_anomaly, mark);
	mark->at = at_us;
	record_text(mark->target, sizeof(mark->target), target);
	record_text(mark->metric, sizeof(mark->metric), "port.response_p95_us");
	mark->value = 450000;
	mark->low = 18000;
	mark->high = 22000;
}

static void explain_says_what_was_unusual_of_the_port(void **state)
{
	struct anomaly_record marks[4];
	struct explain_facts facts = {
		.now_us = START_US, .port = 443, .unusual = marks, .unusual_count = 4
	};
	struct buf text = { 0 };
	(void)state;
	mark(&marks[0], "192.0.2.10:8443/tcp", START_US);
	mark(&marks[1], "[2001:db8::1]:443/tcp", START_US - 3 * 3600 * SECOND);
	mark(&marks[2], "192.0.2.10:443/tcp", START_US - 2 * 3600 * SECOND);
	mark(&marks[3], "192.0.2.10:4433/tcp", START_US);
	explain_odd_say(&facts, &text);
	assert_string_equal(buf_cstr(&text),
			    "port.response_p95_us of 192.0.2.10:443/tcp was 450 ms 2 h "
			    "ago, usual is 18.0 ms to 22.0 ms; 1 more within a day");
	buf_clear(&text);
	facts.port = 80;
	explain_odd_say(&facts, &text);
	assert_int_equal(text.len, 0);
	buf_free(&text);
}

static void mistakes_are_told(void **state)
{
	(void)state;
	assert_int_equal(FORECAST("port"), STATUS_USAGE);
	assert_int_equal(FORECAST("70000"), STATUS_USAGE);
	assert_int_equal(FORECAST("--ahead", "5w"), STATUS_USAGE);
	assert_int_equal(FORECAST("--ahead", "soon"), STATUS_USAGE);
	assert_int_equal(FORECAST("--host", "example"), STATUS_USAGE);
	assert_int_equal(FORECAST("--metric", "p95"), STATUS_USAGE);
	assert_int_equal(FORECAST("--since", "2026-03-07T00:00:00Z"), STATUS_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_screen_says_what_crosses_and_when),
		cmocka_unit_test(what_is_steady_is_no_bad_news),
		cmocka_unit_test(json_is_a_record_a_line),
		cmocka_unit_test(what_has_no_history_says_so),
		cmocka_unit_test(capacity_has_the_busiest_hour_and_who_is_idle),
		cmocka_unit_test(explain_says_it_in_a_line),
		cmocka_unit_test(explain_says_what_was_unusual_of_the_port),
		cmocka_unit_test(mistakes_are_told),
	};
	return cmocka_run_group_tests(tests, fill, remove_folder);
}
