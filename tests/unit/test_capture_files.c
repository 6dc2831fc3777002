/*
 * test_capture_files.c: files as a source: merged, from a pipe, refused, filtered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made_capture.h"

enum { NOBODY = 65534 };

static char directory[] = "/tmp/test_capture.XXXXXX";

/* Writes the file into the directory; the path is good until the name comes again. */
static const char *save(const struct made *file, const char *name)
{
	static char paths[4][PATH_MAX];
	static size_t turn;
	char *path = paths[turn++ % 4];
	snprintf(path, PATH_MAX, "%s/%s", directory, name);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->at, file->len), file->len);
	close(fd);
	return path;
}

static void many_files_come_merged_in_order_of_time(void **state)
{
	(void)state;
	char error[CAPTURE_ERROR_MAX];
	int status;
	const char *paths[3];
	for (uint32_t f = 0; f < 3; f++) {
		start(&made, f == 1);
		put_pcap_header(&made, f == 2 ? 0xa1b23c4d : 0xa1b2c3d4, LINK_ETHERNET);
		for (uint32_t i = 0; i < 2000; i++) /* more than a buffer holds */
			put_pcap_packet(&made, T0 + i / (f + 1), 0, 1000);
		paths[f] = save(&made, (const char *[]){ "a", "b", "c" }[f]);
	}
	struct capture *capture = capture_files(paths, 3, NULL, error, &status);
	assert_non_null(capture);
	const struct frame *frames;
	size_t seen[3] = { 0 };
	int64_t last_us = 0;
	uint16_t last_iface = 0;
	int count;
	while ((count = capture_next(capture, &frames, 0)) > 0) {
		for (int i = 0; i < count; i++) {
			uint16_t f = frames[i].iface;
			assert_true(f < 3);
			assert_true(frames[i].at_us > last_us ||
				    (frames[i].at_us == last_us && f >= last_iface));
			last_us = frames[i].at_us;
			last_iface = f;
			/* The bytes of the whole batch are still there. */
			assert_int_equal(frames[i].at[0], (uint8_t)seen[f]);
			assert_int_equal(frames[i].at[999], (uint8_t)(seen[f] + 999));
			seen[f]++;
		}
	}
	assert_int_equal(count, 0);
	for (size_t f = 0; f < 3; f++)
		assert_int_equal(seen[f], 2000);
	assert_int_equal(stats_of(capture).bytes_total, 3 * made.len);
	assert_int_equal(stats_of(capture).bytes_read, 3 * made.len);
	capture_close(capture);
}

static void a_single_file_keeps_its_own_order(void **state)
{
	(void)state;
	start(&made, false);
	put_pcap_header(&made, 0xa1b2c3d4, LINK_ETHERNET);
	for (uint32_t i = 0; i < 3; i++)
		put_pcap_packet(&made, T0 - i, 0, 1);
	struct capture *capture = open_made(&made, made.len, NULL);
	assert_int_equal(read_all(capture), 0);
	assert_true(all[0].at_us > all[1].at_us && all[1].at_us > all[2].at_us);
	capture_close(capture);
}

static void one_broken_file_of_several_does_not_stop_the_others(void **state)
{
	(void)state;
	char error[CAPTURE_ERROR_MAX];
	int status;
	start(&made, false);
	put_pcap_header(&made, 0xa1b2c3d4, LINK_ETHERNET);
	for (uint32_t i = 0; i < 10; i++)
		put_pcap_packet(&made, T0, i, 20);
	const char *paths[3] = { save(&made, "whole") };
	made.len -= 5;
	paths[1] = save(&made, "cut");
	put_fill(&made, 0, 5);
	put32(&made, 0);
	put32(&made, 0);
	put32(&made, UINT32_MAX);
	put32(&made, 0);
	paths[2] = save(&made, "broken");
	struct capture *capture = capture_files(paths, 3, NULL, error, &status);
	assert_non_null(capture);
	assert_int_equal(read_all(capture), -EBADMSG);
	assert_int_equal(all_count, 29);
	assert_int_equal(stats_of(capture).cut_short, 1);
	assert_non_null(
		strstr(capture_error(capture), "/broken: broken after 10 packets"));
	capture_close(capture);
}

