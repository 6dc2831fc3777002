/*
 * test_blocklist.c: lists of addresses as others write them: what is taken, what is
 * found, and what is said where it is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/blocklist.h"

#define NOW_US 1800000000000000LL /* 2027-01-15 */

static const struct blocklist_source source = { .name = "list",
						.entries_max = BLOCKLIST_ENTRIES_MAX,
						.now_us = NOW_US };

static struct blocklist *takes(const char *text)
{
	struct buf errors = { 0 };
	struct blocklist *list = blocklist_parse(text, strlen(text), &source, &errors);
	if (list == NULL)
		fail_msg("%s\nwas refused: %s", text, buf_cstr(&errors));
	assert_int_equal(errors.len, 0);
	buf_free(&errors);
	return list;
}

static void refuses(const char *text, const char *message)
{
	struct buf errors = { 0 };
	struct blocklist *list = blocklist_parse(text, strlen(text), &source, &errors);
	if (list != NULL)
		fail_msg("was taken:\n%s", text);
	if (strstr(buf_cstr(&errors), message) == NULL)
		fail_msg("%s\nsays: %swithout: %s", text, buf_cstr(&errors), message);
	buf_free(&errors);
}

static bool find(const struct blocklist *list, const char *text,
		 struct blocklist_hit *hit)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return blocklist_find(list, &addr, hit);
}

/* It is found, by an entry of that line with that comment. */
static void has(const struct blocklist *list, const char *addr, uint32_t line,
		const char *note)
{
	struct blocklist_hit hit;
	if (!find(list, addr, &hit))
		fail_msg("%s is not found", addr);
	assert_int_equal(hit.line, line);
	assert_string_equal(hit.note, note);
	assert_string_equal(hit.list, "list");
}

static void has_not(const struct blocklist *list, const char *addr)
{
	struct blocklist_hit hit;
	if (find(list, addr, &hit))
		fail_msg("%s is found in line %u", addr, hit.line);
}

static void text_is_one_entry_per_line(void **state)
{
	(void)state;
	struct blocklist *list = takes("\xef\xbb\xbf; Spamhaus DROP List\r\n"
				       "192.0.2.0/28 ; SBL1\r\n"
				       "# a comment, with a comma\n"
				       "\n"
				       "198.51.100.7\n"
				       "198.51.100.9\t8\n"
				       "2001:db8:bad::/48 # bad ones\n"
				       "203.0.113.9 - 203.0.113.20 # a range\n"
				       "203.0.113.100-203.0.113.100");
	has(list, "192.0.2.15", 2, "SBL1");
	has_not(list, "192.0.2.16");
	has(list, "198.51.100.7", 5, "");
	has_not(list, "198.51.100.8");
	has(list, "198.51.100.9", 6, "8");
	has(list, "2001:db8:bad:1::1", 7, "bad ones");
	has_not(list, "2001:db8:bae::1");
	has_not(list, "203.0.113.8");
	for (int i = 9; i <= 20; i++) {
		char addr[32];
		snprintf(addr, sizeof(addr), "203.0.113.%d", i);
		has(list, addr, 8, "a range");
	}
	has_not(list, "203.0.113.21");
	has(list, "203.0.113.100", 9, "");
	blocklist_free(list);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	(void)state;
	refuses("192.0.2.1\nbad.example\n", "list:2: \"bad.example\" is no address");
	refuses("192.0.2.1\n192.0.2.300\n", "list:2: \"192.0.2.300\"");
	refuses("192.0.2.0/33\n", "list:1: ");
	refuses("192.0.2.9-192.0.2.1\n", "list:1: ");
	refuses("192.0.2.9-2001:db8::1\n", "list:1: ");
	refuses("\n0.0.0.0/0\n", "list:2: a network of length 0 is everybody");
	refuses("::/0\n", "everybody");
	refuses("0.0.0.0-255.255.255.255\n", "everybody");
	refuses("192.0.2.1\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n", "list: 2 more");
	refuses("\x1b[2J\n", "list:1: \"\\u001b[2J\"");
}

