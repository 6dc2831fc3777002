/*
 * test_respond_served.c: who is served, and how many of them a block would cut off.
 */
#include "respond_scene.h"

static struct respond_served ask(struct scene *scene, const char *text, uint32_t port)
{
	struct prefix prefix;
	assert_true(prefix_parse(text, &prefix));
	return respond_served(scene->respond, &prefix, port, scene->now_us);
}

static void clients_are_counted_by_source_prefix_and_port(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 412; i++) {
		scene_served(scene, scene_number(i), 1000, SECOND);
		scene_served(scene, scene_number(i), 1001, SECOND);
	}
	scene_served(scene, scene_addr("2001:db8::1"), 1000, SECOND);
	scene_served(scene, scene_addr("2001:db8::2"), 1000, SECOND);
	assert_int_equal(ask(scene, "10.0.0.0/24", UNKNOWN_U32).clients, 413);
	assert_int_equal(ask(scene, "10.0.0.0/24", UNKNOWN_U32).cut, 256);
	assert_int_equal(ask(scene, "10.0.0.7", UNKNOWN_U32).cut, 1);
	assert_int_equal(ask(scene, "10.0.0.7", 443).cut, 1);
	assert_int_equal(ask(scene, "10.0.0.7", 22).cut, 0);
	assert_int_equal(ask(scene, "203.0.113.0/24", UNKNOWN_U32).cut, 0);
	assert_int_equal(ask(scene, "2001:db8::/64", UNKNOWN_U32).cut, 1);
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_non_null(strstr(scene->block.reason,
			       "cuts 0 of 413 clients of the last 30 days"));
	assert_int_equal(scene->block.clients, 413);
	assert_int_equal(scene->block.clients_cut, 0);
}

static void after_thirty_days_nobody_is_a_client(void **state)
{
	struct scene *scene = *state;
	scene_served(scene, scene_number(1), 1000, SECOND);
	scene_pass(scene, 29 * DAY);
	scene_served(scene, scene_number(2), 1000, SECOND);
	assert_int_equal(ask(scene, "10.0.0.0/8", UNKNOWN_U32).clients, 2);
	assert_int_equal(ask(scene, "10.0.0.0/8", UNKNOWN_U32).cut, 2);
	scene_pass(scene, 2 * DAY);
	assert_int_equal(ask(scene, "10.0.0.0/8", UNKNOWN_U32).clients, 1);
	assert_int_equal(ask(scene, "10.0.0.0/8", UNKNOWN_U32).cut, 1);
}

/* An SSH server's greeting serves nobody: a login does. */
static void who_only_fails_to_log_in_is_no_client(void **state)
{
	struct scene *scene = *state;
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us;
	f.transport = "tcp";
	f.state = "SF";
	f.client_ip = scene_number(1);
	f.server_port = 22;
	f.handshake_us = 1;
	f.responses = 9;
	f.server_payload_bytes = 3000;
	record_text(f.protocol, sizeof(f.protocol), "ssh");
	respond_flow(scene->respond, &f);
	assert_int_equal(respond_state(scene->respond).served, 0);
	scene_login(scene, "10.0.0.1", "alice");
	assert_int_equal(respond_state(scene->respond).served, 1);
}

static void forged_datagrams_push_out_nobody_who_is_proven(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 1000; i++)
		scene_served(scene, scene_number(i), 1000, SECOND);
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us;
	f.transport = "udp";
	f.state = "SF";
	f.server_port = 53;
	f.responses = 1;
	f.server_payload_bytes = 100;
	for (uint32_t i = 0; i < 100000; i++) {
		f.client_ip = scene_number((1 << 23) + i);
		respond_flow(scene->respond, &f);
	}
	assert_int_equal(ask(scene, "10.0.0.0/16", UNKNOWN_U32).cut, 1000);
	assert_int_equal(respond_state(scene->respond).served, 65536);
	assert_int_equal(respond_state(scene->respond).served_left_out, 101000 - 65536);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(clients_are_counted_by_source_prefix_and_port),
		TEST(after_thirty_days_nobody_is_a_client),
		TEST(who_only_fails_to_log_in_is_no_client),
		TEST(forged_datagrams_push_out_nobody_who_is_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
