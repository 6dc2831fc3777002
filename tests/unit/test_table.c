/*
 * test_table.c: the index finds what is in it, and refuses what it has no room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow/sources.h"
#include "flow_check.h"

#include "flow/table.h"

enum { BODIES = 64, EMBRYOS = 64 };

static struct table table;
static const struct hash_key fixed = { 0, 0 };

static int begin(void **state)
{
	(void)state;
	return table_init(&table, &fixed, BODIES, EMBRYOS) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	table_fini(&table);
	return 0;
}

static uint64_t hash_of(const struct packet *p)
{
	return table_hash(&table, p, p->sport, p->dport, false);
}

static uint32_t find(const struct packet *p, uint64_t hash, unsigned *side)
{
	struct table_query query = { .src = &p->src,
				     .dst = &p->dst,
				     .sport = p->sport,
				     .dport = p->dport,
				     .proto = p->proto };
	return table_find(&table, hash, &query, side);
}

static uint32_t add_body(const struct packet *p, uint64_t hash)
{
	uint32_t number = table_body_new(&table);
	if (number == TABLE_NONE)
		return TABLE_NONE;
	struct body *b = &table.bodies[number];
	b->key = (struct flow_key){ .addr = { p->src, p->dst },
				    .port = { p->sport, p->dport } };
	b->proto = p->proto;
	b->live = 1;
	if (table_insert(&table, hash, number))
		return number;
	table_body_free(&table, number);
	return TABLE_NONE;
}

static void both_directions_are_one_flow(void **state)
{
	(void)state;
	struct packet p = udp_packet(1, 40000, 1), back = reverse(p);
	unsigned side;
	assert_true(hash_of(&p) == hash_of(&back));
	uint32_t number = add_body(&p, hash_of(&p));
	assert_int_equal(find(&p, hash_of(&p), &side), number);
	assert_int_equal(side, CLIENT);
	assert_int_equal(find(&back, hash_of(&back), &side), number);
	assert_int_equal(side, SERVER);
	struct packet other = p;
	other.proto = IPPROTO_TCP;
	assert_int_equal(find(&other, hash_of(&p), &side), TABLE_NONE);
	table_remove(&table, hash_of(&p), number);
	assert_int_equal(find(&p, hash_of(&p), &side), TABLE_NONE);
}

static void equal_hashes_fill_two_buckets_and_no_more(void **state)
{
	(void)state;
	const uint64_t hash = 0x8000000012345678;
	uint32_t numbers[BODIES];
	unsigned side;
	int count = 0;
	for (; count < BODIES; count++) {
		struct packet p = udp_packet(1, (uint16_t)count, 1);
		numbers[count] = add_body(&p, hash);
		if (numbers[count] == TABLE_NONE)
			break;
	}
	assert_int_equal(count, 20);
	for (int gone = 0; gone < count; gone++) {
		for (int i = 0; i < count; i++) {
			struct packet p = udp_packet(1, (uint16_t)i, 1);
			assert_int_equal(find(&p, hash, &side),
					 i < gone ? TABLE_NONE : numbers[i]);
		}
		table_remove(&table, hash, numbers[gone]);
		table_body_free(&table, numbers[gone]);
	}
	for (uint32_t i = 0; i < table.bucket_count; i++)
		assert_int_equal(table.buckets[i].spilled, 0);
	assert_int_equal(table.body_used, 0);
}

static void the_fullest_table_refuses_less_than_one_in_fifty(void **state)
{
	(void)state;
	table_fini(&table);
	assert_true(table_init(&table, &fixed, 4096, 4096));
	unsigned refused = 0, side;
	for (uint16_t i = 0; i < 4096; i++) {
		struct packet p = udp_packet(i & 7, i, 1);
		refused += add_body(&p, hash_of(&p)) == TABLE_NONE;
		struct packet q = tcp_packet(i & 7, i, TCP_SYN);
		uint32_t ref = table_embryo_new(&table);
		struct embryo *e = table_embryo(&table, ref);
		e->key = (struct flow_key){ .addr = { q.src, q.dst },
					    .port = { q.sport, q.dport } };
		e->packets = 1;
		refused += !table_insert(&table, hash_of(&q), ref);
	}
	assert_in_range(refused, 0, 8192 / 50);
	for (uint16_t i = 0; i < 4096; i++) {
		struct packet p = tcp_packet(i & 7, i, TCP_SYN);
		refused -= find(&p, hash_of(&p), &side) == TABLE_NONE;
		p = udp_packet(i & 7, i, 1);
		refused -= find(&p, hash_of(&p), &side) == TABLE_NONE;
	}
	assert_int_equal(refused, 0);
}

static void half_open_flows_leave_in_order(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		uint32_t refs[EMBRYOS];
		for (int i = 0; i < EMBRYOS; i++) {
			refs[i] = table_embryo_new(&table);
			table_embryo(&table, refs[i])->packets = 1;
		}
		assert_int_equal(table_embryo_new(&table), TABLE_NONE);
		table_embryo_free(&table, refs[1]);
		/* The oldest lives: a gap behind it is no room. */
		assert_int_equal(table_embryo_new(&table), TABLE_NONE);
		assert_int_equal(table_embryo_oldest(&table), refs[0]);
		table_embryo_free(&table, refs[0]);
		assert_int_equal(table_embryo_oldest(&table), refs[2]);
		for (int i = 2; i < EMBRYOS; i++)
			table_embryo_free(&table, refs[i]);
		assert_int_equal(table.embryo_used, 0);
		assert_int_equal(table_embryo_oldest(&table), TABLE_NONE);
	}
}