static void the_wider_entry_stands_for_those_within(void **state)
{
	(void)state;
	struct blocklist *list = takes("10.1.2.3\n10.0.0.0/8 # wide\n10.1.0.0/16\n"
				       "10.255.255.255\n11.0.0.0\n");
	assert_int_equal(blocklist_count(list), 2);
	has(list, "10.1.2.3", 2, "wide");
	has(list, "10.255.255.255", 2, "wide");
	has(list, "11.0.0.0", 5, "");
	has_not(list, "9.255.255.255");
	has_not(list, "11.0.0.1");
	blocklist_free(list);
}

static void nothing_is_a_list_too(void **state)
{
	(void)state;
	struct blocklist *list = takes("");
	has_not(list, "192.0.2.1");
	blocklist_free(list);
	blocklist_free(takes("# none today\n"));
}

static void csv_has_a_column(void **state)
{
	(void)state;
	struct blocklist *list = takes(
		"# abuse.ch\n"
		"# \"first_seen_utc\",\"dst_ip\",\"dst_port\",\"malware\"\n"
		"\"2026-01-01 00:00:00\",\"192.0.2.1\",\"443\",\"a \"\"bot\"\"\"\n"
		"\"2026-01-01 00:00:00\",\"192.0.2.2\",\"80\",\"Other, too\"\n");
	has(list, "192.0.2.1", 3, "a \"\"bot\"\"");
	has(list, "192.0.2.2", 4, "Other, too");
	blocklist_free(list);
	list = takes("type,indicator,description\n"
		     "domain,bad.example,x\n"
		     "IPv4,192.0.2.3,y\n"
		     "IPv4,192.0.2.4:8080,y\n"
		     "IPv6,2001:db8::4,z\n");
	has(list, "192.0.2.3", 3, "y");
	has(list, "192.0.2.4", 4, "y");
	has(list, "2001:db8::4", 5, "z");
	assert_int_equal(blocklist_left_out(list), 1);
	blocklist_free(list);
}

static void csv_without_a_header_is_looked_through(void **state)
{
	(void)state;
	struct blocklist *list = takes("7,192.0.2.0/24,spam\n8,198.51.100.1,scan\n");
	has(list, "192.0.2.99", 1, "spam");
	has(list, "198.51.100.1", 2, "scan");
	blocklist_free(list);
	refuses("a,b\nc,d\n", "no line has an address");
}

/* A bundle of an indicator per line, and behind them what else is given. */
static struct blocklist *takes_bundle(const char *const *patterns, const char *rest)
{
	struct buf text = { 0 };
	buf_text(&text, "{\"type\":\"bundle\",\"id\":\"x\",\"objects\":[");
	for (; *patterns != NULL; patterns++)
		buf_printf(&text,
			   "{\"type\":\"indicator\",\"name\":\"n\","
			   "\"pattern_type\":\"stix\",\"pattern\":\"%s\"},\n",
			   *patterns);
	buf_printf(&text, "%s]}", rest);
	struct blocklist *list = takes(buf_cstr(&text));
	buf_free(&text);
	return list;
}

static void stix_indicators_of_addresses_are_taken(void **state)
{
	static const char *const patterns[] = {
		"[ipv4-addr:value = '192.0.2.1']",
		"[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR "
		"ipv6-addr:value = '2001:db8::1']",
		"[ipv4-addr:value IN ('192.0.2.3','192.0.2.4')] OR "
		"[domain-name:value = '192.0.2.66']",
		"[network-traffic:dst_ref.value = '192.0.2.5']",
		NULL,
	};
	(void)state;
	struct blocklist *list =
		takes_bundle(patterns, "{\"type\":\"identity\",\"name\":\"who\"},\n"
				       "{\"type\":\"ipv4-addr\","
				       "\"value\":\"192.0.2.6\"}");
	has(list, "192.0.2.1", 1, "n");
	has(list, "198.51.100.77", 2, "n");
	has(list, "2001:db8::1", 2, "n");
	has(list, "192.0.2.3", 3, "n");
	has(list, "192.0.2.4", 3, "n");
	has(list, "192.0.2.5", 4, "n");
	has(list, "192.0.2.6", 6, "");
	has_not(list, "192.0.2.66");
	assert_int_equal(blocklist_left_out(list), 0);
	blocklist_free(list);
}

