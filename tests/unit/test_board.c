/*
 * test_board.c: what is known now of a fleet (fleet/board.h): who is late, what is
 * open, what ports did; in bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fleet/board.h"

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1790000000) * SECOND) /* of the servers' clock */

static int open_board(void **state)
{
	*state = board_new();
	return *state != NULL ? 0 : -1;
}

static int close_board(void **state)
{
	board_free(*state);
	return 0;
}

/* At second s of the servers' clock, and of the hub's own. */
static struct board_came at(int64_t s)
{
	return (struct board_came){ .stored_us = START + s * SECOND,
				    .made_us = START + s * SECOND,
				    .now_us = s * SECOND };
}

static void beat_as(struct board *board, const char *name, const char *word, int64_t s,
		    int64_t ahead_us)
{
	struct sensor_record sensor;
	struct board_came came = at(s);
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), name);
	sensor.at = START + s * SECOND + ahead_us;
	sensor.state = word;
	came.made_us = sensor.at;
	board_take(board, RECORD_sensor, &sensor, &came);
}

static void beat(struct board *board, const char *name, int64_t s)
{
	beat_as(board, name, "up", s, 0);
}

static void begun(struct board *board, int64_t began_s, int64_t s)
{
	struct sensor_record sensor;
	const struct board_came came = at(s);
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), "web-1");
	sensor.at = START + s * SECOND;
	sensor.since = START + began_s * SECOND;
	sensor.state = "up";
	board_take(board, RECORD_sensor, &sensor, &came);
}

static void two_machines_of_one_key_are_seen_by_their_turns(void **state)
{
	struct board *board = *state;
	assert_int_equal(board_turns(board, "web-1"), 0);
	begun(board, 1, 10);
	begun(board, 1, 20);
	begun(board, 30, 30); /* begun anew */
	begun(board, 40, 40); /* and once more */
	assert_int_equal(board_turns(board, "web-1"), 0);
	begun(board, 30, 50);
	begun(board, 40, 51);
	begun(board, 40, 61);
	assert_int_equal(board_turns(board, "web-1"), 2);
	assert_int_equal(board_turns(board, "web-1"), 0);
}

/* "web-1 late, web-2 up" */
static void tell_sensor(void *to, const void *record)
{
	const struct sensor_record *sensor = record;
	char *text = to;
	snprintf(text + strlen(text), 256 - strlen(text), "%s%s %s",
		 text[0] != '\0' ? ", " : "", sensor->sensor, sensor->state);
}

static const char *tick(struct board *board, int64_t s)
{
	static char text[256];
	text[0] = '\0';
	board_tick(board, s * SECOND, tell_sensor, text);
	return text;
}

static void who_is_not_heard_for_thirty_seconds_is_late_once(void **state)
{
	struct board *board = *state;
	beat(board, "web-1", 0);
	beat(board, "web-2", 0);
	assert_string_equal(tick(board, 1), "web-1 up, web-2 up");
	for (int64_t s = 10; s <= 30; s += 10)
		beat(board, "web-2", s);
	assert_string_equal(tick(board, 30), "");
	assert_string_equal(tick(board, 31), "web-1 late");
	assert_string_equal(tick(board, 32), "");
	beat(board, "web-1", 33);
	assert_string_equal(tick(board, 33), "web-1 up");
}

/* Whoever has a key has its word: it is at no other site, and of no other group. */
static void as_what_it_was_joined_no_sensor_says_itself(void **state)
{
	struct board *board = *state;
	struct sensor_record said, known;
	const struct board_came now = at(0), later = at(10);
	const struct board_member joined = { "web-1", "berlin", "web", 7 },
				  older = { "web-1", "oslo", "", 6 },
				  anew = { "web-1", "rome", "", 8 };
	record_init(RECORD_sensor, &said);
	record_text(said.sensor, sizeof(said.sensor), "web-1");
	record_text(said.site, sizeof(said.site), "paris");
	record_text(said.tags, sizeof(said.tags), "db");
	said.state = "up";
	said.at = START;
	board_take(board, RECORD_sensor, &said, &now);
	assert_true(board_sensor(board, "web-1", &known));
	assert_string_equal(known.site, "paris"); /* nobody has told otherwise */
	board_member(board, &joined);
	assert_true(board_sensor(board, "web-1", &known));
	assert_string_equal(known.site, "berlin");
	assert_string_equal(known.tags, "web");
	said.at += 10 * SECOND;
	board_take(board, RECORD_sensor, &said, &later);
	board_member(board, &older);
	assert_true(board_sensor(board, "web-1", &known));
	assert_int_equal(known.at, said.at);
	assert_string_equal(known.site, "berlin");
	assert_string_equal(known.tags, "web");
	board_member(board, &anew);
	assert_true(board_sensor(board, "web-1", &known));
	assert_string_equal(known.site, "rome");
	assert_string_equal(known.tags, "");
}

