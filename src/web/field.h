/*
 * field.h: one value of any record: as a number, as text, how wide it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

static inline const void *field_at(const struct field *field, const void *record)
{
	return (const char *)record + field->offset;
}

/* Whether it has an order of size; a time has one, too. */
bool field_is_number(const struct field *field);

/* As long double, which holds every 64-bit integer; NaN: unknown, or no number. */
long double field_number(const struct field *field, const void *record);

/* Of a text or word; "": unknown. */
const char *field_text(const struct field *field, const void *record);

int64_t field_us(const struct field *field, const void *record);

/* The set of that field; NULL is none. */
static inline field_set field_bit(const struct schema *schema,
				  const struct field *field)
{
	return field == NULL ? 0 : UINT64_C(1) << (field - schema->fields);
}

/* In bytes; 0: a text, which ends where it ends. */
size_t field_width(const struct field *field);
