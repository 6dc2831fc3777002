/*
 * test_guessing_patient.c: who takes his time, or buys forgiveness, and guesses all the
 * same; and programs with old passwords, who do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login_scene.h"

#define GUESSER "203.0.113.7"
#define CLIENT  "198.51.100.7"

/* A connection of so many tries at FTP; then it ends, so many bytes long. */
static void connect_and_fail(struct scene *scene, const char *client, const char *user,
			     int tries, uint64_t bytes)
{
	struct login_record login = login_of(scene, client, user, "failure");
	struct flow_record flow;
	static uint32_t port;
	record_init(RECORD_flow, &flow);
	flow.start = scene->now_us;
	login.client_port = 30000 + port++ % 20000;
	login.server_port = 21;
	record_text(login.protocol, sizeof(login.protocol), "ftp");
	for (int i = 0; i < tries; i++)
		detect_login(scene->detect, &login);
	pass(scene, 2);
	flow.end = scene->now_us;
	flow.transport = "tcp";
	flow.client_ip = login.client_ip;
	flow.client_port = login.client_port;
	flow.server_ip = login.server_ip;
	flow.server_port = 21;
	flow.handshake_us = 100;
	flow.end_reason = "closed";
	flow.client_payload_bytes = bytes;
	detect_flow(scene->detect, &flow);
}

/* ---- who is patient ---- */

static void other_passwords_by_the_clock_are_guesses(void **state)
{
	static const int minutes[] = { 10, 60 };
	struct scene *scene = *state;
	for (int i = 0; i < 2; i++) {
		const char *client = i == 0 ? GUESSER : "203.0.113.8";
		for (int j = 0; j < 14; j++) {
			uint64_t length = 4 + (uint64_t)j * 5 % 7;
			connect_and_fail(scene, client, "root", 1, 30 + length);
			pass(scene, minutes[i] * MINUTE - 2);
		}
		const struct finding_record *f = last_said(scene, "brute_force");
		struct addr guesser = addr(client);
		assert_true(addr_equal(&f->client_ip, &guesser));
		assert_string_equal(f->severity, "low");
		assert_string_equal(f->technique, "password_guessing");
		assert_int_equal(open_count(scene), 1 + i);
	}
	/* It was a program with an old password until it showed that it is none. */
	assert_int_equal(begun(scene, NULL), 2);
	assert_string_equal(scene->said[0].technique, "stale_password");
	assert_string_equal(scene->said[0].severity, "notice");
}

static void also_of_several_users(void **state)
{
	struct scene *scene = *state;
	for (int j = 0; j < 14; j++) {
		connect_and_fail(scene, GUESSER, j % 2 == 0 ? "root" : "admin", 1,
				 40 + (uint64_t)j % 10);
		pass(scene, 20 * MINUTE);
	}
	assert_string_equal(last_said(scene, "brute_force")->severity, "low");
}

/* ---- programs with old passwords ---- */

/* Two or three tries at a time, now and then a connection that is cut off. */
static void an_old_password_is_as_long_each_time(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 5 * 24 * 4; i++) {
		int tries = i % 11 == 0 ? 3 : 2;
		uint64_t bytes = 20 + 40 * (uint64_t)tries - (i % 13 == 0 ? 6 : 0);
		connect_and_fail(scene, CLIENT, "alice", tries, bytes);
		pass(scene, 15 * MINUTE - 2);
		if (scene->count > SAID_MAX / 2)
			break;
	}
	said_no_more_than_notices(scene);
	assert_string_equal(last_said(scene, "brute_force")->technique,
			    "stale_password");
}

/* The server was moved, and nobody behind that address knows. */
static void so_are_those_of_a_family(void **state)
{
	static const char *const users[] = { "ann", "bernard", "chris", "dominique" };
	struct scene *scene = *state;
	for (int i = 0; i < 24 * 3; i++) {
		const char *user = users[i % 4];
		connect_and_fail(scene, CLIENT, user, 1, 40 + strlen(user));
		pass(scene, 20 * MINUTE);
	}
	said_no_more_than_notices(scene);
}

