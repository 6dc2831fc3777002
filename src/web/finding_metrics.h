/*
 * finding_metrics.h: findings in /metrics, by their kinds, of which there are few;
 * private to the room.
 */
#pragma once

#include "web/family.h"
#include "web/web.h"

enum { FINDING_KINDS_MAX = 40 };

/* Of those that have ended, by index in the list of kinds. */
struct finding_counts {
	uint64_t ended[FINDING_KINDS_MAX];
};

void finding_metrics_add(struct finding_counts *counts,
			 const struct finding_record *finding);
void finding_metrics_write(const struct finding_counts *counts,
			   const struct web_source *source, struct family *family);
