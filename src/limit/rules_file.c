/*
 * rules_file.c: rules in YAML; see rules.h and docs/alerts.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "base/yaml.h"
#include "limit/rule_draft.h"

enum { SIGNS_MAX = 1 << 18 }; /* of []{},:? in a file: a rule has some twenty */
#define SECOND_US     1000000LL
#define DURATION_MOST (366 * 86400 * SECOND_US)

struct reader {
	struct yaml *yaml;
	struct limit_rules *rules;
	const struct buf *errors;
};

/* ---- simple values; false if it is none ---- */

static bool take_text(char *field, size_t size, const char *text)
{
	return text[0] != '\0' && snprintf(field, size, "%s", text) < (int)size;
}

static bool take_words(char words[][SELECTION_WORD], size_t *count, const char *text)
{
	return *count < SELECTION_PLACES &&
	       take_text(words[*count], SELECTION_WORD, text) && ++*count > 0;
}

static bool take_port(struct draft *draft, const char *text)
{
	struct limit_selection *selection = &draft->rule.selection;
	return selection->ports_count < SELECTION_PLACES &&
	       port_range_parse(text, &selection->ports[selection->ports_count]) &&
	       ++selection->ports_count > 0;
}

static bool take_host(struct draft *draft, const char *text)
{
	struct limit_selection *selection = &draft->rule.selection;
	if (strcmp(text, "home") == 0) {
		selection->only_home = true;
		return true;
	}
	return selection->hosts_count < SELECTION_PLACES &&
	       prefix_parse(text, &selection->hosts[selection->hosts_count]) &&
	       ++selection->hosts_count > 0;
}

static bool take_service(struct draft *draft, const char *text)
{
	struct limit_selection *selection = &draft->rule.selection;
	return take_words(selection->services, &selection->services_count, text);
}

static bool take_protocol(struct draft *draft, const char *text)
{
	struct limit_selection *selection = &draft->rule.selection;
	return take_words(selection->protocols, &selection->protocols_count, text);
}

static bool take_target(struct draft *draft, const char *text)
{
	struct limit_selection *selection = &draft->rule.selection;
	return selection->targets_count < SELECTION_TARGETS &&
	       take_text(selection->targets[selection->targets_count], SELECTION_TARGET,
			 text) &&
	       ++selection->targets_count > 0;
}

static bool take_tags(struct draft *draft, const char *text)
{
	struct limit_selection *selection = &draft->rule.selection;
	return take_words(selection->tags, &selection->tags_count, text);
}

static bool take_per(struct draft *draft, const char *text)
{
	static const char *const names[RULE_PERS] = { "service", "host", "target",
						      "all" };
	draft->rule.per = PER_SERVICE;
	while (draft->rule.per < RULE_PERS && strcmp(names[draft->rule.per], text) != 0)
		draft->rule.per++;
	return draft->rule.per < RULE_PERS;
}

static bool take_duration(int64_t *us, const char *text)
{
	if (strcmp(text, "0") == 0) {
		*us = 0;
		return true;
	}
	return duration_parse(text, us) && *us <= DURATION_MOST;
}

static bool take_for(struct draft *draft, const char *text)
{
	return take_duration(&draft->rule.for_us, text);
}

static bool take_recover_for(struct draft *draft, const char *text)
{
	return take_duration(&draft->rule.recover_us, text);
}

static bool take_forget(struct draft *draft, const char *text)
{
	return take_duration(&draft->rule.forget_us, text) && draft->rule.forget_us > 0;
}

/* Takes a number off the front. */
static bool take_number(const char **text, unsigned long most, unsigned long *out)
{
	char *end;
	if (**text < '0' || **text > '9')
		return false;
	*out = strtoul(*text, &end, 10);
	*text = end;
	return *out >= 1 && *out <= most;
}

static bool take_samples(struct draft *draft, const char *text)
{
	unsigned long count;
	if (!take_number(&text, UINT32_MAX, &count) || *text != '\0')
		return false;
	draft->rule.samples = (uint32_t)count;
	return true;
}

/* "3 of 5" */
static bool take_times(struct draft *draft, const char *text)
{
	static const char between[] = " of ";
	unsigned long times, of;
	if (!take_number(&text, RULE_OF_MAX, &times) ||
	    strncmp(text, between, sizeof(between) - 1) != 0)
		return false;
	text += sizeof(between) - 1;
	if (!take_number(&text, RULE_OF_MAX, &of) || *text != '\0' || times > of)
		return false;
	draft->rule.times = (uint8_t)times;
	draft->rule.of = (uint8_t)of;
	return true;
}

static bool take_what(struct draft *draft, const char *text)
{
	return take_text(draft->rule.what, sizeof(draft->rule.what), text);
}

static bool take_advice(struct draft *draft, const char *text)
{
	return take_text(draft->rule.advice, sizeof(draft->rule.advice), text);
}

static bool take_off(struct draft *draft, const char *text)
{
	draft->rule.is_off = strcmp(text, "yes") == 0;
	return draft->rule.is_off || strcmp(text, "no") == 0;
}

