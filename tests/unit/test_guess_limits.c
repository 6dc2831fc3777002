/*
 * test_guess_limits.c: where guessing begins, and where it gets worse: one less is
 * nothing, or the lesser thing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login_scene.h"

#define GUESSER "203.0.113.7"
#define OFFICE  "198.51.100.20"

static void is_now(struct scene *scene, const char *kind, const char *severity)
{
	pass(scene, 11); /* what grows is said again by then */
	assert_string_equal(last_said(scene, kind)->severity, severity);
}

static void the_fiftieth_attempt_is_worse(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "root", 49, 1);
	is_now(scene, "brute_force", "low");
	fail_login(scene, GUESSER, "root");
	is_now(scene, "brute_force", "medium");
}

/* It knows whom it guesses. */
static void the_tenth_of_a_user_who_logs_in_here_is_worse(void **state)
{
	struct scene *scene = *state;
	get_in(scene, OFFICE, "alice");
	fail_often(scene, GUESSER, "alice", 9, 1);
	is_now(scene, "brute_force", "low");
	fail_login(scene, GUESSER, "alice");
	is_now(scene, "brute_force", "medium");
}

static void spray(struct scene *scene, int users)
{
	for (int i = 0; i < 2 * users; i++) {
		char user[16];
		snprintf(user, sizeof(user), "user%d", i % users);
		fail_login(scene, GUESSER, user);
		pass(scene, 2);
	}
}

static void a_few_sprayed_users_are_low(void **state)
{
	struct scene *scene = *state;
	spray(scene, 15);
	is_now(scene, "password_spray", "low");
}

static void many_sprayed_users_are_medium(void **state)
{
	struct scene *scene = *state;
	spray(scene, 25);
	is_now(scene, "password_spray", "medium");
}

/* Each from an address of its own, once. */
static void sources_fail(struct scene *scene, int first, int end)
{
	for (int i = first; i < end; i++) {
		char client[16];
		snprintf(client, sizeof(client), "203.0.113.%d", i);
		fail_login(scene, client, "root");
		pass(scene, 2);
	}
}

static void ten_sources_are_many_and_thirty_are_no_chance(void **state)
{
	struct scene *scene = *state;
	sources_fail(scene, 1, 10);
	said_nothing(scene);
	sources_fail(scene, 10, 14);
	assert_string_equal(last_said(scene, "brute_force")->technique, "distributed");
	is_now(scene, "brute_force", "low");
	sources_fail(scene, 14, 31);
	is_now(scene, "brute_force", "medium");
}

/* Ten to be missed in ten minutes, twenty in an hour. */
static void twenty_sources_in_an_hour_are_many_too(void **state)
{
	struct scene *scene = *state;
	for (int i = 1; i < 20; i++) {
		sources_fail(scene, i, i + 1);
		pass(scene, 150);
	}
	said_nothing(scene);
	sources_fail(scene, 20, 21);
	assert_string_equal(last_said(scene, "brute_force")->technique, "distributed");
}

static void four_failures_and_a_success_are_a_bad_memory(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "root", 4, 5);
	get_in(scene, GUESSER, "root");
	said_nothing(scene);
}

static void the_fifth_makes_a_success_critical(void **state)
{
	struct scene *scene = *state;
	fail_often(scene, GUESSER, "root", 5, 5);
	get_in(scene, GUESSER, "root");
	const struct finding_record *f = last_said(scene, "login_after_failures");
	assert_string_equal(f->severity, "critical");
	assert_int_equal(f->attempts, 5);
}

static void a_proof_is_forgotten_after_ten_minutes(void **state)
{
	struct scene *scene = *state;
	struct flow_record flow = flow_of(scene, GUESSER, 22);
	struct login_record login = login_of(scene, GUESSER, "root", "failure");
	login.seen_by = "log";
	for (int i = 0; i < 5; i++)
		detect_login(scene->detect, &login);
	detect_flow(scene->detect, &flow);
	pass(scene, 900);
	scene->count = 0;
	login.at = scene->now_us;
	detect_login(scene->detect, &login);
	pass(scene, 11);
	assert_string_equal(last_said(scene, "brute_force")->proof, "unsolicited");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_fiftieth_attempt_is_worse),
		TEST(the_tenth_of_a_user_who_logs_in_here_is_worse),
		TEST(a_few_sprayed_users_are_low),
		TEST(many_sprayed_users_are_medium),
		TEST(ten_sources_are_many_and_thirty_are_no_chance),
		TEST(twenty_sources_in_an_hour_are_many_too),
		TEST(four_failures_and_a_success_are_a_bad_memory),
		TEST(the_fifth_makes_a_success_critical),
		TEST(a_proof_is_forgotten_after_ten_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
