/*
 * sign.h: Ed25519 keys as NATS writes them (NKeys: base32 with a letter for what a key
 * is of, and a CRC-16), and what is signed with them.
 *
 * A sensor makes its own key and never gives it away; the fleet's key signs who may be
 * what (JWT, join.h) and what sensors are to do (steer.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	NKEY_TEXT_MAX = 64, /* 56 or 58 characters, ended */
	SIGNATURE_LEN = 64,
};
enum nkey_kind { NKEY_OPERATOR, NKEY_ACCOUNT, NKEY_USER, NKEY_SERVER };

struct nkey {
	enum nkey_kind kind;
	bool has_seed;
	uint8_t seed[32], public_key[32];
};

/* A new one; false without randomness. */
bool nkey_make(enum nkey_kind kind, struct nkey *out);
/* "SU..." or "U..."; false: it is neither, or has an error in it. */
bool nkey_parse(const char *text, struct nkey *out);
void nkey_public_text(const struct nkey *key, char out[static NKEY_TEXT_MAX]);
/* "" without a seed. */
void nkey_seed_text(const struct nkey *key, char out[static NKEY_TEXT_MAX]);
/* Overwrites the seed. */
void nkey_forget(struct nkey *key);

/* False without a seed. */
bool nkey_sign(const struct nkey *key, const void *bytes, size_t len,
	       uint8_t out[static SIGNATURE_LEN]);
bool nkey_verify(const struct nkey *key, const void *bytes, size_t len,
		 const uint8_t signature[static SIGNATURE_LEN]);
