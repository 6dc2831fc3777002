/*
 * sieve.h: which contacts are worth telling; private to the room.
 *
 * Two rules.  What says nothing new is left out: the same source, place and outcome
 * within a minute.  And what strangers can make endlessly many of is rationed, by
 * second: all sources that are known with one place only share one ration, those that
 * were seen with a second one another, and those that go on doing so in other seconds a
 * third.  Of each ration half is for sources that had little of it in that second.  So
 * a million forged sources with a packet or two each can't hide one who looks around,
 * nor can some that send a lot.  Nothing here grows.
 *
 * Of a few sources that try more ports than can be told the distinct ones are counted,
 * and each so many more are told by a contact, whatever is left of rations.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/port_set.h"
#include "flow/recent.h"

enum {
	SIEVE_SINGLE = 2048,     /* a second, of all sources with one place */
	SIEVE_SEVERAL = 4096,    /* of all with more */
	SIEVE_RETURNING = 4096,  /* of all that come back with more */
	SIEVE_SOURCE = 1024,     /* of each */
	SIEVE_LITTLE = 4,        /* of it is for everybody who comes */
	SIEVE_AGAIN_S = 60,      /* when the same is news again */
	SIEVE_SERVED_S = 900,    /* the same of what clients do all the time */
	SIEVE_COUNTED = 8,       /* sources whose ports are counted */
	SIEVE_COUNT_FROM = 64,   /* ... once so many contacts were told in a second */
	SIEVE_COUNT_STEP = 64,   /* ports more that are told of */
	SIEVE_COUNT_S = 900,     /* without one it is another scan */
	SIEVE_COUNT_HOLD_S = 10, /* and only then another source may take its place */
};

enum sieve_class {
	SIEVE_IS_SINGLE,
	SIEVE_IS_SEVERAL,
	SIEVE_IS_RETURNING,
	SIEVE_CLASSES
};

/* A source: what it was seen with first, and when it was told of last. */
struct sieve_source {
	uint32_t tag, place;
	uint32_t second;     /* 0: unused */
	uint16_t told;       /* in that second */
	uint8_t several : 1; /* it was seen with another place */
	uint8_t returns : 1; /* in another second than that of the first */
	uint8_t counted;     /* its place in sieve.counted, from 1; 0: none */
};

/* Distinct ports that one source tries by one transport. */
struct sieve_count {
	uint64_t source_hash;
	uint8_t proto;
	uint32_t second; /* the last one; 0: unused */
	uint32_t count, tell_at;
	uint64_t ports[PORT_WORDS];
};

struct sieve_bucket;

struct sieve {
	struct hash_key key;
	uint64_t odd[4]; /* keys of what is hashed beside the source */
	struct sieve_bucket *buckets;
	struct sieve_source passing; /* one that has no place there */
	uint64_t turns;
	struct recent told;
	struct sieve_count *counted; /* SIEVE_COUNTED */
	uint32_t ports; /* distinct ones of who was asked about last; 0: not counted */
	int64_t second;
	uint32_t told_of[SIEVE_CLASSES]; /* in this second */
	uint64_t left_out;               /* for lack of a ration */
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
