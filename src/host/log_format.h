/*
 * log_format.h: what a program's lines say of logins.  Private to the room.
 */
#pragma once

#include "base/bytes.h"
#include "host/log_pattern.h"
#include "host/logs.h"

enum {
	LOG_FORMATS_MAX = 64,
	LOG_RULES_MAX = 64,
	LOG_WORDS_MAX = 32,
	LOG_WORD_MAX = 128,
	LOG_CONDITIONS_MAX = 8,
	LOG_METHODS_MAX = 64,
	LOG_PATTERN_MAX = 1000,  /* bytes */
	LOG_LINE_MAX = 64 << 10, /* longer ones are not read, but counted */
};

struct log_words {
	char (*at)[LOG_WORD_MAX]; /* owned */
	size_t count;
};
/* False beyond LOG_WORDS_MAX, for a word too long, or without memory. */
bool log_words_add(struct log_words *words, const char *word);
bool log_words_hold(const struct log_words *words, struct bytes word);

/* Lines that fit the pattern tell this. */
struct log_rule {
	struct log_pattern *pattern;
	field_word outcome, method; /* method NULL: in the line, or unknown */
	field_text32 protocol;      /* "": in the line, or unknown */
	uint32_t server_port;       /* UNKNOWN_U32: likewise */
	char teller[32];
	bool is_hint;
};

/* A field of the journal's own, such as _UID, and what it may be, with wildcards. */
struct log_condition {
	char field[64];
	struct log_words values;
};

struct log_format {
	char name[32];
	struct log_words identifiers; /* of the program in syslog */
	struct log_words files;       /* it writes itself, wildcards as in glob(7) */
	struct log_condition conditions[LOG_CONDITIONS_MAX];
	size_t condition_count;
	struct log_rule rules[LOG_RULES_MAX];
	size_t rule_count;
};

struct log_formats {
	struct log_format *at[LOG_FORMATS_MAX]; /* owned */
	size_t count;
	/* Methods met in lines: a stranger must not fill the table of words. */
	const char *methods[LOG_METHODS_MAX];
	size_t method_count;
	uint64_t gave_up; /* lines that were too much work */
};

void log_format_free(struct log_format *format);

/* NULL, and errors, if the text is none; name stands for the file. */
struct log_format *log_format_parse(const char *text, size_t len, const char *name,
				    struct buf *errors);

/* Takes it over, in the place of one of the same name. False if there is no room. */
bool log_formats_add(struct log_formats *formats, struct log_format *format);

struct log_message {
	const struct log_format *format; /* whose file it is; NULL: by identifier */
	struct bytes identifier, text;
	const char *medium; /* "journal", or the file's path */
	int64_t at_us;
	/*
	 * The journal knows who wrote a message: the value of that field, or false.
	 * NULL: a file, which does not know.
	 */
	bool (*field)(void *self, const char *name, struct bytes *value);
	void *self;
};

/* True if some format is about messages of that program. */
bool log_formats_know(const struct log_formats *formats, struct bytes identifier);

/* True, and what it tells, if it tells of a login. */
bool log_formats_read(struct log_formats *formats, const struct log_message *message,
		      struct log_login *out);