static void who_ended_in_order_is_not_late(void **state)
{
	struct board *board = *state;
	struct board_counts counts;
	beat(board, "web-1", 0);
	beat_as(board, "web-1", "gone", 5, 0);
	assert_string_equal(tick(board, 6), "web-1 gone");
	assert_string_equal(tick(board, 100), "");
	board_count(board, &counts);
	assert_int_equal(counts.up, 0);
	assert_int_equal(counts.gone, 1);
}

/* Five minutes off, either way: known as that, and not late. */
static void recall(struct board *board, const char *name, const char *word, int64_t s)
{
	struct sensor_record sensor;
	const struct board_came came = { UNKNOWN_TIME, UNKNOWN_TIME, s * SECOND,
					 false };
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), name);
	sensor.at = START + s * SECOND;
	sensor.state = word;
	board_take(board, RECORD_sensor, &sensor, &came);
}

/* As while the streams had a hole. */
static void what_the_depot_says_later_makes_nobody_late(void **state)
{
	struct board *board = *state;
	beat(board, "web-1", 0);
	beat(board, "web-2", 0);
	assert_string_equal(tick(board, 1), "web-1 up, web-2 up");
	recall(board, "web-1", "up", 10);
	assert_string_equal(tick(board, 11), "");
	recall(board, "web-2", "gone", 10);
	assert_string_equal(tick(board, 12), "web-2 gone");
	recall(board, "web-3", "up", 10); /* heard of by nobody else */
	assert_string_equal(tick(board, 13), "web-3 late");
	assert_string_equal(tick(board, 31), "web-1 late");
}

static void a_clock_that_is_wrong_is_told_and_makes_nobody_late(void **state)
{
	struct board *board = *state;
	struct sensor_record sensor;
	for (int64_t s = 0; s <= 40; s += 10) {
		beat_as(board, "ahead", "up", s, 300 * SECOND);
		beat_as(board, "behind", "up", s, -300 * SECOND);
	}
	tick(board, 41);
	assert_true(board_sensor(board, "ahead", &sensor));
	assert_string_equal(sensor.state, "up");
	assert_float_equal(sensor.clock_offset_ms, 300000, 1);
	assert_true(board_sensor(board, "behind", &sensor));
	assert_string_equal(sensor.state, "up");
	assert_float_equal(sensor.clock_offset_ms, -300000, 1);
}

/* One that waited on its way looks like a clock that is slow. */
static void what_waited_on_its_way_is_no_clock_that_is_off(void **state)
{
	struct board *board = *state;
	struct sensor_record sensor;
	beat_as(board, "web-1", "up", 0, -40000);
	beat_as(board, "web-1", "up", 10, -2 * SECOND);
	beat_as(board, "web-1", "up", 20, -90000);
	assert_true(board_sensor(board, "web-1", &sensor));
	assert_float_equal(sensor.clock_offset_ms, -40, 1);
}

static void
the_servers_going_silent_makes_all_late_and_the_hubs_clock_none(void **state)
{
	struct board *board = *state;
	beat(board, "web-1", 0);
	tick(board, 0);
	/* The server's clock is set back: what comes is still news. */
	struct sensor_record sensor;
	struct board_came came = { .stored_us = START + 20 * SECOND,
				   .made_us = UNKNOWN_TIME,
				   .now_us = 10 * SECOND };
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), "web-1");
	sensor.at = START;
	sensor.state = "up";
	board_take(board, RECORD_sensor, &sensor, &came);
	assert_string_equal(tick(board, 39), "");
	assert_string_equal(tick(board, 41), "web-1 late");
}

