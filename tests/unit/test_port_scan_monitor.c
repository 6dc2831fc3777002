/*
 * test_port_scan_monitor.c: who watches services of which many or all are dead is told
 * from who scans.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "contact_scene.h"

static unsigned loud_count(const struct scene *scene)
{
	unsigned count = 0;
	for (size_t i = 0; i < scene->count; i++)
		count += strcmp(scene->said[i].state, "open") == 0 &&
			 strcmp(scene->said[i].severity, "notice") != 0;
	return count;
}

/* Prometheus with its targets in any order: 50 live ones, and those of a dead host. */
static void monitor_targets(struct scene *scene, uint32_t first_dead, uint32_t dead)
{
	for (uint32_t i = 0; i < 50; i++) {
		struct contact_record c = contact(scene, 9100, "handshake");
		uint8_t host[4] = { 192, 0, 2, (uint8_t)(100 + i) };
		c.server_ip = addr_v4(host);
		give(scene, &c);
		if (i < dead)
			meet(scene, first_dead + i, "refused");
		scene->now_us += SECOND / 4;
	}
}

static void a_monitor_of_dead_services_scans_only_beyond_doubt(void **state)
{
	struct scene *scene = *state;
	monitor_targets(scene, 9100, 20);
	assert_int_equal(loud_count(scene), 0);
	monitor_targets(scene, 9200, 20);
	assert_int_equal(loud_count(scene), 1);
}

/* A round of 40 targets that are all dead, as its contacts are told: once a minute. */
static void round_of_the_dead(struct scene *scene, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		meet(scene, first + i, "refused");
	wait_s(scene, 60);
}

static void a_monitor_whose_targets_are_all_dead_is_taken_back(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 3; i++)
		round_of_the_dead(scene, 9100, 40);
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
	scene->count = 0;
	for (uint32_t i = 0; i < 40; i++)
		meet(scene, 9100 + i, "refused");
	assert_int_equal(count_open(scene, NULL), 0);
	const struct finding_record *f =
		said_once(scene, "port_scan", "syn", "notice", "closed");
	assert_non_null(strstr(f->evidence, "a monitor rather"));
	assert_int_equal(f->ports, 40);
	scene->count = 0;
	for (int i = 0; i < 30; i++)
		round_of_the_dead(scene, 9100, 40);
	assert_int_equal(count_open(scene, NULL), 0);
}

/* Who goes on to other ports is no monitor, nor who proves that he scans. */
static void who_asks_again_and_for_more_scans(void **state)
{
	struct scene *scene = *state;
	round_of_the_dead(scene, 1000, 20);
	for (uint32_t i = 1; i < 6; i++) {
		for (uint32_t port = 0; port < 20 + 2 * i; port++)
			meet(scene, 1000 + port, "refused");
		for (size_t n = 0; n < scene->count; n++)
			assert_string_equal(scene->said[n].state, "open");
		wait_s(scene, 60);
	}
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
}

static void who_proves_that_he_scans_is_no_monitor(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 6; i++) {
		struct contact_record c = contact(scene, 80, "handshake");
		give(scene, &c);
		connection_ends(scene, &c, 0);
		round_of_the_dead(scene, 1000, 20);
	}
	assert_string_equal(only_open(scene, "port_scan")->proof, "handshake");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_monitor_of_dead_services_scans_only_beyond_doubt),
		TEST(a_monitor_whose_targets_are_all_dead_is_taken_back),
		TEST(who_asks_again_and_for_more_scans),
		TEST(who_proves_that_he_scans_is_no_monitor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
