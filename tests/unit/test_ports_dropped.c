/*
 * test_ports_dropped.c: packets that were stopped before any capture saw them are
 * counted for their port, and move no other number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow_check.h"

enum { PORT = 22, WINDOW_S = 10, GOT_MAX = 8 };

static struct port_record got[GOT_MAX];
static size_t got_count;

static void add_record(void *to, const struct port_record *port,
		       const struct port_detail *detail)
{
	(void)to;
	(void)detail;
	assert_true(got_count < GOT_MAX);
	got[got_count++] = *port;
}

static struct port_sample sample_at(int64_t second)
{
	return (struct port_sample){ .start_us = START_US + second * SECOND,
				     .server = host(1),
				     .port = PORT,
				     .proto = IPPROTO_TCP };
}

static void drop(struct ports *ports, int64_t second, uint16_t port, uint64_t packets)
{
	struct port_sample s = sample_at(second);
	s.port = port;
	s.dropped_packets = packets;
	s.dropped_bytes = packets * 40;
	ports_dropped(ports, &s);
}

static void see(struct ports *ports, unsigned worker, int64_t second)
{
	struct port_sample s = sample_at(second);
	s.client_packets = 2;
	s.client_bytes = 100;
	s.active = 3;
	ports_add(ports, worker, &s, NULL);
}

static void tick(struct ports *ports, unsigned workers, int64_t second)
{
	for (unsigned i = 0; i < workers; i++)
		ports_tick(ports, i, START_US + second * SECOND);
}

/* However many workers: one record for a service and second. */
static void dropped_are_counted_with_what_was_seen(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 2; workers++) {
		struct ports *ports =
			ports_new(workers, WINDOW_S, catalog, add_record, NULL);
		got_count = 0;
		drop(ports, 0, PORT, 5);
		drop(ports, 0, PORT, 6);
		for (unsigned i = 0; i < workers; i++)
			see(ports, i, 0);
		tick(ports, workers, 1);
		assert_int_equal(got_count, 1);
		assert_int_equal(got[0].dropped_packets, 11);
		assert_int_equal(got[0].dropped_bytes, 440);
		assert_int_equal(got[0].client_packets, 2 * workers);
		assert_int_equal(got[0].client_bytes, 100 * workers);
		assert_int_equal(got[0].active, 3 * workers);
		ports_free(ports);
	}
}

static void where_nothing_else_was_seen_they_are_a_record(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 2; workers++) {
		struct ports *ports =
			ports_new(workers, WINDOW_S, catalog, add_record, NULL);
		got_count = 0;
		for (unsigned i = 0; i < workers; i++)
			see(ports, i, 0);
		tick(ports, workers, 1);
		drop(ports, 1, PORT, 7);
		tick(ports, workers, 2);
		assert_int_equal(got_count, 2);
		assert_int_equal(got[0].dropped_packets, UNKNOWN_U64);
		assert_int_equal(got[1].dropped_packets, 7);
		assert_int_equal(got[1].client_packets, 0);
		/* Connections are as they were. */
		assert_int_equal(got[1].active, 3 * workers);
		got_count = 0;
		ports_each(ports, add_record, NULL);
		assert_int_equal(got_count, 1);
		assert_int_equal(got[0].dropped_packets, 7);
		ports_free(ports);
	}
}

/* Who is blocked still chooses ports: not as many as there is room for all. */
static void ports_of_the_blocked_leave_room_for_others(void **state)
{
	(void)state;
	enum { A_SECOND = 1000, MOST = 65536 / 4 + A_SECOND };
	struct ports *ports = ports_new(2, 0, catalog, NULL, NULL);
	for (uint32_t port = 1; port <= UINT16_MAX; port++) {
		drop(ports, port / A_SECOND, (uint16_t)port, 1);
		if (port % A_SECOND == 0)
			tick(ports, 2, port / A_SECOND);
	}
	tick(ports, 2, UINT16_MAX / A_SECOND + 1);
	assert_in_range(ports_count(ports), MOST - 2 * A_SECOND, MOST);
	ports_free(ports);
}

static void what_has_no_port_has_no_server_either(void **state)
{
	(void)state;
	struct ports *ports = ports_new(2, WINDOW_S, catalog, add_record, NULL);
	struct port_sample s = sample_at(0);
	got_count = 0;
	s.proto = 0;
	s.dropped_packets = 4;
	ports_dropped(ports, &s);
	tick(ports, 2, 1);
	assert_int_equal(got_count, 1);
	assert_null(got[0].transport);
	assert_int_equal(got[0].dropped_packets, 4);
	ports_free(ports);
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, flows_begin_test, flows_end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dropped_are_counted_with_what_was_seen),
		TEST(where_nothing_else_was_seen_they_are_a_record),
		TEST(ports_of_the_blocked_leave_room_for_others),
		TEST(what_has_no_port_has_no_server_either),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
