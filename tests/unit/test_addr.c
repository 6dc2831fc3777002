/*
 * test_addr.c: addresses, prefixes, and which of them are ours.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/home.h"

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static struct prefix prefix(const char *text)
{
	struct prefix p;
	assert_true(prefix_parse(text, &p));
	return p;
}

static void text_is_rfc_5952(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "0:0:0:0:0:0:0:0", "::" },
		{ "::0:1", "::1" },
		{ "fe80:0:0:0:0:0:0:0", "fe80::" },
		{ "::ffff:10.0.0.1", "10.0.0.1" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a = addr(pairs[i][0]);
		assert_int_equal(addr_text(&a, text), strlen(pairs[i][1]));
		assert_string_equal(text, pairs[i][1]);
	}
}

static struct addr any_addr(int i)
{
	struct addr a; /* groups of zeros, short and long groups */
	for (int g = 0; g < 8; g++) {
		unsigned group = random() % 2 ? 0 : (unsigned)random() & 0xffff;
		group >>= random() % 16;
		a.ip6[2 * g] = (uint8_t)(group >> 8);
		a.ip6[2 * g + 1] = (uint8_t)group;
	}
	if (i % 64 == 1)
		memset(a.ip6, 0, 12);
	return i % 4 == 0 ? addr_v4(a.ip6) : a;
}

static void text_is_what_the_system_writes(void **state)
{
	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		char text[ADDR_TEXT_MAX], expected[INET6_ADDRSTRLEN];
		struct addr a = any_addr(i);
		if (addr_is_v4(&a))
			inet_ntop(AF_INET, a.ip6 + 12, expected, sizeof(expected));
		else
			inet_ntop(AF_INET6, a.ip6, expected, sizeof(expected));
		assert_int_equal(addr_text(&a, text), strlen(expected));
		assert_string_equal(text, expected);
	}
}

static void what_is_no_address_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",       " 10.0.0.1",         "10.0.0",     "10.0.0.256", "10.0.0.1/8",
		"::1%lo", "1:2:3:4:5:6:7:8:9", "example.org"
	};
	struct addr before = addr("192.0.2.1"), a = before;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(addr_parse(bad[i], &a));
		assert_true(addr_equal(&a, &before));
	}
}

static void a_prefix_holds_its_addresses_and_no_others(void **state)
{
	(void)state;
	static const struct {
		const char *prefix, *addr;
		bool holds;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.1.2.3/8", "10.9.9.9", true }, /* host bits are cleared */
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "255.1.2.3", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "fe80::/10", "febf::1", true },
		{ "fe80::/10", "fec0::1", false },
		{ "2001:db8::1", "2001:db8::1", true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix p = prefix(cases[i].prefix);
		struct addr a = addr(cases[i].addr);
		assert_int_equal(prefix_holds(&p, &a), cases[i].holds);
	}
}

static void what_is_no_prefix_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "10.0.0.0/33", "::/129",      "10.0.0.0/",
					   "10.0.0.0/-1", "10.0.0.0/8x", "/8",
					   "10.0.0.0/ 8", "10.0.0.0/8/8" };
	struct prefix p;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(prefix_parse(bad[i], &p));
}

static void groups_are_multicast_and_broadcast(void **state)
{
	(void)state;
	static const char *const groups[] = { "224.0.0.1", "239.255.255.255",
					      "255.255.255.255", "ff02::1" };
	static const char *const others[] = { "223.255.255.255", "240.0.0.1",
					      "255.255.255.254", "fe80::1" };
	for (size_t i = 0; i < 4; i++) {
		struct addr group = addr(groups[i]), other = addr(others[i]);
		assert_true(addr_is_group(&group));
		assert_false(addr_is_group(&other));
	}
}

static void private_is_no_stranger_and_no_loopback(void **state)
{
	(void)state;
	static const char *const near[] = { "10.255.0.1",   "172.16.0.1",
					    "172.31.255.1", "192.168.0.1",
					    "169.254.1.1",  "fd00::1",
					    "fc12::1",      "febf::1" };
	static const char *const far[] = { "11.0.0.1",    "172.15.0.1",  "172.32.0.1",
					   "192.169.0.1", "169.253.1.1", "127.0.0.1",
					   "::1",         "2001:db8::1" };
	for (size_t i = 0; i < 8; i++) {
		struct addr one = addr(near[i]), other = addr(far[i]);
		assert_true(addr_is_private(&one));
		assert_false(addr_is_private(&other));
	}
}

static void global_is_who_is_the_same_everywhere(void **state)
{
	(void)state;
	static const char *const everywhere[] = { "192.0.2.1", "100.63.255.1",
						  "100.128.0.1", "2001:db8::1" };
	static const char *const here[] = { "10.0.0.1", "100.64.0.1", "100.127.255.1",
					    "127.0.0.1" };
	for (size_t i = 0; i < 4; i++) {
		struct addr one = addr(everywhere[i]), other = addr(here[i]);
		assert_true(addr_is_global(&one));
		assert_false(addr_is_global(&other));
	}
}

