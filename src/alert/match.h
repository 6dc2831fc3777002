/*
 * match.h: which incidents are meant: "severity>=high port=443,8443 tags=customer".
 *
 * Conditions on the fields of an incident, separated by blanks; all of them have to
 * hold.  No regular expressions: who may write one could make it run for hours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct buf;

enum {
	MATCH_TEXT_MAX = sizeof(field_text256), /* with its NUL */
	MATCH_TERMS_MAX = 16,
	MATCH_VALUES_MAX = 64, /* of all conditions together */
};

enum match_operator {
	MATCH_IS,
	MATCH_IS_NOT,
	MATCH_HAS, /* =~: that text is in it, in whatever case */
	MATCH_BELOW,
	MATCH_AT_MOST,
	MATCH_ABOVE,
	MATCH_AT_LEAST,
	MATCH_OPERATORS
};

/* One of them is enough. */
struct match_value {
	double from, to;      /* of numbers and severities */
	struct prefix prefix; /* of addresses */
	uint16_t text;        /* of words: where it begins in match.words */
};

struct match_term {
	const struct field *field; /* of the incident */
	enum match_operator how;
	uint8_t first, count; /* of match.values */
};

/* All zero: everything. */
struct match {
	char text[MATCH_TEXT_MAX];  /* as it was written */
	char words[MATCH_TEXT_MAX]; /* each value ended by a NUL */
	struct match_term terms[MATCH_TERMS_MAX];
	struct match_value values[MATCH_VALUES_MAX];
	size_t count, value_count;
};

/*
 * False if it is none: *match is then all zero, *column (from 1) is where, and why says
 * what is wrong there and what is allowed.  "" is everything.
 */
bool match_parse(const char *text, struct match *match, size_t *column,
		 struct buf *why);

/*
 * What an incident does not have is no value's: only "!=" holds of it.  "sensor" is
 * each of the sensors of a fleet that it lists, or, if it lists none, own: this
 * machine's name in its fleet ("": it has none); one that fits is enough, ...
 */
bool match_holds(const struct match *match, const struct incident_record *incident,
		 const char *own);
/* ... or all of them have to: to be silent about one is not to be about others. */
bool match_covers(const struct match *match, const struct incident_record *incident,
		  const char *own);

#define MATCH_ALLOWED                                                                  \
	"conditions such as severity>=high port=443 service=http* "                    \
	"server_ip=192.0.2.0/24 tags=customer"
