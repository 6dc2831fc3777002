/*
 * test_incidents.c: one cause is one incident, its timeline begins with the cause, and
 * people's words are kept.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "incidents_scene.h"

/* ---- one cause, one incident ---- */

static void alerts_of_a_service_are_one(void **state)
{
	(void)state;
	char id[32];
	record_text(id, sizeof(id),
		    alert("a", "response", "web", "192.0.2.1", 443, 0, "firing"));
	assert_string_equal(
		alert("b", "errors", "192.0.2.1:443", "192.0.2.1", 443, 4000, "firing"),
		id);
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].alerts, 2);
	assert_int_equal(firing.of[0].targets, 2);
	alert("a", "response", "web", "192.0.2.1", 443, 4100, "resolved");
	assert_int_equal(fire(), 1);
	alert("b", "errors", "192.0.2.1:443", "192.0.2.1", 443, 4200, "resolved");
	assert_int_equal(fire(), 0);
	assert_string_equal(said[said_count - 1].state, "resolved");
	assert_int_equal(said[said_count - 1].end, START + 4200 * SECOND);
	assert_int_equal(said[said_count - 1].automatic, 1);
}

static void a_host_is_one_for_minutes_only(void **state)
{
	(void)state;
	alert("a", "down", "h:80", "198.51.100.7", 80, 0, "firing");
	alert("b", "down", "h:22", "198.51.100.7", 22, 200, "firing");
	assert_int_equal(fire(), 1);
	alert("c", "response", "h:25", "198.51.100.7", 25, 1000, "firing");
	assert_int_equal(fire(), 2);
	alert("d", "down", "other", "198.51.100.8", 80, 210, "firing");
	assert_int_equal(fire(), 3);
}

static void a_new_listener_is_no_part_of_an_outage(void **state)
{
	(void)state;
	finding("new", "", "192.0.2.1", 9000, 0, "open", "high");
	alert("a", "down", "h:80", "192.0.2.1", 80, 10, "firing");
	assert_int_equal(fire(), 2);
	finding("another", "", "192.0.2.1", 9001, 20, "open", "high");
	alert("b", "down", "h:22", "192.0.2.1", 22, 30, "firing");
	assert_int_equal(fire(), 2);
}

static void opened(const char *ip, double at_s)
{
	struct finding_record record;
	record_init(RECORD_finding, &record);
	record.at = record.first = record.last = START + (int64_t)(at_s * SECOND);
	record.state = "open";
	record.kind = "new_listener";
	record.severity = "high";
	assert_true(addr_parse(ip, &record.server_ip));
	record_text(record.id, sizeof(record.id), ip);
	record_text(record.summary, sizeof(record.summary), "it listens now");
	incident_book_finding(book, &record);
}

static void what_joins_others_is_in_their_timeline_as_what_it_is(void **state)
{
	(void)state;
	opened("192.0.2.1", 0);
	opened("192.0.2.2", 1);
	opened("192.0.2.3", 2);
	assert_int_equal(fire(), 1);
	assert_int_equal(line_count, 5); /* two of them moved */
	for (size_t i = 0; i < line_count; i++)
		assert_string_equal(lines[i].kind, "finding");
}

static void what_will_be_is_no_part_of_what_is(void **state)
{
	(void)state;
	struct alert_record forecast;
	record_init(RECORD_alert, &forecast);
	forecast.at = forecast.start = START;
	forecast.state = "firing";
	forecast.kind = "forecast";
	forecast.severity = "low";
	forecast.port = 80;
	forecast.transport = "tcp";
	assert_true(addr_parse("192.0.2.1", &forecast.server_ip));
	record_text(forecast.id, sizeof(forecast.id), "f");
	record_text(forecast.rule, sizeof(forecast.rule), "forecast");
	record_text(forecast.target, sizeof(forecast.target), "h:80");
	incident_book_alert(book, &forecast);
	alert("a", "down", "h:80", "192.0.2.1", 80, 100, "firing");
	assert_int_equal(fire(), 2);
	forecast.kind = "value";
	record_text(forecast.id, sizeof(forecast.id), "c");
	record_text(forecast.metric, sizeof(forecast.metric), "probe.cert_not_after");
	incident_book_alert(book, &forecast);
	assert_int_equal(fire(), 2); /* with the forecast */
	alert("a", "down", "h:80", "192.0.2.1", 80, 200, "resolved");
	assert_int_equal(fire(), 1);
	incident_book_parent(book, "web", "h:80");
	alert("w", "down", "web", "192.0.2.9", 443, 1000, "firing");
	assert_int_equal(fire(), 2);
}

