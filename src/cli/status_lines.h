/*
 * status_lines.h: lines of the status screen about store, sockets, findings, probes and
 * policy.
 *
 * A daemon that does not tell of one gets no line of it.
 */
#pragma once

#include "cli/table.h"

void status_lines(const json_t *status, const struct look *look);
/* Of its member "fleet" (status_fleet.c). */
void status_line_fleet(const json_t *fleet, const struct look *look);
