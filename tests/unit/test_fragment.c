/*
 * test_fragment.c: what the table of fragments remembers, judges and forgets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/fragment.h"

static struct fragments *fragments;

static int begin(void **state)
{
	(void)state;
	fragments = fragments_new();
	return fragments ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fragments_free(fragments);
	return 0;
}

/* A piece of datagram `id` from 10.0.0.1; a first one has ports 1000 and 53. */
static struct fragment piece(uint32_t id, uint32_t offset, uint32_t len, bool more)
{
	struct fragment f = {
		.at_us = 1000,
		.src = addr_v4("\x0a\0\0\1"),
		.dst = addr_v4("\x0a\0\0\2"),
		.id = id,
		.offset = offset,
		.len = len,
		.more = more,
		.proto = 17,
	};
	if (offset == 0) {
		f.sport = 1000;
		f.dport = 53;
	}
	return f;
}

static struct fragment piece6(uint32_t id, uint32_t offset, uint32_t len, bool more)
{
	struct fragment f = piece(id, offset, len, more);
	f.src = addr_v6("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	f.dst = addr_v6("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2");
	f.is_ip6 = true;
	return f;
}

static enum decode_reason see(struct fragment f)
{
	return fragments_see(fragments, &f);
}

static void later_fragments_take_the_ports_of_the_first(void **state)
{
	(void)state;
	struct fragment later = piece(1, 1480, 100, false);
	assert_int_equal(see(piece(1, 0, 1480, true)), DECODE_OK);
	assert_int_equal(fragments_see(fragments, &later), DECODE_OK);
	assert_true(later.has_ports);
	assert_int_equal(later.sport, 1000);
	assert_int_equal(later.dport, 53);
}

static void a_fragment_before_its_first_has_no_ports(void **state)
{
	(void)state;
	struct fragment later = piece(1, 1480, 100, false);
	assert_int_equal(fragments_see(fragments, &later), DECODE_OK);
	assert_false(later.has_ports);
}

static void another_identifier_address_or_protocol_is_another_datagram(void **state)
{
	(void)state;
	struct fragment other[3];
	see(piece(1, 0, 1480, true));
	for (int i = 0; i < 3; i++)
		other[i] = piece(1, 1480, 100, false);
	other[0].id = 2;
	other[1].dst.ip6[15] = 9;
	other[2].proto = 1;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fragments_see(fragments, &other[i]), DECODE_OK);
		assert_false(other[i].has_ports);
	}
}

static void of_ip6_the_first_fragment_alone_says_the_protocol(void **state)
{
	(void)state;
	struct fragment later = piece6(7, 1232, 100, false);
	later.proto = 60;
	see(piece6(7, 0, 1232, true));
	assert_int_equal(fragments_see(fragments, &later), DECODE_OK);
	assert_true(later.has_ports);
	assert_int_equal(later.proto, 17);
}

static void an_overlap_of_ip4_is_told_and_keeps_the_first_ports(void **state)
{
	(void)state;
	struct fragment again = piece(1, 0, 800, true);
	again.sport = 6666;
	see(piece(1, 0, 1480, true));
	assert_int_equal(fragments_see(fragments, &again), DECODE_FRAG_OVERLAP);
	assert_int_equal(again.sport, 1000);
	assert_int_equal(see(piece(1, 1472, 100, false)), DECODE_FRAG_OVERLAP);
	assert_int_equal(see(piece(1, 1480, 100, false)), DECODE_OK);
}

static void an_overlap_of_ip6_discards_all_that_follows(void **state)
{
	(void)state;
	assert_int_equal(see(piece6(1, 0, 1232, true)), DECODE_OK);
	assert_int_equal(see(piece6(1, 1224, 100, false)), DECODE_FRAG_OVERLAP);
	assert_int_equal(see(piece6(1, 1232, 100, false)), DECODE_FRAG_OVERLAP);
	assert_int_equal(see(piece6(2, 0, 1232, true)), DECODE_OK);
}

static void a_repeated_fragment_is_no_overlap(void **state)
{
	(void)state;
	see(piece6(1, 0, 1232, true));
	assert_int_equal(see(piece6(1, 0, 1232, true)), DECODE_OK);
	assert_int_equal(see(piece6(1, 1232, 8, false)), DECODE_OK);
	assert_int_equal(see(piece6(1, 1232, 8, false)), DECODE_OK);
}

static void nothing_lies_behind_the_last_fragment(void **state)
{
	(void)state;
	assert_int_equal(see(piece(1, 1480, 100, false)), DECODE_OK);
	assert_int_equal(see(piece(1, 1584, 100, false)), DECODE_FRAG_BAD);
	assert_int_equal(see(piece(1, 2000, 8, true)), DECODE_FRAG_BAD);
	assert_int_equal(see(piece(2, 1600, 8, true)), DECODE_OK);
	assert_int_equal(see(piece(2, 800, 100, false)), DECODE_FRAG_BAD);
}

