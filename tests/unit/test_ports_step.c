/*
 * test_ports_step.c: what each service did in a step that is over, as a fleet is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_check.h"

enum { SERVICES = 7, PORTS_MAX = 64 };

static struct port_record got[PORTS_MAX];
static size_t got_count;

static void add_record(void *to, const struct port_record *port,
		       const struct port_detail *detail)
{
	(void)to;
	(void)detail;
	assert_true(got_count < PORTS_MAX);
	got[got_count++] = *port;
}

static struct port_sample sample_of(unsigned service, int64_t second)
{
	return (struct port_sample){ .start_us = START_US + second * SECOND,
				     .server = host(1),
				     .port = (uint16_t)(20 + service),
				     .proto = IPPROTO_TCP };
}

static void second_of(struct ports *ports, int64_t second)
{
	struct port_sample s = sample_of(0, second);
	s.client_packets = 1;
	s.active = 3;
	ports_add(ports, 0, &s, NULL);
	ports_tick(ports, 0, START_US + (second + 1) * SECOND);
}

/* Whole, and some services at a time. */
static void a_step_that_is_over_is_told_once(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 60, catalog, NULL, NULL);
	struct ports_step at = PORTS_STEP_NONE;
	for (unsigned service = 1; service < SERVICES; service++) {
		struct port_sample s = sample_of(service, 0);
		s.client_packets = service;
		ports_add(ports, 0, &s, NULL);
	}
	for (int64_t t = 0; t < 59; t++)
		second_of(ports, t);
	assert_false(ports_each_whole(ports, &at, 100, add_record, NULL));
	assert_int_equal(got_count, 0);
	second_of(ports, 59);
	while (ports_each_whole(ports, &at, 2, add_record, NULL))
		assert_true(got_count <= 6);
	assert_int_equal(got_count, SERVICES);
	for (size_t i = 0; i < got_count; i++) {
		assert_int_equal(got[i].start, START_US);
		assert_int_equal(got[i].interval_s, 60);
		assert_int_equal(got[i].client_packets,
				 got[i].port == 20 ? 60 : got[i].port - 20);
	}
	/* Not again, and one that is new belongs to the next. */
	struct port_sample fresh = sample_of(SERVICES, 61);
	fresh.active = 1;
	ports_add(ports, 0, &fresh, NULL);
	ports_tick(ports, 0, START_US + 62 * SECOND);
	assert_false(ports_each_whole(ports, &at, 100, add_record, NULL));
	assert_int_equal(got_count, SERVICES);
	/* Only connections that stay open are left of the first. */
	got_count = 0;
	ports_tick(ports, 0, START_US + 120 * SECOND);
	assert_false(ports_each_whole(ports, &at, 100, add_record, NULL));
	ports_tick(ports, 0, START_US + 180 * SECOND);
	assert_false(ports_each_whole(ports, &at, 100, add_record, NULL));
	assert_int_equal(got_count, 4);
	for (size_t i = 2; i < got_count; i++) {
		assert_int_equal(got[i].start, START_US + 120 * SECOND);
		assert_int_equal(got[i].active, got[i].port == 20 ? 3 : 1);
		assert_int_equal(got[i].flows, 0);
	}
	ports_free(ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_step_that_is_over_is_told_once,
						flows_begin_test, flows_end_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
