/*
 * test_guessing.c: passwords that are guessed: by one source fast and slowly, of one
 * user and of many, by many sources, and with success.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login_scene.h"

#define GUESSER "203.0.113.7"

/* ---- one source ---- */

static void the_fifth_failure_of_ten_minutes_is_a_finding_at_once(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "root", 4, 10);
	said_nothing(scene);
	fail_login(scene, GUESSER, "root");
	const struct finding_record *f =
		said_once(scene, "brute_force", "password_guessing", "low", "open");
	struct addr client = addr(GUESSER), server = addr("192.0.2.1");
	assert_true(addr_equal(&f->client_ip, &client));
	assert_true(addr_equal(&f->server_ip, &server));
	assert_int_equal(f->port, 22);
	assert_int_equal(f->attempts, 5);
	assert_int_equal(f->users, 1);
	assert_string_equal(f->user, "root");
	assert_string_equal(f->proof, "dialogue");
	assert_string_equal(f->mitre, "T1110.001");
	assert_string_equal(f->summary, "203.0.113.7 guesses passwords at ssh (22/tcp) "
					"of 192.0.2.1.");
	assert_string_equal(f->evidence, "5 attempts failed in 40 s, all of user root");
}

static void however_long_it_is_one_finding_that_counts_and_ends(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "root", 200, 1);
	assert_int_equal(begun(scene, NULL), 1);
	pass(scene, 1801);
	const struct finding_record *f = last_said(scene, "brute_force");
	assert_int_equal(f->attempts, 200);
	assert_string_equal(f->severity, "medium");
	assert_string_equal(f->state, "closed");
}

static void ten_in_an_hour_are_found_too(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 9; i++) {
		fail_login(scene, GUESSER, i % 2 == 0 ? "root" : "admin");
		pass(scene, 350);
	}
	said_nothing(scene);
	fail_login(scene, GUESSER, "root");
	said_once(scene, "brute_force", "password_guessing", "low", "open");
}

static void a_few_a_day_are_a_notice_until_they_hurry(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 3; i++) {
		fail_login(scene, GUESSER, i == 0 ? "root" : "admin");
		pass(scene, 1200);
	}
	said_nothing(scene);
	fail_login(scene, GUESSER, "admin");
	said_once(scene, "brute_force", "password_guessing", "notice", "open");
	fail_often(scene, GUESSER, "admin", 20, 1);
	assert_int_equal(begun(scene, NULL), 1);
	assert_string_equal(last_said(scene, "brute_force")->severity, "low");
}

static void an_ipv6_source_is_its_64(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 5; i++) {
		char client[40];
		snprintf(client, sizeof(client), "2001:db8:9:9::%d", i + 1);
		fail_login(scene, client, "root");
	}
	const struct finding_record *f =
		said_once(scene, "brute_force", "password_guessing", "low", "open");
	assert_int_equal(f->client_prefix, 64);
	assert_string_equal(f->summary, "2001:db8:9:9::/64 guesses passwords at ssh "
					"(22/tcp) of 192.0.2.1.");
}

static void several_services_are_one_finding(void **state)
{
	struct scene *scene = *state;
	static const uint16_t ports[] = { 22, 21, 143 };
	for (int i = 0; i < 60; i++) {
		struct login_record login = login_of(scene, GUESSER, "root", "failure");
		login.server_port = ports[i % 3];
		detect_login(scene->detect, &login);
		pass(scene, 1);
	}
	assert_int_equal(begun(scene, NULL), 1);
	assert_string_equal(last_said(scene, "brute_force")->port_list, "21-22,143");
}

static void an_address_that_only_a_log_names_is_proven_by_packets(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, GUESSER, "root", "failure");
	login.seen_by = "log";
	for (int i = 0; i < 5; i++)
		detect_login(scene->detect, &login);
	assert_string_equal(
		said_once(scene, "brute_force", "password_guessing", "low", "open")
			->proof,
		"unsolicited");
	struct contact_record contact = contact_of(scene, GUESSER, 22, "handshake");
	detect_contact(scene->detect, &contact);
	detect_login(scene->detect, &login);
	assert_string_equal(
		said_once(scene, "brute_force", "password_guessing", "low", "open")
			->proof,
		"handshake");
	struct flow_record flow = flow_of(scene, GUESSER, 22);
	detect_flow(scene->detect, &flow);
	detect_login(scene->detect, &login);
	assert_string_equal(
		said_once(scene, "brute_force", "password_guessing", "low", "open")
			->proof,
		"dialogue");
}

