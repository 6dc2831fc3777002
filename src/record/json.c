/*
 * json.c: records as JSON objects, and the tables as JSON and as Markdown.
 */
#include <string.h>

#include "record/object.h"

static void write_field(struct buf *out, const struct field *field, const char *at)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	switch (field->type) {
	case TYPE_time:
		object_time(out, field->name, *(const field_time *)(const void *)at,
			    "Z");
		break;
	case TYPE_addr:
		object_addr(out, field->name, (const field_addr *)(const void *)at);
		break;
	case TYPE_u16:
		memcpy(&u16, at, sizeof(u16));
		object_u64(out, field->name, u16 == UNKNOWN_U16 ? UNKNOWN_U64 : u16);
		break;
	case TYPE_u32:
		memcpy(&u32, at, sizeof(u32));
		object_u64(out, field->name, u32 == UNKNOWN_U32 ? UNKNOWN_U64 : u32);
		break;
	case TYPE_u64:
		memcpy(&u64, at, sizeof(u64));
		object_u64(out, field->name, u64);
		break;
	case TYPE_ratio:
		object_ratio(out, field->name, *(const field_ratio *)(const void *)at);
		break;
	case TYPE_word:
		object_text(out, field->name, *(const field_word *)(const void *)at);
		break;
	case TYPE_text32:
	case TYPE_text64:
		object_text(out, field->name, at);
		break;
	}
}

void record_json(struct buf *out, enum record_kind kind, const void *record)
{
	const struct schema *schema = &schemas[kind];
	object_open(out, NULL);
	object_text(out, "record", schema->name);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		write_field(out, field, (const char *)record + field->offset);
	}
	object_close(out);
}

static const char *json_type(enum field_type type)
{
	switch (type) {
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
		return "integer";
	case TYPE_ratio:
		return "number";
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
