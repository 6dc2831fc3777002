/*
 * test_wall_table.c: what the wall holds, for how long, and what it refuses whoever
 * asks; with a kernel that is made here and may forget or fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>

#include "guard/wall_table.h"

#define SECOND_US 1000000LL

enum { TOLD_MAX = 4096, ELEMENTS_MAX = 4096, TOTAL = 50, A_MINUTE = 10 };

static struct {
	struct wall_told at[TOLD_MAX];
	size_t count;
} told;

static struct {
	struct wall_key at[ELEMENTS_MAX];
	size_t count;
	int fails; /* -errno of all that is asked */
} kernel;

static struct never never;
static int64_t now_us;

static void take_told(void *self, const struct wall_told *one)
{
	(void)self;
	assert_true(told.count < TOLD_MAX);
	told.at[told.count++] = *one;
}

/* After another one, or the first: NULL. */
static struct wall_table *begin_after(struct wall_past *past)
{
	const struct wall_bounds bounds = { TOTAL, A_MINUTE, past };
	const struct wall_table_sink sink = { NULL, take_told };
	told.count = kernel.count = 0;
	kernel.fails = 0;
	now_us = 1000 * SECOND_US;
	never_init(&never);
	struct wall_table *table = wall_table_new(&bounds, &sink);
	assert_non_null(table);
	return table;
}

static struct wall_table *begin(void)
{
	return begin_after(NULL);
}

static size_t find(const struct wall_key *key)
{
	size_t i = 0;
	while (i < kernel.count && memcmp(&kernel.at[i], key, sizeof(*key)) != 0)
		i++;
	return i;
}

static void obey(struct wall_change *change)
{
	size_t at = find(&change->key);
	change->error = kernel.fails;
	if (kernel.fails != 0)
		return;
	assert_int_equal(at < kernel.count, change->op != WALL_OP_ADD);
	if (change->op == WALL_OP_ADD)
		kernel.at[kernel.count++] = change->key;
	else if (change->op == WALL_OP_REMOVE)
		kernel.at[at] = kernel.at[--kernel.count];
}

static void flush(struct wall_table *table)
{
	size_t count;
	struct wall_change *changes = wall_table_changes(table, &count);
	for (size_t i = 0; i < count; i++)
		obey(&changes[i]);
	wall_table_done(table, now_us);
}

static struct wall_order order(uint64_t id, const char *text, uint8_t flags)
{
	struct prefix prefix;
	assert_true(prefix_parse(text, &prefix));
	return (struct wall_order){ .id = id,
				    .address = prefix.addr,
				    .left_s = 60,
				    .prefix_len = prefix.len,
				    .action = WALL_DROP,
				    .flags = flags };
}

static void add(struct wall_table *table, uint64_t id, const char *text, uint8_t flags)
{
	const struct wall_order one = order(id, text, flags);
	wall_table_add(table, &one, &never, now_us);
}

static void add_nth(struct wall_table *table, uint32_t n, uint8_t flags)
{
	struct wall_order one = order(n + 1, "192.0.0.0/32", flags);
	one.address.ip6[14] = (uint8_t)(n >> 8);
	one.address.ip6[15] = (uint8_t)n;
	wall_table_add(table, &one, &never, now_us);
}

static size_t count_told(enum wall_outcome outcome)
{
	size_t count = 0;
	for (size_t i = 0; i < told.count; i++)
		count += told.at[i].outcome == outcome;
	return count;
}

static const struct wall_told *last(void)
{
	assert_true(told.count > 0);
	return &told.at[told.count - 1];
}

static void blocks_end_by_themselves(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	add(table, 7, "192.0.2.1", 0);
	assert_int_equal(told.count, 0); /* not before the kernel holds it */
	flush(table);
	assert_int_equal(last()->outcome, WALL_HELD);
	assert_int_equal(kernel.count, 1);
	assert_int_equal(wall_table_next_us(table), now_us + 60 * SECOND_US);
	now_us += 60 * SECOND_US - 1;
	wall_table_tick(table, now_us);
	flush(table);
	assert_int_equal(kernel.count, 1);
	now_us++;
	wall_table_tick(table, now_us);
	flush(table);
	assert_int_equal(kernel.count, 0);
	assert_int_equal(last()->outcome, WALL_ENDED);
	assert_int_equal(last()->id, 7);
	assert_int_equal(wall_table_count(table), 0);
	wall_table_free(table);
}

static void removed_is_removed_and_said_so_if_it_was_not_there(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	add(table, 7, "192.0.2.1", 0);
	flush(table);
	wall_table_remove(table, 7);
	flush(table);
	assert_int_equal(kernel.count, 0);
	assert_int_equal(last()->outcome, WALL_REMOVED);
	wall_table_remove(table, 8);
	assert_int_equal(last()->id, 8);
	assert_int_equal(last()->outcome, WALL_REMOVED);
	/* Both in one go. */
	add(table, 9, "192.0.2.1", 0);
	wall_table_remove(table, 9);
	add(table, 10, "192.0.2.1", 0);
	flush(table);
	assert_int_equal(kernel.count, 1);
	assert_int_equal(last()->id, 10);
	wall_table_free(table);
}

