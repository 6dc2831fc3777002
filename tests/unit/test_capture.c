/*
 * test_capture.c: capture files of every format, whole, cut and hostile.
 *
 * Captures of the wild are read as well where they lie beside the project.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "made_capture.h"

static void a_pcap_reads_in_both_byte_orders_and_all_variants(void **state)
{
	(void)state;
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
	for (int i = 0; i < 4; i++) {
		start(&made, i & 1);
		put_pcap_header(&made, magics[i / 2], LINK_RAW | 0x14000000);
		put_pcap_packet(&made, T0, i / 2 ? 123456789 : 123456, PACKET_LEN);
		put_pcap_packet(&made, UINT32_MAX, UINT32_MAX, 0);
		struct capture *capture = open_made(&made, made.len, NULL);
		const struct frame *frames;
		assert_int_equal(capture_next(capture, &frames, 0), 2);
		assert_int_equal(frames[0].at_us, INT64_C(1700000000123456));
		assert_int_equal(frames[0].len, PACKET_LEN);
		assert_int_equal(frames[0].wire_len, PACKET_LEN + 4);
		assert_int_equal(frames[0].link, LINK_RAW);
		assert_int_equal(frames[0].flags, i & 1 ? FRAME_SWAPPED : 0);
		assert_int_equal(frames[0].at[7], 7);
		assert_true(frames[1].at_us > frames[0].at_us);
		assert_int_equal(capture_next(capture, &frames, 0), 0);
		assert_true(capture_ended(capture));
		assert_false(capture_is_live(capture));
		assert_string_equal(capture_error(capture), "");
		assert_int_equal(stats_of(capture).frames, 2);
		assert_int_equal(stats_of(capture).bytes_read, made.len);
		capture_close(capture);
	}
}

static void the_modified_pcap_has_longer_packet_headers(void **state)
{
	(void)state;
	start(&made, true);
	put_pcap_header(&made, 0xa1b2cd34, LINK_ETHERNET);
	for (uint32_t i = 0; i < 3; i++) {
		put32(&made, T0);
		put32(&made, i);
		put32(&made, 20);
		put32(&made, 10); /* shorter on the wire than captured: not believed */
		put64(&made, 77);
		put_fill(&made, i, 20);
	}
	struct capture *capture = open_made(&made, made.len, NULL);
	const struct frame *frames;
	assert_int_equal(capture_next(capture, &frames, 0), 3);
	assert_int_equal(frames[2].at[0], 2);
	assert_int_equal(frames[2].wire_len, 20);
	capture_close(capture);
}

static void a_pcapng_may_mix_links_units_and_byte_orders(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		make_pcapng(&made, swapped);
		struct capture *capture = open_made(&made, made.len, NULL);
		assert_int_equal(read_all(capture), 0);
		assert_int_equal(all_count, 5);
		assert_int_equal(all[0].at_us, INT64_C(1700000000000001));
		assert_int_equal(all[1].at_us, INT64_C(1700000000000002));
		assert_int_equal(all[2].at_us, INT64_C(1700000000000002));
		assert_int_equal(all[3].at_us, INT64_C(1700000001500000));
		assert_int_equal(all[4].at_us, INT64_C(1700000002000000));
		assert_int_equal(all[0].link, LINK_ETHERNET);
		assert_int_equal(all[1].link, LINK_RAW);
		assert_int_equal(all[2].len, 33);
		assert_int_equal(all[4].wire_len, 9000);
		assert_int_equal(all[4].len, 9);
		assert_int_equal(all[0].flags, swapped ? FRAME_SWAPPED : 0);
		assert_int_equal(all[3].flags, swapped ? 0 : FRAME_SWAPPED);
		assert_string_equal(capture_iface(capture, all[0].iface), "eth0");
		assert_string_equal(capture_iface(capture, all[1].iface), "tun?0");
		assert_int_equal(all[3].iface, all[0].iface);
		assert_string_equal(capture_iface(capture, 4711), "");
		assert_int_equal(stats_of(capture).kernel_dropped, 8);
		capture_close(capture);
	}
}

