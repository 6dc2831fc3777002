/*
 * made_capture.h: writes capture files byte by byte, and reads them back.
 *
 * The tests of captures include it: they know what is in a file they have made.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/reader.h"

enum {
	FILE_SIZE_MAX = 8 << 20,
	PACKETS_MAX = 8192,
	PACKET_LEN = 60,
	T0 = 1700000000, /* seconds, of the first packet */
};

/* A file in the making: where each packet ends, and each record of any kind. */
struct made {
	uint8_t *at;
	size_t len, count;
	size_t ends[PACKETS_MAX];
	size_t edges[2 * PACKETS_MAX], edge_count;
	bool swapped;
};

static struct made made;

static inline void start(struct made *file, bool swapped)
{
	file->len = file->count = file->edge_count = 0;
	file->swapped = swapped;
}

static inline void mark_edge(struct made *file)
{
	assert_true(file->edge_count < 2 * PACKETS_MAX);
	file->edges[file->edge_count++] = file->len;
}

static inline void put(struct made *file, const void *bytes, size_t len)
{
	assert_true(file->len + len <= FILE_SIZE_MAX);
	memcpy(file->at + file->len, bytes, len);
	file->len += len;
}

static inline void put16(struct made *file, uint16_t value)
{
	value = file->swapped ? __builtin_bswap16(value) : value;
	put(file, &value, sizeof(value));
}

static inline void put32(struct made *file, uint32_t value)
{
	value = file->swapped ? __builtin_bswap32(value) : value;
	put(file, &value, sizeof(value));
}

static inline void put64(struct made *file, uint64_t value)
{
	value = file->swapped ? __builtin_bswap64(value) : value;
	put(file, &value, sizeof(value));
}

static inline void put_fill(struct made *file, size_t count, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(file, &(uint8_t){ (uint8_t)(count + i) }, 1);
}

static inline void put_pcap_header(struct made *file, uint32_t magic, uint32_t link)
{
	put32(file, magic);
	put16(file, 2);
	put16(file, 4);
	put64(file, 0);
	put32(file, 65535);
	put32(file, link);
	mark_edge(file);
}

static inline void end_packet(struct made *file)
{
	assert_true(file->count < PACKETS_MAX);
	file->ends[file->count++] = file->len;
}

static inline void put_pcap_packet(struct made *file, uint32_t s, uint32_t fraction,
				   uint32_t len)
{
	put32(file, s);
	put32(file, fraction);
	put32(file, len);
	put32(file, len + 4);
	put_fill(file, file->count, len);
	mark_edge(file);
	end_packet(file);
}

/* A block whose body is what comes until end_block(). */
static inline size_t start_block(struct made *file, uint32_t type)
{
	size_t at = file->len;
	put32(file, type);
	put32(file, 0);
	return at;
}

static inline void end_block(struct made *file, size_t at)
{
	while (file->len % 4 != at % 4)
		put(file, "", 1);
	size_t end = file->len + 4;
	file->len = at + 4;
	put32(file, (uint32_t)(end - at));
	file->len = end - 4;
	put32(file, (uint32_t)(end - at));
	mark_edge(file);
}

static inline void put_section(struct made *file)
{
	size_t at = start_block(file, 0x0a0d0d0a);
	put32(file, 0x1a2b3c4d);
	put16(file, 1);
	put16(file, 0);
	put64(file, UINT64_MAX);
	end_block(file, at);
}

static inline void put_option(struct made *file, uint16_t code, const void *value,
			      size_t len)
{
	put16(file, code);
	put16(file, (uint16_t)len);
	put(file, value, len);
	put(file, "\0\0\0", -len & 3);
}

static inline void put_iface(struct made *file, uint16_t link, const char *name,
			     int resolution, int64_t offset)
{
	size_t at = start_block(file, 1);
	put16(file, link);
	put16(file, 0);
	put32(file, 0);
	put_option(file, 2, name, strlen(name));
	if (resolution >= 0)
		put_option(file, 9, &(uint8_t){ (uint8_t)resolution }, 1);
	if (offset != 0) {
		put16(file, 14);
		put16(file, 8);
		put64(file, (uint64_t)offset);
	}
	put_option(file, 0, "", 0);
	end_block(file, at);
}

