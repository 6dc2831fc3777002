/*
 * port_scan.h: a scan of ports while it lasts, as the files of that detector share it.
 * Private to the room.
 */
#pragma once

#include "base/cardinality.h"
#include "base/port_set.h"
#include "base/roster.h"
#include "detect/inside.h"
#include "detect/scan_group.h"

enum told { TOLD_NOTHING, TOLD_NOTICE, TOLD_SCAN };

struct port_scan {
	struct roster_entry head;
	int64_t first_us, last_us;
	uint64_t pairs;      /* (host, port) */
	uint64_t unsaid;     /* of them, not yet in the finding */
	uint64_t failed;     /* refused or silent */
	uint64_t unused;     /* answered and not used */
	uint64_t stray;      /* segments of no connection */
	uint64_t usual_syns; /* as operating systems make them */
	uint64_t techniques[ATTEMPT_TECHNIQUES];
	uint64_t ports[PORT_WORDS];
	uint32_t port_count;
	uint64_t
		tried; /* ports as they were counted of who is fast; 0: they were not */
	struct cardinality hosts;
	uint64_t host_count, estimate_at; /* when to estimate anew */
	struct addr client, server;       /* the host it is about, ... */
	bool is_wide;                     /* ... or it is about many */
	bool was_client; /* the source had connected to something before it */
	uint32_t unused_handshakes; /* ports that the source left without a word */
	bool resets, is_fragmented, is_dirty;
	bool was_proven, was_grave; /* when it was last told */
	uint8_t ttl;
	enum told told;
	const char *tool;         /* NULL: its packets do not show it */
	struct scan_group *group; /* NULL: it is alone */
	uint64_t group_turn;
	struct scan_key key; /* of its finding */
};

struct port_scans {
	struct roster scans;
	struct scan_groups groups;
};

static inline struct port_scan *port_scan_at(const struct port_scans *all,
					     uint32_t number)
{
	return (struct port_scan *)(void *)(all->scans.at +
					    number * all->scans.entry_size);
}

/* Its source completed handshakes that are the scan's. */
bool port_scan_has_proof(const struct port_scan *scan);
/* True if it is certain that its source did it, and it is told by itself. */
bool port_scan_is_proven(const struct port_scan *scan);

/* port_scan_told.c: by whole connections, as far as its packets show. */
bool port_scan_is_connect(const struct port_scan *scan);
/* It has tried many ports. */
bool port_scan_is_large(const struct port_scan *scan);
/* It is large and proven. */
bool port_scan_is_grave(const struct port_scan *scan);
/* How long it lasts without another attempt. */
int64_t port_scan_hold_us(const struct port_scan *scan);
/* The finding that it has already, if that is still open. */
struct finding *port_scan_finding(struct detect *detect, const struct port_scan *scan,
				  const struct scan_key *key);
/* Says what is new of it. */
void port_scan_tell(struct detect *detect, struct port_scan *scan);
/* What was said of it is taken back: its source watches these ports. */
void port_scan_withdraw(struct detect *detect, struct port_scan *scan);

/* port_scan_company.c: about to be told for the first time: is it a scan of its own? */
void port_scan_find_company(struct detect *detect, struct port_scans *all,
			    struct port_scan *scan);
/* It leaves its group, if it can be nobody's decoy: told by itself from now on. */
void port_scan_leave_company(struct port_scan *scan);
/* What its group knows of it. */
void port_scan_note_group(struct port_scan *scan, const struct attempt *attempt);
