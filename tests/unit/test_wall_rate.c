/*
 * test_wall_rate.c: how many blocks may begin, whatever is said of them, and after the
 * process that counted them has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/wall_rate.h"

#define SECOND_US 1000000LL
#define MINUTE_US (60 * SECOND_US)

enum { TOTAL = 5000, A_MINUTE = 10, MANY = 3000 };

static int64_t now_us = 1000 * SECOND_US;

/* How many of so many begin. */
static uint32_t ask(struct wall_rate *rate, uint32_t count, uint8_t flags)
{
	const struct wall_order order = { .id = 1, .flags = flags };
	uint32_t begun = 0;
	for (uint32_t i = 0; i < count; i++)
		begun += wall_rate_takes(rate, &order, now_us);
	return begun;
}

static void new_ones_and_those_by_hand_have_a_bound_each(void **state)
{
	(void)state;
	struct wall_rate rate;
	wall_rate_begin(&rate, NULL, TOTAL, A_MINUTE);
	assert_int_equal(ask(&rate, MANY, 0), A_MINUTE);
	assert_int_equal(ask(&rate, MANY, WALL_BY_HAND), WALL_BY_HAND_A_MINUTE);
	assert_int_equal(ask(&rate, MANY, 0), 0);
	now_us += MINUTE_US / A_MINUTE;
	assert_int_equal(ask(&rate, MANY, 0), 1);
	now_us += 100 * MINUTE_US;
	assert_int_equal(ask(&rate, MANY, 0), A_MINUTE);
}

static void what_is_restored_is_no_more_than_there_was(void **state)
{
	(void)state;
	struct wall_past past = { 0 };
	struct wall_rate rate;
	wall_rate_begin(&rate, &past, TOTAL, A_MINUTE);
	assert_int_equal(ask(&rate, MANY, WALL_RESTORED),
			 MANY); /* of a daemon before */
	wall_rate_ready(&rate);
	assert_int_equal(ask(&rate, MANY, WALL_RESTORED), A_MINUTE);
	wall_rate_held(&rate, 7);
	/* Another one in its place, and one more, before the first has told all. */
	wall_rate_begin(&rate, &past, TOTAL, A_MINUTE);
	assert_int_equal(ask(&rate, 3, WALL_RESTORED), 3);
	wall_rate_held(&rate, 3);
	wall_rate_begin(&rate, &past, TOTAL, A_MINUTE);
	assert_int_equal(ask(&rate, MANY, WALL_RESTORED), 7);
}

static void an_end_gives_nothing_back(void **state)
{
	(void)state;
	struct wall_past past = { 0 };
	struct wall_rate rate;
	wall_rate_begin(&rate, &past, TOTAL, A_MINUTE);
	assert_int_equal(ask(&rate, MANY, 0), A_MINUTE);
	assert_int_equal(ask(&rate, MANY, WALL_BY_HAND), WALL_BY_HAND_A_MINUTE);
	for (int ends = 0; ends < 10; ends++) {
		wall_rate_begin(&rate, &past, TOTAL, A_MINUTE);
		assert_int_equal(ask(&rate, MANY, 0), 0);
		assert_int_equal(ask(&rate, MANY, WALL_BY_HAND | WALL_RESTORED), 0);
	}
}

static void restoring_has_an_end(void **state)
{
	(void)state;
	struct wall_rate rate;
	wall_rate_begin(&rate, NULL, TOTAL, A_MINUTE);
	assert_int_equal(ask(&rate, 1, WALL_RESTORED), 1);
	now_us += 2 * MINUTE_US; /* who never says that it is ready */
	assert_int_equal(ask(&rate, MANY, WALL_RESTORED), A_MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_ones_and_those_by_hand_have_a_bound_each),
		cmocka_unit_test(what_is_restored_is_no_more_than_there_was),
		cmocka_unit_test(an_end_gives_nothing_back),
		cmocka_unit_test(restoring_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
