/*
 * test_hub_recall_pace.c: how often a hub reads the depot while the streams leave
 * something out (cli/hub_recall_pace.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/hub_recall_pace.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_S    3600

static int64_t later(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

/* Something is left out all the time; what is due is read at once. */
static int read_in_flood(struct recall_pace *pace, int64_t *now_us, int seconds,
			 int64_t *apart_us)
{
	int readings = 0;
	int64_t read_us = *now_us;
	for (int i = 0; i < seconds; i++) {
		*now_us += SECOND_US;
		recall_pace_hole(pace, *now_us);
		if (recall_pace_next(pace) > *now_us)
			continue;
		*apart_us = *now_us - read_us;
		read_us = *now_us;
		readings++;
		recall_pace_was_read(pace, false, *now_us);
	}
	return readings;
}

static void begin(struct recall_pace *pace, int64_t now_us)
{
	recall_pace_init(pace);
	assert_true(recall_pace_next(pace) <= now_us);
	recall_pace_was_read(pace, true, now_us);
}

static void a_flood_makes_it_rare(void **state)
{
	struct recall_pace pace;
	int64_t now_us = 5 * SECOND_US, apart_us = 0;
	(void)state;
	begin(&pace, now_us);
	/* After 10, 20, 40, 80, 160 s, then each 300. */
	assert_int_equal(read_in_flood(&pace, &now_us, 9, &apart_us), 0);
	assert_int_equal(read_in_flood(&pace, &now_us, 1, &apart_us), 1);
	assert_int_equal(read_in_flood(&pace, &now_us, 310, &apart_us), 5);
	int readings = read_in_flood(&pace, &now_us, HOUR_S, &apart_us);
	assert_in_range(readings, 11, 12);
	assert_int_equal(apart_us, RECALL_APART_MOST_US);
}

static void after_a_quiet_time_it_is_soon_again(void **state)
{
	struct recall_pace pace;
	int64_t now_us = 0, apart_us = 0;
	(void)state;
	begin(&pace, now_us);
	read_in_flood(&pace, &now_us, HOUR_S, &apart_us);
	/* Not quiet for long enough. */
	now_us = later(now_us + RECALL_QUIET_US - SECOND_US, recall_pace_next(&pace));
	recall_pace_hole(&pace, now_us);
	recall_pace_was_read(&pace, false, now_us);
	assert_int_equal(recall_pace_next(&pace), now_us + RECALL_APART_MOST_US);
	now_us += RECALL_QUIET_US;
	recall_pace_hole(&pace, now_us);
	assert_true(recall_pace_next(&pace) <= now_us);
	recall_pace_was_read(&pace, false, now_us);
	assert_int_equal(recall_pace_next(&pace), now_us + RECALL_APART_FIRST_US);
}

static void all_is_read_once_it_is_over(void **state)
{
	struct recall_pace pace;
	int64_t now_us = 0, apart_us = 0;
	(void)state;
	begin(&pace, now_us);
	assert_int_equal(recall_pace_all(&pace), INT64_MAX);
	read_in_flood(&pace, &now_us, 100, &apart_us);
	/* Within an hour of the last reading of all. */
	assert_int_equal(recall_pace_all(&pace), RECALL_ALL_APART_US);
	read_in_flood(&pace, &now_us, HOUR_S, &apart_us);
	assert_int_equal(recall_pace_all(&pace), now_us + RECALL_QUIET_US);
	now_us += RECALL_QUIET_US;
	recall_pace_was_read(&pace, true, now_us);
	assert_int_equal(recall_pace_all(&pace), INT64_MAX);
}

static void who_is_to_lead_does_not_wait_for_it(void **state)
{
	struct recall_pace pace;
	int64_t now_us = 0, apart_us = 0;
	(void)state;
	begin(&pace, now_us);
	read_in_flood(&pace, &now_us, HOUR_S, &apart_us);
	recall_pace_was_read(&pace, false, now_us);
	assert_true(recall_pace_next(&pace) > now_us);
	recall_pace_hurry(&pace, now_us);
	assert_int_equal(recall_pace_next(&pace), now_us);
	recall_pace_was_read(&pace, false, now_us);
	assert_int_equal(recall_pace_next(&pace), now_us + RECALL_APART_MOST_US);
	recall_pace_failed(&pace, 2 * SECOND_US, now_us);
	assert_int_equal(recall_pace_next(&pace), now_us + 2 * SECOND_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_makes_it_rare),
		cmocka_unit_test(after_a_quiet_time_it_is_soon_again),
		cmocka_unit_test(all_is_read_once_it_is_over),
		cmocka_unit_test(who_is_to_lead_does_not_wait_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
