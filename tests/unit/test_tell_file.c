/*
 * test_tell_file.c: sinks, routes and maintenance as they are written, and what is said
 * of mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/tell_file.h"
#include "base/buf.h"

#define SECOND 1000000LL

static const struct tell_usual usual = {
	.severity = SEVERITY_MEDIUM,
	.wait_us = 30 * SECOND,
	.interval_us = 300 * SECOND,
	.repeat_us = 14400 * SECOND,
};

static struct buf errors;
static struct tell_rules *rules;

static int clean(void **state)
{
	(void)state;
	buf_free(&errors);
	errors = (struct buf){ 0 };
	tell_rules_free(rules);
	rules = NULL;
	return 0;
}

static void take(const char *const *urls, const char *const *files)
{
	char name[32];
	struct tell_reader *reader = tell_reader_new(&usual, &errors);
	assert_non_null(reader);
	for (size_t i = 0; urls != NULL && urls[i] != NULL; i++)
		tell_reader_url(reader, urls[i], i + 1);
	for (size_t i = 0; files != NULL && files[i] != NULL; i++) {
		snprintf(name, sizeof(name), "f%zu", i + 1);
		tell_reader_file(reader, files[i], strlen(files[i]), name);
	}
	rules = tell_reader_end(reader);
}

static void take_file(const char *text)
{
	const char *files[] = { text, NULL };
	take(NULL, files);
}

static void is_good(void)
{
	if (rules == NULL || errors.len > 0)
		fail_msg("%s", buf_cstr(&errors));
}

static void is_refused(const char *text, const char *part)
{
	clean(NULL);
	take_file(text);
	assert_null(rules);
	if (strstr(buf_cstr(&errors), part) == NULL)
		fail_msg("%s", buf_cstr(&errors));
}

/* ---- what is right ---- */

static void without_routes_all_goes_to_every_sink(void **state)
{
	(void)state;
	const char *urls[] = { "https://a.example.org/hook", "https://b.example.org/",
			       NULL };
	take(urls, NULL);
	is_good();
	assert_int_equal(rules->sink_count, 2);
	assert_string_equal(rules->sinks[0]->name, "https");
	assert_string_equal(rules->sinks[1]->name, "https-2");
	assert_int_equal(rules->route_count, 1);
	const struct tell_route *route = &rules->routes[0];
	assert_int_equal(route->sinks, 3);
	assert_int_equal(route->severity, SEVERITY_MEDIUM);
	assert_int_equal(route->wait_us, usual.wait_us);
	assert_true(route->tells_end);
	assert_false(route->goes_on);
}

static void nothing_is_right_too(void **state)
{
	(void)state;
	take_file("");
	is_good();
	assert_int_equal(rules->sink_count, 0);
	assert_int_equal(rules->routes[0].sinks, 0);
}

#define SINKS                                                                          \
	"sinks:\n"                                                                     \
	"- name: chat\n"                                                               \
	"  url: https://chat.example.org/\n"                                           \
	"- {name: boss, url: \"https://sms.example.org/send\", rate: 2}\n"

