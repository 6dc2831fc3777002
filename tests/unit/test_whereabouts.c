/*
 * test_whereabouts.c: where a fleet's servers are, and for how long that is believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fleet/whereabouts.h"

#define DAY_US (86400 * INT64_C(1000000))

static struct whereabouts *where;
static struct server_addresses known;

static int end(void **state)
{
	(void)state;
	whereabouts_close(where);
	where = NULL;
	return 0;
}

static void open_of(const char *servers)
{
	where = whereabouts_open(servers);
	assert_non_null(where);
}

static struct addr addr_of(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

static bool is_there(const char *text)
{
	const struct addr addr = addr_of(text);
	whereabouts_list(where, &known);
	return server_addresses_hold(&known, &addr);
}

/* The host is found at that address. */
static void found(size_t host, const char *text, int64_t now_us)
{
	const struct server_addresses at = { .count = 1, .at = { addr_of(text) } };
	whereabouts_note(where, host, &at, now_us);
}

static void addresses_and_names_are_looked_up(void **state)
{
	(void)state;
	open_of("tls://203.0.113.7:4222, "
		"nats://[2001:db8::1]:443,tls://localhost:1,x,");
	assert_false(is_there("203.0.113.7"));
	whereabouts_look(where);
	assert_true(is_there("203.0.113.7"));
	assert_true(is_there("127.0.0.1") || is_there("::1"));
	/* As it is blocked: all of its /64. */
	assert_true(is_there("2001:db8::7"));
	assert_false(is_there("2001:db8:0:1::1"));
	assert_false(is_there("203.0.113.8"));
}

static void the_thread_looks_by_itself(void **state)
{
	(void)state;
	open_of("tls://203.0.113.7:4222");
	assert_true(whereabouts_follow(where));
	for (int i = 0; i < 5000 && !is_there("203.0.113.7"); i++)
		usleep(1000);
	assert_true(is_there("203.0.113.7"));
}

static void what_does_not_resolve_is_where_it_was(void **state)
{
	(void)state;
	const struct server_addresses none = { .count = 0 };
	open_of("tls://a:1,tls://b:1");
	found(0, "203.0.113.7", 0);
	found(1, "203.0.113.8", 0);
	whereabouts_note(where, 0, &none, 30 * DAY_US);
	assert_true(is_there("203.0.113.7"));
	assert_true(is_there("203.0.113.8"));
}

static void one_that_moved_is_forgotten_there_after_two_days(void **state)
{
	(void)state;
	open_of("tls://a:1");
	found(0, "203.0.113.7", 0);
	found(0, "203.0.113.8", 2 * DAY_US - 1);
	assert_true(is_there("203.0.113.7"));
	found(0, "203.0.113.8", 2 * DAY_US);
	assert_false(is_there("203.0.113.7"));
	assert_true(is_there("203.0.113.8"));
}

static void only_changes_count_as_such(void **state)
{
	(void)state;
	open_of("tls://a:1");
	uint64_t before = whereabouts_list(where, &known);
	found(0, "203.0.113.7", 0);
	uint64_t after = whereabouts_list(where, &known);
	assert_true(after != before);
	found(0, "203.0.113.7", 1);
	assert_true(whereabouts_list(where, &known) == after);
	found(0, "203.0.113.8", 2);
	assert_false(whereabouts_list(where, &known) == after);
}

static void a_name_with_very_many_addresses_has_the_newest(void **state)
{
	(void)state;
	char text[32];
	open_of("tls://a:1");
	for (int i = 1; i <= 100; i++) {
		snprintf(text, sizeof(text), "203.0.113.%d", i);
		found(0, text, i);
	}
	whereabouts_list(where, &known);
	assert_int_equal(known.count, WHEREABOUTS_OF_HOST_MAX);
	assert_true(is_there("203.0.113.100"));
	assert_true(is_there("203.0.113.93"));
	assert_false(is_there("203.0.113.92"));
}

static void very_many_names_have_an_end(void **state)
{
	(void)state;
	struct buf servers = { 0 };
	for (int i = 0; i < 100; i++)
		buf_printf(&servers, "tls://203.0.113.%d:1,tls://203.0.113.%d:2,", i,
			   i);
	open_of(buf_cstr(&servers));
	buf_free(&servers);
	whereabouts_look(where);
	whereabouts_list(where, &known);
	assert_int_equal(known.count, WHEREABOUTS_HOSTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WHERE(test) cmocka_unit_test_teardown(test, end)
		WHERE(addresses_and_names_are_looked_up),
		WHERE(the_thread_looks_by_itself),
		WHERE(what_does_not_resolve_is_where_it_was),
		WHERE(one_that_moved_is_forgotten_there_after_two_days),
		WHERE(only_changes_count_as_such),
		WHERE(a_name_with_very_many_addresses_has_the_newest),
		WHERE(very_many_names_have_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
