/*
 * dashboard_check.c: what a panel asks, against the record's schema; see
 * dashboard_check.h.
 *
 * The API would refuse the same when the panel is shown: here it is refused when it is
 * kept, with the line.
 */
#include "web/dashboard_check.h"

#include <stdio.h>
#include <string.h>

#include "web/aggregate_ask.h"
#include "web/field.h"
#include "web/inside.h"
#include "web/query.h"

struct checking {
	struct yaml *yaml;
	const struct dashboard_panel *panel;
	struct query query;
};

static struct buf *word_error(const struct checking *c,
			      const struct dashboard_word *word, const char *key)
{
	struct buf *out = yaml_error(c->yaml, word->line, word->column);
	buf_printf(out, "%s can't be ", key);
	yaml_say_shown(out, word->text);
	buf_text(out, "; allowed is ");
	return out;
}

static bool is_grouped(const struct dashboard_panel *panel)
{
	size_t count = panel->by.count;
	for (unsigned i = 0; i < DASHBOARD_MEASURES; i++)
		count += panel->measures[i].count;
	return count > 0 || panel->view != DASHBOARD_TABLE;
}

/* ---- record ---- */

static bool find_record(struct checking *c)
{
	const struct dashboard_word *word = &c->panel->record;
	if (word->line == 0)
		return false; /* said */
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (strcmp(schemas[kind].name, word->text) == 0 &&
		    route_has_records((enum record_kind)kind)) {
			query_init(&c->query, (enum record_kind)kind);
			return true;
		}
	struct buf *out = word_error(c, word, "record");
	buf_text(out, "one of ");
	const char *between = "";
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (route_has_records((enum record_kind)kind)) {
			buf_printf(out, "%s%s", between, schemas[kind].name);
			between = ", ";
		}
	buf_char(out, '\n');
	return false;
}

/* ---- fields ---- */

/* A sum of times means nothing; the last of them may. */
static bool is_measured(const struct field *field, unsigned how)
{
	return field_is_number(field) &&
	       (field->type != TYPE_time || how == DASHBOARD_MAX);
}

static void say_fields(const struct checking *c, struct buf *out, unsigned how)
{
	const char *between = "";
	for (size_t i = 0; i < c->query.schema->field_count; i++) {
		const struct field *field = &c->query.schema->fields[i];
		if (how != DASHBOARD_MEASURES && !is_measured(field, how))
			continue;
		buf_printf(out, "%s%s", between, field->name);
		between = ", ";
	}
	buf_char(out, '\n');
}

/* "bytes" and "packets", of both sides. */
static bool is_sum(const struct checking *c, const char *name)
{
	const struct field *client, *server;
	return query_sum(c->query.kind, name, &client, &server);
}

/* how: DASHBOARD_MEASURES for what groups are made by. */
static void check_fields(const struct checking *c,
			 const struct dashboard_fields *fields, unsigned how)
{
	const char *key = how == DASHBOARD_MEASURES ? "by" : dashboard_measures[how];
	for (size_t i = 0; i < fields->count; i++) {
		const char *name = fields->at[i].text;
		const struct field *field = record_field(c->query.kind, name);
		if (how != DASHBOARD_MEASURES && is_sum(c, name))
			continue;
		if (field != NULL &&
		    (how == DASHBOARD_MEASURES || is_measured(field, how)))
			continue;
		struct buf *out = word_error(c, &fields->at[i], key);
		buf_printf(out, "a field of %s: ", c->query.schema->name);
		say_fields(c, out, how);
	}
}

/* ---- filters ---- */

