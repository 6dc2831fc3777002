/*
 * test_aggregate.c: groups of records: what is asked, what is added up, what becomes
 * others.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "web/aggregate_json.h"

#define NOW_US  INT64_C(1800000000000000) /* 2027-01-15T08:00:00Z */
#define HOUR_US INT64_C(3600000000)

/* ---- helpers ---- */

/* "by=server_port&sum=bytes": the parameters behind record=. */
static bool ask_with(struct aggregate_ask *ask, const char *record,
		     const char *parameters, char error[static AGGREGATE_ERROR_MAX])
{
	char text[512], *rest = text, *pair;
	snprintf(text, sizeof(text), "%s", parameters);
	if (!aggregate_ask_open(ask, record, error))
		return false;
	while ((pair = strsep(&rest, "&")) != NULL) {
		char *value = strchr(pair, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (!aggregate_ask_set(ask, pair, value, NOW_US, error))
			return false;
	}
	return aggregate_ask_close(ask, NOW_US, error);
}

static struct aggregate_ask asked(const char *record, const char *parameters)
{
	struct aggregate_ask ask;
	char error[AGGREGATE_ERROR_MAX];
	if (!ask_with(&ask, record, parameters, error))
		fail_msg("%s %s: %s", record, parameters, error);
	return ask;
}

static void expect_refused(const char *record, const char *parameters, const char *why)
{
	struct aggregate_ask ask;
	char error[AGGREGATE_ERROR_MAX];
	assert_false(ask_with(&ask, record, parameters, error));
	if (strstr(error, why) == NULL)
		fail_msg("%s: \"%s\" not in \"%s\"", parameters, why, error);
}

static struct flow_record flow_of(unsigned client, unsigned port, uint64_t bytes)
{
	struct flow_record flow;
	const uint8_t from[4] = { 10, (uint8_t)(client >> 16), (uint8_t)(client >> 8),
				  (uint8_t)client };
	record_init(RECORD_flow, &flow);
	flow.start = flow.end = NOW_US - HOUR_US;
	flow.client_ip = addr_v4(from);
	flow.server_port = port;
	flow.transport = "tcp";
	flow.client_bytes = bytes;
	flow.server_bytes = 1;
	return flow;
}

static void take_flow(struct aggregate *aggregate, unsigned client, unsigned port,
		      uint64_t bytes)
{
	const struct flow_record flow = flow_of(client, port, bytes);
	aggregate_take(aggregate, &flow);
}

static const char *answer_of(const struct aggregate *now,
			     const struct aggregate *before, struct buf *text)
{
	const struct aggregate_answer answer = { now, before, NULL, "" };
	buf_clear(text);
	aggregate_write(text, &answer);
	assert_true(buf_ok(text));
	return buf_cstr(text);
}

static void expect_answer(const struct aggregate *now, const char *part)
{
	struct buf text = { 0 };
	const char *answer = answer_of(now, NULL, &text);
	if (strstr(answer, part) == NULL)
		fail_msg("no %s in %s", part, answer);
	buf_free(&text);
}

static void expect_no(const struct aggregate *now, const char *part)
{
	struct buf text = { 0 };
	const char *answer = answer_of(now, NULL, &text);
	if (strstr(answer, part) != NULL)
		fail_msg("%s in %s", part, answer);
	buf_free(&text);
}

/* ---- tests ---- */

static void groups_have_counts_and_sums(void **state)
{
	struct aggregate_ask ask =
		asked("flow", "by=server_port,transport&sum=client_bytes,bytes&"
			      "max=client_bytes&min=client_bytes&mean=client_bytes");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	take_flow(&a, 1, 443, 10);
	take_flow(&a, 2, 443, 30);
	take_flow(&a, 3, 22, 5);
	expect_answer(&a, "{\"record\":\"flow\",\"by\":[\"server_port\",\"transport\"],"
			  "\"rows\":[{\"server_port\":443,\"transport\":\"tcp\","
			  "\"count\":2,\"sum_client_bytes\":40,\"sum_bytes\":42,"
			  "\"max_client_bytes\":30,\"min_client_bytes\":10,"
			  "\"mean_client_bytes\":20},{\"server_port\":22,"
			  "\"transport\":\"tcp\",\"count\":1,");
	expect_answer(&a, "],\"groups\":2,\"gaps\":[]}\n");
	aggregate_close(&a);
}

static void what_is_unknown_is_absent_and_counts_in_no_mean(void **state)
{
	struct aggregate_ask ask = asked("flow", "by=process&mean=client_bytes&"
						 "sum=handshake_us&max=end");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	take_flow(&a, 1, 443, 10);
	take_flow(&a, 1, 443, UNKNOWN_U64);
	take_flow(&a, 1, 443, 20);
	expect_answer(&a, "\"rows\":[{\"count\":3,\"mean_client_bytes\":15,"
			  "\"max_end\":\"2027-01-15T07:00:00.000000Z\"}]");
	expect_no(&a, "sum_handshake_us");
	expect_no(&a, "\"process\":");
	aggregate_close(&a);
}

static void no_record_is_no_row(void **state)
{
	struct aggregate_ask ask = asked("flow", "sum=bytes");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	expect_answer(&a, "\"by\":[],\"rows\":[],\"groups\":0,\"gaps\":[]");
	take_flow(&a, 1, 443, UINT64_C(9007199254740993)); /* no double holds it */
	expect_answer(&a, "\"rows\":[{\"count\":1,\"sum_bytes\":9007199254740994}]");
	aggregate_close(&a);
}

static void filters_are_those_of_the_records(void **state)
{
	struct aggregate_ask ask =
		asked("flow", "by=client_ip&port=443&host=10.0.0.0/31&since=2h");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	take_flow(&a, 1, 443, 1);
	take_flow(&a, 1, 80, 1);
	take_flow(&a, 2, 443, 1);
	struct flow_record old = flow_of(1, 443, 1);
	old.start = old.end = NOW_US - 3 * HOUR_US;
	aggregate_take(&a, &old);
	expect_answer(&a, "\"since\":\"2027-01-15T06:00:00.000000Z\",\"rows\":["
			  "{\"client_ip\":\"10.0.0.1\",\"count\":1}],\"groups\":1,");
	aggregate_close(&a);
}

static void those_over_the_limit_are_others_and_nothing_is_lost(void **state)
{
	struct aggregate_ask ask = asked("flow", "by=client_ip&sum=client_bytes&"
						 "mean=client_bytes&limit=2");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	for (unsigned i = 1; i <= 4; i++)
		take_flow(&a, i, 443, (uint64_t)100 * i);
	expect_answer(&a, "\"rows\":[{\"client_ip\":\"10.0.0.4\",\"count\":1,"
			  "\"sum_client_bytes\":400,\"mean_client_bytes\":400},"
			  "{\"client_ip\":\"10.0.0.3\",");
	expect_answer(&a, "\"others\":{\"groups\":2,\"count\":2,"
			  "\"sum_client_bytes\":300,\"mean_client_bytes\":150},"
			  "\"groups\":4,");
	aggregate_close(&a);
}

static void the_order_is_as_asked_and_unknown_comes_last(void **state)
{
	static const struct {
		const char *sort, *rows;
	} orders[] = {
		{ "user", "[{\"user\":\"anna\",\"count\":1},{\"user\":\"zoe\","
			  "\"count\":2},{\"count\":3}]" },
		{ "user:desc", "[{\"user\":\"zoe\",\"count\":2},{\"user\":\"anna\","
			       "\"count\":1},{\"count\":3}]" },
		{ "count", "[{\"count\":3},{\"user\":\"zoe\",\"count\":2},"
			   "{\"user\":\"anna\",\"count\":1}]" },
		{ "count:asc", "[{\"user\":\"anna\",\"count\":1},{\"user\":\"zoe\","
			       "\"count\":2},{\"count\":3}]" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		char parameters[64];
		struct aggregate a;
		snprintf(parameters, sizeof(parameters), "by=user&sort=%s",
			 orders[i].sort);
		struct aggregate_ask ask = asked("flow", parameters);
		assert_true(aggregate_open(&a, &ask));
		for (unsigned j = 0; j < 6; j++) {
			struct flow_record flow = flow_of(1, 443, 1);
			record_text(flow.user, sizeof(flow.user),
				    j < 3    ? ""
				    : j == 3 ? "anna"
					     : "zoe");
			aggregate_take(&a, &flow);
		}
		expect_answer(&a, orders[i].rows);
		aggregate_close(&a);
	}
}

static void addresses_are_in_order_to_the_last_bit(void **state)
{
	struct aggregate_ask ask = asked("flow", "by=client_ip&sort=client_ip:asc");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	for (int i = 2; i >= 0; i--) {
		struct flow_record flow = flow_of(1, 443, 1);
		uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)i };
		flow.client_ip = addr_v6(six);
		aggregate_take(&a, &flow);
	}
	expect_answer(&a, "[{\"client_ip\":\"2001:db8::\",\"count\":1},"
			  "{\"client_ip\":\"2001:db8::1\",\"count\":1},"
			  "{\"client_ip\":\"2001:db8::2\",\"count\":1}]");
	aggregate_close(&a);
}

