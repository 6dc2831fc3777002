/*
 * json.c: records as JSON objects, and the tables as JSON and as Markdown.
 */
#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "record/object.h"
#include "record/text.h"

/* A record is put together here and appended in few pieces. */
struct line {
	struct buf *out;
	size_t len;
	char at[1024];
};

enum { VALUE_MAX = 64, FIELD_MAX = FIELD_KEY_MAX + VALUE_MAX + 4 };

static void flush(struct line *line)
{
	buf_add(line->out, line->at, line->len);
	line->len = 0;
}

static char *put_key(struct line *line, const struct field *field)
{
	if (line->len > sizeof(line->at) - FIELD_MAX)
		flush(line);
	/* The padding too: a copy of constant size is a few instructions. */
	memcpy(line->at + line->len, field->key, sizeof(field->key));
	line->len += field->key_len;
	return line->at + line->len;
}

static void put_number(struct line *line, const struct field *field, uint64_t value)
{
	char *at = put_key(line, field);
	size_t len = text_u64(value, at);
	at[len] = ',';
	line->len += len + 1;
}

static void put_time(struct line *line, const struct field *field, int64_t at_us)
{
	char *at = put_key(line, field);
	at[0] = '"';
	size_t len = 1 + text_time(at_us, at + 1);
	memcpy(at + len, "Z\",", 3);
	line->len += len + 3;
}

static void put_addr(struct line *line, const struct field *field,
		     const struct addr *addr)
{
	char *at = put_key(line, field);
	at[0] = '"';
	size_t len = 1 + addr_text(addr, at + 1);
	memcpy(at + len, "\",", 2);
	line->len += len + 2;
}

static void put_text(struct line *line, const struct field *field, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	size_t len = text_plain(text, VALUE_MAX);
	if (len == 0) {
		flush(line);
		object_text(line->out, field->name, text);
		return;
	}
	char *at = put_key(line, field);
	at[0] = '"';
	memcpy(at + 1, text, len);
	memcpy(at + 1 + len, "\",", 2);
	line->len += len + 3;
}

static void put_decimal(struct line *line, const struct field *field, double value)
{
	if (!isfinite(value))
		return;
	flush(line);
	object_decimal(line->out, field->name, value);
}

static void put_flag(struct line *line, const struct field *field, field_flag value)
{
	if (value == UNKNOWN_FLAG)
		return;
	flush(line);
	object_bool(line->out, field->name, value != 0);
}

static void put_bytes(struct line *line, const struct field *field,
		      const field_bytes1536 *bytes)
{
	char text[BASE64_LEN(sizeof(bytes->at)) + 1];
	base64_encode(bytes_of(bytes->at, bytes->len), text);
	put_text(line, field, text);
}

/* Unknown values write nothing. */
__attribute__((nonnull)) static void
put_field(struct line *line, const struct field *field, const void *at)
{
	switch (field->type) {
	case TYPE_time:
		if (*(const field_time *)at != UNKNOWN_TIME)
			put_time(line, field, *(const field_time *)at);
		break;
	case TYPE_addr:
		if (!addr_is_unset(at))
			put_addr(line, field, at);
		break;
	case TYPE_u16:
		if (*(const field_u16 *)at != UNKNOWN_U16)
			put_number(line, field, *(const field_u16 *)at);
		break;
	case TYPE_u32:
		if (*(const field_u32 *)at != UNKNOWN_U32)
			put_number(line, field, *(const field_u32 *)at);
		break;
	case TYPE_u64:
		if (*(const field_u64 *)at != UNKNOWN_U64)
			put_number(line, field, *(const field_u64 *)at);
		break;
	case TYPE_ratio:
	case TYPE_real:
		put_decimal(line, field, *(const field_ratio *)at);
		break;
	case TYPE_flag:
		put_flag(line, field, *(const field_flag *)at);
		break;
	case TYPE_word:
		put_text(line, field, *(const field_word *)at);
		break;
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		put_text(line, field, at);
		break;
	case TYPE_bytes1536:
		put_bytes(line, field, at);
		break;
	}
}

void record_json(struct buf *out, enum record_kind kind, const void *record)
{
	const struct schema *schema = &schemas[kind];
	object_open(out, NULL);
	object_text(out, "record", schema->name);
	struct line line; /* not zeroed: that would cost more than writing it */
	line.out = out;
	line.len = 0;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		put_field(&line, field, (const char *)record + field->offset);
	}
	flush(&line);
	object_close(out);
}

void record_json_field(struct buf *out, const struct field *field, const void *record)
{
	struct line line;
	line.out = out;
	line.len = 0;
	put_field(&line, field, (const char *)record + field->offset);
	flush(&line);
}

static const char *json_type(enum field_type type)
{
	switch (type) {
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
		return "integer";
	case TYPE_ratio:
	case TYPE_real:
		return "number";
	case TYPE_flag:
		return "boolean";
	default:
		return "string";
	}
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* What the text or number stands for; the names carry it. "" if it is plain. */
static const char *unit_of(const struct field *field)
{
	if (field->type == TYPE_time)
		return "date-time";
	if (field->type == TYPE_addr)
		return "ip";
	if (field->type == TYPE_ratio)
		return "ratio";
	if (strcmp(field->name, "bytes") == 0 || ends_with(field->name, "_bytes"))
		return "bytes";
	if (ends_with(field->name, "_us"))
		return "us";
	return ends_with(field->name, "_s") ? "s" : "";
}

static const char *role_name(enum field_role role)
{
	static const char *const names[] = {
		[ROLE_NOTE] = "note",
		[ROLE_KEY] = "key",
		[ROLE_COUNTER] = "counter",
		[ROLE_GAUGE] = "gauge",
	};
	return names[role];
}

static void write_field_schema(struct buf *out, const struct field *field)
{
	object_open(out, NULL);
	object_text(out, "name", field->name);
	object_text(out, "type", json_type(field->type));
	object_text(out, "unit", unit_of(field));
	object_text(out, "role", role_name(field->role));
	object_text(out, "doc", field->doc);
	object_close(out);
}

static void write_schema(struct buf *out, const struct schema *schema)
{
	object_open(out, NULL);
	object_text(out, "name", schema->name);
	object_text(out, "doc", schema->doc);
	buf_text(out, "\"fields\":[");
	for (size_t i = 0; i < schema->field_count; i++) {
		buf_text(out, i == 0 ? "" : ",");
		write_field_schema(out, &schema->fields[i]);
	}
	buf_char(out, ']');
	object_close(out);
}

void record_schema_json(struct buf *out)
{
	buf_text(out, "{\"records\":[");
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		buf_text(out, kind == 0 ? "" : ",");
		write_schema(out, &schemas[kind]);
	}
	buf_text(out, "]}");
}

static void write_docs(struct buf *out, const struct schema *schema)
{
	buf_printf(out, "\n## %s\n\n%s\n\n", schema->name, schema->doc);
	buf_text(out,
		 "| field | type | unit | role | meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		buf_printf(out, "| `%s` | %s | %s | %s | %s |\n", field->name,
			   json_type(field->type), unit_of(field),
			   role_name(field->role), field->doc);
	}
}

void record_docs(struct buf *out)
{
	buf_text(out, "# Records\n\n"
		      "Generated from `src/record/record.def`; change it there.\n\n"
		      "Every object has `\"record\"` with its name. An absent field is "
		      "unknown,\n"
		      "never 0. A key names the thing, a counter only rises within one "
		      "thing,\n"
		      "a gauge may fall, a note says more about it.\n");
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		write_docs(out, &schemas[kind]);
}
