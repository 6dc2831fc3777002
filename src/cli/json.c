/*
 * json.c: read the daemon's answers; see json.h.
 */
#include "cli/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

json_t *lines_parse(const struct buf *text)
{
	json_t *rows = json_array();
	const char *at = text->at, *end = text->at + text->len;
	while (rows != NULL && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len =
			newline == NULL ? (size_t)(end - at) : (size_t)(newline - at);
		json_t *row = json_loadb(at, len, 0, NULL);
		if (!json_is_object(row) || json_array_append_new(rows, row) != 0) {
			json_decref(row);
			json_decref(rows);
			return NULL;
		}
		at += len + 1;
	}
	return rows;
}

json_t *object_parse(const struct buf *text)
{
	json_t *object =
		json_loadb(text->at == NULL ? "" : text->at, text->len, 0, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

const char *member_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

double member_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_number(value) ? json_number_value(value) : NAN;
}

bool record_print(enum record_kind kind, const void *record)
{
	struct buf line = { 0 };
	record_json(&line, kind, record);
	buf_char(&line, '\n');
	bool ok = buf_ok(&line) && fwrite(line.at, 1, line.len, stdout) == line.len;
	buf_free(&line);
	return ok;
}