static void steps_are_told_in_order_and_empty_ones_are_no_row(void **state)
{
	struct aggregate_ask ask = asked(
		"flow", "by=server_port&sum=client_bytes&step=1h&since=4h&limit=1");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	for (int i = 1; i <= 4; i++) {
		struct flow_record flow = flow_of(1, i == 2 ? 22 : 443, 10);
		/* The last began before, and counts as of the begin. */
		flow.start = NOW_US - (i == 4 ? 9 : i) * HOUR_US;
		flow.end = NOW_US - i * HOUR_US;
		aggregate_take(&a, &flow);
	}
	expect_answer(&a,
		      "\"step_s\":3600,\"since\":\"2027-01-15T04:00:00.000000Z\","
		      "\"until\":\"2027-01-15T08:00:00.000000Z\",\"rows\":["
		      "{\"server_port\":443,\"at\":\"2027-01-15T04:00:00.000000Z\","
		      "\"count\":1,\"sum_client_bytes\":10},"
		      "{\"server_port\":443,\"at\":\"2027-01-15T05:00:00.000000Z\","
		      "\"count\":1,\"sum_client_bytes\":10},"
		      "{\"server_port\":443,\"at\":\"2027-01-15T07:00:00.000000Z\","
		      "\"count\":1,\"sum_client_bytes\":10}],\"others\":{\"groups\":1,"
		      "\"count\":1,\"sum_client_bytes\":10,\"rows\":["
		      "{\"at\":\"2027-01-15T06:00:00.000000Z\",\"count\":1,"
		      "\"sum_client_bytes\":10}]},\"groups\":2,");
	aggregate_close(&a);
}

