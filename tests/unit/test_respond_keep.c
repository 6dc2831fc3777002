/*
 * test_respond_keep.c: what survives a restart, a kill, a torn file, a clock that was
 * set back meanwhile.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "respond_scene.h"

static char folder[64];

static int begin(void **state)
{
	record_text(folder, sizeof(folder), "/tmp/respond-keep-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return scene_begin(state);
}

static void path_of(char path[static 128], const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
}

static int end(void **state)
{
	static const char *const names[] = { "blocks.bin", "blocks.log", "blocks.old",
					     "blocks.new", "blocks.unread" };
	scene_end(state);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		path_of(path, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static bool keep(struct scene *scene)
{
	struct buf why = { 0 };
	bool is_good = respond_keep(scene->respond, folder, scene->now_us, &why);
	assert_int_equal(is_good, why.len == 0);
	buf_free(&why);
	return is_good;
}

/* What a kill leaves: as the files are, nothing written at the end. */
static void kill_it(struct scene *scene)
{
	struct respond *dead = scene->respond;
	char path[128], aside[128];
	const char *const names[] = { "blocks.bin", "blocks.log", "blocks.old" };
	for (size_t i = 0; i < 3; i++) {
		path_of(path, names[i]);
		snprintf(aside, sizeof(aside), "%.100s.aside", path);
		rename(path, aside);
	}
	respond_free(dead);
	for (size_t i = 0; i < 3; i++) {
		path_of(path, names[i]);
		snprintf(aside, sizeof(aside), "%.100s.aside", path);
		unlink(path);
		rename(aside, path);
	}
	scene_respond(scene);
}

static void restart(struct scene *scene)
{
	respond_free(scene->respond);
	scene_respond(scene);
}

static void after_a_kill_blocks_have_their_absolute_ends(void **state)
{
	struct scene *scene = *state;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	const struct block_record before = scene->block;
	scene_scan(scene, "203.0.113.8", "unsolicited");
	kill_it(scene);
	scene->now_us += 4 * MINUTE;
	assert_true(keep(scene));
	respond_again(scene->respond, scene->now_us);
	assert_true(scene->order.restored);
	assert_int_equal(scene->order.left_us, 6 * MINUTE);
	assert_string_equal(scene->ordered.id, before.id);
	assert_string_equal(scene->ordered.finding, before.finding);
	assert_string_equal(scene->ordered.reason, before.reason);
	assert_int_equal(scene->ordered.until, before.until);
	scene_unused(scene, "203.0.113.8");
	assert_int_equal(respond_state(scene->respond).in_force, 2);
	scene_pass(scene, 6 * MINUTE);
	scene->now_us += SECOND;
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_int_equal(scene->block.strike, 2);
}

static void what_ended_meanwhile_or_before_is_not_there(void **state)
{
	struct scene *scene = *state;
	struct buf message = { 0 };
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	scene_scan(scene, "203.0.113.8", "handshake");
	respond_unblock(scene->respond, "203.0.113.8", "root", scene->now_us, &message);
	kill_it(scene);
	scene->now_us += HOUR;
	scene->adds = 0;
	assert_true(keep(scene));
	assert_string_equal(scene->block.state, "expired");
	assert_string_equal(scene->audit.action, "block_end");
	respond_again(scene->respond, scene->now_us);
	assert_int_equal(scene->adds, 0);
	buf_free(&message);
}

static void a_clock_that_was_set_back_makes_no_block_longer(void **state)
{
	struct scene *scene = *state;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	scene->now_us += MINUTE;
	respond_tick(scene->respond, scene->now_us);
	restart(scene);
	scene->now_us -= 300 * DAY;
	restart(scene);
	assert_true(keep(scene));
	respond_again(scene->respond, scene->now_us);
	assert_int_equal(scene->order.left_us, 9 * MINUTE);
}

static void a_clock_set_while_it_ran_moves_no_end_after_a_kill(void **state)
{
	static const int64_t steps_us[] = { HOUR, -HOUR, 300 * DAY };
	struct scene *scene = *state;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	for (int i = 0; i < 3; i++) {
		scene_pass(scene, MINUTE);
		respond_shift(scene->respond, steps_us[i]);
		scene->now_us += steps_us[i];
		kill_it(scene);
		scene->now_us += MINUTE;
		assert_true(keep(scene));
		respond_again(scene->respond, scene->now_us);
		assert_int_equal(scene->order.left_us, (8 - 2 * i) * MINUTE);
	}
}

