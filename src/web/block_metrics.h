/*
 * block_metrics.h: responses in /metrics; private to the room.
 */
#pragma once

#include <jansson.h>

#include "web/family.h"
#include "web/web.h"

/* More words for what speaks against a block there are not (record.def). */
enum { BLOCK_ENDS = 4, BLOCK_BOUNDS = 8, BLOCK_VETOES = 32 };

struct block_sums {
	uint64_t packets, bytes, sessions;
	uint64_t up_to[BLOCK_BOUNDS], latencies, latency_us;
};

/* Of those that are over: how, and what they did. */
struct block_counts {
	uint64_t ended[BLOCK_ENDS];
	struct {
		field_text64 by;
		uint64_t count;
	} vetoes[BLOCK_VETOES];
	struct block_sums sums;
};

void block_metrics_add(struct block_counts *counts, const struct block_record *block);
/* What the status object says of the firewall; NULL: nothing. */
void block_metrics_firewall(const json_t *firewall, struct family *family);
void block_metrics_write(const struct block_counts *counts,
			 const struct web_source *source, struct family *family);