static void a_file_has_routes(void **state)
{
	(void)state;
	take_file("routes:\n"
		  "- match: severity>=low tags=customer\n"
		  "  hours: [Mon-Fri 08:00-18:00 UTC, Sat 10:00-12:00 UTC]\n"
		  "  to: [chat, boss]\n"
		  "  continue: yes\n"
		  "  resolved: no\n"
		  "  group_wait: 10s\n"
		  "  group_interval: 1m\n"
		  "  repeat: never\n"
		  "  escalate:\n"
		  "  - {after: 15m, to: boss}\n"
		  "  - after: 1h\n"
		  "    to: [boss, chat]\n"
		  "- match: port=80\n"
		  "  to: none\n"
		  "- to: chat\n" SINKS);
	is_good();
	assert_int_equal(rules->route_count, 3);
	const struct tell_route *route = &rules->routes[0];
	assert_int_equal(route->sinks, 3);
	assert_int_equal(route->severity, SEVERITY_NOTICE); /* its match says */
	assert_int_equal(route->hours.count, 2);
	assert_true(route->goes_on);
	assert_false(route->tells_end);
	assert_int_equal(route->wait_us, 10 * SECOND);
	assert_int_equal(route->interval_us, 60 * SECOND);
	assert_int_equal(route->repeat_us, 0);
	assert_int_equal(route->step_count, 2);
	assert_int_equal(route->steps[0].after_us, 900 * SECOND);
	assert_int_equal(route->steps[0].sinks, 2);
	assert_int_equal(route->steps[1].sinks, 3);
	assert_int_equal(rules->routes[1].sinks, 0);
	assert_int_equal(rules->routes[1].severity, SEVERITY_MEDIUM);
	assert_int_equal(rules->routes[2].sinks, 1);
	assert_int_equal(rules->routes[2].match.count, 0);
	assert_string_equal(sink_option(rules->sinks[1], "rate"), "2");
}

static void files_name_each_others_sinks(void **state)
{
	(void)state;
	const char *urls[] = { "https://a.example.org/hook", NULL };
	const char *files[] = { "routes: [{to: [https, boss]}]", SINKS, NULL };
	take(urls, files);
	is_good();
	assert_int_equal(rules->routes[0].sinks, 1 | 4);
}

static void a_scheme_alone_is_enough(void **state)
{
	(void)state;
	take_file("sinks: [{name: chat, url: slack, url_file: /etc/slack}]");
	is_good();
	assert_string_equal(rules->sinks[0]->notifier->name, "slack");
	assert_string_equal(sink_option(rules->sinks[0], "url_file"), "/etc/slack");
}

static void a_file_has_maintenance(void **state)
{
	(void)state;
	take_file("maintenance:\n"
		  "- name: patches\n"
		  "  match: server_ip=192.0.2.0/24\n"
		  "  windows: [Sun 02:00-04:00]\n");
	is_good();
	assert_int_equal(rules->maintenance_count, 1);
	assert_string_equal(rules->maintenances[0].name, "patches");
	assert_int_equal(rules->maintenances[0].match.count, 1);
	assert_int_equal(rules->maintenances[0].windows.count, 1);
}

/* ---- what is wrong ---- */

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	is_refused("a",
		   "f1:1:1: not a file of who is told; allowed are the keys sinks, "
		   "routes, maintenance");
	is_refused("rout: []", "f1:1:1: ");
	is_refused("routes: 5", "f1:1:9: routes can't be");
	is_refused("routes: [5]", "f1:1:10: routes can't be");
	is_refused("routes:\n- match: port=80\n", "f1:2:3: a route without to");
	is_refused("routes:\n- to: none\n  match: port=80 oops=1\n",
		   "f1:3:18: match: \"oops\" is no field");
	is_refused("routes:\n- to: none\n  match: \"port=80 oops=1\"\n",
		   "f1:3:19: match: \"oops\" is no field");
	is_refused("routes:\n- to: none\n  hours: Mon\n", "f1:3:10: hours can't be");
	is_refused("routes:\n- to: none\n  hours: [daily 01:00-02:00, x]\n",
		   "f1:3:30: hours can't be");
	is_refused("routes:\n- to: none\n  repeat: 1s\n",
		   "f1:3:11: repeat can't be \"1s\"; allowed is a duration from 1m");
	is_refused("routes:\n- to: none\n  continue: maybe\n", "yes or no");
	is_refused("routes:\n- to: none\n  to: none\n", "f1:3:3: ");
	is_refused("routes:\n- to: none\n  escalate: [{to: a}]\n",
		   "f1:3:14: an escalation without after");
	is_refused("routes:\n- to: none\n  escalate: [{after: 5m, to: none}]\n",
		   "f1:3:30: to can't be");
	is_refused("routes:\n- to: nobody\n" SINKS,
		   "f1:2:7: there is no sink \"nobody\"; allowed are chat, boss, none");
	is_refused("maintenance:\n- name: a\n  match: port=1\n",
		   "f1:2:3: maintenance without name, match or windows");
	is_refused("maintenance:\n- {name: a, windows: daily 01:00-02:00}\n",
		   "f1:2:3: maintenance without name, match or windows");
	is_refused("maintenance:\n- {match: port=1, windows: daily 01:00-02:00}\n",
		   "f1:2:3: maintenance without name, match or windows");
	is_refused("routes:\n- escalate: [{after: 5m, to: chat}]\n" SINKS,
		   "f1:2:3: a route without to");
	is_refused("routes: []\n---\nroutes: []\n", "a second document");
	is_refused("routes: &a []\n", "f1:1:9: ");
}

