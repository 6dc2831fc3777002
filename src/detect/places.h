/*
 * places.h: where this machine listens or has listened, and with which program.
 * Private to the room.
 *
 * A place (transport, address, port, namespace) outlives its listeners, so that a
 * restart is told from a replacement.  Full, the one closed for longest is forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/order.h"
#include "record/record.h"

enum { PLACES_MAX = 16384, PLACES_BUCKETS = 16384 };

struct place {
	struct addr ip;
	uint64_t netns;
	const char *transport, *reach;
	uint32_t port, pid;
	uint32_t open; /* sockets */
	bool is_hidden;
	bool is_shared;    /* UDP: by another program, until all have closed */
	int64_t opened_us; /* seen so, the first of those open */
	int64_t closed_us; /* UNKNOWN_TIME: never */
	char process[32], user[32], package[64], unit[64], exe[256];
	char former_user[32]; /* before that: who starts as root and becomes another */
	uint32_t next_of_key;
};

struct places {
	struct hash_key key;
	struct place *at;
	struct order_link *links;
	struct order closed;
	uint32_t count, size;
	uint32_t of_key[PLACES_BUCKETS];
	uint32_t foreign; /* open ones of other namespaces */
	uint64_t forgotten, refused;
};

void places_init(struct places *places);
void places_clear(struct places *places);

struct place *places_find(struct places *places, const char *transport,
			  const struct addr *ip, uint32_t port, uint64_t netns);

/* The place of a listener that has none yet; NULL if all are open, or no memory. */
struct place *places_add(struct places *places, const struct listener_record *l);

/*
 * The closed place of the same program in a network namespace that is no more: a
 * container that was restarted has another.  It becomes the listener's; NULL: none.
 */
struct place *places_move(struct places *places, const struct listener_record *l);

void places_open(struct places *places, struct place *place);
/* True if no socket is left. */
bool places_close(struct places *places, struct place *place, int64_t at_us);

/* What listens, or has listened, for that address and port in our namespace. */
struct place *places_serving(struct places *places, const char *transport,
			     const struct addr *ip, uint32_t port);

/* The open place bound to every address of the other family, of the same program. */
struct place *places_twin(struct places *places, const struct place *place);

/* The program as far as it is known; what is not leaves what was. */
void place_learn(struct place *place, const struct listener_record *l);

/* As a record, for the register's judge. */
void place_listener(const struct place *place, struct listener_record *l);
