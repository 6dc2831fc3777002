/*
 * eve.h: what Suricata's EVE events share; private to the room.
 */
#pragma once

#include "record/record.h"

#define EVE_ZONE "+0000"

/* The members every event begins with.  Without a start there is no flow_id. */
void eve_begin(struct buf *out, const struct flow_record *flow, int64_t at_us,
	       const char *type);
