/*
 * level_draft.c: a service level, of what is written of it.
 */
#include "limit/rule_draft.h"

static bool refuse(const struct draft *draft, struct yaml *yaml, const char *why)
{
	buf_printf(yaml_error(yaml, draft->line, draft->column), "level %s: %s\n",
		   draft->level.name, why);
	return false;
}

static bool fits(const struct draft *draft, struct yaml *yaml)
{
	const struct limit_level *level = &draft->level;
	bool is_response = level->measure == MEASURE_RESPONSE;
	if (is_response && level->within_us <= 0)
		return refuse(draft, yaml,
			      "response without a bound; allowed is within, such as "
			      "within: 300ms, or customer_facing: yes (3s)");
	if (!is_response && level->within_us > 0)
		return refuse(draft, yaml,
			      "within is a bound of response; allowed is measure: "
			      "response");
	if (level->measure == MEASURE_ERRORS && level->selection.targets_count > 0)
		return refuse(draft, yaml,
			      "errors are those of services that are used; allowed are "
			      "ports, hosts, services, protocols and tags");
	return true;
}

bool draft_make_level(struct draft *draft, struct yaml *yaml,
		      const struct limit_rules *rules)
{
	struct limit_level *level = &draft->level;
	const struct limit_rule *rule = &draft->rule;
	record_text(level->name, sizeof(level->name), draft->name.text);
	record_text(level->advice, sizeof(level->advice), rule->advice);
	level->is_off = rule->is_off;
	level->for_us = rule->for_us;
	level->recover_us = rule->recover_us;
	level->selection = rule->selection;
	level_choose(level);
	return level->is_off ||
	       (draft_make_tags(draft, yaml, rules) && fits(draft, yaml));
}