/* An hour's sum in a chart by the minute would be a peak that never was. */
static void no_step_is_shorter_than_what_is_kept_of_that_time(void **state)
{
	struct aggregate_ask ask = asked("port", "sum=flows&step=1m&since=5h");
	struct aggregate a;
	struct port_record port;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	record_init(RECORD_port, &port);
	port.flows = 1;
	for (int i = 0; i < 120; i++) {
		port.start = NOW_US - HOUR_US + (int64_t)(i % 60) * 60000000;
		port.interval_s = 60;
		aggregate_take(&a, &port);
	}
	port.start = NOW_US - 4 * HOUR_US;
	port.interval_s = 3600;
	port.flows = 7;
	aggregate_take(&a, &port);
	expect_answer(&a, "\"step_s\":3600,");
	expect_answer(&a,
		      "\"rows\":[{\"at\":\"2027-01-15T04:00:00.000000Z\",\"count\":1,"
		      "\"sum_flows\":7},{\"at\":\"2027-01-15T07:00:00.000000Z\","
		      "\"count\":120,\"sum_flows\":120}]");
	aggregate_close(&a);
}

static void the_time_before_has_the_same_groups(void **state)
{
	struct aggregate_ask ask = asked(
		"flow", "by=client_ip&sum=client_bytes&since=2h&previous=1&limit=1");
	struct aggregate_ask ask_before = aggregate_ask_before(&ask);
	struct aggregate now, before;
	struct buf text = { 0 };
	(void)state;
	assert_int_equal(ask_before.query.until_us, ask.query.since_us - 1);
	assert_true(aggregate_open(&now, &ask));
	assert_true(aggregate_open(&before, &ask_before));
	take_flow(&now, 1, 443, 100);
	take_flow(&now, 2, 443, 1);
	for (unsigned i = 1; i <= 2; i++) {
		struct flow_record flow = flow_of(i, 443, 1000 * i);
		flow.start = flow.end = NOW_US - 3 * HOUR_US;
		aggregate_take(&before, &flow);
	}
	const char *answer = answer_of(&now, &before, &text);
	assert_non_null(strstr(answer, "\"previous\":[{\"client_ip\":\"10.0.0.1\","
				       "\"count\":1,\"sum_client_bytes\":1000}],"));
	buf_free(&text);
	aggregate_close(&now);
	aggregate_close(&before);
}

