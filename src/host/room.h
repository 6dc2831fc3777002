/*
 * room.h: what clients and processes of this machine have left: ports towards one
 * destination, descriptors of who listens.  Private to the room.
 *
 * A connection to one address and port takes a port of ip_local_port_range for itself:
 * when all are taken, connect() fails, whatever else is idle.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "host/diag.h"
#include "host/host.h"
#include "host/spaces.h"

enum { DESTINATIONS_MAX = 4096 };

struct destination {
	uint64_t hash; /* of both addresses, port and namespace; 0: empty */
	uint32_t used;
};

struct room {
	struct hash_key key;
	struct destination *at; /* owned; DESTINATIONS_MAX; NULL: nothing is counted */
	struct host_room told;  /* the fullest since it was told last */
};

void room_open(struct room *room);
void room_close(struct room *room);

/* A pass over all sockets begins. */
void room_begin(struct room *room);
/* One that is no listener's connection. */
void room_see(struct room *room, const struct space *space,
	      const struct diag_socket *socket);

/* Open descriptors of a process and how many it may have; false if that is not known.
 */
bool room_files(const char *proc, uint32_t pid, uint64_t *files, uint64_t *most);
/* "Max open files            1024                 524288               files"; 0: it is
 * not in there. */
uint64_t room_parse_limit(const char *text);
