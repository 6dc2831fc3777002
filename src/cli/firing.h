/*
 * firing.h: what the screens of an alert and of an incident have in common.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/table.h"

enum { ID_SHOWN = 8 };

struct firing {
	const char *rule, *target;    /* target "": none */
	const char *severity, *state; /* NULL: not known */
	const char *summary;
};

bool is_firing(const char *state);

/* The first line, and the sentence, for who reads no further. */
void firing_print(const struct look *look, const struct firing *firing);

/* "When": since when, until when if it is over (end known), how long. */
void firing_print_when(const struct look *look, int64_t begin_us, int64_t end_us);

/* Appends the command that explains a port; sensors: of a fleet, whose it may be, with
 * commas between: it is named if it is one. */
void firing_put_explain(struct buf *line, uint32_t port, const char *sensors);
