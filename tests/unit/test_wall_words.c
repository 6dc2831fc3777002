/*
 * test_wall_words.c: what is ordered is what the wall is told, and what it tells is
 * what becomes of it; and whom it is told to spare.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/sparing.h"
#include "cli/wall_words.h"

#define SECOND 1000000LL
#define HOUR   (3600 * SECOND)

static struct block_record block_of(const char *address, uint16_t prefix_len)
{
	struct block_record block;
	record_init(RECORD_block, &block);
	assert_true(addr_parse(address, &block.address));
	block.prefix_len = prefix_len;
	block.action = "drop";
	return block;
}

/* As the wall reads it. */
static struct wall_order told(const struct respond_order *order)
{
	struct wall_message message = { .kind = WALL_ADD, .count = 1 }, read;
	wall_words_order(order, &message.at[0]);
	assert_true(wall_message_parse(&message, sizeof(message), &read));
	return read.at[0];
}

static void an_order_keeps_its_meaning(void **state)
{
	(void)state;
	struct block_record block = block_of("192.0.2.7", 32);
	struct respond_order order = { .id = 77,
				       .left_us = 10 * SECOND,
				       .block = &block };
	struct wall_order as = told(&order);
	assert_int_equal(as.id, 77);
	assert_int_equal(as.prefix_len, 128);
	assert_int_equal(as.left_s, 10);
	assert_int_equal(as.action, WALL_DROP);
	assert_int_equal(as.port, 0);
	assert_int_equal(as.proto, 0);
	assert_int_equal(as.flags, 0);

	block = block_of("2001:db8::", 64);
	block.action = "limit";
	block.rate = 5;
	block.port = 22;
	block.transport = "tcp";
	order.by_hand = order.restored = true;
	as = told(&order);
	assert_int_equal(as.prefix_len, 64);
	assert_int_equal(as.action, WALL_LIMIT);
	assert_int_equal(as.rate, 5);
	assert_int_equal(as.port, 22);
	assert_int_equal(as.proto, IPPROTO_TCP);
	assert_int_equal(as.flags, WALL_BY_HAND | WALL_RESTORED);

	block = block_of("198.51.100.0", 24);
	block.action = "reset";
	block.port = 53;
	block.transport = "udp";
	as = told(&order);
	assert_int_equal(as.prefix_len, 120);
	assert_int_equal(as.action, WALL_RESET);
	assert_int_equal(as.proto, IPPROTO_UDP);
}

static void no_block_ends_before_its_time_or_never(void **state)
{
	(void)state;
	static const struct {
		int64_t left_us;
		uint32_t left_s;
	} cases[] = {
		{ SECOND + 1, 2 },
		{ 1, 1 },
		{ 0, 1 },
		{ -HOUR, 1 },
		{ 400 * 24 * HOUR, WALL_SECONDS_MAX },
	};
	struct block_record block = block_of("192.0.2.7", 32);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct respond_order order = { .id = 1,
						     .left_us = cases[i].left_us,
						     .block = &block };
		assert_int_equal(told(&order).left_s, cases[i].left_s);
	}
}

