/*
 * view.h: how records become rows: columns, their texts, what is over its limit.
 *
 * The printed tables and the full screen show the same views.  Every text is printable
 * ASCII when it leaves here, whatever the wire said.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/json.h"

enum { CELL_MAX = 264, VIEW_COLUMNS_MAX = 24 };

enum tone {
	TONE_NORMAL,
	TONE_QUIET,  /* unknown, or of no interest */
	TONE_STRONG, /* what identifies the row; headings */
	TONE_OVER,   /* over its limit; the text carries a mark as well */
	TONE_GOOD,
};

struct cell {
	char text[CELL_MAX];
	enum tone tone;
};

/* Above these a port is unwell. */
struct limits {
	double response_ms, loss, errors;
};

enum { LEAVES_IF_EMPTY = 100 }; /* the first, and when no row has a value */

struct column {
	const char *head;
	const char *sort; /* field the API sorts by */
	const char *doc;
	bool left;      /* aligned */
	bool ascending; /* natural order: text from A, numbers from the largest */
	int leaves;     /* when space is short: the highest first, 0 never */
	int narrowest;  /* may be cut to this before what matters leaves; 0: not cut */
	void (*show)(const json_t *record, const struct limits *limits,
		     struct cell *out);
};

struct view {
	const char *title, *path, *sort;
	const char *order;   /* what sort amounts to, in words */
	const char *nothing; /* said when there is no row */
	const struct column *columns;
	size_t count;
};

extern const struct view view_ports, view_port_steps, view_flows, view_listeners,
	view_findings, view_logins, view_probes, view_scan, view_blocks, view_audit,
	view_forecasts, view_levels, view_capacity, view_figures, view_incidents,
	view_alerts, view_silences, view_approvals, view_moment, view_reviews,
	view_sensors, view_fleet_capacity;
/* Of alerts test. */
extern const struct view view_alert_trial, view_alert_counts;

/* CONTRACT's defaults, over which the daemon's "limits" go, if it tells them. */
struct limits limits_of(const json_t *status);

/* How many of the rows have a value over its limit. */
size_t view_count_over(const struct view *view, const json_t *rows,
		       const struct limits *limits);

/* What --help says of the columns. */
void view_print_columns(const struct view *view);

/*
 * The column at that place of a layout: one of the view's, or behind them the sensor
 * that told the row, which every view has where there are several.
 */
const struct column *view_column_at(const struct view *view, size_t i);

/* The column whose heading, field or heading without "/s" is name; NULL: none. */
const struct column *view_column(const struct view *view, const char *name);

/* Columns that fit, by view_column_at(), and how wide each is.  All zero before the
 * first use. */
struct layout {
	size_t column[VIEW_COLUMNS_MAX];
	int width[VIEW_COLUMNS_MAX];
	size_t count;
	/* By column of the view: widths only grow, or a live table would jump about. */
	int least[VIEW_COLUMNS_MAX];
};

enum { LAYOUT_GAP = 2 };

/* width 0: everything.  rows is an array of records. */
void layout_fit(struct layout *layout, const struct view *view, const json_t *rows,
		const struct limits *limits, int width);

/* Cut to width, with a "~" for what is gone; of addresses the end stays, which differs.
 */
void text_fit(char out[static CELL_MAX], const char *text, int width);

/* Copies what is printable ASCII; the rest becomes '?'. */
void text_clean(char *out, size_t size, const char *text);

/* "1.5 MB", "12,345", "850 us", "3 h": NaN becomes "-". */
void text_bytes(char *out, size_t size, double bytes);
void text_count(char *out, size_t size, double count);
void text_duration(char *out, size_t size, double us);
void text_percent(char *out, size_t size, double ratio);
void text_span(char *out, size_t size, double seconds);
