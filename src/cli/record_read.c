/*
 * record_read.c: see record_read.h.
 */
#include "cli/record_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "cli/cli.h"
#include "cli/json.h"

static void read_text(const struct field *field, const char *text, void *at)
{
	int64_t at_us;
	const char *word;
	struct addr addr;
	switch (field->type) {
	case TYPE_time:
		if (when_parse(text, 0, &at_us))
			memcpy(at, &at_us, sizeof(at_us));
		break;
	case TYPE_addr:
		if (addr_parse(text, &addr))
			memcpy(at, &addr, sizeof(addr));
		break;
	case TYPE_word:
		word = record_word(text);
		memcpy(at, &word, sizeof(word));
		break;
	case TYPE_text32:
		record_text(at, sizeof(field_text32), text);
		break;
	case TYPE_text64:
		record_text(at, sizeof(field_text64), text);
		break;
	case TYPE_text256:
		record_text(at, sizeof(field_text256), text);
		break;
	default:
		break;
	}
}

static void read_number(const struct field *field, const json_t *value, void *at)
{
	json_int_t number = json_integer_value(value);
	double ratio = json_number_value(value);
	bool positive = json_is_integer(value) && number >= 0;
	if (field->type == TYPE_ratio)
		memcpy(at, &ratio, sizeof(ratio));
	else if (field->type == TYPE_u16 && positive && number < UNKNOWN_U16)
		*(field_u16 *)at = (field_u16)number;
	else if (field->type == TYPE_u32 && positive && number < UNKNOWN_U32)
		*(field_u32 *)at = (field_u32)number;
	else if (field->type == TYPE_u64 && positive)
		*(field_u64 *)at = (field_u64)number;
}

void record_read(enum record_kind kind, const json_t *object, void *record)
{
	const struct schema *schema = &schemas[kind];
	record_init(kind, record);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		const json_t *value = json_object_get(object, field->name);
		void *at = (char *)record + field->offset;
		if (json_is_string(value))
			read_text(field, json_string_value(value), at);
		else if (json_is_number(value))
			read_number(field, value, at);
		else if (json_is_boolean(value) && field->type == TYPE_flag)
			*(field_flag *)at = json_is_true(value);
	}
}

static int read_rows(enum record_kind kind, const json_t *rows, void **records,
		     size_t *count, char error[static CLIENT_ERROR_MAX])
{
	size_t size = schemas[kind].size, all = json_array_size(rows);
	*records = calloc(all + 1, size);
	if (rows == NULL || *records == NULL) {
		snprintf(error, CLIENT_ERROR_MAX, "the daemon's answer can't be read");
		return STATUS_UNREACHABLE;
	}
	for (size_t i = 0; i < all; i++)
		record_read(kind, json_array_get(rows, i), (char *)*records + i * size);
	*count = all;
	return STATUS_OK;
}

int records_get(struct client *client, const char *path, enum record_kind kind,
		void **records, size_t *count, char error[static CLIENT_ERROR_MAX])
{
	struct buf body = { 0 };
	*records = NULL;
	*count = 0;
	int status = client_get(client, path, &body, NULL, NULL, error);
	if (status == STATUS_OK) {
		json_t *rows = lines_parse(&body);
		status = read_rows(kind, rows, records, count, error);
		json_decref(rows);
	}
	buf_free(&body);
	return status;
}