static void dead_bodies_are_free_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BODIES; i++)
		table.bodies[table_body_new(&table)].live = (unsigned)i & 1;
	assert_int_equal(table_body_new(&table), TABLE_NONE);
	table_free_dead(&table);
	assert_int_equal(table.body_used, BODIES / 2);
	for (int i = 0; i < BODIES / 2; i++)
		assert_int_equal(table_body_new(&table) % 2, 0);
	assert_int_equal(table_body_new(&table), TABLE_NONE);
}

static void aggregates_have_room_for_some_sources(void **state)
{
	(void)state;
	enum { SOURCES = 400, SHARE = 3 };
	struct sources *sources = sources_new(&fixed, SHARE, 4 * SOURCES);
	unsigned out = 0;
	struct aggregate a;
	for (unsigned i = 0; i < SOURCES; i++) {
		struct packet p = udp_packet(1000 + i, 1, 72);
		p.at_us = i;
		for (int k = 0; k < SHARE; k++)
			assert_true(sources_take(sources, &p.src));
		assert_false(sources_take(sources, &p.src));
		if (!sources_aggregate(sources, &p, &p.src, i, 0, &a))
			continue;
		out++;
		assert_int_equal(a.packets, 1);
		assert_int_equal(a.bytes, 100);
		assert_false(addr_equal(&a.source, &p.src));
	}
	assert_true(out > 0);
	assert_int_equal(sources_aggregated(sources), SOURCES - out);
	assert_false(sources_collect(sources, -1, &a));
	while (sources_collect(sources, SOURCES, &a))
		out++;
	assert_int_equal(out, SOURCES); /* none lost */
	assert_int_equal(sources_aggregated(sources), 0);
	struct addr first = host(1000);
	sources_give(sources, &first);
	assert_true(sources_take(sources, &first));
	assert_false(sources_take(sources, &first));
	sources_free(sources);
}

/* One person is assumed to hold a /64. */
static void addresses_of_one_network_share(void **state)
{
	(void)state;
	struct sources *sources = sources_new(&fixed, 2, 100);
	struct addr a = addr_v6("\x20\1\x0d\xb8\0\0\0\1\0\0\0\0\0\0\0\1");
	struct addr b = addr_v6("\x20\1\x0d\xb8\0\0\0\1\7\0\0\0\0\0\0\2");
	struct addr c = addr_v6("\x20\1\x0d\xb8\0\0\0\2\0\0\0\0\0\0\0\1");
	assert_true(sources_take(sources, &a));
	assert_true(sources_take(sources, &b));
	assert_false(sources_take(sources, &a));
	assert_true(sources_take(sources, &c));
	sources_free(sources);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_directions_are_one_flow),
		TEST(equal_hashes_fill_two_buckets_and_no_more),
		TEST(the_fullest_table_refuses_less_than_one_in_fifty),
		TEST(half_open_flows_leave_in_order),
		TEST(dead_bodies_are_free_again),
		TEST(aggregates_have_room_for_some_sources),
		TEST(addresses_of_one_network_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
