/*
 * sources.h: what is known of everybody who has tried to reach something.  Private to
 * the room.
 *
 * A source is an IPv4 address or an IPv6 /64.  Of each is remembered which (server,
 * port) it tried and what came of it, how surely it scans (the sequential test of
 * Jung et al., "Fast portscan detection using sequential hypothesis testing", 2004),
 * and the TTL of its handshakes.  Its /24 or /48 is remembered in the same way, so that
 * what is evicted, or shared out among neighbours, is not lost.
 *
 * Strangers fill the table: a place is found by a keyed hash, and the least telling of
 * the eight that may have it goes.  See sources_file.h for what outlives a restart.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "detect/hints.h"
#include "record/record.h"

struct detect;

enum {
	SOURCES_FAMILY = 65536, /* of a family */
	SOURCES_WAYS = 8,
	PREFIXES_MAX = 4096,
	SOURCES_ALL = 2 * SOURCES_FAMILY + PREFIXES_MAX,
	SOURCE_FEW = 3,       /* attempts that are kept with each */
	SOURCE_ATTEMPTS = 64, /* at most, with a block */
	BLOCKS_MAX = 3072,
	SOURCE_TTLS = 3,
	OPEN_PORTS_MAX = 32768,
	CLIENTS_MAX = 16384,
};

enum attempt_kind {
	ATTEMPT_FAILED,    /* refused or silent, and not known to be open */
	ATTEMPT_HALF_OPEN, /* the port answered, and was not used */
	ATTEMPT_STRAY,     /* a segment of no connection */
	ATTEMPT_DONE,      /* a handshake, or an answer */
};

enum attempt_technique {
	ATTEMPT_SYN,
	ATTEMPT_FIN,
	ATTEMPT_NULL,
	ATTEMPT_XMAS,
	ATTEMPT_ACK,
	ATTEMPT_OTHER,
	ATTEMPT_DATAGRAM,
	ATTEMPT_TECHNIQUES
};

enum attempt_transport { ATTEMPT_TCP, ATTEMPT_UDP, ATTEMPT_ICMP, ATTEMPT_SCTP };

/* The last state of one (server, port) as one source saw it. */
struct attempt {
	uint32_t server;          /* sources_server() */
	uint32_t first_s, last_s; /* Unix time */
	uint16_t port;
	uint8_t ttl;   /* 0: unknown */
	uint8_t again; /* how often it came back for it, at most 255 */
	uint8_t kind : 2, transport : 2;
	uint8_t is_silent : 1; /* failed without any answer */
	uint8_t is_dark : 1;   /* ... at home, where no host was ever seen */
	uint8_t is_back : 1;   /* to a host that had just been a client of the source */
	uint8_t is_fragment : 1; /* came in fragments */
	uint8_t is_usual : 1;    /* a SYN as operating systems make them */
	uint8_t technique : 4;   /* enum attempt_technique */
	uint8_t resets : 1;    /* who sent the SYN reset our SYN-ACK: he received it */
	uint8_t is_unused : 1; /* a connection in which nothing was said */
};

struct source {
	struct addr addr; /* addr_source(), or the prefix with zeros behind it */
	int64_t first_us, last_us;
	int64_t handshake_us; /* the last one; 0: none */
	int64_t client_us;    /* the first one */
	int64_t grid_us;      /* a scan over hosts and ports went on; 0: never */
	int64_t scan_us;      /* any scan of ports of its own went on; 0: never */
	float score;          /* logarithm of the likelihood that it scans */
	uint32_t failures;    /* distinct ones, ever */
	uint16_t block;       /* from 1; 0: none */
	uint8_t count;        /* attempts */
	uint8_t next_ttl, ttls[SOURCE_TTLS];
	struct attempt few[SOURCE_FEW];
};

/* Of the addresses of one prefix, by their last byte or a hash of what varies. */
struct neighbours {
	uint64_t failing[4]; /* with two failures or more */
};

struct attempt_block {
	uint32_t owner; /* of sources.at */
	bool is_used;
	struct attempt at[SOURCE_ATTEMPTS];
};

/* What the contact that is being looked at says that was not known. */
struct contact_news {
	struct source *source, *prefix; /* NULL: it was not looked at */
	const struct attempt *attempt;  /* NULL: it is no evidence */
	struct attempt kept; /* that one: its block may be another's by now */
	bool is_new;         /* the first attempt of that place in a day */
	bool is_back;        /* to a host that had just been a client of the source */
};

struct sources {
	struct hash_key key;
	bool is_live;
	struct source *at; /* SOURCES_ALL: IPv4, IPv6, prefixes */
	struct neighbours *neighbours;
	struct attempt_block *blocks;
	struct hints open_ports; /* (server, port) that answered */
	struct hints clients;    /* (client, server) that had to do with each other */
	uint32_t blocks_used;
	uint64_t turns; /* for choices that nobody can foresee */
	uint64_t evicted;
	struct contact_news news;
};

/* False without memory.  Live, keys are random. */
bool sources_open(struct sources *sources, bool is_live);
void sources_close(struct sources *sources);

/* Fills detect->sources.news. */
void sources_contact(struct detect *detect, const struct contact_record *contact);

/*
 * A connection is over in which the client said nothing: its port answered and was not
 * used.  NULL if that was not its first contact within the last minutes.
 */
struct unused_connection {
	const struct addr *client, *server;
	uint16_t port;
	int64_t end_us;
};
const struct attempt *sources_unused(struct sources *sources,
				     const struct unused_connection *unused);

/* A port that serves is open. */
void sources_port(struct sources *sources, const struct port_record *port);

/* NULL: nothing is known of it.  By any address of it. */
struct source *sources_find(struct sources *sources, const struct addr *addr);

/* As attempts have a server. */
uint32_t sources_server(const struct sources *sources, const struct addr *server);

/* What it tried, in no order. */
const struct attempt *sources_attempts(const struct sources *sources,
				       const struct source *source, size_t *count);

/* True if the port answered a first contact or served within a day. */
bool sources_is_open(const struct sources *sources, enum attempt_transport transport,
		     const struct addr *server, uint32_t port, int64_t now_us);

/* True if that port is open on any host. */
bool sources_is_served(const struct sources *sources, enum attempt_transport transport,
		       uint32_t port, int64_t now_us);

/* True if a sign of life of that host was seen within a day. */
bool sources_is_living(const struct sources *sources, const struct addr *host,
		       int64_t now_us);

/* Median TTL of its last handshakes; 0: unknown. */
uint8_t sources_ttl(const struct source *source);

/* True if the sequential test says that it scans (of a hundred, one is accused
 * wrongly).
 */
bool sources_scans(const struct source *source);

/* True if it was first seen within an hour: for crowds of strangers. */
bool sources_is_newcomer(const struct source *source, int64_t now_us);

/*
 * The threshold, lowered by up to a fifth by who it is about: who tries out where it
 * lies learns little.  In a replay it is as it is.
 */
uint32_t sources_jitter(const struct sources *sources, const struct addr *source,
			uint32_t threshold);

/* How many addresses of the prefix have two failures or more. */
unsigned sources_neighbours(const struct sources *sources, const struct source *prefix);

/* Takes up one that was known before; for sources_file.c. */
void sources_restore(struct sources *sources, const struct source *source,
		     const struct attempt *attempts);
