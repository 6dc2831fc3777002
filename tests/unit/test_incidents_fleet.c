/*
 * test_incidents_fleet.c: incidents of a fleet: the same address at two sensors is two
 * hosts, and an incident says whose alerts and findings it is of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "incidents_scene.h"

static void fires_at(const char *sensor, const char *id, const char *rule, double at_s,
		     const char *word)
{
	struct alert_record alert;
	record_init(RECORD_alert, &alert);
	alert.start = alert.at = START + (int64_t)(at_s * SECOND);
	alert.state = word;
	alert.severity = "high";
	alert.port = 80;
	alert.transport = "tcp";
	assert_true(addr_parse("127.0.0.1", &alert.server_ip));
	record_text(alert.id, sizeof(alert.id), id);
	record_text(alert.rule, sizeof(alert.rule), rule);
	record_text(alert.target, sizeof(alert.target), "127.0.0.1:80");
	record_text(alert.summary, sizeof(alert.summary), "it is slow");
	record_text(alert.sensor, sizeof(alert.sensor), sensor);
	incident_book_alert(book, &alert);
}

static void attacks(const char *sensor, const char *id, const char *incident,
		    double at_s)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	finding.at = finding.first = finding.last = START + (int64_t)(at_s * SECOND);
	finding.state = "open";
	finding.kind = "port_scan";
	finding.severity = "high";
	finding.proof = "dialogue";
	assert_true(addr_parse("203.0.113.9", &finding.client_ip));
	record_text(finding.id, sizeof(finding.id), id);
	record_text(finding.incident, sizeof(finding.incident), incident);
	record_text(finding.summary, sizeof(finding.summary), "it scans");
	record_text(finding.sensor, sizeof(finding.sensor), sensor);
	incident_book_finding(book, &finding);
}

static void the_same_address_at_two_sensors_is_two_hosts(void **state)
{
	(void)state;
	fires_at("web-1", "a", "response", 0, "firing");
	fires_at("web-2", "b", "errors", 1, "firing");
	assert_int_equal(fire(), 2);
	fires_at("web-1", "c", "loss", 2, "firing");
	assert_int_equal(fire(), 2);
	assert_string_equal(firing.of[0].sensors, "web-2");
	assert_string_equal(firing.of[1].sensors, "web-1");
	assert_int_equal(firing.of[1].targets, 1);
}

/* What each place says of a target is a part of what all of them come to. */
static void what_places_say_is_a_part_of_what_they_come_to(void **state)
{
	const char target[] = "127.0.0.1:80";
	(void)state;
	incident_book_of_all(book, "web-1", target);
	incident_book_of_all(book, "web-2", target);
	incident_book_of_all(book, "", target);
	fires_at("web-1", "a", "down", 0, "firing");
	fires_at("db-1", "b", "down", 0, "firing"); /* asks for itself */
	assert_int_equal(fire(), 2);
	fires_at("", "c", "places_down", 1, "firing");
	assert_int_equal(fire(), 2);
	fires_at("web-2", "d", "down", 2, "firing");
	assert_int_equal(fire(), 2);
	assert_string_equal(firing.of[0].sensors, "web-1,web-2");
	assert_string_equal(firing.of[1].sensors, "db-1");
}

static void what_is_over_comes_back_as_that_of_its_sensor(void **state)
{
	(void)state;
	fires_at("web-1", "a", "response", 0, "firing");
	fires_at("web-1", "a", "response", 10, "resolved");
	fires_at("web-2", "b", "response", 20, "firing");
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "web-2");
}

static void an_attack_lists_its_sensors_each_once(void **state)
{
	(void)state;
	attacks("web-1", "a", "0000000000000001", 0);
	attacks("db-1", "b", "0000000000000001", 1);
	attacks("web-1", "c", "0000000000000001", 2);
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].findings, 3);
	assert_string_equal(firing.of[0].sensors, "web-1,db-1");
	assert_string_equal(lines[1].summary, "db-1: it scans");
}

static void more_sensors_than_there_is_room_for_are_dots(void **state)
{
	char sensor[16], id[16];
	(void)state;
	for (int i = 0; i < 60; i++) {
		snprintf(sensor, sizeof(sensor), "sensor-%02d", i);
		snprintf(id, sizeof(id), "f%d", i);
		attacks(sensor, id, "0000000000000001", i);
	}
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].findings, 60);
	const char *text = firing.of[0].sensors;
	assert_memory_equal(text, "sensor-00,sensor-01", 19);
	assert_string_equal(text + strlen(text) - 14, ",sensor-24,...");
}

/* ---- what only the fleet sees ---- */

static void is_seen(const char *sensor, const char *id, const char *sensors,
		    const char *is, double at_s)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	finding.at = finding.last = START + (int64_t)(at_s * SECOND);
	finding.first = START;
	finding.state = is;
	finding.kind = "distributed_scan";
	finding.severity = "low";
	finding.port = 22;
	finding.transport = "tcp";
	record_text(finding.id, sizeof(finding.id), id);
	record_text(finding.summary, sizeof(finding.summary), "many scan");
	record_text(finding.sensor, sizeof(finding.sensor), sensor);
	record_text(finding.sensors, sizeof(finding.sensors), sensors);
	incident_book_finding(book, &finding);
}