static void what_depends_belongs_to_what_it_depends_on(void **state)
{
	(void)state;
	char id[32];
	incident_book_parent(book, "web", "switch");
	incident_book_parent(book, "switch", "router");
	incident_book_parent(book, "router", "web"); /* a circle ends */
	record_text(id, sizeof(id),
		    alert("r", "down", "router", "203.0.113.1", 0, 0, "firing"));
	assert_string_equal(alert("w", "down", "web", "192.0.2.9", 443, 500, "firing"),
			    id);
	incident_book_parent(book, "web2", "switch");
	incident_book_parent(book, "web2", "");
	assert_string_not_equal(
		alert("x", "down", "web2", "192.0.2.10", 443, 501, "firing"), id);
}

static void what_is_noticed_before_its_parent_belongs_to_it_too(void **state)
{
	(void)state;
	char id[32];
	incident_book_parent(book, "web", "switch");
	incident_book_parent(book, "switch", "router");
	alert("w", "response", "web", "192.0.2.9", 443, 0, "firing");
	alert("o", "down", "other", "192.0.2.10", 443, 1, "firing");
	record_text(id, sizeof(id),
		    alert("r", "down", "router", "203.0.113.1", 0, 20, "firing"));
	assert_int_equal(fire(), 2);
	assert_string_equal(firing.of[0].id, id);
	assert_int_equal(firing.of[0].targets, 2);
	assert_string_equal(firing.of[0].summary, "router: down");
	assert_string_equal(firing.of[0].cause, ""); /* not the same once more */
	/* What was in trouble long before has its own. */
	incident_book_parent(book, "other", "switch2");
	alert("s", "down", "switch2", "203.0.113.2", 0, 1000, "firing");
	assert_int_equal(fire(), 3);
}

static void five_hundred_that_fall_at_once_are_one(void **state)
{
	(void)state;
	char id[32], target[32], ip[32];
	for (int i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		snprintf(target, sizeof(target), "t%d", i);
		snprintf(ip, sizeof(ip), "10.%d.%d.1", i / 250, i % 250);
		alert(id, "down", target, ip, 80, i * 0.1, "firing");
	}
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].alerts, 500);
	assert_int_equal(firing.of[0].targets, 500);
	assert_non_null(
		strstr(firing.of[0].cause, "t0 first: look at what they share"));
	/* The two that had been said before are over, as parts of it. */
	size_t parts = 0;
	for (size_t i = 0; i < said_count; i++)
		parts += strstr(said[i].close_reason, firing.of[0].id) != NULL;
	assert_int_equal(parts, 2);
	for (int i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		snprintf(target, sizeof(target), "t%d", i);
		alert(id, "down", target, NULL, 0, 100, "resolved");
	}
	assert_int_equal(fire(), 0);
}

static void two_that_fall_at_once_are_two(void **state)
{
	(void)state;
	alert("a", "down", "t1", "10.0.0.1", 80, 0, "firing");
	alert("b", "down", "t2", "10.9.0.1", 80, 1, "firing");
	alert("c", "response", "t3", "10.7.0.1", 80, 1, "firing");
	assert_int_equal(fire(), 3);
}

static void two_attackers_are_never_one(void **state)
{
	(void)state;
	finding("f1", "i1", "198.51.100.1", 22, 0, "open", "high");
	finding("f2", "i2", "198.51.100.2", 22, 1, "open", "high");
	finding("f3", "i1", "198.51.100.1", 25, 2, "open", "medium");
	assert_int_equal(fire(), 2);
	finding("n", "i3", "198.51.100.3", 22, 2, "open", "notice");
	assert_int_equal(fire(), 2);
	finding("f1", "i1", "198.51.100.1", 22, 60, "closed", "high");
	finding("f3", "i1", "198.51.100.1", 25, 60, "closed", "medium");
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].id, "i2");
}

