/*
 * type_paths.c: yes or no, a file, lists of files, of any texts, of windows and of
 * ports.
 */
#include <string.h>

#include "base/port_set.h"
#include "base/window.h"
#include "config/type.h"

/* ---- flag ---- */

static bool flag_take(const struct key *key, void *field, const char *text, bool quoted)
{
	(void)key;
	bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
	bool no = strcmp(text, "no") == 0 || strcmp(text, "false") == 0;
	if (quoted || (!yes && !no))
		return false;
	*(config_flag *)field = yes;
	return true;
}

static void flag_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	buf_text(out, *(const config_flag *)field ? "true" : "false");
}

static void flag_write_yaml(struct buf *out, const void *field)
{
	buf_text(out, *(const config_flag *)field ? "yes" : "no");
}

static void flag_expect(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "yes or no");
}

/* "yes" is a word in YAML 1.2 and a boolean in 1.1, which editors know as well. */
static void flag_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"enum\": [true, false, \"yes\", \"no\"]");
}

const struct key_type key_type_flag = {
	.size = sizeof(config_flag),
	.take = flag_take,
	.write = flag_write,
	.write_yaml = flag_write_yaml,
	.expect = flag_expect,
	.schema = flag_schema,
};

/* ---- file ---- */

static bool file_take(const struct key *key, void *field, const char *text, bool quoted)
{
	return (text[0] == '/' || text[0] == '\0') &&
	       key_type_text.take(key, field, text, quoted);
}

static void file_write(struct buf *out, const void *field, size_t index)
{
	key_type_text.write(out, field, index);
}

static void file_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "a path from / on of at most %u characters, or \"\"", key->max);
}

static void file_schema(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "\"type\": \"string\", \"pattern\": \"^(/.*)?$\", "
		   "\"maxLength\": %u",
		   key->max);
}

const struct key_type key_type_file = {
	.size = sizeof(config_file),
	.take = file_take,
	.write = file_write,
	.expect = file_expect,
	.schema = file_schema,
};

/* ---- paths ---- */

static bool paths_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	struct config_paths *list = field;
	const struct key bounds = { .min = 1, .max = CONFIG_TEXT_MAX - 1 };
	if (list->count >= key->max || list->count >= CONFIG_PATHS_MAX ||
	    text[0] != '/' ||
	    !key_type_text.take(&bounds, list->at[list->count], text, quoted))
		return false;
	list->count++;
	return true;
}

static size_t paths_count(const void *field)
{
	return ((const struct config_paths *)field)->count;
}

static void paths_write(struct buf *out, const void *field, size_t index)
{
	key_type_text.write(out, ((const struct config_paths *)field)->at[index], 0);
}

static void paths_expect(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "a list of at most %u files from / on, * and ? for any part of a "
		   "name, such as [/var/log/auth.log]",
		   key->max);
}

static void paths_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": \"^/\", \"maxLength\": 255");
}

const struct key_type key_type_paths = {
	.size = sizeof(struct config_paths),
	.is_list = true,
	.take = paths_take,
	.count = paths_count,
	.write = paths_write,
	.expect = paths_expect,
	.schema = paths_schema,
};

/* ---- texts ---- */

static bool texts_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	struct config_texts *list = field;
	const struct key bounds = { .min = 1, .max = CONFIG_TEXT_MAX - 1 };
	if (list->count >= key->max || list->count >= CONFIG_LIST_MAX ||
	    !key_type_text.take(&bounds, list->at[list->count], text, quoted))
		return false;
	list->count++;
	return true;
}

static size_t texts_count(const void *field)
{
	return ((const struct config_texts *)field)->count;
}

static void texts_write(struct buf *out, const void *field, size_t index)
{
	key_type_text.write(out, ((const struct config_texts *)field)->at[index], 0);
}

static void texts_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "a list of at most %u texts of at most %d characters", key->max,
		   CONFIG_TEXT_MAX - 1);
}

static void texts_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 255");
}

const struct key_type key_type_texts = {
	.size = sizeof(struct config_texts),
	.is_list = true,
	.take = texts_take,
	.count = texts_count,
	.write = texts_write,
	.expect = texts_expect,
	.schema = texts_schema,
};

/* ---- windows: texts that window.h understands ---- */

static bool windows_take(const struct key *key, void *field, const char *text,
			 bool quoted)
{
	struct window window;
	return window_parse(text, &window) && texts_take(key, field, text, quoted);
}

static void windows_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "a list of at most %u windows such as " WINDOW_ALLOWED,
		   key->max);
}

const struct key_type key_type_windows = {
	.size = sizeof(struct config_texts),
	.is_list = true,
	.take = windows_take,
	.count = texts_count,
	.write = texts_write,
	.expect = windows_expect,
	.schema = texts_schema,
};

/* ---- ports: texts that port_set.h understands ---- */

static bool ports_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	struct port_range range;
	return port_range_parse(text, &range) && texts_take(key, field, text, quoted);
}

static void ports_expect(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "a list of at most %u ports or ranges of them such "
		   "as " PORT_RANGE_ALLOWED,
		   key->max);
}

/* A number is one, too. */
static void ports_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": [\"string\", \"integer\"], \"pattern\": "
		      "\"^[0-9]+(-[0-9]+)?(/(tcp|udp))?$\", \"minimum\": 1, "
		      "\"maximum\": 65535");
}

const struct key_type key_type_ports = {
	.size = sizeof(struct config_texts),
	.is_list = true,
	.take = ports_take,
	.count = texts_count,
	.write = texts_write,
	.expect = ports_expect,
	.schema = ports_schema,
};
