/*
 * test_scan_company.c: who scans by whole connections is told by himself and as proven,
 * whoever scans beside him: nobody's decoy, and no part of a crowd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/hash.h"
#include "contact_scene.h"

enum { LARGE = 100, RANDOM_ROUNDS = 600 };

static bool is_open(uint32_t port)
{
	return port % 40 == 7;
}

/* connect(), and close() where somebody answers. */
static void try_port(struct scene *scene, const struct addr *client, uint32_t port)
{
	struct contact_record c =
		contact(scene, port, is_open(port) ? "handshake" : "refused");
	c.client_ip = *client;
	c.window = 64240;
	c.tool = NULL;
	give(scene, &c);
	scene->now_us += 500;
	if (is_open(port)) {
		c.at = scene->now_us;
		c.outcome = "unused";
		give(scene, &c);
	}
	scene->count = 0;
}

static size_t count_scans(struct scene *scene, const struct addr *client,
			  const char *severity, const char *proof)
{
	static struct found found;
	size_t count = 0;
	found = (struct found){ .kind = "port_scan" };
	detect_tick(scene->detect, scene->now_us);
	scene->count = 0;
	detect_each(scene->detect, find_one, &found);
	for (size_t i = 0; i < found.count; i++)
		count += addr_equal(&found.findings[i].client_ip, client) &&
			 strcmp(found.findings[i].severity, severity) == 0 &&
			 strcmp(found.findings[i].proof, proof) == 0;
	return count;
}

static void three_who_scan_the_same_ports_are_three(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 120; port++)
		for (uint32_t n = 0; n < 3; n++) {
			const struct addr client = stranger(n * 70000);
			try_port(scene, &client, port);
		}
	for (uint32_t n = 0; n < 3; n++) {
		const struct addr client = stranger(n * 70000);
		assert_int_equal(count_scans(scene, &client, "medium", "handshake"), 1);
	}
	assert_int_equal(count_open(scene, NULL), 3);
}

/* The open port comes last, so all of them were decoys of each other until then. */
static void who_is_proven_late_is_told_with_the_packet_that_proves_it(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 8; port <= 127; port++)
		for (uint32_t n = 0; n < 3; n++) {
			const struct addr client = stranger(n * 70000);
			if (!is_open(port))
				try_port(scene, &client, port);
		}
	const struct finding_record of_all = *only_open(scene, "port_scan");
	assert_string_equal(of_all.proof, "unsolicited");
	scene->count = 0;
	for (uint32_t n = 0; n < 3; n++) {
		const struct addr client = stranger(n * 70000);
		struct contact_record c = contact(scene, 7, "handshake");
		c.client_ip = client;
		c.window = 64240;
		give(scene, &c);
		assert_int_equal(scene->count, 0);
		c.outcome = "unused";
		give(scene, &c);
		assert_true(scene->count > 0);
		const struct finding_record *f = &scene->said[scene->count - 1];
		assert_true(addr_equal(&f->client_ip, &client));
		assert_string_equal(f->severity, "medium");
		assert_string_equal(f->proof, "handshake");
		/* The first takes along what was said of all. */
		assert_true((n == 0) == (strcmp(f->id, of_all.id) == 0));
		scene->count = 0;
	}
}

/* The two whose names he also uses are not accused, nor is he one of several. */
static void who_scans_by_whole_connections_behind_decoys_is_named_alone(void **state)
{
	struct scene *scene = *state;
	const struct addr real = stranger(0);
	for (uint32_t port = 1; port <= 120; port++) {
		for (uint32_t n = 1; n < 3; n++) {
			struct contact_record c = contact(
				scene, port, is_open(port) ? "silent" : "refused");
			c.client_ip = stranger(n * 70000);
			c.window = 64240;
			give(scene, &c);
		}
		try_port(scene, &real, port);
	}
	assert_int_equal(count_scans(scene, &real, "medium", "handshake"), 1);
	for (uint32_t n = 1; n < 3; n++) {
		const struct addr decoy = stranger(n * 70000);
		assert_int_equal(count_scans(scene, &decoy, "low", "unsolicited"), 0);
	}
}

