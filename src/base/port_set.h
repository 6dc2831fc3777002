/*
 * port_set.h: ports of TCP and UDP, as people write them: "23", "53/udp", "5900-5910".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_range {
	uint16_t first, last; /* 1 to 65535 */
	bool is_udp;
};

#define PORT_RANGE_ALLOWED "23, 23/tcp, 53/udp or 5900-5910"

/* False, and *out untouched, unless text is exactly one; without /udp it is of TCP. */
bool port_range_parse(const char *text, struct port_range *out);

enum { PORT_WORDS = 1024 };

/* All zero is empty. */
struct port_set {
	uint64_t tcp[PORT_WORDS], udp[PORT_WORDS];
};

/* Ports as bits of so many words; true if it is new. */
static inline bool port_bits_add(uint64_t words[PORT_WORDS], uint16_t port)
{
	uint64_t *word = &words[port / 64], bit = 1ULL << port % 64;
	bool is_new = (*word & bit) == 0;
	*word |= bit;
	return is_new;
}

void port_set_add(struct port_set *set, const struct port_range *range);

static inline bool port_set_holds(const struct port_set *set, bool is_udp,
				  uint16_t port)
{
	const uint64_t *words = is_udp ? set->udp : set->tcp;
	return (words[port / 64] >> port % 64 & 1) != 0;
}

/* "23,5900-5910,U:161"; those that don't fit are left out. */
void port_set_text(const struct port_set *set, char *out, size_t size);

uint32_t port_set_count(const struct port_set *set);
