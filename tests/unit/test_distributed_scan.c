/*
 * test_distributed_scan.c: many sources that try little each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "contact_scene.h"

static void from(struct scene *scene, struct addr client, uint32_t port,
		 const char *outcome)
{
	struct contact_record c = contact(scene, port, outcome);
	c.client_ip = client;
	give(scene, &c);
	scene->count = 0;
}

static struct addr neighbour(uint32_t n)
{
	struct addr a = addr("198.51.100.0");
	a.ip6[15] = (uint8_t)n;
	return a;
}

static void nothing_is_found(struct scene *scene)
{
	static struct found found;
	found = (struct found){ .kind = NULL };
	detect_tick(scene->detect, scene->now_us);
	detect_each(scene->detect, find_one, &found);
	if (found.count > 0)
		fail_msg("%s", found.findings[0].summary);
}

/* Ten addresses of one /24, three ports each. */
static void neighbours_that_share_ports_are_one_source(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 30; i++) {
		from(scene, neighbour(1 + i % 10), 1000 + i, "refused");
		scene->now_us += 10 * SECOND;
	}
	const struct finding_record *f = only_open(scene, "distributed_scan");
	assert_true(is_addr(&f->client_ip, "198.51.100.0"));
	assert_int_equal(f->client_prefix, 24);
	assert_in_range(f->ports, 15, 30);
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
}

static void neighbours_with_a_failure_now_and_then_are_none(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 200; i++) {
		from(scene, neighbour(1 + i), 443, "handshake");
		if (i % 20 == 0)
			from(scene, neighbour(1 + i), 8080 + i % 3, "silent");
	}
	nothing_is_found(scene);
}

/* 250 strangers with four ports each. */
static void strangers_who_share_the_ports_of_a_host_are_found(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 1000; i++) {
		from(scene, stranger(i % 250 * 70000), 1 + i * 61 % 65521, "refused");
		scene->now_us += SECOND / 3;
	}
	const struct finding_record *f = only_open(scene, "distributed_scan");
	assert_true(addr_is_unset(&f->client_ip));
	assert_true(is_addr(&f->server_ip, TARGET));
	assert_true(f->ports >= 500);
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
}

/* Some try enough of them to be told; those who try a few belong to the same. */
static void sharers_of_many_and_of_few_ports_are_one_finding(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 200; i++)
		from(scene, stranger(i / 20 * 70000), 1 + i, "refused");
	for (uint32_t i = 0; i < 400; i++) {
		from(scene, stranger(3000000 + i / 4 * 7001), 1000 + i, "refused");
		scene->now_us += SECOND / 3;
	}
	const struct finding_record *f = only_open(scene, "distributed_scan");
	assert_non_null(strstr(f->summary, "10 sources together scanned 200 ports"));
}

/* The noise of the Internet: somebody else every few seconds, a port or two each. */
static void background_noise_is_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t port = i % 3 == 0 ? 23 : 1 + i * 7919 % 65535;
		from(scene, stranger(i * 7001), port, "refused");
		scene->now_us += 60 * SECOND;
	}
	nothing_is_found(scene);
}

/* A worm: after a day with two an hour, three hundred. */
static void a_port_that_everybody_suddenly_wants_is_found(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 60; i++) {
		from(scene, stranger(i * 7001), 5555, "refused");
		scene->now_us += 1800 * SECOND;
	}
	nothing_is_found(scene);
	for (uint32_t i = 0; i < 300; i++) {
		from(scene, stranger(9000000 + i * 7001), 5555, "refused");
		scene->now_us += 5 * SECOND;
	}
	const struct finding_record *f = only_open(scene, "distributed_scan");
	assert_int_equal(f->port, 5555);
	assert_true(is_addr(&f->server_ip, TARGET));
	/* So it is where a name leads to the wrong host; a worm tries others. */
	assert_string_equal(f->severity, "notice");
	struct contact_record c = contact(scene, 5555, "refused");
	c.client_ip = stranger(1);
	c.server_ip = addr("192.0.2.2");
	give(scene, &c);
	assert_int_equal(count_open(scene, "distributed_scan"), 2);
	assert_string_equal(scene->said[scene->count - 1].severity, "low");
}

/* Everybody tries the address that has no server, then the one that has. */
static void a_service_that_one_address_lacks_is_meant(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct contact_record c = contact(scene, 443, "handshake");
		c.client_ip = stranger(i * 7001);
		c.server_ip = addr("192.0.2.9");
		give(scene, &c);
		from(scene, stranger(i * 7001), 443, "refused");
		scene->now_us += SECOND;
	}
	nothing_is_found(scene);
}

/* That is syn_flood's, and spoofed_source's. */
static void a_flood_under_forged_names_is_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 50000; i++) {
		from(scene, stranger(i * 331), 80, "refused");
		from(scene, stranger(i * 337), 1 + i % 65535, "refused");
		scene->now_us += 100;
	}
	assert_int_equal(count_open(scene, "distributed_scan"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(neighbours_that_share_ports_are_one_source),
		TEST(neighbours_with_a_failure_now_and_then_are_none),
		TEST(strangers_who_share_the_ports_of_a_host_are_found),
		TEST(sharers_of_many_and_of_few_ports_are_one_finding),
		TEST(background_noise_is_no_scan),
		TEST(a_port_that_everybody_suddenly_wants_is_found),
		TEST(a_service_that_one_address_lacks_is_meant),
		TEST(a_flood_under_forged_names_is_no_scan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
