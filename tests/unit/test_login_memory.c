/*
 * test_login_memory.c: what is known of attempts to log in outlives a restart: who
 * guesses slowly is no newcomer after it, and who got in before is still a guest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/inside.h"
#include "kept_scene.h"
#include "login_scene.h"

#define GUESSER "203.0.113.7"
#define CLIENT  "198.51.100.7"

static void start_again(struct scene *scene)
{
	restart(scene);
	assert_string_equal(keep(scene), "");
}

static void a_slow_guesser_goes_on_over_restarts(void **state)
{
	struct scene *scene = *state;
	assert_string_equal(keep(scene), "");
	for (int i = 0; i < 9; i++) {
		fail_login(scene, GUESSER, i % 2 == 0 ? "root" : "admin");
		said_nothing(scene);
		pass(scene, 350);
		if (i % 3 == 2)
			start_again(scene);
	}
	fail_login(scene, GUESSER, "root");
	const struct finding_record *f =
		said_once(scene, "brute_force", "password_guessing", "low", "open");
	assert_int_equal(f->attempts, 10);
	assert_int_equal(f->users, 2);
	assert_int_equal(f->port, 22);
	assert_string_equal(f->transport, "tcp");
}

static void who_failed_before_it_and_gets_in_after_it_is_told(void **state)
{
	struct scene *scene = *state;
	keep(scene);
	fail_often(scene, GUESSER, "root", 6, 10);
	start_again(scene);
	get_in(scene, GUESSER, "root");
	assert_string_equal(last_said(scene, "login_after_failures")->severity,
			    "critical");
}

static void guests_are_guests_after_it(void **state)
{
	struct scene *scene = *state;
	keep(scene);
	get_in(scene, CLIENT, "alice");
	start_again(scene);
	pass(scene, HOUR);
	fail_often(scene, CLIENT, "alice", 9, 10);
	said_nothing(scene);
	get_in(scene, CLIENT, "alice");
	said_nothing(scene);
}

static void what_was_forgiven_stays_so(void **state)
{
	struct scene *scene = *state;
	keep(scene);
	fail_often(scene, CLIENT, "alice", 4, 5);
	get_in(scene, CLIENT, "alice");
	start_again(scene);
	fail_login(scene, CLIENT, "bob");
	said_nothing(scene);
}

static void many_sources_that_guess_together_are_counted_on(void **state)
{
	struct scene *scene = *state;
	char client[32];
	keep(scene);
	for (int i = 0; i < 20; i++) {
		snprintf(client, sizeof(client), "203.0.113.%d", i + 1);
		if (i == 10)
			start_again(scene);
		fail_login(scene, client, "root");
		pass(scene, 150);
	}
	assert_string_equal(last_said(scene, "brute_force")->technique, "distributed");
	assert_int_equal(last_said(scene, "brute_force")->hosts, 20);
}

static void it_is_written_while_all_goes_on(void **state)
{
	struct scene *scene = *state;
	char path[128];
	kept_path(path, sizeof(path), "logins.bin");
	keep(scene);
	fail_login(scene, GUESSER, "root");
	pass(scene, 299);
	assert_int_not_equal(access(path, F_OK), 0);
	pass(scene, 60);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_file_that_is_none_is_told(void **state)
{
	struct scene *scene = *state;
	char text[512] = "not one of ours";
	write_file("logins.bin", "hello", 5);
	assert_non_null(strstr(keep(scene), "logins.bin: it is cut off; what was known "
					    "of logins begins anew"));
	write_file("logins.bin", text, sizeof(text));
	assert_non_null(strstr(keep(scene), "no file of logins"));
	write_file("sources.bin", "hello", 5);
	assert_non_null(strstr(keep(scene), "of sources begins anew; "));
}

static void one_of_another_build_or_damaged_is_told_and_not_taken(void **state)
{
	enum { VERSION_AT = 8, ENTRY_AT = 100 };
	struct scene *scene = *state;
	static const struct {
		off_t at;
		const char *said;
	} faults[] = { { VERSION_AT, "another version of breakwater wrote it" },
		       { ENTRY_AT, "it is damaged" } };
	struct addr guesser = addr(GUESSER);
	for (size_t i = 0; i < 2; i++) {
		keep(scene);
		fail_often(scene, GUESSER, "root", 4, 10);
		restart(scene);
		damage_file("logins.bin", faults[i].at);
		assert_non_null(strstr(keep(scene), faults[i].said));
		assert_null(
			login_attempts_by(&scene->detect->login_attempts, &guesser));
	}
}

static void a_clock_that_was_set_back_puts_nothing_into_the_future(void **state)
{
	struct scene *scene = *state;
	struct addr guesser = addr(GUESSER);
	keep(scene);
	scene->now_us += 400 * 24 * HOUR * SECOND;
	for (int i = 0; i < 4; i++)
		fail_login(scene, GUESSER, "root");
	detect_tick(scene->detect, scene->now_us);
	restart(scene);
	scene->now_us = T0;
	assert_string_equal(keep(scene), "");
	const struct guesser *g =
		login_attempts_by(&scene->detect->login_attempts, &guesser);
	assert_int_equal(g->last_us, T0);
	assert_int_equal(g->recent[0].at_us, T0);
	fail_login(scene, GUESSER, "root");
	said_once(scene, "brute_force", "password_guessing", "low", "open");
}

static void who_matters_no_more_is_not_kept(void **state)
{
	struct scene *scene = *state;
	struct addr guesser = addr(GUESSER);
	keep(scene);
	fail_login(scene, GUESSER, "root");
	scene->now_us += 3 * 24 * HOUR * SECOND;
	detect_tick(scene->detect, scene->now_us);
	start_again(scene);
	assert_null(login_attempts_by(&scene->detect->login_attempts, &guesser));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEPT(a_slow_guesser_goes_on_over_restarts),
		KEPT(who_failed_before_it_and_gets_in_after_it_is_told),
		KEPT(guests_are_guests_after_it),
		KEPT(what_was_forgiven_stays_so),
		KEPT(many_sources_that_guess_together_are_counted_on),
		KEPT(it_is_written_while_all_goes_on),
		KEPT(a_file_that_is_none_is_told),
		KEPT(one_of_another_build_or_damaged_is_told_and_not_taken),
		KEPT(a_clock_that_was_set_back_puts_nothing_into_the_future),
		KEPT(who_matters_no_more_is_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
