/*
 * test_cli.c: the command line: options, numbers, columns, and answers of the daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/top.h"
#include "cli/verbs.h"
#include "cli/view.h"

enum { WORDS_MAX = 16 };
#define SECOND INT64_C(1000000)

static uint64_t number;
static const char *text, *since;
static bool flag;
static struct option_list list;
static struct common_options common;
static int first, status;

static const struct option_spec specs[] = {
	{ 'n', OPTION_NUMBER, "number", "N", "", &number, 1, 10 },
	{ 0, OPTION_TEXT, "text", "T", "", &text, 0, 0 },
	{ 'f', OPTION_FLAG, "flag", NULL, "", &flag, 0, 0 },
	{ 'i', OPTION_LIST, "item", "I", "", &list, 0, 0 },
	{ 0, OPTION_TIME, "since", "TIME", "", &since, 0, 0 },
};

/* Parses "a b c" as the words behind the command; messages go nowhere. */
static bool parse(const char *line, const char *operands)
{
	static char copy[128];
	char *argv[WORDS_MAX + 2] = { (char[]){ "test" } };
	char *rest = copy;
	int argc = 1;
	const struct command_help help = { .name = "test",
					   .operands = operands,
					   .doc = "",
					   .specs = specs,
					   .spec_count =
						   sizeof(specs) / sizeof(specs[0]) };
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word; argc <= WORDS_MAX && (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			argv[argc++] = word;
	number = 0;
	text = since = NULL;
	flag = false;
	list.count = 0;
	fflush(stderr);
	int saved = dup(STDERR_FILENO);
	assert_non_null(freopen("/dev/null", "w", stderr));
	bool good = options_parse(&help, argc, argv, &common, &first, &status);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	return good;
}

static void options_fill_their_targets(void **state)
{
	(void)state;
	assert_true(
		parse("-n 7 --text=a -f -i x --item y --since 2h --json file", "FILE"));
	assert_int_equal(number, 7);
	assert_string_equal(text, "a");
	assert_true(flag);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.at[1], "y");
	assert_string_equal(since, "2h");
	assert_true(common.json);
	assert_int_equal(first, 12);
}

static void a_mistake_on_the_command_line_is_exit_status_2(void **state)
{
	(void)state;
	static const char *const lines[] = { "--nothing",  "-x",        "-n 11",
					     "-n 0",       "-n -1",     "-n 7x",
					     "-n",         "--since x", "word",
					     "--flag=yes", "--number=" };
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		status = 0;
		if (parse(lines[i], NULL) || status != STATUS_USAGE)
			fail_msg("%s: accepted, or status %d", lines[i], status);
	}
}

static int64_t when(const char *word)
{
	int64_t at_us = -1;
	return when_parse(word, 1000000 * SECOND, &at_us) ? at_us : -1;
}

static void times_are_read_as_people_write_them(void **state)
{
	(void)state;
	assert_int_equal(when("90s"), (1000000 - 90) * SECOND);
	assert_int_equal(when("2h"), (1000000 - 7200) * SECOND);
	assert_int_equal(when("1w"), (1000000 - 604800) * SECOND);
	assert_int_equal(when("1970-01-02"), 86400 * SECOND);
	assert_int_equal(when("1970-01-01T01:00:00Z"), 3600 * SECOND);
	assert_int_equal(when("1970-01-01T01:00:00.25+00:30"), 1800 * SECOND + 250000);
	assert_int_equal(when("2024-02-29T00:00:00-05:00"),
			 (INT64_C(1709164800) + 18000) * SECOND);
}