static void loopback_is_a_network_of_v4_and_one_address_of_v6(void **state)
{
	(void)state;
	static const char *const loops[] = { "127.0.0.1", "127.255.0.1", "::1" };
	static const char *const others[] = { "128.0.0.1", "126.255.0.1", "::2" };
	for (size_t i = 0; i < 3; i++) {
		struct addr loop = addr(loops[i]), other = addr(others[i]);
		assert_true(addr_is_loopback(&loop));
		assert_false(addr_is_loopback(&other));
	}
}

static void unspecified_is_every_address_of_either_family(void **state)
{
	(void)state;
	static const char *const every[] = { "0.0.0.0", "::" };
	static const char *const others[] = { "0.0.0.1", "::1" };
	struct addr mapped_by_none = { .ip6 = { [11] = 0xff } };
	for (size_t i = 0; i < 2; i++) {
		struct addr any = addr(every[i]), other = addr(others[i]);
		assert_true(addr_is_unspecified(&any));
		assert_false(addr_is_unspecified(&other));
	}
	assert_false(addr_is_unspecified(&mapped_by_none));
}

static void a_source_is_a_host_or_a_64(void **state)
{
	(void)state;
	struct addr a = addr("2001:db8:1:2:3:4:5:6"), net = addr("2001:db8:1:2::");
	struct addr source = addr_source(&a);
	assert_true(addr_equal(&source, &net));
	a = addr("192.0.2.77");
	source = addr_source(&a);
	assert_true(addr_equal(&source, &a));
}

static void home_holds_what_was_added_once(void **state)
{
	(void)state;
	struct home home = { .count = 0 };
	struct prefix p = prefix("10.0.0.0/8");
	struct addr in = addr("10.1.1.1"), out = addr("192.0.2.1");
	assert_false(home_holds(&home, &in));
	assert_true(home_add(&home, &p));
	assert_true(home_add(&home, &p));
	assert_int_equal(home.count, 1);
	assert_true(home_holds(&home, &in));
	assert_false(home_holds(&home, &out));
}

static void a_full_home_says_so(void **state)
{
	(void)state;
	struct home home = { .count = 0 };
	struct prefix p = prefix("10.0.0.0");
	for (int i = 0; i < HOME_MAX; i++) {
		p.addr.ip6[14] = (uint8_t)i;
		assert_true(home_add(&home, &p));
	}
	assert_true(home_add(&home, &p)); /* already there */
	p.addr.ip6[13] = 1;
	assert_false(home_add(&home, &p));
	assert_int_equal(home.count, HOME_MAX);
}

static void our_own_networks_include_loopback(void **state)
{
	(void)state;
	struct home home = { .count = 0 };
	struct addr loopback = addr("127.9.9.9"), other = addr("203.0.113.254");
	assert_int_equal(home_add_own(&home), 0);
	if (!home_holds(&home, &loopback))
		skip(); /* loopback is down here */
	for (size_t i = 0; i < home.count; i++)
		assert_true(prefix_holds(&home.at[i], &home.at[i].addr));
	assert_false(home_holds(&home, &other));
}

static void our_own_addresses_are_not_our_neighbours(void **state)
{
	(void)state;
	struct home home = { .count = 0 };
	struct addr loopback = addr("127.9.9.9");
	assert_int_equal(home_add_addresses(&home), 0);
	if (!home_holds(&home, &loopback))
		skip(); /* loopback is down here */
	struct prefix net = prefix("127.0.0.0/8");
	for (size_t i = 0; i < home.count; i++)
		assert_true(home.at[i].len == 128 ||
			    addr_equal(&home.at[i].addr, &net.addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_rfc_5952),
		cmocka_unit_test(text_is_what_the_system_writes),
		cmocka_unit_test(what_is_no_address_is_refused_and_changes_nothing),
		cmocka_unit_test(a_prefix_holds_its_addresses_and_no_others),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(groups_are_multicast_and_broadcast),
		cmocka_unit_test(private_is_no_stranger_and_no_loopback),
		cmocka_unit_test(global_is_who_is_the_same_everywhere),
		cmocka_unit_test(loopback_is_a_network_of_v4_and_one_address_of_v6),
		cmocka_unit_test(unspecified_is_every_address_of_either_family),
		cmocka_unit_test(a_source_is_a_host_or_a_64),
		cmocka_unit_test(home_holds_what_was_added_once),
		cmocka_unit_test(a_full_home_says_so),
		cmocka_unit_test(our_own_networks_include_loopback),
		cmocka_unit_test(our_own_addresses_are_not_our_neighbours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
