/*
 * address_text.h: addresses that stand in a text, such as a sentence about a source.
 * Private to the room.
 */
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "base/buf.h"

/* True: *to stands for it from now on. */
typedef bool (*address_swap)(void *self, const struct addr *addr, struct addr *to);

/*
 * Appends the text with other addresses in place of some.  An address is a whole word,
 * with a port ("192.0.2.1:443") or a length ("192.0.2.0/24") behind it or without.
 * True if any was swapped.
 */
bool address_text(const char *text, address_swap swap, void *self, struct buf *out);

/* Whether it stands there. */
bool address_text_has(const char *text, const struct addr *addr);