/* A user who tries what he may have meant, from where he got in before. */
static void a_guest_who_forgets_is_no_guesser(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, CLIENT, "alice", "success");
	record_text(login.protocol, sizeof(login.protocol), "ftp");
	detect_login(scene->detect, &login);
	for (int j = 0; j < 30; j++) {
		connect_and_fail(scene, CLIENT, "alice", 1, 40 + (uint64_t)j % 7);
		pass(scene, 20 * MINUTE);
	}
	said_no_more_than_notices(scene);
}

/* Within TLS and over HTTP, lengths say nothing of passwords. */
static void where_more_is_said_than_a_login_lengths_say_nothing(void **state)
{
	struct scene *scene = *state;
	for (int j = 0; j < 30; j++) {
		struct login_record login = login_of(scene, CLIENT, "alice", "failure");
		struct flow_record flow;
		record_text(login.protocol, sizeof(login.protocol), "http");
		detect_login(scene->detect, &login);
		record_init(RECORD_flow, &flow);
		flow.start = flow.end = scene->now_us;
		flow.transport = "tcp";
		flow.client_ip = login.client_ip;
		flow.client_port = login.client_port;
		flow.server_ip = login.server_ip;
		flow.handshake_us = 100;
		flow.end_reason = "closed";
		flow.client_payload_bytes = 500 + (uint64_t)j * 17;
		detect_flow(scene->detect, &flow);
		pass(scene, 20 * MINUTE);
	}
	said_no_more_than_notices(scene);
}

/* ---- forgiveness ---- */

/* SSH by packets alone: he has an account, and guesses at the others'. */
static void who_has_an_account_buys_no_forgiveness(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, GUESSER, "", "failure");
	login.seen_by = "size";
	int rounds = 0;
	while (begun(scene, "brute_force") == 0 && ++rounds < 20) {
		login.at = scene->now_us;
		for (int i = 0; i < 4; i++)
			detect_login(scene->detect, &login);
		login.client_port++;
		login.outcome = "success";
		detect_login(scene->detect, &login);
		login.client_port++;
		login.outcome = "failure";
		pass(scene, 30);
	}
	assert_in_range(rounds, 2, 6);
}

static void nor_for_other_users_where_names_are_known(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 5; i++) {
		fail_login(scene, GUESSER, "root");
		get_in(scene, GUESSER, "mallory");
		pass(scene, 30);
	}
	assert_int_equal(begun(scene, "brute_force"), 1);
}

/* ---- what belongs together ---- */

static void guessing_and_its_success_are_one_incident(void **state)
{
	static const char *const tellers[] = { "packets", "log" };
	struct scene *scene = *state;
	for (int i = 0; i < 2; i++) {
		const char *client = i == 0 ? GUESSER : "203.0.113.8";
		struct login_record login = login_of(scene, client, "alice", "failure");
		login.seen_by = tellers[i];
		for (int j = 0; j < 60; j++) {
			login.at = scene->now_us;
			detect_login(scene->detect, &login);
			pass(scene, 1);
		}
		login.at = scene->now_us;
		login.outcome = "success";
		detect_login(scene->detect, &login);
		assert_string_equal(last_said(scene, "login_after_failures")->incident,
				    last_said(scene, "brute_force")->incident);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(other_passwords_by_the_clock_are_guesses),
		TEST(also_of_several_users),
		TEST(an_old_password_is_as_long_each_time),
		TEST(so_are_those_of_a_family),
		TEST(a_guest_who_forgets_is_no_guesser),
		TEST(where_more_is_said_than_a_login_lengths_say_nothing),
		TEST(who_has_an_account_buys_no_forgiveness),
		TEST(nor_for_other_users_where_names_are_known),
		TEST(guessing_and_its_success_are_one_incident),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
