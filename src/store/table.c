/*
 * table.c: records as rows; see table.h.
 */
#include "store/table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_field(field_set fields, size_t i)
{
	return (fields >> i & 1) != 0;
}

static bool is_text(enum field_type type)
{
	return type == TYPE_addr || type == TYPE_word || type == TYPE_text32 ||
	       type == TYPE_text64 || type == TYPE_text256;
}

static const char *type_name(enum field_type type)
{
	if (is_text(type))
		return "TEXT";
	switch (type) {
	case TYPE_bytes1536:
		return "BLOB";
	case TYPE_ratio:
	case TYPE_real:
		return "REAL";
	default:
		return "INTEGER";
	}
}

void columns_define(struct buf *out, enum record_kind kind, field_set fields)
{
	const struct schema *schema = &schemas[kind];
	for (size_t i = 0; i < schema->field_count; i++)
		if (has_field(fields, i))
			buf_printf(out, "\"%s\" %s,", schema->fields[i].name,
				   type_name(schema->fields[i].type));
}

void columns_list(struct buf *out, enum record_kind kind, field_set fields,
		  const char *prefix)
{
	const struct schema *schema = &schemas[kind];
	for (size_t i = 0; i < schema->field_count; i++)
		if (has_field(fields, i))
			buf_printf(out, "%s\"%s\",", prefix, schema->fields[i].name);
}

void columns_places(struct buf *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_text(out, "?,");
}

size_t columns_count(enum record_kind kind, field_set fields)
{
	size_t count = 0;
	for (size_t i = 0; i < schemas[kind].field_count; i++)
		count += has_field(fields, i);
	return count;
}

void columns_end(struct buf *out, const char *text)
{
	if (out->len > 0 && out->at[out->len - 1] == ',')
		out->len--;
	buf_text(out, text);
}

/* ---- binding ---- */

static void bind_integer(sqlite3_stmt *stmt, int at, uint64_t value, uint64_t unknown)
{
	if (value != unknown)
		sqlite3_bind_int64(stmt, at, (int64_t)value);
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	if (text != NULL && text[0] != '\0')
		sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

static void bind_bytes(sqlite3_stmt *stmt, int at, const field_bytes1536 *bytes)
{
	if (bytes->len > 0)
		sqlite3_bind_blob(stmt, at, bytes->at, bytes->len, SQLITE_STATIC);
}

/* Parameters are NULL from sqlite3_clear_bindings(): what is unknown binds nothing. */
static void bind_field(sqlite3_stmt *stmt, int at, const struct field *field,
		       const void *value, char *addr)
{
	switch (field->type) {
	case TYPE_time:
		if (*(const field_time *)value != UNKNOWN_TIME)
			sqlite3_bind_int64(stmt, at, *(const field_time *)value);
		break;
	case TYPE_addr:
		if (!addr_is_unset(value)) {
			int len = (int)addr_text(value, addr);
			sqlite3_bind_text(stmt, at, addr, len, SQLITE_STATIC);
		}
		break;
	case TYPE_u16:
		bind_integer(stmt, at, *(const field_u16 *)value, UNKNOWN_U16);
		break;
	case TYPE_u32:
		bind_integer(stmt, at, *(const field_u32 *)value, UNKNOWN_U32);
		break;
	case TYPE_u64:
		bind_integer(stmt, at, *(const field_u64 *)value, UNKNOWN_U64);
		break;
	case TYPE_ratio:
	case TYPE_real:
		if (isfinite(*(const field_ratio *)value))
			sqlite3_bind_double(stmt, at, *(const field_ratio *)value);
		break;
	case TYPE_flag:
		bind_integer(stmt, at, *(const field_flag *)value, UNKNOWN_FLAG);
		break;
	case TYPE_word:
		bind_text(stmt, at, *(const field_word *)value);
		break;
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		bind_text(stmt, at, value);
		break;
	case TYPE_bytes1536:
		bind_bytes(stmt, at, value);
		break;
	}
}

int columns_bind(sqlite3_stmt *stmt, int at, enum record_kind kind, field_set fields,
		 const void *record, struct bind_scratch *scratch)
{
	const struct schema *schema = &schemas[kind];
	unsigned addrs = 0;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (!has_field(fields, i))
			continue;
		char *addr = scratch->addr[addrs];
		if (field->type == TYPE_addr && ++addrs >= ADDRS_MAX)
			addrs = ADDRS_MAX - 1;
		bind_field(stmt, at++, field, (const char *)record + field->offset,
			   addr);
	}
	return at;
}

/* ---- reading ---- */

/* True if the column is a number that fits. */
static bool read_integer(sqlite3_stmt *stmt, int at, uint64_t most, uint64_t *value)
{
	if (sqlite3_column_type(stmt, at) != SQLITE_INTEGER)
		return false;
	*value = (uint64_t)sqlite3_column_int64(stmt, at);
	return *value <= most;
}