/* ---- values that wait for the field ---- */

static bool note(struct draft_text *out, const struct yaml_event *event)
{
	out->line = event->line;
	out->column = event->column;
	return take_text(out->text, sizeof(out->text), event->text);
}

#define SEVERITY_ALLOWED "notice, low, medium, high or critical"
#define NAME_ALLOWED     "a name of at most 63 letters, digits, - and _"
#define DURATION_ALLOWED "a duration from 0 to 366d, such as 30s, 5m or 2h"
#define LIMIT_ALLOWED                                                                  \
	"a value such as 250ms, 1 % or 10, or one for each severity: {medium: 250ms, " \
	"high: 1s}"

enum key_form { FORM_ONE, FORM_LIST, FORM_NOTE, FORM_LIMITS, FORM_WHERE };

/* In the order of docs/alerts.md. */
static const struct key {
	const char *name, *allowed;
	enum key_form form;
	bool (*take)(struct draft *draft, const char *text); /* of ONE and LIST */
	size_t offset;                                       /* of NOTE */
	const char *doc;
} rule_keys[] = {
	{ "name", NAME_ALLOWED, FORM_NOTE, NULL, offsetof(struct draft, name),
	  "What the rule is called; an alert has it as `rule`. A rule with the name of "
	  "a "
	  "usual one takes its place." },
	{ "field", "RECORD.FIELD, such as port.response_p95_us", FORM_NOTE, NULL,
	  offsetof(struct draft, field),
	  "What is looked at: any number or word of any record "
	  "([records.md](records.md)). "
	  "Counts of an interval (`port`) are by the second; counts since the start "
	  "(`self`, `listener`) are how much they rise a second; a time is how long it "
	  "is "
	  "until then." },
	{ "above", LIMIT_ALLOWED, FORM_LIMITS, NULL, 0,
	  "More than that is too much. `learned`: more than the series was seen at, "
	  "and a "
	  "quarter of its range (two days at least are learned; of a new level the "
	  "alert "
	  "ends when it has become usual, within hours)." },
	{ "below", LIMIT_ALLOWED, FORM_LIMITS, NULL, 0,
	  "Less than that is too little; or `learned`." },
	{ "is", "a word, or one for each severity: {low: degraded, high: down}",
	  FORM_LIMITS, NULL, 0, "That word is bad." },
	{ "change", "a share such as 50 %, +50 % (more) or -50 % (less)", FORM_LIMITS,
	  NULL, 0,
	  "Against the mean of the same hour a week before; of fields of `port`. What "
	  "is "
	  "not known is no change." },
	{ "absent", DURATION_ALLOWED, FORM_LIMITS, NULL, 0,
	  "What came once does not come for that long." },
	{ "severity", SEVERITY_ALLOWED, FORM_NOTE, NULL,
	  offsetof(struct draft, severity), "Of a single limit; medium." },
	{ "for", DURATION_ALLOWED, FORM_ONE, take_for, 0,
	  "How long a limit must be crossed without a break; 0." },
	{ "recover", "a value such as 200ms", FORM_NOTE, NULL,
	  offsetof(struct draft, recover),
	  "Beyond which it is well again; the limit." },
	{ "recover_for", DURATION_ALLOWED, FORM_ONE, take_recover_for, 0,
	  "How long it must be well until it is over; as `for`." },
	{ "times", "such as \"3 of 5\", of at most 32", FORM_ONE, take_times, 0,
	  "In so many of the last records it must be crossed; 1 of 1." },
	{ "samples", "a number from 1 on", FORM_ONE, take_samples, 0,
	  "A record with fewer says nothing: a share of two connections is none." },
	{ "samples_of", "a field of the same record", FORM_NOTE, NULL,
	  offsetof(struct draft, samples_of),
	  "Which field counts them; what the value is made of (`responses`, "
	  "`handshakes`, "
	  "`data_packets`, `ended`), or `flows`." },
	{ "share_of", "a field of the same record", FORM_NOTE, NULL,
	  offsetof(struct draft, share_of), "The value is a share of that field." },
	{ "hold", "a field that is true or false", FORM_NOTE, NULL,
	  offsetof(struct draft, hold),
	  "While it is true nothing is over: `flapping`." },
	{ "where", "fields and their values, such as {maintenance: no}", FORM_WHERE,
	  NULL, 0,
	  "At most 4 fields of the record that must have a value; else it says "
	  "nothing." },
	{ "per", "service, host, target or all", FORM_ONE, take_per, 0,
	  "What is one series; a target, if the record has one, else a service, else a "
	  "host." },
	{ "forget", DURATION_ALLOWED ", but 0", FORM_ONE, take_forget, 0,
	  "After so long without a value nothing is known any more, and an alert is "
	  "over; "
	  "15m, at least three of its intervals." },
	{ "ports", "at most 16 of " PORT_RANGE_ALLOWED, FORM_LIST, take_port, 0,
	  "Ports of services." },
	{ "hosts", "home, or at most 16 addresses and networks", FORM_LIST, take_host,
	  0, "Their addresses; home: our networks." },
	{ "services", "at most 16 names", FORM_LIST, take_service, 0,
	  "IANA service names." },
	{ "protocols", "at most 16 names", FORM_LIST, take_protocol, 0,
	  "Application protocols ([protocols.md](protocols.md))." },
	{ "targets", "at most 8 targets, with *", FORM_LIST, take_target, 0,
	  "Targets of probes, as they are configured." },
	{ "tags", "at most 16 names of tags", FORM_LIST, take_tags, 0,
	  "Names of selections in the section `tags`." },
	{ "what", "a text of at most 95 characters", FORM_ONE, take_what, 0,
	  "How the value is called in an alert; as in records.md, and not at all for "
	  "words." },
	{ "advice", "a text of at most 255 characters", FORM_ONE, take_advice, 0,
	  "What to look at." },
	{ "off", "yes or no", FORM_ONE, take_off, 0,
	  "Only that the usual rule of that name is not wanted." },
};
enum { RULE_KEYS = sizeof(rule_keys) / sizeof(rule_keys[0]) };
_Static_assert((int)RULE_KEYS <= (int)YAML_KEYS_MAX, "as many as yaml.h can");
static const struct yaml_keys rule_names = { rule_keys, sizeof(rule_keys[0]),
					     RULE_KEYS };

