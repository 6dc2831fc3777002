/*
 * rule_draft.h: a rule as it is written, with the places of what is written, and what
 * is made of it.  Private to the room.
 *
 * What a limit may be depends on the field, which may be written after it: so values
 * are read first and understood at the end.
 */
#pragma once

#include "base/yaml.h"
#include "limit/rules.h"

/* Something written; line 0: it is not. */
struct draft_text {
	size_t line, column;
	char text[RULE_ADVICE];
};

struct draft_condition {
	struct draft_text name, value;
};

struct draft {
	struct limit_rule rule;   /* what needs no field is there already */
	struct limit_level level; /* the same of a service level */
	struct draft_text name, field, share_of, samples_of, hold, severity, recover,
		tag;
	const char *how; /* above, below, is, change or absent; NULL: none yet */
	struct draft_text limits[SEVERITIES], limit; /* by severity, or one */
	struct draft_text how_twice;                 /* of a second one of these */
	struct draft_condition where[RULE_CONDITIONS];
	size_t where_count;
	size_t line, column; /* of the item */
};

/* False if something is wrong, which is said. */
bool draft_make(struct draft *draft, struct yaml *yaml,
		const struct limit_rules *rules);
/* That the tags of its selection are there. */
bool draft_make_tags(const struct draft *draft, struct yaml *yaml,
		     const struct limit_rules *rules);

/* ---- level_draft.c ---- */

/* The same of a service level. */
bool draft_make_level(struct draft *draft, struct yaml *yaml,
		      const struct limit_rules *rules);
