/*
 * test_holes.c: missing stretches of streams, against a map of every octet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow/holes.h"

enum { HOLES = 8, OCTETS = 256 };

static struct holes *holes;

static int begin(void **state)
{
	(void)state;
	holes = holes_new(HOLES);
	return holes == NULL ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	holes_free(holes);
	return 0;
}

static void what_fills_the_hole_closes_it(void **state)
{
	(void)state;
	int64_t age;
	assert_true(holes_open(holes, 1, 0, 100, 200, 300, 1000));
	assert_true(holes_fill(holes, 1, 0, 100, 150, 1500, &age));
	assert_int_equal(age, 500);
	assert_true(holes_fill(holes, 1, 0, 120, 150, 1600, &age));
	assert_int_equal(age, -1);
	assert_true(holes_fill(holes, 1, 0, 200, 300, 1600, &age));
	assert_int_equal(age, -1);
	assert_true(holes_fill(holes, 1, 0, 300, 310, 1700, &age));
	assert_int_equal(age, -1); /* beyond: neither late nor again */
	assert_false(holes_fill(holes, 1, 0, 150, 200, 1800, &age));
	assert_int_equal(age, 800);
	assert_false(holes_fill(holes, 1, 0, 310, 320, 1900, &age));
}

static void a_time_that_runs_back_gives_no_age(void **state)
{
	(void)state;
	int64_t age;
	assert_true(holes_open(holes, 1, 0, 100, 200, 300, 1000));
	assert_true(holes_fill(holes, 1, 0, 100, 150, 500, &age));
	assert_int_equal(age, 0);
}

static void an_acknowledgement_counts_each_gap(void **state)
{
	(void)state;
	int64_t age;
	uint64_t lost = 0;
	uint32_t gaps = 0;
	assert_true(holes_open(holes, 1, 1, 100, 200, 300, 0));
	assert_true(holes_fill(holes, 1, 1, 350, 400, 0, &age));
	assert_true(holes_fill(holes, 1, 1, 500, 600, 0, &age));
	assert_true(holes_acked(holes, 1, 1, 100, &lost, &gaps));
	assert_int_equal(lost, 0);
	assert_true(holes_acked(holes, 1, 1, 150, &lost, &gaps));
	assert_int_equal(lost, 50);
	assert_int_equal(gaps, 1);
	assert_true(holes_acked(holes, 1, 1, 400, &lost, &gaps));
	assert_int_equal(lost, 150);
	assert_int_equal(gaps, 3);
	assert_false(holes_acked(holes, 1, 1, 600, &lost, &gaps));
	assert_int_equal(lost, 250);
	assert_int_equal(gaps, 4);
}

static void a_full_table_takes_no_more_until_one_is_dropped(void **state)
{
	(void)state;
	int64_t age;
	for (uint32_t i = 0; i < HOLES / 2; i++)
		for (unsigned side = 0; side < 2; side++)
			assert_true(holes_open(holes, i, side, 10, 20, 30, 0));
	assert_false(holes_open(holes, 99, 0, 10, 20, 30, 0));
	assert_false(holes_fill(holes, 99, 0, 10, 20, 0, &age));
	holes_drop(holes, 2);
	assert_true(holes_open(holes, 99, 0, 10, 20, 30, 0));
	assert_true(holes_open(holes, 99, 1, 10, 20, 30, 0));
	assert_false(holes_open(holes, 98, 0, 10, 20, 30, 0));
	for (uint32_t i = 0; i < HOLES / 2; i++)
		assert_int_equal(holes_fill(holes, i, 0, 10, 15, 0, &age), i != 2);
}

/*
 * At most what is missing is lost; exactly that while there are few stretches, because
 * of many the nearest are joined.
 */
static void a_hole_is_never_invented(void **state)
{
	(void)state;
	unsigned seed = (unsigned)getpid();
	print_message("# seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 3000; round++) {
		bool came[OCTETS] = { false };
		uint32_t body = (uint32_t)rand() % 4;
		unsigned side = (unsigned)rand() % 2;
		uint64_t from = 10 + (uint64_t)rand() % 100;
		uint64_t to = from + (uint64_t)rand() % 20;
		memset(came, true, 8);
		memset(came + from, true, to - from);
		bool open = holes_open(holes, body, side, 8, from, to, 0);
		assert_true(open);
		for (int i = 0; open && i < (round % 2 ? 3 : 40); i++) {
			int64_t age;
			from = (uint64_t)rand() % (OCTETS - 30);
			to = from + (uint64_t)rand() % 30;
			memset(came + from, true, to - from);
			open = holes_fill(holes, body, side, from, to, i, &age);
		}
		uint64_t lost = 0, missing = 0;
		uint32_t gaps = 0;
		/* What is acknowledged beyond all that came is missing too. */
		for (uint64_t i = 0; i < OCTETS; i++)
			missing += !came[i];
		if (open && holes_acked(holes, body, side, OCTETS, &lost, &gaps))
			fail();
		assert_true(lost <= missing);
		assert_true(gaps <= lost);
		if (round % 2 && open)
			assert_int_equal(lost, missing);
		holes_drop(holes, body);
	}
	/* Nothing was left behind. */
	for (uint32_t i = 0; i < HOLES; i++)
		assert_true(holes_open(holes, i, 0, 10, 20, 30, 0));
}

static void streams_do_not_mix(void **state)
{
	(void)state;
	uint32_t bodies[HOLES];
	unsigned seed = (unsigned)getpid();
	print_message("# seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 2000; round++) {
		for (uint32_t i = 0; i < HOLES; i++) {
			bodies[i] = ((uint32_t)rand() << 3 | i) & 0x7fffffff;
			assert_true(
				holes_open(holes, bodies[i], i & 1, 10, 20 + i, 50, 0));
		}
		/* Drop some in between: those behind must still be found. */
		for (uint32_t i = 0; i < HOLES; i += 1 + (uint32_t)rand() % 3) {
			holes_drop(holes, bodies[i]);
			bodies[i] = UINT32_MAX;
		}
		for (uint32_t i = 0; i < HOLES; i++) {
			uint64_t lost = 0;
			uint32_t gaps = 0;
			if (bodies[i] == UINT32_MAX)
				continue;
			assert_false(
				holes_acked(holes, bodies[i], i & 1, 50, &lost, &gaps));
			assert_int_equal(lost, 10 + i);
			assert_int_equal(gaps, 1);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_fills_the_hole_closes_it),
		TEST(a_time_that_runs_back_gives_no_age),
		TEST(an_acknowledgement_counts_each_gap),
		TEST(a_full_table_takes_no_more_until_one_is_dropped),
		TEST(a_hole_is_never_invented),
		TEST(streams_do_not_mix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
