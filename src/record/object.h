/*
 * object.h: writes JSON objects member by member.
 *
 * Every member ends with a comma, and object_close() turns the last one into the
 * brace: no state, no question who comes first.  An unknown value writes nothing.
 */
#pragma once

#include "record/record.h"

/* name is NULL for the outermost and for elements of an array. */
void object_open(struct buf *out, const char *name);
void object_close(struct buf *out);

void object_u64(struct buf *out, const char *name, uint64_t value);
void object_bool(struct buf *out, const char *name, bool value);
void object_text(struct buf *out, const char *name, const char *text);
/* An array of the texts that `between` joins ('\0': it is one); none: nothing. */
void object_texts(struct buf *out, const char *name, const char *text, char between);
void object_addr(struct buf *out, const char *name, const struct addr *addr);
void object_decimal(struct buf *out, const char *name, double value);

/* zone follows the microseconds: "Z" or "+0000". */
void object_time(struct buf *out, const char *name, int64_t at_us, const char *zone);
