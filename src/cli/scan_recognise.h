/*
 * scan_recognise.h: the second part of a scan: what is spoken on the ports that are
 * open.
 *
 * Strangers' words are read by a process of its own, as the daemon's probes are: a scan
 * is often root's.
 */
#pragma once

#include "base/bytes.h"
#include "base/home.h"
#include "cli/scan_report.h"

enum { SCAN_SAID_MAX = 1500 };

/* A datagram that answered: known by itself. */
struct scan_said {
	struct addr addr;
	uint16_t port, len;
	uint8_t bytes[SCAN_SAID_MAX];
};

struct scan_recogniser {
	const struct catalog *catalog;
	struct home own; /* this machine's addresses */
	void *self;
	/* Asked some times a second; false ends it. */
	bool (*goes_on)(void *self, uint64_t known, uint64_t of);
	struct scan_said *said; /* owned */
	size_t count, room;
};

/* Keeps a datagram for scan_recognise(); of very many, some. */
void scan_recogniser_hear(struct scan_recogniser *recogniser, const struct addr *addr,
			  uint16_t port, struct bytes said);
void scan_recogniser_free(struct scan_recogniser *recogniser);

/* Of a record: open, and it can be connected to, or has said something. */
size_t scan_recognise_count(const struct scan_recogniser *recogniser,
			    const struct scan_report *report);

/*
 * Asks all of them, of a report that has ended; false if it was ended before all had
 * answered, or can't be: then that is said.
 */
bool scan_recognise(struct scan_recogniser *recogniser, struct scan_report *report);
