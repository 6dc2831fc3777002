/*
 * test_never.c: addresses that are never blocked: what speaks against a prefix, what
 * fades, and what happens without room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/never.h"

enum { NOW = 1000, LATER = 2000 };

static struct never list;

static int fresh(void **state)
{
	(void)state;
	never_init(&list);
	return 0;
}

static struct prefix prefix(const char *text)
{
	struct prefix p;
	assert_true(prefix_parse(text, &p));
	return p;
}

static bool add(const char *text, enum never_reason reason, int64_t until_us)
{
	struct never_entry entry = { prefix(text), reason, until_us };
	return never_add(&list, &entry);
}

/* "" if it may be blocked. */
static const char *why_not(const char *text)
{
	struct prefix asked = prefix(text);
	const struct never_entry *found = never_find(&list, &asked, NOW);
	return found != NULL ? never_reason_name(found->reason) : "";
}

static void loopback_and_groups_are_always_in_it(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "127.9.9.9", "loopback" },
		{ "::1", "loopback" },
		{ "::/64", "group" },
		{ "224.0.0.251", "group" },
		{ "255.255.255.255", "group" },
		{ "0.0.0.0", "group" },
		{ "fe80::1", "group" },
		{ "ff02::1", "group" },
		{ "126.0.0.0/7", "loopback" },
		{ "::ffff:127.0.0.1", "loopback" },
		{ "64:ff9b::c000:201", "group" },
		{ "192.0.2.1", "" },
		{ "2001:db8::/32", "" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_string_equal(why_not(pairs[i][0]), pairs[i][1]);
	never_forget(&list, NEVER_loopback);
	never_forget(&list, NEVER_group);
	assert_string_equal(why_not("127.0.0.1"), "loopback");
	assert_string_equal(why_not("224.0.0.1"), "group");
}

static void a_prefix_that_holds_one_is_refused_too(void **state)
{
	(void)state;
	add("192.0.2.1", NEVER_gateway, INT64_MAX);
	add("198.51.100.0/24", NEVER_never, INT64_MAX);
	assert_string_equal(why_not("192.0.2.0/24"), "gateway");
	assert_string_equal(why_not("192.0.2.0/31"), "gateway");
	assert_string_equal(why_not("192.0.2.2/31"), "");
	assert_string_equal(why_not("198.51.100.7"), "never");
	assert_string_equal(why_not("198.51.100.128/25"), "never");
	assert_string_equal(why_not("198.51.101.0/24"), "");
}

static void a_mapped_address_is_the_same_as_plain(void **state)
{
	(void)state;
	add("::ffff:192.0.2.1", NEVER_own, INT64_MAX);
	assert_string_equal(why_not("192.0.2.1"), "own");
	assert_string_equal(why_not("192.0.2.0"), "");
	add("203.0.113.9", NEVER_own, INT64_MAX);
	assert_string_equal(why_not("::ffff:203.0.113.9"), "own");
}

static void an_ip6_address_spares_its_64_and_no_more(void **state)
{
	(void)state;
	add("2001:db8:1:2::5", NEVER_ssh, INT64_MAX);
	assert_string_equal(why_not("2001:db8:1:2:ffff::1"), "ssh");
	assert_string_equal(why_not("2001:db8:1:2::/64"), "ssh");
	assert_string_equal(why_not("2001:db8:1::/48"), "ssh");
	assert_string_equal(why_not("2001:db8:1:3::5"), "");
	/* All of IPv4 lies in ::/64, as it is kept. */
	add("::2", NEVER_own, INT64_MAX);
	assert_string_equal(why_not("192.0.2.1"), "");
	assert_string_equal(why_not("::2"), "own");
}

static void what_has_faded_speaks_against_nothing(void **state)
{
	(void)state;
	size_t before = list.count;
	add("192.0.2.1", NEVER_ssh, NOW);
	assert_string_equal(why_not("192.0.2.1"), "");
	add("192.0.2.1", NEVER_ssh, LATER);
	assert_string_equal(why_not("192.0.2.1"), "ssh");
	/* It is never made shorter. */
	add("192.0.2.1", NEVER_ssh, NOW);
	assert_string_equal(why_not("192.0.2.0/24"), "ssh");
	assert_int_equal(list.count, before + 1);
	assert_false(never_fade(&list, NOW));
	assert_true(never_fade(&list, LATER));
	assert_int_equal(list.count, before);
}