/* Opens the first len bytes; the packets that are whole must come, and no other. */
static void check_cut(const struct made *file, size_t len, size_t header_len)
{
	char error[CAPTURE_ERROR_MAX];
	struct capture *capture = capture_memory(file->at, len, NULL, error);
	if (len < header_len) {
		assert_null(capture);
		assert_true(strlen(error) > 0);
		return;
	}
	size_t whole = 0;
	while (whole < file->count && file->ends[whole] <= len)
		whole++;
	assert_int_equal(read_all(capture), 0);
	assert_int_equal(all_count, whole);
	bool is_cut = strlen(capture_error(capture)) > 0;
	assert_int_equal(stats_of(capture).cut_short, is_cut);
	if (is_cut) {
		char expected[64];
		snprintf(expected, sizeof(expected),
			 "memory: cut short after %zu packets", whole);
		assert_string_equal(capture_error(capture), expected);
	}
	bool at_edge = false;
	for (size_t i = 0; i < file->edge_count; i++)
		at_edge = at_edge || file->edges[i] == len;
	assert_int_equal(is_cut, !at_edge);
	capture_close(capture);
}

static void a_file_cut_at_any_byte_gives_the_packets_before(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		start(&made, swapped);
		put_pcap_header(&made, 0xa1b2c3d4, LINK_ETHERNET);
		for (uint32_t i = 0; i < 5; i++)
			put_pcap_packet(&made, T0, i, 10 * i);
		for (size_t len = 0; len <= made.len; len++)
			check_cut(&made, len, PCAP_HEADER_LEN);
		make_pcapng(&made, swapped);
		for (size_t len = 0; len <= made.len; len++)
			check_cut(&made, len, PCAPNG_HEADER_LEN);
	}
}

static void a_broken_packet_ends_the_file_with_an_error(void **state)
{
	(void)state;
	start(&made, false);
	put_pcap_header(&made, 0xa1b2c3d4, LINK_ETHERNET);
	put_pcap_packet(&made, T0, 0, PACKET_LEN);
	put_pcap_packet(&made, T0, 0, PACKET_MAX);
	put_pcap_packet(&made, T0, 0, PACKET_MAX + 1);
	struct capture *capture = open_made(&made, made.len, NULL);
	assert_int_equal(read_all(capture), -EBADMSG);
	assert_int_equal(all_count, 2);
	assert_true(capture_ended(capture));
	assert_string_equal(capture_error(capture),
			    "memory: broken after 2 packets: a packet of 262145 bytes");
	const struct frame *frames;
	assert_int_equal(capture_next(capture, &frames, 0), -EBADMSG);
	capture_close(capture);
}

/* One pcapng with a single wrong block of that type, length and first words. */
static void check_broken_block(uint32_t type, uint32_t len, uint32_t word, uint32_t cap,
			       const char *expected)
{
	start(&made, false);
	put_section(&made);
	put_iface(&made, LINK_ETHERNET, "eth0", -1, 0);
	put_enhanced(&made, 0, 1, 10);
	put32(&made, type);
	put32(&made, len);
	put32(&made, word);
	put32(&made, len); /* also where a block of 16 ends */
	put32(&made, 0);
	put32(&made, cap);
	for (uint32_t i = 0; i < 10; i++)
		put32(&made, len == 44 ? 40 : len);
	struct capture *capture = open_made(&made, made.len, NULL);
	assert_int_equal(read_all(capture), -EBADMSG);
	assert_int_equal(all_count, 1);
	assert_non_null(
		strstr(capture_error(capture), "memory: broken after 1 packets"));
	assert_non_null(strstr(capture_error(capture), expected));
	capture_close(capture);
}

static void a_broken_block_ends_the_file_with_an_error(void **state)
{
	(void)state;
	check_broken_block(6, 8, 0, 4, "a block of type 6 and 8 bytes");
	check_broken_block(6, 38, 0, 4, "a block of type 6 and 38 bytes");
	check_broken_block(6, 28, 0, 4, "too short");
	check_broken_block(6, 36, 1, 4, "interface 1, which it does not describe");
	check_broken_block(6, 36, 0, 5, "a packet of 5 bytes in a block for 4");
	check_broken_block(6, 36, 0, UINT32_MAX, "a packet of 4294967295 bytes");
	check_broken_block(6, 44, 0, 4, "two lengths differ");
	check_broken_block(6, RECORD_MAX + 4, 0, 4, "524292 bytes");
	check_broken_block(1, 16, 0, 4, "too short");
	check_broken_block(99, SKIPPED_MAX + 4, 0, 4, "a block of type 99");
	check_broken_block(0x0a0d0d0a, 28, 0x11111111, 4, "no known byte order");
}

