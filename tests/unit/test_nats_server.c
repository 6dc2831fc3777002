/*
 * test_nats_server.c: what is an address of a NATS server, and what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/nats_server.h"

static struct nats_server server;

static bool reads(const char *text)
{
	return nats_server_read(text, strlen(text), &server);
}

static void it_is_taken_apart(void **state)
{
	(void)state;
	assert_true(reads("tls://nats-1.example.org:4222"));
	assert_string_equal(server.host, "nats-1.example.org");
	assert_int_equal(server.port, 4222);
	assert_true(server.is_tls);
	assert_true(reads("nats://[2001:db8::1]:00443"));
	assert_string_equal(server.host, "2001:db8::1");
	assert_int_equal(server.port, 443);
	assert_false(server.is_tls);
	assert_true(reads("nats://192.0.2.1"));
	assert_string_equal(server.host, "192.0.2.1");
	assert_int_equal(server.port, 0);
	assert_true(reads("tls://[::1]"));
}

/* A list is read without being copied. */
static void what_comes_after_its_end_is_not_looked_at(void **state)
{
	(void)state;
	static const char list[] = "tls://a:1,tls://b:22";
	assert_true(nats_server_read(list, 9, &server));
	assert_string_equal(server.host, "a");
	assert_int_equal(server.port, 1);
	assert_true(nats_server_read(list + 10, 9, &server));
	assert_int_equal(server.port, 2);
	assert_false(nats_server_read(list, 8, &server));
	assert_false(nats_server_read(list, 10, &server));
	assert_false(nats_server_read("tls://a\0b", 9, &server));
}

static void no_cut_and_no_number_is_too_much(void **state)
{
	char text[NATS_HOST_MAX + 16];
	(void)state;
	assert_true(reads("tls://a:65535"));
	assert_false(reads("tls://a:65536"));
	assert_false(reads("tls://a:4294967297"));
	assert_false(reads("tls://a:99999999999999999999999999"));
	assert_false(reads("tls://a:0"));
	snprintf(text, sizeof(text), "tls://%0253d:1", 0);
	assert_true(reads(text));
	snprintf(text, sizeof(text), "tls://%0254d:1", 0);
	assert_false(reads(text));
	static const char whole[] = "tls://[2001:db8::1]:4222";
	for (size_t len = 0; len < sizeof("tls://[2001:db8::1]") - 1; len++)
		assert_false(nats_server_read(whole, len, &server));
}

static void where_it_is_may_be_written_there(void **state)
{
	struct addr addr, wanted;
	(void)state;
	assert_true(nats_server_addr("tls://192.0.2.1:4222", &addr));
	assert_true(addr_parse("192.0.2.1", &wanted));
	assert_true(addr_equal(&addr, &wanted));
	assert_true(nats_server_addr("nats://[2001:db8::1]", &addr));
	assert_true(addr_parse("2001:db8::1", &wanted));
	assert_true(addr_equal(&addr, &wanted));
	assert_false(nats_server_addr("tls://nats.example.org:4222", &addr));
	assert_false(nats_server_addr("192.0.2.1", &addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_taken_apart),
		cmocka_unit_test(what_comes_after_its_end_is_not_looked_at),
		cmocka_unit_test(no_cut_and_no_number_is_too_much),
		cmocka_unit_test(where_it_is_may_be_written_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
