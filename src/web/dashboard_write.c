/*
 * dashboard_write.c: a dashboard as JSON for the page, and as YAML for people; see
 * dashboard.h.
 */
#include <ctype.h>
#include <string.h>

#include "web/dashboard.h"

/* ---- JSON ---- */

static void json_text(struct buf *out, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_printf(out, ",\"%s\":\"", key);
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void json_fields(struct buf *out, const char *key,
			const struct dashboard_fields *fields)
{
	if (fields->count == 0)
		return;
	buf_printf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < fields->count; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", fields->at[i].text);
	buf_char(out, ']');
}

static void json_where(struct buf *out, const struct dashboard_panel *panel)
{
	if (panel->where_count == 0)
		return;
	buf_text(out, ",\"where\":{");
	for (size_t i = 0; i < panel->where_count; i++) {
		buf_printf(out, "%s\"%s\":\"", i > 0 ? "," : "",
			   panel->where[i].name.text);
		buf_json_text(out, panel->where[i].value);
		buf_char(out, '"');
	}
	buf_char(out, '}');
}

/* Short, and exact enough for a line in a chart. */
static void put_number(struct buf *out, double value)
{
	buf_printf(out, "%.15g", value);
}

static void put_thresholds(struct buf *out, const struct dashboard_panel *panel,
			   const char *between)
{
	for (size_t i = 0; i < panel->threshold_count; i++) {
		buf_text(out, i > 0 ? between : "");
		put_number(out, panel->thresholds[i]);
	}
}

static void json_panel(struct buf *out, const struct dashboard_panel *panel)
{
	buf_text(out, "{\"title\":\"");
	buf_json_text(out, panel->title);
	buf_printf(out, "\",\"record\":\"%s\",\"view\":\"%s\"", panel->record.text,
		   dashboard_views[panel->view]);
	json_fields(out, "by", &panel->by);
	for (unsigned i = 0; i < DASHBOARD_MEASURES; i++)
		json_fields(out, dashboard_measures[i], &panel->measures[i]);
	json_where(out, panel);
	json_text(out, "since", panel->since);
	json_text(out, "step", panel->step.text);
	if (panel->limit > 0)
		buf_printf(out, ",\"limit\":%u", panel->limit);
	json_text(out, "sort", panel->sort.text);
	buf_printf(out, ",\"width\":%u,\"height\":%u", panel->width, panel->height);
	if (panel->threshold_count > 0) {
		buf_text(out, ",\"thresholds\":[");
		put_thresholds(out, panel, ",");
		buf_char(out, ']');
	}
	buf_char(out, '}');
}

void dashboard_json(struct buf *out, const struct dashboard *dashboard)
{
	buf_text(out, "{\"title\":\"");
	buf_json_text(out, dashboard->title);
	buf_char(out, '"');
	json_text(out, "description", dashboard->description);
	buf_text(out, ",\"panels\":[");
	for (size_t i = 0; i < dashboard->count; i++) {
		buf_text(out, i > 0 ? "," : "");
		json_panel(out, &dashboard->panels[i]);
	}
	buf_text(out, "]}");
}

/* ---- YAML ---- */

/* Words that need no quotes: what YAML or its readers take for something else does. */
static bool is_plain(const char *text)
{
	static const char *const taken[] = { "null", "true", "false", "yes", "no", "on",
					     "off",  "y",    "n",     "inf", "nan" };
	if (!isalpha((unsigned char)text[0]) || text[strlen(text) - 1] == ' ')
		return false;
	for (const char *s = text; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(" _-.,/()", *s) == NULL)
			return false;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcasecmp(taken[i], text) == 0)
			return false;
	return true;
}

/* A string of JSON is one of YAML, in double quotes (YAML 1.2.2, 1.3). */
static void put_text(struct buf *out, const char *text)
{
	if (is_plain(text)) {
		buf_text(out, text);
		return;
	}
	buf_char(out, '"');
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void yaml_text(struct buf *out, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_printf(out, "    %s: ", key);
	put_text(out, text);
	buf_char(out, '\n');
}

/* What begins with a digit and has a letter is a word for YAML, too: 24h. */
static void yaml_word(struct buf *out, const char *key, const char *text)
{
	if (text[0] != '\0')
		buf_printf(out, "    %s: %s\n", key, text);
}

static void yaml_fields(struct buf *out, const char *key,
			const struct dashboard_fields *fields)
{
	if (fields->count == 0)
		return;
	buf_printf(out, "    %s: [", key);
	for (size_t i = 0; i < fields->count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", fields->at[i].text);
	buf_text(out, "]\n");
}

/* Nothing but digits: a number, for which nobody writes quotes. */
static bool is_digits(const char *text)
{
	return text[0] != '0' && strspn(text, "0123456789") == strlen(text);
}

static void yaml_where(struct buf *out, const struct dashboard_panel *panel)
{
	if (panel->where_count > 0)
		buf_text(out, "    where:\n");
	for (size_t i = 0; i < panel->where_count; i++) {
		const struct dashboard_filter *filter = &panel->where[i];
		buf_printf(out, "      %s: ", filter->name.text);
		if (is_digits(filter->value))
			buf_text(out, filter->value);
		else
			put_text(out, filter->value);
		buf_char(out, '\n');
	}
}

static void yaml_panel(struct buf *out, const struct dashboard_panel *panel)
{
	buf_text(out, "\n  - title: ");
	put_text(out, panel->title);
	buf_char(out, '\n');
	yaml_word(out, "record", panel->record.text);
	yaml_word(out, "view", dashboard_views[panel->view]);
	yaml_fields(out, "by", &panel->by);
	for (unsigned i = 0; i < DASHBOARD_MEASURES; i++)
		yaml_fields(out, dashboard_measures[i], &panel->measures[i]);
	yaml_where(out, panel);
	yaml_word(out, "since", panel->since);
	yaml_word(out, "step", panel->step.text);
	if (panel->limit > 0)
		buf_printf(out, "    limit: %u\n", panel->limit);
	yaml_text(out, "sort", panel->sort.text);
	buf_printf(out, "    width: %u\n    height: %u\n", panel->width, panel->height);
	if (panel->threshold_count > 0) {
		buf_text(out, "    thresholds: [");
		put_thresholds(out, panel, ", ");
		buf_text(out, "]\n");
	}
}

void dashboard_yaml(struct buf *out, const struct dashboard *dashboard)
{
	buf_text(out, "title: ");
	put_text(out, dashboard->title);
	buf_char(out, '\n');
	if (dashboard->description[0] != '\0') {
		buf_text(out, "description: ");
		put_text(out, dashboard->description);
		buf_char(out, '\n');
	}
	buf_text(out, dashboard->count > 0 ? "panels:" : "panels: []\n");
	for (size_t i = 0; i < dashboard->count; i++)
		yaml_panel(out, &dashboard->panels[i]);
}
