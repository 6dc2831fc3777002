/*
 * test_trail.c: packets are found again as evidence, whatever else comes meanwhile.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/body.h"
#include "flow/trail.h"

#define SECOND 1000000LL
#define T0     (1700000000 * SECOND)

enum { PLACES = 4096, IP_TCP = 40, SECRET = 24, FOUND_MAX = 64 };

static struct trail trail;
static uint8_t bytes[IP_TCP + SECRET];
static struct packet_record found[FOUND_MAX];
static size_t count;

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static int open_trail(void **state)
{
	(void)state;
	memset(bytes, 0x45, IP_TCP);
	memset(bytes + IP_TCP, 's', SECRET);
	return trail_init(&trail, PLACES) ? 0 : -1;
}

static int close_trail(void **state)
{
	(void)state;
	trail_fini(&trail);
	return 0;
}

static struct packet syn(const char *src, const char *dst, uint16_t dport,
			 int64_t at_us)
{
	return (struct packet){ .at_us = T0 + at_us,
				.src = addr(src),
				.dst = addr(dst),
				.sport = 40000,
				.dport = dport,
				.proto = IPPROTO_TCP,
				.tcp_flags = TCP_SYN,
				.ip_len = IP_TCP,
				.ip = bytes,
				.ip_captured = IP_TCP };
}

static void note_syn(const char *src, const char *dst, uint16_t dport, int64_t at_us)
{
	struct packet p = syn(src, dst, dport, at_us);
	trail_note(&trail, &p, CLIENT);
}

static void take(void *to, const struct packet_record *packet)
{
	(void)to;
	assert_true(count < FOUND_MAX);
	found[count++] = *packet;
}

static struct packets_wanted of_source(const char *src, uint32_t max)
{
	struct packets_wanted w = { .id = "0123", .has_source = true, .max = max };
	w.source = (struct prefix){ .addr = addr(src), .len = 128 };
	w.target = addr_unset();
	w.since_us = INT64_MIN;
	return w;
}

static size_t find(const struct packets_wanted *w)
{
	count = 0;
	size_t given = trail_find(&trail, w, take, NULL);
	assert_int_equal(given, count);
	return count;
}

static void a_source_is_found_with_its_answers_in_order(void **state)
{
	(void)state;
	note_syn("198.51.100.7", "192.0.2.1", 22, 0);
	note_syn("198.51.100.8", "192.0.2.1", 22, 1);
	struct packet rst = syn("192.0.2.1", "198.51.100.7", 40000, 2);
	rst.sport = 22;
	trail_note(&trail, &rst, SERVER);
	struct packets_wanted w = of_source("198.51.100.7", 64);
	assert_int_equal(find(&w), 2);
	assert_int_equal(found[0].at, T0);
	assert_int_equal(found[1].at, T0 + 2);
	assert_string_equal(found[0].of, "finding");
	assert_string_equal(found[0].id, "0123");
	assert_int_equal(found[0].link, PACKETS_LINK_RAW);
	assert_int_equal(found[0].wire_bytes, IP_TCP);
	assert_int_equal(found[0].data.len, IP_TCP);
	assert_memory_equal(found[0].data.at, bytes, IP_TCP);
	w.since_us = T0 + 1;
	assert_int_equal(find(&w), 1);
}

static void target_port_and_transport_narrow_it(void **state)
{
	(void)state;
	note_syn("198.51.100.7", "192.0.2.1", 22, 0);
	note_syn("198.51.100.7", "192.0.2.2", 22, 1);
	note_syn("198.51.100.7", "192.0.2.1", 23, 2);
	struct packet udp = syn("198.51.100.7", "192.0.2.1", 22, 3);
	udp.proto = IPPROTO_UDP;
	trail_note(&trail, &udp, CLIENT);
	struct packets_wanted w = of_source("198.51.100.7", 64);
	w.target = addr("192.0.2.1");
	assert_int_equal(find(&w), 3);
	w.has_port = true;
	w.port = 22;
	assert_int_equal(find(&w), 2);
	w.proto = IPPROTO_TCP;
	assert_int_equal(find(&w), 1);
	w.has_source = false;
	assert_int_equal(find(&w), 1);
}

static void the_newest_so_many_are_given(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		note_syn("198.51.100.7", "192.0.2.1", (uint16_t)(i + 1), i);
	struct packets_wanted w = of_source("198.51.100.7", 10);
	assert_int_equal(find(&w), 10);
	assert_int_equal(found[0].at, T0 + 40);
	assert_int_equal(found[9].at, T0 + 49);
}

static void what_is_said_is_left_out_but_for_what_an_error_quotes(void **state)
{
	(void)state;
	struct packet said = syn("198.51.100.7", "192.0.2.1", 21, 0);
	said.payload = bytes_of(bytes + IP_TCP, SECRET);
	said.ip_captured = said.ip_len = IP_TCP + SECRET;
	trail_note(&trail, &said, CLIENT);
	said.proto = IPPROTO_UDP;
	trail_note(&trail, &said, CLIENT);
	said.proto = IPPROTO_ICMP;
	said.flags = PACKET_QUOTES;
	trail_note(&trail, &said, CLIENT);
	said.flags = PACKET_LATER_FRAGMENT;
	said.payload = bytes_of(NULL, 0);
	trail_note(&trail, &said, CLIENT);
	struct packets_wanted w = of_source("198.51.100.7", 64);
	assert_int_equal(find(&w), 4);
	assert_int_equal(found[0].data.len, IP_TCP);
	assert_int_equal(found[0].wire_bytes, IP_TCP + SECRET);
	assert_int_equal(found[1].data.len, IP_TCP);
	assert_int_equal(found[2].data.len, IP_TCP + SECRET);
	assert_int_equal(found[3].data.len, 20);
}

static void a_flood_of_one_port_hides_no_scan(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		char src[32];
		snprintf(src, sizeof(src), "203.%d.%d.%d", i >> 16, i >> 8 & 255,
			 i & 255);
		note_syn(src, "192.0.2.1", 80, i * 10);
		if (i % 5000 == 0)
			note_syn("198.51.100.7", "192.0.2.1",
				 (uint16_t)(1000 + i / 5000), i * 10);
	}
	struct packets_wanted w = of_source("198.51.100.7", 64);
	assert_int_equal(find(&w), 20);
	assert_true(trail.kept < 3000);
	w = of_source("203.0.0.1", 64);
	assert_int_equal(find(&w), 1); /* and of it some are there */
}

