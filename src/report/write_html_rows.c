/*
 * write_html_rows.c: the rows of a piece of evidence: what deviates first, and no more
 * than a page bears; what is left out is said.
 */
#include <stdlib.h>
#include <string.h>

#include "report/svg.h"
#include "report/words.h"
#include "report/write_html.h"

enum {
	WIDE = 8, /* columns from which on letters are smaller */
	LONG = 20 /* bytes of a cell from which on it is broken anywhere */
};

/* Which columns, and in which order: the deviation first, none without a value. */
struct shape {
	size_t columns[EXHIBIT_COLUMNS_MAX], count;
	size_t empty[EXHIBIT_COLUMNS_MAX], empty_count;
	int deviation; /* column; -1: none */
};

/* The first row that has a value there; row_count: none has. */
static size_t first_value(const struct exhibit *rows, size_t column)
{
	size_t row = 0;
	while (row < rows->row_count && exhibit_cell(rows, row, column) == NULL)
		row++;
	return row;
}

static struct shape shape_of(const struct collected *collected)
{
	const struct exhibit *rows = &collected->rows;
	struct shape shape = { .deviation = exhibit_column(rows, "deviation") };
	if (collected->deviations > 0)
		shape.columns[shape.count++] = (size_t)shape.deviation;
	for (size_t i = 0; i < rows->column_count; i++) {
		if ((int)i == shape.deviation)
			continue;
		if (first_value(rows, i) < rows->row_count)
			shape.columns[shape.count++] = i;
		else
			shape.empty[shape.empty_count++] = i;
	}
	return shape;
}

/* ---- cells ---- */

static bool is_share(const char *name)
{
	size_t len = strlen(name), tail = strlen("_share");
	return strcmp(name, "share") == 0 ||
	       (len > tail && strcmp(name + len - tail, "_share") == 0);
}

/* "server_ip" -> "server ip" */
static void put_name(struct buf *out, const char *name)
{
	char word[64];
	size_t len = 0;
	for (; len < sizeof(word) - 1 && name[len] != '\0'; len++)
		word[len] = name[len];
	word[len] = '\0';
	for (char *at = word; (at = strchr(at, '_')) != NULL;)
		*at = ' ';
	buf_html_text(out, word);
}

static void put_share(struct buf *out, const char *text)
{
	double ratio = strtod(text, NULL);
	words_share(out, ratio);
	buf_char(out, ' ');
	svg_share(out, ratio);
}

static void put_cell(struct buf *out, const struct exhibit *rows, size_t row,
		     size_t column)
{
	const char *text = exhibit_cell(rows, row, column);
	if (text == NULL) {
		buf_text(out, "<td></td>");
		return;
	}
	const struct cell *cell = exhibit_cell_at(rows, row, column);
	bool is_number = cell->is_number;
	html_open(out, "td", is_number ? "number" : cell->len > LONG ? "long" : NULL);
	if (is_number && is_share(rows->names[column]))
		put_share(out, text);
	else if (is_number || !html_time_text(out, text))
		buf_html_text(out, text);
	buf_text(out, "</td>");
}

static void put_row(struct buf *out, const struct exhibit *rows,
		    const struct shape *shape, size_t row)
{
	bool deviates = shape->deviation >= 0 &&
			exhibit_cell(rows, row, (size_t)shape->deviation) != NULL;
	buf_text(out, deviates ? "<tr class=\"deviates\">" : "<tr>");
	for (size_t i = 0; i < shape->count; i++)
		put_cell(out, rows, row, shape->columns[i]);
	buf_text(out, "</tr>\n");
}

/* ---- the table ---- */

/* How many of them there are, up to the most that may be. */
static size_t put_rows(struct buf *out, const struct exhibit *rows,
		       const struct shape *shape, bool deviating, size_t most)
{
	size_t count = 0;
	for (size_t i = 0; i < rows->row_count && count < most; i++) {
		bool deviates = shape->deviation >= 0 &&
				exhibit_cell(rows, i, (size_t)shape->deviation) != NULL;
		if (deviates != deviating)
			continue;
		put_row(out, rows, shape, i);
		count++;
	}
	return count;
}

static void put_left_out(struct buf *out, const struct collected *collected,
			 size_t deviating, size_t shown)
{
	size_t rows = collected->rows.row_count;
	if (shown == rows)
		return;
	html_open(out, "p", "more");
	words_count(out, rows - shown, "more row is", "more rows are");
	buf_text(out, " in the CSV of the bundle");
	if (collected->deviations > deviating)
		buf_printf(out, "; %llu of them deviate",
			   (unsigned long long)(collected->deviations - deviating));
	buf_char(out, '.');
	html_close(out, "p");
}

static void put_empty(struct buf *out, const struct exhibit *rows,
		      const struct shape *shape)
{
	if (shape->empty_count == 0)
		return;
	html_open(out, "p", "more");
	buf_text(out, "Columns without a value in any row are left out: ");
	for (size_t i = 0; i < shape->empty_count; i++) {
		buf_text(out, i > 0 ? ", " : "");
		put_name(out, rows->names[shape->empty[i]]);
	}
	buf_char(out, '.');
	html_close(out, "p");
}

static void put_heads(struct buf *out, const struct exhibit *rows,
		      const struct shape *shape)
{
	buf_text(out, "<thead><tr>");
	for (size_t i = 0; i < shape->count; i++) {
		size_t column = shape->columns[i];
		bool is_number =
			exhibit_cell_at(rows, first_value(rows, column), column)
				->is_number;
		buf_text(out, is_number ? "<th scope=\"col\" class=\"number\">"
					: "<th scope=\"col\">");
		put_name(out, rows->names[column]);
		buf_text(out, "</th>");
	}
	buf_text(out, "</tr></thead>\n<tbody>\n");
}

void page_rows(struct buf *out, const struct collected *collected)
{
	const struct exhibit *rows = &collected->rows;
	if (rows->row_count == 0)
		return;
	struct shape shape = shape_of(collected);
	html_scroll_open(out, collected->evidence->title);
	html_table_open(out, shape.count >= WIDE ? "rows wide" : "rows", NULL);
	put_heads(out, rows, &shape);
	size_t deviating = put_rows(out, rows, &shape, true, PAGE_ROWS_MAX);
	size_t shown = deviating +
		       put_rows(out, rows, &shape, false, PAGE_ROWS_MAX - deviating);
	html_table_close(out);
	html_close(out, "div");
	put_left_out(out, collected, deviating, shown);
	put_empty(out, rows, &shape);
}
