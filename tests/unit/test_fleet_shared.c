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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shared_hosts_are_a_distributed_scan,
						begin, end),
		cmocka_unit_test_setup_teardown(
			strangers_who_know_nothing_of_each_other_are_none, begin, end),
		cmocka_unit_test_setup_teardown(who_tries_many_hosts_is_no_part, begin,
						end),
		cmocka_unit_test_setup_teardown(a_port_that_is_served_is_meant, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
