/*
 * rules.h: the rules and service levels in force, and the names (tags) that they select
 * by.
 *
 * Built once, from the usual ones (usual.h) and from files, then only read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "limit/level.h"
#include "limit/rule.h"

enum { RULES_MAX = 512, TAGS_MAX = 256 };

struct limit_rules;

/* home: our networks; borrowed.  NULL without memory. */
struct limit_rules *limit_rules_new(const struct home *home);
void limit_rules_free(struct limit_rules *rules);

enum rules_added { RULES_ADDED, RULES_TWICE, RULES_FULL };
/* A copy.  Of a name that is there: it replaces a usual one, else it is refused. */
enum rules_added limit_rules_add(struct limit_rules *rules,
				 const struct limit_rule *rule);
enum rules_added limit_rules_add_tag(struct limit_rules *rules,
				     const struct limit_tag *tag);
enum rules_added limit_rules_add_level(struct limit_rules *rules,
				       const struct limit_level *level);
/* Those that are there so far may be replaced by their name. */
void limit_rules_mark_usual(struct limit_rules *rules);
/* Whether anything is called so. */
bool limit_rules_has_tag(const struct limit_rules *rules, const char *name);

/* Service levels, those that are off too. */
size_t limit_rules_level_count(const struct limit_rules *rules);
const struct limit_level *limit_rules_level_at(const struct limit_rules *rules,
					       size_t number);

/* In the order in which they were added, those that are off too. */
size_t limit_rules_count(const struct limit_rules *rules);
const struct limit_rule *limit_rules_at(const struct limit_rules *rules, size_t number);

/* Numbers of those that watch a kind of record and are on. */
const uint16_t *limit_rules_of(const struct limit_rules *rules, enum record_kind kind,
			       size_t *count);
const struct limit_places *limit_rules_places(const struct limit_rules *rules,
					      enum record_kind kind);
const struct limit_world *limit_rules_world(const struct limit_rules *rules);

/* ---- rules_json.c ---- */

/*
 * Appends "rules":[...],"levels":[...]: what each looks at, its limits, and where it is
 * from.
 */
void limit_rules_json(const struct limit_rules *rules, struct buf *out);

/* ---- rules_file.c ---- */

/*
 * Adds what a file says; docs/alerts.md.  False, with lines "file:line:column: what,
 * and what is allowed", if any of it is wrong; what was added then is to be thrown
 * away.
 */
bool limit_rules_parse(struct limit_rules *rules, const char *text, size_t len,
		       const char *name, struct buf *errors);

/* The tables of keys of docs/alerts.md. */
void limit_rules_docs(struct buf *out);
void limit_levels_docs(struct buf *out);
