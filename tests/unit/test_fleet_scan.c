/* Scans that are too little for each sensor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fleet_scene.h"

enum { SENSORS = 40 };

static void a_port_of_every_host_is_a_sweep(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 19; i++, pass(scene, MINUTE))
		touch(scene, i, "203.0.113.9", 5900, "refused");
	assert_int_equal(scene->count, 0);
	for (unsigned i = 19; i < SENSORS; i++, pass(scene, MINUTE))
		touch(scene, i, "203.0.113.9", 5900, "refused");
	const struct finding_record *f = said_of(scene, "host_sweep");
	assert_non_null(f);
	assert_int_equal(count_of(scene, "host_sweep"), 1);
	assert_int_equal(f->port, 5900);
	assert_string_equal(f->technique, "syn");
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
	assert_in_range(f->hosts, 38, 42);
	assert_non_null(strstr(f->evidence, "no sensor saw more than 1"));
	assert_non_null(strstr(f->evidence, "web-0, web-1"));
	/* More than there is room for. */
	assert_memory_equal(f->sensors, "web-0,web-1,web-2,", 18);
	assert_string_equal(f->sensors + strlen(f->sensors) - 4, ",...");
}

static void other_ports_of_each_host_are_a_scan(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 8; i++, pass(scene, MINUTE)) {
		touch(scene, i, "203.0.113.9", 1000 + 2 * i, "refused");
		touch(scene, i, "203.0.113.9", 1001 + 2 * i, "silent");
	}
	const struct finding_record *f = said_of(scene, "port_scan");
	assert_non_null(f);
	assert_int_equal(count_of(scene, "port_scan"), 1);
	assert_int_equal(f->ports, 16);
	assert_int_equal(f->port, UNKNOWN_U32);
	assert_string_equal(f->sensors,
			    "web-0,web-1,web-2,web-3,web-4,web-5,web-6,web-7");
}

/* It remembers its last tries only; the finding, who saw those before. */
static void who_saw_it_first_is_not_forgotten(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, 12, "paris");
	for (unsigned i = 0; i < 8; i++, pass(scene, MINUTE)) {
		touch(scene, i, "203.0.113.9", 1000 + 2 * i, "refused");
		touch(scene, i, "203.0.113.9", 1001 + 2 * i, "silent");
	}
	for (unsigned i = 0; i < 100; i++, pass(scene, MINUTE))
		touch(scene, 8 + i % 4, "203.0.113.9", 2000 + i, "refused");
	assert_int_equal(count_of(scene, "port_scan"), 1);
	assert_string_equal(said_of(scene, "port_scan")->sensors,
			    "web-0,web-1,web-2,web-3,web-4,web-5,web-6,web-7,"
			    "web-8,web-9,web-10,web-11");
}

static void a_sweep_that_tries_more_ports_becomes_a_scan(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 25; i++)
		touch(scene, i, "203.0.113.9", 5900, "refused");
	assert_non_null(said_of(scene, "host_sweep"));
	for (unsigned i = 0; i < 25; i++) {
		touch(scene, i, "203.0.113.9", 5901, "refused");
		touch(scene, i, "203.0.113.9", 5902, "refused");
	}
	pass(scene, MINUTE);
	const struct finding_record *scan = said_of(scene, "port_scan");
	assert_non_null(scan);
	assert_string_equal(scan->id, said_of(scene, "host_sweep")->id);
	for (unsigned i = 0; i < 5; i++, pass(scene, 3 * 3600 * SECOND))
		;
	assert_string_equal(said_of(scene, "port_scan")->state, "closed");
}

/* What two sensors see of one packet is one try. */
static void one_host_seen_by_two_is_no_spread(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, 2, "paris");
	for (uint32_t port = 1; port <= 40; port++) {
		touch(scene, 0, "203.0.113.9", port, "refused");
		struct contact_record c =
			contact_of(scene, 0, "203.0.113.9", port, "refused");
		name_sensor(c.sensor, 1); /* a gateway */
		detect_fleet_record(scene->fleet, RECORD_contact, &c);
	}
	assert_int_equal(scene->count, 0);
}

static void what_one_sensor_says_is_not_said_again(void **state)
{
	struct fleet_scene *scene = *state;
	struct finding_record own;
	join(scene, SENSORS, "paris");
	record_init(RECORD_finding, &own);
	own.kind = "host_sweep";
	own.client_ip = addr("203.0.113.9");
	own.hosts = SENSORS;
	own.last = scene->now_us;
	name_sensor(own.sensor, 0);
	detect_fleet_record(scene->fleet, RECORD_finding, &own);
	for (unsigned i = 0; i < SENSORS; i++)
		touch(scene, i, "203.0.113.9", 5900, "refused");
	assert_int_equal(scene->count, 0);
}

/* ---- quiet ---- */

