/*
 * key.h: config.def as a table, and what each type of key takes and shows.  Private
 * to the room.
 *
 * Reading, showing, schema and docs loop over the table; no key has code of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/yaml.h"
#include "config/config.h"

struct key;

/* field is the key's place in a struct config. */
struct key_type {
	size_t size;
	bool is_list;
	const char *const *words; /* all that are allowed, ended by NULL */
	/*
	 * Takes one value, for a list: one more. False, and field untouched, if it is
	 * not allowed.  quoted: written in quotes, so never a number.
	 */
	bool (*take)(const struct key *key, void *field, const char *text, bool quoted);
	/*
	 * Of a list of sections, instead: one more, from the first event of its value
	 * to the last, errors said.
	 */
	void (*take_entry)(const struct key *key, void *field, struct yaml *yaml,
			   const char *file);
	/* Lists only. */
	size_t (*count)(const void *field);
	/* Writes the value, for a list: that of the index, as JSON. */
	void (*write)(struct buf *out, const void *field, size_t index);
	/* As write, the way a person writes it in YAML; NULL: as JSON. */
	void (*write_yaml)(struct buf *out, const void *field);
	/* Says what is allowed, "an integer from 1 to 64". */
	void (*expect)(struct buf *out, const struct key *key);
	/* Appends the JSON Schema of one value, without braces. */
	void (*schema)(struct buf *out, const struct key *key);
};

struct key {
	const struct key_type *type;
	const char *path, *preset, *doc;
	size_t offset;
	uint32_t min, max;
};

extern const struct key keys[];
extern const size_t key_count;

/*
 * Keys first..end-1, which stand together and share the first prefix bytes of their
 * path: "" or "capture.".  One level of YAML.
 */
struct key_level {
	size_t first, end, prefix;
};

struct key_level key_top(void);

/* Length of a key's name on this level, up to the dot or the end. */
size_t key_name_len(const struct key_level *level, size_t key);
bool key_is_section(const struct key_level *level, size_t key);

/* The level below: all keys of the section that `key` is the first of. */
struct key_level key_section(const struct key_level *level, size_t key);

/* First key after this one with another name on this level; level->end if none. */
size_t key_next(const struct key_level *level, size_t key);

/* The key, or first key of the section, of that name; level->end if there is none. */
size_t key_find(const struct key_level *level, const char *name);

static inline const void *key_field(const struct key *key, const struct config *config)
{
	return (const char *)config + key->offset;
}

static inline void *key_field_of(const struct key *key, struct config *config)
{
	return (char *)config + key->offset;
}

/* Appends the value as JSON, lists as one array. */
void key_write(struct buf *out, const struct key *key, const struct config *config);
void key_write_yaml(struct buf *out, const struct key *key,
		    const struct config *config);
