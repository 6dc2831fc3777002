/*
 * What a stranger can make the recognisers and readers do: so much for a byte, and no
 * more however the bytes are cut.
 *
 * Counted in instructions where the processor tells (perf_event_open), else in CPU time
 * of this thread, the least of several runs; with bounds a multiple of what is usual.
 * Quadratic work shows at once: 16 KiB given byte by byte would cost a thousand times
 * more.
 */
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "talk_check.h"

enum {
	INPUT = 16384,
	SEGMENT = 1460,
	RUNS = 5,
	/* One nanosecond is taken for four instructions. */
	PER_NS = 4,
	RECOGNISE_MOST = 24000, /* instructions for an opening of 512 bytes */
	BYTE_MOST = 2000, /* a byte of a large segment: it may be a whole line ... */
	SEGMENT_MOST = 24000, /* ... and any segment, however small, on average */
};

static int counter = -1;

static void open_counter(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_HW_INSTRUCTIONS,
					.exclude_kernel = 1,
					.exclude_hv = 1 };
	counter = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t instructions(void)
{
	uint64_t value = 0;
	struct timespec now;
	if (counter >= 0 && read(counter, &value, sizeof(value)) == sizeof(value))
		return value;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) * PER_NS;
}

/* ---- what is said ---- */

/* Openings that lead a reader to where the most can be done to it. */
static const struct {
	const char *protocol;
	const char *client, *server;
} openings[] = {
	{ "ftp", "USER a\r\nPASS b\r\n", "220 FTP ready\r\n" },
	{ "http", "GET / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 200 OK\r\nA: " },
	{ "http", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ "http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "" },
	{ "imap", "a LOGIN {9}\r\n", "* OK IMAP4rev1 ready\r\n" },
	{ "pop3", "USER a\r\n", "+OK POP3 ready\r\n" },
	{ "redis", "*2\r\n$4\r\nPING\r\n", "+PONG\r\n" },
	{ "sip", "REGISTER sip:a SIP/2.0\r\n", "SIP/2.0 401 Unauthorized\r\n" },
	{ "smtp", "EHLO a\r\nDATA\r\n", "220 a ESMTP\r\n250-a\r\n354 go\r\n" },
	{ "ssh", "SSH-2.0-a\r\n", "SSH-2.0-b\r\n" },
	{ "telnet", "\xff\xfd\x01", "\xff\xfb\x01login: " },
	{ "tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "" },
	{ "vnc", "RFB 003.008\n", "RFB 003.008\n" },
};

static const struct {
	const char *at;
	size_t len;
} patterns[] = {
	{ "\0", 1 },
	{ "\xff", 1 },
	{ "a", 1 },
	{ " ", 1 },
	{ "\r\n", 2 },
	{ "\n", 1 },
	{ "a: b\r\n", 6 },
	{ "\x01", 1 },
	{ "\x80", 1 },
	{ "a ", 2 },
	{ "*1\r\n", 4 },
	{ "250-a\r\n", 7 },
	{ "\x30\x80", 2 },
	{ "\xc0\x0c", 2 },
	{ "\x00\x00\x01", 3 },
	{ "1\r\na\r\n", 6 },
	{ "\x16\x03\x01\x00\x01\x01", 6 },
};
enum { PATTERNS = sizeof(patterns) / sizeof(patterns[0]) };

static void fill(uint8_t *at, size_t len, size_t pattern)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)patterns[pattern].at[i % patterns[pattern].len];
}

static void say_all(struct talk_check *check, unsigned by, const uint8_t *at,
		    size_t len, size_t step)
{
	for (size_t i = 0; i < len; i += step)
		talk_say(check, by, at + i, len - i < step ? len - i : step);
}

/* The reader alone: the feeder of talk_check copies, and that is not its cost. */
static uint64_t cost_of(const struct protocol *protocol, uint8_t transport,
			const char *opening[2], const uint8_t *input, unsigned by,
			size_t step)
{
	uint64_t least = UINT64_MAX;
	for (int run = 0; run < RUNS; run++) {
		struct talk_check *check =
			talk_check_new(protocol, transport, protocol->ports[0]);
		for (unsigned side = 0; side < 2; side++)
			if (opening[side] != NULL && *opening[side] != '\0')
				talk_say_text(check, side, opening[side]);
		uint64_t begin = instructions();
		say_all(check, by, input, INPUT, step);
		uint64_t cost = instructions() - begin;
		if (cost < least)
			least = cost;
		talk_finish(check);
		talk_check_free(check);
	}
	return least;
}

static void check_reader(const struct protocol *protocol, uint8_t transport,
			 const char *opening[2])
{
	static uint8_t input[INPUT];
	for (size_t pattern = 0; pattern < PATTERNS; pattern++)
		for (unsigned by = 0; by < 2; by++) {
			fill(input, INPUT, pattern);
			uint64_t large = cost_of(protocol, transport, opening, input,
						 by, SEGMENT);
			uint64_t small =
				cost_of(protocol, transport, opening, input, by, 1);
			if (large > (uint64_t)BYTE_MOST * INPUT ||
			    small > (uint64_t)SEGMENT_MOST * INPUT)
				fail_msg("%s, pattern %zu from %u: %llu a byte in "
					 "large segments, %llu in small ones",
					 protocol->name, pattern, by,
					 (unsigned long long)large / INPUT,
					 (unsigned long long)small / INPUT);
		}
}

static void a_byte_costs_so_much_and_no_more(void **state)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (all[i]->read == NULL)
			continue;
		const char *none[2] = { NULL, NULL };
		check_reader(all[i], all[i]->transports[0], none);
	}
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		const struct protocol *protocol =
			protocol_by_name(openings[i].protocol);
		const char *opening[2] = { openings[i].client, openings[i].server };
		if (protocol != NULL && protocol->read != NULL)
			check_reader(protocol, protocol->transports[0], opening);
	}
}

static void an_opening_costs_so_much_and_no_more(void **state)
{
	static uint8_t said[OPENING_MAX];
	struct addr addr[2] = { addr_unset(), addr_unset() };
	size_t count;
	const struct protocol *const *all = protocols(&count);
	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t pattern = 0; pattern < PATTERNS; pattern++) {
			fill(said, sizeof(said), pattern);
			struct opening opening = {
				.said = { bytes_of(said, sizeof(said)),
					  bytes_of(said, sizeof(said)) },
				.ended = { true, true },
				.transport = all[i]->transports[0],
				.port = { 40000, all[i]->ports[0] },
				.addr = addr,
			};
			uint64_t least = UINT64_MAX;
			for (int run = 0; run < RUNS; run++) {
				uint64_t begin = instructions();
				for (int k = 0; all[i]->recognise && k < 100; k++)
					all[i]->recognise(&opening);
				uint64_t cost = (instructions() - begin) / 100;
				least = cost < least ? cost : least;
			}
			if (least > RECOGNISE_MOST)
				fail_msg("%s, pattern %zu: %llu", all[i]->name, pattern,
					 (unsigned long long)least);
		}
}

int main(void)
{
	open_counter();
	printf("# cost in %s\n", counter >= 0 ? "instructions" : "CPU time");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_opening_costs_so_much_and_no_more),
		cmocka_unit_test(a_byte_costs_so_much_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
