/*
 * test_guessing_quiet.c: people who mistype, programs with old passwords, and networks
 * behind one address are no attackers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login_scene.h"

#define CLIENT "198.51.100.7"

static void who_mistypes_and_gets_in_is_forgiven(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 50; i++) {
		fail_often(scene, CLIENT, "alice", 1 + i % 4, 5);
		get_in(scene, CLIENT, "alice");
		pass(scene, 30);
	}
	said_nothing(scene);
}

/* Each logs in once; one in ten mistypes, one in a hundred gives up. */
static void log_in_behind_one_address(struct scene *scene, int users, bool has_names)
{
	static const uint8_t typos[] = { 0, 0, 1, 0, 0, 0, 0, 0, 0, 2 };
	for (int i = 0; i < users; i++) {
		char user[16] = "";
		if (has_names)
			snprintf(user, sizeof(user), "user%d", i);
		struct login_record login = login_of(scene, CLIENT, user, "failure");
		login.client_port = (uint32_t)(30000 + i);
		login.seen_by = has_names ? "log" : "size";
		for (int j = 0; j < typos[i % 10]; j++)
			detect_login(scene->detect, &login);
		login.outcome = "success";
		if (i % 100 != 62)
			detect_login(scene->detect, &login);
		pass(scene, 1);
	}
}

static void five_hundred_users_behind_one_address_are_quiet(void **state)
{
	struct scene *scene = *state;
	log_in_behind_one_address(scene, 500, true);
	said_nothing(scene);
	log_in_behind_one_address(scene, 500, true);
	said_nothing(scene);
}

static void also_where_packets_tell_no_names(void **state)
{
	log_in_behind_one_address(*state, 500, false);
	said_nothing(*state);
}

static void one_of_them_who_guesses_is_still_found(void **state)
{
	struct scene *scene = *state;
	log_in_behind_one_address(scene, 500, true);
	fail_often(scene, CLIENT, "root", 400, 1);
	assert_int_equal(begun(scene, "brute_force"), 1);
	/* The others are not accused for getting in. */
	get_in(scene, CLIENT, "user4");
	assert_int_equal(begun(scene, "login_after_failures"), 0);
}

static void an_old_password_in_a_mail_program_is_a_notice_for_days(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 3 * 24 * 12; i++) {
		/* Two services, a little late at times, asleep at night. */
		fail_often(scene, CLIENT, "alice", 2, 1);
		pass(scene, i % 7 == 0 ? 310 : 298);
		if (i % 288 == 200)
			pass(scene, 7 * HOUR);
		if (scene->count > SAID_MAX / 2)
			break;
	}
	said_no_more_than_notices(scene);
	assert_string_equal(last_said(scene, "brute_force")->technique,
			    "stale_password");
	/* It is put right at last. */
	get_in(scene, CLIENT, "alice");
	said_no_more_than_notices(scene);
}

static void a_second_user_makes_it_guessing(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 6; i++)
		fail_often(scene, CLIENT, "alice", 1, 120);
	said_no_more_than_notices(scene);
	fail_often(scene, CLIENT, "bob", 2, 1);
	const struct finding_record *f = last_said(scene, "brute_force");
	assert_string_equal(f->technique, "password_guessing");
	assert_string_equal(f->severity, "low");
	assert_int_equal(open_count(scene), 1);
}

static void a_monitor_that_fails_every_minute_is_a_notice(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, CLIENT, "nagios", 60, 60);
	said_no_more_than_notices(scene);
}

/* The whole firm's passwords were changed, and all programs try the old ones. */
static void guests_whose_passwords_changed_are_quiet(void **state)
{
	struct scene *scene = *state;
	log_in_behind_one_address(scene, 300, true);
	pass(scene, HOUR);
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 300; i++) {
			char user[16];
			snprintf(user, sizeof(user), "user%d", i);
			fail_login(scene, CLIENT, user);
		}
	said_nothing(scene);
}

static void a_guest_who_forgot_his_password_is_a_notice_when_he_remembers(void **state)
{
	struct scene *scene = *state;
	get_in(scene, CLIENT, "alice");
	pass(scene, HOUR);
	fail_often(scene, CLIENT, "alice", 9, 10);
	get_in(scene, CLIENT, "alice");
	said_no_more_than_notices(scene);
}

static void keys_of_an_agent_are_no_passwords(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, CLIENT, "", "failure");
	login.seen_by = "size";
	login.method = "publickey";
	for (int i = 0; i < 20; i++)
		detect_login(scene->detect, &login);
	/* Where the sizes don't tell, six in one connection may be keys. */
	login.method = NULL;
	for (int i = 0; i < 6; i++)
		detect_login(scene->detect, &login);
	said_nothing(scene);
	login.client_port++;
	detect_login(scene->detect, &login);
	said_once(scene, "brute_force", "password_guessing", "low", "open");
}

static void a_busy_service_has_users_who_give_up(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 2000; i++) {
		char client[20], user[16];
		snprintf(client, sizeof(client), "198.51.%d.%d", i / 250, i % 250);
		snprintf(user, sizeof(user), "user%d", i);
		if (i % 10 == 0)
			fail_often(scene, client, user, 2, 1);
		if (i % 50 != 0)
			get_in(scene, client, user);
		pass(scene, 1);
	}
	said_nothing(scene);
}

static void outcomes_and_clients_that_are_not_known_count_for_nothing(void **state)
{
	struct scene *scene = *state;
	struct login_record login = login_of(scene, CLIENT, "alice", "unknown");
	for (int i = 0; i < 20; i++)
		detect_login(scene->detect, &login);
	login.client_ip = addr_unset();
	login.outcome = "failure";
	for (int i = 0; i < 20; i++)
		detect_login(scene->detect, &login);
	said_nothing(scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(who_mistypes_and_gets_in_is_forgiven),
		TEST(five_hundred_users_behind_one_address_are_quiet),
		TEST(also_where_packets_tell_no_names),
		TEST(one_of_them_who_guesses_is_still_found),
		TEST(an_old_password_in_a_mail_program_is_a_notice_for_days),
		TEST(a_second_user_makes_it_guessing),
		TEST(a_monitor_that_fails_every_minute_is_a_notice),
		TEST(guests_whose_passwords_changed_are_quiet),
		TEST(a_guest_who_forgot_his_password_is_a_notice_when_he_remembers),
		TEST(keys_of_an_agent_are_no_passwords),
		TEST(a_busy_service_has_users_who_give_up),
		TEST(outcomes_and_clients_that_are_not_known_count_for_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
