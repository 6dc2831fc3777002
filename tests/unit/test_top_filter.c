/*
 * test_top_filter.c: what somebody types into the full screen to see less, and what a
 * view is filtered by that is to tell of the same as another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <string.h>

#include "cli/top.h"

static void assert_parameters(const struct top_view *view, const char *filter,
			      const char *wanted)
{
	struct buf path = { 0 };
	filter_parameters(filter, view, &path);
	assert_string_equal(buf_cstr(&path), wanted);
	buf_free(&path);
}

static void words_go_to_the_daemon_and_text_does_not(void **state)
{
	(void)state;
	assert_parameters(&top_ports, "", "");
	assert_parameters(&top_ports, "nginx", "");
	assert_parameters(&top_ports, " port=443   nginx  host=192.0.2.0/24 ",
			  "?port=443&host=192.0.2.0%2F24");
	assert_parameters(&top_flows, "client=::1", "?client_ip=%3A%3A1");
	assert_parameters(&top_ports, "=443", "");
	assert_parameters(&top_ports, "port=", "?port=");
	assert_parameters(&top_ports, "process=a&limit=9", "?process=a%26limit%3D9");
}

static void what_holds_as_usual_gives_way_to_what_is_asked(void **state)
{
	(void)state;
	assert_parameters(&top_findings, "port=22", "?state=open&at_least=low&port=22");
	assert_parameters(&top_findings, "state=closed", "?at_least=low&state=closed");
}

static void text_must_be_seen_whatever_its_case(void **state)
{
	(void)state;
	const struct limits limits = limits_of(NULL);
	json_t *row =
		json_loads("{\"server_ip\":\"192.0.2.1\",\"port\":443,"
			   "\"transport\":\"tcp\",\"process\":\"NGINX\\u001b[2J\"}",
			   0, NULL);
	assert_true(filter_matches("", &top_ports, &limits, row));
	assert_true(filter_matches("nginx 443/tcp", &top_ports, &limits, row));
	assert_false(filter_matches("nginx 444/tcp", &top_ports, &limits, row));
	assert_true(filter_matches("port=444", &top_ports, &limits, row));
	assert_true(filter_matches("nginx?[2j", &top_ports, &limits, row));
	assert_false(filter_matches("\x1b", &top_ports, &limits, row));
	json_decref(row);
}

static void a_long_filter_is_cut_and_no_more(void **state)
{
	(void)state;
	char filter[FILTER_MAX];
	struct buf path = { 0 };
	memset(filter, 'x', sizeof(filter));
	filter[sizeof(filter) - 1] = '\0';
	filter[100] = '='; /* a name as long as that is none */
	filter_parameters(filter, &top_ports, &path);
	assert_int_equal(path.len, 0);
	assert_true(filter_has_text(filter));
	assert_false(filter_has_words(filter));
	buf_free(&path);
}

static void assert_about(const struct top_view *from, const struct top_view *to,
			 const char *json, const char *wanted)
{
	char filter[FILTER_MAX];
	struct about about = { 0 };
	json_t *row = json_loads(json, 0, NULL);
	assert_non_null(row);
	from->about(row, &about);
	filter_about(&about, to, filter);
	assert_string_equal(filter, wanted);
	json_decref(row);
}

static void another_view_tells_of_the_same_sensor(void **state)
{
	(void)state;
	char filter[FILTER_MAX];
	const struct about about = { .port = "443", .sensor = "web-3" };
	filter_about(&about, &top_findings, filter);
	assert_string_equal(filter, "sensor=web-3 port=443");
	filter_about(&about, &top_monitor, filter);
	assert_string_equal(filter, "");
}

/* On a hub the same service of two machines is two rows. */
static void rows_of_two_sensors_are_two(void **state)
{
	(void)state;
	struct top top = { .at = 0 };
	char one[ROW_KEY_MAX], other[ROW_KEY_MAX];
	json_t *row = json_loads("{\"server_ip\":\"10.0.0.1\",\"port\":443,"
				 "\"transport\":\"tcp\",\"sensor\":\"web-1\"}",
				 0, NULL);
	top_row_key(&top, row, one);
	json_object_set_new(row, "sensor", json_string("web-2"));
	top_row_key(&top, row, other);
	assert_string_not_equal(one, other);
	json_decref(row);
}

static void another_view_tells_of_the_same(void **state)
{
	(void)state;
	const char *port = "{\"server_ip\":\"192.0.2.1\",\"port\":443,"
			   "\"transport\":\"tcp\"}";
	assert_about(&top_ports, &top_flows, port,
		     "port=443 transport=tcp host=192.0.2.1");
	assert_about(&top_ports, &top_findings, port, "port=443");
	assert_about(&top_ports, &top_monitor, port, "");
	const char *source = "{\"client_ip\":\"198.51.100.7\"}";
	assert_about(&top_sources, &top_flows, source, "client=198.51.100.7");
	assert_about(&top_sources, &top_probes, source, "");
	const char *block = "{\"address\":\"203.0.113.0\",\"prefix_len\":24}";
	assert_about(&top_blocks, &top_sources, block, "client=203.0.113.0/24");
	const char *host = "{\"address\":\"2001:db8::7\",\"prefix_len\":128}";
	assert_about(&top_blocks, &top_flows, host, "client=2001:db8::7");
	const char *alert = "{\"incident\":\"3fa2b1c45d6e7f80\",\"port\":22}";
	assert_about(&top_alerts, &top_findings, alert, "incident=3fa2b1c45d6e7f80");
	assert_about(&top_alerts, &top_ports, alert, "port=22");
}

static void a_filter_about_the_past_is_known(void **state)
{
	(void)state;
	assert_true(filter_has_time("port=1 since=2h"));
	assert_true(filter_has_time("until=2h"));
	assert_false(filter_has_time("since"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_go_to_the_daemon_and_text_does_not),
		cmocka_unit_test(what_holds_as_usual_gives_way_to_what_is_asked),
		cmocka_unit_test(text_must_be_seen_whatever_its_case),
		cmocka_unit_test(a_long_filter_is_cut_and_no_more),
		cmocka_unit_test(another_view_tells_of_the_same),
		cmocka_unit_test(another_view_tells_of_the_same_sensor),
		cmocka_unit_test(rows_of_two_sensors_are_two),
		cmocka_unit_test(a_filter_about_the_past_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