static void datagrams_prove_nothing(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, GUESSER, "", "failure");
	login.transport = "udp";
	login.server_port = 161;
	record_text(login.protocol, sizeof(login.protocol), "snmp");
	for (int i = 0; i < 5; i++)
		detect_login(scene->detect, &login);
	const struct finding_record *f =
		said_once(scene, "brute_force", "password_guessing", "low", "open");
	assert_string_equal(f->proof, "unsolicited");
	assert_int_equal(f->users, UNKNOWN_U64);
}

/* ---- many users ---- */

static void fail_as(struct scene *scene, const char *client, int number)
{
	char user[32];
	snprintf(user, sizeof(user), "user%d", number);
	fail_login(scene, client, user);
	pass(scene, 1);
}

static void a_password_each_is_stuffing(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 40; i++)
		fail_as(scene, GUESSER, i);
	assert_int_equal(begun(scene, NULL), 1);
	const struct finding_record *f = last_said(scene, "brute_force");
	assert_string_equal(f->technique, "credential_stuffing");
	assert_string_equal(f->mitre, "T1110.004");
	assert_in_range(f->users, 30, 40);
}

static void a_second_round_is_a_spray_that_goes_on_counting(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 30; i++)
		fail_as(scene, GUESSER, i % 10);
	pass(scene, 10);
	/* What was begun as stuffing is it. */
	assert_int_equal(begun(scene, NULL), 1);
	assert_int_equal(open_count(scene), 1);
	assert_string_equal(scene->said[0].technique, "credential_stuffing");
	const struct finding_record *f = last_said(scene, "password_spray");
	assert_string_equal(f->technique, "password_spraying");
	assert_string_equal(f->detector, "password_spray");
	assert_string_equal(f->mitre, "T1110.003");
	assert_string_equal(f->state, "open");
	assert_int_equal(f->attempts, 30);
	assert_int_equal(f->users, 10);
}

static void many_users_on_many_hosts_are_a_spray(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 10; i++) {
		char user[16], server[16];
		snprintf(user, sizeof(user), "user%d", i);
		snprintf(server, sizeof(server), "192.0.2.%d", i + 1);
		struct login_record login = login_of(scene, GUESSER, user, "failure");
		login.server_ip = addr(server);
		detect_login(scene->detect, &login);
		pass(scene, 1);
	}
	assert_int_equal(begun(scene, "password_spray"), 1);
	assert_int_equal(begun(scene, NULL), 1);
}

/* ---- many sources ---- */

static void fifty_sources_with_two_each_are_one_finding(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 100; i++) {
		char client[16];
		snprintf(client, sizeof(client), "203.0.113.%d", i % 50);
		fail_login(scene, client, "root");
		pass(scene, 2);
	}
	assert_int_equal(begun(scene, NULL), 1);
	pass(scene, 10);
	const struct finding_record *f = last_said(scene, "brute_force");
	assert_string_equal(f->technique, "distributed");
	assert_string_equal(f->severity, "medium");
	assert_true(addr_is_unset(&f->client_ip));
	assert_in_range(f->hosts, 48, 52);
	assert_int_equal(f->attempts, 100);
	assert_string_equal(f->user, "root");
}

static void get_in_at_broker(struct scene *scene, const char *user)
{
	struct login_record login = login_of(scene, GUESSER, user, "success");
	login.server_port = 1883;
	record_text(login.protocol, sizeof(login.protocol), "mqtt");
	detect_login(scene->detect, &login);
}

/* A broker takes any name; that makes nobody a guest of SSH. */
static void who_is_let_in_elsewhere_under_any_name_guesses_all_the_same(void **state)
{
	struct scene *scene = *state;
	char user[16];
	for (int i = 0; i < 200; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		get_in_at_broker(scene, user);
	}
	for (int i = 0; i < 4; i++) {
		get_in_at_broker(scene, "root");
		fail_often(scene, GUESSER, "root", 3, 1);
	}
	assert_int_equal(begun(scene, "brute_force"), 1);
	get_in_at_broker(scene, "root");
	fail_often(scene, GUESSER, "root", 5, 1);
	get_in(scene, GUESSER, "root");
	assert_string_equal(last_said(scene, "login_after_failures")->severity,
			    "critical");
}

