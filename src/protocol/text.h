/*
 * text.h: words within binary protocols.
 */
#pragma once

#include <string.h>

#include "base/bytes.h"

/* Takes text up to its NUL, which is not in it; bad if there is none. */
static inline struct bytes text_take(struct bytes *data)
{
	const uint8_t *end = data->len > 0 ? memchr(data->at, '\0', data->len) : NULL;
	if (end == NULL) {
		data->bad = true;
		return (struct bytes){ .bad = true };
	}
	struct bytes text = bytes_take(data, (size_t)(end - data->at));
	bytes_take(data, 1);
	return text;
}

static inline bool text_is(struct bytes text, const char *word)
{
	return text.len == strlen(word) &&
	       (text.len == 0 || memcmp(text.at, word, text.len) == 0);
}

static inline bool text_starts(struct bytes text, const char *word)
{
	size_t len = strlen(word);
	return text.len >= len && (len == 0 || memcmp(text.at, word, len) == 0);
}

static inline bool text_contains(struct bytes text, const char *word)
{
	return text.len > 0 && memmem(text.at, text.len, word, strlen(word)) != NULL;
}

/* Printable ASCII, all of it. */
static inline bool text_is_printable(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	return true;
}

/* The same text in UTF-8, as much of it as fits into out. */
struct bytes text_from_utf16(struct bytes utf16, uint8_t *out, size_t size);
