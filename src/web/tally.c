/*
 * tally.c: see tally.h.
 */
#include "web/tally.h"

#include <math.h>

#include "record/object.h"

size_t tally_size(const struct measures *measures)
{
	return sizeof(struct tally) + measures->count * sizeof(struct tally_value);
}

/* The value, of `known` records, counts too. */
static void take(struct tally_value *into, enum measure_how how, long double value,
		 uint64_t known)
{
	bool is_first = into->known == 0;
	into->known += known;
	if (how == MEASURE_SUM || how == MEASURE_MEAN)
		into->value += value;
	else if (is_first ||
		 (how == MEASURE_MAX ? value > into->value : value < into->value))
		into->value = value;
}

void tally_add(struct tally *tally, const struct measures *measures, const void *record)
{
	tally->count++;
	for (size_t i = 0; i < measures->count; i++) {
		const struct measure *measure = &measures->at[i];
		long double value = field_number(measure->field, record);
		if (measure->other != NULL)
			value += field_number(measure->other, record);
		if (!isnan(value))
			take(&tally->values[i], measure->how, value, 1);
	}
}

void tally_merge(struct tally *into, const struct measures *measures,
		 const struct tally *from)
{
	into->count += from->count;
	for (size_t i = 0; i < measures->count; i++)
		if (from->values[i].known > 0)
			take(&into->values[i], measures->at[i].how,
			     from->values[i].value, from->values[i].known);
}

long double tally_number(const struct tally *tally, const struct measures *measures,
			 size_t measure)
{
	const struct tally_value *value = &tally->values[measure];
	if (value->known == 0)
		return (long double)NAN;
	return measures->at[measure].how == MEASURE_MEAN
		       ? value->value / (long double)value->known
		       : value->value;
}

static bool is_whole(const struct measure *measure)
{
	enum field_type type = measure->field->type;
	return measure->how != MEASURE_MEAN && type != TYPE_ratio && type != TYPE_real;
}

void tally_write(struct buf *out, const struct tally *tally,
		 const struct measures *measures)
{
	object_u64(out, "count", tally->count);
	for (size_t i = 0; i < measures->count; i++) {
		const struct measure *measure = &measures->at[i];
		long double value = tally_number(tally, measures, i);
		if (isnan(value))
			continue;
		if (measure->field->type == TYPE_time)
			object_time(out, measure->name, (int64_t)value, "Z");
		else if (is_whole(measure) && value < 0x1p64L)
			object_u64(out, measure->name, (uint64_t)value);
		else
			object_decimal(out, measure->name, (double)value);
	}
}
