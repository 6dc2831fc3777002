/*
 * log_pattern.h: one pattern of a log's format: does a line say this, and whose is what
 * in it?  Private to the room.
 *
 * A Perl-compatible regular expression that must fit the whole line, from its first
 * byte to its last: what a stranger puts into a name can't end a line early.  Work and
 * memory for one line are bounded (pcre2api(3), match limit), whatever pattern and
 * line.
 */
#pragma once

#include "base/buf.h"
#include "base/bytes.h"

/* What a pattern may name: (?<user>...) */
enum log_field {
	LOG_USER,
	LOG_CLIENT_IP,
	LOG_CLIENT_PORT,
	LOG_SERVER_IP,
	LOG_SERVER_PORT,
	LOG_PROTOCOL,
	LOG_METHOD,
	LOG_COUNT,   /* attempts that the line speaks of ... */
	LOG_SECONDS, /* ... and the time they took */
	LOG_FIELDS
};

enum log_fit {
	LOG_FITS_NOT,
	LOG_FITS,
	LOG_GAVE_UP, /* too much work to know */
};

struct log_pattern;

/* NULL, and what is wrong, as the end of a sentence. */
struct log_pattern *log_pattern_new(const char *text, struct buf *wrong);
void log_pattern_free(struct log_pattern *pattern);

/* From one thread at a time.  Fields that are not in the line are empty; borrowed. */
enum log_fit log_pattern_fit(const struct log_pattern *pattern, struct bytes line,
			     struct bytes fields[static LOG_FIELDS]);

/* "user, client_ip, ..." */
void log_pattern_say_fields(struct buf *out);
