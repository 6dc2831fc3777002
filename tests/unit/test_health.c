/*
 * test_health.c: hard states, retries, flapping.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/health.h"

static const struct health_rules usual = { .fails = 2, .of = 3, .recovers = 1 };

/* One letter a result: u(p), g (degraded), d(own), ? (unknown). */
static enum probe_state state_of(char letter)
{
	return letter == 'u'   ? PROBE_up
	       : letter == 'g' ? PROBE_degraded
	       : letter == 'd' ? PROBE_down
			       : PROBE_unknown;
}

static struct health after(const struct health_rules *rules, const char *letters)
{
	struct health health = { 0 };
	for (int64_t i = 0; letters[i] != '\0'; i++)
		health_take(&health, rules, state_of(letters[i]), 1000 + i);
	return health;
}

static void check(const char *letters, enum probe_state hard, int64_t since_us)
{
	struct health health = after(&usual, letters);
	if (health.hard != hard || health.since_us != since_us)
		fail_msg("%s: %s since %lld", letters, probe_state_word(health.hard),
			 (long long)health.since_us);
}

static void one_failure_is_not_an_outage(void **state)
{
	(void)state;
	check("u", PROBE_up, 1000);
	check("ud", PROBE_up, 1000);
	check("udd", PROBE_down, 1002);
	check("udud", PROBE_down, 1003); /* two of the last three */
	check("uduud", PROBE_up, 1000);
	check("uddu", PROBE_up, 1003);
}

static void nothing_is_known_at_the_begin(void **state)
{
	(void)state;
	check("d", PROBE_unknown, 1000);
	check("dd", PROBE_down, 1001);
	check("?", PROBE_unknown, 1000);
	check("?u", PROBE_up, 1001);
}

static void our_own_trouble_is_nobodys_failure(void **state)
{
	(void)state;
	check("u?", PROBE_up, 1000);
	check("u??", PROBE_unknown, 1002);
	check("dd??", PROBE_unknown, 1003);
	check("u?d", PROBE_up, 1000);
}

static void degraded_lies_between(void **state)
{
	(void)state;
	check("ugg", PROBE_degraded, 1002);
	check("ugd", PROBE_degraded, 1002);
	check("ugdd", PROBE_down, 1003);
	check("uggu", PROBE_up, 1003);
}

static void an_end_can_be_asked_to_last(void **state)
{
	(void)state;
	const struct health_rules slow = { .fails = 1, .of = 1, .recovers = 3 };
	assert_int_equal(after(&slow, "ud").hard, PROBE_down);
	assert_int_equal(after(&slow, "uduu").hard, PROBE_down);
	assert_int_equal(after(&slow, "uduuu").hard, PROBE_up);
	assert_int_equal(after(&slow, "uduuduu").hard, PROBE_down);
}

static void a_state_that_keeps_changing_flaps(void **state)
{
	(void)state;
	assert_false(after(&usual, "uuuuuuuuuuuuuuuuuuuuu").is_flapping);
	assert_false(after(&usual, "uuuuuuuuuuduuuuuuuuuu").is_flapping);
	assert_true(after(&usual, "ududududududududududu").is_flapping);
	/* It ends late: not before less than a fifth of the changes are left. */
	assert_true(after(&usual, "udududududududududuuuuuuuu").is_flapping);
	assert_false(
		after(&usual, "udududududududududuuuuuuuuuuuuuuuuuuuuu").is_flapping);
}

static void changes_are_told_once(void **state)
{
	(void)state;
	struct health health = { 0 };
	assert_true(health_take(&health, &usual, PROBE_up, 1));
	assert_false(health_take(&health, &usual, PROBE_up, 2));
	assert_false(health_take(&health, &usual, PROBE_down, 3));
	assert_true(health_is_soft(&health));
	assert_true(health_take(&health, &usual, PROBE_down, 4));
	assert_false(health_is_soft(&health));
	assert_false(health_take(&health, &usual, PROBE_down, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_failure_is_not_an_outage),
		cmocka_unit_test(nothing_is_known_at_the_begin),
		cmocka_unit_test(our_own_trouble_is_nobodys_failure),
		cmocka_unit_test(degraded_lies_between),
		cmocka_unit_test(an_end_can_be_asked_to_last),
		cmocka_unit_test(a_state_that_keeps_changing_flaps),
		cmocka_unit_test(changes_are_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
