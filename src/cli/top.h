/*
 * top.h: what the files of the full screen share: its state, where data comes from, how
 * it is drawn.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/client.h"
#include "cli/view.h"

enum { FILTER_MAX = 64, ROW_KEY_MAX = 256, TOP_ROWS = 1000 };

enum top_mode { MODE_LIST, MODE_FILTER, MODE_HELP, MODE_DETAILS };

struct top {
	struct client *client;
	const struct view *view;
	const struct column *sort; /* NULL: the view's own order */
	bool reversed, paused, colored;
	enum top_mode mode;
	char filter[FILTER_MAX];
	json_t *status, *health;
	json_t *records; /* as the daemon gave them */
	json_t *rows;    /* filtered and sorted */
	uint64_t total;
	struct limits limits;
	char problem[CLIENT_ERROR_MAX]; /* why the last refresh failed; "" it did not */
	char selected_key[ROW_KEY_MAX]; /* the row stays selected when it moves */
	size_t selected, first;         /* indices into rows */
	size_t details_first;
	struct layout layout; /* as drawn, for the mouse */
	int head_line, rows_line, rows_shown;
};

/* Asks for everything; 0 or an exit status with top->problem set. */
int top_refresh(struct top *top);

/* Makes rows from records: after a refresh, another filter, another order. */
void top_arrange(struct top *top);

/* Puts the selection on that row, kept within the list. */
void top_select(struct top *top, long row);

void top_forget(struct top *top); /* frees the data */

void top_draw_start(struct top *top); /* colours; after initscr() */
void top_draw(struct top *top);
