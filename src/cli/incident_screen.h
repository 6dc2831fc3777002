/*
 * incident_screen.h: one incident as a screen, and as records.
 */
#pragma once

#include <stddef.h>

#include "cli/table.h"
#include "record/record.h"

enum { INCIDENT_LINES = 256 };

struct incident_facts {
	struct incident_record incident;
	struct timeline_record lines[INCIDENT_LINES]; /* the newest first */
	size_t line_count;                            /* also beyond these */
};

void incident_screen(const struct look *look, const struct incident_facts *facts);
/* The incident, then its timeline, the oldest first. */
void incident_json(const struct incident_facts *facts);