static void tell_stopped(struct scene *scene, uint64_t packets, uint32_t sessions)
{
	const struct respond_result result = { .id = scene->order.id,
					       .state = "active",
					       .packets = packets,
					       .bytes = 60 * packets,
					       .sessions = sessions };
	assert_true(respond_result(scene->respond, &result, scene->now_us));
}

/* Whoever holds it then counts from 0 on. */
static void tell_stopped_again(struct scene *scene, uint64_t packets)
{
	assert_true(keep(scene));
	respond_again(scene->respond, scene->now_us);
	tell_stopped(scene, packets, 0);
}

static struct block_record end_of(struct scene *scene, const char *address)
{
	struct buf message = { 0 };
	respond_unblock(scene->respond, address, "root", scene->now_us, &message);
	buf_free(&message);
	return scene->block;
}

static void what_was_stopped_before_a_restart_or_a_kill_counts(void **state)
{
	struct scene *scene = *state;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	tell_stopped(scene, 40, 2);
	scene_pass(scene, SECOND);
	tell_stopped(scene, 50, 2);
	scene_pass(scene, SECOND);
	kill_it(scene);
	tell_stopped_again(scene, 3);
	restart(scene);
	tell_stopped_again(scene, 7);
	const struct block_record block = end_of(scene, "203.0.113.7");
	assert_int_equal(block.packets, 60);
	assert_int_equal(block.bytes, 60 * 60);
	assert_int_equal(block.sessions, 2);
}

static void counts_of_a_block_that_is_over_begin_no_other(void **state)
{
	struct scene *scene = *state;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	tell_stopped(scene, 40, 2);
	end_of(scene, "203.0.113.7");
	scene_pass(scene, SECOND);
	kill_it(scene);
	assert_true(keep(scene));
	assert_int_equal(respond_state(scene->respond).in_force, 0);
}

static void frozen_and_served_are_kept_and_so_is_who_is_frozen_by(void **state)
{
	struct scene *scene = *state;
	struct prefix one;
	assert_true(keep(scene));
	prefix_parse("203.0.113.9", &one);
	scene_served(scene, one.addr, 1, SECOND);
	scene->config.block_new = 1;
	scene_rules(scene);
	scene_scan(scene, "203.0.113.7", "handshake");
	scene_scan(scene, "203.0.113.8", "handshake");
	restart(scene);
	assert_true(keep(scene));
	assert_string_equal(respond_state(scene->respond).frozen_by, "new_per_minute");
	assert_int_equal(respond_served(scene->respond, &one, 443, scene->now_us).cut,
			 1);
	assert_int_equal(
		respond_served(scene->respond, &one, 443, scene->now_us).clients, 1);
}

static void whom_we_asked_is_kept(void **state)
{
	struct scene *scene = *state;
	const struct respond_shared shared = { .address = scene_addr("203.0.113.9"),
					       .kind = "brute_force",
					       .severity = "high",
					       .proof = "dialogue",
					       .finding = "abc",
					       .sensor = "web-3",
					       .why = "",
					       .seen_us = scene->now_us + 30 * DAY,
					       .until_us = scene->now_us + 31 * DAY };
	assert_true(keep(scene));
	scene_asked(scene, "203.0.113.9", 100);
	restart(scene);
	scene->now_us += 30 * DAY - SECOND;
	assert_true(keep(scene));
	respond_share(scene->respond, &shared, scene->now_us);
	assert_string_equal(scene->block.vetoed_by, "asked");
	restart(scene);
	scene->now_us += SECOND;
	assert_true(keep(scene));
	respond_share(scene->respond, &shared, scene->now_us);
	assert_int_equal(scene->adds, 1);
}

static void a_torn_log_counts_as_far_as_it_goes(void **state)
{
	struct scene *scene = *state;
	char path[128];
	struct stat stat_of;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	path_of(path, "blocks.log");
	assert_int_equal(stat(path, &stat_of), 0);
	const off_t good = stat_of.st_size;
	scene_scan(scene, "203.0.113.8", "handshake");
	kill_it(scene);
	for (off_t cut = 1; cut < 60; cut += 7) {
		assert_int_equal(truncate(path, good + cut), 0);
		assert_true(keep(scene));
		assert_int_equal(respond_state(scene->respond).in_force, 1);
		kill_it(scene);
	}
}