/* Half of what must come together is no indicator; nor is what is not, or no longer. */
static void stix_that_means_something_else_is_left_out(void **state)
{
	static const char *const patterns[] = {
		"[ipv4-addr:value = '192.0.2.1' AND url:value = 'x']",
		"[ipv4-addr:value != '192.0.2.2']",
		("[ipv4-addr:value = '192.0.2.3'] FOLLOWEDBY "
		 "[ipv4-addr:value = '192.0.2.4']"),
		"[NOT ipv4-addr:value = '192.0.2.5']",
		"[url:value = 'http://192.0.2.6/']",
		NULL,
	};
	static const char rest[] =
		"{\"type\":\"indicator\",\"revoked\":true,"
		"\"pattern\":\"[ipv4-addr:value = '192.0.2.7']\"},"
		"{\"type\":\"indicator\",\"valid_until\":\"2026-12-31T00:00:00Z\","
		"\"pattern\":\"[ipv4-addr:value = '192.0.2.8']\"},"
		"{\"type\":\"indicator\",\"pattern_type\":\"snort\","
		"\"pattern\":\"[ipv4-addr:value = '192.0.2.9']\"},"
		"{\"type\":\"indicator\",\"valid_until\":\"2027-12-31T00:00:00Z\","
		"\"pattern\":\"[ipv4-addr:value = '192.0.2.10']\"}";
	(void)state;
	struct blocklist *list = takes_bundle(patterns, rest);
	for (int i = 1; i <= 9; i++) {
		char addr[32];
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		has_not(list, addr);
	}
	has(list, "192.0.2.10", 6, "");
	assert_int_equal(blocklist_left_out(list), 8);
	assert_true(blocklist_expires_us(list) > NOW_US);
	assert_true(blocklist_expires_us(list) < INT64_MAX);
	blocklist_free(list);
}

static void objects_line_by_line_are_taken(void **state)
{
	(void)state;
	struct blocklist *list =
		takes("{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"x\"}\n"
		      "{\"cidr\":\"198.51.100.0/24\",\"sblid\":\"SBL2\"}\n"
		      "{\"type\":\"metadata\",\"records\":2}\n");
	has(list, "192.0.2.200", 1, "SBL1");
	has(list, "198.51.100.1", 2, "SBL2");
	assert_int_equal(blocklist_left_out(list), 1);
	blocklist_free(list);
}

static void json_that_is_none_is_refused(void **state)
{
	(void)state;
	refuses("{", "list:1: not JSON");
	refuses("{\"objects\":[\n{\"type\":\n}]}", "list:3: not JSON");
	refuses("{\"objects\":[{}", "not JSON");
	refuses("{\"objects\":{}}", "not JSON: objects is no list");
	refuses("{\"cidr\":\"192.0.2.1\"}\n[]", "not JSON");
	refuses("{}{\"a\"}", "not JSON");
}

/* A tree of it takes many times its room: that of a list's provider is not trusted. */
static void one_value_of_json_has_a_limit(void **state)
{
	(void)state;
	struct buf text = { 0 };
	buf_text(&text, "{\"cidr\":\"192.0.2.1\",\"x\":[0");
	for (size_t i = 0; i < 1 << 19; i++)
		buf_text(&text, ",0");
	buf_text(&text, "]}");
	refuses(buf_cstr(&text), "not JSON: one value of more than 1 MiB");
	buf_free(&text);
}

/* Each range comes to many networks; when there is no room, they are not looked for. */
static void ranges_beyond_the_limit_cost_nothing(void **state)
{
	enum { LINES = 100000 };
	(void)state;
	struct buf text = { 0 }, errors = { 0 };
	const struct blocklist_source two = { "list", 2, NOW_US };
	for (int i = 0; i < LINES; i++)
		buf_text(&text, "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe\n");
	clock_t began = clock();
	assert_null(blocklist_parse(text.at, text.len, &two, &errors));
	assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
	buf_free(&text);
	buf_free(&errors);
}

static void entries_have_a_limit(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	const struct blocklist_source two = { "list", 2, NOW_US };
	const char text[] = "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n";
	assert_null(blocklist_parse(text, strlen(text), &two, &errors));
	assert_string_equal(buf_cstr(&errors), "list:3: more than 1000000 entries in "
					       "all lists; allowed are those\n");
	buf_free(&errors);
}

