/*
 * parse.c: YAML events into a struct config, by the table of keys.
 *
 * Every function that takes a value starts on its first event and stops on its last,
 * right or wrong, so that one file shows all its errors at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/yaml.h"
#include "config/config.h"
#include "config/key.h"
#include "config/origin.h"

enum {
	NAME_MAX_LEN = NEAR_LEN_MAX, /* longer than any key */
	SEEN_MAX = 256,
	SIGNS_MAX = 16384, /* of []{},:? in a file */
};

/* A key or section that the file has set. */
struct seen {
	size_t key, prefix, line;
};

struct reader {
	struct yaml *yaml;
	struct config *config;
	struct config_origins *origins; /* NULL: nobody wants to know */
	const char *file;
	bool is_steered; /* a fleet's: of the keys only some */
	struct seen seen[SEEN_MAX];
	size_t seen_count;
};

/* The key in front of a value. */
struct name {
	char text[NAME_MAX_LEN + 1];
	size_t line, column;
};

static void say_names(struct buf *out, const struct key_level *level)
{
	for (size_t i = level->first; i < level->end; i = key_next(level, i)) {
		buf_text(out, i > level->first ? ", " : "");
		buf_add(out, keys[i].path + level->prefix, key_name_len(level, i));
	}
}

static void refuse_value(struct reader *reader, const struct key *key)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	buf_printf(out, "%s can't be ", key->path);
	yaml_say_found(out, event);
	buf_text(out, "; allowed is ");
	key->type->expect(out, key);
	buf_char(out, '\n');
	yaml_skip(reader->yaml);
}

static void take_scalar(struct reader *reader, const struct key *key)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (event->kind != YAML_SCALAR || event->is_null || event->is_broken ||
	    !key->type->take(key, key_field_of(key, reader->config), event->text,
			     event->quoted))
		refuse_value(reader, key);
}

static void take_list(struct reader *reader, const struct key *key)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (event->kind != YAML_LIST && !event->is_null) {
		refuse_value(reader, key);
		return;
	}
	memset(key_field_of(key, reader->config), 0, key->type->size);
	if (event->is_null)
		return;
	while (yaml_next(reader->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END)
		if (key->type->take_entry != NULL)
			key->type->take_entry(key, key_field_of(key, reader->config),
					      reader->yaml, reader->file);
		else
			take_scalar(reader, key);
}

/* Names the key that was most likely meant, if one is near. */
static void say_nearest(struct buf *out, const struct key_level *level,
			const char *text)
{
	size_t best = level->end, best_distance = 3;
	for (size_t i = level->first; i < level->end; i = key_next(level, i)) {
		size_t len = key_name_len(level, i);
		size_t distance =
			near_distance(text, keys[i].path + level->prefix, len);
		if (distance < best_distance && distance < len) {
			best = i;
			best_distance = distance;
		}
	}
	if (best == level->end)
		return;
	buf_text(out, "; did you mean ");
	buf_add(out, keys[best].path + level->prefix, key_name_len(level, best));
	buf_char(out, '?');
}

/* True if text is the rest of a whole path ("limits.loss"), written in one line. */
static bool is_dotted_path(const struct key_level *level, const char *text)
{
	for (size_t i = level->first; i < level->end; i++)
		if (strchr(text, '.') != NULL &&
		    strcmp(keys[i].path + level->prefix, text) == 0)
			return true;
	return false;
}

static void refuse_name(struct reader *reader, const struct key_level *level,
			const struct name *name)
{
	struct buf *out = yaml_error(reader->yaml, name->line, name->column);
	buf_text(out, "unknown key ");
	yaml_say_shown(out, name->text);
	if (level->prefix > 0)
		buf_printf(out, " in %.*s", (int)level->prefix - 1,
			   keys[level->first].path);
	if (strcmp(name->text, "<<") == 0)
		buf_text(out, "; merge keys are not understood");
	if (is_dotted_path(level, name->text)) {
		size_t dot = strcspn(name->text, ".");
		buf_printf(out, "; write \"%s:\" below \"%.*s:\", indented",
			   name->text + dot + 1, (int)dot, name->text);
	}
	buf_text(out, "; allowed: ");
	say_names(out, level);
	say_nearest(out, level, name->text);
	buf_char(out, '\n');
}

/* True, and an error, if the file has set this key before. */
static bool refuse_again(struct reader *reader, const struct key_level *level,
			 size_t key, const struct name *name)
{
	for (size_t i = 0; i < reader->seen_count; i++) {
		const struct seen *seen = &reader->seen[i];
		if (seen->key != key || seen->prefix != level->prefix)
			continue;
		buf_printf(yaml_error(reader->yaml, name->line, name->column),
			   "%.*s%s is set twice, first in line %zu; allowed is once\n",
			   (int)level->prefix, keys[key].path, name->text, seen->line);
		return true;
	}
	if (reader->seen_count < SEEN_MAX)
		reader->seen[reader->seen_count++] =
			(struct seen){ key, level->prefix, name->line };
	return false;
}