static void a_slow_pipe_gives_what_has_come_and_never_ends_early(void **state)
{
	(void)state;
	make_pcapng(&made, false);
	int ends[2];
	char path[64], error[CAPTURE_ERROR_MAX];
	int status;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(write(ends[1], made.at, PCAPNG_HEADER_LEN), PCAPNG_HEADER_LEN);
	struct capture *capture =
		capture_files((const char *[]){ path }, 1, NULL, error, &status);
	assert_non_null(capture);
	const struct frame *frames;
	size_t seen = 0;
	for (size_t at = PCAPNG_HEADER_LEN; at < made.len; at++) {
		assert_int_equal(write(ends[1], made.at + at, 1), 1);
		int count = capture_next(capture, &frames, 0);
		assert_in_range(count, 0, 1);
		assert_false(capture_ended(capture));
		seen += (size_t)count;
		size_t whole = 0;
		while (whole < made.count && made.ends[whole] <= at + 1)
			whole++;
		assert_int_equal(seen, whole);
	}
	assert_int_equal(seen, 5);
	close(ends[1]);
	assert_int_equal(capture_next(capture, &frames, -1), 0);
	assert_true(capture_ended(capture));
	assert_string_equal(capture_error(capture), "");
	assert_int_equal(stats_of(capture).bytes_total, 0);
	capture_close(capture);
	close(ends[0]);
}

static void check_refused(const char *path, int expected_status, const char *expected)
{
	char error[CAPTURE_ERROR_MAX] = "";
	int status = 0;
	struct capture *capture = capture_files(&path, 1, NULL, error, &status);
	assert_null(capture);
	assert_int_equal(status, expected_status);
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, expected));
	assert_null(strchr(error, '\n'));
}

static const char *save_text(const char *name, const char *text)
{
	start(&made, false);
	put(&made, text, strlen(text));
	return save(&made, name);
}

static void a_bad_file_gets_one_clear_line_and_its_status(void **state)
{
	(void)state;
	check_refused(directory, 2, "directory");
	check_refused("/nowhere/at/all", 2, "No such file");
	check_refused(save_text("empty", ""), 2, "empty");
	check_refused(save_text("short", "abc"), 2, "not a pcap or pcapng file");
	check_refused(save_text("text", "hello, world"), 2,
		      "not a pcap or pcapng file");
	check_refused(save_text("gz", "\x1f\x8b\x08\x01zzzz"), 2, "gzip: zcat FILE");
	start(&made, false);
	put_pcap_header(&made, 0xa1b2c3d4, LINK_ETHERNET);
	made.at[4] = 3;
	check_refused(save(&made, "version"), 2, "pcap version 3.4");
	made.len = PCAP_HEADER_LEN - 1;
	check_refused(save(&made, "header"), 2, "cut short in its header");
	start(&made, false);
	put_section(&made);
	made.at[12] = 9;
	check_refused(save(&made, "section"), 2, "pcapng version 9.0");
}

static void a_file_without_permission_is_status_4(void **state)
{
	(void)state;
	const char *path = save_text("secret", "x");
	assert_int_equal(chmod(path, 0), 0);
	bool is_root = geteuid() == 0;
	if (is_root)
		assert_int_equal(seteuid(NOBODY), 0);
	check_refused(path, 4, "Permission denied");
	if (is_root)
		assert_int_equal(seteuid(0), 0);
}

/* An IPv4 packet of a protocol, behind its link header, with nothing inside. */
static void put_ip_packet(struct made *file, const void *link, size_t link_len,
			  uint8_t proto)
{
	uint8_t ip[20] = {
		0x45, [3] = 20, [8] = 64, [9] = proto, [12] = 10, [16] = 10
	};
	size_t at = start_block(file, 6);
	put32(file, link_len == 14 ? 0 : link_len == 4 ? 2 : 1);
	put64(file, 0);
	put32(file, (uint32_t)(link_len + sizeof(ip)));
	put32(file, (uint32_t)(link_len + sizeof(ip)));
	put(file, link, link_len);
	put(file, ip, sizeof(ip));
	end_block(file, at);
}

