/*
 * json.h: read the daemon's answers, with jansson.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "record/record.h"

/* Records of an NDJSON answer as an array; NULL if a line is no object. */
json_t *lines_parse(const struct buf *text);

/* One object; NULL if it is none. */
json_t *object_parse(const struct buf *text);

/* A member's text; NULL if it is missing or no text. */
const char *member_text(const json_t *object, const char *name);

/* A member's number; NaN if it is missing or no number. */
double member_number(const json_t *object, const char *name);

/* A record as a line on standard output; false if it could not be written. */
bool record_print(enum record_kind kind, const void *record);
