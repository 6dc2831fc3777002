/*
 * test_fleet_spool.c: batches wait on disk in order, are counted when they are dropped,
 * and no sequence is used twice, whoever dies when.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

#include "fleet/spool.h"
#include "fleet/spool_inside.h"

#define NOW_US 1790000000000000
enum { ROOM = 1 << 20, FILE_BYTES = 4096 };

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-fleet-spool-XXXXXX");
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

static struct fleet_spool *open_of(const char *sensor, uint64_t bytes_max,
				   int64_t now_us)
{
	char error[SPOOL_ERROR_MAX] = "", boot[SPOOL_BOOT_MAX];
	fleet_spool_boot(boot);
	struct fleet_spool *spool =
		fleet_spool_open(folder, sensor, bytes_max, boot, now_us, error);
	assert_string_equal(error, "");
	assert_non_null(spool);
	return spool;
}

/* As many records, told apart by their count. */
static bool put_many(struct fleet_spool *spool, enum fleet_lane lane, uint64_t first,
		     uint64_t count, int64_t now_us)
{
	struct batch *batch = batch_new();
	struct gap_record gap;
	for (uint64_t i = 0; i < count; i++) {
		record_init(RECORD_gap, &gap);
		gap.count = first + i;
		assert_true(batch_add(batch, RECORD_gap, &gap));
	}
	bool put = fleet_spool_put(spool, lane, batch, now_us);
	assert_int_equal(batch_records(batch), put || lane != LANE_EVENT ? 0 : count);
	batch_free(batch);
	return put;
}

static bool put_one(struct fleet_spool *spool, enum fleet_lane lane, uint64_t number)
{
	return put_many(spool, lane, number, 1, NOW_US + (int64_t)number);
}

static bool take_count(void *to, enum record_kind kind, const void *record)
{
	assert_int_equal(kind, RECORD_gap);
	*(uint64_t *)to = ((const struct gap_record *)record)->count;
	return false;
}

/* The oldest of a lane: its first record, or UINT64_MAX if none waits. */
static uint64_t look(enum fleet_lane lane, struct batch_head *head)
{
	struct buf bytes = { 0 };
	struct batch_id id;
	char error[BATCH_ERROR_MAX];
	uint64_t number = UINT64_MAX;
	memset(head, 0, sizeof(*head));
	int result = fleet_spool_oldest(folder, lane, &id, &bytes);
	if (result == 0) {
		assert_true(batch_read_head(bytes.at, bytes.len, head, error));
		assert_true(
			batch_read(bytes.at, bytes.len, take_count, &number, error));
		assert_memory_equal(&id, &head->id, sizeof(id));
	} else {
		assert_int_equal(result, -ENOENT);
	}
	buf_free(&bytes);
	return number;
}

static uint64_t take(enum fleet_lane lane, struct batch_head *head)
{
	uint64_t number = look(lane, head);
	if (number != UINT64_MAX) {
		assert_int_equal(fleet_spool_done(folder, &head->id), 0);
		assert_int_equal(fleet_spool_done(folder, &head->id), -ENOENT);
	}
	return number;
}

static struct fleet_spool_status status_of(struct fleet_spool *spool)
{
	struct fleet_spool_status status;
	fleet_spool_status(spool, &status);
	return status;
}

static void batches_come_out_in_the_order_they_were_put(void **state)
{
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	struct batch_head head;
	(void)state;
	for (uint64_t i = 0; i < 20; i++)
		assert_true(put_one(spool, i % 2 == 0 ? LANE_EVENT : LANE_FLOW, i));
	assert_int_equal(status_of(spool).batches, 20);
	assert_int_equal(status_of(spool).bytes, 20 * FILE_BYTES);
	for (uint64_t i = 0; i < 20; i += 2) {
		assert_int_equal(take(LANE_EVENT, &head), i);
		assert_int_equal(head.id.sequence, i / 2 + 1);
		assert_string_equal(head.id.sensor, "web-3");
		assert_int_equal(head.made_us, NOW_US + (int64_t)i);
		assert_true(head.lost == 0 && head.lost_us == UNKNOWN_TIME);
	}
	assert_int_equal(take(LANE_EVENT, &head), UINT64_MAX);
	assert_int_equal(status_of(spool).batches, 10);
	assert_int_equal(status_of(spool).oldest_us, NOW_US + 1);
	fleet_spool_close(spool);
}

