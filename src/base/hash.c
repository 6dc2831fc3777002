/*
 * hash.c: SipHash-1-3 over whole words; see hash.h.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

struct hash_key hash_key_random(void)
{
	struct hash_key key;
	ssize_t got;
	do
		got = getrandom(&key, sizeof(key), 0);
	while (got < 0 && errno == EINTR);
	/* A guessable key would let strangers choose our collisions. */
	if (got != (ssize_t)sizeof(key))
		abort();
	return key;
}
