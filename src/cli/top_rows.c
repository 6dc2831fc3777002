/*
 * top_rows.c: records become rows of the full screen: filtered, sorted, one selected,
 * some tagged.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/top.h"

void top_row_key(const struct top *top, const json_t *row, char out[static ROW_KEY_MAX])
{
	const char *sensor = member_text(row, "sensor");
	size_t len = (size_t)snprintf(out, ROW_KEY_MAX, "%.64s ",
				      sensor != NULL ? sensor : "");
	for (const char *const *name = top_view(top)->key; *name != NULL; name++) {
		char part[96];
		const char *text = member_text(row, *name);
		if (text != NULL)
			snprintf(part, sizeof(part), "%s", text);
		else
			about_number(row, *name, part, sizeof(part));
		if (len < ROW_KEY_MAX)
			len += (size_t)snprintf(out + len, ROW_KEY_MAX - len, "%s ",
						part);
	}
}

/* ---- order ---- */

static int compare_numbers(double x, double y)
{
	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return x < y ? 1 : x > y ? -1 : 0;
}

/* The daemon's own name for the sum of both sides. */
static double number_of(const json_t *row, const char *field)
{
	if (strcmp(field, "bytes") != 0)
		return member_number(row, field);
	return member_number(row, "client_bytes") + member_number(row, "server_bytes");
}

/* From the largest, the newest, or A; unknown values last, whatever the direction. */
static int compare_by(const char *field, bool turned, const json_t *a, const json_t *b)
{
	const char *x = member_text(a, field), *y = member_text(b, field);
	double m = number_of(a, field), n = number_of(b, field);
	int unknown = (x == NULL && isnan(m)) - (y == NULL && isnan(n));
	if (unknown != 0)
		return unknown;
	int order = x != NULL && y != NULL ? strcmp(y, x) : compare_numbers(m, n);
	return turned ? -order : order;
}

struct order {
	const struct top *top;
	const char *field;
	bool turned; /* from the smallest */
};

static struct order order_of(struct top *top)
{
	const struct place *place = top_place(top);
	const struct view *view = top_view(top)->view;
	const struct column *column =
		place->sort != NULL ? place->sort : view_column(view, view->sort);
	bool ascending = column != NULL && column->ascending;
	return (struct order){
		.top = top,
		.field = place->sort != NULL ? place->sort->sort : view->sort,
		.turned = ascending != place->reversed,
	};
}

static int compare(const void *a, const void *b, void *of)
{
	const struct order *order = of;
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	char one[ROW_KEY_MAX], other[ROW_KEY_MAX];
	int result = compare_by(order->field, order->turned, x, y);
	if (result != 0)
		return result;
	/* Equal rows must not swap places each second. */
	top_row_key(order->top, x, one);
	top_row_key(order->top, y, other);
	return strcmp(one, other);
}

static json_t *sorted(struct top *top)
{
	size_t count = 0, i, all = json_array_size(top->records);
	const char *filter = top_place(top)->filter;
	struct order order = order_of(top);
	/* NOLINTBEGIN(bugprone-sizeof-expression): it is the pointers we sort */
	json_t **rows = calloc(all + 1, sizeof(*rows));
	json_t *row, *out = json_array();
	if (rows != NULL) {
		json_array_foreach(top->records, i, row)
		{
			if (filter_matches(filter, top_view(top), &top->limits, row))
				rows[count++] = row;
		}
		qsort_r(rows, count, sizeof(*rows), compare, &order);
		/* NOLINTEND(bugprone-sizeof-expression) */
		for (i = 0; i < count; i++)
			json_array_append(out, rows[i]);
	}
	free(rows);
	return out;
}

/* ---- selection ---- */

json_t *top_selected(struct top *top)
{
	return json_array_get(top->rows, top_place(top)->selected);
}

/* Who stays at the first row sees what comes first; any other row is followed. */
void top_select(struct top *top, long row)
{
	struct place *place = top_place(top);
	size_t count = json_array_size(top->rows);
	if (count == 0 || row <= 0) {
		place->selected = 0;
		place->selected_key[0] = '\0';
		return;
	}
	place->selected = (size_t)row >= count ? count - 1 : (size_t)row;
	top_row_key(top, top_selected(top), place->selected_key);
}

void top_arrange(struct top *top)
{
	char key[ROW_KEY_MAX];
	size_t i;
	json_t *row;
	struct place *place = top_place(top);
	json_t *rows = sorted(top);
	json_decref(top->rows);
	top->rows = rows;
	if (place->selected_key[0] == '\0') {
		top_select(top, 0);
		return;
	}
	json_array_foreach(top->rows, i, row)
	{
		top_row_key(top, row, key);
		if (strcmp(key, place->selected_key) == 0) {
			place->selected = i;
			return;
		}
	}
	top_select(top, (long)place->selected);
}

bool top_search(struct top *top, bool from_next)
{
	size_t count = json_array_size(top->rows);
	size_t from = top_place(top)->selected + (from_next ? 1 : 0);
	for (size_t i = 0; i < count && top->search[0] != '\0'; i++) {
		size_t at = (from + i) % count;
		if (!filter_matches(top->search, top_view(top), &top->limits,
				    json_array_get(top->rows, at)))
			continue;
		top_select(top, (long)at);
		return true;
	}
	return false;
}

void top_tag(struct top *top)
{
	char key[ROW_KEY_MAX];
	json_t *row = top_selected(top);
	if (row == NULL)
		return;
	top_row_key(top, row, key);
	if (json_object_del(top->tagged, key) != 0)
		json_object_set(top->tagged, key, row);
	top_select(top, (long)top_place(top)->selected + 1);
}