static void who_reaches_most_is_no_scanner(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, 200, "paris");
	for (unsigned i = 0; i < 200; i++)
		touch(scene, i, "203.0.113.9", 9100,
		      i % 4 == 0 ? "refused" : "handshake");
	assert_int_equal(scene->count, 0);
}

static void a_service_that_has_stopped_is_no_scan(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < SENSORS; i++)
		touch(scene, i, "198.51.100.1", 8443, "handshake");
	pass(scene, 3600 * SECOND);
	for (unsigned i = 0; i < SENSORS; i++)
		touch(scene, i, "203.0.113.9", 8443, "refused");
	assert_int_equal(scene->count, 0);
}

static void a_monitor_from_inside_whose_targets_are_dead_is_quiet(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned round = 0; round < 10; round++, pass(scene, 2 * MINUTE))
		for (unsigned i = 0; i < SENSORS; i++)
			touch(scene, i, "10.0.0.9", 9100, "refused");
	assert_int_equal(scene->count, 0);
}

static void who_asks_for_the_same_in_rounds_is_taken_back(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned round = 0; round < 5; round++, pass(scene, 2 * MINUTE))
		for (unsigned i = 0; i < SENSORS; i++)
			touch(scene, i, "203.0.113.9", 9100, "refused");
	const struct finding_record *f = said_of(scene, "host_sweep");
	assert_non_null(f);
	assert_string_equal(f->state, "closed");
	assert_string_equal(f->severity, "notice");
	assert_non_null(strstr(f->evidence, "round after round"));
}

/* 10.0.0.9 is another machine at each site. */
static void a_private_address_of_other_sites_is_somebody_else(void **state)
{
	struct fleet_scene *scene = *state;
	for (unsigned i = 0; i < 16; i++) {
		char site[16];
		snprintf(site, sizeof(site), "site-%u", i % 8);
		heartbeat(scene, i, site, "web", "up");
	}
	for (unsigned i = 0; i < 16; i++)
		touch(scene, i, "10.0.0.9", 1000 + i, "refused");
	assert_int_equal(scene->count, 0);
	for (unsigned i = 0; i < 16; i++)
		heartbeat(scene, i, "paris", "web", "up");
	for (unsigned i = 0; i < 16; i++)
		touch(scene, i, "10.0.0.9", 1000 + i, "refused");
	const struct finding_record *f = said_of(scene, "port_scan");
	assert_non_null(f);
	assert_non_null(strstr(f->summary, "10.0.0.9 (of paris)"));
}

static void friends_are_left_alone(void **state)
{
	struct fleet_scene *scene = *state;
	struct home friends = { 0 };
	struct prefix prefix;
	assert_true(prefix_parse("203.0.113.0/24", &prefix));
	assert_true(home_add(&friends, &prefix));
	detect_fleet_set_friends(scene->fleet, &friends);
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < SENSORS; i++)
		touch(scene, i, "203.0.113.9", 5900, "refused");
	assert_int_equal(scene->count, 0);
}

/* Of one sensor's hosts, and late: what a sensor kept while it was cut off. */
static void records_that_come_late_count_by_their_own_time(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < 10; i++)
		touch(scene, i, "203.0.113.9", 2000 + i, "refused");
	scene->now_us -= 20 * 3600 * SECOND;
	for (unsigned i = 10; i < 14; i++)
		touch(scene, i, "203.0.113.9", 2000 + i, "refused");
	assert_int_equal(scene->count, 0);
	touch(scene, 14, "203.0.113.9", 2014, "refused");
	assert_non_null(said_of(scene, "port_scan"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_port_of_every_host_is_a_sweep, begin,
						end),
		cmocka_unit_test_setup_teardown(who_saw_it_first_is_not_forgotten,
						begin, end),
		cmocka_unit_test_setup_teardown(other_ports_of_each_host_are_a_scan,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_sweep_that_tries_more_ports_becomes_a_scan, begin, end),
		cmocka_unit_test_setup_teardown(one_host_seen_by_two_is_no_spread,
						begin, end),
		cmocka_unit_test_setup_teardown(what_one_sensor_says_is_not_said_again,
						begin, end),
		cmocka_unit_test_setup_teardown(who_reaches_most_is_no_scanner, begin,
						end),
		cmocka_unit_test_setup_teardown(a_service_that_has_stopped_is_no_scan,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_monitor_from_inside_whose_targets_are_dead_is_quiet, begin,
			end),
		cmocka_unit_test_setup_teardown(
			who_asks_for_the_same_in_rounds_is_taken_back, begin, end),
		cmocka_unit_test_setup_teardown(
			a_private_address_of_other_sites_is_somebody_else, begin, end),
		cmocka_unit_test_setup_teardown(friends_are_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(
			records_that_come_late_count_by_their_own_time, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
