/*
 * depot_clickhouse_rows.c: rows in TabSeparated, as ClickHouse writes them: a line
 * each, tabs between, \N for NULL, and \ before what would be mistaken.
 */
#include <stdlib.h>
#include <string.h>

#include "fleet/depot_clickhouse.h"

static char meant_by(char letter)
{
	static const char letters[] = "bfnrt0", meant[] = "\b\f\n\r\t\0";
	const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
	return found != NULL ? meant[found - letters] : letter;
}

/* In place; returns the length. */
static size_t take_escapes(char *text, size_t len)
{
	size_t to = 0;
	for (size_t from = 0; from < len; from++) {
		char c = text[from];
		if (c == '\\' && from + 1 < len)
			c = meant_by(text[++from]);
		text[to++] = c;
	}
	text[to] = '\0'; /* of the tab, the line's end or an escape */
	return to;
}

static bool make_room(struct clickhouse_rows *rows)
{
	size_t room = rows->room == 0 ? 64 : 2 * rows->room;
	void *values = reallocarray(rows->values, room, sizeof(rows->values[0]));
	if (values != NULL)
		rows->values = values;
	void *lens = reallocarray(rows->lens, room, sizeof(rows->lens[0]));
	if (lens != NULL)
		rows->lens = lens;
	if (values == NULL || lens == NULL)
		return false;
	rows->room = room;
	return true;
}

static bool take_line(struct clickhouse_rows *rows, char *line, size_t len)
{
	size_t count = 0;
	for (char *at = line, *end = line + len; at <= end;) {
		char *tab = memchr(at, '\t', (size_t)(end - at));
		char *behind = tab != NULL ? tab : end;
		size_t field = (size_t)(behind - at);
		if (count == rows->room && !make_room(rows)) {
			rows->has_failed = true;
			return false;
		}
		bool is_null = field == 2 && memcmp(at, "\\N", 2) == 0;
		rows->lens[count] = take_escapes(at, field);
		rows->values[count++] = is_null ? NULL : at;
		at = behind + 1;
	}
	return rows->take(rows->self, rows->values, rows->lens, count);
}

/* Lines that end in what is kept; the rest stays for the next piece. */
bool clickhouse_rows_take(void *self, const char *bytes, size_t len)
{
	struct clickhouse_rows *rows = self;
	size_t from = 0, old = rows->line.len;
	bool more = true;
	buf_add(&rows->line, bytes, len);
	if (!buf_ok(&rows->line)) {
		rows->has_failed = true;
		return false;
	}
	char *text = rows->line.at;
	for (size_t at = old; at < rows->line.len && more; at++) {
		if (text[at] != '\n')
			continue;
		more = take_line(rows, text + from, at - from);
		from = at + 1;
	}
	memmove(text, text + from, rows->line.len - from);
	rows->line.len -= from;
	return more;
}

void clickhouse_rows_free(struct clickhouse_rows *rows)
{
	buf_free(&rows->line);
	free(rows->values);
	free(rows->lens);
}
