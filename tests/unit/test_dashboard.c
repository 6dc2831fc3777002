/*
 * test_dashboard.c: a dashboard is refused with its place and with what is allowed;
 * what is written reads back the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/dashboard.h"

#define HEAD  "title: t\npanels:\n"
#define PANEL HEAD "- title: p\n  record: flow\n  view: table\n"

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "", "d:1:1: not a dashboard" },
	{ "[]", "d:1:1: not a dashboard" },
	{ "title: t\n", "d:1:1: a dashboard without panels" },
	{ "panels: []\n", "d:1:1: a dashboard without title" },
	{ "title: t\npanels: []\ncolour: red\n",
	  "d:3:1: unknown key \"colour\"; allowed: title, description, panels" },
	{ "title: t\ntitle: u\npanels: []\n", "title is set twice" },
	{ "title: \"\"\npanels: []\n", "d:1:8: title can't be \"\"" },
	{ "title: t\npanels: 5\n", "d:2:9: panels can't be \"5\"" },
	{ "title: t\npanels: []\n---\na: b\n", "a second document" },
	{ HEAD "- 7\n", "d:3:3: a panel can't be \"7\"" },
	{ HEAD "- title: p\n", "d:3:3: a panel without record" },
	{ HEAD "- {title: p, record: flows, view: table}\n",
	  "d:3:22: record can't be \"flows\"; allowed is one of flow, port" },
	{ HEAD "- {title: p, record: contact, view: table}\n",
	  "record can't be \"contact\"" },
	{ HEAD "- {title: p, record: flow, view: pie}\n",
	  "d:3:34: view can't be \"pie\"; allowed is line, bar, table" },
	{ PANEL "  by: [client_ip, nobody]\n",
	  "d:6:19: by can't be \"nobody\"; allowed is a field of flow: start" },
	{ PANEL "  by: [a, b, c, d, e, f, g]\n", "d:6:26: by can't be \"g\"" },
	{ PANEL "  sum: [state]\n", "d:6:9: sum can't be \"state\"" },
	{ PANEL "  mean: start\n", "d:6:9: mean can't be \"start\"" },
	{ PANEL "  where: {port: 70000}\n",
	  "d:6:17: port: \"70000\" is not a port number" },
	{ PANEL "  where: {limit: 5}\n", "d:6:11: where can't be \"limit\"" },
	{ PANEL "  where: {severity: high}\n",
	  "d:6:11: where can't be \"severity\"; allowed is port, host" },
	{ PANEL "  where: {port: 1, port: 2}\n", "d:6:20: where can't be \"port\"" },
	{ PANEL "  where: [1]\n", "d:6:10: where can't be a list" },
	{ PANEL "  since: yesterday\n", "d:6:10: since can't be \"yesterday\"" },
	{ PANEL "  step: 2m\n", "d:6:9: step can't be \"2m\"" },
	{ PANEL "  limit: 0\n", "d:6:10: limit can't be \"0\"" },
	{ PANEL "  limit: 1001\n", "limit can't be \"1001\"" },
	{ PANEL "  width: 13\n", "width can't be \"13\"" },
	{ PANEL "  height: -1\n", "height can't be \"-1\"" },
	{ PANEL "  sort: nothing\n", "sort: \"nothing\" is not a field" },
	{ PANEL "  by: state\n  sort: client_ip\n",
	  "d:7:9: sort can't be \"client_ip\"; allowed is count" },
	{ PANEL "  thresholds: [1, x]\n", "d:6:19: thresholds can't be \"x\"" },
	{ PANEL "  thresholds: [1e99]\n", "thresholds can't be \"1e99\"" },
	{ PANEL "  thresholds: 5\n", "d:6:15: thresholds can't be \"5\"" },
	{ PANEL "  width: &a 5\n", "anchors, aliases and tags" },
	{ HEAD "- {title: p, record: flow, view: sankey, by: state}\n",
	  "d:3:3: sankey needs at least two fields" },
	{ HEAD "- {title: p, record: flow, view: heat}\n", "heat needs a field" },
	{ HEAD "- {title: p, record: flow, view: number, by: state}\n",
	  "number shows one value" },
};

static void what_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf errors = { 0 };
		struct dashboard *dashboard = dashboard_parse(
			wrong[i].text, strlen(wrong[i].text), "d", &errors);
		const char *said = buf_cstr(&errors);
		if (dashboard != NULL || strstr(said, wrong[i].error) == NULL)
			fail_msg("%s\nsaid: %s\nnot: %s", wrong[i].text, said,
				 wrong[i].error);
		buf_free(&errors);
	}
}

static void no_more_panels_than_may_be(void **state)
{
	struct buf text = { 0 }, errors = { 0 };
	(void)state;
	buf_text(&text, HEAD);
	for (int i = 0; i < DASHBOARD_PANELS_MAX; i++)
		buf_text(&text, "- {title: p, record: flow, view: table}\n");
	struct dashboard *dashboard = dashboard_parse(text.at, text.len, "d", &errors);
	assert_non_null(dashboard);
	assert_int_equal(dashboard->count, DASHBOARD_PANELS_MAX);
	dashboard_free(dashboard);
	buf_text(&text, "- {title: p, record: flow, view: table}\n");
	assert_null(dashboard_parse(text.at, text.len, "d", &errors));
	assert_non_null(strstr(buf_cstr(&errors), "d:67:3: too many panels"));
	buf_free(&text);
	buf_free(&errors);
}

static const char full[] =
	"{\"title\":\"no\",\"description\":\"A: \\\"b\\\" # c\",\"panels\":[{"
	"\"title\":\"- p\",\"record\":\"port\",\"view\":\"line\",\"by\":[\"port\"],"
	"\"sum\":[\"flows\",\"errors\"],\"max\":[\"response_p95_us\"],"
	"\"where\":{\"port\":\"443\",\"process\":\"true\"},\"since\":\"24h\","
	"\"step\":\"5m\",\"limit\":5,\"sort\":\"flows:asc\",\"width\":12,"
	"\"height\":1,\"thresholds\":[0.5,-3,1000000]},{\"title\":\"x\","
	"\"record\":\"finding\",\"view\":\"number\",\"width\":6,\"height\":3}]}";

static void what_is_written_reads_back_the_same(void **state)
{
	struct buf errors = { 0 }, yaml = { 0 }, json = { 0 };
	(void)state;
	assert_true(dashboard_is_json(full, strlen(full)));
	struct dashboard *one = dashboard_parse(full, strlen(full), "d", &errors);
	assert_non_null(one);
	dashboard_json(&json, one);
	assert_string_equal(buf_cstr(&json), full);
	dashboard_yaml(&yaml, one);
	assert_false(dashboard_is_json(yaml.at, yaml.len));
	struct dashboard *two = dashboard_parse(yaml.at, yaml.len, "d", &errors);
	assert_non_null(two);
	buf_clear(&json);
	dashboard_json(&json, two);
	assert_string_equal(buf_cstr(&json), full);
	dashboard_free(one);
	dashboard_free(two);
	buf_free(&errors);
	buf_free(&yaml);
	buf_free(&json);
}

static void every_shorter_text_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(full); len++) {
		struct buf errors = { 0 };
		struct dashboard *dashboard = dashboard_parse(full, len, "d", &errors);
		assert_true((dashboard != NULL) == (errors.len == 0));
		dashboard_free(dashboard);
		buf_free(&errors);
	}
}

static void names_are_no_paths(void **state)
{
	static const char *const bad[] = { "",  ".",   "..",  "a/b",
					   "A", "a.b", "a b", "\xc3\xa4" };
	char longest[DASHBOARD_NAME_MAX + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(dashboard_is_name(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_true(dashboard_is_name(longest));
	longest[64] = 'a';
	longest[65] = '\0';
	assert_false(dashboard_is_name(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
		cmocka_unit_test(no_more_panels_than_may_be),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(every_shorter_text_is_read_or_refused),
		cmocka_unit_test(names_are_no_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
