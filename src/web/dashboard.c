/*
 * dashboard.c: YAML events into a dashboard, by tables of keys; see dashboard.h.
 *
 * Every function that takes a value starts on its first event and stops on its last,
 * right or wrong, so that one reading shows all errors at once.
 */
#include "web/dashboard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "base/yaml.h"
#include "web/dashboard_check.h"

enum {
	SIGNS_MAX = 1 << 15, /* of []{},:? in a file: 64 full panels have 10,000 */
	WIDTH_MAX = 12,
	HEIGHT_MAX = 8,
	WIDTH_USUAL = 6,
	HEIGHT_USUAL = 3,
	LIMIT_MAX = 1000,
};

const char *const dashboard_views[DASHBOARD_VIEWS] = {
	[DASHBOARD_LINE] = "line",   [DASHBOARD_BAR] = "bar",
	[DASHBOARD_TABLE] = "table", [DASHBOARD_NUMBER] = "number",
	[DASHBOARD_HEAT] = "heat",   [DASHBOARD_SANKEY] = "sankey",
};

const char *const dashboard_measures[DASHBOARD_MEASURES] = {
	[DASHBOARD_SUM] = "sum",
	[DASHBOARD_MAX] = "max",
	[DASHBOARD_MEAN] = "mean",
};

struct reader {
	struct yaml *yaml;
	struct dashboard *dashboard;
	struct dashboard_panel *panel; /* the one at hand */
	const struct key *key;         /* the same */
};

struct key {
	const char *name, *allowed;
	/* Takes the value at the event; false: it is not allowed. */
	bool (*take)(struct reader *r, const struct yaml_event *event);
	bool is_required;
};

bool dashboard_is_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len < DASHBOARD_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* ---- values ---- */

static bool is_text(const struct yaml_event *event)
{
	return event->kind == YAML_SCALAR && !event->is_broken && !event->is_null &&
	       !event->is_marked;
}

/* One line of text that is no blank. */
static bool take_line(char *out, size_t size, const struct yaml_event *event)
{
	if (!is_text(event))
		return false;
	size_t len = strlen(event->text);
	while (len > 0 && event->text[len - 1] == '\n')
		len--; /* a block ends in one */
	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)event->text[i] < ' ' || event->text[i] == 0x7f)
			return false;
	memcpy(out, event->text, len);
	out[len] = '\0';
	return true;
}

static bool take_word(struct dashboard_word *out, const struct yaml_event *event)
{
	out->line = event->line;
	out->column = event->column;
	return take_line(out->text, sizeof(out->text), event);
}

static bool take_count(unsigned *out, unsigned most, const struct yaml_event *event)
{
	char *end = NULL;
	if (!is_text(event) || event->text[0] < '0' || event->text[0] > '9')
		return false;
	unsigned long value = strtoul(event->text, &end, 10);
	*out = (unsigned)value;
	return *end == '\0' && value >= 1 && value <= most;
}

static bool take_panel_title(struct reader *r, const struct yaml_event *event)
{
	return take_line(r->panel->title, sizeof(r->panel->title), event);
}

static bool take_record(struct reader *r, const struct yaml_event *event)
{
	return take_word(&r->panel->record, event);
}

static bool take_view(struct reader *r, const struct yaml_event *event)
{
	unsigned view = 0;
	while (is_text(event) && view < DASHBOARD_VIEWS &&
	       strcmp(dashboard_views[view], event->text) != 0)
		view++;
	if (!is_text(event) || view == DASHBOARD_VIEWS)
		return false;
	r->panel->view = (enum dashboard_view)view;
	return true;
}

static bool add_field(struct dashboard_fields *fields, const struct yaml_event *event)
{
	if (fields->count == DASHBOARD_FIELDS_MAX ||
	    !take_word(&fields->at[fields->count], event))
		return false;
	fields->count++;
	return true;
}

static void refuse(struct reader *r)
{
	yaml_refuse_value(r->yaml, r->key->name, r->key->allowed);
}

/* A list of names, or one. */
static bool take_fields(struct reader *r, struct dashboard_fields *fields,
			const struct yaml_event *event)
{
	if (event->kind != YAML_LIST)
		return add_field(fields, event);
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		if (!add_field(fields, event))
			refuse(r);
	return true;
}

static bool take_by(struct reader *r, const struct yaml_event *event)
{
	return take_fields(r, &r->panel->by, event);
}

static bool take_sum(struct reader *r, const struct yaml_event *event)
{
	return take_fields(r, &r->panel->measures[DASHBOARD_SUM], event);
}

static bool take_max(struct reader *r, const struct yaml_event *event)
{
	return take_fields(r, &r->panel->measures[DASHBOARD_MAX], event);
}

