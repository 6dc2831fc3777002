/*
 * connections.c: a table of connections; see connections.h.
 */
#include "host/connections.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { WAYS = 4, SETS = CONNECTIONS_MAX / WAYS };

struct slot {
	uint64_t put; /* counts up; 0: empty */
	struct host_connection connection;
};

struct connections {
	struct hash_key key;
	uint64_t puts;
	struct slot slots[SETS][WAYS];
};

struct connections *connections_new(void)
{
	struct connections *connections = calloc(1, sizeof(*connections));
	if (connections != NULL)
		connections->key = hash_key_random();
	return connections;
}

void connections_free(struct connections *connections)
{
	free(connections);
}

/* Remote hosts choose half of it: the hash is keyed. */
static size_t set_of(const struct connections *connections,
		     const struct host_connection *c)
{
	uint64_t words[5];
	memcpy(words, &c->local, 16);
	memcpy(words + 2, &c->remote, 16);
	words[4] = (uint64_t)c->local_port << 32 | (uint64_t)c->remote_port << 16 |
		   c->proto;
	return hash_words(&connections->key, words, 5) % SETS;
}

static bool is_same(const struct host_connection *a, const struct host_connection *b)
{
	return a->local_port == b->local_port && a->remote_port == b->remote_port &&
	       a->proto == b->proto && addr_equal(&a->local, &b->local) &&
	       addr_equal(&a->remote, &b->remote);
}

void connections_put(struct connections *connections,
		     const struct host_connection *connection)
{
	struct slot *set = connections->slots[set_of(connections, connection)];
	struct slot *place = &set[0];
	for (int i = 0; i < WAYS; i++) {
		if (set[i].put != 0 && is_same(&set[i].connection, connection)) {
			place = &set[i];
			break;
		}
		if (set[i].put < place->put)
			place = &set[i];
	}
	place->put = ++connections->puts;
	place->connection = *connection;
}

const struct host_connection *connections_find(const struct connections *connections,
					       const struct host_connection *wanted)
{
	const struct slot *set = connections->slots[set_of(connections, wanted)];
	for (int i = 0; i < WAYS; i++)
		if (set[i].put != 0 && is_same(&set[i].connection, wanted))
			return &set[i].connection;
	return NULL;
}
