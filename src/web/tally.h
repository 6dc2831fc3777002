/*
 * tally.h: what is counted of a group of records: how many, and sums, extremes and
 * means of some of their fields.
 *
 * A value that is not known counts nowhere: a sum is of the known ones, and so is a
 * mean.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "web/field.h"

enum { MEASURES_MAX = 8, MEASURE_NAME_MAX = 80 };

enum measure_how { MEASURE_SUM, MEASURE_MAX, MEASURE_MIN, MEASURE_MEAN };

struct measure {
	enum measure_how how;
	const struct field *field, *other; /* of both the sum; NULL: of one */
	char name[MEASURE_NAME_MAX];       /* "sum_client_bytes" */
};

struct measures {
	struct measure at[MEASURES_MAX];
	size_t count;
};

struct tally_value {
	long double value; /* of a mean: the sum; exact as long as 64 bits hold it */
	uint64_t known;    /* how many it is of */
};

struct tally {
	_Alignas(long double) uint64_t count;
	struct tally_value values[]; /* one per measure */
};

/* Bytes that one takes, with those values. All zero is one of no record. */
size_t tally_size(const struct measures *measures);
void tally_add(struct tally *tally, const struct measures *measures,
	       const void *record);
void tally_merge(struct tally *into, const struct measures *measures,
		 const struct tally *from);

/* NaN: nothing known. */
long double tally_number(const struct tally *tally, const struct measures *measures,
			 size_t measure);

/* Appends "count":3,"sum_client_bytes":1234, and so on; what is unknown is left out. */
void tally_write(struct buf *out, const struct tally *tally,
		 const struct measures *measures);
