/*
 * hash.c: SipHash-1-3 over whole words; see hash.h.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

uint64_t hash_sum(const void *at, size_t len)
{
	struct sip s = { .v0 = len, .v1 = 1, .v2 = 2, .v3 = 3 };
	const char *bytes = at;
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t rest = len - i;
		memcpy(&word, bytes + i, rest < sizeof(word) ? rest : sizeof(word));
		sip_word(&s, word);
	}
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
