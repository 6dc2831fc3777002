/*
 * addr.h: one form of address for IPv4 and IPv6, and prefixes of them.
 *
 * IPv4 is kept as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so that a key, a hash and
 * a comparison need no second case.  Text is RFC 5952, IPv4 as dotted quad.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct addr {
	uint8_t ip6[16]; /* network order */
};

/* A prefix of an address; len counts bits of the 128 (an IPv4 /24 is 120). */
struct prefix {
	struct addr addr;
	uint8_t len;
};

enum { ADDR_TEXT_MAX = 46 }; /* INET6_ADDRSTRLEN, with the NUL */

/* From 4 or 16 bytes in network order. */
static inline struct addr addr_v4(const void *four)
{
	struct addr a = { .ip6 = { [10] = 0xff, [11] = 0xff } };
	memcpy(a.ip6 + 12, four, 4);
	return a;
}

static inline struct addr addr_v6(const void *sixteen)
{
	struct addr a;
	memcpy(a.ip6, sixteen, 16);
	return a;
}

static inline bool addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	return memcmp(a->ip6, mapped, sizeof(mapped)) == 0;
}

static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip6, b->ip6, sizeof(a->ip6)) == 0;
}

/*
 * The address of nobody: all ones, a multicast group of a reserved scope (RFC 4291 2.7)
 * that no packet carries.  "::" will not do: neighbours without an address send it.
 */
static inline struct addr addr_unset(void)
{
	struct addr a;
	memset(a.ip6, 0xff, sizeof(a.ip6));
	return a;
}

static inline bool addr_is_unset(const struct addr *a)
{
	struct addr none = addr_unset();
	return addr_equal(a, &none);
}

/* From a socket address; false for families other than IP, and for NULL. */
struct sockaddr;
bool addr_of_socket(const struct sockaddr *socket, struct addr *out);

/* Multicast (224.0.0.0/4, ff00::/8) or the limited broadcast 255.255.255.255. */
bool addr_is_group(const struct addr *a);

/* Of a private network (RFC 1918, RFC 4193) or of one link (RFC 3927, RFC 4291 2.5.6).
 */
bool addr_is_private(const struct addr *a);

/*
 * The same host wherever it is seen: not private, of one host or link, or behind a
 * carrier's NAT (100.64.0.0/10, RFC 6598).
 */
bool addr_is_global(const struct addr *a);

/* 127.0.0.0/8 or ::1 (RFC 6890). */
bool addr_is_loopback(const struct addr *a);

/* 0.0.0.0 or ::, to which a socket for every address is bound (RFC 4291 2.5.2). */
bool addr_is_unspecified(const struct addr *a);

/* The host (IPv4) or the /64 (IPv6) that one person is assumed to hold. */
struct addr addr_source(const struct addr *a);

/* Writes at most ADDR_TEXT_MAX bytes with the NUL; returns the length without it. */
size_t addr_text(const struct addr *a, char *out);

/* False, and *out untouched, unless text is exactly one IPv4 or IPv6 address. */
bool addr_parse(const char *text, struct addr *out);

/* "10.0.0.0/8", "fe80::/10"; without "/n" the whole address. Host bits are cleared. */
bool prefix_parse(const char *text, struct prefix *out);
bool prefix_holds(const struct prefix *p, const struct addr *a);
/* That long, at most 128; host bits are cleared. */
struct prefix prefix_around(const struct addr *addr, uint8_t len);
/* By address, then by length: what lies in a prefix follows it. */
int prefix_compare(const struct prefix *a, const struct prefix *b);
