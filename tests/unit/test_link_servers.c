/*
 * test_link_servers.c: which addresses of NATS servers are taken, and what is said of
 * others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fleet/link_servers.h"

static struct link_servers servers;
static char error[LINK_ERROR_MAX];

static bool reads(const char *text)
{
	error[0] = '\0';
	return link_servers_read(text, &servers, error);
}

static void addresses_are_taken_as_they_were_written(void **state)
{
	(void)state;
	assert_true(reads("tls://nats-1.example.org:4222"));
	assert_int_equal(servers.count, 1);
	assert_true(servers.is_tls);
	assert_string_equal(servers.text[0], "tls://nats-1.example.org:4222");
	assert_true(reads("nats://10.0.0.1, nats://[2001:db8::1]:4223 ,\tnats://x:1,"));
	assert_int_equal(servers.count, 3);
	assert_false(servers.is_tls);
	assert_string_equal(servers.text[0], "nats://10.0.0.1");
	assert_string_equal(servers.text[1], "nats://[2001:db8::1]:4223");
	assert_string_equal(servers.text[2], "nats://x:1");
}

static void what_is_no_server_is_refused_with_how_to_write_one(void **state)
{
	static const char *const wrong[] = {
		"nats-1.example.org:4222",
		"http://a",
		"tls://",
		"tls://:4222",
		"tls://a:0",
		"tls://a:65536",
		"tls://a:4222/x",
		"tls://a:+1",
		"tls://me:secret@a:4222",
		"tls://a b",
		"tls://[::1:4222",
		"tls://[]:4222",
		"tls://a\n",
		"tls://a:",
		"TLS://a",
		"tls://a,,tls://b",
		"nats://ä",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (reads(wrong[i]))
			fail_msg("taken: %s", wrong[i]);
		assert_non_null(strstr(error, "tls://HOST:PORT"));
	}
}

static void all_are_encrypted_or_none(void **state)
{
	(void)state;
	assert_false(reads("tls://a,nats://b"));
	assert_non_null(strstr(error, "the same"));
	assert_false(reads("nats://a,tls://b"));
}

static void none_and_too_many_are_refused(void **state)
{
	struct buf many = { 0 };
	(void)state;
	assert_false(reads(""));
	assert_false(reads(","));
	for (int i = 0; i < LINK_SERVERS_MAX; i++)
		buf_printf(&many, "%stls://a%d", i > 0 ? "," : "", i);
	assert_true(reads(buf_cstr(&many)));
	assert_int_equal(servers.count, LINK_SERVERS_MAX);
	buf_text(&many, ",tls://b");
	assert_false(reads(buf_cstr(&many)));
	buf_free(&many);
}

static void a_host_may_be_as_long_as_dns_has_them(void **state)
{
	char text[LINK_SERVER_MAX * 2];
	(void)state;
	snprintf(text, sizeof(text), "tls://%0253d:65535", 0);
	assert_true(reads(text));
	assert_string_equal(servers.text[0], text);
	snprintf(text, sizeof(text), "tls://%0254d:65535", 0);
	assert_false(reads(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_taken_as_they_were_written),
		cmocka_unit_test(what_is_no_server_is_refused_with_how_to_write_one),
		cmocka_unit_test(all_are_encrypted_or_none),
		cmocka_unit_test(none_and_too_many_are_refused),
		cmocka_unit_test(a_host_may_be_as_long_as_dns_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
