/*
 * table.h: views as tables on standard output.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "cli/view.h"

struct look {
	bool color;
	int width; /* 0: as wide as it needs */
};

/* What suits standard output: colour and width of a terminal; all columns elsewhere. */
struct look look_of(const struct common_options *common);

/* From now on it is as wide as that, though it is no terminal: somebody shows it in
 * one. */
void look_set_width(int width);

void table_print(const struct view *view, const json_t *rows,
		 const struct limits *limits, const struct look *look);

/* Text in a tone; without colour the text alone. */
void tone_print(const struct look *look, enum tone tone, const char *text);
