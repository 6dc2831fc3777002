/*
 * csv.c: records as a table for spreadsheets (RFC 4180): a line of names, then a record
 * a line, every field in its place, unknown ones empty.
 */
#include "record/record.h"

void record_csv_begin(struct buf *out, enum record_kind kind)
{
	const struct schema *schema = &schemas[kind];
	for (size_t i = 0; i < schema->field_count; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", schema->fields[i].name);
	buf_text(out, "\r\n");
}

/* Numbers may be negative, and are no formulas. */
static bool is_text(const struct field *field)
{
	return field->type == TYPE_word || field->type == TYPE_text32 ||
	       field->type == TYPE_text64 || field->type == TYPE_text256;
}

void record_csv(struct buf *out, enum record_kind kind, const void *record)
{
	const struct schema *schema = &schemas[kind];
	struct buf value = { 0 };
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (i > 0)
			buf_char(out, ',');
		if (!is_text(field)) {
			record_value(out, field, record);
			continue;
		}
		buf_clear(&value);
		if (record_value(&value, field, record) && buf_cstr(&value) != NULL)
			buf_csv_text(out, value.at);
	}
	buf_text(out, "\r\n");
	out->failed |= value.failed;
	buf_free(&value);
}
