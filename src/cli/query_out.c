/*
 * query_out.c: see query_out.h.
 */
#include "cli/query_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HELD_MAX = 256,     /* rows that decide the widths */
	CELL_LONGEST = 512, /* of a table; the other formats cut nothing */
	NARROWEST = 4,
	NUMBER_MAX = 40,
};

struct row {
	char **cells; /* owned, each owned */
};

struct query_out {
	enum query_format format;
	struct look look;
	size_t columns;
	char **names;  /* owned */
	int *width;    /* of the table */
	bool *is_text; /* left aligned */
	struct row held[HELD_MAX];
	size_t held_count;
	bool has_begun; /* the head is written, the widths are decided */
	bool is_tall;   /* no line is wide enough: a line per cell */
	uint64_t rows;
};

struct query_out *query_out_new(enum query_format format, const struct look *look)
{
	struct query_out *out = calloc(1, sizeof(*out));
	if (out == NULL)
		return NULL;
	out->format = format;
	out->look = *look;
	return out;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; texts != NULL && i < count; i++)
		free(texts[i]);
	free(texts);
}

void query_out_free(struct query_out *out)
{
	if (out == NULL)
		return;
	for (size_t i = 0; i < out->held_count; i++)
		free_texts(out->held[i].cells, out->columns);
	free_texts(out->names, out->columns);
	free(out->width);
	free(out->is_text);
	free(out);
}

/* The shortest that reads back the same, and as a real: 2.0, not 2. */
static void real_text(double value, char out[static NUMBER_MAX])
{
	snprintf(out, NUMBER_MAX, "%.15g", value);
	if (strtod(out, NULL) != value)
		snprintf(out, NUMBER_MAX, "%.17g", value);
	if (isfinite(value) && strpbrk(out, ".e") == NULL)
		snprintf(out + strlen(out), NUMBER_MAX - strlen(out), ".0");
}

static void put_hex(struct buf *to, const struct store_value *value)
{
	const uint8_t *bytes = value->bytes;
	for (size_t i = 0; i < value->len; i++)
		buf_printf(to, "%02x", bytes[i]);
}

/* ---- NDJSON ---- */

/* A text may hold a NUL, which would end it for the writer of JSON. */
static void put_json_text(struct buf *line, const struct store_value *value)
{
	struct buf text = { 0 };
	buf_add(&text, value->bytes, value->len);
	const char *at = buf_cstr(&text);
	buf_char(line, '"');
	for (size_t done = 0; at != NULL && done <= text.len;) {
		buf_json_text(line, at + done);
		done += strlen(at + done) + 1;
		if (done <= text.len)
			buf_text(line, "\\u0000");
	}
	buf_char(line, '"');
	if (at == NULL)
		line->failed = true;
	buf_free(&text);
}

static void put_json(struct buf *line, const struct store_value *value)
{
	char number[NUMBER_MAX];
	switch (value->type) {
	case STORE_INTEGER:
		buf_i64(line, value->integer);
		return;
	case STORE_REAL:
		real_text(value->real, number);
		buf_text(line, isfinite(value->real) ? number : "null");
		return;
	case STORE_TEXT:
		put_json_text(line, value);
		return;
	case STORE_BLOB:
		buf_char(line, '"');
		put_hex(line, value);
		buf_char(line, '"');
		return;
	case STORE_NULL:
		break;
	}
	buf_text(line, "null");
}

static void put_json_row(const struct query_out *out, struct buf *line,
			 const struct store_value *values)
{
	for (size_t i = 0; i < out->columns; i++) {
		buf_text(line, i == 0 ? "{\"" : ",\"");
		buf_json_text(line, out->names[i]);
		buf_text(line, "\":");
		put_json(line, &values[i]);
	}
	buf_text(line, "}\n");
}

/* ---- CSV ---- */

static void put_csv_text(struct buf *line, const char *text, size_t len)
{
	bool plain = len > 0;
	for (size_t i = 0; i < len; i++)
		plain = plain && text[i] != '\0' && strchr("\",\r\n", text[i]) == NULL;
	if (plain) {
		buf_add(line, text, len);
		return;
	}
	buf_char(line, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_char(line, '"');
		buf_char(line, text[i]);
	}
	buf_char(line, '"');
}

