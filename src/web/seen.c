/*
 * seen.c: an open-addressed set of names; see seen.h.
 */
#include "web/seen.h"

#include <stdlib.h>
#include <string.h>

#include "web/field.h"

enum { ROOM_FIRST = 1024 };

void seen_init(struct seen *seen)
{
	*seen = (struct seen){ .key = hash_key_random() };
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
	struct seen larger = { .key = seen->key,
			       .room = seen->room == 0 ? ROOM_FIRST : 2 * seen->room };
	larger.at = calloc(larger.room, sizeof(*larger.at));
	if (larger.at == NULL)
		return false;
	for (size_t i = 0; i < seen->room; i++)
		if (seen->at[i] != 0)
			*place(&larger, seen->at[i]) = seen->at[i];
	larger.count = seen->count;
	free(seen->at);
	*seen = larger;
	return true;
}

void seen_add(struct seen *seen, uint64_t name)
{
	if (2 * seen->count >= seen->room && !grow(seen)) {
		seen->failed = true;
		return;
	}
	uint64_t *at = place(seen, name);
	if (*at == 0)
		seen->count++;
	*at = name;
}

bool seen_holds(const struct seen *seen, uint64_t name)
{
	return seen->room > 0 && *place(seen, name) != 0;
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

static bool is_of_name(const struct field *field)
{
	return field->role == ROLE_KEY || strcmp(field->name, "iface") == 0;
}

field_set seen_fields(const struct schema *schema)
{
	field_set set = 0;
	for (size_t i = 0; i < schema->field_count; i++)
		if (is_of_name(&schema->fields[i]))
			set |= field_bit(schema, &schema->fields[i]);
	return set;
}

uint64_t seen_name(const struct seen *seen, const struct schema *schema,
		   const void *record)
{
	uint64_t name = 0;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (is_of_name(field))
			name = fold(&seen->key, field, record, name);
	}
	return name == 0 ? 1 : name;
}

bool seen_has(const struct seen *seen, const struct schema *schema, const void *record)
{
	return seen->count > 0 && seen_holds(seen, seen_name(seen, schema, record));
}
