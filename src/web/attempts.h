/*
 * attempts.h: how often somebody may try to sign in.
 *
 * Each address (IPv6: its /64) and each name has tries, which come back with time.  Who
 * has none left is not even looked at: the answer is the same whether the password is
 * right or not.  Names are counted whether there is such a user or not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

enum {
	ATTEMPTS_MAX = 4096,    /* addresses and names that are remembered */
	ATTEMPTS_ADDRESS = 10,  /* tries of an address ... */
	ATTEMPTS_NAME = 20,     /* ... and of a name, from everywhere */
	ATTEMPT_BACK_MS = 30000 /* one comes back */
};

struct attempts {
	struct hash_key key;
	struct attempt {
		uint64_t hash;   /* 0: nobody's place */
		int64_t full_ms; /* when all tries will have come back */
	} at[ATTEMPTS_MAX];
};

void attempts_init(struct attempts *attempts);

/* Takes a try of both.  False, and how long to wait: one of them has none. */
bool attempts_take(struct attempts *attempts, const struct addr *client,
		   const char *name, int64_t now_ms, unsigned *wait_s);

/* It was right: both get that try back. */
void attempts_forgive(struct attempts *attempts, const struct addr *client,
		      const char *name);