static void what_is_never_blocked_is_not(void **state)
{
	(void)state;
	static const char *const spared[] = { "127.0.0.1",     "::1",
					      "224.0.0.1",     "0.0.0.0/0",
					      "126.0.0.0/7",   "203.0.113.7",
					      "203.0.113.0/24" };
	struct wall_table *table = begin();
	struct never_entry own = { .reason = NEVER_own, .until_us = INT64_MAX };
	assert_true(prefix_parse("203.0.113.7", &own.prefix));
	assert_true(never_add(&never, &own));
	for (size_t i = 0; i < sizeof(spared) / sizeof(spared[0]); i++)
		add(table, i + 1, spared[i], WALL_BY_HAND | WALL_RESTORED);
	flush(table);
	assert_int_equal(count_told(WALL_VETOED), sizeof(spared) / sizeof(spared[0]));
	assert_int_equal(last()->reason, NEVER_own);
	assert_int_equal(kernel.count, 0);
	wall_table_free(table);
}

static void what_is_spared_later_is_let_go(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	struct never_entry admin = { .reason = NEVER_ssh, .until_us = INT64_MAX };
	add(table, 1, "203.0.113.7", 0);
	add(table, 2, "203.0.113.8", 0);
	flush(table);
	assert_true(prefix_parse("203.0.113.7", &admin.prefix));
	assert_true(never_add(&never, &admin));
	wall_table_veto(table, &never, now_us);
	flush(table);
	assert_int_equal(kernel.count, 1);
	assert_int_equal(last()->id, 1);
	assert_int_equal(last()->outcome, WALL_VETOED);
	assert_int_equal(last()->reason, NEVER_ssh);
	wall_table_free(table);
}

static void networks_take_a_hand_and_not_everything(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint8_t flags;
		int error;
	} tried[] = {
		{ "198.51.100.0/24", 0, -EPERM },
		{ "198.51.100.0/31", WALL_RESTORED, -EPERM },
		{ "198.51.100.0/24", WALL_BY_HAND, 0 },
		{ "16.0.0.0/8", WALL_BY_HAND, 0 },
		{ "16.0.0.0/7", WALL_BY_HAND, -EINVAL },
		{ "2001:db8:1::/63", 0, -EPERM },
		{ "2001:db8:1::/64", 0, 0 },
		{ "2001:db8::/32", WALL_BY_HAND, 0 },
		{ "2001::/16", WALL_BY_HAND, 0 },
		{ "2000::/15", WALL_BY_HAND, -EINVAL },
	};
	struct wall_table *table = begin();
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		add(table, i + 1, tried[i].text, tried[i].flags);
		flush(table);
		assert_int_equal(last()->id, i + 1);
		assert_int_equal(last()->error, tried[i].error);
		assert_int_equal(last()->outcome,
				 tried[i].error == 0 ? WALL_HELD : WALL_FAILED);
	}
	wall_table_free(table);
}

static void new_ones_have_a_rate(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	for (uint32_t n = 0; n < A_MINUTE + 5; n++)
		add_nth(table, n, 0);
	flush(table);
	assert_int_equal(kernel.count, A_MINUTE);
	assert_int_equal(count_told(WALL_TOO_MANY), 5);
	/* One that is there is no new one. */
	add_nth(table, 0, 0);
	flush(table);
	assert_int_equal(last()->outcome, WALL_HELD);
	now_us += 60 * SECOND_US / A_MINUTE;
	add_nth(table, 100, 0);
	add_nth(table, 101, 0);
	flush(table);
	assert_int_equal(kernel.count, A_MINUTE + 1);
	/* A person is asked no questions; nor does the past count, until it is told. */
	add_nth(table, 102, WALL_BY_HAND);
	add_nth(table, 103, WALL_RESTORED);
	flush(table);
	assert_int_equal(kernel.count, A_MINUTE + 3);
	wall_table_ready(table);
	add_nth(table, 104, WALL_RESTORED);
	flush(table);
	assert_int_equal(kernel.count, A_MINUTE + 3);
	assert_int_equal(count_told(WALL_TOO_MANY), 7);
	wall_table_free(table);
}