static void read_number(sqlite3_stmt *stmt, int at, const struct field *field,
			void *value)
{
	uint64_t number;
	int type;
	switch (field->type) {
	case TYPE_u16:
		if (read_integer(stmt, at, UINT16_MAX, &number))
			*(field_u16 *)value = (field_u16)number;
		return;
	case TYPE_u32:
		if (read_integer(stmt, at, UINT32_MAX, &number))
			*(field_u32 *)value = (field_u32)number;
		return;
	case TYPE_u64:
		if (read_integer(stmt, at, UINT64_MAX, &number))
			*(field_u64 *)value = number;
		return;
	case TYPE_flag:
		if (read_integer(stmt, at, 1, &number))
			*(field_flag *)value = (field_flag)number;
		return;
	case TYPE_time:
		if (read_integer(stmt, at, UINT64_MAX, &number))
			*(field_time *)value = (field_time)number;
		return;
	default:
		type = sqlite3_column_type(stmt, at);
		if (type == SQLITE_FLOAT || type == SQLITE_INTEGER)
			*(field_ratio *)value = sqlite3_column_double(stmt, at);
	}
}

static void read_text(sqlite3_stmt *stmt, int at, const struct field *field,
		      void *value)
{
	static const size_t sizes[] = {
		[TYPE_text32] = sizeof(field_text32),
		[TYPE_text64] = sizeof(field_text64),
		[TYPE_text256] = sizeof(field_text256),
	};
	if (sqlite3_column_type(stmt, at) != SQLITE_TEXT)
		return;
	const char *text = (const char *)sqlite3_column_text(stmt, at);
	if (text == NULL)
		return;
	if (field->type == TYPE_addr)
		addr_parse(text, value);
	else if (field->type == TYPE_word)
		*(field_word *)value = record_word(text);
	else
		record_text(value, sizes[field->type], text);
}

/* What is longer than there is room for is not ours. */
static void read_bytes(sqlite3_stmt *stmt, int at, field_bytes1536 *bytes)
{
	int len = sqlite3_column_bytes(stmt, at);
	const void *from = sqlite3_column_blob(stmt, at);
	if (sqlite3_column_type(stmt, at) != SQLITE_BLOB || len <= 0 ||
	    (size_t)len > sizeof(bytes->at))
		return;
	memcpy(bytes->at, from, (size_t)len);
	bytes->len = (uint16_t)len;
}

int columns_read(sqlite3_stmt *stmt, int at, enum record_kind kind, field_set fields,
		 void *record)
{
	const struct schema *schema = &schemas[kind];
	if (schema->field_count < 64)
		fields &= (UINT64_C(1) << schema->field_count) - 1;
	for (; fields != 0; fields &= fields - 1) {
		const struct field *field = &schema->fields[__builtin_ctzll(fields)];
		void *value = (char *)record + field->offset;
		if (field->type == TYPE_bytes1536)
			read_bytes(stmt, at++, value);
		else if (is_text(field->type))
			read_text(stmt, at++, field, value);
		else
			read_number(stmt, at++, field, value);
	}
	return at;
}

/* ---- comparing ---- */

static bool holds_number(sqlite3_stmt *stmt, int at, const struct field *field,
			 const void *value)
{
	switch (field->type) {
	case TYPE_u16:
		return sqlite3_column_int64(stmt, at) == *(const field_u16 *)value;
	case TYPE_u32:
		return sqlite3_column_int64(stmt, at) == *(const field_u32 *)value;
	case TYPE_flag:
		return sqlite3_column_int64(stmt, at) == *(const field_flag *)value;
	case TYPE_u64:
	case TYPE_time:
		return sqlite3_column_type(stmt, at) == SQLITE_INTEGER;
	default:
		return true;
	}
}

static bool holds_text(sqlite3_stmt *stmt, int at, const struct field *field,
		       const void *value)
{
	char addr[ADDR_TEXT_MAX] = "";
	const char *text = field->type == TYPE_word ? *(const field_word *)value
						    : (const char *)value;
	if (field->type == TYPE_addr) {
		addr_text(value, addr);
		text = addr;
	}
	size_t len = text != NULL ? strlen(text) : 0;
	return sqlite3_column_type(stmt, at) == SQLITE_TEXT && len > 0 &&
	       (size_t)sqlite3_column_bytes(stmt, at) == len &&
	       memcmp(sqlite3_column_text(stmt, at), text, len) == 0;
}

bool columns_hold(sqlite3_stmt *stmt, int at, enum record_kind kind, field_set fields,
		  const void *record)
{
	const struct schema *schema = &schemas[kind];
	bool ok = true;
	for (size_t i = 0; i < schema->field_count && ok; i++) {
		const struct field *field = &schema->fields[i];
		const void *value = (const char *)record + field->offset;
		if (!has_field(fields, i) ||
		    sqlite3_column_type(stmt, at++) == SQLITE_NULL)
			continue;
		ok = is_text(field->type) ? holds_text(stmt, at - 1, field, value)
					  : holds_number(stmt, at - 1, field, value);
	}
	return ok;
}
