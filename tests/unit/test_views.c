/*
 * test_views.c: tables of listeners, findings and the past, as people see them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cells.h"

static struct cell shown(const struct view *view, const char *column,
			 const json_t *record)
{
	struct cell cell = { .tone = TONE_NORMAL };
	const struct limits limits = limits_of(NULL);
	const struct column *found = view_column(view, column);
	if (found == NULL)
		fail_msg("no column %s", column);
	else
		found->show(record, &limits, &cell);
	return cell;
}

static void assert_cell(const struct view *view, const char *column, const char *json,
			const char *text, enum tone tone)
{
	json_t *record = json_loads(json, 0, NULL);
	assert_non_null(record);
	struct cell cell = shown(view, column, record);
	if (strcmp(cell.text, text) != 0 || cell.tone != tone)
		fail_msg("%s of %s: \"%s\", tone %d", column, json, cell.text,
			 (int)cell.tone);
	json_decref(record);
}

static void what_is_wrong_with_a_listener_has_a_mark(void **state)
{
	(void)state;
	const struct view *view = &view_listeners;
	assert_cell(view, "AUTH", "{\"authorized\":false}", "!no", TONE_OVER);
	assert_cell(view, "AUTH", "{\"authorized\":true}", "yes", TONE_NORMAL);
	assert_cell(view, "AUTH", "{}", "-", TONE_QUIET);
	assert_cell(view, "QUEUE", "{\"backlog\":129,\"backlog_max\":128}", "!129/128",
		    TONE_OVER);
	assert_cell(view, "QUEUE", "{\"backlog\":0,\"backlog_max\":4096}", "0/4,096",
		    TONE_QUIET);
	assert_cell(view, "QUEUE", "{\"backlog\":512}", "512", TONE_NORMAL);
	assert_cell(view, "QUEUE", "{}", "-", TONE_QUIET);
	assert_cell(view, "DROPS", "{\"overflows\":17}", "!17", TONE_OVER);
	assert_cell(view, "PROCESS", "{\"hidden\":true}", "!hidden", TONE_OVER);
	assert_cell(view, "PROCESS", "{\"hidden\":true,\"process\":\"x\"}", "!x",
		    TONE_OVER);
	assert_cell(view, "PROCESS", "{\"process\":\"sshd\"}", "sshd", TONE_NORMAL);
}

static void a_listener_is_named_as_other_tools_name_it(void **state)
{
	(void)state;
	const struct view *view = &view_listeners;
	assert_cell(view, "ADDRESS", "{\"ip\":\"0.0.0.0\",\"iface\":\"eth0\"}",
		    "0.0.0.0%eth0", TONE_STRONG);
	assert_cell(view, "PORT", "{\"port\":53,\"transport\":\"udp\"}", "53/udp",
		    TONE_STRONG);
	assert_cell(view, "PID", "{\"pid\":1234567}", "1234567", TONE_NORMAL);
	assert_cell(view, "UNIT", "{\"unit\":\"ssh.service\"}", "ssh", TONE_NORMAL);
	assert_cell(view, "UNIT", "{\"unit\":\"session-4.scope\"}", "session-4.scope",
		    TONE_NORMAL);
	assert_cell(view, "UNIT",
		    "{\"unit\":\"docker.service\",\"container\":"
		    "\"0123456789abcdef0123456789abcdef\"}",
		    "0123456789ab", TONE_NORMAL);
}

static void a_port_that_does_not_answer_or_has_findings_is_over_its_limit(void **state)
{
	(void)state;
	assert_cell(&view_ports, "STATE", "{\"state\":\"open\"}", "open", TONE_NORMAL);
	assert_cell(&view_ports, "STATE", "{\"state\":\"closed\"}", "!closed",
		    TONE_OVER);
	assert_cell(&view_ports, "FIND", "{\"findings\":2}", "!2", TONE_OVER);
	assert_cell(&view_ports, "FIND", "{\"findings\":0}", "0", TONE_QUIET);
	assert_cell(&view_ports, "FIND", "{}", "-", TONE_QUIET);
}

static void a_finding_tells_the_whole_of_it(void **state)
{
	(void)state;
	char long_text[256], json[320];
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	snprintf(json, sizeof(json), "{\"summary\":\"%s\"}", long_text);
	assert_cell(&view_findings, "WHAT", json, long_text, TONE_NORMAL);
	assert_cell(&view_findings, "SEVERITY", "{\"severity\":\"high\"}", "!high",
		    TONE_OVER);
	assert_cell(&view_findings, "SEVERITY", "{\"severity\":\"low\"}", "low",
		    TONE_NORMAL);
	assert_cell(&view_findings, "PORT", "{\"kind\":\"x\"}", "-", TONE_QUIET);
	assert_cell(&view_findings, "CLIENT", "{\"client_ip\":\"192.0.2.7\"}",
		    "192.0.2.7", TONE_NORMAL);
	assert_cell(&view_findings, "CLIENT", "{\"kind\":\"x\"}", "-", TONE_QUIET);
}

static void a_login_tells_who_where_and_how(void **state)
{
	(void)state;
	const struct view *view = &view_logins;
	const char *json =
		"{\"client_ip\":\"2001:db8::7\",\"client_port\":40022,"
		"\"server_port\":22,\"user\":\"root\\u001b[2J\","
		"\"outcome\":\"success\",\"seen_by\":\"packets\",\"source\":\"sshd\"}";
	assert_cell(view, "CLIENT", json, "[2001:db8::7]:40022", TONE_NORMAL);
	assert_cell(view, "SERVER", json, "?:22", TONE_NORMAL);
	assert_cell(view, "USER", json, "root?[2J", TONE_STRONG);
	assert_cell(view, "OUTCOME", json, "success", TONE_GOOD);
	assert_cell(view, "SEEN BY", json, "packets, log", TONE_NORMAL);
	assert_cell(view, "SEEN BY", "{\"seen_by\":\"size\"}", "size", TONE_NORMAL);
	assert_cell(view, "CLIENT", "{\"protocol\":\"sudo\"}", "-", TONE_QUIET);
	assert_cell(view, "SERVER", "{\"protocol\":\"sudo\"}", "-", TONE_QUIET);
}

static void a_time_of_another_day_has_its_date(void **state)
{
	(void)state;
	char json[80];
	setenv("TZ", "UTC", 1);
	tzset();
	assert_cell(&view_flows, "START", "{\"start\":\"2020-02-03T04:05:06.7Z\"}",
		    "2020-02-03 04:05", TONE_QUIET);
	time_t now = time(NULL);
	struct tm today;
	gmtime_r(&now, &today);
	strftime(json, sizeof(json), "{\"start\":\"%Y-%m-%dT00:00:00Z\"}", &today);
	assert_cell(&view_flows, "START", json, "00:00:00", TONE_QUIET);
}

static void a_protocol_that_only_the_port_suggests_is_questioned(void **state)
{
	(void)state;
	static const struct view *const both[] = { &view_flows, &view_ports };
	for (size_t i = 0; i < 2; i++) {
		assert_cell(both[i], "PROTOCOL",
			    "{\"protocol\":\"ssh\",\"protocol_by\":\"port\"}", "ssh?",
			    TONE_QUIET);
		assert_cell(both[i], "PROTOCOL",
			    "{\"protocol\":\"ssh\",\"protocol_by\":\"content\"}", "ssh",
			    TONE_NORMAL);
		assert_cell(both[i], "PROTOCOL", "{\"protocol_by\":\"port\"}", "-",
			    TONE_QUIET);
	}
}

static void error_answers_are_told_with_all_answers(void **state)
{
	(void)state;
	assert_cell(&view_flows, "ERRORS", "{\"answers\":120,\"answer_errors\":3}",
		    "!3/120", TONE_OVER);
	assert_cell(&view_flows, "ERRORS", "{\"answers\":12000,\"answer_errors\":3}",
		    "3/12,000", TONE_NORMAL);
	assert_cell(&view_flows, "ERRORS", "{\"answers\":12,\"answer_errors\":0}",
		    "0/12", TONE_QUIET);
	assert_cell(&view_flows, "ERRORS", "{}", "-", TONE_QUIET);
}

static bool has_column(const struct layout *layout, const struct view *view,
		       const char *head)
{
	for (size_t i = 0; i < layout->count; i++)
		if (strcmp(view_column_at(view, layout->column[i])->head, head) == 0)
			return true;
	return false;
}

static void
a_column_that_says_nothing_of_any_row_is_left_out_if_it_is_rare(void **state)
{
	(void)state;
	const struct limits limits = limits_of(NULL);
	json_t *rows = json_loads("[{\"port\":1},{\"port\":2}]", 0, NULL);
	struct layout layout = { 0 };
	layout_fit(&layout, &view_listeners, rows, &limits, 0);
	assert_false(has_column(&layout, &view_listeners, "NETNS"));
	assert_true(has_column(&layout, &view_listeners, "AUTH"));
	json_object_set_new(json_array_get(rows, 1), "netns", json_integer(4026531840));
	layout = (struct layout){ 0 };
	layout_fit(&layout, &view_listeners, rows, &limits, 0);
	assert_true(has_column(&layout, &view_listeners, "NETNS"));
	json_decref(rows);
}

/* Which machine it was is what matters most: it is first, and stays when it is narrow.
 */