static void what_is_no_time_is_refused(void **state)
{
	(void)state;
	static const char *const words[] = {
		"",
		"h",
		"2",
		"2y",
		"2 h",
		"-2h",
		"2hh",
		"99999999999s",
		"999999999w",
		"1970-02-30",
		"1970-1-1",
		"1970-01-01T",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00Zx",
		"2023-02-29",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (when(words[i]) != -1)
			fail_msg("\"%s\" was read as a time", words[i]);
}

static void assert_shown(void (*show)(char *, size_t, double), double value,
			 const char *expected)
{
	char out[CELL_MAX];
	show(out, sizeof(out), value);
	assert_string_equal(out, expected);
}

static void numbers_have_three_digits_and_a_unit(void **state)
{
	(void)state;
	assert_shown(text_bytes, 0, "0 B");
	assert_shown(text_bytes, 999, "999 B");
	assert_shown(text_bytes, 1000, "1.0 kB");
	assert_shown(text_bytes, 999499, "999 kB");
	assert_shown(text_bytes, 999500, "1.0 MB");
	assert_shown(text_bytes, 23.4e6, "23.4 MB");
	assert_shown(text_bytes, NAN, "-");
	assert_shown(text_count, 0, "0");
	assert_shown(text_count, 1234567, "1,234,567");
	assert_shown(text_duration, 999, "999 us");
	assert_shown(text_duration, 1000, "1.00 ms");
	assert_shown(text_duration, 12345, "12.3 ms");
	assert_shown(text_duration, 251000, "251 ms");
	assert_shown(text_duration, 1500000, "1.50 s");
	assert_shown(text_duration, 600e6, "10 min");
	assert_shown(text_percent, 0, "0%");
	assert_shown(text_percent, 0.00001, "<0.01%");
	assert_shown(text_percent, 0.012, "1.20%");
	assert_shown(text_percent, 1, "100%");
	assert_shown(text_span, 7300, "2 h");
}

static void strangers_bytes_never_reach_the_terminal(void **state)
{
	(void)state;
	char out[32];
	text_clean(out, sizeof(out), "a\033[31mb\r\n\x9b\xc3\xa9\x7f");
	assert_string_equal(out, "a?[31mb??????");
	text_clean(out, 4, "abcdef");
	assert_string_equal(out, "abc");
	json_t *record =
		json_pack("{s:s, s:i, s:s, s:s}", "server_ip", "\033]0;x\a", "port", 1,
			  "transport", "\033[2J", "service", "\b\b\b");
	const struct limits limits = limits_of(NULL);
	for (size_t i = 0; i < view_ports.count; i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		view_ports.columns[i].show(record, &limits, &cell);
		for (const char *s = cell.text; *s != '\0'; s++)
			assert_in_range(*s, 0x20, 0x7e);
	}
	json_decref(record);
}

static void show_port_column(const char *name, const json_t *record,
			     const struct limits *limits, struct cell *out)
{
	const struct column *column = view_column(&view_ports, name);
	assert_non_null(column);
	*out = (struct cell){ .tone = TONE_NORMAL };
	column->show(record, limits, out);
}

static void a_value_over_its_limit_has_a_mark_besides_the_colour(void **state)
{
	(void)state;
	struct cell cell;
	struct limits limits = limits_of(NULL);
	json_t *record = json_pack("{s:i, s:f, s:f}", "response_p95_us", 100001,
				   "lost_ratio", 0.01, "error_ratio", 0.002);
	show_port_column("P95", record, &limits, &cell);
	assert_string_equal(cell.text, "!100 ms");
	assert_int_equal(cell.tone, TONE_OVER);
	show_port_column("loss", record, &limits, &cell);
	assert_string_equal(cell.text, "1.00%");
	show_port_column("error_ratio", record, &limits, &cell);
	assert_string_equal(cell.text, "!0.20%");
	show_port_column("p50", record, &limits, &cell);
	assert_string_equal(cell.text, "-");

	json_t *told = json_pack("{s:{s:i, s:f}}", "limits", "response_ms", 200,
				 "errors", 0.01);
	limits = limits_of(told);
	show_port_column("p95", record, &limits, &cell);
	assert_string_equal(cell.text, "100 ms");
	show_port_column("err", record, &limits, &cell);
	assert_int_equal(cell.tone, TONE_NORMAL);
	json_decref(told);
	json_decref(record);
}

static json_t *some_ports(void)
{
	return json_pack(
		"[{s:s s:i s:s s:s s:i s:i s:i}, {s:s s:i s:s s:s s:i s:i s:i}, "
		"{s:s s:i s:s s:s s:i s:i}]",
		"server_ip", "192.0.2.1", "port", 443, "transport", "tcp", "service",
		"https", "client_bytes", 100, "server_bytes", 100, "response_p95_us",
		900, /* a */
		"server_ip", "2001:db8:85a3:1234:5678:8a2e:370:7334", "port", 53,
		"transport", "udp", "service", "domain", "client_bytes", 900,
		"server_bytes", 0, "response_p95_us", 100, /* b */
		"server_ip", "192.0.2.3", "port", 22, "transport", "tcp", "service",
		"ssh", "client_bytes", 1, "server_bytes", 1 /* c */);
}

static void rows_over_a_limit_are_counted(void **state)
{
	(void)state;
	struct limits limits = limits_of(NULL);
	json_t *rows =
		json_pack("[{s:i,s:i},{s:i,s:f},{s:i},{s:b,s:f}]", "response_p95_us",
			  200000, "response_p50_us", 200000, "response_p95_us", 99999,
			  "error_ratio", 0.002, "response_p95_us", 100000,
			  /* a port that was only scanned */
			  "unused", 1, "error_ratio", 1.0);
	assert_non_null(rows);
	assert_int_equal(view_count_over(&view_ports, rows, &limits), 2);
	json_decref(rows);
}

static void a_connection_that_said_its_last_word_is_ending(void **state)
{
	(void)state;
	static const struct {
		const char *transport, *state, *reason, *shown;
	} cases[] = { { "tcp", "S1", "active", "active" },
		      { "tcp", "REJ", "active", "ending" },
		      { "tcp", "SF", "active", "ending" },
		      { "udp", "SF", "active", "active" },
		      { "tcp", "SF", "closed", "closed" } };
	struct limits limits = limits_of(NULL);
	const struct column *column = view_column(&view_flows, "END");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		json_t *flow = json_pack("{s:s,s:s,s:s}", "transport",
					 cases[i].transport, "state", cases[i].state,
					 "end_reason", cases[i].reason);
		column->show(flow, &limits, &cell);
		assert_string_equal(cell.text, cases[i].shown);
		json_decref(flow);
	}
}

