/*
 * test_matrix.c: connections come to the row of their networks, service and day, what
 * is no connection to none, and a day has no more rows than it may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/matrix.h"

/* 2026-01-31T00:00:00Z */
#define DAY_US   (86400 * INT64_C(1000000))
#define START_US INT64_C(1769817600000000)

enum { TOLD_MAX = MATRIX_ROWS_MAX + 64 };

static struct home own, home;
static struct matrix *matrix;
static struct conversation_record told[TOLD_MAX];
static size_t told_count;

static void add(struct home *to, const char *text)
{
	struct prefix prefix;
	assert_true(prefix_parse(text, &prefix));
	assert_true(home_add(to, &prefix));
}

static int open_matrix(void **state)
{
	(void)state;
	own.count = home.count = 0;
	add(&own, "10.0.0.1");
	add(&own, "fd00::1");
	add(&home, "10.0.0.0/8");
	add(&home, "fd00::/16");
	matrix = matrix_new();
	return matrix != NULL ? 0 : -1;
}

static int close_matrix(void **state)
{
	(void)state;
	matrix_free(matrix);
	return 0;
}

static struct flow_record a_flow(const char *client, const char *server, uint32_t port)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	assert_true(addr_parse(client, &flow.client_ip));
	assert_true(addr_parse(server, &flow.server_ip));
	flow.server_port = port;
	flow.transport = "tcp";
	flow.state = "SF";
	flow.start = START_US + 1000000;
	flow.end = START_US + 2000000;
	flow.client_packets = flow.server_packets = 5;
	flow.client_bytes = 100;
	flow.server_bytes = 900;
	return flow;
}

static void take(const struct flow_record *flow, const struct policy *policy)
{
	const struct matrix_zones zones = { &own, &home, policy };
	matrix_take(matrix, &zones, flow);
}

static void see(const char *client, const char *server, uint32_t port)
{
	const struct flow_record flow = a_flow(client, server, port);
	take(&flow, NULL);
}

static void keep(void *to, const struct conversation_record *row)
{
	(void)to;
	assert_true(told_count < TOLD_MAX);
	told[told_count++] = *row;
}

static void tell(void)
{
	told_count = 0;
	matrix_tell(matrix, keep, NULL);
}

static void is_row(size_t i, const char *client_zone, const char *client,
		   const char *server_zone, const char *server)
{
	assert_true(i < told_count);
	assert_string_equal(told[i].client_zone, client_zone);
	assert_string_equal(told[i].client_network, client);
	assert_string_equal(told[i].server_zone, server_zone);
	assert_string_equal(told[i].server_network, server);
}

static void networks_stand_for_their_hosts_and_outside_is_one(void **state)
{
	(void)state;
	see("10.1.2.3", "10.0.0.1", 443);
	see("10.1.2.9", "10.0.0.1", 443);
	see("192.0.2.1", "10.0.0.1", 443);
	see("198.51.100.7", "10.0.0.1", 443);
	see("10.0.0.1", "192.0.2.1", 25);
	see("fd00:0:0:7::9", "fd00::1", 22);
	see("2001:db8::1", "fd00::1", 22);
	see("10.1.2.3", "224.0.0.251", 5353);
	tell();
	assert_int_equal(told_count, 6);
	is_row(0, "home", "10.1.2.0/24", "own", "10.0.0.1");
	assert_int_equal(told[0].flows, 2);
	assert_int_equal(told[0].client_bytes, 200);
	assert_int_equal(told[0].server_bytes, 1800);
	assert_int_equal(told[0].start, START_US);
	assert_int_equal(told[0].first, START_US + 1000000);
	assert_int_equal(told[0].last, START_US + 2000000);
	is_row(1, "outside", "0.0.0.0/0", "own", "10.0.0.1");
	assert_int_equal(told[1].flows, 2);
	is_row(2, "own", "10.0.0.1", "outside", "0.0.0.0/0");
	is_row(3, "home", "fd00:0:0:7::/64", "own", "fd00::1");
	is_row(4, "outside", "::/0", "own", "fd00::1");
	is_row(5, "home", "10.1.2.0/24", "group", "224.0.0.251");
}

static void what_is_told_is_not_told_again(void **state)
{
	(void)state;
	see("10.1.2.3", "10.0.0.1", 443);
	tell();
	tell();
	assert_int_equal(told_count, 0);
	see("10.1.2.3", "10.0.0.1", 443);
	tell();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].flows, 1);
}

