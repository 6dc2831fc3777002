/*
 * scan_known.h: scans of ours that go on, as whoever makes one has told the daemon:
 * what leaves this machine for their targets is no attack.
 *
 * A scan that begins is told as a scan_run without an end, whose targets are ranges of
 * addresses: "192.0.2.0-192.0.2.255,198.51.100.1-198.51.100.1".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "record/record.h"

enum { SCANS_KNOWN_MAX = 64 };

struct scan_known_range {
	struct addr first, last;
	int64_t start_us; /* of its scan */
	int64_t until_us; /* 0: unused */
};

struct scan_known {
	struct scan_known_range at[SCANS_KNOWN_MAX];
};

/* False if the targets can't be read; then nothing is known of it. */
bool scan_known_begin(struct scan_known *known, const struct scan_run_record *run,
		      int64_t now_us);
/* What comes of it comes within seconds. */
void scan_known_end(struct scan_known *known, int64_t start_us, int64_t now_us);

bool scan_known_holds(const struct scan_known *known, const struct addr *target,
		      int64_t at_us);

/* Appends a range, with a comma before it if there is one already. */
void scan_known_text(struct buf *text, const struct addr *first,
		     const struct addr *last);
