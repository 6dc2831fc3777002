/*
 * yaml.c: libfyaml's events behind yaml.h.
 *
 * What the library is known to stumble over never reaches it: the text is checked to
 * be printable UTF-8 first, and errors are collected, because showing them with their
 * source line has read past the end of the input (libfyaml issues 189 and 223).
 */
#include "base/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 32, /* the deepest value needs 5 */
	ERRORS_MAX = 50,
	SHOWN_MAX = 64, /* bytes of a bad value that are repeated in the message */
	SCALAR_SIZE = 1024,
	PADDING = 16, /* zeros after the text, for a scanner that looks ahead */
};

struct yaml {
	char *text; /* owned copy, padded */
	const char *name;
	struct buf *errors;
	size_t error_count;
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct fy_event *raw;
	struct yaml_event event;
	char scalar[SCALAR_SIZE]; /* text of the event */
	size_t depth;
	bool ended;
};

struct buf *yaml_error(struct yaml *yaml, size_t line, size_t column)
{
	buf_json_text(yaml->errors, yaml->name);
	buf_printf(yaml->errors, ":%zu:%zu: ", line, column);
	yaml->error_count++;
	return yaml->errors;
}

bool yaml_failed(const struct yaml *yaml)
{
	return yaml->error_count > 0;
}

const struct yaml_event *yaml_event(const struct yaml *yaml)
{
	return &yaml->event;
}

static void drop_raw(struct yaml *yaml)
{
	if (yaml->raw != NULL)
		fy_parser_event_free(yaml->parser, yaml->raw);
	yaml->raw = NULL;
}

static void end(struct yaml *yaml)
{
	yaml->ended = true;
	yaml->event.kind = YAML_END;
	yaml->event.text = "";
}

/* Length of the character at s, 0 if it may not stand in YAML (1.2.2, 5.1). */
static size_t character_len(const unsigned char *s, size_t left)
{
	if (s[0] < 0x80)
		return (s[0] >= 0x20 && s[0] != 0x7f) || s[0] == '\t' || s[0] == '\n' ||
		       s[0] == '\r';
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong, surrogates, above U+10FFFF (RFC 3629), C1 controls but NEL. */
	bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
		   (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90) ||
		   (s[0] == 0xc2 && s[1] < 0xa0 && s[1] != 0x85);
	return bad ? 0 : len;
}

/*
 * False, and an error, if the text holds anything but printable UTF-8, or too many
 * flow signs: the library queues a token of some 350 bytes for each
 * until the outermost bracket closes, whatever we take from it.
 */
static bool is_clean(struct yaml *yaml, const char *text, size_t len, size_t signs_max)
{
	size_t line = 1, column = 1, step, flow_signs = 0;
	for (size_t at = 0; at < len; at += step) {
		step = character_len((const unsigned char *)text + at, len - at);
		if (step == 0) {
			buf_printf(yaml_error(yaml, line, column),
				   "byte 0x%02x is not allowed here; allowed is "
				   "printable text in UTF-8\n",
				   (unsigned char)text[at]);
			return false;
		}
		flow_signs += strchr("[]{},:?", text[at]) != NULL;
		if (flow_signs > signs_max) {
			buf_printf(yaml_error(yaml, line, column),
				   "more []{},:? than any such file; allowed are %zu\n",
				   signs_max);
			return false;
		}
		column = text[at] == '\n' ? 1 : column + 1;
		line += text[at] == '\n';
	}
	return true;
}