static void nobody_exceeds_the_total(void **state)
{
	(void)state;
	static const uint8_t flags[] = { 0, WALL_BY_HAND, WALL_RESTORED,
					 WALL_BY_HAND | WALL_RESTORED };
	struct wall_table *table = begin();
	for (uint32_t n = 0; n < 4 * TOTAL; n++)
		add_nth(table, n, n < TOTAL ? WALL_RESTORED : flags[n % 4]);
	flush(table);
	assert_int_equal(kernel.count, TOTAL);
	assert_int_equal(count_told(WALL_TOO_MANY), 3 * TOTAL);
	/* What has ended makes room. */
	wall_table_remove(table, 1);
	add_nth(table, 3000, WALL_BY_HAND);
	flush(table);
	assert_int_equal(kernel.count, TOTAL);
	assert_int_equal(last()->outcome, WALL_HELD);
	wall_table_free(table);
}

/* Who poses as a person is one with few of these. */
static void few_networks_as_large_as_providers_are_blocked(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	for (uint32_t n = 0; n < 2 * WALL_WIDE_MAX; n++) {
		struct wall_order one = order(n + 1, "16.0.0.0/8", WALL_BY_HAND);
		one.address.ip6[12] = (uint8_t)(16 + n);
		wall_table_add(table, &one, &never, now_us);
	}
	flush(table);
	assert_int_equal(kernel.count, WALL_WIDE_MAX);
	wall_table_remove(table, 1);
	add(table, 100, "2001::/16", WALL_BY_HAND);
	add(table, 101, "198.51.0.0/16", WALL_BY_HAND);
	flush(table);
	assert_int_equal(kernel.count, WALL_WIDE_MAX + 1);
	wall_table_free(table);
}

/* A kernel refuses what has no time left, and all that comes with it. */
static void what_is_added_again_has_time_left(void **state)
{
	(void)state;
	size_t count;
	struct wall_table *table = begin();
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	now_us += 3600 * SECOND_US;
	wall_table_lost(table, now_us);
	const struct wall_change *changes = wall_table_changes(table, &count);
	assert_int_equal(count, 1);
	assert_true(changes[0].left_us > 0);
	wall_table_free(table);
}

static void the_same_again_is_renewed_and_who_asks_last_has_it(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	size_t count;
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	now_us += 30 * SECOND_US;
	add(table, 1, "192.0.2.1", 0);
	assert_int_equal(wall_table_changes(table, &count)->op, WALL_OP_RENEW);
	assert_false(wall_table_changes(table, &count)->begins);
	flush(table);
	assert_int_equal(wall_table_next_us(table), now_us + 60 * SECOND_US);
	add(table, 2, "192.0.2.1", 0);
	assert_int_equal(last()->id, 1);
	assert_int_equal(last()->outcome, WALL_REMOVED);
	flush(table);
	assert_int_equal(last()->id, 2);
	assert_int_equal(kernel.count, 1);
	/* The same id for another address is another block. */
	add(table, 2, "192.0.2.9", 0);
	flush(table);
	assert_int_equal(kernel.count, 1);
	assert_int_equal(kernel.at[0].address.ip6[15], 9);
	wall_table_free(table);
}

static void ports_and_limits_are_blocks_of_their_own(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	struct wall_order one = order(1, "192.0.2.1", 0);
	wall_table_add(table, &one, &never, now_us);
	one.id = 2;
	one.port = 22;
	one.proto = IPPROTO_TCP;
	wall_table_add(table, &one, &never, now_us);
	one.id = 3;
	one.action = WALL_LIMIT;
	one.rate = 5;
	wall_table_add(table, &one, &never, now_us);
	flush(table);
	assert_int_equal(kernel.count, 3);
	wall_table_remove(table, 2);
	flush(table);
	assert_int_equal(kernel.count, 2);
	wall_table_free(table);
}

static void what_the_kernel_refuses_is_not_held(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	kernel.fails = -EPERM;
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	assert_int_equal(last()->outcome, WALL_FAILED);
	assert_int_equal(last()->error, -EPERM);
	assert_int_equal(wall_table_count(table), 0);
	kernel.fails = 0;
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	assert_int_equal(last()->outcome, WALL_HELD);
	wall_table_free(table);
}

static void look(struct wall_table *table, uint64_t packets)
{
	wall_table_look_begin(table, now_us);
	for (size_t i = 0; i < kernel.count; i++)
		if (!wall_table_seen(table, &kernel.at[i], packets, packets * 60))
			wall_table_foreign(table, &kernel.at[i]);
	wall_table_look_end(table, now_us);
	flush(table);
}

static void what_the_kernel_forgets_is_added_again(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	for (uint32_t n = 0; n < 5; n++)
		add_nth(table, n, 0);
	flush(table);
	now_us += SECOND_US;
	look(table, 0);
	assert_int_equal(wall_table_repairs(table), 0);
	kernel.at[1] = kernel.at[--kernel.count];
	now_us += SECOND_US;
	look(table, 0);
	assert_int_equal(kernel.count, 5);
	assert_int_equal(wall_table_repairs(table), 1);
	/* All of it. */
	kernel.count = 0;
	wall_table_lost(table, now_us);
	flush(table);
	assert_int_equal(kernel.count, 5);
	assert_int_equal(wall_table_repairs(table), 2);
	wall_table_free(table);
}

