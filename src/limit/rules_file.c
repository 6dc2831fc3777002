/*
 * rules_file.c: rules in YAML; see rules.h and docs/alerts.md.
 */
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "limit/rules_keys.h"

enum { SIGNS_MAX = 1 << 18 }; /* of []{},:? in a file: a rule has some twenty */

struct reader {
	struct yaml *yaml;
	struct limit_rules *rules;
	const char *name; /* of the file */
	const struct buf *errors;
};

/* ---- values of keys ---- */

static bool note(struct draft_text *out, const struct yaml_event *event)
{
	out->line = event->line;
	out->column = event->column;
	return rules_take_text(out->text, sizeof(out->text), event->text);
}

struct taking {
	struct reader *reader;
	struct draft *draft;
	const struct rules_key *keys;
};

static bool is_text(const struct yaml_event *event)
{
	return event->kind == YAML_SCALAR && !event->is_broken && !event->is_null;
}

static void take_scalar(const struct taking *taking, const struct rules_key *key)
{
	struct yaml *yaml = taking->reader->yaml;
	const struct yaml_event *event = yaml_event(yaml);
	if (yaml_refuse_indirection(yaml))
		return;
	if (!is_text(event) || !key->take(taking->draft, event->text))
		yaml_refuse_value(yaml, key->name, key->allowed);
}

static void take_list(const struct taking *taking, const struct rules_key *key)
{
	struct yaml *yaml = taking->reader->yaml;
	const struct yaml_event *event = yaml_event(yaml);
	if (event->kind != YAML_LIST || event->is_marked) {
		take_scalar(taking, key);
		return;
	}
	while (yaml_next(yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		take_scalar(taking, key);
}

static void take_note(const struct taking *taking, const struct rules_key *key,
		      struct draft_text *out)
{
	struct yaml *yaml = taking->reader->yaml;
	const struct yaml_event *event = yaml_event(yaml);
	if (yaml_refuse_indirection(yaml))
		return;
	if (!is_text(event) || !note(out, event))
		yaml_refuse_value(yaml, key->name, key->allowed);
}

/* The mapping at the event: each value goes where place() says of its name. */
static void take_pairs(const struct taking *taking, const struct rules_key *key,
		       struct draft_text *(*place)(struct draft *draft,
						   const struct yaml_event *name))
{
	struct yaml *yaml = taking->reader->yaml;
	const struct yaml_event *event = yaml_event(yaml);
	while (yaml_next(yaml)->kind != YAML_MAPPING_END && event->kind != YAML_END) {
		struct draft_text *out =
			is_text(event) ? place(taking->draft, event) : NULL;
		if (out == NULL) {
			yaml_refuse_value(yaml, key->name, key->allowed);
			yaml_next(yaml);
			yaml_skip(yaml);
			continue;
		}
		if (yaml_next(yaml)->kind == YAML_END)
			return;
		take_note(taking, key, out);
	}
}

static struct draft_text *limit_place(struct draft *draft,
				      const struct yaml_event *name)
{
	int severity = record_severity(name->text);
	if (severity < 0 || draft->limits[severity].line != 0)
		return NULL;
	return &draft->limits[severity];
}

static struct draft_text *where_place(struct draft *draft,
				      const struct yaml_event *name)
{
	if (draft->where_count == RULE_CONDITIONS)
		return NULL;
	struct draft_condition *condition = &draft->where[draft->where_count];
	if (!note(&condition->name, name))
		return NULL;
	draft->where_count++;
	return &condition->value;
}

static void take_limits(const struct taking *taking, const struct rules_key *key)
{
	struct draft *draft = taking->draft;
	const struct yaml_event *event = yaml_event(taking->reader->yaml);
	if (draft->how != NULL) {
		draft->how_twice.line = event->line;
		draft->how_twice.column = event->column;
		yaml_skip(taking->reader->yaml);
		return;
	}
	draft->how = key->name;
	if (event->kind == YAML_MAPPING && !event->is_marked)
		take_pairs(taking, key, limit_place);
	else
		take_note(taking, key, &draft->limit);
}

static void take_where(const struct taking *taking, const struct rules_key *key)
{
	struct yaml *yaml = taking->reader->yaml;
	const struct yaml_event *event = yaml_event(yaml);
	if (yaml_refuse_indirection(yaml))
		return;
	if (event->kind == YAML_MAPPING)
		take_pairs(taking, key, where_place);
	else
		yaml_refuse_value(yaml, key->name, key->allowed);
}

static void take_key(void *to, size_t number)
{
	const struct taking *taking = to;
	const struct rules_key *key = &taking->keys[number];
	char *draft = (char *)taking->draft;
	switch (key->form) {
	case FORM_ONE:
		take_scalar(taking, key);
		break;
	case FORM_LIST:
		take_list(taking, key);
		break;
	case FORM_NOTE:
		take_note(taking, key,
			  (struct draft_text *)(void *)(draft + key->offset));
		break;
	case FORM_LIMITS:
		take_limits(taking, key);
		break;
	case FORM_WHERE:
		take_where(taking, key);
		break;
	}
}

/* ---- items ---- */

static struct buf *item_error(const struct reader *r, const struct draft *draft)
{
	return yaml_error(r->yaml, draft->line, draft->column);
}

static bool is_name(const char *text, size_t size)
{
	size_t len = strlen(text);
	return len > 0 && len < size &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789-_") == len;
}

/* False, and an error said. */
static bool has_name(const struct reader *r, const struct draft *draft)
{
	const struct draft_text *name = &draft->name;
	if (is_name(name->text, RULE_NAME) &&
	    (draft->severity.line == 0 || record_severity(draft->severity.text) >= 0))
		return true;
	if (name->line == 0) {
		buf_text(item_error(r, draft),
			 "a rule or level without name; allowed is " NAME_ALLOWED "\n");
		return false;
	}
	bool is_severity = is_name(name->text, RULE_NAME);
	const struct draft_text *bad = is_severity ? &draft->severity : name;
	struct buf *out = yaml_error(r->yaml, bad->line, bad->column);
	buf_text(out, is_severity ? "severity can't be " : "name can't be ");
	yaml_say_shown(out, bad->text);
	buf_printf(out, "; allowed is %s\n",
		   is_severity ? SEVERITY_ALLOWED : NAME_ALLOWED);
	return false;
}

static void say_from(const struct reader *r, const struct draft *draft,
		     char out[static RULE_FROM])
{
	snprintf(out, RULE_FROM, "%s:%zu", r->name, draft->line);
}

static void add_rule(struct reader *r, struct draft *draft)
{
	struct limit_rule *rule = &draft->rule;
	if (!has_name(r, draft))
		return;
	record_text(rule->name, sizeof(rule->name), draft->name.text);
	say_from(r, draft, rule->from);
	if (rule->is_off)
		rule->field = &schemas[rule->record].fields[0];
	else if (!draft_make(draft, r->yaml, r->rules))
		return;
	enum rules_added added = limit_rules_add(r->rules, rule);
	if (added == RULES_TWICE)
		buf_printf(item_error(r, draft),
			   "a second rule %s; allowed is one of a name\n", rule->name);
	else if (added == RULES_FULL)
		buf_printf(item_error(r, draft), "too many rules; allowed are %d\n",
			   RULES_MAX);
}

static void add_level(struct reader *r, struct draft *draft)
{
	if (!has_name(r, draft) || !draft_make_level(draft, r->yaml, r->rules))
		return;
	struct limit_level *level = &draft->level;
	say_from(r, draft, level->from);
	enum rules_added added = limit_rules_add_level(r->rules, level);
	if (added == RULES_TWICE)
		buf_printf(item_error(r, draft),
			   "a second level %s; allowed is one of a name\n",
			   level->name);
	else if (added == RULES_FULL)
		buf_printf(item_error(r, draft), "too many levels; allowed are %d\n",
			   LEVELS_MAX);
}

static void add_tag(struct reader *r, struct draft *draft)
{
	struct limit_tag tag = { .selection = draft->rule.selection };
	if (!is_name(draft->tag.text, sizeof(tag.name))) {
		buf_text(item_error(r, draft), "a tag without name, or with signs in "
					       "it; allowed is tag: and a name of at "
					       "most 31 letters, digits, - and _\n");
		return;
	}
	record_text(tag.name, sizeof(tag.name), draft->tag.text);
	if (limit_rules_add_tag(r->rules, &tag) != RULES_ADDED)
		buf_printf(item_error(r, draft), "too many tags; allowed are %d\n",
			   TAGS_MAX);
}

/* What a section's items are. */
struct section {
	const char *name;
	const char *of; /* in words */
	const struct yaml_keys *keys;
	void (*add)(struct reader *r, struct draft *draft);
};
static const struct section sections[] = {
	{ "tags", "tags, of lines such as \"- tag: web\"", &rules_tag_keys, add_tag },
	{ "rules", "rules, of lines such as \"- name: slow\"", &rules_rule_keys,
	  add_rule },
	{ "levels", "levels, of lines such as \"- name: shop\"", &rules_level_keys,
	  add_level },
};
static const struct yaml_keys section_names = {
	sections, sizeof(sections[0]), sizeof(sections) / sizeof(sections[0])
};

static void take_item(struct reader *r, const struct section *section)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	struct draft draft = { .line = event->line, .column = event->column };
	rule_init(&draft.rule);
	level_init(&draft.level);
	draft.rule.per = RULE_PERS;
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_MAPPING) {
		yaml_refuse_value(r->yaml, section->name, section->of);
		return;
	}
	struct taking taking = { r, &draft, section->keys->at };
	size_t before = r->errors->len;
	yaml_take_mapping(r->yaml, section->keys, take_key, &taking);
	if (r->errors->len == before)
		section->add(r, &draft);
}

