/*
 * test_forwarded.c: which address a request through proxies comes from: what a proxy of
 * ours added, and never what the client did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "web/forwarded.h"

static struct config_prefixes proxies;

static int set_up(void **state)
{
	static const char *const ours[] = { "10.0.0.0/24", "2001:db8:1::/64" };
	(void)state;
	proxies.count = 0;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(prefix_parse(ours[i], &proxies.at[proxies.count++]));
	return 0;
}

/* second: another line of the same header; NULL: none.  client: "": not known. */
static void expect(const char *name, const char *line, const char *second,
		   const char *client)
{
	struct forwarded f;
	char text[ADDR_TEXT_MAX] = "";
	forwarded_init(&f, name, &proxies);
	forwarded_line(&f, line);
	if (second != NULL)
		forwarded_line(&f, second);
	if (!addr_is_unset(&f.client))
		addr_text(&f.client, text);
	if (strcmp(text, client) != 0)
		fail_msg("%s: %s: \"%s\", not \"%s\"", name, line, text, client);
}

static void the_last_that_is_no_proxy_of_ours_counts(void **state)
{
	static const struct {
		const char *line, *second, *client;
	} cases[] = {
		{ "192.0.2.7", NULL, "192.0.2.7" },
		{ "198.51.100.1, 192.0.2.7", NULL, "192.0.2.7" },
		{ "198.51.100.1,192.0.2.7 , 10.0.0.2\t,2001:db8:1::9", NULL,
		  "192.0.2.7" },
		{ "198.51.100.1", "192.0.2.7", "192.0.2.7" },
		{ "192.0.2.7", "10.0.0.2", "192.0.2.7" },
		{ "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3" }, /* a proxy itself asks */
		{ "192.0.2.7:4711", NULL, "192.0.2.7" },
		{ "2001:db8::7", NULL, "2001:db8::7" },
		{ "[2001:db8::7]", NULL, "2001:db8::7" },
		{ "[2001:db8::7]:443", NULL, "2001:db8::7" },
		{ "::ffff:192.0.2.7", NULL, "192.0.2.7" },
		{ ", 192.0.2.7, ,", NULL, "192.0.2.7" },
		{ "", NULL, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect("X-Forwarded-For", cases[i].line, cases[i].second,
		       cases[i].client);
}

static void behind_what_is_no_address_only_proxies_of_ours_count(void **state)
{
	static const char *const wrong[] = {
		"unknown",      "192.0.2",
		"192.0.2.7:",   "192.0.2.7:8 0",
		"[2001:db8::7", "[2001:db8::7]x",
		"a.example",    "192.0.2.7;1",
		"[192.0.2.7",   "2001:db8::7:65536:1:1:1:1"
	};
	char line[256];
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(line, sizeof(line), "198.51.100.1, %s", wrong[i]);
		expect("X-Forwarded-For", line, NULL, "");
		expect("X-Forwarded-For", line, "10.0.0.2", "10.0.0.2");
		expect("X-Forwarded-For", line, "192.0.2.9", "192.0.2.9");
	}
	memset(line, '1', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	expect("X-Forwarded-For", line, NULL, "");
}

static void the_standard_header_is_read_as_rfc_7239_has_it(void **state)
{
	static const struct {
		const char *line, *second, *client;
	} cases[] = {
		{ "for=192.0.2.7", NULL, "192.0.2.7" },
		{ "For=192.0.2.7;proto=https;by=10.0.0.1", NULL, "192.0.2.7" },
		{ "proto=https; for=\"[2001:db8::7]:4711\"", NULL, "2001:db8::7" },
		{ "for=198.51.100.1, for=192.0.2.7;host=\"a,b\\\"\", for=10.0.0.2",
		  NULL, "192.0.2.7" },
		{ "for=192.0.2.7", "for=10.0.0.2", "192.0.2.7" },
		{ "for=\"_hidden\", for=10.0.0.2", NULL, "10.0.0.2" },
		{ "for=192.0.2.7, proto=https", NULL, "" }, /* not said of whom */
		{ "for=\"192.0.2.7:_x\"", NULL, "192.0.2.7" },
		/* What ends nowhere may hold what our proxy added. */
		{ "for=198.51.100.1;x=\", for=192.0.2.7", NULL, "" },
		{ "for=198.51.100.1;x=\", for=\"[2001:db8::7]\"", NULL, "" },
		{ "for=198.51.100.1;x=\"", "for=192.0.2.7", "192.0.2.7" },
		{ "for=198.51.100.1;for=192.0.2.7", NULL, "" },
		{ "for=198.51.100.1;x=\\, for=192.0.2.7", NULL, "192.0.2.7" },
		{ "198.51.100.1", NULL, "" },
		{ "for=", NULL, "" },
		{ "for", NULL, "" },
		{ "", NULL, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect("forwarded", cases[i].line, cases[i].second, cases[i].client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_that_is_no_proxy_of_ours_counts),
		cmocka_unit_test(behind_what_is_no_address_only_proxies_of_ours_count),
		cmocka_unit_test(the_standard_header_is_read_as_rfc_7239_has_it),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
