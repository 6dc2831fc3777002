/*
 * test_sieve.c: the sieve lets through what is new, and strangers can neither fill it
 * nor hide in it; tools are known by their packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contact_check.h"
#include "flow/sieve.h"
#include "flow/tool.h"

static struct sieve sieve;

static int open_sieve(void **state)
{
	(void)state;
	const struct hash_key key = { 1, 2 };
	sieve = (struct sieve){ 0 };
	return sieve_init(&sieve, &key) ? 0 : -1;
}

static int close_sieve(void **state)
{
	(void)state;
	sieve_fini(&sieve);
	return 0;
}

static bool asks(const struct addr *source, unsigned target, uint16_t port,
		 uint8_t outcome, int64_t at_us)
{
	struct addr to = host(target);
	const struct sieve_contact contact = {
		.source_hash = sieve_source_hash(&sieve, source),
		.source = source,
		.target = &to,
		.port = port,
		.proto = IPPROTO_TCP,
		.outcome = outcome,
		.at_us = at_us,
	};
	return sieve_take(&sieve, &contact);
}

static void what_is_not_new_is_left_out_for_a_minute(void **state)
{
	(void)state;
	struct addr a = host(1), b = host(3);
	assert_true(asks(&a, 2, 80, 0, START_US));
	assert_false(asks(&a, 2, 80, 0, START_US + 58 * SECOND));
	assert_true(asks(&a, 2, 80, 1, START_US)); /* another outcome, port, host */
	assert_true(asks(&a, 2, 81, 0, START_US));
	assert_true(asks(&a, 4, 80, 0, START_US));
	assert_true(asks(&b, 2, 80, 0, START_US));
	assert_true(asks(&a, 2, 80, 0, START_US + 64 * SECOND));
	assert_int_equal(sieve.left_out, 0);
}

static struct addr forged(uint32_t n)
{
	uint32_t four = n * 2654435761u;
	return addr_v4(&four);
}

/* A million sources with one packet each, within a second; one looks around. */
static void forged_sources_do_not_hide_a_scanner(void **state)
{
	(void)state;
	enum { FORGED = 1000000, PORTS = 200 };
	struct addr scanner = host(1);
	unsigned told_forged = 0, told_scanner = 0;
	uint64_t before = sieve_memory(&sieve);
	for (uint32_t i = 0; i < FORGED; i++) {
		int64_t at_us = START_US + i;
		struct addr source = forged(i);
		told_forged += asks(&source, 2, 80, 0, at_us);
		if (i % (FORGED / PORTS) == 0)
			told_scanner +=
				asks(&scanner, 2, (uint16_t)(1 + i / (FORGED / PORTS)),
				     0, at_us);
	}
	assert_in_range(told_forged, SIEVE_SINGLE / 2, SIEVE_SINGLE);
	assert_in_range(told_scanner, PORTS * 9 / 10, PORTS);
	assert_true(sieve.left_out > FORGED - 2 * SIEVE_SINGLE);
	assert_int_equal(sieve_memory(&sieve), before);
	/* The next second has rations of its own. */
	struct addr source = forged(FORGED);
	assert_true(asks(&source, 2, 80, 0, START_US + 2 * SECOND));
}

/* A quarter of a million forged sources a second, with two ports each. */
static void forged_sources_with_two_ports_do_not_hide_a_scanner(void **state)
{
	(void)state;
	enum { FORGED = 500000, SECONDS = 30, GAP = FORGED * 15 / 100 };
	struct addr scanner = host(1);
	unsigned told_scanner = 0;
	uint64_t before = sieve_memory(&sieve);
	for (uint32_t i = 0; i < FORGED * SECONDS; i++) {
		int64_t at_us = START_US + (int64_t)i * SECOND / FORGED;
		struct addr source = forged(i / 2);
		asks(&source, 2, (uint16_t)(i % 2), 0, at_us);
		if (i % GAP == GAP / 2)
			told_scanner +=
				asks(&scanner, 2, (uint16_t)(i / GAP), 0, at_us);
	}
	assert_in_range(told_scanner, SECONDS * 4, SECONDS * 7);
	assert_int_equal(sieve_memory(&sieve), before);
}

/* Five hundred that go on and on, each with a thousand ports a second. */
static void forged_scans_that_last_do_not_hide_another(void **state)
{
	(void)state;
	enum { SCANS = 500, EACH = 1000, SECONDS = 10, ALL = SCANS * EACH };
	struct addr scanner = host(1);
	unsigned told_scanner = 0;
	for (uint32_t i = 0; i < ALL * SECONDS; i++) {
		int64_t at_us = START_US + (int64_t)i * SECOND / ALL;
		struct addr source = forged(i % SCANS);
		asks(&source, 2, (uint16_t)(i / SCANS), 0, at_us);
		if (i % (ALL / 3) == ALL / 6)
			told_scanner +=
				asks(&scanner, 2, (uint16_t)(i / (ALL / 3)), 0, at_us);
	}
	assert_in_range(told_scanner, SECONDS * 3 - 5, SECONDS * 3);
}

