/*
 * exhibit.c: see exhibit.h.
 */
#include "report/exhibit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64, NUMBER_MAX = 40 };

bool exhibit_columns(void *self, const char *const *names, size_t count)
{
	struct exhibit *exhibit = self;
	exhibit->failed = count == 0 || count > EXHIBIT_COLUMNS_MAX;
	for (size_t i = 0; i < count && !exhibit->failed; i++) {
		exhibit->names[i] = strdup(names[i]);
		exhibit->failed = exhibit->names[i] == NULL;
		exhibit->column_count = i + 1;
	}
	return !exhibit->failed;
}

static bool make_room(struct exhibit *exhibit)
{
	if (exhibit->row_count < exhibit->row_room)
		return true;
	size_t room = exhibit->row_room == 0 ? ROOM_FIRST : 2 * exhibit->row_room;
	struct cell *cells = reallocarray(exhibit->cells, room * exhibit->column_count,
					  sizeof(*cells));
	if (cells == NULL)
		return false;
	exhibit->cells = cells;
	exhibit->row_room = room;
	return true;
}

/* The shortest that reads back the same. */
static void add_real(struct buf *text, double value)
{
	char number[NUMBER_MAX];
	snprintf(number, sizeof(number), "%.15g", value);
	if (strtod(number, NULL) != value)
		snprintf(number, sizeof(number), "%.17g", value);
	buf_text(text, number);
}

static void take_cell(struct exhibit *exhibit, const struct store_value *value,
		      struct cell *cell)
{
	struct buf *text = &exhibit->text;
	*cell = (struct cell){ .at = (uint32_t)text->len, .is_known = true };
	switch (value->type) {
	case STORE_INTEGER:
		buf_i64(text, value->integer);
		cell->is_number = true;
		break;
	case STORE_REAL:
		cell->is_number = isfinite(value->real);
		add_real(text, value->real);
		break;
	case STORE_TEXT:
		buf_add(text, value->bytes, value->len);
		break;
	default: /* no query of evidence gives bytes */
		cell->is_known = false;
		break;
	}
	cell->len = (uint32_t)text->len - cell->at;
	buf_char(text, '\0');
}

bool exhibit_take(void *self, const struct store_value *values, size_t count)
{
	struct exhibit *exhibit = self;
	exhibit->is_cut = exhibit->row_count == EXHIBIT_ROWS_MAX ||
			  exhibit->text.len > EXHIBIT_BYTES_MAX;
	if (exhibit->is_cut)
		return false;
	exhibit->failed |= count != exhibit->column_count || !make_room(exhibit);
	if (exhibit->failed)
		return false;
	struct cell *cells = &exhibit->cells[exhibit->row_count * count];
	for (size_t i = 0; i < count; i++)
		take_cell(exhibit, &values[i], &cells[i]);
	exhibit->row_count++;
	exhibit->failed = !buf_ok(&exhibit->text);
	return !exhibit->failed;
}

void exhibit_free(struct exhibit *exhibit)
{
	for (size_t i = 0; i < exhibit->column_count; i++)
		free(exhibit->names[i]);
	free(exhibit->cells);
	buf_free(&exhibit->text);
	*exhibit = (struct exhibit){ 0 };
}

const struct cell *exhibit_cell_at(const struct exhibit *exhibit, size_t row,
				   size_t column)
{
	return &exhibit->cells[row * exhibit->column_count + column];
}

const char *exhibit_cell(const struct exhibit *exhibit, size_t row, size_t column)
{
	const struct cell *cell = exhibit_cell_at(exhibit, row, column);
	return cell->is_known ? exhibit->text.at + cell->at : NULL;
}

int exhibit_column(const struct exhibit *exhibit, const char *name)
{
	for (size_t i = 0; i < exhibit->column_count; i++)
		if (strcmp(exhibit->names[i], name) == 0)
			return (int)i;
	return -1;
}

/* A number is written as it is: an apostrophe before its sign would make it a text. */
static void add_cell(const struct exhibit *exhibit, size_t row, size_t column,
		     struct buf *out)
{
	const char *text = exhibit_cell(exhibit, row, column);
	if (text != NULL && exhibit_cell_at(exhibit, row, column)->is_number)
		buf_text(out, text);
	else if (text != NULL)
		buf_csv_text(out, text);
}

void exhibit_csv_row(const struct exhibit *exhibit, size_t row, struct buf *out)
{
	for (size_t i = 0; i < exhibit->column_count; i++) {
		add_cell(exhibit, row, i, out);
		buf_text(out, i + 1 < exhibit->column_count ? "," : "\r\n");
	}
}

void exhibit_csv(const struct exhibit *exhibit, struct buf *out)
{
	for (size_t i = 0; i < exhibit->column_count; i++) {
		buf_csv_text(out, exhibit->names[i]);
		buf_text(out, i + 1 < exhibit->column_count ? "," : "\r\n");
	}
	for (size_t row = 0; row < exhibit->row_count; row++)
		exhibit_csv_row(exhibit, row, out);
}