static void put_csv(struct buf *line, const struct store_value *value)
{
	char number[NUMBER_MAX];
	switch (value->type) {
	case STORE_INTEGER:
		buf_i64(line, value->integer);
		break;
	case STORE_REAL:
		real_text(value->real, number);
		buf_text(line, number);
		break;
	case STORE_TEXT:
		put_csv_text(line, value->bytes, value->len);
		break;
	case STORE_BLOB:
		put_hex(line, value);
		break;
	case STORE_NULL:
		break; /* nothing: "" in quotes is the empty text */
	}
}

static void put_csv_row(const struct query_out *out, struct buf *line,
			const struct store_value *values)
{
	for (size_t i = 0; i < out->columns; i++) {
		if (i > 0)
			buf_char(line, ',');
		put_csv(line, &values[i]);
	}
	buf_text(line, "\r\n");
}

static void put_csv_head(const struct query_out *out, struct buf *line)
{
	for (size_t i = 0; i < out->columns; i++) {
		if (i > 0)
			buf_char(line, ',');
		put_csv_text(line, out->names[i], strlen(out->names[i]));
	}
	buf_text(line, "\r\n");
}

/* ---- the table ---- */

/* What a cell of the table says; NULL without memory. */
static char *cell_of(const struct store_value *value)
{
	char text[CELL_LONGEST], clean[CELL_LONGEST];
	switch (value->type) {
	case STORE_INTEGER:
		snprintf(text, sizeof(text), "%lld", (long long)value->integer);
		break;
	case STORE_REAL:
		snprintf(text, sizeof(text), "%.6g", value->real);
		break;
	case STORE_TEXT:
		snprintf(text, sizeof(text), "%.*s",
			 value->len < sizeof(text) ? (int)value->len
						   : (int)sizeof(text) - 1,
			 (const char *)value->bytes);
		break;
	case STORE_BLOB:
		snprintf(text, sizeof(text), "(%zu bytes)", value->len);
		break;
	case STORE_NULL:
		snprintf(text, sizeof(text), "-");
		break;
	}
	text_clean(clean, sizeof(clean), text);
	return strdup(clean);
}

static void note_width(struct query_out *out, size_t i, const char *text)
{
	int len = (int)strlen(text);
	if (len > out->width[i])
		out->width[i] = len;
}

/* The widest gives way until all fit the terminal; false: they never will. */
static bool fit(struct query_out *out)
{
	int total = -LAYOUT_GAP;
	for (size_t i = 0; i < out->columns; i++)
		total += out->width[i] + LAYOUT_GAP;
	while (out->look.width > 0 && total > out->look.width) {
		size_t widest = 0;
		for (size_t i = 1; i < out->columns; i++)
			if (out->width[i] > out->width[widest])
				widest = i;
		if (out->width[widest] <= NARROWEST)
			return false;
		out->width[widest]--;
		total--;
	}
	return true;
}

static void print_cell(const struct query_out *out, size_t i, enum tone tone,
		       const char *text)
{
	char cut[CELL_LONGEST];
	bool last = i + 1 == out->columns, left = out->is_text[i];
	int len = (int)strlen(text), width = out->width[i];
	if (out->look.width > 0 && len > width)
		snprintf(cut, sizeof(cut), "%.*s~", width - 1, text);
	else
		snprintf(cut, sizeof(cut), "%s", text);
	int pad = width - (int)strlen(cut);
	if (i > 0)
		printf("%*s", LAYOUT_GAP, "");
	if (!left && pad > 0)
		printf("%*s", pad, "");
	tone_print(&out->look, tone, cut);
	if (left && !last && pad > 0)
		printf("%*s", pad, "");
}

/* A row as a block, one line for each cell that says something. */
static void print_block(const struct query_out *out, char *const *cells)
{
	int widest = 0;
	for (size_t i = 0; i < out->columns; i++)
		if ((int)strlen(out->names[i]) > widest)
			widest = (int)strlen(out->names[i]);
	for (size_t i = 0; i < out->columns; i++) {
		if (strcmp(cells[i], "-") == 0)
			continue;
		tone_print(&out->look, TONE_STRONG, out->names[i]);
		printf("%*s%s\n", widest - (int)strlen(out->names[i]) + LAYOUT_GAP, "",
		       cells[i]);
	}
	putchar('\n');
}