static const struct key tag_keys[] = {
	{ "tag", "a name of at most 31 characters", FORM_NOTE, NULL,
	  offsetof(struct draft, tag), "" },
	{ "ports", "at most 16 of " PORT_RANGE_ALLOWED, FORM_LIST, take_port, 0, "" },
	{ "hosts", "home, or at most 16 addresses and networks", FORM_LIST, take_host,
	  0, "" },
	{ "services", "at most 16 names", FORM_LIST, take_service, 0, "" },
	{ "protocols", "at most 16 names", FORM_LIST, take_protocol, 0, "" },
	{ "targets", "at most 8 targets, with *", FORM_LIST, take_target, 0, "" },
};
static const struct yaml_keys tag_names = { tag_keys, sizeof(tag_keys[0]),
					    sizeof(tag_keys) / sizeof(tag_keys[0]) };

void limit_rules_docs(struct buf *out)
{
	buf_text(out, "| key | is | allowed is |\n|---|---|---|\n");
	for (size_t i = 0; i < RULE_KEYS; i++)
		buf_printf(out, "| `%s` | %s | %s |\n", rule_keys[i].name,
			   rule_keys[i].doc, rule_keys[i].allowed);
}

/* ---- values of keys ---- */

struct taking {
	struct reader *reader;
	struct draft *draft;
	const struct key *keys;
};

static bool is_text(const struct yaml_event *event)
{
	return event->kind == YAML_SCALAR && !event->is_broken && !event->is_null;
}

static void take_scalar(const struct taking *taking, const struct key *key)
{
	struct yaml *yaml = taking->reader->yaml;
	const struct yaml_event *event = yaml_event(yaml);
	if (yaml_refuse_indirection(yaml))
		return;
	if (!is_text(event) || !key->take(taking->draft, event->text))
		yaml_refuse_value(yaml, key->name, key->allowed);
}

static void take_list(const struct taking *taking, const struct key *key)
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

static void take_note(const struct taking *taking, const struct key *key,
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
static void take_pairs(const struct taking *taking, const struct key *key,
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

static void take_limits(const struct taking *taking, const struct key *key)
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

static void take_where(const struct taking *taking, const struct key *key)
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
	const struct key *key = &taking->keys[number];
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
			 "a rule without name; allowed is " NAME_ALLOWED "\n");
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

static void add_rule(struct reader *r, struct draft *draft)
{
	struct limit_rule *rule = &draft->rule;
	if (!has_name(r, draft))
		return;
	record_text(rule->name, sizeof(rule->name), draft->name.text);
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
	const struct key *keys;
	const struct yaml_keys *names;
	void (*add)(struct reader *r, struct draft *draft);
};
static const struct section sections[] = {
	{ "tags", "tags, of lines such as \"- tag: web\"", tag_keys, &tag_names,
	  add_tag },
	{ "rules", "rules, of lines such as \"- name: slow\"", rule_keys, &rule_names,
	  add_rule },
};
static const struct yaml_keys section_names = {
	sections, sizeof(sections[0]), sizeof(sections) / sizeof(sections[0])
};

static void take_item(struct reader *r, const struct section *section)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	struct draft draft = { .line = event->line, .column = event->column };
	rule_init(&draft.rule);
	draft.rule.per = RULE_PERS;
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_MAPPING) {
		yaml_refuse_value(r->yaml, section->name, section->of);
		return;
	}
	struct taking taking = { r, &draft, section->keys };
	size_t before = r->errors->len;
	yaml_take_mapping(r->yaml, section->names, take_key, &taking);
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
	struct reader r = { .rules = rules, .errors = errors };
	r.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	if (r.yaml == NULL)
		return false;
	take_file(&r);
	bool failed = yaml_failed(r.yaml);
	yaml_close(r.yaml);
	return !failed;
}