static void what_a_hub_found_is_of_those_who_saw_it(void **state)
{
	(void)state;
	is_seen("hub", "a", "web-1,db-1", "open", 0);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "web-1,db-1");
	assert_string_equal(firing.of[0].first_sensor, "hub");
	is_seen("hub", "a", "db-1,web-2", "open", 1);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "web-1,db-1,web-2");
	/* It is said when it is time, and no more than that. */
	size_t before = said_count;
	incident_book_tick(book, START + 90 * SECOND);
	assert_int_equal(said_count, before + 1);
	is_seen("hub", "b", "db-1,...", "open", 91);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "web-1,db-1,web-2,...");
}

/* As hubs said it that knew no better, and still do of what they restore. */
static void what_a_hub_found_without_a_list_is_a_hubs(void **state)
{
	(void)state;
	is_seen("hub", "a", "", "open", 0);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "hub");
}

static void a_sensor_speaks_for_itself(void **state)
{
	(void)state;
	is_seen("mallory", "a", "web-1,db-1", "open", 0);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "mallory");
}

/* A batch may leave out what it likes: nobody falls over it. */
static void what_has_no_id_belongs_to_nothing(void **state)
{
	(void)state;
	fires_at("web-1", "", "response", 0, "firing");
	fires_at("web-1", "", "response", 1, "resolved");
	attacks("web-1", "", "0000000000000001", 2);
	assert_int_equal(fire(), 0);
	fires_at("web-1", "a", "response", 3, "firing");
	fires_at("web-1", "", "response", 4, "resolved");
	assert_int_equal(fire(), 1);
}

static void words_that_are_left_out_are_no_words(void **state)
{
	struct block_record block;
	struct listener_record listener;
	(void)state;
	fires_at("web-1", "a", "response", 0, "firing");
	record_init(RECORD_block, &block);
	record_init(RECORD_listener, &listener);
	block.at = listener.at = START;
	record_text(block.finding, sizeof(block.finding), "a");
	incident_book_block(book, &block);
	incident_book_listener(book, &listener);
	fires_at("web-1", "a", "response", 1, NULL);
	assert_int_equal(fire(), 0);
}

/* Sensors choose the ids of what they tell: each ends and changes its own only. */
static void what_one_sensor_says_is_of_no_other(void **state)
{
	(void)state;
	fires_at("web-1", "a", "response", 0, "firing");
	fires_at("mallory", "a", "response", 1, "resolved");
	assert_int_equal(fire(), 1);
	fires_at("mallory", "a", "response", 2, "firing");
	assert_int_equal(fire(), 2);
	fires_at("mallory", "a", "response", 3, "resolved");
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "web-1");
	fires_at("web-1", "a", "response", 4, "resolved");
	assert_int_equal(fire(), 0);
}

static void blocks(const char *sensor, const char *id)
{
	struct block_record block;
	record_init(RECORD_block, &block);
	block.at = START + 5 * SECOND;
	block.action = "drop";
	block.state = "active";
	assert_true(addr_parse("203.0.113.9", &block.address));
	record_text(block.finding, sizeof(block.finding), id);
	record_text(block.sensor, sizeof(block.sensor), sensor);
	incident_book_block(book, &block);
}

static void only_who_found_an_attack_answers_it(void **state)
{
	(void)state;
	attacks("web-1", "a", "0000000000000001", 0);
	blocks("mallory", "a");
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].automatic, UNKNOWN_FLAG);
	blocks("web-1", "a");
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].automatic, 1);
}

static bool is_of_others(const char *sensor, const char *id, const char *incident)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	record_text(finding.sensor, sizeof(finding.sensor), sensor);
	record_text(finding.id, sizeof(finding.id), id);
	record_text(finding.incident, sizeof(finding.incident), incident);
	return incident_book_is_of_others(book, &finding);
}

static void an_incident_is_of_those_who_told_of_it(void **state)
{
	(void)state;
	attacks("web-1", "a", "0000000000000001", 0);
	assert_false(is_of_others("web-1", "b", "0000000000000001"));
	assert_true(is_of_others("mallory", "a", "0000000000000001"));
	assert_false(is_of_others("mallory", "a", "0000000000000002"));
	/* The sixtieth sensor has no room in the list, and has a part in it. */
	for (int i = 0; i < 60; i++) {
		char sensor[16];
		snprintf(sensor, sizeof(sensor), "sensor-%02d", i);
		attacks(sensor, "a", "0000000000000001", i);
	}
	assert_false(is_of_others("sensor-59", "a", "0000000000000001"));
	assert_true(is_of_others("sensor-59", "b", "0000000000000001"));
}

