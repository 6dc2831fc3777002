/*
 * pseudonym.h: addresses under another name, by Crypto-PAn (Xu, Fan, Ammar, Moon:
 * "Prefix-Preserving IP Address Anonymization", ICNP 2002).  Private to the room.
 *
 * Two addresses that share their first n bits have pseudonyms that do, so a network
 * stays one to whoever looks for what belongs together.  Each bit is flipped or not by
 * what AES-128 makes of the bits before it: without the key nobody can tell, with it
 * everybody can, so that destroying the key is erasure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

enum { PSEUDONYM_KEY_LEN = 32 }; /* a key of AES-128, and what becomes the pad */

struct pseudonyms;

/* NULL without memory.  The key is copied. */
struct pseudonyms *pseudonyms_open(const uint8_t key[static PSEUDONYM_KEY_LEN]);
void pseudonyms_close(struct pseudonyms *pseudonyms);

/* Of IPv4 an IPv4 address; false if the cipher failed. */
bool pseudonym_of(struct pseudonyms *pseudonyms, const struct addr *addr,
		  struct addr *out);
