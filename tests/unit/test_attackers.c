/*
 * test_attackers.c: what one proven source does to many machines is one incident, and
 * nobody is charged with what another did in his name (fleet/attackers.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet/attackers.h"

#define SECOND INT64_C(1000000)

static int open_attackers(void **state)
{
	*state = attackers_new();
	return *state != NULL ? 0 : -1;
}

static int close_attackers(void **state)
{
	attackers_free(*state);
	return 0;
}

/* The incident that it is given. */
static const char *see(struct attackers *attackers, const char *client,
		       const char *proof, const char *incident, int64_t s)
{
	static struct finding_record finding;
	record_init(RECORD_finding, &finding);
	finding.last = s * SECOND;
	finding.proof = proof;
	assert_true(addr_parse(client, &finding.client_ip));
	record_text(finding.incident, sizeof(finding.incident), incident);
	attackers_join(attackers, &finding);
	attackers_note(attackers, &finding);
	return finding.incident;
}

static void who_is_proven_twice_has_one_incident(void **state)
{
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "a", 0), "a");
	assert_string_equal(see(*state, "203.0.113.9", "handshake", "b", 60), "a");
	assert_string_equal(see(*state, "203.0.113.10", "dialogue", "c", 60), "c");
}

/* Else anybody could put somebody else's address into an incident. */
static void what_may_be_forged_joins_nothing(void **state)
{
	assert_string_equal(see(*state, "203.0.113.9", "unsolicited", "a", 0), "a");
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "b", 1), "b");
	assert_string_equal(see(*state, "203.0.113.9", "unsolicited", "c", 2), "c");
	assert_string_equal(see(*state, "203.0.113.9", NULL, "d", 3), "d");
}

static void who_comes_back_later_is_another_attack(void **state)
{
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "a", 0), "a");
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "b", 800), "a");
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "c", 1600), "a");
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "d", 2600), "d");
}

static void a_local_address_is_somebody_else_everywhere(void **state)
{
	assert_string_equal(see(*state, "10.0.0.9", "dialogue", "a", 0), "a");
	assert_string_equal(see(*state, "10.0.0.9", "dialogue", "b", 1), "b");
	assert_string_equal(see(*state, "fe80::9", "dialogue", "c", 1), "c");
	assert_string_equal(see(*state, "fe80::9", "dialogue", "d", 2), "d");
}

/* What is no attack has no incident, and gets none. */
static void what_is_no_attack_stays_none(void **state)
{
	see(*state, "203.0.113.9", "dialogue", "a", 0);
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "", 1), "");
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, open_attackers, close_attackers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_proven_twice_has_one_incident),
		TEST(what_may_be_forged_joins_nothing),
		TEST(who_comes_back_later_is_another_attack),
		TEST(a_local_address_is_somebody_else_everywhere),
		TEST(what_is_no_attack_stays_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
