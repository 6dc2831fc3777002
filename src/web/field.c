/*
 * field.c: see field.h.
 */
#include "web/field.h"

#include <math.h>
#include <string.h>

bool field_is_number(const struct field *field)
{
	return field->type == TYPE_u16 || field->type == TYPE_u32 ||
	       field->type == TYPE_u64 || field->type == TYPE_ratio ||
	       field->type == TYPE_real || field->type == TYPE_time;
}

int64_t field_us(const struct field *field, const void *record)
{
	int64_t at_us;
	memcpy(&at_us, field_at(field, record), sizeof(at_us));
	return at_us;
}

long double field_number(const struct field *field, const void *record)
{
	const void *at = field_at(field, record);
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	double ratio;
	switch (field->type) {
	case TYPE_u16:
		memcpy(&u16, at, sizeof(u16));
		return u16 == UNKNOWN_U16 ? (long double)NAN : u16;
	case TYPE_u32:
		memcpy(&u32, at, sizeof(u32));
		return u32 == UNKNOWN_U32 ? (long double)NAN : u32;
	case TYPE_u64:
		memcpy(&u64, at, sizeof(u64));
		return u64 == UNKNOWN_U64 ? (long double)NAN : (long double)u64;
	case TYPE_ratio:
	case TYPE_real:
		memcpy(&ratio, at, sizeof(ratio));
		return ratio;
	case TYPE_time:
		return field_us(field, record) == UNKNOWN_TIME
			       ? (long double)NAN
			       : (long double)field_us(field, record);
	default:
		return (long double)NAN;
	}
}

const char *field_text(const struct field *field, const void *record)
{
	if (field->type != TYPE_word)
		return field_at(field, record);
	const char *word;
	memcpy(&word, field_at(field, record), sizeof(word));
	return word == NULL ? "" : word;
}

size_t field_width(const struct field *field)
{
	switch (field->type) {
	case TYPE_flag:
		return sizeof(field_flag);
	case TYPE_u16:
		return sizeof(field_u16);
	case TYPE_u32:
		return sizeof(field_u32);
	case TYPE_u64:
		return sizeof(field_u64);
	case TYPE_time:
		return sizeof(field_time);
	case TYPE_addr:
		return sizeof(field_addr);
	case TYPE_ratio:
	case TYPE_real:
		return sizeof(field_ratio);
	default:
		return 0;
	}
}
