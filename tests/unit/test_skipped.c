/*
 * test_skipped.c: which batches of sensors never came (fleet/skipped.h), and the record
 * by which that is kept (fleet/take.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/skipped.h"
#include "fleet/take.h"

#define SECOND INT64_C(1000000)
static int open_skipped(void **state)
{
	*state = skipped_new();
	return *state != NULL ? 0 : -1;
}

static int close_skipped(void **state)
{
	skipped_free(*state);
	return 0;
}

static struct batch_id id_of(const char *sensor, enum fleet_lane lane, uint64_t epoch,
			     uint64_t sequence)
{
	struct batch_id id = { .lane = lane, .epoch = epoch, .sequence = sequence };
	snprintf(id.sensor, sizeof(id.sensor), "%s", sensor);
	return id;
}

static void see(struct skipped *skipped, const char *sensor, uint64_t sequence,
		int64_t s)
{
	const struct batch_id id = id_of(sensor, LANE_FLOW, 7, sequence);
	skipped_see(skipped, &id, 1000 * SECOND + s * SECOND, s * SECOND);
}

static void what_is_passed_over_is_told_after_a_minute(void **state)
{
	struct skipped *skipped = *state;
	struct hole hole;
	see(skipped, "web-1", 5, 0); /* what was before is not known, and no hole */
	see(skipped, "web-1", 6, 1);
	see(skipped, "web-1", 9, 2);
	assert_false(skipped_next(skipped, 61 * SECOND, &hole));
	assert_true(skipped_next(skipped, 62 * SECOND, &hole));
	assert_int_equal(hole.missing, 2);
	assert_int_equal(hole.before.sequence, 9);
	assert_string_equal(hole.before.sensor, "web-1");
	assert_int_equal(hole.start_us, 1001 * SECOND);
	assert_int_equal(hole.end_us, 1002 * SECOND);
	assert_false(skipped_next(skipped, 1000 * SECOND, &hole));
}

/* As one that was trimmed from the stream before it was seen there. */
static void what_may_have_been_there_is_no_hole(void **state)
{
	struct skipped *skipped = *state;
	struct hole hole;
	see(skipped, "web-1", 5, 0);
	see(skipped, "web-1", 7, 1);
	skipped_forget(skipped);
	see(skipped, "web-1", 50, 2);
	see(skipped, "web-1", 52, 3);
	assert_true(skipped_next(skipped, 100 * SECOND, &hole));
	assert_int_equal(hole.before.sequence, 7);
	assert_true(skipped_next(skipped, 100 * SECOND, &hole));
	assert_int_equal(hole.before.sequence, 52);
	assert_false(skipped_next(skipped, 100 * SECOND, &hole));
}

/* What was seen before is known still, in whatever order the rest comes. */
static void what_was_seen_before_stays_seen(void **state)
{
	struct skipped *skipped = *state;
	struct hole hole;
	see(skipped, "web-1", 4, 0);
	see(skipped, "web-1", 7, 1);
	skipped_forget(skipped);
	see(skipped, "web-1", 5, 2); /* late after all */
	see(skipped, "web-1", 8, 3); /* 6 is missing, and 7 was there */
	assert_true(skipped_next(skipped, 1000 * SECOND, &hole));
	assert_int_equal(hole.before.sequence, 7);
	assert_int_equal(hole.missing, 1);
	assert_false(skipped_next(skipped, 1000 * SECOND, &hole));
	see(skipped, "web-1", 10, 4);
	assert_true(skipped_next(skipped, 1000 * SECOND, &hole));
	assert_int_equal(hole.before.sequence, 10);
}

/* Whoever has a key may leave out what he likes: others' holes are told. */
static void one_that_leaves_out_much_keeps_nobody_from_being_told(void **state)
{
	struct skipped *skipped = *state;
	struct hole hole;
	size_t count = 0;
	bool is_told = false;
	for (uint64_t i = 1; i <= 10000; i++)
		see(skipped, "thief", i * 1000, 0);
	see(skipped, "web-1", 1, 1);
	see(skipped, "web-1", 3, 1);
	while (skipped_next(skipped, 1000 * SECOND, &hole)) {
		count++;
		is_told |= strcmp(hole.before.sensor, "web-1") == 0;
	}
	assert_true(is_told);
	assert_int_equal(count, 257);
	assert_int_equal(skipped_left_out(skipped), 10000 - 1 - 256);
	/* There is room for more of it again. */
	see(skipped, "thief", 99999999, 2000);
	assert_true(skipped_next(skipped, 3000 * SECOND, &hole));
}

static void what_comes_late_after_all_is_no_hole(void **state)
{
	struct skipped *skipped = *state;
	struct hole hole;
	see(skipped, "web-1", 1, 0);
	see(skipped, "web-1", 4, 1);
	see(skipped, "web-1", 3, 2);
	see(skipped, "web-1", 2, 3);
	see(skipped, "web-1", 4, 4); /* told again */
	assert_false(skipped_next(skipped, 1000 * SECOND, &hole));
	see(skipped, "web-1", 8, 10);
	see(skipped, "web-1", 6, 11);
	assert_true(skipped_next(skipped, 1000 * SECOND, &hole));
	assert_int_equal(hole.missing, 2);
}