static void every_unit_of_time_comes_to_microseconds(void **state)
{
	(void)state;
	static const struct {
		int resolution;
		uint64_t units;
		int64_t us;
	} cases[] = {
		{ 0, 3, 3000000 },
		{ 3, 1500, 1500000 },
		{ 6, 1500001, 1500001 },
		{ 9, 1500001999, 1500001 },
		{ 12, UINT64_C(1500001999999), 1500001 },
		{ 25, UINT64_MAX, 1 },
		{ 0x80 | 0, 2, 2000000 },
		{ 0x80 | 1, 3, 1500000 },
		{ 0x80 | 32, UINT64_C(3) << 31, 1500000 },
		{ 0x80 | 60, UINT64_C(3) << 59, 1500000 },
		{ 0x80 | 64, UINT64_C(1) << 63, 500000 },
		{ 0x80 | 70, UINT64_C(1) << 63, 7812 },
		{ 0xff, UINT64_MAX, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&made, false);
		put_section(&made);
		put_iface(&made, LINK_RAW, "x", cases[i].resolution, 0);
		put_enhanced(&made, 0, cases[i].units, 1);
		struct capture *capture = open_made(&made, made.len, NULL);
		assert_int_equal(read_all(capture), 0);
		assert_int_equal(all[0].at_us, cases[i].us);
		capture_close(capture);
	}
}

static void a_time_out_of_reason_stays_within_its_bounds(void **state)
{
	(void)state;
	static const int64_t offsets[] = { 0, 1, -1, T0, INT64_MAX, INT64_MIN };
	static const uint64_t units[] = { 0, 1, INT64_MAX, UINT64_MAX };
	for (int resolution = 0; resolution < 256; resolution++) {
		start(&made, false);
		put_section(&made);
		for (uint32_t i = 0; i < 6; i++)
			put_iface(&made, LINK_RAW, "x", resolution, offsets[i]);
		for (uint32_t i = 0; i < 24; i++)
			put_enhanced(&made, i % 6, units[i / 6], 1);
		struct capture *capture = open_made(&made, made.len, NULL);
		assert_int_equal(read_all(capture), 0);
		assert_int_equal(all_count, 24);
		for (size_t i = 0; i < all_count; i++)
			assert_in_range(all[i].at_us, 0, READER_TIME_MAX_US);
		capture_close(capture);
	}
}

/* The number behind "pkts" in FILE.expected/facts.json, or -1. */
static long expected_packets(const char *path)
{
	char facts[PATH_MAX], text[65536];
	snprintf(facts, sizeof(facts), "%s.expected/facts.json", path);
	FILE *file = fopen(facts, "r");
	if (file == NULL)
		return -1;
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	const char *found = strstr(text, "\"pkts\":");
	return found == NULL ? -1 : strtol(found + 7, NULL, 10);
}

static bool check_wild(const char *path)
{
	long expected = expected_packets(path);
	if (expected < 0)
		return false;
	char error[CAPTURE_ERROR_MAX];
	int status;
	struct capture *capture = capture_files(&path, 1, NULL, error, &status);
	assert_non_null(capture);
	assert_int_equal(read_all(capture), 0);
	if ((long)all_count != expected)
		print_message("# %s: %s\n", path, capture_error(capture));
	assert_int_equal(all_count, expected);
	capture_close(capture);
	return true;
}

static void captures_of_the_wild_give_all_their_packets(void **state)
{
	(void)state;
	const char *folder = "../shared/captures";
	DIR *captures = opendir(folder);
	if (captures == NULL)
		captures = opendir(folder = "../../shared/captures");
	if (captures == NULL)
		skip();
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(captures)) != NULL;) {
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		count += check_wild(path);
	}
	closedir(captures);
	print_message("# %zu captures\n", count);
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pcap_reads_in_both_byte_orders_and_all_variants),
		cmocka_unit_test(the_modified_pcap_has_longer_packet_headers),
		cmocka_unit_test(a_pcapng_may_mix_links_units_and_byte_orders),
		cmocka_unit_test(a_file_cut_at_any_byte_gives_the_packets_before),
		cmocka_unit_test(a_broken_packet_ends_the_file_with_an_error),
		cmocka_unit_test(a_broken_block_ends_the_file_with_an_error),
		cmocka_unit_test(every_unit_of_time_comes_to_microseconds),
		cmocka_unit_test(a_time_out_of_reason_stays_within_its_bounds),
		cmocka_unit_test(captures_of_the_wild_give_all_their_packets),
	};
	return cmocka_run_group_tests(tests, set_up_made, tear_down_made);
}
