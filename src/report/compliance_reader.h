/*
 * compliance_reader.h: reading files of compliance/ by tables of keys.  Private to the
 * room.
 *
 * Every function that takes a value starts on its first event and stops on its last,
 * right or wrong, so that one reading shows all errors at once.
 */
#pragma once

#include "base/yaml.h"
#include "report/compliance.h"

struct reader {
	const char *file; /* its name, maybe with folders */
	struct yaml *yaml;
	const struct compliance *compliance;
	struct evidence *evidence;
	struct framework *framework;
	struct control *control;       /* the one being read */
	struct control_beyond *beyond; /* the same */
	struct section *section;       /* the same */
	size_t *references, *reference_count;
};

struct key {
	struct yaml_key key;
	/* False, on the value's first event: it is not allowed. */
	bool (*take)(struct reader *reader);
};

/* NULL: it is none, or empty. */
const char *reader_scalar(struct reader *reader);

#define TEXT_ALLOWED "a text of 1 to 1022 bytes"
bool reader_take_text(struct reader *reader, char **out);

/* A key of a part: take_control_title() takes reader->control->title. */
#define TAKE_TEXT(part, field)                                                         \
	static bool take_##part##_##field(struct reader *reader)                       \
	{                                                                              \
		return reader_take_text(reader, &reader->part->field);                 \
	}

/*
 * A text that is also the name of the file: no two of a folder are the same, and who
 * looks for one finds it.
 */
#define NAME_ALLOWED "the name of its file, without .yaml"
bool reader_take_name(struct reader *reader, char **out);
#define TAKE_NAME(part, field)                                                         \
	static bool take_##part##_##field(struct reader *reader)                       \
	{                                                                              \
		return reader_take_name(reader, &reader->part->field);                 \
	}

#define DATE_ALLOWED "a day as 2026-01-31, or a month as 2026-01"
bool reader_take_date(struct reader *reader, char **out);

/* The place of a word in names; count: it is none of them. */
size_t reader_choice(struct reader *reader, const char *(*name)(size_t at),
		     size_t count);

/* what: "a control". */
void reader_take_mapping(struct reader *reader, const struct key *keys, size_t count,
			 const char *what);

/* Each element by take_one(), which makes room for it. */
bool reader_take_list(struct reader *reader, void (*take_one)(struct reader *reader));

/*
 * One place more behind *count of them, all zero; NULL and an error said if there are
 * as many as may be.
 */
void *reader_add(struct reader *reader, void *list, size_t *count, size_t size,
		 const char *what);

/* A list of ids of evidence, at most COMPLIANCE_REFERENCES_MAX. */
#define REFERENCES_ALLOWED "a list of evidence, such as [E1, E4]"
bool reader_take_references(struct reader *reader, size_t *references, size_t *count);

/* The file of reader->file. True if all of it was right. */
bool reader_take_file(struct reader *reader, const char *text, size_t len,
		      const struct key *keys, size_t count, const char *what,
		      struct buf *errors);
