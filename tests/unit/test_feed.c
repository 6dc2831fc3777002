/*
 * test_feed.c: what is given to the feed is on disk soon, in order, whole, or counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

#include "base/clock.h"
#include "fleet/feed.h"

enum { ROOM = 64 << 20, MANY = 20000 };

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-feed-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct feed *open_of(uint64_t bytes_max)
{
	const struct feed_options options = { .folder = folder,
					      .sensor = "web-3",
					      .bytes_max = bytes_max,
					      .boot = "now" };
	char error[SPOOL_ERROR_MAX] = "";
	struct feed *feed = feed_open(&options, error);
	assert_string_equal(error, "");
	return feed;
}

static void give(struct feed *feed, enum record_kind kind, uint64_t number)
{
	struct gap_record gap;
	struct flow_record flow;
	record_init(RECORD_gap, &gap);
	record_init(RECORD_flow, &flow);
	gap.count = flow.client_packets = number;
	feed_put(feed, kind, kind == RECORD_gap ? (const void *)&gap : &flow);
}

/* What waits of a lane, until nothing does. */
struct taken {
	uint64_t next, lost, batches;
};

static bool check(void *to, enum record_kind kind, const void *record)
{
	struct taken *taken = to;
	uint64_t number =
		kind == RECORD_gap
			? ((const struct gap_record *)record)->count
			: ((const struct flow_record *)record)->client_packets;
	assert_true(number >= taken->next);
	taken->lost -= number - taken->next;
	taken->next = number + 1;
	return true;
}

static void take_all(enum fleet_lane lane, struct taken *taken)
{
	struct buf bytes = { 0 };
	struct batch_head head;
	struct batch_id id;
	char error[BATCH_ERROR_MAX];
	while (fleet_spool_oldest(folder, lane, &id, &bytes) == 0) {
		assert_true(batch_read_head(bytes.at, bytes.len, &head, error));
		taken->lost += head.lost;
		taken->batches++;
		assert_true(batch_read(bytes.at, bytes.len, check, taken, error));
		assert_int_equal(fleet_spool_done(folder, &id), 0);
		buf_clear(&bytes);
	}
	buf_free(&bytes);
}

/* How long until something of it is there. */
static int64_t wait_for(enum fleet_lane lane)
{
	int64_t begun_us = clock_us(CLOCK_MONOTONIC), waited_us = 0;
	struct buf bytes = { 0 };
	struct batch_id id;
	while (fleet_spool_oldest(folder, lane, &id, &bytes) != 0) {
		const struct timespec moment = { .tv_nsec = 1000000 };
		waited_us = clock_us(CLOCK_MONOTONIC) - begun_us;
		assert_true(waited_us < 20000000);
		nanosleep(&moment, NULL);
	}
	buf_free(&bytes);
	return waited_us;
}

static void an_event_is_on_disk_at_once_and_others_within_a_second(void **state)
{
	struct feed *feed = open_of(ROOM);
	struct taken events = { .next = 7 }, flows = { .next = 1 };
	(void)state;
	give(feed, RECORD_flow, 1);
	give(feed, RECORD_gap, 7);
	/* The machine may be busy: the bound is not what is promised, but what is told
	 * apart. */
	int64_t event_us = wait_for(LANE_EVENT);
	take_all(LANE_EVENT, &events);
	int64_t flow_us = event_us + wait_for(LANE_FLOW);
	take_all(LANE_FLOW, &flows);
	assert_int_equal(events.next, 8);
	assert_int_equal(flows.next, 2);
	assert_true(event_us < flow_us);
	assert_true(flow_us < 10000000);
	feed_close(feed);
}

static void what_is_given_comes_out_in_order_and_what_is_lost_is_counted(void **state)
{
	struct feed *feed = open_of(ROOM);
	struct taken events = { 0 }, flows = { 0 };
	struct feed_status status;
	(void)state;
	/* More at once than the ring holds, so that some find no room. */
	for (uint64_t i = 0; i < MANY; i++) {
		give(feed, RECORD_flow, i);
		if (i % 100 == 0)
			give(feed, RECORD_gap, i / 100);
	}
	feed_status(feed, &status);
	assert_int_equal(status.records[LANE_FLOW], MANY);
	assert_int_equal(status.records[LANE_EVENT], MANY / 100);
	assert_int_equal(status.dropped[LANE_EVENT], 0);
	feed_close(feed);
	take_all(LANE_EVENT, &events);
	assert_true(events.next == MANY / 100 && events.lost == 0);
	take_all(LANE_FLOW, &flows);
	/* Those after the last that came are counted, but not missed. */
	assert_true(flows.next > 0 && flows.lost == MANY - flows.next);
}

