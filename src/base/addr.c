/*
 * addr.c: text and prefixes of addresses; see addr.h.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>

bool addr_of_socket(const struct sockaddr *socket, struct addr *out)
{
	if (socket == NULL)
		return false;
	if (socket->sa_family == AF_INET)
		*out = addr_v4(
			&((const struct sockaddr_in *)(const void *)socket)->sin_addr);
	else if (socket->sa_family == AF_INET6)
		*out = addr_v6(&((const struct sockaddr_in6 *)(const void *)socket)
					->sin6_addr);
	else
		return false;
	return true;
}

bool addr_is_group(const struct addr *a)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
	if (!addr_is_v4(a))
		return a->ip6[0] == 0xff;
	return (a->ip6[12] & 0xf0) == 0xe0 || memcmp(a->ip6 + 12, broadcast, 4) == 0;
}

bool addr_is_private(const struct addr *a)
{
	if (!addr_is_v4(a))
		return (a->ip6[0] & 0xfe) == 0xfc ||
		       (a->ip6[0] == 0xfe && (a->ip6[1] & 0xc0) == 0x80);
	const uint8_t *ip = a->ip6 + 12;
	return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	       (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254);
}

bool addr_is_global(const struct addr *a)
{
	bool is_carriers =
		addr_is_v4(a) && a->ip6[12] == 100 && (a->ip6[13] & 0xc0) == 64;
	return !is_carriers && !addr_is_private(a) && !addr_is_loopback(a) &&
	       !addr_is_unspecified(a);
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	return addr_is_v4(a) ? a->ip6[12] == 127 : memcmp(a->ip6, one, 16) == 0;
}

bool addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zeros[16];
	size_t same = addr_is_v4(a) ? 12 : 0; /* the prefix of mapped addresses */
	return memcmp(a->ip6 + same, zeros, sizeof(zeros) - same) == 0;
}

struct addr addr_source(const struct addr *a)
{
	struct addr source = *a;
	if (!addr_is_v4(a))
		memset(source.ip6 + 8, 0, 8);
	return source;
}

/* No printf() here: every record is written with two addresses. */
static size_t put_v4(const uint8_t *four, char *at)
{
	size_t len = 0;
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			at[len++] = '.';
		if (four[i] >= 100)
			at[len++] = (char)('0' + four[i] / 100);
		if (four[i] >= 10)
			at[len++] = (char)('0' + four[i] / 10 % 10);
		at[len++] = (char)('0' + four[i] % 10);
	}
	return len;
}

static size_t put_group(unsigned group, char *at)
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

static size_t put_v6(const uint8_t *sixteen, char *at)
{
	unsigned groups[8];
	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)sixteen[2 * i] << 8 | sixteen[2 * i + 1];
	struct run run = zero_run(groups);
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
		/* Nothing but an IPv4 address at the end (RFC 4291 2.5.5.1). */
		if (i == 6 && run.first == 0 && run.count == 6)
			return len + put_v4(sixteen + 12, at + len);
		len += put_group(groups[i], at + len);
	}
	return len;
}

size_t addr_text(const struct addr *a, char *out)
{
	size_t len = addr_is_v4(a) ? put_v4(a->ip6 + 12, out) : put_v6(a->ip6, out);
	out[len] = '\0';
	return len;
}

bool addr_parse(const char *text, struct addr *out)
{
	uint8_t raw[16];
	if (inet_pton(AF_INET, text, raw) == 1) {
		*out = addr_v4(raw);
		return true;
	}
	if (inet_pton(AF_INET6, text, raw) == 1) {
		*out = addr_v6(raw);
		return true;
	}
	return false;
}

static void clear_host_bits(struct prefix *p)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned first = i * 8;
		if (first >= p->len)
			p->addr.ip6[i] = 0;
		else if (first + 8 > p->len)
			p->addr.ip6[i] &= (uint8_t)(0xff << (first + 8 - p->len));
	}
}

bool prefix_parse(const char *text, struct prefix *out)
{
	char host[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';

	struct prefix p;
	if (!addr_parse(host, &p.addr))
		return false;
	unsigned long bits = addr_is_v4(&p.addr) ? 32 : 128;
	unsigned long base = 128 - bits;
	if (slash != NULL) {
		char *end;
		unsigned long asked = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || asked > bits)
			return false;
		bits = asked;
	}
	p.len = (uint8_t)(base + bits);
	clear_host_bits(&p);
	*out = p;
	return true;
}

bool prefix_holds(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->len / 8, rest = p->len % 8;
	if (memcmp(p->addr.ip6, a->ip6, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return ((p->addr.ip6[whole] ^ a->ip6[whole]) & mask) == 0;
}

struct prefix prefix_around(const struct addr *addr, uint8_t len)
{
	struct prefix p = { .addr = *addr, .len = len < 128 ? len : 128 };
	clear_host_bits(&p);
	return p;
}

static uint64_t half(const struct addr *addr, size_t from)
{
	uint64_t half;
	memcpy(&half, addr->ip6 + from, sizeof(half));
	return be64toh(half);
}

/* Searches do it a dozen times: this takes a third of the time of memcmp(3). */
int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	for (size_t from = 0; from < sizeof(a->addr.ip6); from += 8) {
		uint64_t of_a = half(&a->addr, from), of_b = half(&b->addr, from);
		if (of_a != of_b)
			return of_a < of_b ? -1 : 1;
	}
	return a->len - b->len;
}