static void rows_of_a_fleet_say_whose_they_are(void **state)
{
	(void)state;
	const struct limits limits = limits_of(NULL);
	json_t *rows = json_loads("[{\"port\":1},{\"port\":2}]", 0, NULL);
	struct layout layout = { 0 };
	layout_fit(&layout, &view_flows, rows, &limits, 0);
	assert_false(has_column(&layout, &view_flows, "SENSOR"));
	json_object_set_new(json_array_get(rows, 1), "sensor", json_string("web-3"));
	static const struct view *const all[] = { &view_flows, &view_ports,
						  &view_findings, &view_incidents };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		layout = (struct layout){ 0 };
		layout_fit(&layout, all[i], rows, &limits, 40);
		const struct column *first = view_column_at(all[i], layout.column[0]);
		struct cell cell = { .tone = TONE_NORMAL };
		assert_string_equal(first->head, "SENSOR");
		first->show(json_array_get(rows, 1), &limits, &cell);
		assert_string_equal(cell.text, "web-3");
		assert_ptr_equal(view_column(all[i], "sensor"), first);
		assert_true(all[i]->count < VIEW_COLUMNS_MAX);
	}
	json_decref(rows);
}

/* What hubs put together is the hubs' own: it is about the machines that it lists. */
static void an_incident_of_a_fleet_says_which_machines_it_is_about(void **state)
{
	(void)state;
	assert_cell(&view_incidents, "SENSOR",
		    "{\"sensor\":\"hub\",\"sensors\":\"web-3\"}", "web-3", TONE_STRONG);
	assert_cell(&view_incidents, "SENSOR",
		    "{\"sensor\":\"hub\",\"sensors\":\"web-3,web-1,db-1\"}", "web-3 +2",
		    TONE_STRONG);
	assert_cell(&view_incidents, "SENSOR",
		    "{\"sensor\":\"hub\",\"sensors\":\"web-3,web-1,...\"}",
		    "web-3 +1...", TONE_STRONG);
	assert_cell(&view_incidents, "SENSOR", "{\"sensor\":\"hub\"}", "hub",
		    TONE_STRONG);
}

