/*
 * attempts.c: see attempts.h.
 *
 * Of each key one number is kept: the time at which all its tries have come back (the
 * "generic cell rate algorithm", ITU-T I.371).  A key has four places; when others hold
 * them, the one that is whole again the soonest goes.
 */
#include "web/attempts.h"

#include <string.h>

enum { WAYS = 4, V6_PREFIX_BYTES = 8 };

void attempts_init(struct attempts *attempts)
{
	memset(attempts, 0, sizeof(*attempts));
	attempts->key = hash_key_random();
}

static uint64_t hash_of_address(const struct attempts *attempts,
				const struct addr *client)
{
	uint64_t words[2];
	struct addr prefix = *client;
	if (!addr_is_v4(client))
		memset(prefix.ip6 + V6_PREFIX_BYTES, 0,
		       sizeof(prefix.ip6) - V6_PREFIX_BYTES);
	memcpy(words, &prefix, sizeof(words));
	return hash_words(&attempts->key, words, 2) | 1;
}

static uint64_t hash_of_name(const struct attempts *attempts, const char *name)
{
	enum { NAME_WORDS = 8 };
	uint64_t words[NAME_WORDS] = { 0 };
	size_t len = strlen(name);
	memcpy(words, name, len < sizeof(words) ? len : sizeof(words));
	return hash_words(&attempts->key, words, NAME_WORDS) | 1;
}

static struct attempt *place_of(struct attempts *attempts, uint64_t hash)
{
	struct attempt *set = &attempts->at[(hash >> 1) % (ATTEMPTS_MAX / WAYS) * WAYS],
		       *soonest = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].full_ms < soonest->full_ms)
			soonest = &set[i];
	}
	*soonest = (struct attempt){ .hash = hash };
	return soonest;
}

/* 0: it has a try; else in how many milliseconds it has one. */
static int64_t wait_ms(const struct attempt *attempt, int tries, int64_t now_ms)
{
	int64_t full = attempt->full_ms > now_ms ? attempt->full_ms : now_ms;
	int64_t missing = full - now_ms + ATTEMPT_BACK_MS;
	int64_t most = (int64_t)tries * ATTEMPT_BACK_MS;
	return missing > most ? missing - most : 0;
}

static void take(struct attempt *attempt, int64_t now_ms)
{
	int64_t full = attempt->full_ms > now_ms ? attempt->full_ms : now_ms;
	attempt->full_ms = full + ATTEMPT_BACK_MS;
}

bool attempts_take(struct attempts *attempts, const struct addr *client,
		   const char *name, int64_t now_ms, unsigned *wait_s)
{
	struct attempt *address = place_of(attempts, hash_of_address(attempts, client));
	int64_t wait = wait_ms(address, ATTEMPTS_ADDRESS, now_ms);
	/* Who may not try uses up nobody's tries. */
	if (wait == 0) {
		take(address, now_ms);
		struct attempt *named =
			place_of(attempts, hash_of_name(attempts, name));
		wait = wait_ms(named, ATTEMPTS_NAME, now_ms);
		if (wait == 0)
			take(named, now_ms);
	}
	*wait_s = (unsigned)((wait + 999) / 1000);
	return wait == 0;
}

/* One try each: whoever has a password must not win back what he lost by guessing
 * others'. */
void attempts_forgive(struct attempts *attempts, const struct addr *client,
		      const char *name)
{
	place_of(attempts, hash_of_address(attempts, client))->full_ms -=
		ATTEMPT_BACK_MS;
	place_of(attempts, hash_of_name(attempts, name))->full_ms -= ATTEMPT_BACK_MS;
}
