/*
 * whole.c: see whole.h.
 */
#include "fleet/whole.h"

#include <string.h>

#include "base/addr.h"
#include "base/words.h"

/* The year 36000: far from any clock, and two of them have a difference. */
#define LATEST_US (INT64_C(1) << 60)

/* What must be known. */
static const struct need {
	enum record_kind kind;
	const char *field;
} needs[] = {
	{ RECORD_finding, "id" },         { RECORD_finding, "at" },
	{ RECORD_finding, "first" },      { RECORD_finding, "last" },
	{ RECORD_finding, "kind" },       { RECORD_finding, "state" },
	{ RECORD_finding, "severity" },   { RECORD_alert, "id" },
	{ RECORD_alert, "at" },           { RECORD_alert, "start" },
	{ RECORD_alert, "state" },        { RECORD_alert, "severity" },
	{ RECORD_block, "id" },           { RECORD_block, "at" },
	{ RECORD_block, "address" },      { RECORD_block, "action" },
	{ RECORD_block, "state" },        { RECORD_listener, "at" },
	{ RECORD_listener, "ip" },        { RECORD_listener, "port" },
	{ RECORD_listener, "transport" }, { RECORD_listener, "change" },
};
enum { NEEDS = sizeof(needs) / sizeof(needs[0]) };

static int64_t time_at(const void *at)
{
	int64_t us;
	memcpy(&us, at, sizeof(us));
	return us;
}

/* Of kinds of findings a newer sensor may have more. */
static bool has_word(const struct need *need, const void *at)
{
	const char *word;
	memcpy(&word, at, sizeof(word));
	const char *const *words = strcmp(need->field, "kind") != 0
					   ? record_allowed(need->kind, need->field)
					   : NULL;
	return word != NULL && (words == NULL || words_hold(words, word));
}

static bool has_number(const void *at)
{
	uint32_t number;
	memcpy(&number, at, sizeof(number));
	return number != UNKNOWN_U32;
}

static bool is_met(const struct need *need, const void *record)
{
	const struct field *field = record_field(need->kind, need->field);
	const char *at = (const char *)record + field->offset;
	switch (field->type) {
	case TYPE_time:
		return time_at(at) != UNKNOWN_TIME;
	case TYPE_addr:
		return !addr_is_unset((const struct addr *)(const void *)at);
	case TYPE_u32:
		return has_number(at);
	case TYPE_word:
		return has_word(need, at);
	default:
		return at[0] != '\0'; /* a text */
	}
}

static bool has_good_times(enum record_kind kind, const void *record)
{
	const struct schema *schema = &schemas[kind];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (field->type != TYPE_time)
			continue;
		int64_t us = time_at((const char *)record + field->offset);
		if (us != UNKNOWN_TIME && (us < 0 || us > LATEST_US))
			return false;
	}
	return true;
}

bool whole_record(enum record_kind kind, const void *record)
{
	for (size_t i = 0; i < NEEDS; i++)
		if (needs[i].kind == kind && !is_met(&needs[i], record))
			return false;
	return has_good_times(kind, record);
}
