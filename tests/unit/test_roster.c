/*
 * test_roster.c: a bounded table whose keys strangers choose: who goes first, who
 * stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "detect/roster_file.h"

enum { SIZE = 100 };

struct entry {
	struct roster_entry head;
	uint64_t value;
};

static struct roster_key key(uint64_t number)
{
	return (struct roster_key){ .rest = number };
}

static struct entry *take(struct roster *roster, uint64_t number)
{
	const struct roster_key wanted = key(number);
	return roster_take(roster, &wanted);
}

static struct entry *find(struct roster *roster, uint64_t number)
{
	const struct roster_key wanted = key(number);
	return roster_find(roster, &wanted);
}

static int begin(void **state)
{
	static struct roster roster;
	assert_true(roster_open(&roster, sizeof(struct entry), SIZE));
	*state = &roster;
	return 0;
}

static int end(void **state)
{
	roster_close(*state);
	return 0;
}

static void what_was_taken_is_found_and_new_is_empty(void **state)
{
	struct roster *roster = *state;
	assert_null(find(roster, 7));
	take(roster, 7)->value = 70;
	assert_int_equal(find(roster, 7)->value, 70);
	assert_ptr_equal(take(roster, 7), find(roster, 7));
	assert_int_equal(take(roster, 8)->value, 0);
}

static void the_one_used_least_recently_makes_room(void **state)
{
	struct roster *roster = *state;
	for (uint64_t i = 0; i < SIZE; i++)
		take(roster, i)->value = i;
	find(roster, 0); /* used now */
	take(roster, SIZE);
	assert_non_null(find(roster, 0));
	assert_null(find(roster, 1));
	assert_int_equal(take(roster, 1)->value, 0); /* nothing of who was there */
}

static void a_flood_pushes_out_nobody_of_a_higher_rank(void **state)
{
	struct roster *roster = *state;
	for (uint64_t i = 0; i < SIZE / 2; i++)
		roster_rank(roster, take(roster, i), 1);
	for (uint64_t i = 0; i < 100000; i++)
		take(roster, 1000000 + i);
	for (uint64_t i = 0; i < SIZE / 2; i++)
		assert_non_null(find(roster, i));
}

static void those_of_the_rank_make_room_for_each_other(void **state)
{
	struct roster *roster = *state;
	for (uint64_t i = 0; i < 2 * SIZE; i++)
		roster_rank(roster, take(roster, i), 1);
	assert_null(find(roster, SIZE - 1));
	assert_non_null(find(roster, SIZE));
	struct entry *last = find(roster, SIZE);
	roster_rank(roster, last, 0);
	take(roster, 5 * SIZE);
	assert_null(find(roster, SIZE));
}

static bool is_odd(const void *at)
{
	return ((const struct entry *)at)->value % 2 == 1;
}

/* In the same order, and only what has the rank and makes sense. */
static void it_is_the_same_after_a_restart(void **state)
{
	struct roster *roster = *state, again;
	char path[] = "/tmp/breakwater-roster-XXXXXX";
	close(mkstemp(path));
	for (uint64_t i = 0; i < SIZE; i++) {
		struct entry *entry = take(roster, i);
		entry->value = i;
		roster_rank(roster, entry, i < SIZE / 2);
	}
	assert_int_equal(roster_write(roster, path), 0);
	assert_true(roster_open(&again, sizeof(struct entry), SIZE / 4));
	roster_read(&again, path, is_odd);
	assert_null(find(&again, 2));
	assert_null(find(&again, SIZE / 2 + 1));
	roster_close(&again); /* fifty are too many for a smaller one: none is taken */

	assert_true(roster_open(&again, sizeof(struct entry), SIZE));
	roster_read(&again, path, is_odd);
	for (uint64_t i = 0; i < SIZE; i++) {
		bool kept = i < SIZE / 2 && i % 2 == 1;
		assert_int_equal(find(&again, i) != NULL, kept);
		if (kept)
			assert_int_equal(find(&again, i)->value, i);
	}
	roster_close(&again);
	unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_taken_is_found_and_new_is_empty),
		TEST(the_one_used_least_recently_makes_room),
		TEST(a_flood_pushes_out_nobody_of_a_higher_rank),
		TEST(those_of_the_rank_make_room_for_each_other),
		TEST(it_is_the_same_after_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
