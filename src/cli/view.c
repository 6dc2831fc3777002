/*
 * view.c: what all views share: limits, and finding a column; see view.h.
 */
#include "cli/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void override(double *limit, const json_t *limits, const char *name)
{
	double value = member_number(limits, name);
	if (!isnan(value))
		*limit = value;
}

struct limits limits_of(const json_t *status)
{
	struct limits limits = { .response_ms = 100, .loss = 0.01, .errors = 0.001 };
	const json_t *told = json_object_get(status, "limits");
	override(&limits.response_ms, told, "response_ms");
	override(&limits.loss, told, "loss");
	override(&limits.errors, told, "errors");
	return limits;
}

/*
 * An incident of a fleet is the hubs' own; who reads of it wants to know which machines
 * it is about: "web-1 +2" is of it and two others, with dots if more than could be
 * listed.
 */
SHOW(show_sensor)
{
	char names[CELL_MAX * 4], first[CELL_MAX];
	const char *sensors = member_text(record, "sensors");
	out->tone = TONE_STRONG;
	if (sensors == NULL || sensors[0] == '\0') {
		cell_text(out, member_text(record, "sensor"));
		return;
	}
	text_clean(names, sizeof(names), sensors);
	size_t others = 0, length = strcspn(names, ",");
	for (const char *at = names; *at != '\0'; at++)
		others += *at == ',';
	bool is_more = strstr(names, ",...") != NULL;
	snprintf(first, sizeof(first), "%.*s", (int)length, names);
	if (others == 0)
		cell_text(out, first);
	else
		snprintf(out->text, sizeof(out->text), "%.40s +%zu%s", first,
			 others - is_more, is_more ? "..." : "");
}

static bool is_over(const struct view *view, const json_t *row,
		    const struct limits *limits)
{
	for (size_t i = 0; i < view->count; i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		view->columns[i].show(row, limits, &cell);
		if (cell.tone == TONE_OVER)
			return true;
	}
	return false;
}

size_t view_count_over(const struct view *view, const json_t *rows,
		       const struct limits *limits)
{
	size_t r, count = 0;
	json_t *row;
	json_array_foreach(rows, r, row) count += is_over(view, row, limits);
	return count;
}

void view_print_columns(const struct view *view)
{
	puts("\nColumns (and the field to ask --json or --sort for):");
	for (size_t i = 0; i < view->count; i++) {
		const struct column *column = &view->columns[i];
		printf("  %-9s %-20s %s\n", column->head, column->sort, column->doc);
	}
}

static const struct column sensor_column = {
	"SENSOR", "sensor",   "Sensor that told it; of an incident, those it is about.",
	true,     true,       0,
	10,       show_sensor
};

const struct column *view_column_at(const struct view *view, size_t i)
{
	return i < view->count ? &view->columns[i] : &sensor_column;
}

const struct column *view_column(const struct view *view, const char *name)
{
	for (size_t i = 0; i <= view->count; i++) {
		const struct column *column = view_column_at(view, i);
		size_t stem = strcspn(column->head, "/");
		if (strcasecmp(name, column->head) == 0 ||
		    strcmp(name, column->sort) == 0 ||
		    (strlen(name) == stem &&
		     strncasecmp(name, column->head, stem) == 0))
			return column;
	}
	return NULL;
}