static void nobody_takes_more_than_his_ration(void **state)
{
	(void)state;
	struct addr fast = host(1), slow = host(3);
	unsigned told_fast = 0;
	for (unsigned i = 0; i < 60000; i++)
		told_fast += asks(&fast, 2, (uint16_t)i, 0, START_US + i);
	assert_in_range(told_fast, SIEVE_SOURCE,
			SIEVE_SOURCE + 60000 / SIEVE_COUNT_STEP + 1);
	assert_true(asks(&slow, 2, 22, 0, START_US + 60001));
	assert_true(asks(&slow, 2, 23, 0, START_US + 60002));
}

/* What is left out of a fast scan is counted, whatever order it comes in. */
static void ports_of_who_tries_more_than_is_told_are_counted(void **state)
{
	(void)state;
	enum { ALL = 65535, A_SECOND = 20000, LIMIT = 256 };
	struct addr fast = host(1);
	unsigned last_told = 0, told_of = 0;
	for (unsigned i = 0; i < 2 * ALL; i++) { /* each is tried twice */
		uint16_t port = (uint16_t)(i % ALL * 40507u % ALL + 1);
		if (asks(&fast, 2, port, 0, START_US + i * (SECOND / A_SECOND))) {
			last_told = sieve.ports;
			told_of++;
		}
	}
	assert_in_range(sieve.ports, ALL - SIEVE_COUNT_FROM, ALL);
	assert_in_range(last_told, ALL - LIMIT, ALL);
	assert_in_range(told_of, 7 * SIEVE_SOURCE, 9 * SIEVE_SOURCE);
}

/* Slow ones are told port by port; and whom many others imitate, keeps his place. */
static void only_a_few_that_are_fast_are_counted(void **state)
{
	(void)state;
	struct addr slow = host(1), fast = host(3);
	for (unsigned i = 0; i < 50; i++)
		assert_true(asks(&slow, 2, (uint16_t)(1 + i), 0, START_US + i));
	assert_int_equal(sieve.ports, 0);
	for (unsigned i = 0; i < 1000; i++)
		asks(&fast, 2, (uint16_t)(1 + i), 0, START_US + i);
	assert_int_equal(sieve.ports, 1000 - SIEVE_COUNT_FROM);
	for (unsigned n = 0; n < 100; n++) {
		struct addr other = forged(n);
		for (unsigned i = 0; i < 100; i++)
			asks(&other, 2, (uint16_t)(1 + i), 0, START_US + SECOND);
	}
	asks(&fast, 2, 5000, 0, START_US + 2 * SECOND);
	assert_int_equal(sieve.ports, 1000 - SIEVE_COUNT_FROM + 1);
	/* One of another queue comes late. */
	asks(&fast, 2, 5001, 0, START_US + 2 * SECOND - 1);
	assert_int_equal(sieve.ports, 1000 - SIEVE_COUNT_FROM + 2);
	/* Much later it is another scan. */
	asks(&fast, 2, 5002, 0, START_US + (SIEVE_COUNT_S + 3) * SECOND);
	assert_int_equal(sieve.ports, 0);
}

/* An IPv6 source is a /64, but each of its hosts is news. */
static void hosts_of_a_network_are_one_source(void **state)
{
	(void)state;
	uint8_t sixteen[16] = { 0x20, 1, 0x0d, 0xb8 };
	unsigned told_hosts = 0;
	for (unsigned i = 0; i < 5000; i++) {
		sixteen[14] = (uint8_t)(i >> 8), sixteen[15] = (uint8_t)i;
		struct addr source = addr_v6(sixteen);
		told_hosts += asks(&source, 2, (uint16_t)(i % 100), 0, START_US + i);
	}
	assert_in_range(told_hosts, SIEVE_SOURCE, SIEVE_SOURCE + 1);
}

/* ---- tools ---- */

static void tools_are_known_by_what_they_write(void **state)
{
	(void)state;
	struct packet p = tcp_packet(1, 40000, TCP_SYN);
	assert_int_equal(tool_of(&p), TOOL_NONE);
	p.window = 1024, p.ip_len = 44, p.seq = 0x12345678, p.ip_id = 1;
	assert_int_equal(tool_of(&p), TOOL_NMAP);
	/* 10.0.0.2 xor port 80 xor sequence number, its lower half */
	p.ip_id = 0x0002 ^ 80 ^ 0x5678;
	assert_int_equal(tool_of(&p), TOOL_MASSCAN);
	p.window = 65535, p.ip_id = 54321;
	assert_int_equal(tool_of(&p), TOOL_ZMAP);
	p.ip_id = 54320;
	assert_int_equal(tool_of(&p), TOOL_NONE);
	p.window = 512, p.ip_len = 40;
	assert_int_equal(tool_of(&p), TOOL_HPING);
	p.ip_len = 60; /* a stack's own options */
	assert_int_equal(tool_of(&p), TOOL_NONE);
	p.window = 1024;
	assert_int_equal(tool_of(&p), TOOL_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sieve, close_sieve)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_new_is_left_out_for_a_minute),
		TEST(forged_sources_do_not_hide_a_scanner),
		TEST(forged_sources_with_two_ports_do_not_hide_a_scanner),
		TEST(forged_scans_that_last_do_not_hide_another),
		TEST(nobody_takes_more_than_his_ration),
		TEST(ports_of_who_tries_more_than_is_told_are_counted),
		TEST(only_a_few_that_are_fast_are_counted),
		TEST(hosts_of_a_network_are_one_source),
		TEST(tools_are_known_by_what_they_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
