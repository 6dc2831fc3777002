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

static void put_64(struct buf *out, uint64_t value)
{
	value = htole64(value);
	buf_add(out, &value, sizeof(value));
}

/* True if there is a value to come. */
static bool put_known(struct buf *out, bool is_known)
{
	buf_char(out, !is_known);
	return is_known;
}

static void put_string(struct buf *out, const void *bytes, size_t len)
{
	size_t rest = len;
	for (; rest >= 0x80; rest >>= 7)
		buf_char(out, (char)(rest | 0x80));
	buf_char(out, (char)rest);
	buf_add(out, bytes, len);
}

static void put_text(struct buf *out, const char *text)
{
	if (put_known(out, text != NULL && text[0] != '\0'))
		put_string(out, text, strlen(text));
}

static void put_addr(struct buf *out, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	if (put_known(out, !addr_is_unset(addr)))
		put_string(out, text, addr_text(addr, text));
}

static void put_real(struct buf *out, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	if (put_known(out, isfinite(value)))
		put_64(out, bits);
}

static void put_u16(struct buf *out, uint16_t value)
{
	uint16_t little = htole16(value);
	if (put_known(out, value != UNKNOWN_U16))
		buf_add(out, &little, sizeof(little));
}

static void put_u32(struct buf *out, uint32_t value)
{
	uint32_t little = htole32(value);
	if (put_known(out, value != UNKNOWN_U32))
		buf_add(out, &little, sizeof(little));
}

static void put_field(struct buf *out, const struct field *field, const void *value)
{
	const field_bytes1536 *bytes = value;
	switch (field->type) {
	case TYPE_time:
		if (put_known(out, *(const field_time *)value != UNKNOWN_TIME))
			put_64(out, (uint64_t) * (const field_time *)value);
		return;
	case TYPE_addr:
		put_addr(out, value);
		return;
	case TYPE_u16:
		put_u16(out, *(const field_u16 *)value);
		return;
	case TYPE_u32:
		put_u32(out, *(const field_u32 *)value);
		return;
	case TYPE_u64:
		if (put_known(out, *(const field_u64 *)value != UNKNOWN_U64))
			put_64(out, *(const field_u64 *)value);
		return;
	case TYPE_ratio:
	case TYPE_real:
		put_real(out, *(const field_ratio *)value);
		return;
	case TYPE_flag:
		if (put_known(out, *(const field_flag *)value != UNKNOWN_FLAG))
			buf_char(out, *(const field_flag *)value != 0);
		return;
	case TYPE_word:
		put_text(out, *(const field_word *)value);
		return;
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		put_text(out, value);
		return;
	case TYPE_bytes1536:
		if (put_known(out, bytes->len > 0))
			put_string(out, bytes->at, bytes->len);
	}
}

void clickhouse_encode(struct buf *out, enum record_kind kind, const void *record,
		       const struct depot_place *place)
{
	const struct schema *schema = &schemas[kind];
	size_t last = schema->field_count - 1;
	for (size_t i = 0; i < last; i++)
		put_field(out, &schema->fields[i],
			  (const char *)record + schema->fields[i].offset);
	/* The sensor (EVERY_RECORD), which is never NULL. */
	const char *sensor = (const char *)record + schema->fields[last].offset;
	put_string(out, sensor, strlen(sensor));
	put_64(out, (uint64_t)place->kept_at);
	put_64(out, (uint64_t)place->epoch);
	put_64(out, (uint64_t)place->sequence);
	put_64(out, (uint64_t)place->row);
}
