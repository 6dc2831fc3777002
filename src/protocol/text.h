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

/*
 * A hash to compare texts by that are not kept, continued from one before or a number.
 * Not keyed: strangers can make two texts collide, which must only harm themselves.
 */
static inline uint64_t text_hash(uint64_t before, struct bytes text)
{
	const uint64_t factor = 0x9e3779b97f4a7c15;
	uint64_t hash = (before ^ text.len) * factor, word;
	size_t i = 0;
	for (; i + sizeof(word) <= text.len; i += sizeof(word)) {
		memcpy(&word, text.at + i, sizeof(word));
		hash = (hash ^ hash >> 32 ^ word) * factor;
	}
	for (word = 0; i < text.len; i++)
		word = word << 8 | text.at[i];
	hash = (hash ^ hash >> 32 ^ word) * factor;
	return hash ^ hash >> 32;
}

/* The same text in UTF-8, as much of it as fits into out. */
struct bytes text_from_utf16(struct bytes utf16, uint8_t *out, size_t size);
