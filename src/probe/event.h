/*
 * event.h: an answer as one message between processes.
 *
 * The process that asks reads strangers' bytes: what it sends is read as a stranger's,
 * too.
 */
#pragma once

#include <stddef.h>

#include "record/reason.h"
#include "record/record.h"

/* A record with numbers for its words. */
struct probe_event {
	struct probe_record record; /* its words are NULL here */
	uint8_t state, hard_state, reason;
};

void probe_event_make(const struct probe_record *record, struct probe_event *out);
/* False if these bytes are none. */
bool probe_event_read(const void *bytes, size_t len, struct probe_record *out);