static void take_section(void *to, size_t number)
{
	struct reader *r = to;
	const struct yaml_event *event = yaml_event(r->yaml);
	const struct section *section = &sections[number];
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_LIST) {
		yaml_refuse_value(r->yaml, section->name, section->of);
		return;
	}
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		take_item(r, section);
}

static void take_file(struct reader *r)
{
	const struct yaml_event *event = yaml_next(r->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(r->yaml);
	if (event->kind == YAML_END)
		return; /* nothing is limited */
	if (event->kind != YAML_MAPPING) {
		struct buf *out = yaml_error(r->yaml, event->line, event->column);
		buf_text(out, "not a file of limits; allowed are the sections ");
		yaml_say_keys(out, &section_names);
		buf_char(out, '\n');
		return;
	}
	yaml_take_mapping(r->yaml, &section_names, take_section, r);
	if (!yaml_failed(r->yaml) && yaml_next(r->yaml)->kind != YAML_END)
		buf_text(yaml_error(r->yaml, event->line, event->column),
			 "a second document; allowed is one in a file\n");
}

bool limit_rules_parse(struct limit_rules *rules, const char *text, size_t len,
		       const char *name, struct buf *errors)
{
	struct reader r = { .rules = rules, .name = name, .errors = errors };
	r.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	if (r.yaml == NULL)
		return false;
	take_file(&r);
	bool failed = yaml_failed(r.yaml);
	yaml_close(r.yaml);
	return !failed;
}
