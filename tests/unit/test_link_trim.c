/*
 * test_link_trim.c: how much of a stream stays while one sensor fills it, and from when
 * on consumers are asked to begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet/link_inside.h"

#define SECOND INT64_C(1000000)

static void the_fuller_a_sensors_share_is_the_less_stays(void **state)
{
	(void)state;
	assert_true(link_crowd_keep_us(0, 1024) == INT64_MAX);
	assert_true(link_crowd_keep_us(512, 1024) == INT64_MAX);
	assert_int_equal(link_crowd_keep_us(513, 1024), 60 * SECOND);
	assert_int_equal(link_crowd_keep_us(768, 1024), 60 * SECOND);
	assert_int_equal(link_crowd_keep_us(769, 1024), SECOND);
	assert_int_equal(link_crowd_keep_us(1024, 1024), SECOND);
}

/* As the library writes it: "%lld.%lldZ", without the zeros between. */
static void a_fraction_that_begins_with_a_zero_is_rounded_down(void **state)
{
	static const struct {
		int64_t us, ns;
	} cases[] = {
		{ 1795765768738723, 1795765768738723000 },
		{ 1795765768100000, 1795765768100000000 },
		{ 1795765768099999, 1795765768000000000 },
		{ 1795765768000001, 1795765768000000000 },
		{ 1795765768000000, 1795765768000000000 },
		{ 1, 1 }, /* of 0 it would say nothing at all */
		{ 0, 1 },
		{ -5, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(link_start_ns(cases[i].us) == cases[i].ns);
}

static void the_bound_of_a_sensor_is_of_the_streams_room(void **state)
{
	(void)state;
	assert_int_equal(link_crowd_bound(1 << 20), 1024);
	assert_int_equal(link_crowd_bound(UINT64_C(8) << 30), 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fuller_a_sensors_share_is_the_less_stays),
		cmocka_unit_test(a_fraction_that_begins_with_a_zero_is_rounded_down),
		cmocka_unit_test(the_bound_of_a_sensor_is_of_the_streams_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
