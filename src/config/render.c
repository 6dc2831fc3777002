/*
 * render.c: the settings as YAML, JSON, JSON Schema and reference, all by the table.
 */
#include <string.h>

#include "config/config.h"
#include "config/key.h"

static void indent(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_text(out, "  ");
}

static void name_of(struct buf *out, const struct key_level *level, size_t key)
{
	buf_add(out, keys[key].path + level->prefix, key_name_len(level, key));
}

static void show_level(struct buf *out, const struct config *config,
		       const struct key_level *level, size_t depth)
{
	for (size_t i = level->first; i < level->end; i = key_next(level, i)) {
		if (depth == 0 && i > level->first)
			buf_char(out, '\n');
		if (!key_is_section(level, i)) {
			indent(out, depth);
			buf_printf(out, "# %s\n", keys[i].doc);
		}
		indent(out, depth);
		name_of(out, level, i);
		buf_char(out, ':');
		if (key_is_section(level, i)) {
			struct key_level below = key_section(level, i);
			buf_char(out, '\n');
			show_level(out, config, &below, depth + 1);
		} else {
			buf_char(out, ' ');
			key_write_yaml(out, &keys[i], config);
			buf_char(out, '\n');
		}
	}
}

bool config_is_same(const struct config *a, const struct config *b, const char *path)
{
	bool is_same = false;
	for (size_t i = 0; i < key_count; i++) {
		struct buf in_a = { 0 }, in_b = { 0 };
		if (strcmp(keys[i].path, path) != 0)
			continue;
		key_write_yaml(&in_a, &keys[i], a);
		key_write_yaml(&in_b, &keys[i], b);
		is_same = buf_ok(&in_a) && buf_ok(&in_b) && in_a.len == in_b.len &&
			  memcmp(in_a.at, in_b.at, in_a.len) == 0;
		buf_free(&in_a);
		buf_free(&in_b);
	}
	return is_same;
}

void config_show(struct buf *out, const struct config *config)
{
	struct key_level top = key_top();
	show_level(out, config, &top, 0);
}

static void json_level(struct buf *out, const struct config *config,
		       const struct key_level *level)
{
	buf_char(out, '{');
	for (size_t i = level->first; i < level->end; i = key_next(level, i)) {
		buf_text(out, i > level->first ? ", \"" : "\"");
		name_of(out, level, i);
		buf_text(out, "\": ");
		if (key_is_section(level, i)) {
			struct key_level below = key_section(level, i);
			json_level(out, config, &below);
		} else {
			key_write(out, &keys[i], config);
		}
	}
	buf_char(out, '}');
}

void config_json(struct buf *out, const struct config *config)
{
	struct key_level top = key_top();
	json_level(out, config, &top);
}

static void schema_key(struct buf *out, const struct config *presets, size_t depth,
		       const struct key *key)
{
	indent(out, depth);
	buf_text(out, "\"description\": \"");
	buf_json_text(out, key->doc);
	buf_text(out, "\",\n");
	indent(out, depth);
	if (key->type->is_list)
		buf_text(out, "\"type\": [\"array\", \"null\"], \"items\": {");
	key->type->schema(out, key);
	if (key->type->is_list)
		buf_printf(out, "}, \"maxItems\": %u", key->max);
	buf_text(out, ",\n");
	indent(out, depth);
	buf_text(out, "\"default\": ");
	key_write(out, key, presets);
	buf_char(out, '\n');
}

static void schema_level(struct buf *out, const struct config *presets,
			 const struct key_level *level, size_t depth)
{
	indent(out, depth);
	buf_text(out, "\"type\": [\"object\", \"null\"],\n");
	indent(out, depth);
	buf_text(out, "\"additionalProperties\": false,\n");
	indent(out, depth);
	buf_text(out, "\"properties\": {\n");
	for (size_t i = level->first; i < level->end; i = key_next(level, i)) {
		indent(out, depth + 1);
		buf_char(out, '"');
		name_of(out, level, i);
		buf_text(out, "\": {\n");
		if (key_is_section(level, i)) {
			struct key_level below = key_section(level, i);
			schema_level(out, presets, &below, depth + 2);
		} else {
			schema_key(out, presets, depth + 2, &keys[i]);
		}
		indent(out, depth + 1);
		buf_text(out, key_next(level, i) < level->end ? "},\n" : "}\n");
	}
	indent(out, depth);
	buf_text(out, "}\n");
}

void config_schema(struct buf *out)
{
	struct config presets;
	config_init(&presets);
	struct key_level top = key_top();
	buf_text(out,
		 "{\n"
		 "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		 "  \"title\": \"Breakwater configuration\",\n");
	schema_level(out, &presets, &top, 1);
	buf_text(out, "}\n");
}

static const char docs_head[] =
	"# Configuration\n"
	"\n"
	"<!-- Generated from src/config/config.def; do not edit. -->\n"
	"\n"
	"No configuration is needed: every key has a default, and the empty file "
	"works.\n"
	"\n"
	"`/etc/breakwater/breakwater.yaml`, or the file given with `-c`, is read "
	"first,\n"
	"then every `*.yaml` of the folder `conf.d` beside it, in order of name.  A "
	"later\n"
	"file replaces single keys of an earlier one; a list is replaced whole.  "
	"Unknown\n"
	"keys, values out of range and keys set twice in a file are errors, and any "
	"error\n"
	"leaves all settings as they were.  A dot in a name below is one level of "
	"YAML:\n"
	"\n"
	"```yaml\n"
	"limits:\n"
	"  loss: 2 %\n"
	"```\n"
	"\n"
	"`breakwater config check` says whether the files are right, `config show` "
	"what is\n"
	"in force, `config schema` gives the JSON Schema for an editor.\n";

void config_docs(struct buf *out)
{
	struct config presets;
	config_init(&presets);
	buf_text(out, docs_head);
	for (size_t i = 0; i < key_count; i++) {
		buf_printf(out, "\n## `%s`\n\n%s\n\nAllowed: ", keys[i].path,
			   keys[i].doc);
		keys[i].type->expect(out, &keys[i]);
		buf_text(out, ". Default: `");
		key_write_yaml(out, &keys[i], &presets);
		buf_text(out, "`.\n");
	}
}
