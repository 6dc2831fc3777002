/*
 * test_fleet_courier_wire.c: what is cut in pieces comes out whole, and what none of
 * ours sends is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/fleet_courier_wire.h"

enum { ROUNDS = 200, ID = 7 };

static int choose_seed(void **state)
{
	(void)state;
	const char *given = getenv("SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
				      : (unsigned)time(NULL);
	printf("# seed %u\n", seed);
	srandom(seed);
	return 0;
}

static void fill(struct buf *text, size_t len)
{
	buf_clear(text);
	for (size_t i = 0; i < len; i++)
		buf_char(text, (char)random());
}

/* How many pieces it took; each as it would arrive. */
static size_t pass_on(const struct buf *text, struct fleet_pieces *pieces)
{
	struct fleet_event event = { .kind = FLEET_ANSWER }, arrived;
	size_t at = 0, count = 0;
	do {
		fleet_piece_cut(&event.piece, ID, text, at);
		assert_true(fleet_event_parse(&event, sizeof(event), &arrived));
		at += event.piece.len;
		count++;
		assert_int_equal(fleet_pieces_add(pieces, &arrived.piece),
				 at == text->len);
	} while (at < text->len);
	return count;
}

static void what_is_cut_comes_out_whole(void **state)
{
	struct fleet_pieces pieces = { 0 };
	struct buf text = { 0 };
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		static const size_t edges[] = { 0,
						1,
						FLEET_PIECE_MAX - 1,
						FLEET_PIECE_MAX,
						FLEET_PIECE_MAX + 1,
						COURIER_BYTES_MAX };
		size_t len = (size_t)random() % (10 * FLEET_PIECE_MAX);
		if (round < (int)(sizeof(edges) / sizeof(edges[0])))
			len = edges[round];
		fill(&text, len);
		size_t count = pass_on(&text, &pieces);
		assert_int_equal(count, len == 0 ? 1
						 : (len + FLEET_PIECE_MAX - 1) /
							   FLEET_PIECE_MAX);
		assert_int_equal(pieces.all.len, len);
		if (len > 0)
			assert_memory_equal(pieces.all.at, text.at, len);
	}
	buf_free(&text);
	buf_free(&pieces.all);
}

static void one_that_was_given_up_is_not_mixed_with_the_next(void **state)
{
	struct fleet_pieces pieces = { 0 };
	struct fleet_piece piece;
	struct buf text = { 0 };
	(void)state;
	fill(&text, 2 * FLEET_PIECE_MAX);
	fleet_piece_cut(&piece, ID, &text, 0);
	assert_false(fleet_pieces_add(&pieces, &piece));
	fleet_piece_cut(&piece, ID + 1, &text, FLEET_PIECE_MAX);
	assert_false(fleet_pieces_add(&pieces, &piece));
	assert_int_equal(pass_on(&text, &pieces), 2);
	assert_memory_equal(pieces.all.at, text.at, text.len);
	buf_free(&text);
	buf_free(&pieces.all);
}

static void what_none_of_ours_sends_is_refused(void **state)
{
	const struct fleet_question good = {
		.piece = { .len = 1, .total = 1, .id = ID, .bytes = "x" }
	};
	struct fleet_question bad, out;
	(void)state;
	assert_true(fleet_question_parse(&good, sizeof(good), &out));
	assert_false(fleet_question_parse(&good, sizeof(good) - 1, &out));
	bad = good, bad.piece.id = 0;
	assert_false(fleet_question_parse(&bad, sizeof(bad), &out));
	bad = good, bad.piece.total = COURIER_BYTES_MAX + 1;
	assert_false(fleet_question_parse(&bad, sizeof(bad), &out));
	bad = good, bad.piece.len = 2;
	assert_false(fleet_question_parse(&bad, sizeof(bad), &out));
	bad = good, bad.piece.total = UINT32_MAX, bad.piece.at = UINT32_MAX - 1;
	assert_false(fleet_question_parse(&bad, sizeof(bad), &out));
	bad = good, bad.piece.len = 0;
	assert_false(fleet_question_parse(&bad, sizeof(bad), &out));
	bad = good, bad.piece.total = FLEET_PIECE_MAX + 1;
	bad.piece.len = FLEET_PIECE_MAX + 1;
	assert_false(fleet_question_parse(&bad, sizeof(bad), &out));
}

static void counts_are_judged(void **state)
{
	struct fleet_event event = { .kind = FLEET_COUNTS }, out;
	(void)state;
	assert_true(fleet_event_parse(&event, sizeof(event), &out));
	memset(event.counts.trouble, 'x', sizeof(event.counts.trouble));
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
	memset(&event.counts, 0, sizeof(event.counts));
	memset(&event.counts.is_up, 2, 1); /* is no bool */
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
	event = (struct fleet_event){ .kind = FLEET_SERVERS + 1 };
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
	event.kind = 0;
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
	event.kind = FLEET_NOBODY;
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
}

static void so_many_servers_there_may_be(void **state)
{
	struct fleet_event event = { .kind = FLEET_SERVERS }, out;
	(void)state;
	event.servers.count = WHEREABOUTS_MAX;
	assert_true(fleet_event_parse(&event, sizeof(event), &out));
	event.servers.count = WHEREABOUTS_MAX + 1;
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
	event.servers.count = UINT32_MAX;
	assert_false(fleet_event_parse(&event, sizeof(event), &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_comes_out_whole),
		cmocka_unit_test(one_that_was_given_up_is_not_mixed_with_the_next),
		cmocka_unit_test(what_none_of_ours_sends_is_refused),
		cmocka_unit_test(counts_are_judged),
		cmocka_unit_test(so_many_servers_there_may_be),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
