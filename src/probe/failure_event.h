/*
 * failure_event.h: a recorded failure between processes: a message for each of its
 * records, the failure itself last.
 */
#pragma once

#include <stddef.h>

#include "record/record.h"

/* One of them; words are static. */
struct failure_piece {
	enum record_kind kind;
	union {
		struct failure_record failure;
		struct transcript_record transcript;
		struct packet_record packet;
	};
};

struct failure_event {
	uint32_t kind; /* PROBE_EVENT_FAILURE */
	uint8_t piece, state, reason, by;
	/* Its words are NULL here. */
	union {
		struct failure_record failure;
		struct transcript_record transcript;
		struct packet_record packet;
	};
};

/* Its length; record is of one of these kinds. */
size_t failure_event_make(enum record_kind kind, const void *record,
			  struct failure_event *out);
bool failure_event_read(const void *bytes, size_t len, struct failure_piece *out);
