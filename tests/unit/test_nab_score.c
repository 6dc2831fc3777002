/*
 * test_nab_score.c: the benchmark's score is what its rules say, worked out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../eval/nab_score.h"

enum { VALUES = 40 }; /* of which 6 are for learning */

static const struct nab_window WINDOWS[] = { { 10, 19 } };
static struct nab_point points[2 * VALUES];
static struct nab_set set;
static double scores[VALUES];

static int begin(void **state)
{
	(void)state;
	set = (struct nab_set){ .points = points };
	memset(scores, 0, sizeof(scores));
	return 0;
}

static struct nab_result judge(int profile, double threshold)
{
	nab_add(&set, scores, VALUES, WINDOWS, 1);
	nab_sort(&set);
	return nab_judge(&set, &NAB_PROFILES[profile], threshold);
}

static void assert_near(double value, double wanted)
{
	assert_float_equal(value, wanted, 1e-3);
}

static void silence_has_0(void **state)
{
	(void)state;
	for (int i = 0; i < NAB_PROFILE_COUNT; i++) {
		begin(NULL);
		assert_near(judge(i, 0.5).score, 0);
	}
}

static void the_first_value_of_each_window_and_no_other_has_100(void **state)
{
	(void)state;
	for (int i = 0; i < NAB_PROFILE_COUNT; i++) {
		begin(NULL);
		scores[10] = 1;
		struct nab_result result = judge(i, 0.5);
		assert_near(result.score, 100);
		assert_int_equal(result.found, 1);
		assert_int_equal(result.false_marks, 0);
	}
}

/*
 * At 15, five of ten values before the end and one more, the position is -(19-15+1)/10
 * = -0.5: 2/(1+exp(-2.5))-1 = 0.84828, of 2/(1+exp(-5))-1 = 0.98661 that is 0.85979.
 * At 25, six after the end by nine: 2/(1+exp(10/3))-1 = -0.93109, times 0.11.
 * At 8, before any window: -0.11.  Found late, -1 no more: (0.85979 - 0.10242 - 0.11 +
 * 1) of (1 + 1) is 82.368 %.
 */
static void a_late_mark_a_false_one_behind_and_one_before(void **state)
{
	(void)state;
	scores[15] = scores[25] = scores[8] = 1;
	struct nab_result result = judge(0, 0.5);
	assert_near(result.score, 82.368);
	assert_int_equal(result.false_marks, 2);
}

/* (0.85979 - 0.20484 - 0.22 + 1) / 2; and (0.85979 - 0.10242 - 0.11 + 2) / 3. */
static void other_profiles_weigh_them_otherwise(void **state)
{
	(void)state;
	scores[15] = scores[25] = scores[8] = 1;
	assert_near(judge(1, 0.5).score, 71.747);
	begin(NULL);
	scores[15] = scores[25] = scores[8] = 1;
	assert_near(judge(2, 0.5).score, 88.246);
}

static void of_a_window_the_best_mark_counts(void **state)
{
	(void)state;
	scores[10] = scores[12] = scores[19] = 1;
	assert_near(judge(0, 0.5).score, 100);
}

static void the_time_of_learning_counts_for_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		scores[i] = 1;
	scores[10] = 1;
	assert_near(judge(0, 0.5).score, 100);
	assert_int_equal(nab_probation(4000), 600);
	assert_int_equal(nab_probation(20000), 750);
}

static void the_best_threshold_is_found(void **state)
{
	(void)state;
	scores[8] = 0.9;
	scores[10] = 0.8;
	scores[30] = 0.7;
	struct nab_result result = judge(0, 0.95);
	assert_near(result.score, 0);
	result = nab_judge(&set, &NAB_PROFILES[0], 0);
	assert_near(result.threshold, 0.8);
	assert_near(result.best, 100 * (1 - 0.11 + 1) / 2);
	assert_true(result.score < result.best);
}

static void windows_of_all_series_are_summed(void **state)
{
	(void)state;
	nab_add(&set, scores, VALUES, WINDOWS, 1);
	scores[10] = 1;
	assert_near(judge(0, 0.5).score, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(silence_has_0, begin),
		cmocka_unit_test_setup(
			the_first_value_of_each_window_and_no_other_has_100, begin),
		cmocka_unit_test_setup(a_late_mark_a_false_one_behind_and_one_before,
				       begin),
		cmocka_unit_test_setup(other_profiles_weigh_them_otherwise, begin),
		cmocka_unit_test_setup(of_a_window_the_best_mark_counts, begin),
		cmocka_unit_test_setup(the_time_of_learning_counts_for_nothing, begin),
		cmocka_unit_test_setup(the_best_threshold_is_found, begin),
		cmocka_unit_test_setup(windows_of_all_series_are_summed, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