static void what_comes_back_soon_is_the_same(void **state)
{
	(void)state;
	char id[32];
	record_text(id, sizeof(id),
		    alert("a", "down", "t", "10.0.0.1", 80, 0, "firing"));
	alert("a", "down", "t", "10.0.0.1", 80, 60, "resolved");
	assert_string_equal(alert("b", "down", "t", "10.0.0.1", 80, 120, "firing"), id);
	alert("b", "down", "t", "10.0.0.1", 80, 180, "resolved");
	assert_string_not_equal(alert("c", "down", "t", "10.0.0.1", 80, 3000, "firing"),
				id);
}

/* ---- cause ---- */

static void a_listener_that_closed_is_the_cause(void **state)
{
	(void)state;
	closed("0.0.0.0", 80, "apache2", -30); /* another port */
	closed("0.0.0.0", 443, "nginx", -12);
	alert("a", "down", "web", "192.0.2.1", 443, 0, "firing");
	assert_int_equal(fire(), 1);
	assert_non_null(strstr(firing.of[0].cause, "nginx does not listen"));
	assert_string_equal(lines[0].kind, "listener");
	assert_int_equal(lines[0].at, START - 12 * SECOND);
	assert_string_equal(lines[1].kind, "alert");
	/* Another machine's port is not ours. */
	alert("b", "down", "there", "192.0.2.77", 443, 0, "firing");
	assert_int_equal(line_count, 3);
}

static void one_that_is_noticed_later_is_the_cause_too(void **state)
{
	(void)state;
	alert("a", "down", "web", "192.0.2.1", 443, 0, "firing");
	closed("192.0.2.1", 443, "nginx", 5);
	closed("192.0.2.1", 443, "haproxy", 300); /* not any more */
	fire();
	assert_non_null(strstr(firing.of[0].cause, "nginx"));
	assert_int_equal(line_count, 2);
}

static void a_deployment_before_is_a_better_cause(void **state)
{
	(void)state;
	deployed("old", -4000);
	deployed("shop", -40);
	closed("0.0.0.0", 443, "nginx", -12);
	alert("a", "down", "web", "192.0.2.1", 443, 0, "firing");
	fire();
	assert_non_null(strstr(firing.of[0].cause, "shop was changed"));
	assert_string_equal(lines[0].kind, "deployment");
}

static void what_will_be_was_not_caused_by_the_last_minutes(void **state)
{
	(void)state;
	struct alert_record forecast;
	record_init(RECORD_alert, &forecast);
	forecast.at = forecast.start = START;
	forecast.state = "firing";
	forecast.kind = "forecast";
	forecast.severity = "low";
	record_text(forecast.id, sizeof(forecast.id), "f");
	record_text(forecast.target, sizeof(forecast.target), "disk /");
	record_text(forecast.summary, sizeof(forecast.summary), "/ will be full");
	deployed("shop", -40);
	incident_book_alert(book, &forecast);
	deployed("shop", 20);
	assert_int_equal(fire(), 1);
	assert_null(strstr(firing.of[0].cause, "was changed"));
	assert_int_equal(line_count, 1); /* the alert */
}

/* ---- people ---- */

static void a_message_counts_for_all_that_it_tells_of(void **state)
{
	(void)state;
	finding("f1", "aaaa", "198.51.100.1", 22, 3, "open", "high");
	finding("f2", "bbbb", "198.51.100.2", 22, 2, "open", "high");
	finding("f3", "cccc", "198.51.100.3", 22, 1, "open", "high");
	told("failed", "aaaa", "bbbb,cccc");
	told("sent", "aaaa", "bbbb,cccc");
	told("sent", "bbbb", "");
	told("dropped", "cccc", "gone");
	assert_int_equal(fire(), 3);
	assert_int_equal(firing.of[0].notifications, 1);
	assert_int_equal(firing.of[1].notifications, 2);
	assert_int_equal(firing.of[2].notifications, 1);
	assert_string_equal(lines[line_count - 2].incident, "bbbb");
	assert_string_equal(lines[line_count - 1].summary, "mail: could not be told");
}