/* ---- too many groups ---- */

enum { SOURCES = 5000, TAKEN = 40000, MOST = 256 };

static uint64_t truth[SOURCES];

/* A few sources with much, many with little. */
static void take_many(struct aggregate *a, uint64_t *total)
{
	for (int i = 0; i < TAKEN; i++) {
		double chance = (double)random() / (double)RAND_MAX;
		unsigned client = (unsigned)(pow(chance, 6) * (SOURCES - 1));
		uint64_t bytes = (uint64_t)(random() % 1000);
		struct flow_record flow = flow_of(client, 443, bytes);
		flow.start = NOW_US - (random() % 24) * HOUR_US;
		flow.end = flow.start;
		aggregate_take(a, &flow);
		truth[client] += bytes;
		*total += bytes;
	}
}

static uint64_t number_behind(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 10);
}

static void check_rows(const char *answer, uint64_t short_by, uint64_t total)
{
	uint64_t sum =
		number_behind(strstr(answer, "\"others\":"), "\"sum_client_bytes\":");
	for (const char *row = answer;
	     (row = strstr(row, "\"client_ip\":\"10.")) != NULL; row++) {
		char *end;
		unsigned long a = strtoul(strstr(row, "10.") + 3, &end, 10);
		unsigned long b = strtoul(end + 1, &end, 10);
		unsigned long c = strtoul(end + 1, &end, 10);
		assert_int_equal(*end, '"');
		uint64_t told = number_behind(row, "\"sum_client_bytes\":");
		uint64_t is = truth[a << 16 | b << 8 | c];
		assert_true(told <= is && told + short_by >= is);
		sum += told;
	}
	assert_int_equal(sum, total);
}

static void too_many_groups_are_merged_and_the_bound_is_true(void **state)
{
	struct aggregate_ask ask =
		asked("flow", "by=client_ip&sum=client_bytes&limit=50&since=2d");
	struct aggregate a;
	struct buf text = { 0 };
	uint64_t total = 0;
	(void)state;
	memset(truth, 0, sizeof(truth));
	assert_true(aggregate_open(&a, &ask));
	a.most_groups = MOST;
	take_many(&a, &total);
	assert_true(a.group_count <= MOST);
	const char *answer = answer_of(&a, NULL, &text);
	assert_non_null(strstr(answer, "\"groups_are_estimated\":true"));
	assert_non_null(strstr(answer, "\"of\":\"sum_client_bytes\""));
	check_rows(answer, number_behind(answer, "\"short_by\":"), total);
	buf_free(&text);
	aggregate_close(&a);
}

/* The steps of those merged stay, as those of others. */
static void too_many_steps_are_merged_and_none_is_lost(void **state)
{
	struct aggregate_ask ask =
		asked("flow", "by=client_ip&sum=client_bytes&limit=5&since=2d&step=1h");
	struct aggregate a;
	struct buf text = { 0 };
	uint64_t total = 0, sum = 0;
	(void)state;
	memset(truth, 0, sizeof(truth));
	assert_true(aggregate_open(&a, &ask));
	a.most_cells = 4 * MOST;
	take_many(&a, &total);
	assert_true(a.cell_count <= 4 * MOST && a.merged > 0);
	const char *answer = answer_of(&a, NULL, &text);
	assert_int_equal(number_behind(strstr(answer, "\"others\":"), "\"groups\":") +
				 5,
			 number_behind(strstr(answer, "]},\"groups"), "\"groups\":"));
	for (const char *row = answer; (row = strstr(row, "\"at\":")) != NULL; row++)
		sum += number_behind(row, "\"sum_client_bytes\":");
	assert_int_equal(sum, total);
	buf_free(&text);
	aggregate_close(&a);
}