static void what_has_addresses_in_common_meets(void **state)
{
	(void)state;
	struct blocklist *list = takes("192.0.2.64/26\n198.51.100.0/24\n");
	static const struct {
		const char *prefix;
		bool meets;
	} cases[] = { { "192.0.2.0/24", true },     { "192.0.2.65", true },
		      { "192.0.2.0/26", false },    { "198.51.100.128/25", true },
		      { "198.51.101.0/24", false }, { "2001:db8::/32", false } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix prefix;
		struct blocklist_hit hit;
		assert_true(prefix_parse(cases[i].prefix, &prefix));
		if (blocklist_meets(list, &prefix, &hit) != cases[i].meets)
			fail_msg("%s", cases[i].prefix);
	}
	blocklist_free(list);
}

/* Pseudo-random, the same each time. */
static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static bool is_in(const struct prefix *all, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_holds(&all[i], addr))
			return true;
	return false;
}

static void it_finds_what_a_plain_search_finds(void **state)
{
	enum { ENTRIES = 300, ASKED = 5000 };
	(void)state;
	struct prefix all[ENTRIES];
	struct buf text = { 0 };
	uint64_t seed = 7;
	for (size_t i = 0; i < ENTRIES; i++) {
		char line[64];
		snprintf(line, sizeof(line), "10.%u.%u.%u/%u", next(&seed) % 4,
			 next(&seed) % 256, next(&seed) % 256, 16 + next(&seed) % 17);
		assert_true(prefix_parse(line, &all[i]));
		buf_printf(&text, "%s\n", line);
	}
	struct blocklist *list = takes(buf_cstr(&text));
	for (int i = 0; i < ASKED; i++) {
		char asked[64];
		struct addr addr;
		struct blocklist_hit hit;
		snprintf(asked, sizeof(asked), "10.%u.%u.%u", next(&seed) % 4,
			 next(&seed) % 256, next(&seed) % 256);
		assert_true(addr_parse(asked, &addr));
		if (blocklist_find(list, &addr, &hit) != is_in(all, ENTRIES, &addr))
			fail_msg("%s", asked);
	}
	blocklist_free(list);
	buf_free(&text);
}

/* 24 bytes each and the comments; a lookup is twenty steps. */
static void a_million_entries_are_32_megabytes(void **state)
{
	(void)state;
	struct buf text = { 0 };
	for (unsigned i = 0; i < BLOCKLIST_ENTRIES_MAX; i++)
		buf_printf(&text, "%u.%u.%u.%u ; SBL%u\n", 11 + i / 500000,
			   i / 2 % 250000 / 1000, i % 1000 / 4, i % 4 * 2 + i / 4 % 2,
			   i);
	struct blocklist *list = takes(buf_cstr(&text));
	assert_true(blocklist_bytes(list) <= 32 << 20);
	struct blocklist_hit hit;
	clock_t begun = clock();
	for (unsigned i = 0; i < 1000000; i++) {
		struct addr addr;
		uint32_t four = i * 2654435761u;
		addr = addr_v4(&four);
		blocklist_find(list, &addr, &hit);
	}
	assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
	blocklist_free(list);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_one_entry_per_line),
		cmocka_unit_test(what_is_wrong_is_said_with_its_line),
		cmocka_unit_test(the_wider_entry_stands_for_those_within),
		cmocka_unit_test(nothing_is_a_list_too),
		cmocka_unit_test(csv_has_a_column),
		cmocka_unit_test(csv_without_a_header_is_looked_through),
		cmocka_unit_test(stix_indicators_of_addresses_are_taken),
		cmocka_unit_test(stix_that_means_something_else_is_left_out),
		cmocka_unit_test(objects_line_by_line_are_taken),
		cmocka_unit_test(json_that_is_none_is_refused),
		cmocka_unit_test(one_value_of_json_has_a_limit),
		cmocka_unit_test(ranges_beyond_the_limit_cost_nothing),
		cmocka_unit_test(entries_have_a_limit),
		cmocka_unit_test(what_has_addresses_in_common_meets),
		cmocka_unit_test(it_finds_what_a_plain_search_finds),
		cmocka_unit_test(a_million_entries_are_32_megabytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
