/*
 * scan_group.h: sources that scan one host at the same time, as one scan.  Private to
 * the room.
 *
 * All but one of those that try the same ports are decoys (nmap -D): packets whose
 * source is forged.  The one that resets our SYN-ACKs received them, so it stands out
 * if no other does, and is named; hosts whose address was forged reset them as well, so
 * else nobody is.  Who completes a handshake is no decoy: he leaves the group, of which
 * nobody is accused then.
 * Those that try different ports share a scan out among them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"

enum {
	GROUPS_MAX = 32,
	GROUP_NAMED = 32,
	/* Whoever shares a scan out starts his machines at about the same time. */
	SHARED_S = 600,
};

/* What makes a finding this one. */
struct scan_key {
	const char *kind, *technique; /* kind NULL: there is none */
	struct addr client, server;
	uint16_t prefix;
};

struct scan_member {
	struct addr addr;
	uint32_t ports;
	bool resets, is_real;
};

struct scan_group {
	uint64_t turn; /* 0: unused; another when it is used anew */
	bool is_shared;
	bool has_real; /* one has left it: those who are here may be his decoys */
	struct addr server;
	uint64_t transport;
	int64_t first_us, last_us;
	uint32_t count; /* members, also those that are not named */
	uint32_t named;
	unsigned common_bits; /* that their addresses begin with */
	struct scan_member members[GROUP_NAMED];
	uint64_t ports[1024]; /* bits: those of all */
	struct scan_key key;  /* of its finding */
};

struct scan_groups {
	struct scan_group at[GROUPS_MAX];
	uint64_t turns;
};

/* The one used least recently makes room. */
struct scan_group *scan_groups_begin(struct scan_groups *groups);

/* Those who share a scan of that host out, at this time; NULL: nobody does. */
struct scan_group *scan_groups_shared(struct scan_groups *groups,
				      const struct addr *server, uint64_t transport,
				      int64_t now_us);

void scan_group_join(struct scan_group *group, const struct addr *client);
void scan_group_note(struct scan_group *group, const struct addr *client,
		     uint32_t ports, bool resets);

/* It leaves. */
void scan_group_note_real(struct scan_group *group, const struct addr *client);

/* The only one that can be no decoy; NULL: nobody knows. */
const struct addr *scan_group_suspect(const struct scan_group *group);

/* The one whose attempts are told: that one, or the first. */
const struct addr *scan_group_speaker(const struct scan_group *group);

/* The smallest network that has them all; false if it would say nothing. */
struct scan_network {
	struct addr addr;
	uint16_t len;
};
bool scan_group_network(const struct scan_group *group, struct scan_network *network);

/* "The same ports at the same time, from ...". */
void scan_group_evidence(const struct scan_group *group, struct buf *out);
