/*
 * layout.c: which columns fit on the screen, and how wide; see view.h.
 *
 * First the columns leave that only add to the picture.  Then addresses and names are
 * cut, within bounds: whether a port is well matters more than the whole of an IPv6
 * address.
 */
#include <stdint.h>
#include <string.h>

#include "cli/view.h"

enum { LEAVES_EARLY = 4 }; /* before anything is cut */

static int natural_width(const struct column *column, const json_t *rows,
			 const struct limits *limits)
{
	size_t width = strlen(column->head);
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		struct cell cell = { .tone = TONE_NORMAL };
		column->show(row, limits, &cell);
		size_t len = strlen(cell.text);
		if (len > width)
			width = len;
	}
	return (int)width;
}

static bool is_empty(const struct column *column, const json_t *rows,
		     const struct limits *limits)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		struct cell cell = { .tone = TONE_NORMAL };
		column->show(row, limits, &cell);
		if (strcmp(cell.text, "-") != 0)
			return false;
	}
	return true;
}

static int total_width(const struct layout *layout)
{
	int total = 0;
	for (size_t i = 0; i < layout->count; i++)
		total += layout->width[i] + (i > 0 ? LAYOUT_GAP : 0);
	return total;
}

static void drop(struct layout *layout, size_t at)
{
	layout->count--;
	for (size_t i = at; i < layout->count; i++) {
		layout->column[i] = layout->column[i + 1];
		layout->width[i] = layout->width[i + 1];
	}
}

/* False if only columns are left that leave later than `last`. */
static bool drop_least(struct layout *layout, const struct view *view, int last)
{
	size_t least = 0;
	for (size_t i = 1; i < layout->count; i++)
		if (view_column_at(view, layout->column[i])->leaves >=
		    view_column_at(view, layout->column[least])->leaves)
			least = i;
	if (view_column_at(view, layout->column[least])->leaves < last)
		return false;
	drop(layout, least);
	return true;
}

/* Cuts what may be cut, the widest first, a character at a time. */
static void squeeze_some(struct layout *layout, const struct view *view, int width)
{
	while (total_width(layout) > width) {
		size_t widest = SIZE_MAX;
		for (size_t i = 0; i < layout->count; i++) {
			int narrowest =
				view_column_at(view, layout->column[i])->narrowest;
			if (narrowest == 0 || layout->width[i] <= narrowest)
				continue;
			if (widest == SIZE_MAX ||
			    layout->width[i] > layout->width[widest])
				widest = i;
		}
		if (widest == SIZE_MAX)
			return;
		layout->width[widest]--;
	}
}

/* The widest gives way, whatever it is. */
static void squeeze(struct layout *layout, int width)
{
	enum { NARROWEST = 4 };
	while (total_width(layout) > width) {
		size_t widest = 0;
		for (size_t i = 1; i < layout->count; i++)
			if (layout->width[i] > layout->width[widest])
				widest = i;
		if (layout->width[widest] <= NARROWEST)
			return;
		layout->width[widest]--;
	}
}

/* Some tell which sensor told them: it stands first, as it says which machine. */
static bool have_sensor(const json_t *rows)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		if (member_text(row, "sensor") != NULL)
			return true;
	}
	return false;
}

static void add_column(struct layout *layout, const struct view *view, size_t column,
		       const json_t *rows, const struct limits *limits)
{
	int width = natural_width(view_column_at(view, column), rows, limits);
	if (width > layout->least[column])
		layout->least[column] = width;
	layout->column[layout->count] = column;
	layout->width[layout->count++] = layout->least[column];
}

void layout_fit(struct layout *layout, const struct view *view, const json_t *rows,
		const struct limits *limits, int width)
{
	layout->count = 0;
	if (have_sensor(rows))
		add_column(layout, view, view->count, rows, limits);
	for (size_t i = 0; i < view->count; i++)
		add_column(layout, view, i, rows, limits);
	for (size_t i = layout->count; i-- > 0;) {
		const struct column *column = view_column_at(view, layout->column[i]);
		if (column->leaves == LEAVES_IF_EMPTY && is_empty(column, rows, limits))
			drop(layout, i);
	}
	if (width <= 0)
		return;
	while (total_width(layout) > width && drop_least(layout, view, LEAVES_EARLY))
		;
	squeeze_some(layout, view, width);
	while (total_width(layout) > width && drop_least(layout, view, 1))
		;
	squeeze(layout, width);
}
