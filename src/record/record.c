/*
 * record.c: the tables that describe the records; see record.h.
 */
#include "record/record.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define RECORD(r, doc) static const struct field r##_fields[] = {
#define FIELD(r, type, name, role, doc)                                                \
	{ #name,                                                                       \
	  doc,                                                                         \
	  TYPE_##type,                                                                 \
	  ROLE_##role,                                                                 \
	  offsetof(struct r##_record, name),                                           \
	  "\"" #name "\":",                                                            \
	  sizeof("\"" #name "\":") - 1 },
#define END(r)                                                                         \
	EVERY_RECORD(r)                                                                \
	}                                                                              \
	;
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END

const struct schema schemas[RECORD_KINDS] = {
#define RECORD(r, doc)                                                                 \
	[RECORD_##r] = { #r, doc, r##_fields,                                          \
			 sizeof(r##_fields) / sizeof(r##_fields[0]),                   \
			 sizeof(struct r##_record) },
#define FIELD(r, type, name, role, doc)
#define END(r)
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END
};

/* One record of each kind with every field unknown, to be copied. */
/* clang-format off */
#define UNKNOWN_time UNKNOWN_TIME
#define UNKNOWN_addr { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
			 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } }
#define UNKNOWN_u16 UNKNOWN_U16
#define UNKNOWN_u32 UNKNOWN_U32
#define UNKNOWN_u64 UNKNOWN_U64
#define UNKNOWN_ratio NAN
#define UNKNOWN_real NAN
#define UNKNOWN_flag UNKNOWN_FLAG
#define UNKNOWN_word NULL
#define UNKNOWN_text32 ""
#define UNKNOWN_text64 ""
#define UNKNOWN_text256 ""
#define UNKNOWN_bytes1536 { 0 }
/* clang-format on */
#define RECORD(r, doc)                  static const struct r##_record unknown_##r = {
#define FIELD(r, type, name, role, doc) .name = UNKNOWN_##type,
#define END(r)                                                                         \
	EVERY_RECORD(r)                                                                \
	}                                                                              \
	;
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END

static const void *const unknown[RECORD_KINDS] = {
#define RECORD(r, doc) [RECORD_##r] = &unknown_##r,
#define FIELD(r, type, name, role, doc)
#define END(r)
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END
};

const struct schema *schema_by_name(const char *name)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (strcmp(schemas[kind].name, name) == 0)
			return &schemas[kind];
	return NULL;
}

const struct field *record_field(enum record_kind kind, const char *name)
{
	const struct schema *schema = &schemas[kind];
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return &schema->fields[i];
	return NULL;
}

int record_severity(const char *word)
{
	for (int i = 0; i < SEVERITIES; i++)
		if (word != NULL && strcmp(severity_names[i], word) == 0)
			return i;
	return -1;
}

void record_init(enum record_kind kind, void *record)
{
	memcpy(record, unknown[kind], schemas[kind].size);
}

void record_text(char *field, size_t size, const char *text)
{
	size_t len = strlen(text);
	if (len > size - 1)
		len = size - 1;
	memcpy(field, text, len);
	/* The rest too, so that equal records are equal bytes. */
	memset(field + len, 0, size - len);
}

field_set field_named(enum record_kind kind, const char *name)
{
	const struct field *field = record_field(kind, name);
	_Static_assert(CHAR_BIT * sizeof(field_set) == 64, "a bit for each field");
	return field == NULL ? 0 : UINT64_C(1) << (field - schemas[kind].fields);
}
