/*
 * layout.c: which columns fit on the screen, and how wide; see view.h.
 *
 * An address cut short is of no use to copy, so columns leave before one is squeezed.
 */
#include <string.h>

#include "cli/view.h"

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

/* False if only columns are left that never leave. */
static bool drop_least(struct layout *layout, const struct view *view)
{
	size_t least = 0;
	for (size_t i = 1; i < layout->count; i++)
		if (view->columns[layout->column[i]].leaves >=
		    view->columns[layout->column[least]].leaves)
			least = i;
	if (view->columns[layout->column[least]].leaves == 0)
		return false;
	drop(layout, least);
	return true;
}

/* The widest gives way, a character at a time. */
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

void layout_fit(struct layout *layout, const struct view *view, const json_t *rows,
		const struct limits *limits, int width)
{
	layout->count = view->count;
	for (size_t i = 0; i < view->count; i++) {
		layout->column[i] = i;
		layout->width[i] = natural_width(&view->columns[i], rows, limits);
	}
	if (width <= 0)
		return;
	while (total_width(layout) > width && drop_least(layout, view))
		;
	squeeze(layout, width);
}
