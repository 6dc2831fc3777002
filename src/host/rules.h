/*
 * rules.h: what the watch tells of the packet filter's rules, as records.
 */
#pragma once

#include "host/host.h"

/* What was told last. */
struct rules {
	bool is_known; /* since the start something was read */
	uint8_t sha256[32];
};

void rules_record(struct rules *rules, const struct host_event *event,
		  struct ruleset_record *out);
