/*
 * known.h: what is known of a source: where it is, who is served there, and who was
 * asked there.  Private to the room.
 */
#pragma once

#include "base/roster.h"

enum {
	KNOWN_SESSIONS = 8,
	KNOWN_USERS = 4,
	KNOWN_PORTS = 4, /* http and https, and two of mail */
	SERVED_PORTS = 6,
};

struct session {
	int64_t start_us, end_us;
	uint32_t tag; /* both ports: a long one is told of again and again */
};

/* Who has proven where it is, or was blocked. */
struct known {
	struct roster_entry head;
	int64_t handshake_us, here_since_us; /* the last, and since when they come */
	int64_t proof_us; /* the last that goes on with an attack (proof.c) */
	int64_t ports_since_us;
	uint16_t ports[KNOWN_PORTS]; /* it connected to */
	uint8_t port_count;
	struct session sessions[KNOWN_SESSIONS];
	int64_t shared_since_us, shared_us; /* several served at a time: first, last */
	uint64_t users[KNOWN_USERS];
	int64_t users_us[KNOWN_USERS];
	int64_t blocked_us, forgiven_us;
	char forgiven[32];   /* the finding that it was unblocked of */
	uint32_t strikes[2]; /* those observed are no real ones */
};

struct served {
	struct roster_entry head;
	int64_t first_us, last_us;
	uint16_t ports[SERVED_PORTS];
	uint8_t port_count;
	bool has_more_ports;
};

/* Connected to by this machine itself. */
struct asked {
	struct roster_entry head;
	int64_t last_us;
};