static void another_reason_outlives_the_one_forgotten(void **state)
{
	(void)state;
	add("192.0.2.1", NEVER_resolver, INT64_MAX);
	add("192.0.2.1", NEVER_gateway, INT64_MAX);
	add("192.0.2.9", NEVER_gateway, INT64_MAX);
	never_forget(&list, NEVER_gateway);
	assert_string_equal(why_not("192.0.2.1"), "resolver");
	assert_string_equal(why_not("192.0.2.9"), "");
}

static bool add_number(uint32_t number, int64_t until_us)
{
	char text[32];
	snprintf(text, sizeof(text), "10.%u.%u.%u", number >> 16, number >> 8 & 255,
		 number & 255);
	return add(text, NEVER_ssh, until_us);
}

static void without_room_that_goes_which_ends_soonest(void **state)
{
	(void)state;
	uint32_t more = (uint32_t)(NEVER_MAX - list.count);
	for (uint32_t i = 0; i < more; i++)
		assert_true(add_number(i, LATER + i));
	assert_false(add("192.0.2.1", NEVER_ssh, LATER));
	assert_int_equal(list.left_out, 1);
	assert_string_equal(why_not("192.0.2.1"), "");
	assert_true(add("192.0.2.1", NEVER_own, INT64_MAX));
	assert_int_equal(list.left_out, 2);
	assert_string_equal(why_not("192.0.2.1"), "own");
	assert_string_equal(why_not("10.0.0.0"), "");
	assert_string_equal(why_not("10.0.0.1"), "ssh");
	assert_string_equal(why_not("127.0.0.1"), "loopback");
	assert_int_equal(list.count, NEVER_MAX);
}

/* ---- against the plainest way to say it ---- */

static uint32_t random_state;

static uint32_t random_number(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

/* Few bits, so that prefixes meet. */
static struct prefix random_prefix(void)
{
	struct prefix p;
	char text[64];
	if (random_number() % 2 == 0)
		snprintf(text, sizeof(text), "10.0.%u.%u/%u", random_number() % 4,
			 random_number() % 8, 20 + random_number() % 13);
	else
		snprintf(text, sizeof(text), "2001:db8:0:%x::%x/%u",
			 random_number() % 16, random_number() % 4,
			 44 + random_number() % 21);
	assert_true(prefix_parse(text, &p));
	return p;
}

static bool is_spared(const struct prefix *asked)
{
	for (size_t i = 0; i < list.count; i++) {
		const struct never_entry *one = &list.at[i];
		if (one->until_us > NOW && (prefix_holds(&one->prefix, &asked->addr) ||
					    prefix_holds(asked, &one->prefix.addr)))
			return true;
	}
	return false;
}

static void change_at_random(void)
{
	static const int64_t ends[] = { NOW - 1, NOW, NOW + 1, INT64_MAX };
	struct never_entry entry = { random_prefix(),
				     (enum never_reason)(random_number() %
							 NEVER_REASON_COUNT),
				     ends[random_number() % 4] };
	if (random_number() % 8 == 0)
		never_forget(&list, entry.reason);
	else if (random_number() % 32 == 0)
		never_fade(&list, NOW);
	else
		never_add(&list, &entry);
}

static void it_finds_what_a_look_at_each_finds(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 200; seed++) {
		random_state = seed;
		never_init(&list);
		for (int i = 0; i < 100; i++) {
			change_at_random();
			struct prefix asked = random_prefix();
			bool found = never_find(&list, &asked, NOW) != NULL;
			if (found != is_spared(&asked))
				fail_msg("seed %u, change %d", seed, i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(loopback_and_groups_are_always_in_it, fresh),
		cmocka_unit_test_setup(a_prefix_that_holds_one_is_refused_too, fresh),
		cmocka_unit_test_setup(a_mapped_address_is_the_same_as_plain, fresh),
		cmocka_unit_test_setup(an_ip6_address_spares_its_64_and_no_more, fresh),
		cmocka_unit_test_setup(what_has_faded_speaks_against_nothing, fresh),
		cmocka_unit_test_setup(another_reason_outlives_the_one_forgotten,
				       fresh),
		cmocka_unit_test_setup(without_room_that_goes_which_ends_soonest,
				       fresh),
		cmocka_unit_test_setup(it_finds_what_a_look_at_each_finds, fresh),
	};
	return cmocka_run_group_tests_name("never", tests, NULL, NULL);
}
