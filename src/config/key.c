/*
 * key.c: the table of keys and how to walk it by level.
 */
#include "config/key.h"

#include <string.h>

#include "config/type.h"

#define KEY(type, name, path, preset, min, max, doc)                                   \
	{                                                                              \
		&key_type_##type,                                                      \
		path,                                                                  \
		preset,                                                                \
		doc,                                                                   \
		offsetof(struct config, name),                                         \
		min,                                                                   \
		max                                                                    \
	},
const struct key keys[] = {
#include "config/config.def"
};
#undef KEY

const size_t key_count = sizeof(keys) / sizeof(keys[0]);

struct key_level key_top(void)
{
	return (struct key_level){ .end = key_count };
}

size_t key_name_len(const struct key_level *level, size_t key)
{
	return strcspn(keys[key].path + level->prefix, ".");
}

bool key_is_section(const struct key_level *level, size_t key)
{
	return keys[key].path[level->prefix + key_name_len(level, key)] == '.';
}

size_t key_next(const struct key_level *level, size_t key)
{
	size_t len = key_name_len(level, key) + 1; /* with its dot or NUL */
	const char *name = keys[key].path + level->prefix;
	size_t next = key + 1;
	while (next < level->end && key_is_section(level, key) &&
	       strncmp(keys[next].path + level->prefix, name, len) == 0)
		next++;
	return next;
}

struct key_level key_section(const struct key_level *level, size_t key)
{
	return (struct key_level){
		.first = key,
		.end = key_next(level, key),
		.prefix = level->prefix + key_name_len(level, key) + 1,
	};
}

size_t key_find(const struct key_level *level, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = level->first; i < level->end; i = key_next(level, i)) {
		if (key_name_len(level, i) == len &&
		    memcmp(keys[i].path + level->prefix, name, len) == 0)
			return i;
	}
	return level->end;
}

void key_write(struct buf *out, const struct key *key, const struct config *config)
{
	const void *field = key_field(key, config);
	if (!key->type->is_list) {
		key->type->write(out, field, 0);
		return;
	}
	buf_char(out, '[');
	for (size_t i = 0; i < key->type->count(field); i++) {
		buf_text(out, i > 0 ? ", " : "");
		key->type->write(out, field, i);
	}
	buf_char(out, ']');
}

void key_write_yaml(struct buf *out, const struct key *key, const struct config *config)
{
	if (key->type->write_yaml != NULL)
		key->type->write_yaml(out, key_field(key, config));
	else
		key_write(out, key, config);
}
