/*
 * ruleset_reader.h: the parts of the reader of rulesets know each other through this.
 */
#pragma once

#include <jansson.h>

#include "host/ruleset.h"

/* A ruleset that is being read, and the table whose rules are. */
struct ruleset_reader {
	struct ruleset *out;
	json_t *chains; /* places by "family table name" */
	json_t *sets;   /* named ones and maps, also with that key */
	const char *family, *table;
	bool has_failed;
	size_t chain_size, rule_size, step_size, value_size;
};

/* Room for one more, cleared; its place, or UINT32_MAX if there is none. */
uint32_t reader_chain(struct ruleset_reader *reader);
uint32_t reader_rule(struct ruleset_reader *reader);
uint32_t reader_step(struct ruleset_reader *reader);
uint32_t reader_value(struct ruleset_reader *reader);

/* The text of that member; "" if it is none. */
const char *reader_text(const json_t *object, const char *name);

/* Finds "family table name"; NULL: not there. */
json_t *reader_find(const struct ruleset_reader *reader, const json_t *where,
		    const char *name);
void reader_enter(struct ruleset_reader *reader, json_t *where, const char *name,
		  json_t *what);

/* {"accept": null}, {"jump": {"target": "x"}}; VERDICT_NONE: it is no verdict. */
enum rule_verdict reader_verdict(const struct ruleset_reader *reader,
				 const json_t *statement, uint32_t *chain);

/* ---- ruleset_match.c ---- */

/* {"op": "==", "left": ..., "right": ...} */
void reader_match(struct ruleset_reader *reader, const json_t *from,
		  struct rule_match *match);
/* Notes what the table adds to a match for one transport. */
void reader_imply(const struct ruleset_reader *reader, struct rule_match *match);
/* {"key": ..., "data": ...}; false: the map is not there. */
bool reader_map(struct ruleset_reader *reader, const json_t *from,
		struct rule_match *match);
/* An extension of iptables; false: what it matches is not known. */
bool reader_extension(struct ruleset_reader *reader, const json_t *from,
		      struct rule_match *match);

/* ---- ruleset_statement.c ---- */

/* Adds the steps of a rule; returns its effects. */
uint8_t reader_statements(struct ruleset_reader *reader, const json_t *statements);
/* Named sets that rules fill while packets pass become vague. */
void reader_note_filled(struct ruleset_reader *reader, const json_t *statements);