static void no_text_of_a_record_reaches_the_terminal_unseen(void **state)
{
	(void)state;
	static const struct view *const views[] = { &view_listeners, &view_findings,
						    &view_flows, &view_port_steps,
						    &view_logins };
	json_t *record = json_object();
	for (size_t v = 0; v < sizeof(views) / sizeof(views[0]); v++) {
		for (size_t i = 0; i < views[v]->count; i++)
			json_object_set_new(record, views[v]->columns[i].sort,
					    json_string("\033[2J\a\xc3\xa9"));
		for (size_t i = 0; i < views[v]->count; i++) {
			struct cell cell =
				shown(views[v], views[v]->columns[i].head, record);
			for (const char *s = cell.text; *s != '\0'; s++)
				assert_in_range(*s, 0x20, 0x7e);
		}
	}
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_a_listener_has_a_mark),
		cmocka_unit_test(a_listener_is_named_as_other_tools_name_it),
		cmocka_unit_test(
			a_port_that_does_not_answer_or_has_findings_is_over_its_limit),
		cmocka_unit_test(a_finding_tells_the_whole_of_it),
		cmocka_unit_test(a_login_tells_who_where_and_how),
		cmocka_unit_test(a_time_of_another_day_has_its_date),
		cmocka_unit_test(a_protocol_that_only_the_port_suggests_is_questioned),
		cmocka_unit_test(error_answers_are_told_with_all_answers),
		cmocka_unit_test(
			a_column_that_says_nothing_of_any_row_is_left_out_if_it_is_rare),
		cmocka_unit_test(rows_of_a_fleet_say_whose_they_are),
		cmocka_unit_test(
			an_incident_of_a_fleet_says_which_machines_it_is_about),
		cmocka_unit_test(no_text_of_a_record_reaches_the_terminal_unseen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
