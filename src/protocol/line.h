/*
 * line.h: protocols that speak in lines of words.
 */
#pragma once

#include <string.h>

#include "base/bytes.h"

/*
 * Takes a line off the front, its "\n" or "\r\n" not in it.  False, and nothing taken,
 * if there is no end of line yet.
 */
static inline bool line_take(struct bytes *data, struct bytes *line)
{
	const uint8_t *end = data->len > 0 ? memchr(data->at, '\n', data->len) : NULL;
	if (end == NULL)
		return false;
	*line = bytes_take(data, (size_t)(end - data->at));
	bytes_take(data, 1);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

static inline uint8_t line_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The same for eight octets at once. */
static inline uint64_t line_lower_word(uint64_t word)
{
	const uint64_t each = 0x0101010101010101, top = 0x80 * each;
	uint64_t seven = word & ~top;
	uint64_t from_a = seven + (0x80 - 'A') * each;
	uint64_t beyond_z = seven + (0x80 - 'Z' - 1) * each;
	return word | (from_a & ~beyond_z & ~word & top) >> 2;
}

static inline bool line_starts(struct bytes line, const char *text)
{
	size_t len = strlen(text);
	return line.len >= len && (len == 0 || memcmp(line.at, text, len) == 0);
}

/* The same, whatever the case of ASCII letters; text is lower case. */
static inline bool line_starts_nocase(struct bytes line, const char *text)
{
	size_t len = strlen(text), i = 0;
	uint64_t have, want;
	if (line.len < len)
		return false;
	for (; i + sizeof(want) <= len; i += sizeof(want)) {
		memcpy(&have, line.at + i, sizeof(have));
		memcpy(&want, text + i, sizeof(want));
		if (line_lower_word(have) != want)
			return false;
	}
	for (; i < len; i++)
		if (line_lower(line.at[i]) != (uint8_t)text[i])
			return false;
	return true;
}

/* The whole line is that text, whatever its case; text is lower case. */
static inline bool line_is_nocase(struct bytes line, const char *text)
{
	return line.len == strlen(text) && line_starts_nocase(line, text);
}

/*
 * How much of text the bytes have, from the front: all of it (YES), its begin (MORE),
 * or something else (NO).
 */
static inline int line_compare(struct bytes data, const char *text)
{
	size_t len = strlen(text), have = data.len < len ? data.len : len;
	if (have > 0 && memcmp(data.at, text, have) != 0)
		return 0; /* VERDICT_NO */
	return have == len ? 2 : 1;
}

/* Takes the next word; separators are blanks.  Empty at the end. */
static inline struct bytes line_word(struct bytes *line)
{
	size_t from = 0;
	while (from < line->len && (line->at[from] == ' ' || line->at[from] == '\t'))
		from++;
	size_t to = from;
	while (to < line->len && line->at[to] != ' ' && line->at[to] != '\t')
		to++;
	struct bytes word = bytes_of(line->at + from, to - from);
	line->at += to;
	line->len -= to;
	return word;
}

/* Without blanks at either end. */
static inline struct bytes line_trim(struct bytes line)
{
	while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t')) {
		line.at++;
		line.len--;
	}
	while (line.len > 0 &&
	       (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
		line.len--;
	return line;
}