/* ---- what is open ---- */

static void put_finding(struct board *board, const char *sensor, const char *id,
			const char *word, int64_t s)
{
	struct finding_record finding;
	struct board_came came = at(s);
	record_init(RECORD_finding, &finding);
	record_text(finding.sensor, sizeof(finding.sensor), sensor);
	record_text(finding.id, sizeof(finding.id), id);
	record_text(finding.incident, sizeof(finding.incident), "own");
	finding.at = START + s * SECOND;
	finding.state = word;
	board_take(board, RECORD_finding, &finding, &came);
}

static void tell_finding(void *to, const void *record)
{
	const struct finding_record *finding = record;
	char *text = to;
	snprintf(text + strlen(text), 256 - strlen(text), "%s%s/%s %s",
		 text[0] != '\0' ? ", " : "", finding->sensor, finding->id,
		 finding->state);
}

static const char *findings(struct board *board)
{
	static char text[256];
	text[0] = '\0';
	board_each(board, RECORD_finding, tell_finding, text);
	return text;
}

static void what_is_closed_comes_after_what_is_open(void **state)
{
	struct board *board = *state;
	put_finding(board, "web-1", "a", "open", 1);
	put_finding(board, "web-2", "a", "open", 2);
	put_finding(board, "web-1", "b", "open", 3);
	put_finding(board, "web-1", "b", "closed", 4);
	assert_string_equal(findings(board),
			    "web-2/a open, web-1/a open, web-1/b closed");
	put_finding(board, "web-1", "b", "open", 5);
	assert_string_equal(findings(board),
			    "web-1/b open, web-2/a open, web-1/a open");
}

/* After a restart the depot and the stream tell the same twice, in any order. */
static void what_is_older_changes_nothing(void **state)
{
	struct board *board = *state;
	put_finding(board, "web-1", "a", "closed", 4);
	put_finding(board, "web-1", "a", "open", 1);
	assert_string_equal(findings(board), "web-1/a closed");
}

/* What the streams tell now is so, whatever the sensor's clock says: it was set back.
 */
static void a_clock_that_was_set_back_leaves_nothing_open(void **state)
{
	struct board *board = *state;
	struct finding_record finding;
	struct board_came came = at(6);
	put_finding(board, "web-1", "a", "open", 300);
	record_init(RECORD_finding, &finding);
	record_text(finding.sensor, sizeof(finding.sensor), "web-1");
	record_text(finding.id, sizeof(finding.id), "a");
	finding.at = START + 5 * SECOND;
	finding.state = "closed";
	came.is_live = true;
	board_take(board, RECORD_finding, &finding, &came);
	assert_string_equal(findings(board), "web-1/a closed");
}

static void take_incident(void *to, const void *record)
{
	record_text(to, sizeof(field_text32),
		    ((const struct finding_record *)record)->incident);
}

static void a_finding_is_of_the_incident_that_the_hub_says(void **state)
{
	struct board *board = *state;
	struct timeline_record line;
	struct board_came came = at(2);
	field_text32 incident;
	record_init(RECORD_timeline, &line);
	line.kind = "finding";
	record_text(line.about, sizeof(line.about), "a");
	record_text(line.incident, sizeof(line.incident), "fleet");
	record_text(line.summary, sizeof(line.summary), "web-1: it scans");
	put_finding(board, "web-1", "a", "open", 1);
	record_text(line.sensor, sizeof(line.sensor), "web-1");
	board_take(board, RECORD_timeline, &line,
		   &came); /* who is no hub says nothing */
	board_each(board, RECORD_finding, take_incident, incident);
	assert_string_equal(incident, "own");
	record_text(line.sensor, sizeof(line.sensor), "hub");
	board_take(board, RECORD_timeline, &line, &came);
	board_each(board, RECORD_finding, take_incident, incident);
	assert_string_equal(incident, "fleet");
	/* Another sensor's with the same id is another one. */
	put_finding(board, "mallory", "a", "open", 3);
	record_text(line.incident, sizeof(line.incident), "other");
	record_text(line.summary, sizeof(line.summary), "mallory: it scans");
	board_take(board, RECORD_timeline, &line, &came);
	board_each(board, RECORD_finding, take_incident, incident);
	assert_string_equal(incident, "fleet"); /* web-1's is the older one */
}