static void a_table_never_is_wider_than_the_screen_and_keeps_what_matters(void **state)
{
	(void)state;
	json_t *rows = some_ports();
	const struct limits limits = limits_of(NULL);
	for (int width = 40; width < 200; width++) {
		struct layout layout = { 0 };
		layout_fit(&layout, &view_ports, rows, &limits, width);
		int total = 0;
		for (size_t i = 0; i < layout.count; i++)
			total += layout.width[i] + (i > 0 ? LAYOUT_GAP : 0);
		assert_true(total <= width);
		assert_int_equal(layout.column[0], 0); /* HOST */
		assert_int_equal(layout.column[1], 1); /* PORT */
	}
	struct layout layout = { 0 };
	layout_fit(&layout, &view_ports, rows, &limits, 80);
	static const char *const kept[] = { "SERVICE", "P95",  "LOSS",
					    "ERR",     "IN/s", "OUT/s" };
	for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
		bool found = false;
		for (size_t i = 0; i < layout.count; i++)
			found |= strcmp(view_ports.columns[layout.column[i]].head,
					kept[k]) == 0;
		if (!found)
			fail_msg("no %s at 80 columns", kept[k]);
	}
	json_decref(rows);
}

static void a_cut_address_keeps_its_end(void **state)
{
	(void)state;
	char out[CELL_MAX];
	text_fit(out, "2001:db8:85a3:1234:5678:8a2e:370:7334", 15);
	assert_string_equal(out, "2001:db~70:7334");
	text_fit(out, "postgresql", 8);
	assert_string_equal(out, "postgre~");
	text_fit(out, "ssh", 8);
	assert_string_equal(out, "ssh");
}

static int port_at(const struct top *top, size_t row)
{
	return (int)member_number(json_array_get(top->rows, row), "port");
}

static void top_sorts_filters_and_keeps_the_selected_row(void **state)
{
	(void)state;
	struct top top = { .limits = limits_of(NULL) };
	struct place *place = top_place(&top); /* the first view's: ports */
	top.records = some_ports();
	top_arrange(&top);
	assert_int_equal(port_at(&top, 0), 53); /* busiest first */
	top_select(&top, 1);
	assert_int_equal(port_at(&top, place->selected), 443);

	place->sort = view_column(&view_ports, "P95"); /* slowest first, unknown last */
	top_arrange(&top);
	assert_int_equal(port_at(&top, 0), 443);
	assert_int_equal(port_at(&top, 2), 22);
	assert_int_equal(port_at(&top, place->selected), 443);
	place->reversed = true;
	top_arrange(&top);
	assert_int_equal(port_at(&top, 0), 53);
	assert_int_equal(port_at(&top, 2), 22);
	assert_int_equal(port_at(&top, place->selected), 443);

	snprintf(place->filter, sizeof(place->filter), "SSH");
	top_arrange(&top);
	assert_int_equal(json_array_size(top.rows), 1);
	assert_int_equal(port_at(&top, 0), 22);
	snprintf(place->filter, sizeof(place->filter), "nothing like it");
	top_arrange(&top);
	assert_int_equal(json_array_size(top.rows), 0);
	top_select(&top, 5);
	assert_int_equal(place->selected, 0);
	top_forget(&top);
}

