/*
 * top.h: what the files of the full screen share: its state, where data comes from, how
 * it is drawn.
 *
 * Whatever takes time runs beside it: the daemon is asked once a second and for a few
 * seconds at most, and details are the output of a child.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "cli/client.h"
#include "cli/top_view.h"
#include "cli/view.h"

enum {
	FILTER_MAX = 256,
	ROW_KEY_MAX = 384,
	SECONDS_MAX = 600, /* of the monitor, kept here */
	ROWS_STEP = 100,   /* more are asked for by so many */
	ROWS_MAX = 5000,
};

enum top_mode {
	MODE_LIST,
	MODE_FILTER,
	MODE_SEARCH,
	MODE_SORT,
	MODE_CONFIRM,
	MODE_PAGE,
};

/* What a view is left with, and found with again. */
struct place {
	char filter[FILTER_MAX];
	const struct column *sort; /* NULL: the view's own order */
	bool reversed;
	char selected_key[ROW_KEY_MAX]; /* it is followed; "": the first, whichever */
	size_t selected, first;         /* indices into rows */
	struct layout layout;           /* as drawn, for the mouse */
};

/* A text to scroll in: help, details, what a change said. */
struct page {
	char title[ROW_KEY_MAX + 32];
	json_t *row; /* what it is about; NULL: no row */
	struct buf text;
	size_t first; /* line of the screen */
	pid_t child;  /* 0: it is complete */
	int fd;
};

struct top {
	struct client *client;
	const char *socket; /* NULL: the usual one */
	size_t at;          /* of top_views */
	struct place places[TOP_VIEWS];
	bool paused, colored, utf8, readonly, remote;
	enum top_mode mode;
	json_t *status, *health, *ports;
	uint64_t port_total;
	int64_t ports_due_ms, view_due_ms;
	json_t *seconds; /* self records, the newest first */
	json_t *records; /* as the daemon gave them */
	json_t *rows;    /* filtered and sorted */
	json_t *tagged;  /* object: rows by key */
	uint64_t total;
	struct limits limits;
	char problem[CLIENT_ERROR_MAX]; /* why the daemon told nothing; "" it did */
	time_t told_at;                 /* when it last did */
	char refused[CLIENT_ERROR_MAX]; /* why it can't filter so */
	char notice[160];               /* said once, until the next key */
	char search[FILTER_MAX];
	struct page page;
	struct steps asked; /* to be confirmed */
	const struct action *action;
	char question[160];
	size_t sort_row;
	int tab_line, head_line, rows_line, rows_shown;
};

static inline const struct top_view *top_view(const struct top *top)
{
	return top_views[top->at];
}

static inline struct place *top_place(struct top *top)
{
	return &top->places[top->at];
}

/* ---- top_data.c ---- */

/* Asks for everything; 0 or an exit status with top->problem set. */
int top_refresh(struct top *top);

/* The same, but for what is not due yet: what costs more is asked for less often. */
int top_refresh_due(struct top *top);

/* What the view asks for: filtered, sorted and limited by the daemon. */
void top_records_path(struct top *top, struct buf *path);
void top_forget(struct top *top); /* frees the data */

/* ---- top_rows.c ---- */

/* Makes rows from records: after a refresh, another filter, another order. */
void top_arrange(struct top *top);

/* Puts the selection on that row, kept within the list. */
void top_select(struct top *top, long row);

/* Selects the next row in which that stands; false if there is none. */
bool top_search(struct top *top, bool from_next);

/* NULL: no row. */
json_t *top_selected(struct top *top);
void top_row_key(const struct top *top, const json_t *row,
		 char out[static ROW_KEY_MAX]);
void top_tag(struct top *top); /* or not any more; goes on to the next row */

/* ---- top_filter.c ---- */

/* Words as parameters of the question; those of the view hold where no word does. */
void filter_parameters(const char *filter, const struct top_view *view,
		       struct buf *path);
/* The rest of it, text that is seen in a row, whatever its case. */
bool filter_matches(const char *filter, const struct top_view *view,
		    const struct limits *limits, const json_t *row);
bool filter_has_text(const char *filter);
bool filter_has_words(const char *filter);
/* It is about the past: the daemon reads its store. */
bool filter_has_time(const char *filter);
/* Appends a word. */
void filter_add(const char *name, const char *value, char filter[static FILTER_MAX]);
/* Whether sensor, site and tag, which go with all records, are words of the view. */
bool filter_takes_sensors(const struct top_view *view);
/* What the view would have to be filtered by to tell of the same. */
void filter_about(const struct about *about, const struct top_view *view,
		  char out[static FILTER_MAX]);

/* ---- top_page.c ---- */

void page_open(struct page *page, const char *title, json_t *row);
void page_close(struct page *page); /* ends its child */
/* All of the help. */
void page_help(struct top *top);
/* Everything about the selected row. */
void page_details(struct top *top);
/* Runs them in a child, whose output becomes the rest of the page. */
void page_run(struct page *page, const struct steps *steps, const char *socket);
/* Takes in what has come; true once, when all has. */
bool page_read(struct page *page);

/* ---- top_change.c ---- */

/* Asks whether to do it to the tagged rows, or the selected one. */
void top_ask_change(struct top *top, const struct action *action);
void top_make_change(struct top *top);
void top_forget_change(struct top *top);

/* ---- top_keys.c ---- */

/* False to quit. */
bool top_take_key(struct top *top, int key);

/* ---- top_draw.c, top_head.c, top_overlay.c ---- */

void top_draw_start(struct top *top); /* colours; after initscr() */
void top_draw(struct top *top);