/* Reads the key in front of a value, and goes on to the value. */
static bool take_name(struct reader *reader, struct name *name)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	*name = (struct name){ .line = event->line, .column = event->column };
	bool good = !yaml_refuse_indirection(reader->yaml);
	if (good && (event->kind != YAML_SCALAR || event->is_broken)) {
		buf_text(yaml_error(reader->yaml, event->line, event->column),
			 "this can't be a key; allowed is a word\n");
		yaml_skip(reader->yaml);
		good = false;
	}
	if (good)
		memcpy(name->text, event->text, strnlen(event->text, NAME_MAX_LEN));
	yaml_next(reader->yaml);
	return good;
}

/* True, and an error, if the file may not set it. */
static bool refuse_steered(struct reader *reader, size_t key, const struct name *name)
{
	if (!reader->is_steered || config_may_steer(keys[key].path))
		return false;
	struct buf *out = yaml_error(reader->yaml, name->line, name->column);
	buf_printf(
		out,
		"%s is not for a fleet to set, but for the machine itself; allowed: ",
		keys[key].path);
	config_say_steered(out);
	buf_char(out, '\n');
	return true;
}

static void take_value(struct reader *reader, size_t key, size_t line)
{
	if (reader->origins != NULL)
		origin_note(reader->origins, key, reader->file, line);
	if (keys[key].type->is_list)
		take_list(reader, &keys[key]);
	else
		take_scalar(reader, &keys[key]);
}

static void take_level(struct reader *reader, const struct key_level *level);

/* Recursion goes as deep as the paths of config.def. */
static void take_section(struct reader *reader, const struct key_level *level,
			 size_t key)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct key_level below = key_section(level, key);
	if (yaml_refuse_indirection(reader->yaml) || event->is_null)
		return;
	if (event->kind == YAML_MAPPING) {
		take_level(reader, &below);
		return;
	}
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	buf_printf(out, "%.*s can't be ", (int)below.prefix - 1, keys[key].path);
	yaml_say_found(out, event);
	buf_text(out, "; allowed is a section with the keys ");
	say_names(out, &below);
	buf_char(out, '\n');
	yaml_skip(reader->yaml);
}

static void take_level(struct reader *reader, const struct key_level *level)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		struct name name;
		bool good = take_name(reader, &name);
		if (event->kind == YAML_END)
			return;
		size_t key = key_find(level, name.text);
		if (good && key == level->end)
			refuse_name(reader, level, &name);
		if (!good || key == level->end ||
		    refuse_again(reader, level, key, &name) ||
		    (!key_is_section(level, key) && refuse_steered(reader, key, &name)))
			yaml_skip(reader->yaml);
		else if (key_is_section(level, key))
			take_section(reader, level, key);
		else
			take_value(reader, key, name.line);
	}
}

static void take_document(struct reader *reader)
{
	const struct yaml_event *event = yaml_next(reader->yaml);
	struct key_level top = key_top();
	if (event->kind == YAML_END || yaml_refuse_indirection(reader->yaml) ||
	    event->is_null)
		return;
	if (event->kind == YAML_MAPPING) {
		take_level(reader, &top);
		return;
	}
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	buf_text(out, "a configuration can't be ");
	yaml_say_found(out, event);
	buf_text(out, "; allowed are the keys ");
	say_names(out, &top);
	buf_char(out, '\n');
	yaml_skip(reader->yaml);
}

static void take_file(struct reader *reader)
{
	const struct yaml_event *event = yaml_next(reader->yaml);
	if (event->kind == YAML_DOCUMENT) {
		take_document(reader);
		event = yaml_next(reader->yaml);
	}
	if (event->kind != YAML_END)
		buf_text(yaml_error(reader->yaml, event->line, event->column),
			 "a second document; allowed is one in a file\n");
}

int config_parse_traced(struct config *config, struct config_origins *origins,
			const struct config_text_of *whole, struct buf *errors)
{
	struct config next = *config;
	struct reader reader = { .config = &next,
				 .origins = origins,
				 .file = whole->name,
				 .is_steered = whole->is_steered,
				 .yaml = yaml_open(whole->text, whole->len, whole->name,
						   SIGNS_MAX, errors) };
	if (reader.yaml == NULL)
		return -ENOMEM;
	take_file(&reader);
	bool failed = yaml_failed(reader.yaml);
	yaml_close(reader.yaml);
	if (failed)
		return -EINVAL;
	*config = next;
	return 0;
}

int config_parse(struct config *config, const char *text, size_t len, const char *name,
		 struct buf *errors)
{
	const struct config_text_of whole = { text, len, name, false };
	return config_parse_traced(config, NULL, &whole, errors);
}