static void the_next_is_found_without_looking_for_it(void **state)
{
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	struct batch_head head;
	struct batch_id id;
	struct buf bytes = { 0 };
	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		assert_true(put_one(spool, LANE_EVENT, i));
	assert_int_equal(take(LANE_EVENT, &head), 0);
	assert_int_equal(fleet_spool_after(folder, &head.id, &id, &bytes), 0);
	assert_int_equal(id.sequence, head.id.sequence + 1);
	assert_int_equal(id.epoch, head.id.epoch);
	/* One that was dropped leaves a hole, which is no end. */
	assert_int_equal(fleet_spool_done(folder, &id), 0);
	buf_clear(&bytes);
	assert_int_equal(fleet_spool_after(folder, &head.id, &id, &bytes), -ENOENT);
	assert_int_equal(take(LANE_EVENT, &head), 2);
	assert_int_equal(fleet_spool_after(folder, &head.id, &id, &bytes), -ENOENT);
	buf_free(&bytes);
	fleet_spool_close(spool);
}

static void what_was_taken_goes_on_by_its_sequence_after_a_restart(void **state)
{
	struct batch_head head;
	(void)state;
	uint64_t epoch = 0;
	for (uint64_t i = 1; i <= 6; i++) {
		struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
		assert_true(put_one(spool, LANE_PORT, i));
		assert_int_equal(take(LANE_PORT, &head), i);
		assert_int_equal(head.id.sequence, i);
		assert_true(epoch == 0 || head.id.epoch == epoch);
		epoch = head.id.epoch;
		fleet_spool_close(spool);
	}
}

/* Without an end in order, as of kill -9. */
static void die_after_putting(uint64_t number, bool half_written)
{
	pid_t child = fork();
	if (child == 0) {
		struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
		char path[SPOOL_PATH_MAX];
		put_one(spool, LANE_EVENT, number);
		const struct spool_name next = { 1, 99 };
		spool_batch_path(folder, LANE_EVENT, &next, path);
		strncat(path, ".new", 8);
		int fd = half_written ? open(path, O_CREAT | O_WRONLY, 0600) : -1;
		if (fd >= 0 && write(fd, "BWB", 3) != 3)
			_exit(1);
		_exit(0);
	}
	int status;
	assert_true(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void a_putter_that_dies_leaves_nothing_half_and_no_sequence_twice(void **state)
{
	struct batch_head first, second, third;
	(void)state;
	die_after_putting(1, true);
	assert_int_equal(take(LANE_EVENT, &first), 1);
	assert_int_equal(take(LANE_EVENT, &second), UINT64_MAX);
	die_after_putting(2, false);
	char path[SPOOL_PATH_MAX];
	const struct spool_name half = { 1, 99 };
	spool_batch_path(folder, LANE_EVENT, &half, path);
	strncat(path, ".new", 8);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(take(LANE_EVENT, &second), 2);
	assert_int_equal(second.id.epoch, first.id.epoch);
	assert_int_equal(second.id.sequence, first.id.sequence + 1);
	/* What was told last can't be read any more: then another epoch, a later one.
	 */
	spool_lane_path(folder, LANE_EVENT, SPOOL_TOLD, path);
	assert_int_equal(truncate(path, 10), 0);
	die_after_putting(3, false);
	assert_int_equal(take(LANE_EVENT, &third), 3);
	assert_true(third.id.epoch > second.id.epoch && third.id.sequence == 1);
}

static void another_boot_after_no_end_begins_an_epoch_that_sorts_later(void **state)
{
	struct spool_epoch epoch;
	struct batch_head head;
	(void)state;
	die_after_putting(1, false);
	assert_true(spool_epoch_read(folder, &epoch));
	uint64_t before = epoch.epoch;
	snprintf(epoch.boot, sizeof(epoch.boot), "another");
	assert_int_equal(spool_epoch_write(folder, &epoch), 0);
	/* Though the clock was set back an hour. */
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US - 3600000000);
	assert_true(put_one(spool, LANE_EVENT, 2));
	assert_int_equal(take(LANE_EVENT, &head), 1);
	assert_true(head.id.epoch == before && head.id.sequence == 1);
	assert_int_equal(take(LANE_EVENT, &head), 2);
	assert_true(head.id.epoch > before && head.id.sequence == 1);
	fleet_spool_close(spool);
	/* Whose folder it was does not matter to another sensor. */
	spool = open_of("db-1", ROOM, NOW_US);
	assert_true(put_one(spool, LANE_EVENT, 3));
	assert_int_equal(take(LANE_EVENT, &head), 3);
	assert_true(head.id.sequence == 1);
	assert_string_equal(head.id.sensor, "db-1");
	fleet_spool_close(spool);
}

/* As cp -a: what people and their tools put back a folder with. */
static void copy_folder(const char *from, const char *to)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -rf %s && cp -a %s %s", to, from, to);
	/* NOLINTNEXTLINE(cert-env33-c): folders of our own */
	assert_int_equal(system(command), 0);
}

