/*
 * write_html_columns.c: rows that have a time (a column `at`), counted by hour, day or
 * more, as a chart, with its numbers behind it.
 */
#include <stdlib.h>

#include "base/when.h"
#include "report/svg.h"
#include "report/words.h"
#include "report/write_html.h"

enum { COLUMNS_MAX = 120, ROWS_LEAST = 5 };
#define HOUR_US (INT64_C(3600) * 1000000)

static const struct step {
	int64_t us;
	const char *name;
} steps[] = {
	{ HOUR_US, "hour" },
	{ 6 * HOUR_US, "six hours" },
	{ 24 * HOUR_US, "day" },
	{ 7 * 24 * HOUR_US, "seven days" },
	{ 30 * 24 * HOUR_US, "30 days" },
	{ 365 * 24 * HOUR_US, "year of 365 days" },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

struct chart {
	const struct step *step;
	int64_t first_us; /* begin of the first column */
	size_t count;
	struct svg_column columns[COLUMNS_MAX];
	uint64_t rows, marked;
};

/* Whole steps (UTC) around the time; false: it is longer than any chart. */
static bool lay_out(struct chart *chart, const struct coverage *coverage)
{
	for (size_t i = 0; i < STEPS; i++) {
		chart->step = &steps[i];
		chart->first_us = coverage->since_us - coverage->since_us % steps[i].us;
		int64_t span_us = coverage->until_us - chart->first_us;
		int64_t count = (span_us + steps[i].us - 1) / steps[i].us;
		chart->count = (size_t)count;
		if (count <= COLUMNS_MAX)
			return true;
	}
	return false;
}

static void count_rows(struct chart *chart, const struct collected *collected,
		       size_t at)
{
	const struct exhibit *rows = &collected->rows;
	int deviation = exhibit_column(rows, "deviation");
	for (size_t i = 0; i < rows->row_count; i++) {
		int64_t at_us;
		const char *text = exhibit_cell(rows, i, at);
		if (text == NULL || !time_parse(text, &at_us) ||
		    at_us < chart->first_us)
			continue;
		int64_t column = (at_us - chart->first_us) / chart->step->us;
		if (column >= (int64_t)chart->count)
			continue;
		bool marked = deviation >= 0 &&
			      exhibit_cell(rows, i, (size_t)deviation) != NULL;
		chart->columns[column].count++;
		chart->columns[column].marked += marked;
		chart->rows++;
		chart->marked += marked;
	}
}

static void put_numbers(struct buf *out, const struct chart *chart)
{
	const char *const heads[] = { "From", "Rows", "Deviate" };
	buf_text(out, "<details class=\"numbers\"><summary>The numbers of the "
		      "chart</summary>\n");
	html_table_open(out, "numbers", NULL);
	html_heads(out, heads, chart->marked > 0 ? 3 : 2);
	for (size_t i = 0; i < chart->count; i++) {
		const struct svg_column *column = &chart->columns[i];
		if (column->count == 0)
			continue;
		buf_text(out, "<tr><td>");
		html_time(out, chart->first_us + (int64_t)i * chart->step->us);
		buf_printf(out, "</td><td class=\"number\">%llu</td>",
			   (unsigned long long)column->count);
		if (chart->marked > 0)
			buf_printf(out, "<td class=\"number\">%llu</td>",
				   (unsigned long long)column->marked);
		buf_text(out, "</tr>\n");
	}
	html_table_close(out);
	html_close(out, "details");
}

static uint64_t most_of(const struct chart *chart)
{
	uint64_t most = 0;
	for (size_t i = 0; i < chart->count; i++)
		if (chart->columns[i].count > most)
			most = chart->columns[i].count;
	return most;
}

static void put_chart(struct buf *out, const struct chart *chart, size_t number)
{
	struct buf title = { 0 };
	char from[WORDS_TIME_MAX], to[WORDS_TIME_MAX];
	words_time(chart->first_us, from);
	words_time(chart->first_us + (int64_t)chart->count * chart->step->us, to);
	buf_printf(&title, "Rows by %s, at most %llu", chart->step->name,
		   (unsigned long long)most_of(chart));
	if (chart->marked > 0)
		buf_text(&title, "; what deviates is the dark part");
	const char *text = buf_ok(&title) ? buf_cstr(&title) : "";
	html_open(out, "figure", "columns");
	html_element(out, "figcaption", NULL, text);
	svg_columns(out, number, chart->columns, chart->count, text,
		    "Its numbers stand below it.");
	from[WORDS_DAY] = to[WORDS_DAY] = '\0';
	html_open(out, "p", "ends");
	html_element(out, "span", NULL, from);
	html_element(out, "span", NULL, to);
	html_close(out, "p");
	put_numbers(out, chart);
	html_close(out, "figure");
	buf_free(&title);
}

void page_columns(struct buf *out, const struct collected *collected, size_t number)
{
	int at = exhibit_column(&collected->rows, "at");
	struct chart *chart = calloc(1, sizeof(*chart));
	if (chart == NULL)
		out->failed = true;
	else if (at >= 0 && lay_out(chart, &collected->coverage)) {
		count_rows(chart, collected, (size_t)at);
		if (chart->rows >= ROWS_LEAST)
			put_chart(out, chart, number);
	}
	free(chart);
}