static void answers_that_are_no_records_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "[1]\n", "{\"a\":1}\nx\n", "{\"a\":", "\n",
					   "1\n" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf body = { 0 };
		buf_text(&body, bad[i]);
		assert_null(lines_parse(&body));
		buf_free(&body);
	}
	struct buf body = { 0 };
	json_t *none = lines_parse(&body);
	assert_int_equal(json_array_size(none), 0);
	json_decref(none);
	buf_text(&body, "{\"a\":1}\n{\"a\":2}");
	json_t *two = lines_parse(&body);
	assert_int_equal(json_array_size(two), 2);
	json_decref(two);
	buf_free(&body);
}

static void
no_daemon_is_exit_status_3_and_says_which_socket_and_what_to_do(void **state)
{
	(void)state;
	const struct common_options asked = { .socket =
						      "/nonexistent/breakwater.sock" };
	struct client *client = client_open(&asked);
	struct buf body = { 0 };
	char error[CLIENT_ERROR_MAX];
	assert_int_equal(client_get(client, "/health", &body, NULL, NULL, error),
			 STATUS_UNREACHABLE);
	assert_non_null(strstr(error, "/nonexistent/breakwater.sock"));
	assert_non_null(strstr(error, "breakwater run"));
	assert_null(strchr(error, '\n'));
	client_close(client);
	buf_free(&body);
}

static void parameters_are_escaped(void **state)
{
	(void)state;
	struct buf path = { 0 };
	buf_text(&path, "/x");
	client_parameter(&path, "none", NULL);
	client_parameter(&path, "host", "10.0.0.0/8");
	client_parameter(&path, "sort", "a&b=c ");
	assert_string_equal(buf_cstr(&path), "/x?host=10.0.0.0%2F8&sort=a%26b%3Dc%20");
	buf_free(&path);
}

static void the_usual_word_may_be_left_out(void **state)
{
	(void)state;
	static const struct verb verbs[] = { { "list", 0, 0, NULL },
					     { "show", 1, 1, "which?" } };
	char *const none[] = { NULL }, *const usual[] = { (char[]){ "list" } },
		    *const bare[] = { (char[]){ "show" } },
		    *const one[] = { (char[]){ "show" }, (char[]){ "a" } },
		    *const two[] = { (char[]){ "list" }, (char[]){ "a" } };
	assert_int_equal(verb_choose("x", verbs, 2, "list", 0, none), 0);
	assert_int_equal(verb_choose("x", verbs, 2, "list", 1, usual), 0);
	assert_int_equal(verb_choose("x", verbs, 2, "list", 2, one), 1);
	assert_int_equal(verb_choose("x", verbs, 2, "list", 1, bare), -1);
	assert_int_equal(verb_choose("x", verbs, 2, "list", 2, two), -1);
	assert_int_equal(verb_choose("x", verbs, 2, NULL, 0, none), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_fill_their_targets),
		cmocka_unit_test(a_mistake_on_the_command_line_is_exit_status_2),
		cmocka_unit_test(times_are_read_as_people_write_them),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(numbers_have_three_digits_and_a_unit),
		cmocka_unit_test(strangers_bytes_never_reach_the_terminal),
		cmocka_unit_test(a_value_over_its_limit_has_a_mark_besides_the_colour),
		cmocka_unit_test(rows_over_a_limit_are_counted),
		cmocka_unit_test(a_connection_that_said_its_last_word_is_ending),
		cmocka_unit_test(
			a_table_never_is_wider_than_the_screen_and_keeps_what_matters),
		cmocka_unit_test(a_cut_address_keeps_its_end),
		cmocka_unit_test(top_sorts_filters_and_keeps_the_selected_row),
		cmocka_unit_test(answers_that_are_no_records_are_refused),
		cmocka_unit_test(
			no_daemon_is_exit_status_3_and_says_which_socket_and_what_to_do),
		cmocka_unit_test(parameters_are_escaped),
		cmocka_unit_test(the_usual_word_may_be_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