static bool take_mean(struct reader *r, const struct yaml_event *event)
{
	return take_fields(r, &r->panel->measures[DASHBOARD_MEAN], event);
}

static bool is_filter_again(const struct dashboard_panel *panel, const char *name)
{
	for (size_t i = 0; i < panel->where_count; i++)
		if (strcmp(panel->where[i].name.text, name) == 0)
			return true;
	return false;
}

/* The pair whose name is the event. */
static void take_filter(struct reader *r, const struct yaml_event *event)
{
	struct dashboard_panel *panel = r->panel;
	struct dashboard_filter filter = { 0 };
	bool good = panel->where_count < DASHBOARD_FILTERS_MAX &&
		    take_word(&filter.name, event) &&
		    !is_filter_again(panel, filter.name.text);
	if (!good)
		refuse(r);
	yaml_next(r->yaml);
	filter.line = event->line;
	filter.column = event->column;
	if (!good)
		yaml_skip(r->yaml);
	else if (take_line(filter.value, sizeof(filter.value), event))
		panel->where[panel->where_count++] = filter;
	else
		refuse(r);
}

static bool take_where(struct reader *r, const struct yaml_event *event)
{
	if (event->kind != YAML_MAPPING)
		return false;
	while (yaml_next(r->yaml)->kind != YAML_MAPPING_END && event->kind != YAML_END)
		take_filter(r, event);
	return true;
}

static bool take_since(struct reader *r, const struct yaml_event *event)
{
	int64_t us;
	return take_line(r->panel->since, sizeof(r->panel->since), event) &&
	       duration_parse(r->panel->since, &us) && us > 0;
}

static bool take_step(struct reader *r, const struct yaml_event *event)
{
	return take_word(&r->panel->step, event);
}

static bool take_sort(struct reader *r, const struct yaml_event *event)
{
	return take_word(&r->panel->sort, event);
}

static bool take_limit(struct reader *r, const struct yaml_event *event)
{
	return take_count(&r->panel->limit, LIMIT_MAX, event);
}

static bool take_width(struct reader *r, const struct yaml_event *event)
{
	return take_count(&r->panel->width, WIDTH_MAX, event);
}

static bool take_height(struct reader *r, const struct yaml_event *event)
{
	return take_count(&r->panel->height, HEIGHT_MAX, event);
}

static bool add_threshold(struct dashboard_panel *panel, const struct yaml_event *event)
{
	static const double most = 1e15;
	char *end = NULL;
	if (!is_text(event) || panel->threshold_count == DASHBOARD_THRESHOLDS_MAX ||
	    strspn(event->text, "0123456789.eE+-") != strlen(event->text))
		return false;
	double value = strtod(event->text, &end);
	if (end == event->text || *end != '\0' || !(fabs(value) <= most))
		return false;
	panel->thresholds[panel->threshold_count++] = value;
	return true;
}

static bool take_thresholds(struct reader *r, const struct yaml_event *event)
{
	if (event->kind != YAML_LIST)
		return false;
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		if (!add_threshold(r->panel, event))
			refuse(r);
	return true;
}

/* ---- panels ---- */

#define TITLE_ALLOWED  "a line of 1 to 120 bytes"
#define FIELDS_ALLOWED "a list of at most 6 fields of the record"

static const struct key panel_keys[] = {
	{ "title", TITLE_ALLOWED, take_panel_title, true },
	{ "record", "the name of a record such as flow", take_record, true },
	{ "view", "line, bar, table, number, heat or sankey", take_view, true },
	{ "by", FIELDS_ALLOWED, take_by, false },
	{ "sum", FIELDS_ALLOWED, take_sum, false },
	{ "max", FIELDS_ALLOWED, take_max, false },
	{ "mean", FIELDS_ALLOWED, take_mean, false },
	{ "where", "a section of at most 8 filters such as port: 443, each once",
	  take_where, false },
	{ "since", "a duration such as 90s, 30m, 2h, 7d or 4w", take_since, false },
	{ "step", "10s, 1m, 5m, 1h or 1d", take_step, false },
	{ "limit", "a number from 1 to 1000", take_limit, false },
	{ "sort", "a field, with :asc or :desc behind it or not", take_sort, false },
	{ "width", "a number of columns from 1 to 12", take_width, false },
	{ "height", "a number of rows from 1 to 8", take_height, false },
	{ "thresholds", "a list of at most 8 numbers", take_thresholds, false },
};
enum { PANEL_KEYS = sizeof(panel_keys) / sizeof(panel_keys[0]) };
static const struct yaml_keys panel_names = { panel_keys, sizeof(panel_keys[0]),
					      PANEL_KEYS };

static void take_value(struct reader *r, const struct key *key)
{
	r->key = key;
	if (!yaml_refuse_indirection(r->yaml) && !key->take(r, yaml_event(r->yaml)))
		refuse(r);
}

