/*
 * sieve.h: which contacts are worth telling; private to the room.
 *
 * Two rules.  What says nothing new is left out: the same source, place and outcome
 * within a minute.  And what strangers can make endlessly many of is rationed, by
 * second: all sources that are known with one place only share one ration, each one
 * that was seen with a second has its own.  So a million forged sources with a packet
 * each can't hide one who looks around.  Nothing here grows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "flow/recent.h"

enum {
	SIEVE_SINGLE = 2048,  /* a second, of all sources with one place */
	SIEVE_SOURCE = 1024,  /* of each other one */
	SIEVE_SOURCES = 8192, /* of all those together */
	SIEVE_AGAIN_S = 60,   /* when the same is news again */
	SIEVE_SERVED_S = 900, /* the same of what clients do all the time */
};

struct sieve_bucket;

struct sieve {
	struct hash_key key;
	uint64_t odd[4]; /* keys of what is hashed beside the source */
	struct sieve_bucket *buckets;
	struct recent told;
	int64_t second;
	uint32_t single, several; /* told in this second */
	uint64_t left_out;        /* for lack of a ration */
};

struct sieve_contact {
	uint64_t source_hash;
	const struct addr *source, *target;
	uint16_t port;
	uint8_t proto;
	uint8_t outcome;
	bool is_served;       /* the client got what it wanted */
	uint16_t client_port; /* where each connection is news; else 0 */
	int64_t at_us;
};

/* False without memory. */
bool sieve_init(struct sieve *s, const struct hash_key *key);
void sieve_fini(struct sieve *s);
uint64_t sieve_memory(const struct sieve *s);

/* What finds a source; the other one has its place on its way from memory. */
uint64_t sieve_source_hash(const struct sieve *s, const struct addr *client);
void sieve_prefetch(const struct sieve *s, uint64_t source_hash);

/* The contact will be asked for soon. */
void sieve_expect(const struct sieve *s, const struct sieve_contact *contact);

/* True if it is to be told, and counted as such. */
bool sieve_take(struct sieve *s, const struct sieve_contact *contact);