/* ---- in bounds ---- */

static void count_of(void *to, const void *record)
{
	size_t *counts = to; /* of web-1, and of others */
	const struct finding_record *finding = record;
	counts[strcmp(finding->sensor, "web-1") == 0 ? 0 : 1]++;
}

/* There is room for 32768 that are open. */
static void who_tells_much_drives_out_his_own(void **state)
{
	struct board *board = *state;
	size_t counts[2] = { 0 };
	char id[32];
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		put_finding(board, "web-1", id, "open", 1);
	}
	for (int i = 0; i < 50000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		put_finding(board, "mallory", id, "open", 2);
	}
	board_each(board, RECORD_finding, count_of, counts);
	assert_int_equal(counts[0], 100);
	assert_int_equal(counts[1], 32768 - 100);
	for (int i = 100; i < 5000; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		put_finding(board, "web-1", id, "open", 3);
	}
	/* One's own share, an eighth, comes from who has more than that. */
	counts[0] = counts[1] = 0;
	board_each(board, RECORD_finding, count_of, counts);
	assert_int_equal(counts[0], 32768 / 8);
	assert_int_equal(counts[1], 32768 - 32768 / 8);
	for (int i = 0; i < 50000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		put_finding(board, "mallory", id, "closed", 4);
	}
	counts[0] = counts[1] = 0;
	board_each(board, RECORD_finding, count_of, counts);
	assert_int_equal(counts[0], 32768 / 8);
	assert_int_equal(counts[1], 2048);
}

static void who_listens_no_more_is_gone(void **state)
{
	struct board *board = *state;
	struct listener_record listener;
	struct board_came came = at(1);
	struct board_counts counts;
	record_init(RECORD_listener, &listener);
	record_text(listener.sensor, sizeof(listener.sensor), "web-1");
	listener.transport = "tcp";
	listener.port = 80;
	listener.change = "opened";
	listener.at = START;
	board_take(board, RECORD_listener, &listener, &came);
	board_count(board, &counts);
	assert_int_equal(counts.open[RECORD_listener], 1);
	listener.change = "closed";
	listener.at = START + 1;
	board_take(board, RECORD_listener, &listener, &came);
	board_count(board, &counts);
	assert_int_equal(counts.open[RECORD_listener], 0);
}

/* ---- ports ---- */

static void put_port(struct board *board, const char *sensor, int64_t s, uint64_t flows,
		     uint64_t p95_us)
{
	struct port_record port;
	struct board_came came = at(s);
	record_init(RECORD_port, &port);
	record_text(port.sensor, sizeof(port.sensor), sensor);
	port.start = START + s * SECOND;
	port.interval_s = 1;
	port.port = 443;
	port.transport = "tcp";
	port.flows = flows;
	port.active = flows;
	port.response_p95_us = p95_us;
	board_take(board, RECORD_port, &port, &came);
}

struct ports {
	struct port_record last;
	size_t count;
};

static void take_port(void *to, const void *record)
{
	struct ports *ports = to;
	ports->last = *(const struct port_record *)record;
	ports->count++;
}

static void seconds_of_a_service_add_up_by_sensor(void **state)
{
	struct board *board = *state;
	struct ports ports = { .count = 0 };
	int64_t minute = 60 - START / SECOND % 60;
	for (int64_t s = minute; s < minute + 90; s++)
		put_port(board, "web-1", s, 2, (uint64_t)(1000 + s % 7));
	board_each(board, RECORD_port, take_port, &ports);
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.last.flows, 180);
	assert_int_equal(ports.last.active, 2);
	assert_int_equal(ports.last.interval_s, 90);
	assert_int_equal(ports.last.response_p95_us, 1006);
	assert_int_equal(ports.last.start, START + minute * SECOND);
	put_port(board, "web-2", minute + 90, 1, 5);
	ports.count = 0;
	board_each(board, RECORD_port, take_port, &ports);
	assert_int_equal(ports.count, 2);
}

