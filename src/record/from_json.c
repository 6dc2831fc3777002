/*
 * from_json.c: see from_json.h.
 */
#include "record/from_json.h"

#include <string.h>

#include "base/base64.h"
#include "base/when.h"

static void put_number(const struct field *field, const json_t *value, void *at)
{
	/* Jansson's integers are signed: the highest bit is never used. */
	uint64_t number = (uint64_t)json_integer_value(value);
	uint32_t u32 = (uint32_t)number;
	uint16_t u16 = (uint16_t)number;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return;
	if (field->type == TYPE_u64)
		memcpy(at, &number, sizeof(number));
	else if (field->type == TYPE_u32 && number < UNKNOWN_U32)
		memcpy(at, &u32, sizeof(u32));
	else if (field->type == TYPE_u16 && number < UNKNOWN_U16)
		memcpy(at, &u16, sizeof(u16));
}

static void put_bytes(const char *text, field_bytes1536 *bytes)
{
	bytes->len = (uint16_t)base64_decode(bytes_of(text, strlen(text)), bytes->at,
					     sizeof(bytes->at));
}

static void put_text(const struct field *field, const char *text, void *at)
{
	const char *word;
	int64_t at_us;
	switch (field->type) {
	case TYPE_time:
		if (when_parse(text, 0, &at_us))
			memcpy(at, &at_us, sizeof(at_us));
		break;
	case TYPE_addr:
		addr_parse(text, at);
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
	case TYPE_bytes1536:
		put_bytes(text, at);
		break;
	default:
		break;
	}
}

static void put_value(const struct field *field, const json_t *value, void *at)
{
	if (json_is_string(value)) {
		put_text(field, json_string_value(value), at);
	} else if ((field->type == TYPE_ratio || field->type == TYPE_real) &&
		   json_is_number(value)) {
		double ratio = json_number_value(value);
		memcpy(at, &ratio, sizeof(ratio));
	} else if (field->type == TYPE_flag && json_is_boolean(value)) {
		*(field_flag *)at = json_is_true(value) ? 1 : 0;
	} else {
		put_number(field, value, at);
	}
}

bool record_from_json(enum record_kind kind, const json_t *object, void *record)
{
	const struct schema *schema = &schemas[kind];
	const char *name = json_string_value(json_object_get(object, "record"));
	record_init(kind, record);
	if (name == NULL || strcmp(name, schema->name) != 0)
		return false;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		const json_t *value = json_object_get(object, field->name);
		if (value != NULL)
			put_value(field, value, (char *)record + field->offset);
	}
	return true;
}