static void people_take_care_and_close(void **state)
{
	(void)state;
	struct buf message = { 0 };
	char id[32];
	record_text(id, sizeof(id),
		    alert("a", "down", "t", "10.0.0.1", 80, 0, "firing"));
	char some[8] = { 0 };
	memcpy(some, id, 6);
	assert_int_equal(
		change((struct incident_change){ .id = some, .acknowledge = true },
		       &message),
		0);
	assert_string_equal(buf_cstr(&message), id);
	fire();
	assert_string_equal(firing.of[0].owner, "ann");
	assert_int_equal(firing.of[0].acknowledged, START + 10 * SECOND);
	assert_int_equal(change((struct incident_change){ .id = id,
							  .close = true,
							  .false_positive = true,
							  .reason = "a test" },
				&message),
			 0);
	assert_int_equal(fire(), 0);
	assert_string_equal(said[said_count - 1].closed_by, "ann");
	assert_int_equal(said[said_count - 1].false_positive, 1);
	assert_int_equal(said[said_count - 1].automatic, 0);
	assert_int_equal(audit_count, 2);
	/* What a person closed does not come back: that is another one. */
	assert_string_not_equal(alert("b", "down", "t", "10.0.0.1", 80, 20, "firing"),
				id);
	buf_free(&message);
}

static void what_is_asked_wrongly_is_said(void **state)
{
	(void)state;
	struct buf message = { 0 };
	alert("a", "down", "t", "10.0.0.1", 80, 0, "firing");
	assert_int_equal(
		change((struct incident_change){ .id = "zz", .close = true }, &message),
		-ENOENT);
	assert_non_null(strstr(buf_cstr(&message), "no incident zz"));
	assert_int_equal(change((struct incident_change){ .id = "a" }, &message),
			 -EINVAL);
	assert_int_equal(audit_count, 0);
	buf_free(&message);
}

static void a_block_answers_its_attack(void **state)
{
	(void)state;
	struct block_record block;
	finding("f1", "i1", "198.51.100.1", 22, 0, "open", "high");
	record_init(RECORD_block, &block);
	block.at = START + SECOND;
	block.state = "active";
	block.action = "drop";
	block.prefix_len = 32;
	assert_true(addr_parse("198.51.100.1", &block.address));
	record_text(block.finding, sizeof(block.finding), "f1");
	incident_book_block(book, &block);
	assert_string_equal(lines[line_count - 1].kind, "block");
	fire();
	assert_int_equal(firing.of[0].automatic, 1);
	assert_int_equal(said[said_count - 1].automatic, 1);
}

static void more_than_there_is_room_for_does_no_harm(void **state)
{
	(void)state;
	char id[32], target[32], ip[32];
	for (int i = 0; i < 700; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		snprintf(target, sizeof(target), "t%d", i);
		snprintf(ip, sizeof(ip), "10.%d.%d.1", i / 250, i % 250);
		alert(id, "response", target, ip, 80, i * 100.0, "firing");
	}
	assert_int_equal(fire(), 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(alerts_of_a_service_are_one),
		TEST(a_host_is_one_for_minutes_only),
		TEST(a_new_listener_is_no_part_of_an_outage),
		TEST(what_joins_others_is_in_their_timeline_as_what_it_is),
		TEST(what_will_be_is_no_part_of_what_is),
		TEST(what_depends_belongs_to_what_it_depends_on),
		TEST(what_is_noticed_before_its_parent_belongs_to_it_too),
		TEST(five_hundred_that_fall_at_once_are_one),
		TEST(two_that_fall_at_once_are_two),
		TEST(two_attackers_are_never_one),
		TEST(what_comes_back_soon_is_the_same),
		TEST(a_listener_that_closed_is_the_cause),
		TEST(one_that_is_noticed_later_is_the_cause_too),
		TEST(a_deployment_before_is_a_better_cause),
		TEST(what_will_be_was_not_caused_by_the_last_minutes),
		TEST(a_message_counts_for_all_that_it_tells_of),
		TEST(people_take_care_and_close),
		TEST(what_is_asked_wrongly_is_said),
		TEST(a_block_answers_its_attack),
		TEST(more_than_there_is_room_for_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
