/*
 * test_attackers.c: what one proven source does to many machines is one incident, and
 * nobody is charged with what another did in his name (fleet/attackers.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/attackers.h"

#define SECOND INT64_C(1000000)
#define NOW_S  3000

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
	attackers_note(attackers, &finding, NOW_S * SECOND);
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

/* Else whoever says that it ends in a thousand years joins all that comes after. */
static void what_is_to_come_was_now(void **state)
{
	see(*state, "203.0.113.9", "dialogue", "a", 1000000);
	assert_string_equal(see(*state, "203.0.113.9", "dialogue", "b", NOW_S + 900),
			    "a");
	see(*state, "203.0.113.10", "dialogue", "c", 1000000);
	assert_string_equal(see(*state, "203.0.113.10", "dialogue", "d", NOW_S + 901),
			    "d");
}

static const char *name(const char *sensor, const char *incident, bool is_of_others)
{
	static struct finding_record finding;
	record_init(RECORD_finding, &finding);
	record_text(finding.sensor, sizeof(finding.sensor), sensor);
	record_text(finding.incident, sizeof(finding.incident), incident);
	attackers_name(&finding, is_of_others);
	return finding.incident;
}

static bool is_made(const char *id, const char *of)
{
	return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16 &&
	       strcmp(id, of) != 0;
}

static void an_id_that_no_sensor_makes_becomes_one(void **state)
{
	(void)state;
	assert_string_equal(name("web-1", "00000000000000f3", false),
			    "00000000000000f3");
	assert_string_equal(name("web-1", "", true), "");
	assert_true(is_made(name("web-1", "../../etc/passwd", false), ""));
	assert_true(is_made(name("web-1", "00000000000000F3", false), ""));
	assert_true(is_made(name("web-1", "00000000000000f", false), ""));
}

static void an_incident_of_others_becomes_its_own(void **state)
{
	field_text32 first;
	static const char of[] = "00000000000000f3";
	(void)state;
	record_text(first, sizeof(first), name("mallory", of, true));
	assert_true(is_made(first, of));
	assert_string_equal(name("mallory", of, true), first);
	assert_true(is_made(name("eve", of, true), first));
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
		TEST(what_is_to_come_was_now),
		TEST(an_id_that_no_sensor_makes_becomes_one),
		TEST(an_incident_of_others_becomes_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
