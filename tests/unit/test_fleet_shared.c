/* Many sources that share out the hosts of a fleet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fleet_scene.h"

enum { SENSORS = 40 };

static const char *source(unsigned number)
{
	static char text[32];
	snprintf(text, sizeof(text), "203.0.%u.%u", number / 200, 1 + number % 200);
	return text;
}

static void shared_hosts_are_a_distributed_scan(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < SENSORS; i++, pass(scene, 20 * MINUTE))
		touch(scene, i * 7 % SENSORS, source(i), 3389, "silent");
	const struct finding_record *f = said_of(scene, "distributed_scan");
	assert_non_null(f);
	assert_int_equal(count_of(scene, "distributed_scan"), 1);
	assert_int_equal(f->port, 3389);
	assert_true(addr_is_unset(&f->client_ip));
	assert_true(addr_is_unset(&f->server_ip));
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
	assert_non_null(strstr(f->evidence, "0 went to a host that another"));
	/* Sixteen are known by name. */
	assert_memory_equal(f->sensors, "web-0,web-7,web-14,", 19);
	assert_non_null(strstr(f->sensors, ",web-25,..."));
}

/* As clients of a name that leads to forty addresses, of which none serves. */
static void strangers_who_know_nothing_of_each_other_are_none(void **state)
{
	struct fleet_scene *scene = *state;
	struct hash_key key = hash_key_random();
	print_message("# seed %llx\n", (unsigned long long)key.k0);
	join(scene, SENSORS, "paris");
	for (uint64_t i = 0; i < 2000; i++, pass(scene, 10 * SECOND)) {
		uint64_t random = hash_words(&key, &i, 1);
		touch(scene, (unsigned)(random % SENSORS), source((unsigned)i), 8443,
		      "refused");
	}
	assert_null(said_of(scene, "distributed_scan"));
}

/* Balancers in one place: each asks every host. */
static void who_tries_many_hosts_is_no_part(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < SENSORS; i++)
		for (unsigned j = 0; j < 12; j++)
			touch(scene, i, source(j), 8080, "refused");
	assert_null(said_of(scene, "distributed_scan"));
}

static void a_port_that_is_served_is_meant(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	touch(scene, 3, "198.51.100.1", 443, "handshake");
	for (unsigned i = 0; i < SENSORS; i++)
		touch(scene, i, source(i), 443, "silent");
	assert_null(said_of(scene, "distributed_scan"));
}

/* ---- a grid of hosts and ports ---- */

enum { GRID_PORTS = 20, GRID_HOSTS = 18, GRID_EACH = 3 };

/* Each of so many ports at that many hosts, no place twice, in no order. */
static void share_grid(struct fleet_scene *scene, const struct hash_key *key,
		       const char *(*who)(unsigned number))
{
	enum { PLACES = GRID_PORTS * GRID_HOSTS };
	for (uint64_t i = 0; i < PLACES; i++, pass(scene, 2 * MINUTE)) {
		uint64_t place = i * 7 % PLACES; /* no divisor of it */
		uint64_t port = place % GRID_PORTS;
		uint64_t shift = hash_words(key, &port, 1);
		unsigned on = (unsigned)((place / GRID_PORTS + shift) % SENSORS);
		touch(scene, on, who((unsigned)(i / GRID_EACH)),
		      (uint32_t)(2000 + port), "silent");
	}
}

static void a_shared_grid_is_one_distributed_scan(void **state)
{
	struct fleet_scene *scene = *state;
	struct hash_key key = hash_key_random();
	print_message("# seed %llx\n", (unsigned long long)key.k0);
	join(scene, SENSORS, "paris");
	share_grid(scene, &key, source);
	const struct finding_record *f = said_of(scene, "distributed_scan");
	assert_non_null(f);
	assert_int_equal(count_of(scene, "distributed_scan"), 1);
	assert_string_equal(f->technique, "strobe");
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
	assert_int_equal(f->port, UNKNOWN_U32);
	assert_true(f->ports > 3 && f->ports <= GRID_PORTS);
	assert_true(f->hosts >= 20 && f->hosts <= SENSORS + 2);
	assert_non_null(strstr(f->evidence, " 0 went to a host and port that another"));
	assert_memory_equal(f->sensors, "web-", 4);
	assert_non_null(strstr(f->sensors, ",..."));
}

static const char *private_source(unsigned number)
{
	static char text[32];
	snprintf(text, sizeof(text), "10.0.%u.%u", number / 200, 1 + number % 200);
	return text;
}

/* Peers that are given their partners by a program. */
static void machines_of_ours_share_what_they_like(void **state)
{
	struct fleet_scene *scene = *state;
	struct hash_key key = hash_key_random();
	print_message("# seed %llx\n", (unsigned long long)key.k0);
	join(scene, SENSORS, "paris");
	share_grid(scene, &key, private_source);
	assert_null(said_of(scene, "distributed_scan"));
}

/*
 * Bots that try the same twelve ports of any host: that by chance no two of so few meet
 * is said by each port, and is one chance all the same.
 */
static void the_same_ports_of_any_host_are_no_grid(void **state)
{
	enum { BOTS = 25, PORTS = 12 };
	struct fleet_scene *scene = *state;
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < BOTS; i++, pass(scene, 10 * MINUTE))
		for (uint32_t port = 2000; port < 2000 + PORTS; port++)
			touch(scene, i * 7 % SENSORS, source(i), port, "silent");
	assert_null(said_of(scene, "distributed_scan"));
}

/* What comes from the Internet at all times: some ports often, most seldom. */
static void strangers_at_many_ports_are_no_grid(void **state)
{
	enum { PORTS = 300 };
	struct fleet_scene *scene = *state;
	struct hash_key key = hash_key_random();
	print_message("# seed %llx\n", (unsigned long long)key.k0);
	join(scene, SENSORS, "paris");
	for (uint64_t i = 0; i < 20000; i++, pass(scene, 30 * SECOND)) {
		uint64_t random = hash_words(&key, &i, 1);
		uint64_t port = random % PORTS * (random / PORTS % PORTS) / PORTS;
		touch(scene, (unsigned)(random >> 40) % SENSORS,
		      source((unsigned)(i / 2)), (uint32_t)(2000 + port), "silent");
	}
	assert_null(said_of(scene, "distributed_scan"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shared_hosts_are_a_distributed_scan,
						begin, end),
		cmocka_unit_test_setup_teardown(
			strangers_who_know_nothing_of_each_other_are_none, begin, end),
		cmocka_unit_test_setup_teardown(who_tries_many_hosts_is_no_part, begin,
						end),
		cmocka_unit_test_setup_teardown(a_shared_grid_is_one_distributed_scan,
						begin, end),
		cmocka_unit_test_setup_teardown(machines_of_ours_share_what_they_like,
						begin, end),
		cmocka_unit_test_setup_teardown(the_same_ports_of_any_host_are_no_grid,
						begin, end),
		cmocka_unit_test_setup_teardown(strangers_at_many_ports_are_no_grid,
						begin, end),
		cmocka_unit_test_setup_teardown(a_port_that_is_served_is_meant, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
