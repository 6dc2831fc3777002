/*
 * test_connection_flood.c: connections by one source, slow requests, and crowds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "flood_scene.h"

static struct second web(uint64_t handshakes)
{
	return (struct second){ .transport = "tcp",
				.port = 80,
				.syns = handshakes,
				.handshakes = handshakes,
				.flows = handshakes,
				.active = handshakes,
				.client_packets = handshakes * 6,
				.server_packets = handshakes * 5,
				.clients = 30 };
}

static void connect_times(struct scene *scene, const char *client, int times)
{
	struct flow_record f = flow_of(scene, client, 80);
	for (int i = 0; i < times; i++)
		detect_flow(scene->detect, &f);
}

/* Seconds in which one source makes so many connections, and others the rest. */
static void attack(struct scene *scene, const char *client, int by_it, int all,
		   int seconds)
{
	struct second s = web((uint64_t)all);
	for (int i = 0; i < seconds; i++) {
		connect_times(scene, client, by_it);
		serve(scene, &s, 1);
	}
}

static void one_who_makes_most_connections_is_found(void **state)
{
	struct scene *scene = *state;
	struct second usual = web(20);
	serve(scene, &usual, 30);
	attack(scene, "198.51.100.7", 900, 920, 10);
	assert_int_equal(count_of(scene, "connection_flood"), 1);
	const struct finding_record *f = last_of(scene, "connection_flood");
	struct addr who = addr("198.51.100.7");
	is_finding(f, "connections", "medium", "open");
	assert_true(addr_equal(&f->client_ip, &who));
	assert_string_equal(f->proof, "handshake");
	assert_string_equal(f->mitre, "T1499.002");
	pass(scene, 70);
	is_finding(last_of(scene, "connection_flood"), "connections", "medium",
		   "closed");
}

static void crowds_proxies_and_friends_are_not(void **state)
{
	struct scene *scene = *state;
	struct home friends = { .count = 0 };
	struct prefix friend;
	assert_true(prefix_parse("198.51.100.99", &friend));
	assert_true(home_add(&friends, &friend));
	detect_set_friends(scene->detect, &friends);
	struct second usual = web(20);
	/* A proxy that was there when we came, and gets busier. */
	attack(scene, "198.51.100.7", 900, 920, 60);
	attack(scene, "198.51.100.7", 1900, 1920, 30);
	serve(scene, &usual, 900);
	/* 500 users behind one address, among many others. */
	attack(scene, "198.51.100.8", 250, 2000, 30);
	serve(scene, &usual, 900);
	attack(scene, "198.51.100.99", 5000, 5000, 10);
	serve(scene, &usual, 900);
	/* The machine itself. */
	attack(scene, "127.0.0.1", 5000, 5000, 10);
	said_nothing(scene);
}

static void a_proxy_of_old_is_a_notice(void **state)
{
	struct scene *scene = *state;
	attack(scene, "198.51.100.7", 60, 60, 700);
	attack(scene, "198.51.100.7", 1100, 1100, 10);
	is_finding(last_of(scene, "connection_flood"), "connections", "notice", "open");
}

/* A thousand connections in ten minutes are easily made. */
static void who_prepares_to_be_known_is_a_flood_all_the_same(void **state)
{
	struct scene *scene = *state;
	attack(scene, "198.51.100.7", 2, 60, 700);
	attack(scene, "198.51.100.7", 1000, 1060, 10);
	is_finding(last_of(scene, "connection_flood"), "connections", "medium", "open");
}

static void slow(struct scene *scene, const char *client, uint64_t said, int count)
{
	struct contact_record c = contact_of(scene, client, 80, "slow");
	c.payload_bytes = said;
	for (int i = 0; i < count; i++)
		detect_contact(scene->detect, &c);
}

static void requests_that_never_end_are_found(void **state)
{
	struct scene *scene = *state;
	struct second usual = web(60);
	serve(scene, &usual, 20);
	slow(scene, "198.51.100.7", 40, 49);
	said_nothing(scene);
	slow(scene, "198.51.100.7", 40, 1);
	const struct finding_record *f = last_of(scene, "connection_flood");
	is_finding(f, "slow_request", "medium", "open");
	assert_int_equal(f->attempts, 50);
	assert_int_equal(f->hosts, 1);
	assert_non_null(strstr(f->evidence, "198.51.100.7 holds about 50"));
	assert_string_equal(f->proof, "handshake");
	/* The server ends them, and they are made anew. */
	pass(scene, 70);
	slow(scene, "198.51.100.7", 40, 60);
	assert_int_equal(count_of(scene, "connection_flood"), 1);
	f = last_of(scene, "connection_flood");
	assert_true(f == NULL || strcmp(f->state, "open") == 0);
}

static void many_sources_of_few_each_are_one_attack(void **state)
{
	struct scene *scene = *state;
	char client[32];
	for (int i = 0; i < 200; i++) {
		snprintf(client, sizeof(client), "198.51.100.%d", i);
		slow(scene, client, 40, 2);
	}
	assert_int_equal(count_of(scene, "connection_flood"), 1);
}

static void idle_browsers_are_not_slow(void **state)
{
	struct scene *scene = *state;
	struct second busy = web(400);
	char client[32];
	for (int i = 0; i < 120; i++) {
		serve(scene, &busy, 1);
		/* Connections ahead of need, and some on bad lines. */
		for (int k = 0; k < 11; k++) {
			snprintf(client, sizeof(client), "198.51.%d.%d", i, k);
			slow(scene, client, 0, 1);
		}
		slow(scene, client, 300, 4);
	}
	said_nothing(scene);
}

static void stall(struct scene *scene, const char *client, int count)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = scene->now_us;
	c.transport = "tcp";
	c.client_ip = addr(client);
	c.server_ip = addr(SERVER_IP);
	c.port = 80;
	c.outcome = "stalled";
	c.payload_bytes = 100;
	for (int i = 0; i < count; i++)
		detect_contact(scene->detect, &c);
}

static void answers_that_one_source_does_not_take_are_found(void **state)
{
	struct scene *scene = *state;
	char client[32];
	/* Many who have paused a video. */
	for (int i = 0; i < 250; i++) {
		snprintf(client, sizeof(client), "198.51.100.%d", i);
		stall(scene, client, 2);
	}
	said_nothing(scene);
	stall(scene, "203.0.113.9", 60);
	const struct finding_record *f = last_of(scene, "connection_flood");
	is_finding(f, "slow_read", "medium", "open");
	assert_non_null(strstr(f->evidence, "203.0.113.9 holds"));
	assert_string_equal(f->proof, "handshake");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(one_who_makes_most_connections_is_found),
		TEST(crowds_proxies_and_friends_are_not),
		TEST(a_proxy_of_old_is_a_notice),
		TEST(who_prepares_to_be_known_is_a_flood_all_the_same),
		TEST(requests_that_never_end_are_found),
		TEST(many_sources_of_few_each_are_one_attack),
		TEST(idle_browsers_are_not_slow),
		TEST(answers_that_one_source_does_not_take_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
