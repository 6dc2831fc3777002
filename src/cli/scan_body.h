/*
 * scan_body.h: a scan on its way from whoever made it to the daemon: lines of JSON,
 * first its scan_run, then the ports.  One that begins is a scan_run without an end
 * (scan_known.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

enum { SCAN_BODY_PORTS = 8192 };

struct scan_body {
	struct scan_run_record run;
	struct scan_record *ports; /* owned */
	size_t count;
};

/*
 * Reads what a stranger says: all of it or nothing.  False, with why in one sentence.
 * now_us: the scan has ended before; what answered, answered between its begin and end.
 */
bool scan_body_read(struct scan_body *body, const char *text, size_t len,
		    int64_t now_us, struct buf *why);
void scan_body_free(struct scan_body *body);
