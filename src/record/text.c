/*
 * text.c: numbers and addresses as text; see text.h.
 */
#include "record/text.h"

#include <stdbool.h>

/* Two digits at a time: half the divisions. */
size_t text_u64(uint64_t value, char *at)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324"
		"25262728293031323334353637383940414243444546474849"
		"50515253545556575859606162636465666768697071727374"
		"75767778798081828384858687888990919293949596979899";
	if (value < 10) {
		at[0] = (char)('0' + value);
		return 1;
	}
	char text[TEXT_U64_MAX];
	size_t begin = sizeof(text);
	for (; value >= 10; value /= 100)
		memcpy(text + (begin -= 2), pairs + value % 100 * 2, 2);
	if (value > 0)
		text[--begin] = (char)('0' + value);
	memcpy(at, text + begin, sizeof(text) - begin);
	return sizeof(text) - begin;
}

static size_t text_v4(const uint8_t *four, char *at)
{
	size_t len = 0;
	for (int i = 0; i < 4; i++) {
		len += text_u64(four[i], at + len);
		at[len++] = '.';
	}
	return len - 1;
}

static size_t text_group(unsigned group, char *at)
{
	size_t len = 0;
	for (int shift = 12; shift >= 0; shift -= 4)
		if (len > 0 || group >> shift != 0 || shift == 0)
			at[len++] = "0123456789abcdef"[group >> shift & 15];
	return len;
}

struct run {
	int first, count;
};

/* The longest run of zeros, the first of equals, at least two (RFC 5952 4.2). */
static struct run zero_run(const unsigned groups[8])
{
	struct run best = { .first = -1, .count = 1 }, run = { 0 };
	for (int i = 0; i < 8; i++) {
		if (groups[i] != 0) {
			run = (struct run){ .first = i + 1 };
			continue;
		}
		run.count++;
		if (run.count > best.count)
			best = run;
	}
	return best;
}

size_t text_addr(const struct addr *addr, char *at)
{
	if (addr_is_v4(addr))
		return text_v4(addr->ip6 + 12, at);
	unsigned groups[8];
	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)addr->ip6[2 * i] << 8 | addr->ip6[2 * i + 1];

	struct run run = zero_run(groups);
	/* An embedded IPv4 address (RFC 5952 5) is rare enough for the slow way. */
	if (run.first == 0 && run.count >= 5 && run.count <= 6)
		return addr_text(addr, at);
	size_t len = 0;
	for (int i = 0; i < 8; i++) {
		if (i == run.first) {
			at[len++] = ':';
			i += run.count - 1;
			if (i == 7)
				at[len++] = ':';
			continue;
		}
		if (i > 0)
			at[len++] = ':';
		len += text_group(groups[i], at + len);
	}
	return len;
}

size_t text_plain(const char *text, size_t max)
{
	size_t len = 0;
	for (; text[len] != '\0'; len++) {
		unsigned char c = (unsigned char)text[len];
		if (len == max || c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return 0;
	}
	return len;
}