/* Whoever of the two was found first: what is left is told, and accuses nobody. */
static void a_decoy_that_is_left_behind_is_not_accused(void **state)
{
	for (uint32_t who = 0; who < 2; who++) {
		struct scene *scene;
		const struct addr real = stranger(who * 70000);
		const struct addr decoy = stranger((1 - who) * 70000);
		assert_int_equal(begin((void **)&scene), 0);
		for (uint32_t port = 8; port <= 167; port++) {
			struct contact_record c = contact(
				scene, port, is_open(port) ? "silent" : "refused");
			c.client_ip = decoy;
			c.window = 64240;
			try_port(scene, &real, port);
			give(scene, &c);
		}
		assert_int_equal(count_scans(scene, &real, "medium", "handshake"), 1);
		assert_int_equal(count_scans(scene, &decoy, "low", "unsolicited"), 0);
		assert_int_equal(count_open(scene, "port_scan"), 2);
		end((void **)&scene);
	}
	(void)state;
}

/* Nor is he one of two, when a stranger tries the same ports after him. */
static void who_scanned_by_whole_connections_has_no_twin(void **state)
{
	struct scene *scene = *state;
	const struct addr real = stranger(0);
	for (uint32_t port = 1; port <= 60; port++)
		try_port(scene, &real, port);
	assert_int_equal(count_scans(scene, &real, "low", "handshake"), 1);
	for (uint32_t port = 1; port <= 60; port++) {
		struct contact_record c = contact(scene, port, "refused");
		c.client_ip = stranger(70000);
		give(scene, &c);
		scene->count = 0;
	}
	assert_int_equal(count_scans(scene, &real, "low", "handshake"), 1);
}

/* nmap -D names a client of ours, who leaves connections unused as browsers do. */
static void a_client_among_decoys_stays_one(void **state)
{
	struct scene *scene = *state;
	const struct addr client = stranger(70000);
	for (uint32_t port = 1000; port < 1150; port++)
		for (uint32_t n = 0; n < 3; n++) {
			struct contact_record c = contact(scene, port, "refused");
			c.client_ip = stranger(n * 70000);
			give(scene, &c);
			scene->count = 0;
			scene->now_us += 1000;
		}
	for (uint32_t port = 7; port < 200; port += 40)
		try_port(scene, &client, port);
	assert_int_equal(count_scans(scene, &client, "medium", "handshake"), 0);
}

static uint32_t number(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(*seed >> 33) % below;
}

/* As many ports each, in a row: the same, others, or some of both. */
struct crowd {
	uint32_t sources, ports, apart, begin;
};

static void scan_together(struct scene *scene, uint64_t *seed,
			  const struct crowd *crowd)
{
	uint32_t done[16] = { 0 };
	bool is_in_turn = number(seed, 2) == 0;
	for (uint32_t left = crowd->sources * crowd->ports; left > 0;) {
		uint32_t n = is_in_turn ? left % crowd->sources
					: number(seed, crowd->sources);
		const struct addr client = stranger(crowd->begin + n * 800);
		if (done[n] == crowd->ports)
			continue;
		try_port(scene, &client, 1 + n * crowd->apart + done[n]++);
		left--;
	}
}

/* True if each has a finding of his own that blocks him. */
static bool are_all_told(struct scene *scene, const struct crowd *crowd)
{
	for (uint32_t n = 0; n < crowd->sources; n++) {
		const struct addr client = stranger(crowd->begin + n * 800);
		if (count_scans(scene, &client, "medium", "handshake") != 1)
			return false;
	}
	return true;
}

static void whoever_scans_together_by_whole_connections_is_told(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed =
		given != NULL ? strtoull(given, NULL, 10) : hash_key_random().k0;
	unsigned hidden = 0;
	print_message("# SEED=%llu\n", (unsigned long long)seed);
	for (uint32_t i = 0; i < RANDOM_ROUNDS; i++) {
		struct crowd crowd = { .sources = 1 + number(&seed, 9),
				       .ports = LARGE + 40 + number(&seed, 60),
				       .apart = number(&seed, 3) * 150,
				       .begin = number(&seed, 100) * 90000 };
		struct scene *scene;
		assert_int_equal(begin((void **)&scene), 0);
		scan_together(scene, &seed, &crowd);
		if (!are_all_told(scene, &crowd)) {
			print_message("# hidden: %u sources, %u ports, %u apart\n",
				      crowd.sources, crowd.ports, crowd.apart);
			hidden++;
		}
		end((void **)&scene);
	}
	(void)state;
	assert_int_equal(hidden, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(three_who_scan_the_same_ports_are_three),
		TEST(who_is_proven_late_is_told_with_the_packet_that_proves_it),
		TEST(who_scans_by_whole_connections_behind_decoys_is_named_alone),
		cmocka_unit_test(a_decoy_that_is_left_behind_is_not_accused),
		TEST(who_scanned_by_whole_connections_has_no_twin),
		TEST(a_client_among_decoys_stays_one),
		cmocka_unit_test(whoever_scans_together_by_whole_connections_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