static void a_flood_of_all_ports_takes_no_more_than_its_seconds(void **state)
{
	(void)state;
	note_syn("198.51.100.7", "192.0.2.1", 22, -SECOND);
	for (int i = 0; i < 2000000; i++) {
		struct packet p = syn("203.0.113.1", "192.0.2.1", (uint16_t)i, i);
		trail_note(&trail, &p, CLIENT);
	}
	assert_true(trail.kept <= 2 * PLACES / 4 + 1);
	struct packets_wanted w = of_source("198.51.100.7", 64);
	assert_int_equal(find(&w), 1);
	/* Something of the second half of each second is there, too. */
	w = of_source("203.0.113.1", 64);
	assert_int_equal(find(&w), 64);
	assert_true(found[63].at > T0 + SECOND + SECOND / 2);
}

static void without_room_or_bytes_nothing_is_kept(void **state)
{
	(void)state;
	struct packet p = syn("198.51.100.7", "192.0.2.1", 22, 0);
	p.ip = NULL;
	trail_note(&trail, &p, CLIENT);
	assert_int_equal(trail.kept, 0);
	trail_fini(&trail);
	assert_true(trail_init(&trail, 0));
	note_syn("198.51.100.7", "192.0.2.1", 22, 0);
	struct packets_wanted w = of_source("198.51.100.7", 64);
	assert_int_equal(find(&w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_source_is_found_with_its_answers_in_order, open_trail,
			close_trail),
		cmocka_unit_test_setup_teardown(target_port_and_transport_narrow_it,
						open_trail, close_trail),
		cmocka_unit_test_setup_teardown(the_newest_so_many_are_given,
						open_trail, close_trail),
		cmocka_unit_test_setup_teardown(
			what_is_said_is_left_out_but_for_what_an_error_quotes,
			open_trail, close_trail),
		cmocka_unit_test_setup_teardown(a_flood_of_one_port_hides_no_scan,
						open_trail, close_trail),
		cmocka_unit_test_setup_teardown(
			a_flood_of_all_ports_takes_no_more_than_its_seconds, open_trail,
			close_trail),
		cmocka_unit_test_setup_teardown(without_room_or_bytes_nothing_is_kept,
						open_trail, close_trail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
