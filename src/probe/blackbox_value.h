/*
 * blackbox_value.h: values of a file of modules, each taken from YAML's events to its
 * place; private to the files blackbox*.c.
 *
 * A function that takes a value begins at its first event and stops at its last, right
 * or wrong, so that one reading shows all errors at once.
 */
#pragma once

#include "base/yaml.h"
#include "probe/blackbox_module.h"

struct blackbox_reader {
	struct yaml *yaml;
	struct blackbox *all;
	struct blackbox_module *module; /* the one that is read */
	bool out_of_memory;
};

/* False: the value at the event is not allowed. */
typedef bool (*blackbox_take)(struct blackbox_reader *reader, void *at);

struct blackbox_key {
	const char *name, *allowed;
	blackbox_take take;
	size_t offset;
};

/* Keys of a section, offsets from whatever `at` is. */
bool blackbox_take_section(struct blackbox_reader *reader,
			   const struct blackbox_key *keys, size_t count, void *at);

/* Each to a member of that type. */
bool blackbox_take_bool(struct blackbox_reader *reader, void *at);
bool blackbox_take_text(struct blackbox_reader *reader, void *at);   /* const char * */
bool blackbox_take_regexp(struct blackbox_reader *reader, void *at); /* the same */
bool blackbox_take_u32(struct blackbox_reader *reader, void *at);
bool blackbox_take_size(struct blackbox_reader *reader, void *at);     /* uint64_t */
bool blackbox_take_duration(struct blackbox_reader *reader, void *at); /* u32, in ms */
bool blackbox_take_family(struct blackbox_reader *reader, void *at);   /* uint8_t */
bool blackbox_take_address(struct blackbox_reader *reader, void *at);
/* Lists. */
bool blackbox_take_texts(struct blackbox_reader *reader, void *at);
bool blackbox_take_regexps(struct blackbox_reader *reader, void *at);
bool blackbox_take_numbers(struct blackbox_reader *reader, void *at);
/* A section whose keys are the user's; names and values in turn. */
bool blackbox_take_pairs(struct blackbox_reader *reader, void *at);

/* The next value of a list, at its first event; false at its end. */
bool blackbox_next_of_list(struct blackbox_reader *reader);
/* Zeroed memory that lives as long as the modules; NULL without, which is noted. */
void *blackbox_own(struct blackbox_reader *reader, size_t size);
/* Room for one more in a list of such; NULL without memory. */
void *blackbox_grow(struct blackbox_reader *reader, void **at, size_t *count,
		    size_t size);
/* True for a single value that may be read. */
bool blackbox_is_scalar(const struct blackbox_reader *reader);