static void what_nobody_asked_for_is_removed(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	kernel.at[kernel.count] = kernel.at[0];
	kernel.at[kernel.count++].address.ip6[15] = 77;
	now_us += SECOND_US;
	look(table, 0);
	assert_int_equal(kernel.count, 1);
	assert_int_equal(kernel.at[0].address.ip6[15], 1);
	assert_int_equal(wall_table_repairs(table), 1);
	wall_table_free(table);
}

static void counters_are_told_when_they_change_and_never_fall(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	now_us += SECOND_US;
	look(table, 10);
	assert_int_equal(last()->packets, 10);
	size_t before = told.count;
	look(table, 10);
	assert_int_equal(told.count, before);
	/* A new element counts from 0. */
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	assert_int_equal(last()->packets, 10);
	now_us += SECOND_US;
	look(table, 4);
	assert_int_equal(last()->packets, 14);
	assert_int_equal(last()->bytes, 14 * 60);
	wall_table_remove(table, 1);
	flush(table);
	assert_int_equal(last()->packets, 14);
	wall_table_free(table);
}

static void what_is_stopped_earlier_counts_as_well(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	const struct wall_key key = kernel.at[0];
	struct wall_key other = key;
	other.address.ip6[15]++;
	now_us += SECOND_US;
	wall_table_stopped(table, &key, 2, 120);
	wall_table_stopped(table, &key, 3, 180);
	wall_table_stopped(table, &other, 7, 420);
	look(table, 10);
	assert_int_equal(last()->packets, 15);
	assert_int_equal(last()->bytes, 15 * 60);
	/* What is renewed counts from 0 there, too. */
	add(table, 1, "192.0.2.1", 0);
	flush(table);
	assert_int_equal(last()->packets, 15);
	wall_table_stopped(table, &key, 2, 120);
	now_us += SECOND_US;
	look(table, 0);
	assert_int_equal(last()->packets, 17);
	wall_table_remove(table, 1);
	flush(table);
	assert_int_equal(last()->packets, 17);
	wall_table_free(table);
}

static void reset_holds_nothing_in_the_kernel(void **state)
{
	(void)state;
	struct wall_table *table = begin();
	struct wall_order one = order(1, "192.0.2.1", 0);
	one.action = WALL_RESET;
	wall_table_add(table, &one, &never, now_us);
	flush(table);
	kernel.count = 0;
	now_us += SECOND_US;
	look(table, 0);
	assert_int_equal(kernel.count, 0);
	assert_int_equal(wall_table_repairs(table), 0);
	wall_table_free(table);
}

static void a_reset_that_is_asked_for_again_ends_sessions_again(void **state)
{
	(void)state;
	size_t count;
	struct wall_table *table = begin();
	for (uint64_t id = 1; id <= 2; id++) {
		struct wall_order one = order(id, "192.0.2.1", WALL_BY_HAND);
		one.action = WALL_RESET;
		wall_table_add(table, &one, &never, now_us);
		const struct wall_change *changes = wall_table_changes(table, &count);
		assert_true(changes[count - 1].begins);
		flush(table);
		assert_int_equal(last()->outcome, WALL_HELD);
		assert_int_equal(last()->id, id);
	}
	assert_int_equal(wall_table_count(table), 1);
	wall_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_end_by_themselves),
		cmocka_unit_test(removed_is_removed_and_said_so_if_it_was_not_there),
		cmocka_unit_test(what_is_never_blocked_is_not),
		cmocka_unit_test(what_is_spared_later_is_let_go),
		cmocka_unit_test(networks_take_a_hand_and_not_everything),
		cmocka_unit_test(new_ones_have_a_rate),
		cmocka_unit_test(nobody_exceeds_the_total),
		cmocka_unit_test(few_networks_as_large_as_providers_are_blocked),
		cmocka_unit_test(what_is_added_again_has_time_left),
		cmocka_unit_test(the_same_again_is_renewed_and_who_asks_last_has_it),
		cmocka_unit_test(ports_and_limits_are_blocks_of_their_own),
		cmocka_unit_test(what_the_kernel_refuses_is_not_held),
		cmocka_unit_test(what_the_kernel_forgets_is_added_again),
		cmocka_unit_test(what_nobody_asked_for_is_removed),
		cmocka_unit_test(counters_are_told_when_they_change_and_never_fall),
		cmocka_unit_test(what_is_stopped_earlier_counts_as_well),
		cmocka_unit_test(reset_holds_nothing_in_the_kernel),
		cmocka_unit_test(a_reset_that_is_asked_for_again_ends_sessions_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
