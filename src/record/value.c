/*
 * value.c: one field of a record as plain text.
 */
#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "record/record.h"

static bool put_number(struct buf *out, uint64_t value, uint64_t unknown)
{
	if (value != unknown)
		buf_u64(out, value);
	return value != unknown;
}

static bool put_text(struct buf *out, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return false;
	buf_text(out, text);
	return true;
}

static bool put_decimal(struct buf *out, double value)
{
	if (!(fabs(value) < 0x1p64))
		return false;
	buf_decimal(out, value);
	return true;
}

static bool put_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	if (at_us == UNKNOWN_TIME)
		return false;
	record_time_text(at_us, text);
	return put_text(out, text);
}

static bool put_addr(struct buf *out, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	if (addr_is_unset(addr))
		return false;
	addr_text(addr, text);
	return put_text(out, text);
}

static bool put_flag(struct buf *out, field_flag value)
{
	return value != UNKNOWN_FLAG && put_text(out, value != 0 ? "true" : "false");
}

static bool put_bytes(struct buf *out, const field_bytes1536 *bytes)
{
	char text[BASE64_LEN(sizeof(bytes->at)) + 1];
	base64_encode(bytes_of(bytes->at, bytes->len), text);
	return put_text(out, text);
}

bool record_value(struct buf *out, const struct field *field, const void *record)
{
	const void *at = (const char *)record + field->offset;
	switch (field->type) {
	case TYPE_time:
		return put_time(out, *(const field_time *)at);
	case TYPE_addr:
		return put_addr(out, at);
	case TYPE_u16:
		return put_number(out, *(const field_u16 *)at, UNKNOWN_U16);
	case TYPE_u32:
		return put_number(out, *(const field_u32 *)at, UNKNOWN_U32);
	case TYPE_u64:
		return put_number(out, *(const field_u64 *)at, UNKNOWN_U64);
	case TYPE_ratio:
	case TYPE_real:
		return put_decimal(out, *(const field_real *)at);
	case TYPE_flag:
		return put_flag(out, *(const field_flag *)at);
	case TYPE_word:
		return put_text(out, *(const field_word *)at);
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		return put_text(out, at);
	case TYPE_bytes1536:
		return put_bytes(out, at);
	}
	return false;
}