static void make_mixed(struct made *file, bool swapped)
{
	static const uint8_t ethernet[14] = { [12] = 8 };
	start(file, swapped);
	put_section(file);
	put_iface(file, LINK_ETHERNET, "eth0", -1, 0);
	put_iface(file, LINK_RAW, "tun0", -1, 0);
	put_iface(file, LINK_NULL, "lo0", -1, 0);
	uint32_t family = swapped ? __builtin_bswap32(2) : 2;
	for (uint8_t proto = 6; proto <= 17; proto += 11) {
		put_ip_packet(file, ethernet, sizeof(ethernet), proto);
		put_ip_packet(file, "", 0, proto);
		put_ip_packet(file, &family, sizeof(family), proto);
	}
}

static void a_filter_understands_every_link_type_of_a_file(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		make_mixed(&made, swapped);
		struct capture *capture = open_made(&made, made.len, "ip and udp");
		assert_int_equal(read_all(capture), 0);
		assert_int_equal(all_count, 3);
		assert_int_equal(all[0].link, LINK_ETHERNET);
		assert_int_equal(all[1].link, LINK_RAW);
		assert_int_equal(all[2].link, LINK_NULL);
		assert_string_equal(capture_error(capture), "");
		capture_close(capture);
	}
}

static void a_filter_that_suits_no_frame_of_a_link_says_so(void **state)
{
	(void)state;
	make_mixed(&made, false);
	struct capture *capture = open_made(&made, made.len, "wlan type mgt");
	assert_int_equal(read_all(capture), 0);
	assert_int_equal(all_count, 0);
	assert_non_null(strstr(capture_error(capture), "frames of link type 1"));
	capture_close(capture);
}

static void a_wrong_filter_is_refused_with_its_reason(void **state)
{
	(void)state;
	char error[CAPTURE_ERROR_MAX];
	int status;
	start(&made, false);
	put_pcap_header(&made, 0xa1b2c3d4, LINK_ETHERNET);
	const char *path = save(&made, "filtered");
	assert_null(capture_files(&path, 1, "tcp prot 80", error, &status));
	assert_int_equal(status, 2);
	assert_non_null(strstr(error, "tcp prot 80"));
	assert_null(strchr(error, '\n'));
}

static void a_filter_gives_the_kernel_its_program(void **state)
{
	(void)state;
	char error[CAPTURE_ERROR_MAX];
	struct filter *filter = filter_new("tcp port 80", error);
	uint16_t count = 0;
	assert_non_null(filter);
	assert_non_null(filter_program(filter, LINK_ETHERNET, &count));
	assert_true(count > 4);
	filter_free(filter);
}

static void names_that_find_no_room_are_nameless(void **state)
{
	(void)state;
	struct iface_table table = { 0 };
	for (uint32_t i = 0; i < IFACES_MAX; i++)
		assert_int_equal(iface_table_add(&table, "eth0", 4), i);
	assert_int_equal(iface_table_add(&table, "eth1", 4), IFACES_MAX);
	assert_string_equal(iface_table_name(&table, IFACES_MAX), "");
	assert_string_equal(iface_table_name(&table, IFACES_MAX - 1), "eth0");
	iface_table_free(&table);
}

static int set_up(void **state)
{
	/* Others may look into it: the test of permissions does, as nobody. */
	return set_up_made(state) != 0 || mkdtemp(directory) == NULL ||
	       chmod(directory, 0711) != 0;
}

static int tear_down(void **state)
{
	DIR *files = opendir(directory);
	if (files != NULL) {
		for (struct dirent *entry; (entry = readdir(files)) != NULL;)
			unlinkat(dirfd(files), entry->d_name, 0);
		closedir(files);
	}
	tear_down_made(state);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_files_come_merged_in_order_of_time),
		cmocka_unit_test(a_single_file_keeps_its_own_order),
		cmocka_unit_test(one_broken_file_of_several_does_not_stop_the_others),
		cmocka_unit_test(a_slow_pipe_gives_what_has_come_and_never_ends_early),
		cmocka_unit_test(a_bad_file_gets_one_clear_line_and_its_status),
		cmocka_unit_test(a_file_without_permission_is_status_4),
		cmocka_unit_test(a_filter_understands_every_link_type_of_a_file),
		cmocka_unit_test(a_filter_that_suits_no_frame_of_a_link_says_so),
		cmocka_unit_test(a_wrong_filter_is_refused_with_its_reason),
		cmocka_unit_test(a_filter_gives_the_kernel_its_program),
		cmocka_unit_test(names_that_find_no_room_are_nameless),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
