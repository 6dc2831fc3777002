/*
 * rule_draft.c: see rule_draft.h.
 */
#include "limit/rule_draft.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

enum { NEAR = 3, USUAL_SEVERITY = SEVERITY_MEDIUM };

/* Begins an error at what is written; the caller says what is wrong and allowed. */
static struct buf *error_at(struct yaml *yaml, const struct draft_text *text,
			    const char *key)
{
	struct buf *out = yaml_error(yaml, text->line, text->column);
	buf_printf(out, "%s can't be ", key);
	yaml_say_shown(out, text->text);
	return out;
}

/* ---- fields ---- */

static void say_nearest(struct buf *out, const struct schema *schema, const char *name,
			const char *prefix)
{
	size_t least = NEAR + 1;
	const char *best = NULL;
	for (size_t i = 0; i < schema->field_count; i++) {
		const char *other = schema->fields[i].name;
		size_t far = near_distance(name, other, strlen(other));
		if (far >= least)
			continue;
		least = far;
		best = other;
	}
	if (best != NULL)
		buf_printf(out, ", did you mean %s%s? ", prefix, best);
	else
		buf_text(out, ". ");
}

static void say_nearest_record(struct buf *out, const char *name)
{
	size_t least = NEAR + 1;
	const char *best = NULL;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		size_t far = near_distance(name, schemas[kind].name,
					   strlen(schemas[kind].name));
		if (far >= least)
			continue;
		least = far;
		best = schemas[kind].name;
	}
	if (best != NULL)
		buf_printf(out, ", did you mean %s? ", best);
	else
		buf_text(out, ". ");
}

static bool refuse_record(struct yaml *yaml, const struct draft_text *text,
			  const char *name)
{
	struct buf *out = error_at(yaml, text, "field");
	buf_text(out, ": there is no such record");
	say_nearest_record(out, name);
	buf_text(out, "Allowed is RECORD.FIELD of docs/records.md, such as "
		      "port.response_p95_us\n");
	return false;
}

static bool refuse_field(struct yaml *yaml, const struct draft_text *text,
			 const char *key, enum record_kind kind, const char *name,
			 const char *prefix)
{
	struct buf *out = error_at(yaml, text, key);
	buf_printf(out, ": a %s has no such field", schemas[kind].name);
	say_nearest(out, &schemas[kind], name, prefix);
	buf_text(out, "Allowed are its fields in docs/records.md\n");
	return false;
}

/* "port.response_p95_us" */
static bool make_field(struct draft *draft, struct yaml *yaml)
{
	char record[RULE_NAME], prefix[RULE_NAME + 1];
	const char *dot = strchr(draft->field.text, '.');
	size_t len = dot != NULL ? (size_t)(dot - draft->field.text)
				 : strlen(draft->field.text);
	if (len >= sizeof(record))
		return refuse_record(yaml, &draft->field, "");
	memcpy(record, draft->field.text, len);
	record[len] = '\0';
	const struct schema *schema = schema_by_name(record);
	if (dot == NULL || schema == NULL)
		return refuse_record(yaml, &draft->field, record);
	struct limit_rule *rule = &draft->rule;
	rule->record = (enum record_kind)(schema - schemas);
	rule->field = record_field(rule->record, dot + 1);
	snprintf(prefix, sizeof(prefix), "%s.", record);
	return rule->field != NULL || refuse_field(yaml, &draft->field, "field",
						   rule->record, dot + 1, prefix);
}

/* Another field of the same record; of a number, or any. */
static bool make_other(struct draft *draft, struct yaml *yaml, const char *key,
		       const struct draft_text *text, bool is_number,
		       const struct field **out)
{
	if (text->line == 0)
		return true;
	*out = record_field(draft->rule.record, text->text);
	if (*out == NULL)
		return refuse_field(yaml, text, key, draft->rule.record, text->text,
				    "");
	if (!is_number || rule_is_number(*out))
		return true;
	buf_text(error_at(yaml, text, key), ": that is no number. Allowed are fields "
					    "that are\n");
	return false;
}

static bool make_hold(struct draft *draft, struct yaml *yaml)
{
	const struct field **hold = &draft->rule.hold;
	if (!make_other(draft, yaml, "hold", &draft->hold, false, hold))
		return false;
	if (*hold == NULL || (*hold)->type == TYPE_flag)
		return true;
	buf_text(error_at(yaml, &draft->hold, "hold"),
		 ": allowed is a field that is true or false, such as flapping\n");
	return false;
}

static bool make_others(struct draft *draft, struct yaml *yaml)
{
	struct limit_rule *rule = &draft->rule;
	bool ok = make_other(draft, yaml, "share_of", &draft->share_of, true,
			     &rule->share_of);
	ok &= make_other(draft, yaml, "samples_of", &draft->samples_of, true,
			 &rule->samples_of);
	return make_hold(draft, yaml) && ok;
}

