/*
 * rule.h: one rule, ready to be asked: where its value is in a record, and when that is
 * too much.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "limit/selection.h"
#include "record/record.h"

enum {
	RULE_NAME = 64,
	RULE_WHAT = 96,
	RULE_ADVICE = 256,
	RULE_CONDITIONS = 4,
	RULE_WORD = 32,
	RULE_FROM = 272,
	RULE_OF_MAX = 32, /* records that "times" looks back */
};

enum rule_kind {
	RULE_ABOVE,
	RULE_BELOW,
	RULE_IS,     /* a word */
	RULE_CHANGE, /* against the same hour of the week before; as a share of it */
	RULE_ABSENT, /* nothing comes; its value is in seconds */
};

/* A change that counts: more, less, or either. */
enum rule_direction { RULE_EITHER, RULE_MORE, RULE_LESS };

/* What makes a series: its records are about the same ... */
enum rule_per { PER_SERVICE, PER_HOST, PER_TARGET, PER_ALL, RULE_PERS };

enum rule_unit {
	UNIT_COUNT,
	UNIT_SHARE,
	UNIT_BYTES,
	UNIT_US,
	UNIT_MS,
	UNIT_S,
	UNIT_WORD, /* no number */
	RULE_UNITS
};

/* A field that must have a value, in words: "no", "up", "443". */
struct rule_condition {
	const struct field *field;
	char is[RULE_WORD];
	double number; /* the same, of a field that is one; of a flag 1 or 0 */
};

struct limit_rule {
	char name[RULE_NAME];
	char what[RULE_WHAT];     /* in words: "95th percentile of the response time" */
	char advice[RULE_ADVICE]; /* what to look at; or "" */
	char from[RULE_FROM];     /* "FILE:LINE"; "usual" of those that are usual */
	bool is_usual;            /* one of a file with the same name replaces it */
	bool is_off;              /* it only replaces */
	bool is_learned;          /* above or below what is learned */
	enum rule_kind kind;
	enum rule_direction direction;
	enum rule_per per;
	enum record_kind record;
	const struct field *field;
	const struct field *share_of;   /* the value is a share of that; NULL */
	const struct field *samples_of; /* which must be at least samples; NULL */
	const struct field *hold;       /* a flag: while it is set nothing is over */
	bool is_rise;                   /* counts since the start: how much more */
	const struct field *interval;   /* of counts that are by the second; NULL */
	uint32_t samples;
	uint8_t times, of; /* in so many of the last records it must be crossed */
	double limits[SEVERITIES];         /* NaN: none of that severity */
	char words[SEVERITIES][RULE_WORD]; /* of RULE_IS; "": none */
	double recovery;                   /* NaN: the limit itself */
	int64_t for_us, recover_us, forget_us;
	struct limit_selection selection;
	struct rule_condition where[RULE_CONDITIONS];
	size_t where_count;
};

/* Everything that is usual; a rule begins so. */
void rule_init(struct limit_rule *rule);
bool rule_has_severity(const struct limit_rule *rule, int severity);
/* A series of it must be known before anything is wrong. */
bool rule_needs_memory(const struct limit_rule *rule);

/* Numbers can be compared, words can be named. */
bool rule_is_number(const struct field *field);
enum rule_unit rule_unit_of(const struct field *field);
/* Of the rule's value: of a share_of it is a share. */
enum rule_unit rule_unit(const struct limit_rule *rule);
/* Counters that only ever rise while whoever counts runs. */
bool rule_is_since_start(enum record_kind record, const struct field *field);

/* "250ms", "1 %", "10 MB", "21d", or a number; false if it is none of that unit. */
bool rule_amount_parse(const char *text, enum rule_unit unit, double *out);
const char *rule_amount_allowed(enum rule_unit unit);
/* "250 ms", "1.5 %", "10 MB/s" ... */
void rule_amount_say(struct buf *out, const struct limit_rule *rule, double value);
/* "5 min", "3 d 4 h": the two largest units. */
void rule_say_duration(struct buf *out, double seconds);

/* ---- of a record of its kind ---- */

/* The field's number; NaN: unknown.  A time: seconds from now until then. */
double rule_number(const struct field *field, const void *record, int64_t now_us);
/* Whether the record has that field. */
bool rule_knows(const struct field *field, const void *record);
/* Whether the conditions hold, and there are enough samples. */
bool rule_counts(const struct limit_rule *rule, const void *record);
bool rule_is_held(const struct limit_rule *rule, const void *record);

/* The gravest limit that is crossed; -1: none.  Of RULE_IS: of what the record says. */
int rule_severity(const struct limit_rule *rule, double value);
int rule_word_severity(const struct limit_rule *rule, const void *record);
/* The word of the field; "": unknown. */
const char *rule_word(const struct field *field, const void *record);
/* Beyond the recovery level: well again. */
bool rule_has_recovered(const struct limit_rule *rule, double value);

/*
 * What stays the same while the rule watches the same thing: its name, its field and
 * what makes a series; limits may change.
 */
uint64_t rule_identity(const struct limit_rule *rule);
