/*
 * yaml.h: one YAML text as a checked stream of events.
 *
 * The one place that knows libfyaml.  Events, not its document tree: no alias is ever
 * expanded, duplicate keys are ours to see, and memory does not grow with nesting.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum yaml_kind {
	YAML_END, /* of the text, or of what could be read of it: see yaml_failed() */
	YAML_DOCUMENT,
	YAML_SCALAR,
	YAML_LIST,
	YAML_LIST_END,
	YAML_MAPPING,
	YAML_MAPPING_END,
	YAML_ALIAS,
};

struct yaml_event {
	enum yaml_kind kind;
	size_t line, column; /* from 1; of an empty value: where it was expected */
	const char *text;    /* of a scalar, cut at 1023 bytes; borrowed until the next
				event */
	bool quoted;         /* scalar in quotes or a block */
	bool is_null;        /* nothing, ~ or null, not quoted */
	bool is_broken;      /* scalar that holds a NUL or can't be read */
	bool is_marked;      /* has an anchor or a tag */
};

struct yaml;

/*
 * text is copied.  Errors go to *errors as lines "name:line:column: ...".  signs_max:
 * how many of []{},:? the text may hold, as each may cost some 350 bytes for a while.
 */
struct yaml *yaml_open(const char *text, size_t len, const char *name, size_t signs_max,
		       struct buf *errors);
void yaml_close(struct yaml *yaml);

/* The next event, borrowed.  After YAML_END, YAML_END again. */
const struct yaml_event *yaml_next(struct yaml *yaml);
const struct yaml_event *yaml_event(const struct yaml *yaml);

/* From the first event of a value to its last one. */
void yaml_skip(struct yaml *yaml);

/* Starts an error line at a place; the caller adds what is wrong and ends it. */
struct buf *yaml_error(struct yaml *yaml, size_t line, size_t column);

/* True once an error was said. */
bool yaml_failed(const struct yaml *yaml);

/* Text in quotes, cut to what a message can bear. */
void yaml_say_shown(struct buf *out, const char *text);
/* What stands where a value should. */
void yaml_say_found(struct buf *out, const struct yaml_event *event);

/*
 * True, an error said and the value skipped, for what would make a value depend on
 * another place.
 */
bool yaml_refuse_indirection(struct yaml *yaml);

/* Keys that a section may have: of each, its name is the first member. */
struct yaml_keys {
	const void *at;
	size_t size, count; /* of one; how many */
};

/* "port, transport, address" */
void yaml_say_keys(struct buf *out, const struct yaml_keys *keys);

/*
 * The key at the event, whose line is put into lines[]; keys->count if it is none of
 * them or was there before, an error said and the event skipped.
 */
size_t yaml_take_key(struct yaml *yaml, const struct yaml_keys *keys, size_t *lines);

/*
 * The mapping at the event, to its end: take() is called with the number of each key,
 * at its value, which it takes.  Of at most YAML_KEYS_MAX keys.
 */
enum { YAML_KEYS_MAX = 32 };
void yaml_take_mapping(struct yaml *yaml, const struct yaml_keys *keys,
		       void (*take)(void *to, size_t key), void *to);

/* The same of a section that has to have some of its keys. */
struct yaml_key {
	const char *name, *allowed;
	bool is_required;
};
/*
 * keys->at: each begins with a struct yaml_key.  what: "a control", in messages about
 * all of it.  take() is called at a value that depends on no other place; false: it is
 * not allowed.
 */
void yaml_take_section(struct yaml *yaml, const struct yaml_keys *keys,
		       const char *what, bool (*take)(void *to, size_t key), void *to);

/* "NAME can't be ...; allowed is ...": of the value at the event, which is skipped. */
void yaml_refuse_value(struct yaml *yaml, const char *name, const char *allowed);
