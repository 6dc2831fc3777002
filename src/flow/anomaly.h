/*
 * anomaly.h: packets that no honest stack sends; private to the room.
 *
 * Each is told once a second and source at most, with how many there were, and of each
 * kind so many a second: a flood of them, though every source be another, must not
 * become a flood of records.
 */
#pragma once

#include <stdint.h>

#include "flow/packet.h"

enum anomaly {
	ANOMALY_FLAGS,     /* TCP flags that exclude each other, or none at all */
	ANOMALY_SYN_DATA,  /* data in a SYN without TCP Fast Open */
	ANOMALY_OVERLAP,   /* a segment sent again with other data */
	ANOMALY_TINY,      /* a first fragment without the whole transport header */
	ANOMALY_FRAGMENTS, /* fragments that overlap */
	ANOMALIES
};

enum { ANOMALY_SLOTS = 256, ANOMALIES_PER_SECOND = 100 /* of each kind */ };

struct anomaly_slot {
	struct addr source, target;
	uint16_t port;
	uint8_t anomaly, proto;
	int64_t told_us; /* 0: unused */
	uint64_t count;  /* since then */
};

struct anomalies {
	struct anomaly_slot slot[ANOMALY_SLOTS];
	int64_t second;
	uint32_t told[ANOMALIES]; /* in it */
};

struct flows;
void anomaly_note(struct flows *f, enum anomaly anomaly, const struct packet *p);
