/*
 * password.h: passwords as yescrypt hashes, crypt(5).
 *
 * Slow by design, some tens of milliseconds and 16 MiB: never in the loop (hashing.h).
 */
#pragma once

#include <stdbool.h>

/* PASSWORD_MIN as NIST SP 800-63B-4 3.1.1.2 has it for one factor alone. */
enum { PASSWORD_MIN = 15, PASSWORD_MAX = 512, PASSWORD_HASH_MAX = 128 };

/* NULL, or why it is none: too short, too long. */
const char *password_refusal(const char *password);

/* False if there is no memory, or nothing random. */
bool password_hash(const char *password, char out[static PASSWORD_HASH_MAX]);

/*
 * hash "": nobody's, which no password matches; it takes as long as any other, so that
 * the time does not tell which users there are.
 */
bool password_matches(const char *password, const char *hash);

/* Whether it is a hash of the kind we make. */
bool password_is_hash(const char *text);
