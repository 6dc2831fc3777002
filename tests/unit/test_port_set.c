/*
 * test_port_set.c: ports as people and nmap write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/port_list.h"
#include "base/port_set.h"

static void a_range_is_read_as_it_is_written(void **state)
{
	static const struct {
		const char *text;
		struct port_range is;
	} good[] = {
		{ "1", { 1, 1, false } },
		{ "23/tcp", { 23, 23, false } },
		{ "161/udp", { 161, 161, true } },
		{ "5900-5910", { 5900, 5910, false } },
		{ "1-65535/udp", { 1, 65535, true } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct port_range range;
		assert_true(port_range_parse(good[i].text, &range));
		assert_int_equal(range.first, good[i].is.first);
		assert_int_equal(range.last, good[i].is.last);
		assert_int_equal(range.is_udp, good[i].is.is_udp);
	}
}

static void anything_else_is_none(void **state)
{
	static const char *const bad[] = {
		"",     "0",     "65536", "99999999999", "-",       "-5",        "5-",
		"10-9", "1-2-3", "23/",   "23/sctp",     "23 ",     " 23",       "+23",
		"a",    "1,2",   "0-5",   "1-65536",     "23/tcpx", "4294967297"
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct port_range range;
		if (port_range_parse(bad[i], &range))
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

static void a_set_is_written_as_findings_list_ports(void **state)
{
	static const char *const texts[] = { "5900-5903", "23",      "65535",
					     "24",        "161/udp", "65535/udp" };
	struct port_set set = { 0 };
	char text[64];
	(void)state;
	port_set_text(&set, text, sizeof(text));
	assert_string_equal(text, "");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct port_range range;
		assert_true(port_range_parse(texts[i], &range));
		port_set_add(&set, &range);
	}
	assert_int_equal(port_set_count(&set), 9);
	assert_true(port_set_holds(&set, true, 161));
	assert_false(port_set_holds(&set, false, 161));
	port_set_text(&set, text, sizeof(text));
	assert_string_equal(text, "23-24,5900-5903,65535,U:161,65535");
}

static void what_does_not_fit_is_left_out(void **state)
{
	static const uint16_t ports[] = { 1, 3, 5, 1000, 1001, 2000 };
	char text[16];
	(void)state;
	port_list_text(ports, 6, text, sizeof(text));
	assert_string_equal(text, "1,3,5,1000-1001");
	port_list_text(ports, 6, text, 15);
	assert_string_equal(text, "1,3,5");
	port_list_text(ports, 6, text, 1);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_read_as_it_is_written),
		cmocka_unit_test(anything_else_is_none),
		cmocka_unit_test(a_set_is_written_as_findings_list_ports),
		cmocka_unit_test(what_does_not_fit_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