/* A log that could not become blocks.old goes on after its torn end. */
static void what_is_appended_to_a_torn_log_counts(void **state)
{
	struct scene *scene = *state;
	char path[128];
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	kill_it(scene);
	path_of(path, "blocks.log");
	int log = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(log, "torn", 4), 4);
	close(log);
	path_of(path, "blocks.old");
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.8", "handshake");
	kill_it(scene);
	assert_true(keep(scene));
	assert_int_equal(respond_state(scene->respond).in_force, 2);
}

static void what_is_not_ours_is_refused_and_put_aside(void **state)
{
	static const char strange[] = "PNG and more of what is no block at all, sorry: "
				      "0123456789012345678901234567890123456789";
	struct scene *scene = *state;
	char path[128], aside[128];
	path_of(path, "blocks.bin");
	path_of(aside, "blocks.unread");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, strange, sizeof(strange)), sizeof(strange));
	close(fd);
	assert_false(keep(scene));
	assert_int_equal(access(aside, F_OK), 0);
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_int_equal(scene->adds, 1);
}

/* ---- of another version ---- */

enum {
	ENTRY = 16, /* in front of what it is about */
	HEADER = 32,
	BLOCK_SIZE_AT = 12, /* in a header */
};

static void change_byte(const char *name, off_t at)
{
	char path[128];
	unsigned char byte;
	path_of(path, name);
	int fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 8;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* As logs were before they said who wrote them. */
static void take_header_away(const char *name)
{
	static char bytes[65536];
	char path[128];
	path_of(path, name);
	int fd = open(path, O_RDWR);
	ssize_t len = read(fd, bytes, sizeof(bytes));
	assert_true(len > ENTRY + HEADER);
	len -= ENTRY + HEADER;
	assert_int_equal(pwrite(fd, bytes + ENTRY + HEADER, (size_t)len, 0), len);
	assert_int_equal(ftruncate(fd, len), 0);
	close(fd);
}

static void say_another_version(const char *name)
{
	char path[128];
	unsigned char bytes[ENTRY + HEADER];
	uint32_t kind;
	path_of(path, name);
	int fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	bytes[ENTRY + BLOCK_SIZE_AT] ^= 8;
	memcpy(&kind, bytes, sizeof(kind));
	const uint64_t sum = hash_sum(bytes + ENTRY, HEADER) + kind;
	memcpy(bytes + ENTRY - sizeof(sum), &sum, sizeof(sum));
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	close(fd);
}

static void begins_anew(struct scene *scene, const char *file, const char *sentence)
{
	struct buf why = { 0 };
	assert_false(respond_keep(scene->respond, folder, scene->now_us, &why));
	assert_non_null(strstr(buf_cstr(&why), file));
	assert_non_null(strstr(buf_cstr(&why), sentence));
	assert_int_equal(respond_state(scene->respond).in_force, 0);
	buf_free(&why);
}

static void what_another_version_wrote_is_refused_with_a_sentence(void **state)
{
	struct scene *scene = *state;
	assert_true(keep(scene));
	scene_pass(scene, SECOND);
	scene_scan(scene, "203.0.113.7", "handshake");
	kill_it(scene);
	change_byte("blocks.bin", BLOCK_SIZE_AT);
	take_header_away("blocks.log");
	begins_anew(scene, "blocks.bin", "another version of breakwater wrote it");
	scene_scan(scene, "203.0.113.8", "handshake");
	kill_it(scene);
	assert_true(keep(scene));
	respond_again(scene->respond, scene->now_us);
	assert_int_equal(respond_state(scene->respond).in_force, 1);
	const struct addr second = scene_addr("203.0.113.8");
	assert_true(addr_equal(&scene->ordered.address, &second));
}

static void a_log_of_another_version_is_passed_over_with_a_sentence(void **state)
{
	struct scene *scene = *state;
	char path[128];
	assert_true(keep(scene));
	scene_pass(scene, SECOND);
	scene_scan(scene, "203.0.113.7", "handshake");
	kill_it(scene);
	take_header_away("blocks.log");
	begins_anew(scene, "blocks.log", "another version of breakwater wrote it");
	scene_scan(scene, "203.0.113.7", "handshake");
	kill_it(scene);
	path_of(path, "blocks.bin");
	assert_int_equal(unlink(path), 0);
	say_another_version("blocks.log");
	begins_anew(scene, "blocks.log", "another version of breakwater wrote it");
}

static void any_byte_that_is_another_is_noticed(void **state)
{
	struct scene *scene = *state;
	char path[128];
	unsigned char byte;
	assert_true(keep(scene));
	scene_scan(scene, "203.0.113.7", "handshake");
	restart(scene);
	path_of(path, "blocks.bin");
	int fd = open(path, O_RDWR);
	const off_t len = lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, &byte, 1, len / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, len / 2), 1);
	close(fd);
	assert_false(keep(scene));
	assert_int_equal(respond_state(scene->respond).in_force, 0);
}

