/* Passwords that are guessed a few at each of several sensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fleet_scene.h"

enum { SENSORS = 40 };

static const char *source(unsigned number)
{
	static char text[32];
	snprintf(text, sizeof(text), "203.0.113.%u", 1 + number % 250);
	return text;
}

static void one_name_at_many_hosts_is_guessed(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 4; i++, pass(scene, 20 * SECOND))
		log_in(scene, i, "203.0.113.9", "root", "failure");
	assert_int_equal(scene->count, 0);
	for (unsigned i = 4; i < SENSORS; i++, pass(scene, 20 * SECOND))
		log_in(scene, i, "203.0.113.9", "root", "failure");
	const struct finding_record *f = said_of(scene, "brute_force");
	assert_non_null(f);
	assert_int_equal(count_of(scene, "brute_force"), 1);
	assert_string_equal(f->technique, "password_guessing");
	assert_string_equal(f->user, "root");
	assert_string_equal(f->proof, "dialogue");
	assert_in_range(f->hosts, 36, 43);
	assert_non_null(strstr(f->summary, "ssh as root"));
	assert_non_null(strstr(f->evidence, "at most 1 at one of"));
}

static void many_names_at_many_hosts_are_a_spray(void **state)
{
	struct fleet_scene *scene = *state;
	static const char *const users[] = { "ann", "bob",  "cem", "dora",
					     "eve", "fred", "gus", "hal" };
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 24; i++, pass(scene, 20 * SECOND))
		log_in(scene, i, "203.0.113.9", users[i % 8], "failure");
	const struct finding_record *f = said_of(scene, "password_spray");
	assert_non_null(f);
	assert_int_equal(f->users, 8);
	assert_string_equal(f->mitre, "T1110.003");
	/* What it was taken for before is the same finding. */
	const struct finding_record *before = said_of(scene, "brute_force");
	if (before != NULL)
		assert_string_equal(before->id, f->id);
}

static void many_sources_at_the_fleet_are_one_attack(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 24; i++, pass(scene, 20 * SECOND))
		log_in(scene, i, source(i), "root", "failure");
	const struct finding_record *f = said_of(scene, "brute_force");
	assert_non_null(f);
	assert_string_equal(f->technique, "distributed");
	assert_true(addr_is_unset(&f->client_ip));
	assert_int_equal(f->port, 22);
	assert_string_equal(f->severity, "medium");
	assert_memory_equal(f->sensors, "web-0,web-1,web-2,", 18);
	assert_non_null(strstr(f->sensors, ",web-15,..."));
	assert_int_equal(count_of(scene, "brute_force"), 1);
}

static void who_gets_in_after_failures_elsewhere_is_told_at_once(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 8; i++, pass(scene, 20 * SECOND))
		log_in(scene, i, "203.0.113.9", "root", "failure");
	log_in(scene, 8, "203.0.113.9", "root", "success");
	const struct finding_record *f = said_of(scene, "login_after_failures");
	assert_non_null(f);
	assert_string_equal(f->severity, "critical");
	assert_string_equal(f->sensor, "web-8");
	assert_string_equal(f->sensors,
			    "web-8,web-0,web-1,web-2,web-3,web-4,web-5,web-6,web-7");
	assert_string_equal(said_of(scene, "brute_force")->sensors, f->sensors + 6);
	struct addr at = host(8);
	assert_true(addr_equal(&f->server_ip, &at));
	assert_string_equal(f->incident, said_of(scene, "brute_force")->incident);
}

/* ---- quiet ---- */

static void who_mistypes_at_each_host_and_gets_in_is_forgiven(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < SENSORS; i++, pass(scene, 30 * SECOND)) {
		log_in(scene, i, "198.51.100.7", "ann", "failure");
		log_in(scene, i, "198.51.100.7", "ann", "success");
	}
	assert_int_equal(scene->count, 0);
}

static void an_office_that_logs_in_everywhere_is_quiet(void **state)
{
	struct fleet_scene *scene = *state;
	char user[16];
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 400; i++, pass(scene, 20 * SECOND)) {
		snprintf(user, sizeof(user), "user%u", i % 60);
		log_in(scene, i % SENSORS, "198.51.100.7", user,
		       i % 9 == 0 ? "failure" : "success");
	}
	assert_int_equal(scene->count, 0);
}

/* While strangers attack, who mistypes among many is no part of it. */
static void an_office_under_attack_is_not_accused(void **state)
{
	struct fleet_scene *scene = *state;
	char user[16];
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 200; i++, pass(scene, 20 * SECOND)) {
		log_in(scene, i % SENSORS, source(i), "root", "failure");
		snprintf(user, sizeof(user), "user%u", i % 60);
		log_in(scene, i % SENSORS, "198.51.100.7", user,
		       i % 9 == 0 ? "failure" : "success");
	}
	assert_non_null(said_of(scene, "brute_force"));
	assert_null(said_of(scene, "login_after_failures"));
}

static void what_one_sensor_says_is_not_said_again(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 12; i++, pass(scene, SECOND))
		log_in(scene, 0, "203.0.113.9", "root", "failure");
	log_in(scene, 1, "203.0.113.9", "root", "failure");
	assert_int_equal(scene->count, 0);
}

static void a_private_address_of_other_sites_is_somebody_else(void **state)
{
	struct fleet_scene *scene = *state;
	for (unsigned i = 0; i < 8; i++) {
		char site[16];
		snprintf(site, sizeof(site), "site-%u", i);
		heartbeat(scene, i, site, "web", "up");
		log_in(scene, i, "10.0.0.9", "root", "failure");
	}
	assert_int_equal(scene->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_name_at_many_hosts_is_guessed,
						begin, end),
		cmocka_unit_test_setup_teardown(many_names_at_many_hosts_are_a_spray,
						begin, end),
		cmocka_unit_test_setup_teardown(
			many_sources_at_the_fleet_are_one_attack, begin, end),
		cmocka_unit_test_setup_teardown(
			who_gets_in_after_failures_elsewhere_is_told_at_once, begin,
			end),
		cmocka_unit_test_setup_teardown(
			who_mistypes_at_each_host_and_gets_in_is_forgiven, begin, end),
		cmocka_unit_test_setup_teardown(
			an_office_that_logs_in_everywhere_is_quiet, begin, end),
		cmocka_unit_test_setup_teardown(an_office_under_attack_is_not_accused,
						begin, end),
		cmocka_unit_test_setup_teardown(what_one_sensor_says_is_not_said_again,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_private_address_of_other_sites_is_somebody_else, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
