/*
 * scan_recognise.h: the second part of a scan: what is spoken on the ports that are
 * open.
 */
#pragma once

#include "cli/scan_report.h"
#include "probe/recognise.h"

struct scan_recogniser {
	struct prober *prober;
	const struct catalog *catalog;
	void *self;
	/* Asked some times a second; false ends it. */
	bool (*goes_on)(void *self, uint64_t known, uint64_t of);
};

/* False without memory or descriptors. */
bool scan_recogniser_open(struct scan_recogniser *recogniser);
void scan_recogniser_close(struct scan_recogniser *recogniser);

/* A datagram is known by itself. */
void scan_recognise_said(struct scan_recogniser *recogniser, struct bytes said,
			 struct scan_record *record);

/*
 * Asks all open TCP ports of a report that has ended; false if it was ended before all
 * had answered, or memory is out.
 */
bool scan_recognise(struct scan_recogniser *recogniser, struct scan_report *report);