static void ignore(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

static struct fy_diag *collecting_diag(void)
{
	struct fy_diag_cfg settings;
	fy_diag_cfg_default(&settings);
	settings.fp = NULL;
	settings.output_fn = ignore;
	settings.colorize = false;
	settings.show_source = false;
	struct fy_diag *diag = fy_diag_create(&settings);
	if (diag != NULL)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

static bool start(struct yaml *yaml, const char *text, size_t len)
{
	yaml->text = calloc(1, len + PADDING);
	yaml->diag = collecting_diag();
	if (yaml->text == NULL || yaml->diag == NULL)
		return false;
	if (len > 0)
		memcpy(yaml->text, text, len);
	struct fy_parse_cfg settings = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG,
					 .diag = yaml->diag };
	yaml->parser = fy_parser_create(&settings);
	return yaml->parser != NULL &&
	       fy_parser_set_string(yaml->parser, yaml->text, len) == 0;
}

struct yaml *yaml_open(const char *text, size_t len, const char *name, size_t signs_max,
		       struct buf *errors)
{
	struct yaml *yaml = calloc(1, sizeof(*yaml));
	if (yaml == NULL)
		return NULL;
	yaml->name = name;
	yaml->errors = errors;
	if (!is_clean(yaml, text, len, signs_max) || len == 0) {
		end(yaml);
	} else if (!start(yaml, text, len)) {
		yaml_close(yaml);
		return NULL;
	}
	return yaml;
}

void yaml_close(struct yaml *yaml)
{
	if (yaml == NULL)
		return;
	drop_raw(yaml);
	fy_parser_destroy(yaml->parser);
	fy_diag_destroy(yaml->diag);
	free(yaml->text);
	free(yaml);
}

/* Says what the library found wrong, warnings too: a setting must not be guessed. */
static void say_collected(struct yaml *yaml)
{
	void *at = NULL;
	const struct fy_diag_error *error;
	while ((error = fy_diag_errors_iterate(yaml->diag, &at)) != NULL) {
		struct buf *out = yaml_error(yaml, error->line > 0 ? error->line : 1,
					     error->column > 0 ? error->column : 1);
		buf_text(out, "not YAML: ");
		buf_json_text(out, error->msg);
		buf_text(out, "; allowed is YAML 1.2\n");
	}
	if (fy_parser_get_stream_error(yaml->parser) && !yaml_failed(yaml))
		buf_text(yaml_error(yaml, yaml->event.line, yaml->event.column),
			 "not YAML after this; allowed is YAML 1.2\n");
}

static enum yaml_kind kind_of(enum fy_event_type type)
{
	switch (type) {
	case FYET_DOCUMENT_START:
		return YAML_DOCUMENT;
	case FYET_SCALAR:
		return YAML_SCALAR;
	case FYET_SEQUENCE_START:
		return YAML_LIST;
	case FYET_SEQUENCE_END:
		return YAML_LIST_END;
	case FYET_MAPPING_START:
		return YAML_MAPPING;
	case FYET_MAPPING_END:
		return YAML_MAPPING_END;
	case FYET_ALIAS:
		return YAML_ALIAS;
	default:
		return YAML_END;
	}
}

/*
 * Copies a scalar's text, cut to fit; a cut one is longer than any value may be.  By
 * chunks: the library's functions for a whole text leak if it has many escapes.  False
 * if the text can't be read, or holds a NUL ("\0" in quotes).
 */
static bool copy_scalar(char out[static SCALAR_SIZE], struct fy_token *token)
{
	struct fy_token_iter *iter = fy_token_iter_create(token);
	const struct fy_iter_chunk *chunk = NULL;
	size_t len = 0;
	int error = -1;
	while (iter != NULL && len < SCALAR_SIZE - 1 &&
	       (chunk = fy_token_iter_chunk_next(iter, chunk, &error)) != NULL) {
		size_t room = SCALAR_SIZE - 1 - len;
		size_t part = chunk->len < room ? chunk->len : room;
		memcpy(out + len, chunk->str, part);
		len += part;
		error = 0;
	}
	out[len] = '\0';
	if (iter != NULL) {
		fy_token_iter_finish(iter);
		fy_token_iter_destroy(iter);
	}
	return error == 0 && strlen(out) == len;
}

static bool is_null_word(const char *text)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static void describe_scalar(struct yaml *yaml, struct fy_token *token)
{
	struct yaml_event *event = &yaml->event;
	yaml->scalar[0] = '\0';
	event->is_broken = token != NULL && !copy_scalar(yaml->scalar, token);
	enum fy_scalar_style style =
		token != NULL ? fy_token_scalar_style(token) : FYSS_PLAIN;
	event->text = yaml->scalar;
	event->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
	event->is_null =
		!event->quoted && !event->is_broken && is_null_word(event->text);
}

/* The token that is first in the source: an anchor or a tag stands before its value. */
static struct fy_token *first_token(struct yaml *yaml)
{
	struct fy_token *anchor = fy_event_get_anchor_token(yaml->raw);
	struct fy_token *tag = fy_event_get_tag_token(yaml->raw);
	yaml->event.is_marked = anchor != NULL || tag != NULL;
	if (anchor != NULL)
		return anchor;
	return tag != NULL ? tag : fy_event_get_token(yaml->raw);
}

/* The library's marks of these stand behind their first sign. */
static bool has_sign_before(const struct yaml *yaml)
{
	const struct yaml_event *event = &yaml->event;
	if (event->kind == YAML_ALIAS)
		return true;
	if (event->is_marked)
		return fy_event_get_anchor_token(yaml->raw) != NULL;
	return event->quoted && fy_token_scalar_style(fy_event_get_token(yaml->raw)) <=
					FYSS_DOUBLE_QUOTED;
}

static void describe(struct yaml *yaml)
{
	struct yaml_event *event = &yaml->event;
	struct yaml_event last = *event;
	*event = (struct yaml_event){ .kind = kind_of(yaml->raw->type), .text = "" };
	if (event->kind == YAML_SCALAR)
		describe_scalar(yaml, fy_event_get_token(yaml->raw));
	struct fy_token *first = first_token(yaml);
	const struct fy_mark *mark = first != NULL ? fy_token_start_mark(first)
						   : fy_event_start_mark(yaml->raw);
	event->line = mark != NULL ? (size_t)mark->line + 1 : last.line;
	event->column = mark != NULL ? (size_t)mark->column + 1 : last.column;
	if (has_sign_before(yaml) && event->column > 1)
		event->column--;
}

/* False, and an error, if the file goes on beyond our bounds. */
static bool is_within_bounds(struct yaml *yaml)
{
	const struct yaml_event *event = &yaml->event;
	if (event->kind == YAML_LIST || event->kind == YAML_MAPPING)
		yaml->depth++;
	else if (event->kind == YAML_LIST_END || event->kind == YAML_MAPPING_END)
		yaml->depth--;
	if (yaml->depth > DEPTH_MAX)
		buf_printf(yaml_error(yaml, event->line, event->column),
			   "nested too deeply; allowed are %d levels\n", DEPTH_MAX);
	else if (yaml->error_count >= ERRORS_MAX)
		buf_text(yaml_error(yaml, event->line, event->column),
			 "too many errors, the rest of the file was not read\n");
	else
		return true;
	return false;
}

const struct yaml_event *yaml_next(struct yaml *yaml)
{
	if (yaml->ended)
		return &yaml->event;
	do {
		drop_raw(yaml);
		yaml->raw = fy_parser_parse(yaml->parser);
	} while (yaml->raw != NULL && (yaml->raw->type == FYET_STREAM_START ||
				       yaml->raw->type == FYET_DOCUMENT_END));
	if (yaml->raw == NULL || yaml->raw->type == FYET_STREAM_END) {
		say_collected(yaml);
		end(yaml);
		return &yaml->event;
	}
	describe(yaml);
	if (!is_within_bounds(yaml))
		end(yaml);
	return &yaml->event;
}

void yaml_skip(struct yaml *yaml)
{
	size_t depth = 0; /* bounded by DEPTH_MAX, the loop by the length of the text */
	for (;;) {
		enum yaml_kind kind = yaml->event.kind;
		if (kind == YAML_LIST || kind == YAML_MAPPING)
			depth++;
		else if (kind == YAML_LIST_END || kind == YAML_MAPPING_END)
			depth--;
		if (depth == 0 || kind == YAML_END)
			return;
		yaml_next(yaml);
	}
}

void yaml_say_shown(struct buf *out, const char *text)
{
	char shown[SHOWN_MAX + 1];
	size_t len = strnlen(text, SHOWN_MAX);
	memcpy(shown, text, len);
	shown[len] = '\0';
	buf_char(out, '"');
	buf_json_text(out, shown);
	buf_text(out, text[len] != '\0' ? "...\"" : "\"");
}

void yaml_say_found(struct buf *out, const struct yaml_event *event)
{
	if (event->kind == YAML_LIST)
		buf_text(out, "a list");
	else if (event->kind == YAML_MAPPING)
		buf_text(out, "a section");
	else if (event->is_null)
		buf_text(out, "empty");
	else
		yaml_say_shown(out, event->text);
}

bool yaml_refuse_indirection(struct yaml *yaml)
{
	const struct yaml_event *event = &yaml->event;
	if (event->kind != YAML_ALIAS && !event->is_marked)
		return false;
	buf_text(yaml_error(yaml, event->line, event->column),
		 "anchors, aliases and tags are not understood; allowed is the value "
		 "itself\n");
	yaml_skip(yaml);
	return true;
}

static const char *key_name(const struct yaml_keys *keys, size_t i)
{
	return *(const char *const *)(const void *)((const char *)keys->at +
						    i * keys->size);
}

void yaml_say_keys(struct buf *out, const struct yaml_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", key_name(keys, i));
}

size_t yaml_take_key(struct yaml *yaml, const struct yaml_keys *keys, size_t *lines)
{
	const struct yaml_event *event = &yaml->event;
	size_t found = 0;
	if (yaml_refuse_indirection(yaml))
		return keys->count;
	bool is_word = event->kind == YAML_SCALAR && !event->is_broken;
	while (found < keys->count &&
	       !(is_word && strcmp(key_name(keys, found), event->text) == 0))
		found++;
	if (found < keys->count && lines[found] == 0) {
		lines[found] = event->line;
		return found;
	}
	struct buf *out = yaml_error(yaml, event->line, event->column);
	if (found < keys->count) {
		buf_printf(out, "%s is set twice, first in line %zu; allowed is once\n",
			   key_name(keys, found), lines[found]);
	} else {
		buf_text(out, "unknown key ");
		yaml_say_found(out, event);
		buf_text(out, "; allowed: ");
		yaml_say_keys(out, keys);
		buf_char(out, '\n');
	}
	yaml_skip(yaml);
	return keys->count;
}

void yaml_take_mapping(struct yaml *yaml, const struct yaml_keys *keys,
		       void (*take)(void *to, size_t key), void *to)
{
	const struct yaml_event *event = &yaml->event;
	size_t lines[YAML_KEYS_MAX] = { 0 };
	while (yaml_next(yaml)->kind != YAML_MAPPING_END && event->kind != YAML_END) {
		size_t key = yaml_take_key(yaml, keys, lines);
		yaml_next(yaml);
		if (event->kind == YAML_END)
			return;
		if (key < keys->count)
			take(to, key);
		else
			yaml_skip(yaml);
	}
}

/* ---- sections ---- */

struct section {
	struct yaml *yaml;
	const struct yaml_keys *keys;
	bool (*take)(void *to, size_t key);
	void *to;
	bool has[YAML_KEYS_MAX];
};

static const struct yaml_key *key_at(const struct yaml_keys *keys, size_t key)
{
	return (const void *)((const char *)keys->at + key * keys->size);
}

static void take_section_value(void *to, size_t key)
{
	struct section *section = to;
	const struct yaml_key *of = key_at(section->keys, key);
	section->has[key] = true;
	if (!yaml_refuse_indirection(section->yaml) && !section->take(section->to, key))
		yaml_refuse_value(section->yaml, of->name, of->allowed);
}

static void refuse_section(struct yaml *yaml, const struct yaml_keys *keys,
			   const char *what)
{
	struct buf *out = yaml_error(yaml, yaml->event.line, yaml->event.column);
	buf_printf(out, "%s can't be ", what);
	yaml_say_found(out, &yaml->event);
	buf_text(out, "; allowed are the keys ");
	yaml_say_keys(out, keys);
	buf_char(out, '\n');
	yaml_skip(yaml);
}

void yaml_take_section(struct yaml *yaml, const struct yaml_keys *keys,
		       const char *what, bool (*take)(void *to, size_t key), void *to)
{
	struct section section = { .yaml = yaml, .keys = keys, .take = take, .to = to };
	size_t line = yaml->event.line, column = yaml->event.column;
	if (yaml->event.kind != YAML_MAPPING) {
		refuse_section(yaml, keys, what);
		return;
	}
	yaml_take_mapping(yaml, keys, take_section_value, &section);
	if (yaml->event.kind == YAML_END)
		return; /* cut off: why was said */
	for (size_t i = 0; i < keys->count; i++) {
		const struct yaml_key *key = key_at(keys, i);
		if (key->is_required && !section.has[i])
			buf_printf(yaml_error(yaml, line, column),
				   "%s without %s; allowed is %s\n", what, key->name,
				   key->allowed);
	}
}

void yaml_refuse_value(struct yaml *yaml, const char *name, const char *allowed)
{
	const struct yaml_event *event = &yaml->event;
	struct buf *out = yaml_error(yaml, event->line, event->column);
	buf_printf(out, "%s can't be ", name);
	yaml_say_found(out, event);
	buf_printf(out, "; allowed is %s\n", allowed);
	yaml_skip(yaml);
}
