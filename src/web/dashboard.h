/*
 * dashboard.h: one dashboard: a title and panels, each a question about records and how
 * its answer is shown.  docs/dashboards.md describes the file.
 *
 * Written in YAML or JSON, which is YAML, too.  What a panel asks is checked against
 * the record's schema, with the filters that the API has.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "record/record.h"

enum {
	DASHBOARD_BYTES_MAX = 256 << 10,
	DASHBOARD_PANELS_MAX = 64,
	DASHBOARD_NAME_MAX = 65,
	DASHBOARD_TITLE_MAX = 121,
	DASHBOARD_DESCRIPTION_MAX = 1001,
	DASHBOARD_WORD_MAX = 64,
	DASHBOARD_VALUE_MAX = 256,
	DASHBOARD_FIELDS_MAX = 6, /* in one list */
	DASHBOARD_FILTERS_MAX = 8,
	DASHBOARD_THRESHOLDS_MAX = 8,
	DASHBOARD_TIME_MAX = 16,
};

#define DASHBOARD_NAME_ALLOWED "1 to 64 of a-z, 0-9 and -"

enum dashboard_view {
	DASHBOARD_LINE,
	DASHBOARD_BAR,
	DASHBOARD_TABLE,
	DASHBOARD_NUMBER,
	DASHBOARD_HEAT,
	DASHBOARD_SANKEY,
	DASHBOARD_VIEWS
};
extern const char *const dashboard_views[DASHBOARD_VIEWS];

/* What is told of each group. */
enum dashboard_measure {
	DASHBOARD_SUM,
	DASHBOARD_MAX,
	DASHBOARD_MEAN,
	DASHBOARD_MEASURES
};
extern const char *const dashboard_measures[DASHBOARD_MEASURES];

/* A word of the file, and where it stands. */
struct dashboard_word {
	char text[DASHBOARD_WORD_MAX];
	size_t line, column; /* 0: not given */
};

struct dashboard_fields {
	struct dashboard_word at[DASHBOARD_FIELDS_MAX];
	size_t count;
};

struct dashboard_filter {
	struct dashboard_word name;
	char value[DASHBOARD_VALUE_MAX];
	size_t line, column; /* of the value */
};

struct dashboard_panel {
	size_t line, column;
	char title[DASHBOARD_TITLE_MAX];
	struct dashboard_word record;
	enum dashboard_view view; /* DASHBOARD_VIEWS: not given */
	struct dashboard_fields by, measures[DASHBOARD_MEASURES];
	struct dashboard_filter where[DASHBOARD_FILTERS_MAX];
	size_t where_count;
	char since[DASHBOARD_TIME_MAX]; /* "24h"; "": not given, as the next */
	struct dashboard_word step, sort;
	unsigned limit;         /* 0: not given */
	unsigned width, height; /* in a grid of 12 columns */
	double thresholds[DASHBOARD_THRESHOLDS_MAX];
	size_t threshold_count;
};

struct dashboard {
	char title[DASHBOARD_TITLE_MAX], description[DASHBOARD_DESCRIPTION_MAX];
	struct dashboard_panel *panels; /* owned */
	size_t count;
};

bool dashboard_is_name(const char *name);

/*
 * NULL with messages "name:line:column: what, and what is allowed", one per line, in
 * *errors.
 */
struct dashboard *dashboard_parse(const char *text, size_t len, const char *name,
				  struct buf *errors);
void dashboard_free(struct dashboard *dashboard);

/* True if the text is JSON, rather than YAML with comments that a person wrote. */
bool dashboard_is_json(const char *text, size_t len);

/* Appends it as one JSON object, or as a YAML file that reads back the same. */
void dashboard_json(struct buf *out, const struct dashboard *dashboard);
void dashboard_yaml(struct buf *out, const struct dashboard *dashboard);