/* ---- words ---- */

/* NULL: whatever there is. */
static const char *const *words_of(const struct limit_rule *rule,
				   const struct field *field)
{
	return record_allowed(rule->record, field->name);
}

static bool is_word_of(const struct limit_rule *rule, const struct field *field,
		       const char *text)
{
	const char *const *allowed = words_of(rule, field);
	return allowed == NULL || words_hold(allowed, text);
}

static void say_words(struct buf *out, const struct limit_rule *rule,
		      const struct field *field)
{
	const char *const *allowed = words_of(rule, field);
	for (size_t i = 0; allowed != NULL && allowed[i] != NULL; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", allowed[i]);
	buf_text(out, allowed == NULL ? "a word of at most 31 characters\n" : "\n");
}

/* ---- conditions ---- */

static bool is_condition_value(const struct limit_rule *rule,
			       struct rule_condition *condition, const char *text)
{
	const struct field *field = condition->field;
	if (field->type == TYPE_flag) {
		condition->number = strcmp(text, "yes") == 0;
		return condition->number == 1 || strcmp(text, "no") == 0;
	}
	if (!rule_is_number(field))
		return is_word_of(rule, field, text);
	return rule_amount_parse(text, rule_unit_of(field), &condition->number);
}

static void say_condition_values(struct buf *out, const struct limit_rule *rule,
				 const struct field *field)
{
	buf_text(out, "; allowed is ");
	if (field->type == TYPE_flag)
		buf_text(out, "yes or no\n");
	else if (rule_is_number(field))
		buf_printf(out, "%s\n", rule_amount_allowed(rule_unit_of(field)));
	else
		say_words(out, rule, field);
}

static bool make_condition(struct draft *draft, struct yaml *yaml,
			   const struct draft_condition *from)
{
	struct limit_rule *rule = &draft->rule;
	struct rule_condition *to = &rule->where[rule->where_count];
	if (!make_other(draft, yaml, "where", &from->name, false, &to->field))
		return false;
	if (to->field->type == TYPE_addr || to->field->type == TYPE_bytes1536 ||
	    to->field->type == TYPE_time) {
		buf_text(error_at(yaml, &from->name, "where"),
			 ": allowed are words, numbers, yes and no\n");
		return false;
	}
	record_text(to->is, sizeof(to->is), from->value.text);
	rule->where_count++;
	if (is_condition_value(rule, to, from->value.text))
		return true;
	say_condition_values(error_at(yaml, &from->value, to->field->name), rule,
			     to->field);
	return false;
}

static bool make_where(struct draft *draft, struct yaml *yaml)
{
	bool ok = true;
	for (size_t i = 0; i < draft->where_count; i++)
		ok &= make_condition(draft, yaml, &draft->where[i]);
	return ok;
}

/* ---- limits ---- */

static const struct {
	const char *name;
	enum rule_kind kind;
} hows[] = { { "above", RULE_ABOVE },
	     { "below", RULE_BELOW },
	     { "is", RULE_IS },
	     { "change", RULE_CHANGE },
	     { "absent", RULE_ABSENT } };
enum { HOWS = sizeof(hows) / sizeof(hows[0]) };

static bool make_how(struct draft *draft, struct yaml *yaml)
{
	if (draft->how != NULL && draft->how_twice.line == 0) {
		size_t i = 0;
		while (i + 1 < HOWS && strcmp(hows[i].name, draft->how) != 0)
			i++;
		draft->rule.kind = hows[i].kind;
		return true;
	}
	bool twice = draft->how != NULL;
	buf_printf(yaml_error(yaml, twice ? draft->how_twice.line : draft->line,
			      twice ? draft->how_twice.column : draft->column),
		   "%s; allowed is one of above, below, is, change and absent\n",
		   twice ? "a second limit" : "a rule without limit");
	return false;
}

/* A word that the field can have, if that is known. */
static bool make_word(struct draft *draft, struct yaml *yaml,
		      const struct draft_text *text, char word[RULE_WORD])
{
	const struct limit_rule *rule = &draft->rule;
	size_t len = strlen(text->text);
	if (len > 0 && len < RULE_WORD && is_word_of(rule, rule->field, text->text)) {
		record_text(word, RULE_WORD, text->text);
		return true;
	}
	struct buf *out = error_at(yaml, text, "is");
	buf_text(out, "; allowed is ");
	say_words(out, rule, rule->field);
	return false;
}

static bool make_amount(const struct draft *draft, struct yaml *yaml,
			const struct draft_text *text, const char *key, double *out)
{
	const struct limit_rule *rule = &draft->rule;
	enum rule_unit unit = rule_unit(rule);
	char amount[sizeof(text->text)];
	record_text(amount, sizeof(amount), text->text);
	size_t len = strlen(amount);
	bool by_second = rule->interval != NULL || rule->is_rise;
	if (by_second && len > 2 && strcmp(amount + len - 2, "/s") == 0)
		amount[len - 2] = '\0';
	if (rule_amount_parse(amount, unit, out))
		return true;
	buf_printf(error_at(yaml, text, key), "; allowed is %s\n",
		   rule_amount_allowed(unit));
	return false;
}

/* "+50 %": more; "-50 %": less; "50 %": either. */
static bool make_change(struct draft *draft, struct yaml *yaml,
			const struct draft_text *text, double *out)
{
	char sign = text->text[0];
	if (!make_amount(draft, yaml, text, "change", out))
		return false;
	draft->rule.direction = sign == '+'   ? RULE_MORE
				: sign == '-' ? RULE_LESS
					      : RULE_EITHER;
	*out = fabs(*out);
	return true;
}

static bool make_limit(struct draft *draft, struct yaml *yaml,
		       const struct draft_text *text, int severity)
{
	struct limit_rule *rule = &draft->rule;
	double *limit = &rule->limits[severity];
	bool can_learn = rule->kind == RULE_ABOVE || rule->kind == RULE_BELOW;
	if (can_learn && strcmp(text->text, "learned") == 0) {
		rule->is_learned = true;
		*limit = 0; /* there is one, whatever it is */
		return true;
	}
	if (rule->kind == RULE_IS)
		return make_word(draft, yaml, text, rule->words[severity]);
	return rule->kind == RULE_CHANGE
		       ? make_change(draft, yaml, text, limit)
		       : make_amount(draft, yaml, text, draft->how, limit);
}

static bool make_one_limit(struct draft *draft, struct yaml *yaml)
{
	int severity = USUAL_SEVERITY;
	if (draft->severity.line != 0)
		severity = record_severity(draft->severity.text);
	return make_limit(draft, yaml, &draft->limit, severity);
}

static bool is_beyond(const struct limit_rule *rule, int graver, int severity)
{
	double far = rule->limits[graver], near = rule->limits[severity];
	return rule->kind == RULE_BELOW ? far < near : far > near;
}

/* What is graver must be farther away, or the less grave would never be seen. */
static bool check_order(struct draft *draft, struct yaml *yaml)
{
	const struct limit_rule *rule = &draft->rule;
	int last = SEVERITIES;
	for (int i = 0; i < SEVERITIES && rule->kind != RULE_IS; i++) {
		if (draft->limits[i].line == 0)
			continue;
		if (last == SEVERITIES || is_beyond(rule, i, last)) {
			last = i;
			continue;
		}
		buf_printf(error_at(yaml, &draft->limits[i], severity_names[i]),
			   ": that is not beyond the limit of %s. Allowed is what is\n",
			   severity_names[last]);
		return false;
	}
	return true;
}

static bool make_limits(struct draft *draft, struct yaml *yaml)
{
	bool ok = true;
	if (draft->limit.line != 0)
		return make_one_limit(draft, yaml);
	if (draft->severity.line != 0) {
		buf_text(error_at(yaml, &draft->severity, "severity"),
			 ": the limits have severities of their own. Allowed is one of "
			 "both\n");
		return false;
	}
	for (int i = 0; i < SEVERITIES; i++)
		if (draft->limits[i].line != 0)
			ok &= make_limit(draft, yaml, &draft->limits[i], i);
	if (!ok || !draft->rule.is_learned)
		return ok && check_order(draft, yaml);
	buf_printf(yaml_error(yaml, draft->line, draft->column),
		   "learned is a single limit; allowed is %s: learned\n", draft->how);
	return false;
}

/* The level must be on the good side of the limits. */
static bool make_recover(struct draft *draft, struct yaml *yaml)
{
	struct limit_rule *rule = &draft->rule;
	if (draft->recover.line == 0)
		return true;
	double level;
	if (rule->kind == RULE_IS || rule->kind == RULE_ABSENT || rule->is_learned) {
		buf_printf(error_at(yaml, &draft->recover, "recover"),
			   ": %s has no such level. Allowed is recover_for\n",
			   draft->how);
		return false;
	}
	if (!make_amount(draft, yaml, &draft->recover, "recover", &level))
		return false;
	rule->recovery = level;
	if (rule_severity(rule, level) < 0)
		return true;
	buf_text(error_at(yaml, &draft->recover, "recover"),
		 ": that is beyond the limit. Allowed is what is well again\n");
	return false;
}

/* ---- what goes together ---- */

static bool fits(const struct draft *draft, struct yaml *yaml)
{
	const struct limit_rule *rule = &draft->rule;
	bool is_number = rule_is_number(rule->field);
	bool wants_number = rule->kind != RULE_IS && rule->kind != RULE_ABSENT;
	const char *why = NULL;
	if (rule->field->type == TYPE_addr || rule->field->type == TYPE_bytes1536)
		why = "that can't be compared; allowed are numbers and words";
	else if (rule->kind == RULE_IS && is_number)
		why = "that is a number; allowed is above, below or change";
	else if (wants_number && !is_number)
		why = "that is no number; allowed is \"is\" or absent";
	else if (rule->kind == RULE_CHANGE &&
		 (rule->is_rise || rule->share_of != NULL ||
		  rule->record != RECORD_port))
		why = "its history is not known; allowed are fields of port";
	if (why != NULL)
		buf_printf(error_at(yaml, &draft->field, "field"), ": %s\n", why);
	return why == NULL;
}

static void choose_values(struct limit_rule *rule)
{
	rule->is_rise = rule_is_since_start(rule->record, rule->field);
	if (rule->field->role == ROLE_COUNTER && rule->share_of == NULL)
		rule->interval = record_field(rule->record, "interval_s");
	if (rule->recover_us < 0)
		rule->recover_us = rule->for_us;
}

/* Of a number that has too few values to mean something: which field counts them. */
static void choose_samples(struct limit_rule *rule)
{
	static const struct {
		const char *end, *samples;
	} counts[] = { { "response_", "responses" },
		       { "handshake_", "handshakes" },
		       { "retransmit_", "data_packets" },
		       { "lost_", "data_packets" },
		       { "error_", "ended" } };
	if (rule->samples == 0 || rule->samples_of != NULL)
		return;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (strncmp(rule->field->name, counts[i].end, strlen(counts[i].end)) ==
		    0)
			rule->samples_of =
				record_field(rule->record, counts[i].samples);
	if (rule->samples_of == NULL)
		rule->samples_of = record_field(rule->record, "flows");
}

static bool make_samples(struct draft *draft, struct yaml *yaml)
{
	struct limit_rule *rule = &draft->rule;
	choose_samples(rule);
	if (rule->samples == 0 || rule->samples_of != NULL)
		return true;
	buf_printf(yaml_error(yaml, draft->line, draft->column),
		   "samples without samples_of; allowed is the field of a %s that "
		   "counts them\n",
		   schemas[rule->record].name);
	return false;
}

static enum rule_per usual_per(const struct limit_places *places)
{
	if (places->target != NULL)
		return PER_TARGET;
	if (places->ip == NULL)
		return PER_ALL;
	return places->port != NULL ? PER_SERVICE : PER_HOST;
}

/* What its description begins with, up to the first sign. */
static void choose_what(struct limit_rule *rule)
{
	/* "tcp://192.0.2.1:25 is down" says it all. */
	if (rule->what[0] != '\0' || rule->kind == RULE_IS)
		return;
	record_text(rule->what, sizeof(rule->what), rule->field->doc);
	rule->what[strcspn(rule->what, ".,;:(")] = '\0';
	size_t len = strlen(rule->what);
	while (len > 0 && rule->what[len - 1] == ' ')
		rule->what[--len] = '\0';
	bool is_word = islower((unsigned char)rule->what[1]) || rule->what[1] == ' ';
	if (is_word)
		rule->what[0] = (char)tolower((unsigned char)rule->what[0]);
}

bool draft_make_tags(const struct draft *draft, struct yaml *yaml,
		     const struct limit_rules *rules)
{
	const struct limit_selection *selection = &draft->rule.selection;
	for (size_t i = 0; i < selection->tags_count; i++) {
		if (limit_rules_has_tag(rules, selection->tags[i]))
			continue;
		buf_printf(yaml_error(yaml, draft->line, draft->column),
			   "no tag %s; allowed are those of a section \"tags\" before "
			   "it\n",
			   selection->tags[i]);
		return false;
	}
	return true;
}

bool draft_make(struct draft *draft, struct yaml *yaml, const struct limit_rules *rules)
{
	struct limit_rule *rule = &draft->rule;
	bool is_per_given = rule->per != RULE_PERS;
	if (draft->field.line == 0) {
		buf_text(yaml_error(yaml, draft->line, draft->column),
			 "a rule without field; allowed is RECORD.FIELD of "
			 "docs/records.md, such as port.response_p95_us\n");
		return false;
	}
	if (!make_field(draft, yaml) || !make_how(draft, yaml) ||
	    !make_others(draft, yaml))
		return false;
	choose_values(rule);
	choose_what(rule);
	if (!is_per_given) {
		struct limit_places places;
		limit_places_find(rule->record, &places);
		rule->per = usual_per(&places);
	}
	bool ok = fits(draft, yaml) && make_limits(draft, yaml) &&
		  make_recover(draft, yaml);
	ok &= make_where(draft, yaml);
	ok &= draft_make_tags(draft, yaml, rules);
	return make_samples(draft, yaml) && ok;
}
