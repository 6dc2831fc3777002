/*
 * reader.h: one capture file, read in large pieces, its packets never copied.
 *
 * input.c brings bytes into a buffer, pcap.c and pcapng.c find the frames in it,
 * files.c drives them and merges.  A format's parser sees only what is in the
 * buffer: it takes all whole records and says how many bytes it wants to go on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/frame.h"
#include "capture/capture.h"
#include "capture/source.h"

enum {
	PACKET_MAX = 262144, /* libpcap's MAXIMUM_SNAPLEN: longer is a broken file */
	RECORD_MAX = 524288, /* a packet with its headers and options, or a header */
	SKIPPED_MAX = 256 << 20, /* a pcapng block that is passed over unread */
	PROBLEM_MAX = 128,
};

struct input {
	int fd;          /* -1: nothing comes but what the buffer holds */
	bool is_regular; /* never waits */
	uint8_t *buffer;
	size_t begin, end, size; /* unread bytes lie from begin to end */
	uint64_t bytes_read;
};

/* Buffer of `size` bytes, grown up to RECORD_MAX when a record asks for it. */
bool input_init(struct input *input, int fd, bool is_regular, size_t size);
/* Reads from memory, which is copied. */
bool input_init_memory(struct input *input, const uint8_t *at, size_t len);
void input_free(struct input *input);

static inline size_t input_left(const struct input *input)
{
	return input->end - input->begin;
}

/*
 * Brings `want` unread bytes into the buffer, moving what is there.  1: done; 0: not
 * in timeout_ms (negative: wait), or a signal came; -ENODATA: the input ends before;
 * other negative errno: it can't be read.
 */
int input_need(struct input *input, size_t want, int timeout_ms);

/* An interface of a pcapng section. */
struct section_iface {
	char name[IFACE_NAME_MAX];
	uint16_t link, id;
	uint8_t resolution; /* if_tsresol as it stands in the file */
	int64_t offset_us;
	uint32_t snaplen; /* 0: no limit */
	uint64_t dropped; /* of the last interface statistics */
};

struct reader {
	const char *name; /* for messages, borrowed */
	struct input input;
	struct iface_table *ifaces; /* shared by all files of a capture */

	/* Fills frames, sets count (0 allowed) and want, or problem. */
	void (*parse)(struct reader *reader);
	size_t want;               /* bytes that the next record needs to go on */
	char problem[PROBLEM_MAX]; /* why the file is broken; "" if it is not */
	bool swapped;              /* written in the other byte order */
	uint64_t dropped;          /* as the file itself says */
	uint64_t packets;          /* found so far, before the filter */

	/* pcap */
	bool is_nanosecond;
	uint8_t record_header_len;
	uint16_t link, iface;

	/* pcapng */
	struct section_iface *section; /* owned */
	size_t section_count;          /* described in this section */
	size_t section_known;          /* described in any: keeps identifiers */
	size_t section_size;
	uint64_t skip; /* bytes of a block that is passed over */
	int64_t last_us;

	struct frame frames[CAPTURE_BATCH];
	size_t count, next;
};

/*
 * A format is known by its first MAGIC_LEN bytes. With its HEADER_LEN bytes in the
 * buffer, start reads or checks them, sets parse, and problem if they are wrong.
 */
enum { MAGIC_LEN = 4, PCAP_HEADER_LEN = 24, PCAPNG_HEADER_LEN = 28 };
bool pcap_has_magic(const uint8_t magic[static MAGIC_LEN]);
void pcap_start(struct reader *reader);
bool pcapng_has_magic(const uint8_t magic[static MAGIC_LEN]);
void pcapng_start(struct reader *reader);

/* Says what is wrong with the file; nothing after it is read. */
__attribute__((format(printf, 2, 3))) void reader_break(struct reader *reader,
							const char *format, ...);

/* Times are kept from 1970 to 9999: what RFC 3339 can write, far from overflow. */
#define READER_TIME_MAX_US INT64_C(253402300799999999)

static inline uint16_t load16(const uint8_t *at, bool swapped)
{
	uint16_t value;
	memcpy(&value, at, sizeof(value));
	return swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t load32(const uint8_t *at, bool swapped)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t load64(const uint8_t *at, bool swapped)
{
	uint64_t value;
	memcpy(&value, at, sizeof(value));
	return swapped ? __builtin_bswap64(value) : value;
}

/* A capture of a file that lies in memory, for tests and fuzzing. NULL and error. */
struct capture *capture_memory(const uint8_t *at, size_t len, const char *filter,
			       char error[static CAPTURE_ERROR_MAX]);