/* The mapping at the event. */
static void take_keys(struct reader *r, const struct key *keys,
		      const struct yaml_keys *names, const char *what)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	size_t line = event->line, column = event->column;
	size_t lines[YAML_KEYS_MAX] = { 0 };
	while (yaml_next(r->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		size_t key = yaml_take_key(r->yaml, names, lines);
		if (yaml_next(r->yaml)->kind == YAML_END)
			return;
		if (key < names->count)
			take_value(r, &keys[key]);
		else
			yaml_skip(r->yaml);
	}
	for (size_t i = 0; i < names->count && event->kind != YAML_END; i++)
		if (keys[i].is_required && lines[i] == 0)
			buf_printf(yaml_error(r->yaml, line, column),
				   "%s without %s; allowed is %s\n", what, keys[i].name,
				   keys[i].allowed);
}

static void take_panel(struct reader *r)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_MAPPING) {
		yaml_refuse_value(r->yaml, "a panel", "keys such as title: Clients");
		return;
	}
	*r->panel = (struct dashboard_panel){ .line = event->line,
					      .column = event->column,
					      .view = DASHBOARD_VIEWS,
					      .width = WIDTH_USUAL,
					      .height = HEIGHT_USUAL };
	take_keys(r, panel_keys, &panel_names, "a panel");
	if (event->kind != YAML_END)
		dashboard_check(r->yaml, r->panel);
}

static bool take_panels(struct reader *r, const struct yaml_event *event)
{
	struct dashboard *dashboard = r->dashboard;
	if (event->kind != YAML_LIST)
		return false;
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END) {
		if (dashboard->count == DASHBOARD_PANELS_MAX) {
			buf_printf(yaml_error(r->yaml, event->line, event->column),
				   "too many panels; allowed are %d\n",
				   DASHBOARD_PANELS_MAX);
			return true;
		}
		r->panel = &dashboard->panels[dashboard->count++];
		take_panel(r);
	}
	return true;
}

/* ---- the whole ---- */

static bool take_title(struct reader *r, const struct yaml_event *event)
{
	return take_line(r->dashboard->title, sizeof(r->dashboard->title), event);
}

static bool take_description(struct reader *r, const struct yaml_event *event)
{
	return take_line(r->dashboard->description, sizeof(r->dashboard->description),
			 event);
}

static const struct key top_keys[] = {
	{ "title", TITLE_ALLOWED, take_title, true },
	{ "description", "a line of 1 to 1000 bytes", take_description, false },
	{ "panels", "a list of panels, [] for none", take_panels, true },
};
enum { TOP_KEYS = sizeof(top_keys) / sizeof(top_keys[0]) };
static const struct yaml_keys top_names = { top_keys, sizeof(top_keys[0]), TOP_KEYS };

static void take_file(struct reader *r)
{
	const struct yaml_event *event = yaml_next(r->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(r->yaml);
	if (event->kind != YAML_MAPPING || event->is_marked) {
		if (!yaml_failed(r->yaml))
			buf_text(yaml_error(r->yaml, event->line > 0 ? event->line : 1,
					    event->column > 0 ? event->column : 1),
				 "not a dashboard; allowed are the keys title, "
				 "description and panels\n");
		return;
	}
	take_keys(r, top_keys, &top_names, "a dashboard");
	if (yaml_failed(r->yaml) || yaml_next(r->yaml)->kind == YAML_END)
		return;
	buf_text(yaml_error(r->yaml, event->line, event->column),
		 "a second document; allowed is one in a file\n");
}

struct dashboard *dashboard_parse(const char *text, size_t len, const char *name,
				  struct buf *errors)
{
	if (len > DASHBOARD_BYTES_MAX) {
		buf_printf(errors,
			   "%s:1:1: longer than a dashboard may be; allowed are 256 "
			   "KiB\n",
			   name);
		return NULL;
	}
	struct reader r = { .dashboard = calloc(1, sizeof(struct dashboard)) };
	if (r.dashboard != NULL)
		r.dashboard->panels =
			calloc(DASHBOARD_PANELS_MAX, sizeof(*r.dashboard->panels));
	if (r.dashboard != NULL && r.dashboard->panels != NULL)
		r.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	bool good = r.yaml != NULL;
	if (good) {
		take_file(&r);
		good = !yaml_failed(r.yaml);
	} else {
		buf_text(errors, "out of memory\n");
	}
	yaml_close(r.yaml);
	if (good)
		return r.dashboard;
	dashboard_free(r.dashboard);
	return NULL;
}

void dashboard_free(struct dashboard *dashboard)
{
	if (dashboard == NULL)
		return;
	free(dashboard->panels);
	free(dashboard);
}

bool dashboard_is_json(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
		at++;
	return at < len && text[at] == '{';
}
