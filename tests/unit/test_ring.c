/*
 * test_ring.c: what goes in comes out, whole, once and in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "base/ring.h"

enum { MESSAGES = 200000, SIZE = 4096, LEN_MAX = 900 };

/* Message number i: length, kind and every byte follow from i. */
static size_t len_of(uint32_t i)
{
	return i * 2654435761U % (LEN_MAX + 1);
}

static uint16_t kind_of(uint32_t i)
{
	return (uint16_t)(i * 40503U);
}

static uint8_t byte_of(uint32_t i, size_t at)
{
	return (uint8_t)(i + 7 * at);
}

static bool write_message(struct ring *ring, uint32_t i)
{
	uint8_t *at = ring_reserve(ring, kind_of(i), len_of(i));
	if (at == NULL)
		return false;
	for (size_t n = 0; n < len_of(i); n++)
		at[n] = byte_of(i, n);
	ring_commit(ring);
	return true;
}

static bool is_message(uint32_t i, const uint8_t *at, uint16_t kind, size_t len)
{
	if (kind != kind_of(i) || len != len_of(i) || (uintptr_t)at % 8 != 0)
		return false;
	for (size_t n = 0; n < len; n++)
		if (at[n] != byte_of(i, n))
			return false;
	return true;
}

static void *write_all(void *ring)
{
	for (uint32_t i = 0; i < MESSAGES; i++)
		while (!write_message(ring, i))
			sched_yield();
	return NULL;
}

static void two_threads_pass_every_message_whole_and_in_order(void **state)
{
	(void)state;
	struct ring *ring = ring_new(SIZE);
	pthread_t writer;
	assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		uint16_t kind;
		size_t len;
		const void *at;
		while ((at = ring_peek(ring, &kind, &len)) == NULL)
			sched_yield();
		assert_true(is_message(i, at, kind, len));
		ring_pop(ring);
	}
	pthread_join(writer, NULL);
	uint16_t kind;
	size_t len;
	assert_null(ring_peek(ring, &kind, &len));
	ring_free(ring);
}

static void a_full_ring_refuses_and_keeps_what_it_has(void **state)
{
	(void)state;
	struct ring *ring = ring_new(SIZE);
	for (int round = 0; round < 100; round++) {
		uint32_t put = 0, got = 0;
		while (write_message(ring, put))
			put++;
		assert_true(put > 0);
		uint16_t kind;
		size_t len;
		const void *at;
		while ((at = ring_peek(ring, &kind, &len)) != NULL) {
			assert_true(is_message(got++, at, kind, len));
			ring_pop(ring);
		}
		assert_int_equal(got, put);
	}
	ring_free(ring);
}

static void half_the_ring_always_fits_into_an_empty_one(void **state)
{
	(void)state;
	struct ring *ring = ring_new(SIZE);
	static const uint8_t zeros[SIZE];
	uint16_t kind;
	size_t len;
	/* Whatever place the last message left it at. */
	for (size_t before = 0; before < SIZE; before += 8) {
		assert_true(ring_put(ring, 1, zeros, before % 256));
		assert_non_null(ring_peek(ring, &kind, &len));
		ring_pop(ring);
		assert_true(ring_put(ring, 2, zeros, SIZE / 2 - 8));
		assert_non_null(ring_peek(ring, &kind, &len));
		assert_int_equal(len, SIZE / 2 - 8);
		ring_pop(ring);
		assert_false(ring_put(ring, 3, zeros, SIZE / 2 - 7));
	}
	assert_null(ring_reserve(ring, 1, SIZE_MAX));
	ring_free(ring);
}

static void a_reserved_message_is_not_seen_before_its_commit(void **state)
{
	(void)state;
	struct ring *ring = ring_new(SIZE);
	uint16_t kind;
	size_t len;
	assert_non_null(ring_reserve(ring, 1, 10));
	assert_null(ring_peek(ring, &kind, &len));
	ring_commit(ring);
	assert_non_null(ring_peek(ring, &kind, &len));
	assert_non_null(ring_peek(ring, &kind, &len)); /* peeking takes nothing */
	assert_int_equal(len, 10);
	ring_free(ring);
}

static void the_size_is_rounded_up(void **state)
{
	(void)state;
	struct ring *ring = ring_new(5000);
	assert_non_null(ring_reserve(ring, 1, 8192 / 2 - 8));
	ring_free(ring);
	ring_free(NULL);
	assert_null(ring_new(SIZE_MAX));
}

static void a_crowded_ring_has_less_than_that_share_left(void **state)
{
	(void)state;
	struct ring *ring = ring_new(SIZE);
	static const uint8_t message[SIZE / 4 - 8];
	uint16_t kind;
	size_t len;
	for (int i = 0; i < 3; i++) {
		assert_false(ring_is_crowded(ring, 4));
		assert_false(ring_is_crowded(ring, 2));
		assert_true(ring_put(ring, 1, message, sizeof(message)));
	}
	assert_true(ring_is_crowded(ring, 2));
	assert_false(ring_is_crowded(ring, 4));
	assert_true(ring_put(ring, 1, message, 1));
	assert_true(ring_is_crowded(ring, 4));
	assert_non_null(ring_peek(ring, &kind, &len));
	ring_pop(ring);
	assert_false(ring_is_crowded(ring, 4));
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_pass_every_message_whole_and_in_order),
		cmocka_unit_test(a_full_ring_refuses_and_keeps_what_it_has),
		cmocka_unit_test(half_the_ring_always_fits_into_an_empty_one),
		cmocka_unit_test(a_reserved_message_is_not_seen_before_its_commit),
		cmocka_unit_test(a_crowded_ring_has_less_than_that_share_left),
		cmocka_unit_test(the_size_is_rounded_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
