/*
 * tiny.h: TCP headers that come in pieces, bounded; private to the decoder.
 *
 * Fragments so small that no one of them shows ports and flags hide a scan from filters
 * (nmap -f; RFC 1858).  The hosts put them together, so we do, as far as the flags and
 * no further.  The first copy of a byte wins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/fragment.h"

enum { TINY_HEAD = 16 }; /* ports, numbers, flags, window */

struct tiny_headers;

/* NULL without memory. */
struct tiny_headers *tiny_new(void);
void tiny_free(struct tiny_headers *all);

/*
 * One piece, `at` is its data. True if it was the last one that lacked: head is filled,
 * and the datagram forgotten.
 */
bool tiny_add(struct tiny_headers *all, const struct fragment *f, const uint8_t *at,
	      size_t len, uint8_t head[static TINY_HEAD]);