static void a_service_that_nothing_was_heard_of_is_not_now(void **state)
{
	struct board *board = *state;
	struct ports ports = { .count = 0 };
	put_port(board, "web-1", 0, 1, 1);
	tick(board, 100);
	board_each(board, RECORD_port, take_port, &ports);
	assert_int_equal(ports.count, 1);
	tick(board, 200);
	board_each(board, RECORD_port, take_port, &ports);
	assert_int_equal(ports.count, 1);
}

/* ---- many ---- */

/* What a second costs does not grow with the fleet. */
static void a_hundred_thousand_heartbeats_are_no_more_than_their_number(void **state)
{
	enum { MANY = 100000 };
	struct board *board = *state;
	char name[32];
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "sensor-%d", i);
		beat(board, name, 0);
	}
	static char nothing[256];
	board_tick(board, SECOND, tell_sensor, nothing);
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	for (int s = 10; s < 20; s++) {
		for (int i = 0; i < MANY / 10; i++) {
			snprintf(name, sizeof(name), "sensor-%d",
				 s % 10 * (MANY / 10) + i);
			beat(board, name, s);
		}
		assert_string_equal(tick(board, s), "");
	}
	double each_us = (double)(clock_us(CLOCK_MONOTONIC) - begin_us) / MANY;
	print_message("a heartbeat costs %.2f us\n", each_us);
	struct board_counts counts;
	board_count(board, &counts);
	assert_int_equal(counts.up, MANY);
	assert_int_equal(counts.evicted, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_board, close_board)

static struct sensor_record sensor_of(struct board *board, const char *name)
{
	struct sensor_record sensor;
	assert_true(board_sensor(board, name, &sensor));
	return sensor;
}

static void what_hubs_have_of_its_chain_is_not_its_own_to_say(void **state)
{
	struct board *board = *state;
	struct sensor_record lie;
	const struct board_chain chain = { "web-1", "forked", "record 7", START, 6 };
	const struct board_came came = at(2);
	assert_false(board_chain(board, &chain));
	beat(board, "web-1", 1);
	assert_null(sensor_of(board, "web-1").audit_chain);
	assert_true(board_chain(board, &chain));
	record_init(RECORD_sensor, &lie);
	record_text(lie.sensor, sizeof(lie.sensor), "web-1");
	lie.at = START + 2 * SECOND;
	lie.state = "up";
	lie.audit_chain = "holds";
	lie.audit_seq = 99;
	board_take(board, RECORD_sensor, &lie, &came);
	struct sensor_record sensor = sensor_of(board, "web-1");
	assert_string_equal(sensor.audit_chain, "forked");
	assert_string_equal(sensor.audit_fault, "record 7");
	assert_true(sensor.audit_signed == START && sensor.audit_seq == 6);
	record_text(lie.sensor, sizeof(lie.sensor), "web-2");
	board_take(board, RECORD_sensor, &lie, &came);
	assert_null(sensor_of(board, "web-2").audit_chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_not_heard_for_thirty_seconds_is_late_once),
		TEST(two_machines_of_one_key_are_seen_by_their_turns),
		TEST(as_what_it_was_joined_no_sensor_says_itself),
		TEST(who_ended_in_order_is_not_late),
		TEST(what_hubs_have_of_its_chain_is_not_its_own_to_say),
		TEST(what_the_depot_says_later_makes_nobody_late),
		TEST(a_clock_that_is_wrong_is_told_and_makes_nobody_late),
		TEST(what_waited_on_its_way_is_no_clock_that_is_off),
		TEST(the_servers_going_silent_makes_all_late_and_the_hubs_clock_none),
		TEST(what_is_closed_comes_after_what_is_open),
		TEST(what_is_older_changes_nothing),
		TEST(a_clock_that_was_set_back_leaves_nothing_open),
		TEST(a_finding_is_of_the_incident_that_the_hub_says),
		TEST(who_tells_much_drives_out_his_own),
		TEST(who_listens_no_more_is_gone),
		TEST(seconds_of_a_service_add_up_by_sensor),
		TEST(a_service_that_nothing_was_heard_of_is_not_now),
		TEST(a_hundred_thousand_heartbeats_are_no_more_than_their_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