/* Of a change at one sensor: the same address is another host at others. */
static void a_change_explains_what_fails_at_its_sensor(void **state)
{
	struct listener_record listener;
	(void)state;
	fires_at("web-1", "a", "response", 0, "firing");
	record_init(RECORD_listener, &listener);
	listener.at = START;
	listener.change = "closed";
	listener.transport = "tcp";
	listener.port = 80;
	assert_true(addr_parse("127.0.0.1", &listener.ip));
	record_text(listener.sensor, sizeof(listener.sensor), "mallory");
	incident_book_listener(book, &listener);
	assert_int_equal(fire(), 1);
	assert_null(firing.of[0].cause_kind);
	record_text(listener.sensor, sizeof(listener.sensor), "web-1");
	incident_book_listener(book, &listener);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].cause_kind, "listener");
}

/* What was said becomes a new book's, as the store of a hub gives it. */
static void restart(void)
{
	struct incident_record last = said[said_count - 1];
	size_t count = line_count;
	incident_book_free(book);
	assert_int_equal(begin(NULL), 0);
	incident_book_restore(book, &last);
	for (size_t i = 0; i < count; i++) {
		record_text(lines[i].sensor, sizeof(lines[i].sensor), "hub");
		incident_book_restore_line(book, &lines[i]);
	}
}

static void after_a_restart_each_is_of_its_sensor_still(void **state)
{
	(void)state;
	fires_at("web-1", "a", "response", 0, "firing");
	restart();
	assert_int_equal(fire(), 1);
	fires_at("mallory", "a", "response", 1, "resolved");
	assert_int_equal(fire(), 1);
	fires_at("web-1", "a", "response", 2, "resolved");
	assert_int_equal(fire(), 0);
}

/* A hub's own may begin with what looks like a sensor's name. */
static void after_a_restart_what_is_of_no_sensor_is_so_still(void **state)
{
	(void)state;
	alert("a", "response", "mallory: 10.0.0.1:80", NULL, 0, 0, "firing");
	restart();
	assert_int_equal(fire(), 1);
	fires_at("mallory", "a", "response", 1, "resolved");
	assert_int_equal(fire(), 1);
	alert("a", "response", "mallory: 10.0.0.1:80", NULL, 0, 2, "resolved");
	assert_int_equal(fire(), 0);
}

static void after_a_restart_what_a_hub_found_goes_on(void **state)
{
	(void)state;
	is_seen("hub", "a", "web-1,db-1", "open", 0);
	restart();
	assert_int_equal(fire(), 1);
	/* The same of the same hub's, and nobody's else. */
	is_seen("hub", "b", "web-2", "open", 1);
	is_seen("web-1", "c", "", "open", 1);
	assert_int_equal(fire(), 2);
	is_seen("web-1", "a", "", "closed", 2);
	is_seen("hub", "b", "web-2", "closed", 2);
	is_seen("web-1", "c", "", "closed", 2);
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].sensors, "web-1,db-1,web-2");
	is_seen("hub", "a", "web-1,db-1", "closed", 3);
	assert_int_equal(fire(), 0);
}

/* It was kept before incidents knew who said the first of them. */
static void what_was_kept_before_goes_on(void **state)
{
	(void)state;
	is_seen("hub", "a", "", "open", 0);
	said[said_count - 1].first_sensor[0] = '\0';
	restart();
	is_seen("hub", "b", "web-2", "open", 1);
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].findings, 2);
	assert_string_equal(firing.of[0].sensors, "hub,web-2");
	is_seen("hub", "b", "web-2", "closed", 2);
	is_seen("hub", "a", "web-1", "closed", 2);
	assert_int_equal(fire(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_hub_found_is_of_those_who_saw_it,
						begin, end),
		cmocka_unit_test_setup_teardown(
			what_a_hub_found_without_a_list_is_a_hubs, begin, end),
		cmocka_unit_test_setup_teardown(a_sensor_speaks_for_itself, begin, end),
		cmocka_unit_test_setup_teardown(
			after_a_restart_what_a_hub_found_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(what_was_kept_before_goes_on, begin,
						end),
		cmocka_unit_test_setup_teardown(an_incident_is_of_those_who_told_of_it,
						begin, end),
		cmocka_unit_test_setup_teardown(what_one_sensor_says_is_of_no_other,
						begin, end),
		cmocka_unit_test_setup_teardown(only_who_found_an_attack_answers_it,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_change_explains_what_fails_at_its_sensor, begin, end),
		cmocka_unit_test_setup_teardown(
			after_a_restart_each_is_of_its_sensor_still, begin, end),
		cmocka_unit_test_setup_teardown(
			after_a_restart_what_is_of_no_sensor_is_so_still, begin, end),
		cmocka_unit_test_setup_teardown(what_has_no_id_belongs_to_nothing,
						begin, end),
		cmocka_unit_test_setup_teardown(words_that_are_left_out_are_no_words,
						begin, end),
		cmocka_unit_test_setup_teardown(
			the_same_address_at_two_sensors_is_two_hosts, begin, end),
		cmocka_unit_test_setup_teardown(
			what_places_say_is_a_part_of_what_they_come_to, begin, end),
		cmocka_unit_test_setup_teardown(
			what_is_over_comes_back_as_that_of_its_sensor, begin, end),
		cmocka_unit_test_setup_teardown(an_attack_lists_its_sensors_each_once,
						begin, end),
		cmocka_unit_test_setup_teardown(
			more_sensors_than_there_is_room_for_are_dots, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
