/*
 * test_wall_queue.c: what waits for the wall: in order, none lost, none twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/wall_queue.h"

static void put(struct wall_queue *queue, enum wall_message_kind kind, uint64_t id)
{
	const struct wall_order order = { .id = id };
	assert_true(wall_queue_put(queue, kind, kind != WALL_READY ? &order : NULL));
}

static void messages_are_of_one_kind_and_in_order(void **state)
{
	(void)state;
	struct wall_queue queue = { 0 };
	struct wall_message message;
	put(&queue, WALL_ADD, 1);
	put(&queue, WALL_ADD, 2);
	put(&queue, WALL_REMOVE, 1);
	put(&queue, WALL_READY, 0);
	put(&queue, WALL_ADD, 3);

	assert_int_equal(wall_queue_next(&queue, &message), 2);
	assert_int_equal(message.kind, WALL_ADD);
	assert_int_equal(message.count, 2);
	assert_int_equal(message.at[0].id, 1);
	assert_int_equal(message.at[1].id, 2);
	/* One that could not be sent is the next again. */
	assert_int_equal(wall_queue_next(&queue, &message), 2);
	wall_queue_drop(&queue, 2);
	assert_int_equal(wall_queue_next(&queue, &message), 1);
	assert_int_equal(message.kind, WALL_REMOVE);
	wall_queue_drop(&queue, 1);
	assert_int_equal(wall_queue_next(&queue, &message), 1);
	assert_int_equal(message.kind, WALL_READY);
	assert_int_equal(message.count, 0);
	wall_queue_drop(&queue, 1);
	assert_int_equal(wall_queue_next(&queue, &message), 1);
	assert_int_equal(message.at[0].id, 3);
	wall_queue_drop(&queue, 1);
	assert_int_equal(wall_queue_next(&queue, &message), 0);
	wall_queue_free(&queue);
}

/* Filled and emptied at different speeds, beyond the ring's end and while it grows. */
static void none_is_lost_and_none_comes_twice(void **state)
{
	(void)state;
	struct wall_queue queue = { 0 };
	struct wall_message message;
	uint64_t told = 0, taken = 0;
	for (unsigned round = 0; round < 500; round++) {
		unsigned most = round < 250 ? 100 : 30;
		for (unsigned i = 0; i < most; i++)
			put(&queue, WALL_ADD, ++told);
		for (unsigned i = 0; i < 2; i++) {
			size_t count = wall_queue_next(&queue, &message);
			for (size_t n = 0; n < count; n++)
				assert_int_equal(message.at[n].id, ++taken);
			wall_queue_drop(&queue, count);
		}
	}
	while (wall_queue_next(&queue, &message) > 0) {
		assert_int_equal(message.at[0].id, ++taken);
		wall_queue_drop(&queue, 1);
	}
	assert_int_equal(taken, told);
	wall_queue_free(&queue);
}

static void it_has_a_bound_and_says_so(void **state)
{
	(void)state;
	struct wall_queue queue = { 0 };
	const struct wall_order order = { .id = 1 };
	for (unsigned i = 0; i < WALL_QUEUE_MAX; i++)
		put(&queue, WALL_ADD, i + 1);
	assert_false(wall_queue_put(&queue, WALL_ADD, &order));
	wall_queue_drop(&queue, 1);
	assert_true(wall_queue_put(&queue, WALL_ADD, &order));
	wall_queue_clear(&queue);
	assert_int_equal(queue.count, 0);
	put(&queue, WALL_ADD, 1);
	wall_queue_free(&queue);
}

/* The wall's own judge takes each message that is made here. */
static void each_message_is_one_that_the_wall_takes(void **state)
{
	(void)state;
	struct wall_queue queue = { 0 };
	struct wall_message message, read;
	struct wall_order order = {
		.id = 7, .left_s = 60, .prefix_len = 128, .action = WALL_DROP
	};
	for (unsigned i = 0; i < 3 * WALL_ORDERS + 5; i++)
		assert_true(wall_queue_put(&queue, WALL_ADD, &order));
	assert_true(wall_queue_put(&queue, WALL_READY, NULL));
	assert_true(wall_queue_put(&queue, WALL_REMOVE, &order));
	assert_true(wall_queue_put(&queue, WALL_SPARE, &order));
	for (size_t count; (count = wall_queue_next(&queue, &message)) > 0;) {
		assert_true(wall_message_parse(&message, sizeof(message), &read));
		wall_queue_drop(&queue, count);
	}
	wall_queue_free(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_of_one_kind_and_in_order),
		cmocka_unit_test(none_is_lost_and_none_comes_twice),
		cmocka_unit_test(it_has_a_bound_and_says_so),
		cmocka_unit_test(each_message_is_one_that_the_wall_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