static void print_row(const struct query_out *out, char *const *cells)
{
	if (out->is_tall) {
		print_block(out, cells);
		return;
	}
	for (size_t i = 0; i < out->columns; i++)
		print_cell(out, i,
			   strcmp(cells[i], "-") == 0 ? TONE_QUIET : TONE_NORMAL,
			   cells[i]);
	putchar('\n');
}

static void print_held(struct query_out *out)
{
	if (out->has_begun || out->columns == 0)
		return;
	out->has_begun = true;
	out->is_tall = !fit(out);
	for (size_t i = 0; i < out->columns && !out->is_tall; i++)
		print_cell(out, i, TONE_STRONG, out->names[i]);
	if (!out->is_tall)
		putchar('\n');
	for (size_t r = 0; r < out->held_count; r++) {
		print_row(out, out->held[r].cells);
		free_texts(out->held[r].cells, out->columns);
	}
	out->held_count = 0;
}

static bool take_table_row(struct query_out *out, const struct store_value *values)
{
	char **cells = calloc(out->columns + 1, sizeof(char *));
	bool whole = cells != NULL;
	for (size_t i = 0; whole && i < out->columns; i++) {
		cells[i] = cell_of(&values[i]);
		whole = cells[i] != NULL;
		if (!whole || out->has_begun)
			continue;
		note_width(out, i, cells[i]);
		if (values[i].type == STORE_TEXT || values[i].type == STORE_BLOB)
			out->is_text[i] = true;
	}
	if (!whole || out->has_begun) {
		if (whole)
			print_row(out, cells);
		free_texts(cells, out->columns);
		return whole;
	}
	out->held[out->held_count++].cells = cells;
	if (out->held_count == HELD_MAX)
		print_held(out);
	return true;
}

/* ---- what the store calls ---- */

bool query_out_columns(void *self, const char *const *names, size_t count)
{
	struct query_out *out = self;
	struct buf line = { 0 };
	out->names = calloc(count + 1, sizeof(char *));
	out->width = calloc(count + 1, sizeof(*out->width));
	out->is_text = calloc(count + 1, sizeof(*out->is_text));
	if (out->names == NULL || out->width == NULL || out->is_text == NULL)
		return false;
	for (out->columns = 0; out->columns < count; out->columns++) {
		char clean[CELL_LONGEST];
		text_clean(clean, sizeof(clean), names[out->columns]);
		out->names[out->columns] = strdup(
			out->format == QUERY_TABLE ? clean : names[out->columns]);
		if (out->names[out->columns] == NULL)
			return false;
		note_width(out, out->columns, clean);
	}
	if (out->format != QUERY_CSV)
		return true;
	put_csv_head(out, &line);
	if (buf_ok(&line))
		fwrite(line.at, 1, line.len, stdout);
	bool good = buf_ok(&line) && ferror(stdout) == 0;
	buf_free(&line);
	return good;
}

/* A program wants texts as they are; a terminal would do what some of them say. */
static void hide_controls(const struct query_out *out, struct buf *line)
{
	if (out->look.width == 0 || out->format != QUERY_CSV)
		return;
	for (size_t i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->at[i];
		if ((c < ' ' && c != '\r' && c != '\n') || c > '~')
			line->at[i] = '?';
	}
}

bool query_out_row(void *self, const struct store_value *values, size_t count)
{
	struct query_out *out = self;
	struct buf line = { 0 };
	if (count != out->columns)
		return false;
	out->rows++;
	if (out->format == QUERY_TABLE)
		return take_table_row(out, values) && ferror(stdout) == 0;
	if (out->format == QUERY_JSON)
		put_json_row(out, &line, values);
	else
		put_csv_row(out, &line, values);
	hide_controls(out, &line);
	if (buf_ok(&line))
		fwrite(line.at, 1, line.len, stdout);
	bool good = buf_ok(&line) && ferror(stdout) == 0;
	buf_free(&line);
	return good;
}

uint64_t query_out_end(struct query_out *out)
{
	if (out->format == QUERY_TABLE)
		print_held(out);
	return out->rows;
}
