/*
 * seal.h: the key that signs the audit chain, Ed25519 (RFC 8032).
 *
 *   FOLDER/audit.key   private, PEM, made at the first checkpoint, of mode 0600
 *   FOLDER/audit.pub   public, PEM: what whoever verifies keeps elsewhere
 *
 * Who can read the private key can sign another chain: only checkpoints that were sent
 * elsewhere in time speak against that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

enum { SEAL_PUBLIC_LEN = 32, SEAL_FILE_MAX = 65536 };

/* A public key, and its name. */
struct seal_key {
	uint8_t at[SEAL_PUBLIC_LEN];
	field_text64 id;
};

struct seal;

/*
 * The private key of that folder, made if there is none.  NULL and one line in why: a
 * file that is there and no such key is left as it is.
 */
struct seal *seal_open(const char *folder, struct buf *why);
void seal_close(struct seal *seal);
const struct seal_key *seal_key_of(const struct seal *seal);

/* Fills key and signature. */
bool seal_sign(const struct seal *seal, struct checkpoint_record *checkpoint);

/* Whether that key signed it, and nothing in it was changed since. */
bool seal_holds(const struct seal_key *key, const struct checkpoint_record *checkpoint);

/* The key that it says it is signed by; false: it has none, or one of another name. */
bool seal_key_in(const struct checkpoint_record *checkpoint, struct seal_key *out);

/* A key from its bytes. */
void seal_key_from(const uint8_t at[static SEAL_PUBLIC_LEN], struct seal_key *key);

/*
 * Reads public keys, PEM, one behind another.  How many, or -errno; -EINVAL: something
 * else is in the file.
 */
int seal_read_keys(const char *path, struct seal_key *keys, size_t most);
/* The same of a text. */
int seal_parse_keys(const struct buf *text, struct seal_key *keys, size_t most);

/* The same of any text: 128 hexadecimal digits. */
enum { SEAL_SIGNATURE_MAX = 129 };
bool seal_sign_text(const struct seal *seal, const struct buf *text,
		    char out[static SEAL_SIGNATURE_MAX]);
bool seal_holds_text(const struct seal_key *key, const struct buf *text,
		     const char *signature);
