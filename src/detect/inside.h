/*
 * inside.h: what the detectors share.  Private to the room.
 */
#pragma once

#include "base/cardinality.h"
#include "base/home.h"
#include "base/kept_file.h"
#include "base/port_set.h"
#include "detect/detect.h"
#include "detect/findings.h"
#include "detect/login_attempts.h"
#include "detect/places.h"
#include "detect/sources.h"
#include "detect/users.h"
#include "detect/way.h"
#include "policy/blocklist.h"

enum {
	CROWDS_MAX = 64,
	ANSWERS_MAX = 1024,
	RESTLESS_MAX = 64,
	SHOWN_MAX = 1024,
	SHOWN_CERTIFICATES = 4,
	DETECTORS_MAX = 32,
	BLOCKLISTS_MAX = 16,
	FLOOD_TARGETS_MAX = 64,
	FLOOD_FORGED_MAX = 256,
};

/* Clients of one port, too many for a finding each. */
struct crowd {
	struct addr ip;
	uint32_t port;
	const char *transport; /* NULL: unused */
	int64_t last_us;
	struct cardinality clients;
	uint64_t added, hosts, estimate_at; /* connections; when to count hosts anew */
};

/* A program that opens port after port, such as FTP's data connections. */
struct restless {
	char exe[256]; /* "": unused */
	int64_t last_us;
	uint32_t ports;    /* open for a moment, until it rests for a day */
	struct place told; /* where the finding about all further ones is */
};

/* A port that answers though nobody listens. */
struct answer {
	struct addr ip;
	uint32_t port;
	const char *transport; /* NULL: unused */
	int64_t first_us, last_us;
	uint64_t seconds; /* in which it did */
};

/* Certificates that a service showed for a name. */
struct shown {
	struct addr ip;
	uint32_t port;
	uint32_t next;
	uint64_t name, certificate[SHOWN_CERTIFICATES]; /* hashes */
	int64_t last_us;                                /* 0: unused */
};

/* A host or network that is flooded, or gets packets with forged sources; flood.c. */
struct flood_target {
	struct prefix of;
	int64_t flooded_us, forged_us; /* last time; 0: never */
	char forged[FLOOD_FORGED_MAX];
};

struct detect {
	struct detect_sink sink;
	struct findings findings;
	struct places places;
	struct sources sources;
	struct kept_file sources_file, login_attempts_file;
	struct login_attempts login_attempts;
	struct detect_limits limits;
	struct home own, home, friends;
	uint32_t self;          /* our own process; UNKNOWN_U32: it does not listen */
	detect_ask_way ask_way; /* NULL: nobody knows; of asks_way */
	void *asks_way;
	struct port_set traps;
	const struct blocklist *blocklists[BLOCKLISTS_MAX]; /* borrowed */
	size_t blocklist_count;
	uint64_t of_friends;           /* contacts and logins that were not looked at */
	void *states[DETECTORS_MAX];   /* of detectors.c */
	struct scan_groups *groups;    /* of port_scan; NULL: not yet */
	const struct policy *policy;   /* borrowed; NULL: none */
	struct detect_witness witness; /* of the last second that has any ... */
	int64_t witness_us;            /* ... and its end */
	int64_t datagrams_us;          /* of the last with datagrams dropped */
	int64_t now_us, expiry_us;
	struct crowd crowds[CROWDS_MAX];
	struct answer answers[ANSWERS_MAX];
	struct restless restless[RESTLESS_MAX];
	struct shown shown[SHOWN_MAX];
	struct users_table users;
	struct flood_target flood_targets[FLOOD_TARGETS_MAX];
	struct buf reason; /* of the last judgement */
};

/* Starts a piece of evidence about a place. */
void detect_begin(struct finding_record *evidence, const char *kind,
		  const char *technique, const struct place *place, int64_t at_us);

/* Starts a piece of evidence about an attack; attempts is 1. */
void detect_attack(struct finding_record *evidence, const char *kind,
		   const char *technique, int64_t at_us);
/* Who did it: a host, or a /64. */
void detect_attacker(struct finding_record *evidence, const struct addr *client);

/* One of the machine's own addresses, or of the home networks. */
bool detect_is_ours(const struct detect *detect, const struct addr *addr);

/* blocklist.c: a list says that it is known for attacks. */
bool detect_is_listed(const struct detect *detect, const struct addr *peer);

/* Closes the finding about that place, if there is one. */
void detect_end_now(struct detect *detect, const struct place *place, const char *kind,
		    const char *technique);

/* The judge's sentence with a capital and a full stop, as a summary. */
void detect_summary(struct finding_record *evidence, struct buf *sentence);

/*
 * restless.c: the place whose finding tells of this new one, too, because the program
 * has had so many; NULL: it is told by itself.
 */
const struct place *detect_restless(struct detect *detect, const struct place *place);
/* A place has closed. */
void detect_note_rest(struct detect *detect, const struct place *place, int64_t at_us);

/* disagreement.c: a connection of a client; a second is over. */
void detect_users_flow(struct detect *detect, const struct flow_record *flow);
void detect_users_tick(struct detect *detect, int64_t now_us);

/* listener.c: raises or ends what the register says of all places. */
void detect_judge_places(struct detect *detect);