static void sensors_lanes_and_epochs_count_apart(void **state)
{
	struct skipped *skipped = *state;
	struct hole hole;
	const struct batch_id ids[] = {
		id_of("web-1", LANE_FLOW, 7, 1), id_of("web-2", LANE_FLOW, 7, 5),
		id_of("web-1", LANE_PORT, 7, 9), id_of("web-1", LANE_FLOW, 8, 20),
		id_of("web-1", LANE_FLOW, 7, 2),
	};
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		skipped_see(skipped, &ids[i], 0, 0);
	assert_false(skipped_next(skipped, 1000 * SECOND, &hole));
}

/* ---- ids ---- */

static void an_id_is_read_as_it_was_written(void **state)
{
	char text[BATCH_MSGID_MAX];
	struct batch_id out;
	const struct batch_id id =
		id_of("db-3_x", LANE_EVIDENCE, UINT64_MAX - 3, UINT64_MAX);
	(void)state;
	batch_msgid(&id, text);
	assert_true(skipped_read_msgid(text, &out));
	assert_string_equal(out.sensor, "db-3_x");
	assert_int_equal(out.lane, LANE_EVIDENCE);
	assert_true(out.epoch == id.epoch && out.sequence == id.sequence);
}

static void what_is_no_id_is_none(void **state)
{
	static const char *const wrong[] = {
		"",
		"web-1",
		"web-1.event",
		"web-1.event.1",
		"web-1.event.1.",
		"web-1.event.1.0",
		"web-1.event.1.-1",
		"web-1.event.1.1x",
		"web-1.event.1.18446744073709551616",
		"web-1.event.x.1",
		"web-1.nothing.1.1",
		".event.1.1",
		"web 1.event.1.1",
	};
	char text[BATCH_MSGID_MAX];
	struct batch_id out;
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(skipped_read_msgid(wrong[i], &out));
	/* A name of 63 characters, and of one more. */
	snprintf(text, sizeof(text), "%063d.event.1.1", 0);
	assert_true(skipped_read_msgid(text, &out));
	snprintf(text, sizeof(text), "%064d.event.1.1", 0);
	assert_false(skipped_read_msgid(text, &out));
}

/* ---- the record ---- */

struct gaps {
	struct gap_record last;
	size_t count;
};

static bool take_gap(void *to, enum record_kind kind, const void *record)
{
	struct gaps *gaps = to;
	assert_int_equal(kind, RECORD_gap);
	gaps->last = *(const struct gap_record *)record;
	gaps->count++;
	return true;
}

static void a_gap_is_the_sensors_and_has_one_id_whoever_tells_it(void **state)
{
	const struct batch_id before = id_of("web-1", LANE_FLOW, 7, 9);
	const struct batch_id later = id_of("web-1", LANE_FLOW, 7, 10);
	const struct take_gap told = { before, 10, 20, 300, "spool" };
	const struct take_gap seen = { before, 11, 21, UNKNOWN_U64, "spool" };
	const struct take_gap other = { later, 10, 20, 300, "spool" };
	struct batch_id first, second, third;
	struct batch_head head;
	struct buf bytes[3] = { { 0 } };
	struct gaps gaps = { .count = 0 };
	char error[BATCH_ERROR_MAX];
	(void)state;
	assert_true(take_gap_batch(&told, &first, &bytes[0]));
	assert_true(take_gap_batch(&seen, &second, &bytes[1]));
	assert_true(take_gap_batch(&other, &third, &bytes[2]));
	assert_true(first.epoch == second.epoch && first.sequence == second.sequence);
	assert_true(first.epoch == third.epoch && first.sequence != third.sequence);
	assert_true(first.epoch != before.epoch);
	assert_true(batch_read_head(bytes[0].at, bytes[0].len, &head, error));
	assert_int_equal(head.id.lane, LANE_EVENT);
	assert_true(head.id.epoch == first.epoch && head.id.sequence == 9);
	assert_true(batch_read(bytes[0].at, bytes[0].len, take_gap, &gaps, error));
	assert_int_equal(gaps.count, 1);
	assert_string_equal(gaps.last.sensor, "web-1");
	assert_string_equal(gaps.last.reason, "spool");
	assert_int_equal(gaps.last.count, 300);
	assert_int_equal(gaps.last.start, 10);
	assert_int_equal(gaps.last.end, 20);
	for (int i = 0; i < 3; i++)
		buf_free(&bytes[i]);
}

static void a_subject_says_whose_and_which_lane(void **state)
{
	static const char *const wrong[] = { "bw.r.web-1",
					     "bw.r.web-1.nothing",
					     "bw.q.web-1.event",
					     "bw.r.web-1.event.more",
					     "",
					     "bw.r." };
	char sensor[FLEET_NAME_MAX];
	enum fleet_lane lane;
	(void)state;
	assert_true(take_subject("bw.r.web-1.port", sensor, &lane));
	assert_string_equal(sensor, "web-1");
	assert_int_equal(lane, LANE_PORT);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(take_subject(wrong[i], sensor, &lane));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_skipped, close_skipped)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_passed_over_is_told_after_a_minute),
		TEST(what_may_have_been_there_is_no_hole),
		TEST(what_was_seen_before_stays_seen),
		TEST(one_that_leaves_out_much_keeps_nobody_from_being_told),
		TEST(what_comes_late_after_all_is_no_hole),
		TEST(sensors_lanes_and_epochs_count_apart),
		cmocka_unit_test(an_id_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_id_is_none),
		cmocka_unit_test(a_gap_is_the_sensors_and_has_one_id_whoever_tells_it),
		cmocka_unit_test(a_subject_says_whose_and_which_lane),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