static inline void put_enhanced(struct made *file, uint32_t iface, uint64_t units,
				uint32_t len)
{
	size_t at = start_block(file, 6);
	put32(file, iface);
	put32(file, (uint32_t)(units >> 32));
	put32(file, (uint32_t)units);
	put32(file, len);
	put32(file, len);
	put_fill(file, file->count, len);
	end_block(file, at);
	end_packet(file);
}

static inline void put_simple(struct made *file, uint32_t len)
{
	size_t at = start_block(file, 3);
	put32(file, len);
	put_fill(file, file->count, len);
	end_block(file, at);
	end_packet(file);
}

static inline void put_statistics(struct made *file, uint32_t iface, uint64_t dropped)
{
	size_t at = start_block(file, 5);
	put32(file, iface);
	put64(file, 0);
	put16(file, 5);
	put16(file, 8);
	put64(file, dropped);
	end_block(file, at);
}

static inline struct capture *open_made(const struct made *file, size_t len,
					const char *filter)
{
	char error[CAPTURE_ERROR_MAX];
	struct capture *capture = capture_memory(file->at, len, filter, error);
	if (capture == NULL)
		print_message("# %s\n", error);
	assert_non_null(capture);
	return capture;
}

/* Copies of all frames to the end, without their bytes; the result of the end. */
static struct frame all[2 * PACKETS_MAX];
static size_t all_count;
static inline int read_all(struct capture *capture)
{
	const struct frame *frames;
	int count;
	all_count = 0;
	while ((count = capture_next(capture, &frames, 1000)) >= 0 &&
	       !capture_ended(capture)) {
		assert_true(count <= CAPTURE_BATCH);
		for (int i = 0; i < count; i++) {
			assert_true(all_count < 2 * PACKETS_MAX);
			assert_true(frames[i].wire_len >= frames[i].len);
			all[all_count++] = frames[i];
		}
	}
	return count;
}

static inline struct capture_stats stats_of(struct capture *capture)
{
	struct capture_stats stats;
	capture_stats(capture, &stats);
	return stats;
}

/* Two interfaces, all sorts of packets, blocks to pass over, two sections. */
static inline void make_pcapng(struct made *file, bool swapped)
{
	start(file, swapped);
	put_section(file);
	put_iface(file, LINK_ETHERNET, "eth0", -1, 0);
	put_iface(file, LINK_RAW, "tun\n0", 9, 0);
	put_enhanced(file, 0, (uint64_t)T0 * 1000000 + 1, PACKET_LEN);
	put_enhanced(file, 1, (uint64_t)T0 * 1000000000 + 2999, 41);
	size_t unknown = start_block(file, 0x0bad);
	put_fill(file, 0, 3000);
	end_block(file, unknown);
	put_simple(file, 33);
	put_statistics(file, 1, 5);
	put_statistics(file, 1, 7);
	put_statistics(file, 1, 6); /* never back: not believed */
	put_statistics(file, 99, 1000);
	file->swapped = !swapped;
	put_section(file);
	put_iface(file, LINK_ETHERNET, "eth0", 0x80 | 10, T0);
	put_statistics(file, 0, 1);
	put_enhanced(file, 0, 1024 + 512, 0);
	size_t obsolete = start_block(file, 2);
	put16(file, 0);
	put16(file, 3);
	put32(file, 0);
	put32(file, 2048);
	put32(file, 9);
	put32(file, 9000);
	put_fill(file, file->count, 9);
	end_block(file, obsolete);
	end_packet(file);
}

static inline int set_up_made(void **state)
{
	(void)state;
	made.at = malloc(FILE_SIZE_MAX);
	return made.at == NULL;
}

static inline int tear_down_made(void **state)
{
	(void)state;
	free(made.at);
	return 0;
}
