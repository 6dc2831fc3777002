/*
 * snmp_trap.h: incidents as SNMP notifications (RFC 3416 4.2.6, 4.2.7), as
 * packaging/BREAKWATER-MIB.txt has them; net-snmp's library sends them.
 */
#pragma once

#include "alert/notifier.h"

enum {
	SNMP_KEY_LEAST = 8, /* RFC 3414 11.2 */
	SNMP_ENGINE_LEAST = 5,
	SNMP_ENGINE_MOST = 32, /* RFC 3411 5, SnmpEngineID */
};

struct snmp_engine {
	unsigned char at[SNMP_ENGINE_MOST];
	size_t len;
};

/* The engine of a machine of that name: RFC 3411 5, a text that somebody assigned. */
struct snmp_engine snmp_engine_of(const char *host);
/* Of hexadecimal digits, perhaps after "0x"; false: it can't be one. */
bool snmp_engine_parse(const char *text, struct snmp_engine *out);

/* What a session needs to know; all borrowed. */
struct snmp_way {
	const char *peer; /* "udp:192.0.2.1:162" */
	bool is_v3, is_inform;
	const char *community;         /* of 2c */
	const char *user;              /* of 3, and all that follows */
	const char *hash;              /* "sha", "sha256", "sha512" */
	const char *key, *private_key; /* "": no encryption */
	struct snmp_engine engine;     /* of traps, whose sender vouches */
};

bool snmp_hash_is_known(const char *hash);

/* All its incidents, one after the other.  False, and error says why. */
bool snmp_send_notice(const struct snmp_way *way, const struct notice *notice,
		      struct buf *error);
