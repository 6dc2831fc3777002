/*
 * test_login_connections.c: guessing that only the connections show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login_scene.h"

#define CALLER "203.0.113.7"

static struct flow_record call_of(struct scene *scene, uint32_t port, uint64_t bytes)
{
	struct flow_record flow = flow_of(scene, CALLER, port);
	flow.start = scene->now_us - SECOND;
	flow.client_payload_bytes = bytes;
	flow.server_payload_bytes = 2 * bytes;
	return flow;
}

static void call(struct scene *scene, uint32_t port, uint64_t bytes)
{
	struct flow_record flow = call_of(scene, port, bytes);
	detect_flow(scene->detect, &flow);
	pass(scene, 5);
}

static void call_often(struct scene *scene, uint32_t port, int times)
{
	for (int i = 0; i < times; i++)
		call(scene, port, 1200 + (uint64_t)(i * 7 % 40));
}

static void connections_to_rdp_that_are_alike_are_one_finding(void **state)
{
	struct scene *scene = *state;
	call_often(scene, 3389, 19);
	said_nothing(scene);
	call_often(scene, 3389, 41);
	assert_int_equal(begun(scene, NULL), 1);
	const struct finding_record *f = last_said(scene, "brute_force");
	assert_string_equal(f->technique, "connections");
	assert_string_equal(f->severity, "low");
	assert_int_equal(f->port, 3389);
	assert_string_equal(f->proof, "dialogue");
}

static void a_long_one_after_them_may_be_a_success(void **state)
{
	struct scene *scene = *state;
	call_often(scene, 3389, 30);
	struct flow_record flow = call_of(scene, 3389, 40000);
	flow.start = flow.end - 61 * SECOND;
	flow.end_reason = "active";
	detect_flow(scene->detect, &flow);
	const struct finding_record *f = last_said(scene, "login_after_failures");
	assert_string_equal(f->severity, "high");
	assert_string_equal(f->technique, "connections");
}

static void sessions_and_checks_of_a_port_are_quiet(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 100; i++)
		call(scene, 3389, (uint64_t)(2000 + i * i * 37 % 90000));
	for (int i = 0; i < 100; i++)
		call(scene, 3390, 1200);
	call(scene, 3389, 40000);
	pass(scene, 700);
	for (int i = 0; i < 100; i++)
		call(scene, 3389, 19);
	said_nothing(scene);
}

static void mail_that_is_fetched_is_a_notice_at_most(void **state)
{
	struct scene *scene = *state;
	call_often(scene, 995, 59);
	said_nothing(scene);
	call_often(scene, 995, 200);
	said_no_more_than_notices(scene);
	assert_int_equal(begun(scene, "brute_force"), 1);
}

static void where_attempts_are_told_connections_do_not_count(void **state)
{
	struct scene *scene = *state;
	get_in(scene, CALLER, "alice");
	call_often(scene, 3389, 100);
	said_nothing(scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(connections_to_rdp_that_are_alike_are_one_finding),
		TEST(a_long_one_after_them_may_be_a_success),
		TEST(sessions_and_checks_of_a_port_are_quiet),
		TEST(mail_that_is_fetched_is_a_notice_at_most),
		TEST(where_attempts_are_told_connections_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