static void an_identifier_may_come_round_again_after_a_complete_datagram(void **state)
{
	(void)state;
	struct fragment next = piece(1, 0, 800, true);
	struct fragment later = piece(1, 800, 8, false);
	see(piece(1, 0, 1480, true));
	see(piece(1, 1480, 100, false));
	next.sport = 2000;
	assert_int_equal(fragments_see(fragments, &next), DECODE_OK);
	assert_int_equal(fragments_see(fragments, &later), DECODE_OK);
	assert_int_equal(later.sport, 2000);
}

static void datagrams_expire_after_30_and_60_seconds(void **state)
{
	(void)state;
	struct fragment later = piece(1, 1480, 100, false);
	struct fragment later6 = piece6(1, 1232, 100, false);
	see(piece(1, 0, 1480, true));
	see(piece6(1, 0, 1232, true));
	later.at_us += 30000001;
	later6.at_us += 30000001;
	assert_int_equal(fragments_see(fragments, &later), DECODE_OK);
	assert_int_equal(fragments_see(fragments, &later6), DECODE_OK);
	assert_false(later.has_ports);
	assert_true(later6.has_ports);
	later6 = piece6(1, 1332, 100, false);
	later6.at_us += 60000001;
	fragments_see(fragments, &later6);
	assert_false(later6.has_ports);
}

static void the_oldest_makes_room_and_that_is_told(void **state)
{
	(void)state;
	struct fragment kept = piece(1, 1480, 100, false);
	struct fragment forgotten = piece(0, 1480, 100, false);
	for (uint32_t id = 0; id < FRAGMENT_DATAGRAMS; id++)
		assert_int_equal(see(piece(id, 0, 1480, true)), DECODE_OK);
	assert_int_equal(see(piece(FRAGMENT_DATAGRAMS, 0, 8, true)), DECODE_FRAG_TABLE);
	assert_int_equal(fragments_see(fragments, &kept), DECODE_OK);
	assert_true(kept.has_ports);
	fragments_see(fragments, &forgotten);
	assert_false(forgotten.has_ports);
}

static void expired_datagrams_make_room_silently(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < FRAGMENT_DATAGRAMS; id++)
		see(piece(id, 0, 1480, true));
	struct fragment f = piece(FRAGMENT_DATAGRAMS, 0, 8, true);
	f.at_us += 31000000;
	assert_int_equal(fragments_see(fragments, &f), DECODE_OK);
}

static void a_flood_of_datagrams_keeps_the_newest_ones(void **state)
{
	(void)state;
	enum { FLOOD = 3 * FRAGMENT_DATAGRAMS + 5 };
	for (uint32_t id = 0; id < FLOOD; id++)
		see(piece(id, 0, 1480, true));
	for (uint32_t id = FLOOD - 1000; id < FLOOD; id++) {
		struct fragment later = piece(id, 1480, 8, false);
		assert_int_equal(fragments_see(fragments, &later), DECODE_OK);
		assert_true(later.has_ports);
	}
}

static void too_many_pieces_are_told(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FRAGMENT_RANGES; i++)
		assert_int_equal(see(piece(1, i * 16, 8, true)), DECODE_OK);
	assert_int_equal(see(piece(1, FRAGMENT_RANGES * 16, 8, true)),
			 DECODE_FRAG_TABLE);
}

static bool is_possible(struct fragment f)
{
	return fragment_is_possible(&f);
}

static void impossible_pieces_are_known(void **state)
{
	(void)state;
	assert_true(is_possible(piece(1, 65504, 11, false)));
	assert_false(is_possible(piece(1, 65504, 12, false)));
	assert_true(is_possible(piece6(1, 65528, 7, false)));
	assert_false(is_possible(piece6(1, 65528, 8, false)));
	assert_false(is_possible(piece(1, 0, 0, true)));
	assert_false(is_possible(piece(1, 0, 12, true)));
	assert_true(is_possible(piece(1, 8, 12, false)));
	assert_false(is_possible(piece(1, 65528, UINT32_MAX, false)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(later_fragments_take_the_ports_of_the_first),
		TEST(a_fragment_before_its_first_has_no_ports),
		TEST(another_identifier_address_or_protocol_is_another_datagram),
		TEST(of_ip6_the_first_fragment_alone_says_the_protocol),
		TEST(an_overlap_of_ip4_is_told_and_keeps_the_first_ports),
		TEST(an_overlap_of_ip6_discards_all_that_follows),
		TEST(a_repeated_fragment_is_no_overlap),
		TEST(nothing_lies_behind_the_last_fragment),
		TEST(an_identifier_may_come_round_again_after_a_complete_datagram),
		TEST(datagrams_expire_after_30_and_60_seconds),
		TEST(the_oldest_makes_room_and_that_is_told),
		TEST(expired_datagrams_make_room_silently),
		TEST(a_flood_of_datagrams_keeps_the_newest_ones),
		TEST(too_many_pieces_are_told),
		TEST(impossible_pieces_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
