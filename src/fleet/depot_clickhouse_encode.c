/*
 * depot_clickhouse_encode.c: records in RowBinary: values as they are in memory, in
 * little endian; a byte of 1 for NULL; texts with their length in front, so that none
 * can mean anything else.
 */
#include "fleet/depot_clickhouse_encode.h"

#include <endian.h>
#include <math.h>
#include <string.h>

void clickhouse_insert(struct buf *sql, enum record_kind kind)
{
	const struct schema *schema = &schemas[kind];
	buf_printf(sql, "INSERT INTO \"%s\"(", schema->name);
	for (size_t i = 0; i < schema->field_count; i++)
		buf_printf(sql, "\"%s\",", schema->fields[i].name);
	buf_text(sql, "kept_at,batch_epoch,batch_sequence,batch_row)FORMAT RowBinary");
}

static char *put(char *out, const void *bytes, size_t len)
{
	memcpy(out, bytes, len);
	return out + len;
}

static char *put_64(char *out, uint64_t value)
{
	value = htole64(value);
	return put(out, &value, sizeof(value));
}

static char *put_null(char *out)
{
	*out++ = 1;
	return out;
}

/* What is no NULL follows. */
static char *put_known(char *out)
{
	*out++ = 0;
	return out;
}

static char *put_string(char *out, const void *bytes, size_t len)
{
	size_t rest = len;
	for (; rest >= 0x80; rest >>= 7)
		*out++ = (char)(rest | 0x80);
	*out++ = (char)rest;
	return put(out, bytes, len);
}

static char *put_text(char *out, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return put_null(out);
	return put_string(put_known(out), text, strlen(text));
}

static char *put_addr(char *out, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	if (addr_is_unset(addr))
		return put_null(out);
	return put_string(put_known(out), text, addr_text(addr, text));
}

static char *put_real(char *out, double value)
{
	uint64_t bits;
	if (!isfinite(value))
		return put_null(out);
	memcpy(&bits, &value, sizeof(bits));
	return put_64(put_known(out), bits);
}

static char *put_u16(char *out, uint16_t value)
{
	uint16_t little = htole16(value);
	return value == UNKNOWN_U16 ? put_null(out)
				    : put(put_known(out), &little, sizeof(little));
}

static char *put_u32(char *out, uint32_t value)
{
	uint32_t little = htole32(value);
	return value == UNKNOWN_U32 ? put_null(out)
				    : put(put_known(out), &little, sizeof(little));
}

static char *put_u64(char *out, uint64_t value, uint64_t unknown)
{
	return value == unknown ? put_null(out) : put_64(put_known(out), value);
}

static char *put_flag(char *out, uint8_t value)
{
	if (value == UNKNOWN_FLAG)
		return put_null(out);
	out = put_known(out);
	*out++ = value != 0;
	return out;
}

static char *put_bytes(char *out, const field_bytes1536 *bytes)
{
	return bytes->len == 0 ? put_null(out)
			       : put_string(put_known(out), bytes->at, bytes->len);
}

static char *put_field(char *out, const struct field *field, const void *value)
{
	switch (field->type) {
	case TYPE_time:
		return put_u64(out, (uint64_t) * (const field_time *)value,
			       (uint64_t)UNKNOWN_TIME);
	case TYPE_addr:
		return put_addr(out, value);
	case TYPE_u16:
		return put_u16(out, *(const field_u16 *)value);
	case TYPE_u32:
		return put_u32(out, *(const field_u32 *)value);
	case TYPE_u64:
		return put_u64(out, *(const field_u64 *)value, UNKNOWN_U64);
	case TYPE_ratio:
	case TYPE_real:
		return put_real(out, *(const field_ratio *)value);
	case TYPE_flag:
		return put_flag(out, *(const field_flag *)value);
	case TYPE_word:
		return put_text(out, *(const field_word *)value);
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		return put_text(out, value);
	case TYPE_bytes1536:
		break;
	}
	return put_bytes(out, value);
}

char *clickhouse_encode(char *out, enum record_kind kind, const void *record,
			const struct depot_place *place)
{
	const struct schema *schema = &schemas[kind];
	size_t last = schema->field_count - 1;
	for (size_t i = 0; i < last; i++)
		out = put_field(out, &schema->fields[i],
				(const char *)record + schema->fields[i].offset);
	/* The sensor (EVERY_RECORD), which is never NULL. */
	const char *sensor = (const char *)record + schema->fields[last].offset;
	out = put_string(out, sensor, strlen(sensor));
	out = put_64(out, (uint64_t)place->kept_at);
	out = put_64(out, (uint64_t)place->epoch);
	out = put_64(out, (uint64_t)place->sequence);
	return put_64(out, (uint64_t)place->row);
}