static void what_stays_on_the_machine_is_not_taken(void **state)
{
	struct feed *feed = open_of(ROOM);
	struct taken none = { 0 };
	struct self_record self;
	(void)state;
	record_init(RECORD_self, &self);
	feed_put(feed, RECORD_self, &self);
	feed_close(feed);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		take_all((enum fleet_lane)lane, &none);
	assert_int_equal(none.batches, 0);
}

static void events_wait_for_room_and_are_told_when_there_is(void **state)
{
	struct feed *feed = open_of(4096);
	struct taken events = { 0 };
	(void)state;
	give(feed, RECORD_gap, 0);
	wait_for(LANE_EVENT);
	for (uint64_t i = 1; i < 1000; i++)
		give(feed, RECORD_gap, i);
	struct feed_status status;
	int64_t begun_us = clock_us(CLOCK_MONOTONIC);
	do
		feed_status(feed, &status);
	while (status.spool.trouble[0] == '\0' &&
	       clock_us(CLOCK_MONOTONIC) - begun_us < 20000000);
	assert_non_null(strstr(status.spool.trouble, "event records find none"));
	take_all(LANE_EVENT, &events);
	assert_int_equal(events.next, 1);
	feed_limit(feed, ROOM);
	feed_close(feed);
	take_all(LANE_EVENT, &events);
	assert_true(events.next == 1000 && events.lost == 0);
}

static void tell(struct feed *feed, uint64_t seq)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.seq = seq;
	snprintf(audit.hash, sizeof(audit.hash), "%llu", (unsigned long long)seq);
	while (!feed_tell(feed, RECORD_audit, &audit)) {
		const struct timespec moment = { .tv_nsec = 1000000 };
		nanosleep(&moment, NULL);
	}
}

static bool check_chain(void *to, enum record_kind kind, const void *record)
{
	uint64_t *next = to;
	if (kind == RECORD_audit)
		assert_int_equal(((const struct audit_record *)record)->seq, (*next)++);
	return true;
}

static uint64_t take_chain(uint64_t next)
{
	struct buf bytes = { 0 };
	struct batch_head head;
	struct batch_id id;
	char error[BATCH_ERROR_MAX];
	while (fleet_spool_oldest(folder, LANE_EVENT, &id, &bytes) == 0) {
		assert_true(batch_read_head(bytes.at, bytes.len, &head, error));
		assert_int_equal(head.lost, 0);
		assert_true(batch_read(bytes.at, bytes.len, check_chain, &next, error));
		assert_int_equal(fleet_spool_done(folder, &id), 0);
		buf_clear(&bytes);
	}
	buf_free(&bytes);
	return next;
}

/* More of it than the ring holds, and than the disk has room for at first. */
static void the_audit_chain_is_told_whole_and_known_to_be(void **state)
{
	struct chain_told told;
	(void)state;
	struct feed *feed = open_of(ROOM);
	feed_told(feed, &told);
	assert_int_equal(told.seq, 0);
	for (uint64_t seq = 1; seq <= MANY; seq++)
		tell(feed, seq);
	feed_close(feed);
	assert_int_equal(take_chain(1), MANY + 1);
	feed = open_of(1);
	feed_told(feed, &told);
	assert_int_equal(told.seq, MANY);
	assert_string_equal(told.hash, "20000");
	/* There is no room: what waits is told again, and is not counted as lost. */
	tell(feed, MANY + 1);
	feed_close(feed);
	feed = open_of(ROOM);
	feed_told(feed, &told);
	assert_int_equal(told.seq, MANY);
	tell(feed, MANY + 1);
	feed_close(feed);
	assert_int_equal(take_chain(MANY + 1), MANY + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_event_is_on_disk_at_once_and_others_within_a_second,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			what_is_given_comes_out_in_order_and_what_is_lost_is_counted,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_stays_on_the_machine_is_not_taken,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			events_wait_for_room_and_are_told_when_there_is, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			the_audit_chain_is_told_whole_and_known_to_be, make_folder,
			remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
