/*
 * seen.c: an open-addressed set of names; see seen.h.
 */
#include "web/seen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "web/field.h"

enum { ROOM_FIRST = 1024 };

static bool is_of_name(const struct field *field)
{
	return field->role == ROLE_KEY || strcmp(field->name, "iface") == 0;
}

void seen_init(struct seen *seen, const struct schema *schema)
{
	*seen = (struct seen){ .schema = schema,
			       .first_us = INT64_MAX,
			       .last_us = INT64_MIN,
			       .first_end_us = INT64_MAX,
			       .key = hash_key_random() };
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (strcmp(field->name, "end") == 0)
			seen->end = field;
		if (!is_of_name(field))
			continue;
		assert(seen->field_count < SEEN_FIELDS_MAX);
		seen->fields[seen->field_count++] = field;
		if (field->type == TYPE_time && seen->begin == NULL)
			seen->begin = field;
	}
}

void seen_free(struct seen *seen)
{
	free(seen->at);
	*seen = (struct seen){ 0 };
}

/* The place of that name, or the free one where it belongs; there always is one. */
static uint64_t *place(const struct seen *seen, uint64_t name)
{
	size_t i = (size_t)name & (seen->room - 1);
	while (seen->at[i] != 0 && seen->at[i] != name)
		i = (i + 1) & (seen->room - 1);
	return &seen->at[i];
}

static bool grow(struct seen *seen)
{
	struct seen larger = *seen;
	larger.room = seen->room == 0 ? ROOM_FIRST : 2 * seen->room;
	larger.at = calloc(larger.room, sizeof(*larger.at));
	if (larger.at == NULL)
		return false;
	for (size_t i = 0; i < seen->room; i++)
		if (seen->at[i] != 0)
			*place(&larger, seen->at[i]) = seen->at[i];
	free(seen->at);
	*seen = larger;
	return true;
}

/* At most 256 bytes of a field, with zeros behind: the type decides how many. */
static uint64_t fold(const struct hash_key *key, const struct field *field,
		     const void *record, uint64_t before)
{
	uint64_t words[1 + sizeof(field_text256) / sizeof(uint64_t)] = { before };
	const char *at = field_at(field, record);
	size_t len = field_width(field);
	if (len == 0) {
		at = field_text(field, record);
		len = strnlen(at, sizeof(field_text256));
	}
	memcpy(&words[1], at, len);
	return hash_words(key, words, 1 + (len + 7) / 8);
}

static uint64_t name_of(const struct seen *seen, const void *record)
{
	uint64_t name = 0;
	for (size_t i = 0; i < seen->field_count; i++)
		name = fold(&seen->key, seen->fields[i], record, name);
	return name == 0 ? 1 : name;
}

/* INT64_MIN: there is none, or it is not known. */
static int64_t end_of(const struct seen *seen, const void *record)
{
	int64_t at_us = seen->end != NULL ? field_us(seen->end, record) : UNKNOWN_TIME;
	return at_us != UNKNOWN_TIME ? at_us : INT64_MIN;
}

void seen_add(struct seen *seen, const void *record)
{
	int64_t end_us = end_of(seen, record);
	seen->first_end_us = end_us < seen->first_end_us ? end_us : seen->first_end_us;
	if (2 * seen->count >= seen->room && !grow(seen)) {
		seen->failed = true;
		return;
	}
	uint64_t name = name_of(seen, record);
	uint64_t *at = place(seen, name);
	if (*at == 0)
		seen->count++;
	*at = name;
	if (seen->begin == NULL)
		return;
	int64_t at_us = field_us(seen->begin, record);
	seen->first_us = at_us < seen->first_us ? at_us : seen->first_us;
	seen->last_us = at_us > seen->last_us ? at_us : seen->last_us;
}

field_set seen_fields(const struct seen *seen)
{
	field_set set = 0;
	for (size_t i = 0; i < seen->field_count && seen->count > 0; i++)
		set |= field_bit(seen->schema, seen->fields[i]);
	return set;
}

bool seen_has(const struct seen *seen, const void *record)
{
	if (seen->count == 0)
		return false;
	if (seen->begin != NULL && (field_us(seen->begin, record) < seen->first_us ||
				    field_us(seen->begin, record) > seen->last_us))
		return false;
	return *place(seen, name_of(seen, record)) != 0;
}
