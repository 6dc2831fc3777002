/*
 * family.h: one family of samples of an exposition format, while it is written; private
 * to the room, and to docs/ where rules and panels name families.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "record/record.h"

enum { FAMILY_NAME_MAX = 96 };

struct family {
	struct buf *out;
	bool openmetrics;
	char name[FAMILY_NAME_MAX];
	const char *type, *unit; /* unit "": none */
};

/*
 * What names of a record's families begin with; NULL: its fields are in none.  Of a
 * probe, a listener and a sensor that is its last one, of a port the last minute or,
 * for what counts, since the start.
 */
const char *family_prefix(enum record_kind kind);
/* Name and unit of a field's family: _us, and a time, become _seconds (base units). */
void family_of(struct family *family, enum record_kind kind, const struct field *field);
/* Of a family that is no field's: breakwater_NAME. */
void family_named(struct family *family, const char *name, const char *unit,
		  const char *type, const char *doc);
/* "counter" or "gauge"; NULL: it is no value. */
const char *family_type(const struct field *field);
/* The same, and its only value. */
void family_single(struct family *family, const char *name, const char *unit,
		   const char *type, const char *doc, long double value);
/* HELP, TYPE and UNIT. */
void family_begin(struct family *family, const char *type, const char *doc);
/* "name_total" or "name"; labels and value follow. */
void family_sample(const struct family *family);
/* A label's value, escaped. */
void family_label(struct buf *out, const char *value);
/* The sensor's label, with `before` in front; nothing if it is not known. */
void family_sensor(struct buf *out, const char *before, const char *sensor);
/* Seconds are given in microseconds. */
void family_value(const struct family *family, long double value);

/*
 * Samples of a histogram: how many were at most each of the bounds (us), then all.
 * labels: "" or "name=\"value\"".
 */
struct family_histogram {
	const uint64_t *bounds_us, *up_to;
	size_t bounds;
	uint64_t count, sum_us;
};
void family_histogram(const struct family *family, const char *labels,
		      const struct family_histogram *histogram);

/* A field's value, a time in microseconds since 1970; NaN: unknown, or no number. */
long double family_number(const struct field *field, const void *record);
const struct field *family_field(enum record_kind kind, const char *name);
bool family_is_time(const struct field *field);