static void a_sink_that_can_not_be_is_refused(void **state)
{
	(void)state;
	is_refused("sinks: [{name: a}]", "f1:1:9: a sink without name or without url");
	is_refused("sinks: [{name: a b, url: 'https://a.example.org/'}]",
		   "f1:1:9: a sink can't be called \"a b\"");
	is_refused("sinks: [{name: none, url: 'https://a.example.org/'}]",
		   "called \"none\"");
	is_refused(SINKS "- {name: chat, url: 'https://a.example.org/'}\n",
		   "f1:5:3: a sink can't be called \"chat\"");
	is_refused("sinks: [{name: a, url: 'gopher://a.example.org/'}]", "f1:1:9: ");
	is_refused("sinks: [{name: a, url: 'https://a.example.org/', colour: red}]",
		   "colour");
	is_refused("sinks: [{name: a, url: 'https://a.example.org/', rate: [1]}]",
		   "f1:1:56: a key of a sink can't be a list");
	is_refused("sinks: [{name: a, name: b, url: 'https://a.example.org/'}]",
		   "f1:1:19: ");
}

static void a_secret_in_a_url_is_refused_and_not_shown(void **state)
{
	(void)state;
	const char *urls[] = { "https://ann:hunter2@a.example.org/", NULL };
	take(urls, NULL);
	assert_null(rules);
	assert_non_null(strstr(buf_cstr(&errors), "notify.to, its entry 1: "));
	assert_null(strstr(buf_cstr(&errors), "hunter2"));
	is_refused("sinks: [{name: a, url: 'https://ann:hunter2@a.example.org/'}]",
		   "f1:1:9: ");
	assert_null(strstr(buf_cstr(&errors), "hunter2"));
}

static void there_is_an_end_to_all(void **state)
{
	(void)state;
	struct buf text = { 0 };
	buf_text(&text, "routes:\n");
	for (int i = 0; i < 257; i++)
		buf_text(&text, "- {to: none}\n");
	is_refused(buf_cstr(&text), "f1:258:3: routes can't be");
	buf_clear(&text);
	buf_text(&text, "sinks:\n");
	for (int i = 0; i < 65; i++)
		buf_printf(&text, "- {name: s%d, url: 'https://a.example.org/'}\n", i);
	is_refused(buf_cstr(&text), "f1:66:3: too many sinks; allowed are 64");
	is_refused("routes:\n- to: none\n  escalate: [{after: 1m, to: a}, {after: 2m, "
		   "to: a}, {after: 3m, to: a}, {after: 4m, to: a}, {after: 5m, to: "
		   "a}]\n",
		   "escalate can't be");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, clean)
		TEST(without_routes_all_goes_to_every_sink),
		TEST(nothing_is_right_too),
		TEST(a_file_has_routes),
		TEST(files_name_each_others_sinks),
		TEST(a_scheme_alone_is_enough),
		TEST(a_file_has_maintenance),
		TEST(what_is_wrong_is_said_with_its_place),
		TEST(a_sink_that_can_not_be_is_refused),
		TEST(a_secret_in_a_url_is_refused_and_not_shown),
		TEST(there_is_an_end_to_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
