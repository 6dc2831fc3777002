/*
 * test_explain_sensor.c: a port of a sensor is explained by what that told, and what it
 * did not tell is not guessed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain_scene.h"

static struct sensor_record sensor;
static struct home own;

/* As a hub has it: without the machine's addresses, and without what waits. */
static struct scene *sensor_scene(const char *state)
{
	struct scene *s = good_scene();
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), "web-1");
	sensor.state = state;
	sensor.at = NOW_US;
	own = (struct home){ 0 };
	s->facts.sensor = &sensor;
	s->facts.sensor_count = 1;
	s->listener.backlog = UNKNOWN_U64;
	record_text(s->now.process, sizeof(s->now.process), "shopd");
	for (int i = 0; i < HOURS; i++)
		s->past[i].unused = 0;
	return s;
}

static void a_port_is_judged_by_what_the_sensor_told(void **state)
{
	(void)state;
	struct scene *s = sensor_scene("up");
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_WELL, "usual is 8.0 ms");
}

/* Its clients' connections to the same port of other machines are none of its own. */
static void other_machines_rows_do_not_count(void **state)
{
	(void)state;
	struct scene *s = sensor_scene("up");
	struct port_record rows[2] = { s->now, s->now };
	addr_parse("192.0.2.99", &rows[1].server_ip);
	rows[1].process[0] = '\0';
	rows[1].response_p50_us = rows[1].response_p95_us = 9000000;
	s->facts.now = rows;
	s->facts.now_count = 2;
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_WELL, "95 of 100 answers within 8.0 ms");
}

static void that_nobody_waits_is_not_said_where_it_is_not_known(void **state)
{
	struct explain_answer answer;
	(void)state;
	struct scene *s = sensor_scene("up");
	s->now.response_p95_us = 1500000;
	explain_sensor_sees(&s->facts, &own);
	explain(&s->facts, &answer);
	assert_int_equal(answer.cause, EXPLAIN_SLOW_APPLICATION);
	assert_null(strstr(buf_cstr(&answer.why), "nobody waits"));
	assert_string_equal(buf_cstr(&answer.ask),
			    "Its sockets and queues as they are, and its packets, only "
			    "web-1 itself knows; ask there: breakwater explain 8080");
	explain_free(&answer);
	/* The machine itself knows. */
	s->listener.backlog = 0;
	s->facts.sensor_count = 0;
	explain(&s->facts, &answer);
	assert_non_null(strstr(buf_cstr(&answer.why), "nobody waits"));
	assert_int_equal(answer.ask.len, 0);
	explain_free(&answer);
	free(s);
}

static void what_was_not_told_is_not_known(void **state)
{
	(void)state;
	struct scene *s = sensor_scene("up");
	s->facts.now_count = 0;
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_IDLE,
	       "listens on port 8080. web-1 told of no client in the last two minutes, "
	       "though clients usually come.");
	s = sensor_scene("up");
	s->facts.now_count = s->facts.past_count = s->facts.listener_count = 0;
	record_text(sensor.blind, sizeof(sensor.blind), "packets: not permitted");
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_UNKNOWN,
	       "Nothing is known of port 8080: web-1 told of no client in the last two "
	       "minutes, nor of who listens. It can't see all: packets: not "
	       "permitted.");
}

/* It told that it knows who listens there: nobody. */
static void nobody_listens_where_that_was_told(void **state)
{
	(void)state;
	struct scene *s = sensor_scene("up");
	s->facts.listener_count = 0;
	s->now.process[0] = '\0';
	s->now.unused = 1;
	s->now.rejected = 12;
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_NOT_LISTENING, "12 connections were refused");
	s = sensor_scene("up");
	s->facts.listener_count = s->facts.now_count = 0;
	set_change(s, "closed", NOW_US - 60 * SECOND_US);
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_NOT_LISTENING, "shop.service) closed it");
}

static void of_who_is_not_heard_nothing_is_known(void **state)
{
	(void)state;
	struct scene *s = sensor_scene("late");
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_UNKNOWN,
	       "How port 8080 is, is not known: web-1 is not heard since 2027-01-15 "
	       "08:00:00 UTC.");
	s = sensor_scene("gone");
	explain_sensor_sees(&s->facts, &own);
	expect(s, EXPLAIN_UNKNOWN, "web-1 ended in order at 2027-01-15 08:00:00 UTC.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_judged_by_what_the_sensor_told),
		cmocka_unit_test(other_machines_rows_do_not_count),
		cmocka_unit_test(that_nobody_waits_is_not_said_where_it_is_not_known),
		cmocka_unit_test(what_was_not_told_is_not_known),
		cmocka_unit_test(nobody_listens_where_that_was_told),
		cmocka_unit_test(of_who_is_not_heard_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
