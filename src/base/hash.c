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
	static const struct hash_key same = { 0, 0 };
	const char *bytes = at;
	uint64_t words[2] = { len, 0 };
	for (size_t i = 0; i < len; i += sizeof(words[1])) {
		size_t rest = len - i;
		words[1] = 0;
		memcpy(&words[1], bytes + i, rest < sizeof(words[1]) ? rest : 8);
		words[0] = hash_words(&same, words, 2);
	}
	return words[0];
}