static void while_it_is_written_anew_nothing_is_lost(void **state)
{
	struct scene *scene = *state;
	scene->config.block_new = 100000;
	scene->config.block_total = 100000;
	scene_rules(scene);
	assert_true(keep(scene));
	for (uint32_t i = 0; i < 9000; i++) {
		struct finding_record f =
			scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
		f.client_ip = scene_number(i);
		respond_finding(scene->respond, &f);
	}
	for (unsigned ticks = 0; ticks < 12; ticks++) {
		scene_pass(scene, SECOND);
		kill_it(scene);
		assert_true(keep(scene));
		assert_int_equal(respond_state(scene->respond).in_force, 9000 + ticks);
		struct finding_record f =
			scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
		f.client_ip = scene_number(10000 + ticks);
		respond_finding(scene->respond, &f);
	}
}

/* Of this process: others keep the machine busy while tests run. */
static int64_t clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

static long resident_mb(void)
{
	char line[128], *end;
	FILE *file = fopen("/proc/self/statm", "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	strtol(line, &end, 10); /* all of it */
	long resident = strtol(end, NULL, 10);
	assert_true(resident > 0);
	return resident * sysconf(_SC_PAGESIZE) >> 20;
}

static void a_hundred_thousand_are_back_within_a_second(void **state)
{
	struct scene *scene = *state;
	scene->config.block_new = 100000;
	scene->config.block_total = 100000;
	scene_rules(scene);
	assert_true(keep(scene));
	for (uint32_t i = 0; i < 100000; i++) {
		if (i == 99999)
			scene->now_us += MINUTE;
		struct finding_record f =
			scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
		f.client_ip = scene_number(i);
		respond_finding(scene->respond, &f);
	}
	restart(scene);
	int64_t begun_us = clock_us();
	assert_true(keep(scene));
	int64_t took_us = clock_us() - begun_us;
	print_message("# restored in %lld ms, %ld MB\n", (long long)took_us / 1000,
		      resident_mb());
	assert_int_equal(respond_state(scene->respond).in_force, 100000);
	assert_true(took_us < SECOND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(after_a_kill_blocks_have_their_absolute_ends),
		TEST(what_ended_meanwhile_or_before_is_not_there),
		TEST(a_clock_that_was_set_back_makes_no_block_longer),
		TEST(a_clock_set_while_it_ran_moves_no_end_after_a_kill),
		TEST(what_was_stopped_before_a_restart_or_a_kill_counts),
		TEST(counts_of_a_block_that_is_over_begin_no_other),
		TEST(frozen_and_served_are_kept_and_so_is_who_is_frozen_by),
		TEST(whom_we_asked_is_kept),
		TEST(a_torn_log_counts_as_far_as_it_goes),
		TEST(what_is_appended_to_a_torn_log_counts),
		TEST(what_is_not_ours_is_refused_and_put_aside),
		TEST(what_another_version_wrote_is_refused_with_a_sentence),
		TEST(a_log_of_another_version_is_passed_over_with_a_sentence),
		TEST(any_byte_that_is_another_is_noticed),
		TEST(while_it_is_written_anew_nothing_is_lost),
		TEST(a_hundred_thousand_are_back_within_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