static void what_became_of_it_is_told(void **state)
{
	(void)state;
	static const struct {
		enum wall_outcome outcome;
		const char *state, *vetoed_by;
	} cases[] = {
		{ WALL_HELD, "active", NULL },
		{ WALL_ENDED, "expired", NULL },
		{ WALL_REMOVED, "removed", NULL },
		{ WALL_VETOED, "vetoed", "gateway" },
		{ WALL_TOO_MANY, "vetoed", "total" },
		{ WALL_FAILED, "failed", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct wall_told said = { .id = 5,
						.packets = 3,
						.bytes = 180,
						.sessions = 2,
						.outcome = (uint16_t)cases[i].outcome,
						.reason = NEVER_gateway,
						.error = -ENOSPC };
		struct respond_result result = wall_words_result(&said, "total");
		assert_int_equal(result.id, 5);
		assert_string_equal(result.state, cases[i].state);
		assert_int_equal(result.error, ENOSPC);
		assert_int_equal(result.packets, 3);
		assert_int_equal(result.sessions, 2);
		if (cases[i].vetoed_by == NULL)
			assert_null(result.vetoed_by);
		else
			assert_string_equal(result.vetoed_by, cases[i].vetoed_by);
	}
}

/* ---- who is spared ---- */

static struct spared who(unsigned number, enum never_reason reason)
{
	uint8_t four[] = { 10, 1, (uint8_t)(number >> 8), (uint8_t)number };
	return (struct spared){ .prefix = { addr_v4(four), 128 },
				.reason = reason,
				.left_us = HOUR };
}

static void count(void *to, const struct wall_order *order)
{
	const struct wall_message message = { .kind = WALL_SPARE,
					      .count = 1,
					      .at = { *order } };
	struct wall_message read;
	assert_true(wall_message_parse(&message, sizeof(message), &read));
	++*(unsigned *)to;
}

static unsigned spared_at(const struct sparing *sparing, int64_t now_us)
{
	unsigned all = 0;
	sparing_each(sparing, now_us, count, &all);
	return all;
}

static void who_is_there_again_is_told_now_and_then(void **state)
{
	(void)state;
	struct sparing sparing;
	struct wall_order order;
	const struct spared one = who(1, NEVER_ssh);
	assert_true(sparing_open(&sparing));
	assert_true(sparing_add(&sparing, &one, HOUR, &order));
	assert_int_equal(order.rate, NEVER_ssh);
	assert_in_range(order.left_s, 3600, 3601);
	assert_false(sparing_add(&sparing, &one, HOUR + SECOND, &order));
	assert_true(sparing_add(&sparing, &one, HOUR + HOUR / 2, &order));
	/* A wall that begins anew is told all that have not faded. */
	assert_int_equal(spared_at(&sparing, 2 * HOUR), 1);
	assert_int_equal(spared_at(&sparing, 3 * HOUR), 0);
	assert_true(sparing_add(&sparing, &one, 3 * HOUR, &order));
	sparing_close(&sparing);
}

static void strangers_who_read_the_page_have_a_bound_and_push_out_nobody(void **state)
{
	(void)state;
	struct sparing sparing;
	struct wall_order order;
	assert_true(sparing_open(&sparing));
	for (unsigned i = 0; i < 2048; i++) {
		const struct spared one = who(i, NEVER_ssh);
		assert_true(sparing_add(&sparing, &one, HOUR, &order));
	}
	unsigned told = 0;
	for (unsigned i = 0; i < 5000; i++) {
		const struct spared one = who(10000 + i, NEVER_dashboard);
		told += sparing_add(&sparing, &one, HOUR, &order);
	}
	assert_int_equal(told, SPARED_READERS_MAX);
	assert_int_equal(spared_at(&sparing, HOUR), 2048 + SPARED_READERS_MAX);
	/* Who has gone makes room for others. */
	const struct spared later = who(20000, NEVER_dashboard);
	assert_true(sparing_add(&sparing, &later, 2 * HOUR, &order));
	sparing_close(&sparing);
}

/* Who tells where servers are talks to strangers, and may have been taken over. */
static void servers_have_a_bound_and_push_out_nobody(void **state)
{
	(void)state;
	struct sparing sparing;
	struct wall_order order;
	assert_true(sparing_open(&sparing));
	for (unsigned i = 0; i < 2048; i++) {
		const struct spared one = who(i, NEVER_ssh);
		assert_true(sparing_add(&sparing, &one, HOUR, &order));
	}
	unsigned told = 0;
	for (unsigned i = 0; i < 5000; i++) {
		const struct spared one = who(10000 + i, NEVER_fleet);
		told += sparing_add(&sparing, &one, HOUR, &order);
	}
	assert_int_equal(order.rate, NEVER_fleet);
	assert_int_equal(told, SPARED_SERVERS_MAX);
	assert_int_equal(spared_at(&sparing, HOUR), 2048 + SPARED_SERVERS_MAX);
	sparing_close(&sparing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_keeps_its_meaning),
		cmocka_unit_test(no_block_ends_before_its_time_or_never),
		cmocka_unit_test(what_became_of_it_is_told),
		cmocka_unit_test(who_is_there_again_is_told_now_and_then),
		cmocka_unit_test(
			strangers_who_read_the_page_have_a_bound_and_push_out_nobody),
		cmocka_unit_test(servers_have_a_bound_and_push_out_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