static void what_is_no_connection_is_in_no_row(void **state)
{
	(void)state;
	struct flow_record flow = a_flow("10.1.2.3", "10.0.0.1", 443);
	flow.state = "S0";
	take(&flow, NULL);
	flow = a_flow("10.1.2.3", "10.0.0.1", 443);
	flow.probe = 1;
	take(&flow, NULL);
	flow = a_flow("10.1.2.3", "10.0.0.1", 8);
	flow.transport = "icmp";
	take(&flow, NULL);
	see("10.0.0.1", "10.0.0.1", 443);
	tell();
	assert_int_equal(told_count, 0);
}

static void the_register_speaks_of_services_of_this_machine_only(void **state)
{
	(void)state;
	static const char text[] =
		"ports:\n"
		"  - port: 443\n    transport: tcp\n    owner: ada\n    reason: web\n"
		"    clients: [10.1.2.0/24]\n";
	struct buf errors = { 0 };
	struct policy *policy = policy_parse(text, strlen(text), "test", &errors);
	if (policy == NULL)
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
	struct flow_record flow = a_flow("10.1.2.3", "10.0.0.1", 443);
	take(&flow, policy);
	flow = a_flow("192.0.2.1", "10.0.0.1", 443);
	flow.cleartext = 1;
	take(&flow, policy);
	flow = a_flow("10.0.0.1", "192.0.2.1", 443);
	take(&flow, policy);
	tell();
	policy_free(policy);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[0].disallowed, 0);
	assert_int_equal(told[0].cleartext, 0);
	assert_int_equal(told[1].disallowed, 1);
	assert_int_equal(told[1].cleartext, 1);
	assert_true(told[2].disallowed == UNKNOWN_U64);
}

static uint64_t flows_of(const char *network)
{
	uint64_t flows = 0;
	for (size_t i = 0; i < told_count; i++)
		if (strcmp(told[i].client_network, network) == 0)
			flows += told[i].flows;
	return flows;
}

static void a_scan_over_udp_leaves_room_for_who_is_answered(void **state)
{
	(void)state;
	for (uint32_t port = 1; port <= 10000; port++) {
		struct flow_record flow = a_flow("10.1.2.3", "10.0.0.1", port);
		flow.transport = "udp";
		flow.state = NULL;
		flow.server_packets = 0;
		take(&flow, NULL);
	}
	see("10.1.3.3", "10.0.0.1", 443);
	tell();
	assert_int_equal(told_count, MATRIX_ROWS_MAX / 2 + 2);
	assert_int_equal(flows_of("10.1.2.0/24"), MATRIX_ROWS_MAX / 2);
	assert_int_equal(flows_of("others"), 10000 - MATRIX_ROWS_MAX / 2);
	assert_int_equal(flows_of("10.1.3.0/24"), 1);
}

static void the_bound_is_of_a_day_and_midnight_makes_room(void **state)
{
	(void)state;
	for (uint32_t port = 1; port <= MATRIX_ROWS_MAX + 10; port++)
		see("10.1.2.3", "10.0.0.1", port);
	tell();
	assert_int_equal(told_count, MATRIX_ROWS_MAX + 1);
	assert_int_equal(flows_of("others"), 10);
	see("10.1.4.3", "10.0.0.1", 1);
	tell();
	assert_int_equal(flows_of("others"), 1);
	struct flow_record flow = a_flow("10.1.4.3", "10.0.0.1", 1);
	flow.end += DAY_US;
	take(&flow, NULL);
	tell();
	see("10.1.4.3", "10.0.0.1", 1);
	take(&flow, NULL);
	tell();
	assert_int_equal(told_count, 2);
	assert_int_equal(flows_of("10.1.4.0/24"), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_matrix, close_matrix)
	const struct CMUnitTest tests[] = {
		TEST(networks_stand_for_their_hosts_and_outside_is_one),
		TEST(what_is_told_is_not_told_again),
		TEST(what_is_no_connection_is_in_no_row),
		TEST(the_register_speaks_of_services_of_this_machine_only),
		TEST(a_scan_over_udp_leaves_room_for_who_is_answered),
		TEST(the_bound_is_of_a_day_and_midnight_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