static bool is_panel_key(const char *name)
{
	static const char *const names[] = { "since", "until", "step",
					     "limit", "sort",  "format" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void say_filters(const struct checking *c, struct buf *out)
{
	char names[QUERY_NAMES_MAX], *rest = names, *name;
	const char *between = "";
	query_say_names(&c->query, names);
	while ((name = strsep(&rest, " ")) != NULL) {
		if (name[0] == '\0' || is_panel_key(name))
			continue;
		buf_printf(out, "%s%s", between, name);
		between = ", ";
	}
	buf_text(out, between[0] == '\0' ? "no filter of this record\n" : "\n");
}

static void check_filter(struct checking *c, const struct dashboard_filter *filter)
{
	char why[QUERY_ERROR_MAX];
	if (is_panel_key(filter->name.text) ||
	    !query_takes(&c->query, filter->name.text)) {
		say_filters(c, word_error(c, &filter->name, "where"));
		return;
	}
	if (!query_set(&c->query, filter->name.text, filter->value, 0, why))
		buf_printf(yaml_error(c->yaml, filter->line, filter->column), "%s\n",
			   why);
}

/* ---- order and steps ---- */

static bool is_among(const struct dashboard_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->at[i].text, name) == 0)
			return true;
	return false;
}

static bool is_of_groups(const struct dashboard_panel *panel, const char *name)
{
	bool found = strcmp(name, "count") == 0 || is_among(&panel->by, name);
	for (unsigned i = 0; i < DASHBOARD_MEASURES; i++)
		found = found || is_among(&panel->measures[i], name);
	return found;
}

static bool is_order(const char *turn)
{
	return turn == NULL || strcmp(turn, ":asc") == 0 || strcmp(turn, ":desc") == 0;
}

static void check_sort(struct checking *c)
{
	const struct dashboard_word *sort = &c->panel->sort;
	char name[DASHBOARD_WORD_MAX], why[QUERY_ERROR_MAX];
	if (sort->line == 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(sort->text, ":"), sort->text);
	if (!is_grouped(c->panel)) {
		if (!query_set(&c->query, "sort", sort->text, 0, why))
			buf_printf(yaml_error(c->yaml, sort->line, sort->column),
				   "%s\n", why);
	} else if (!is_of_groups(c->panel, name) ||
		   !is_order(strchr(sort->text, ':'))) {
		buf_text(word_error(c, sort, "sort"),
			 "count, or what the panel has in by, sum, max or mean, with "
			 ":asc or :desc behind it or not\n");
	}
}

static void check_step(const struct checking *c)
{
	const struct dashboard_word *step = &c->panel->step;
	if (step->line == 0)
		return;
	if (c->query.begin == NULL) {
		buf_printf(word_error(c, step, "step"), "none: a %s has no time\n",
			   c->query.schema->name);
		return;
	}
	if (aggregate_step_s(step->text) == 0)
		buf_text(word_error(c, step, "step"), "10s, 1m, 5m, 1h or 1d\n");
}

/* ---- what a view needs ---- */

static void check_view(const struct checking *c)
{
	const struct dashboard_panel *panel = c->panel;
	const char *wants = NULL;
	if (panel->view == DASHBOARD_SANKEY && panel->by.count < 2)
		wants = "sankey needs at least two fields in by: from where, and where "
			"to";
	if (panel->view == DASHBOARD_HEAT && panel->by.count == 0)
		wants = "heat needs a field in by: its rows";
	if (panel->view == DASHBOARD_NUMBER && panel->by.count > 0)
		wants = "number shows one value; allowed is no by";
	if (wants != NULL)
		buf_printf(yaml_error(c->yaml, panel->line, panel->column), "%s\n",
			   wants);
}

void dashboard_check(struct yaml *yaml, const struct dashboard_panel *panel)
{
	struct checking c = { .yaml = yaml, .panel = panel };
	if (!find_record(&c))
		return;
	check_fields(&c, &panel->by, DASHBOARD_MEASURES);
	for (unsigned i = 0; i < DASHBOARD_MEASURES; i++)
		check_fields(&c, &panel->measures[i], i);
	for (size_t i = 0; i < panel->where_count; i++)
		check_filter(&c, &panel->where[i]);
	check_sort(&c);
	check_step(&c);
	check_view(&c);
}
