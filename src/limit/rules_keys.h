/*
 * rules_keys.h: what may be written in a file of rules: its keys, and how their values
 * are read.  Private to the room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/yaml.h"
#include "limit/rule_draft.h"

#define SEVERITY_ALLOWED "notice, low, medium, high or critical"
#define NAME_ALLOWED     "a name of at most 63 letters, digits, - and _"

/* A copy; false if it is none or does not fit. */
bool rules_take_text(char *field, size_t size, const char *text);

enum rules_form { FORM_ONE, FORM_LIST, FORM_NOTE, FORM_LIMITS, FORM_WHERE };

struct rules_key {
	const char *name, *allowed;
	enum rules_form form;
	bool (*take)(struct draft *draft, const char *text); /* of ONE and LIST */
	size_t offset;                                       /* of NOTE */
	const char *doc;
};

/* Of a rule, a tag and a level. */
extern const struct yaml_keys rules_rule_keys, rules_tag_keys, rules_level_keys;