static void put_and_take(uint64_t number, struct batch_head *head)
{
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	assert_true(put_one(spool, LANE_EVENT, number));
	assert_int_equal(take(LANE_EVENT, head), number);
	fleet_spool_close(spool);
}

/* A snapshot of a machine that was shut down in order, and is started from it again. */
static void a_folder_of_another_boot_goes_on_in_no_epoch(void **state)
{
	struct spool_epoch epoch;
	struct batch_head first, second;
	(void)state;
	put_and_take(1, &first);
	assert_true(spool_epoch_read(folder, &epoch) && epoch.was_closed);
	snprintf(epoch.boot, sizeof(epoch.boot), "another");
	assert_int_equal(spool_epoch_write(folder, &epoch), 0);
	put_and_take(2, &second);
	assert_true(second.id.epoch > first.id.epoch && second.id.sequence == 1);
}

static void a_folder_that_was_put_back_goes_on_in_no_epoch(void **state)
{
	struct batch_head first, second, third;
	char saved[sizeof(folder) + 8];
	(void)state;
	put_and_take(1, &first);
	snprintf(saved, sizeof(saved), "%s.saved", folder);
	copy_folder(folder, saved);
	put_and_take(2, &second);
	assert_true(second.id.epoch == first.id.epoch && second.id.sequence == 2);
	copy_folder(saved, folder);
	put_and_take(3, &third);
	assert_true(third.id.epoch > first.id.epoch && third.id.sequence == 1);
	assert_int_equal(nftw(saved, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static struct chain_told told_to(uint64_t seq)
{
	struct chain_told told = { .seq = seq, .number = seq / 2 };
	snprintf(told.hash, sizeof(told.hash), "%063llu", (unsigned long long)seq);
	return told;
}

static uint64_t told_seq(const struct fleet_spool *spool)
{
	struct chain_told told;
	fleet_spool_chain(spool, &told);
	const struct chain_told right = told_to(told.seq);
	assert_int_equal(told.number, right.number);
	if (told.seq > 0)
		assert_string_equal(told.hash, right.hash);
	return told.seq;
}

/* Told, and killed: before the batch is there, or after. */
static void die_telling(uint64_t seq, bool has_batch)
{
	const struct chain_told told = told_to(seq);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
		struct spool_chain chain;
		if (!spool_chain_read(folder, &chain))
			memset(&chain, 0, sizeof(chain));
		fleet_spool_tells(spool, &told);
		if (has_batch)
			_exit(put_one(spool, LANE_EVENT, seq) ? 0 : 1);
		/* As it is when the batch is to be written. */
		chain.batch = (struct spool_name){ UINT64_MAX, 1 };
		chain.coming = told;
		_exit(spool_chain_write(folder, &chain) != 0);
	}
	int status;
	assert_true(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void how_far_the_chain_was_told_is_known_whenever_it_is_killed(void **state)
{
	struct batch_head head;
	(void)state;
	die_telling(4, true);
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	assert_int_equal(told_seq(spool), 4);
	fleet_spool_close(spool);
	/* It was taken meanwhile, too. */
	die_telling(6, true);
	assert_int_equal(take(LANE_EVENT, &head), 4);
	assert_int_equal(take(LANE_EVENT, &head), 6);
	spool = open_of("web-3", ROOM, NOW_US);
	assert_int_equal(told_seq(spool), 6);
	fleet_spool_close(spool);
	die_telling(8, false);
	spool = open_of("web-3", ROOM, NOW_US);
	assert_int_equal(told_seq(spool), 6);
	/* What comes later says nothing of that one. */
	assert_true(put_one(spool, LANE_EVENT, 7));
	fleet_spool_close(spool);
	spool = open_of("web-3", ROOM, NOW_US);
	assert_int_equal(told_seq(spool), 6);
	fleet_spool_close(spool);
}

/* What nobody could be told before the end is told after it, also in another epoch. */
static void what_was_lost_is_told_after_the_next_start(void **state)
{
	struct spool_epoch epoch;
	struct batch_head head;
	(void)state;
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	fleet_spool_lost(spool, LANE_FLOW, 7, NOW_US - 5);
	fleet_spool_close(spool);
	assert_true(spool_epoch_read(folder, &epoch));
	snprintf(epoch.boot, sizeof(epoch.boot), "another");
	assert_int_equal(spool_epoch_write(folder, &epoch), 0);
	spool = open_of("web-3", ROOM, NOW_US);
	assert_true(fleet_spool_owes(spool, LANE_FLOW));
	assert_true(put_one(spool, LANE_FLOW, 1));
	assert_int_equal(take(LANE_FLOW, &head), 1);
	assert_true(head.lost == 7 && head.lost_us == NOW_US - 5);
	fleet_spool_close(spool);
	spool = open_of("web-3", ROOM, NOW_US);
	assert_false(fleet_spool_owes(spool, LANE_FLOW));
	fleet_spool_close(spool);
}

static void when_it_is_full_flows_go_first_and_events_never(void **state)
{
	enum { FILES = 12 };
	struct fleet_spool *spool = open_of("web-3", FILES * FILE_BYTES, NOW_US);
	struct batch_head head;
	(void)state;
	for (uint64_t i = 0; i < FILES; i++)
		assert_true(put_many(spool, (enum fleet_lane)(i % FLEET_LANES), i, 3,
				     NOW_US + (int64_t)i));
	/* Three of each; the oldest two of a lane may be on their way. */
	assert_true(put_one(spool, LANE_EVENT, 100));
	assert_true(fleet_spool_owes(spool, LANE_FLOW));
	assert_true(put_one(spool, LANE_EVENT, 101));
	assert_true(fleet_spool_owes(spool, LANE_EVIDENCE));
	assert_false(fleet_spool_owes(spool, LANE_PORT));
	assert_true(put_one(spool, LANE_PORT, 102));
	assert_int_equal(status_of(spool).dropped, 9);
	assert_true(put_one(spool, LANE_EVENT, 103));
	assert_int_equal(status_of(spool).dropped, 10);
	/* Flows may drop nothing else, and are counted themselves. */
	assert_false(put_many(spool, LANE_FLOW, 104, 5, NOW_US + 104));
	assert_false(put_one(spool, LANE_EVENT, 104));
	assert_non_null(strstr(status_of(spool).trouble, "event records find none"));
	assert_int_equal(take(LANE_FLOW, &head), 3);
	assert_true(put_one(spool, LANE_EVENT, 104));
	assert_string_equal(status_of(spool).trouble, "");
	static const uint64_t events[] = { 0, 4, 8, 100, 101, 103, 104 };
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		assert_int_equal(take(LANE_EVENT, &head), events[i]);
		assert_true(head.lost == 0 && head.id.sequence == i + 1);
	}
	assert_int_equal(take(LANE_FLOW, &head), 7);
	/* 11 and its like, and those that were never put. */
	assert_true(put_one(spool, LANE_FLOW, 105));
	assert_int_equal(take(LANE_FLOW, &head), 105);
	assert_true(head.lost == 8 && head.lost_us == NOW_US + 11);
	assert_int_equal(take(LANE_PORT, &head), 1);
	assert_int_equal(take(LANE_PORT, &head), 5);
	assert_true(put_one(spool, LANE_PORT, 106));
	assert_int_equal(take(LANE_PORT, &head), 106);
	assert_true(head.lost == 4 && head.lost_us == NOW_US + 9);
	fleet_spool_close(spool);
}

static void what_a_dropped_batch_would_have_told_is_not_forgotten(void **state)
{
	struct fleet_spool *spool = open_of("web-3", 3 * FILE_BYTES, NOW_US);
	struct batch_head head;
	(void)state;
	fleet_spool_lost(spool, LANE_FLOW, 1000, NOW_US - 5);
	for (uint64_t i = 0; i < 3; i++)
		assert_true(put_one(spool, LANE_FLOW, i));
	for (uint64_t i = 3; i < 10; i++)
		assert_true(put_one(spool, LANE_FLOW, i));
	assert_int_equal(take(LANE_FLOW, &head), 0);
	assert_true(head.lost == 1000 && head.lost_us == NOW_US - 5);
	assert_int_equal(take(LANE_FLOW, &head), 1);
	assert_int_equal(take(LANE_FLOW, &head), 9);
	assert_true(head.lost == 7 && head.lost_us == NOW_US + 2);
	assert_int_equal(head.id.sequence, 10);
	fleet_spool_close(spool);
}

static void a_file_that_is_no_batch_is_set_aside(void **state)
{
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	struct batch_head head;
	struct batch_id id;
	struct buf bytes = { 0 };
	char path[SPOOL_PATH_MAX];
	(void)state;
	put_one(spool, LANE_EVENT, 1);
	put_one(spool, LANE_EVENT, 2);
	assert_int_equal(look(LANE_EVENT, &head), 1);
	const struct spool_name name = { head.id.epoch, head.id.sequence };
	spool_batch_path(folder, LANE_EVENT, &name, path);
	int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(fleet_spool_oldest(folder, LANE_EVENT, &id, &bytes), -EBADMSG);
	assert_int_equal(take(LANE_EVENT, &head), 2);
	assert_int_equal(status_of(spool).batches, 0);
	buf_free(&bytes);
	fleet_spool_close(spool);
}

/* A file system of its own, so small that it is full. */
static void a_full_disk_is_as_a_full_spool(void **state)
{
	struct batch_head head;
	(void)state;
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=128k") != 0)
		skip();
	struct fleet_spool *spool = open_of("web-3", ROOM, NOW_US);
	uint64_t put = 0;
	while (put_one(spool, LANE_PORT, put) && status_of(spool).dropped == 0)
		put++;
	assert_true(put > 8 && put < 32);
	for (uint64_t i = 1000; put_one(spool, LANE_EVENT, i); i++)
		assert_true(i < 1032);
	assert_non_null(strstr(status_of(spool).trouble, "No space left on device"));
	assert_int_equal(take(LANE_PORT, &head), 0);
	assert_true(put_one(spool, LANE_EVENT, 2000));
	assert_string_equal(status_of(spool).trouble, "");
	assert_int_equal(take(LANE_EVENT, &head), 1000);
	assert_int_equal(take(LANE_EVENT, &head), 1001);
	assert_int_equal(take(LANE_PORT, &head), 1);
	fleet_spool_close(spool);
	umount(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_next_is_found_without_looking_for_it, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			batches_come_out_in_the_order_they_were_put, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			what_was_taken_goes_on_by_its_sequence_after_a_restart,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_putter_that_dies_leaves_nothing_half_and_no_sequence_twice,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			another_boot_after_no_end_begins_an_epoch_that_sorts_later,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_folder_of_another_boot_goes_on_in_no_epoch, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			a_folder_that_was_put_back_goes_on_in_no_epoch, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			how_far_the_chain_was_told_is_known_whenever_it_is_killed,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			what_was_lost_is_told_after_the_next_start, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			when_it_is_full_flows_go_first_and_events_never, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			what_a_dropped_batch_would_have_told_is_not_forgotten,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_batch_is_set_aside,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_full_disk_is_as_a_full_spool,
						make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