static void keys_of_much_text_are_bounded(void **state)
{
	struct aggregate_ask ask = asked("flow", "by=name,user&sum=client_bytes");
	struct aggregate a;
	(void)state;
	assert_true(aggregate_open(&a, &ask));
	a.most_key_bytes = 4096;
	for (unsigned i = 0; i < 1000; i++) {
		struct flow_record flow = flow_of(1, 443, 3);
		snprintf(flow.name, sizeof(flow.name), "%040u.example", i);
		aggregate_take(&a, &flow);
	}
	assert_true(a.key_bytes <= 4096);
	uint64_t sum = aggregate_group_tally(&a, 0)->count + a.others->count;
	for (size_t i = 1; i < a.group_count; i++)
		sum += aggregate_group_tally(&a, i)->count;
	assert_int_equal(sum, 1000);
	aggregate_close(&a);
}

/* ---- errors ---- */

static void an_error_names_the_parameter_and_what_is_allowed(void **state)
{
	(void)state;
	expect_refused(NULL, "", "record: of what, is missing; one of flow, port");
	expect_refused("flaw", "", "record: \"flaw\" is not one of flow, port");
	expect_refused("contact", "", "record: \"contact\" is not one of");
	expect_refused("flow", "by=colour",
		       "by: \"colour\" is no field of flow; one of");
	expect_refused("flow", "by=", "by: \"\" is no field of flow");
	expect_refused("packet", "by=data", "by: \"data\" is no field of packet");
	expect_refused("flow", "sum=process",
		       "sum: \"process\" is no number of flow; one of ip_proto,");
	expect_refused("flow", "sum=start", "sum: \"start\" is no number");
	expect_refused("finding", "mean=bytes", "mean: \"bytes\" is no number");
	expect_refused("flow", "by=start,end,vlan,pid,user,state,process",
		       "by: at most 6 fields");
	expect_refused("flow",
		       "sum=client_bytes,server_bytes,bytes,packets,resets,responses,"
		       "flows,pid,vlan",
		       "sum: sum, max, min and mean together have at most 8");
	expect_refused("flow", "step=2h&since=1d", "step: \"2h\" is not one of 10s,");
	expect_refused("flow", "step=1h", "step: since when, is missing");
	expect_refused("flow", "previous=1", "previous: since when, is missing");
	expect_refused("flow", "previous=yes", "previous: \"yes\" is not 0 or 1");
	expect_refused("flow", "step=10s&since=30d", "step: more than 11000 steps");
	expect_refused("flow", "limit=0", "limit: \"0\" is not a number of groups");
	expect_refused("flow", "limit=10001", "from 1 to 10000");
	expect_refused("flow", "by=user&sum=bytes&sort=pid",
		       "sort: \"pid\" is not one of count, sum_bytes, user");
	expect_refused("flow", "sort=count:up", "sort: \"count:up\" is not");
	expect_refused("flow", "port=x", "port: \"x\" is not a port number");
	expect_refused("flow", "colour=red", "colour: not a parameter here");
	expect_refused("flow", "colour=red", "by sum max min mean step previous");
	expect_refused("flow", "since=1h&until=2h", "since: must not be later");
}

int main(void)
{
	unsigned seed = (unsigned)time(NULL);
	printf("seed %u\n", seed);
	srandom(seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_have_counts_and_sums),
		cmocka_unit_test(what_is_unknown_is_absent_and_counts_in_no_mean),
		cmocka_unit_test(no_record_is_no_row),
		cmocka_unit_test(filters_are_those_of_the_records),
		cmocka_unit_test(those_over_the_limit_are_others_and_nothing_is_lost),
		cmocka_unit_test(the_order_is_as_asked_and_unknown_comes_last),
		cmocka_unit_test(addresses_are_in_order_to_the_last_bit),
		cmocka_unit_test(steps_are_told_in_order_and_empty_ones_are_no_row),
		cmocka_unit_test(no_step_is_shorter_than_what_is_kept_of_that_time),
		cmocka_unit_test(the_time_before_has_the_same_groups),
		cmocka_unit_test(too_many_groups_are_merged_and_the_bound_is_true),
		cmocka_unit_test(too_many_steps_are_merged_and_none_is_lost),
		cmocka_unit_test(keys_of_much_text_are_bounded),
		cmocka_unit_test(an_error_names_the_parameter_and_what_is_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
