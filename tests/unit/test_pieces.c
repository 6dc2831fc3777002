/*
 * test_pieces.c: messages put together from pieces, and rooms that run out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "protocol/pieces.h"

static bool add(struct pieces *pieces, struct room_key *key, size_t offset,
		const char *text)
{
	return pieces_add(pieces, key, offset, bytes_of(text, strlen(text)));
}

static void check_whole(struct pieces *pieces, const struct room_key *key,
			const char *text)
{
	struct bytes whole = pieces_whole(pieces, key);
	assert_int_equal(whole.len, strlen(text));
	if (whole.len > 0)
		assert_memory_equal(whole.at, text, whole.len);
}

static void only_what_has_no_hole_before_it_is_shown(void **state)
{
	(void)state;
	struct pieces *pieces = pieces_new();
	struct room_key key = { 0 };
	check_whole(pieces, &key, "");
	assert_true(add(pieces, &key, 6, "world"));
	check_whole(pieces, &key, "");
	assert_true(add(pieces, &key, 0, "hell"));
	check_whole(pieces, &key, "hell");
	assert_true(add(pieces, &key, 4, "o "));
	check_whole(pieces, &key, "hello world");
	pieces_give_back(pieces, &key);
	check_whole(pieces, &key, "");
	pieces_free(pieces);
}

static void what_came_first_stays(void **state)
{
	(void)state;
	struct pieces *pieces = pieces_new();
	struct room_key key = { 0 };
	assert_true(add(pieces, &key, 2, "cd"));
	assert_true(add(pieces, &key, 0, "abXXe"));
	check_whole(pieces, &key, "abcde");
	pieces_free(pieces);
}

static void what_is_too_long_is_given_up(void **state)
{
	(void)state;
	static const uint8_t long_piece[PIECES_MAX + 1];
	struct pieces *pieces = pieces_new();
	struct room_key key = { 0 };
	assert_true(pieces_add(pieces, &key, 0, bytes_of(long_piece, PIECES_MAX)));
	assert_int_equal(pieces_whole(pieces, &key).len, PIECES_MAX);
	assert_false(add(pieces, &key, PIECES_MAX, "x"));
	assert_false(key.has_room);
	assert_false(pieces_add(pieces, &key, 0, bytes_of(long_piece, PIECES_MAX + 1)));
	assert_false(add(pieces, &key, SIZE_MAX, "x"));
	pieces_free(pieces);
}

static void who_was_silent_for_longest_loses_the_room(void **state)
{
	(void)state;
	enum { MANY = 1000 };
	struct pieces *pieces = pieces_new();
	struct room_key first = { 0 }, busy = { 0 };
	assert_true(add(pieces, &first, 0, "first"));
	assert_true(add(pieces, &busy, 0, "bu"));
	for (int i = 0; i < MANY; i++) {
		struct room_key other = { 0 };
		assert_true(add(pieces, &other, 0, "other"));
		assert_true(add(pieces, &busy, 0, "bu"));
	}
	assert_true(add(pieces, &busy, 2, "sy"));
	check_whole(pieces, &busy, "busy");
	/* The first one's room has others' bytes now: it is told so, and may begin
	 * anew. */
	check_whole(pieces, &first, "");
	assert_false(add(pieces, &first, 5, "!"));
	assert_true(add(pieces, &first, 0, "again"));
	check_whole(pieces, &first, "again");
	pieces_free(pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_has_no_hole_before_it_is_shown),
		cmocka_unit_test(what_came_first_stays),
		cmocka_unit_test(what_is_too_long_is_given_up),
		cmocka_unit_test(who_was_silent_for_longest_loses_the_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