static void what_was_told_of_one_of_many_ends(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, "203.0.113.1", "root", 6, 1);
	assert_int_equal(begun(scene, "brute_force"), 1);
	for (int i = 2; i < 60; i++) {
		char client[16];
		snprintf(client, sizeof(client), "203.0.113.%d", i);
		fail_often(scene, client, "root", 6, 1);
	}
	/* Each alone would have been one; nine were, before it was clear. */
	assert_in_range(begun(scene, NULL), 2, 10);
	size_t open = open_count(scene);
	assert_int_equal(open, 1);
	/* Who does more than the others is a finding beside them. */
	fail_often(scene, "203.0.113.99", "root", 30, 1);
	assert_int_equal(open_count(scene), 2);
}

/* ---- success ---- */

static void getting_in_after_five_failures_is_critical_at_once(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "alice", 7, 1);
	scene->count = 0;
	get_in(scene, GUESSER, "alice");
	const struct finding_record *f = said_once(
		scene, "login_after_failures", "password_guessing", "critical", "open");
	assert_string_equal(f->user, "alice");
	assert_string_equal(f->mitre, "T1078");
	assert_string_equal(f->summary, "203.0.113.7 logged in to ssh (22/tcp) of "
					"192.0.2.1 as alice after many failures.");
	/* He is no guest now, whose failures are forgiven. */
	pass(scene, 2 * HOUR);
	scene->count = 0;
	fail_often(scene, GUESSER, "alice", 5, 1);
	assert_int_equal(begun(scene, "brute_force"), 1);
}

static void stolen_credentials_that_work_are_critical_too(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 12; i++)
		fail_as(scene, GUESSER, i);
	scene->count = 0;
	get_in(scene, GUESSER, "alice");
	said_once(scene, "login_after_failures", "password_guessing", "critical",
		  "open");
}

static void without_names_the_source_decides(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, GUESSER, "", "failure");
	login.seen_by = "size";
	for (int i = 0; i < 8; i++) {
		login.client_port = (uint32_t)(40000 + i / 3);
		detect_login(scene->detect, &login);
	}
	scene->count = 0;
	login.outcome = "success";
	detect_login(scene->detect, &login);
	said_once(scene, "login_after_failures", "password_guessing", "critical",
		  "open");
}

/* ---- bounds ---- */

static void a_name_from_a_stranger_is_cut_and_kept(void **state)
{
	struct scene *scene = *state;
	char name[64];
	memset(name, '\x1b', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	fail_often(scene, GUESSER, name, 6, 1);
	get_in(scene, GUESSER, name);
	assert_string_equal(last_said(scene, "brute_force")->user, name);
	assert_int_equal(begun(scene, "login_after_failures"), 1);
}

/* A million sources; who was at it before them is still known after. */
static void strangers_do_not_push_out_who_guesses(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "root", 3, 1);
	for (uint32_t i = 0; i < 1000000; i++) {
		struct login_record login =
			login_of(scene, "198.18.0.0", "bob", "success");
		memcpy(login.client_ip.ip6 + 12, &i, sizeof(i));
		detect_login(scene->detect, &login);
	}
	fail_often(scene, GUESSER, "root", 2, 1);
	assert_int_equal(begun(scene, "brute_force"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_fifth_failure_of_ten_minutes_is_a_finding_at_once),
		TEST(however_long_it_is_one_finding_that_counts_and_ends),
		TEST(ten_in_an_hour_are_found_too),
		TEST(a_few_a_day_are_a_notice_until_they_hurry),
		TEST(an_ipv6_source_is_its_64),
		TEST(several_services_are_one_finding),
		TEST(an_address_that_only_a_log_names_is_proven_by_packets),
		TEST(datagrams_prove_nothing),
		TEST(a_password_each_is_stuffing),
		TEST(a_second_round_is_a_spray_that_goes_on_counting),
		TEST(many_users_on_many_hosts_are_a_spray),
		TEST(fifty_sources_with_two_each_are_one_finding),
		TEST(who_is_let_in_elsewhere_under_any_name_guesses_all_the_same),
		TEST(what_was_told_of_one_of_many_ends),
		TEST(getting_in_after_five_failures_is_critical_at_once),
		TEST(stolen_credentials_that_work_are_critical_too),
		TEST(without_names_the_source_decides),
		TEST(a_name_from_a_stranger_is_cut_and_kept),
		TEST(strangers_do_not_push_out_who_guesses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
