/*
 * test_target.c: what may be asked, as people write it.
 */
#include "target_check.h"

#include <netinet/in.h>

static void a_target_has_a_way_a_host_and_a_port(void **state)
{
	(void)state;
	take("tcp://192.0.2.1:22");
	assert_int_equal(target.kind, TARGET_TCP);
	assert_int_equal(target.port, 22);
	assert_string_equal(target.question.host, "192.0.2.1");
	take("tls://example.net");
	assert_int_equal(target.port, 443);
	assert_int_equal(target.tls, TARGET_TLS_FIRST);
	take("tcp://[2001:db8::1]:80");
	assert_string_equal(target.question.host, "2001:db8::1");
	take("icmp://192.0.2.1");
	assert_int_equal(target.kind, TARGET_ICMP);
}

static void what_can_not_be_asked_is_said(void **state)
{
	(void)state;
	refuse("192.0.2.1:22", "proto://host");
	refuse("tcp://192.0.2.1", "a port from 1 to 65535 must be given");
	refuse("tcp://192.0.2.1:65536", "192.0.2.1:65536");
	refuse("gopher7://192.0.2.1", "\"gopher7\" can't be asked; known are tcp");
	refuse("tcp+tls://192.0.2.1:1", "\"+tls\": only a protocol has that");
	refuse("tcp://192.0.2.1:1?colour=red", "\"colour\" is no option");
}

static void options_of_all_targets_are_checked(void **state)
{
	(void)state;
	take("tcp://"
	     "h:1?timeout=250ms&family=6&source=192.0.2.9&verify=no&interface=eth0");
	assert_int_equal(target.timeout_ms, 250);
	assert_int_equal(target.family, 6);
	assert_false(target.verifies);
	assert_string_equal(target.interface, "eth0");
	assert_false(addr_is_unset(&target.source));
	take("tcp://h:1?timeout=2");
	assert_int_equal(target.timeout_ms, 2000);
	take("tls://h?server_name=a%26b");
	assert_string_equal(target.server_name, "a&b");
	refuse("tcp://h:1?timeout=0", "allowed are 1ms to 120s");
	refuse("tcp://h:1?timeout=121s", "allowed are 1ms to 120s");
	refuse("tcp://h:1?timeout=nan", "allowed are 1ms to 120s");
	refuse("tcp://h:1?family=5", "allowed are 4, 6 and both");
	refuse("tcp://h:1?source=here", "allowed are an address of this machine");
	refuse("tcp://h:1?verify=perhaps", "allowed are yes, no and dates");
	refuse("tcp://h:1?timeout=%00", "can't be decoded");
}

static void passwords_are_not_shown(void **state)
{
	(void)state;
	take("redis://me:s%40cret@192.0.2.1:22");
	assert_string_equal(target.text, "redis://me@192.0.2.1:22");
	assert_string_equal(target.question.user, "me");
	assert_string_equal(target.question.password, "s@cret");
	take("http://me:secret@h/a:b@c");
	assert_string_equal(target.text, "http://me@h/a:b@c");
	refuse("redis://me:secret%01@h", "can't be decoded");
	assert_null(strstr(why, "secret"));
	refuse("redis://me:secret/@h", "redis://me@h: ");
	assert_null(strstr(why, "secret"));
	refuse("me:secret@h", "write it as");
	assert_null(strstr(why, "secret"));
}

static void long_ones_are_refused(void **state)
{
	(void)state;
	char text[2 * TARGET_TEXT_MAX + 16];
	memset(text, 'x', sizeof(text));
	memcpy(text, "tcp://", 6);
	text[sizeof(text) - 1] = '\0';
	refuse(text, "write it as");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_target_has_a_way_a_host_and_a_port, drop),
		cmocka_unit_test_teardown(what_can_not_be_asked_is_said, drop),
		cmocka_unit_test_teardown(options_of_all_targets_are_checked, drop),
		cmocka_unit_test_teardown(passwords_are_not_shown, drop),
		cmocka_unit_test_teardown(long_ones_are_refused, drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
