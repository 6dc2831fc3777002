/*
 * rules_keys.c: see rules_keys.h.
 */
#include "limit/rules_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

#define SECOND_US     1000000LL
#define DURATION_MOST (366 * 86400 * SECOND_US)
/* A level's: below a week the long windows of burn rates would be most of it. */
#define WINDOW_LEAST_US (7 * 86400 * SECOND_US)
/* More nines than six in a year are half a minute: nobody can tell. */
static const double OBJECTIVE_LEAST = 0.5, OBJECTIVE_MOST = 0.999999;

/* ---- simple values; false if it is none ---- */

bool rules_take_text(char *field, size_t size, const char *text)
{
	return text[0] != '\0' && snprintf(field, size, "%s", text) < (int)size;
}

static bool take_words(char words[][SELECTION_WORD], size_t *count, const char *text)
{
	return *count < SELECTION_PLACES &&
	       rules_take_text(words[*count], SELECTION_WORD, text) && ++*count > 0;
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
	       rules_take_text(selection->targets[selection->targets_count],
			       SELECTION_TARGET, text) &&
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

static bool take_count(uint32_t *out, const char *text)
{
	unsigned long count;
	if (!take_number(&text, UINT32_MAX, &count) || *text != '\0')
		return false;
	*out = (uint32_t)count;
	return true;
}

static bool take_samples(struct draft *draft, const char *text)
{
	return take_count(&draft->rule.samples, text);
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
	return rules_take_text(draft->rule.what, sizeof(draft->rule.what), text);
}

static bool take_advice(struct draft *draft, const char *text)
{
	return rules_take_text(draft->rule.advice, sizeof(draft->rule.advice), text);
}

static bool take_answer(bool *yes, const char *text)
{
	*yes = strcmp(text, "yes") == 0;
	return *yes || strcmp(text, "no") == 0;
}

static bool take_off(struct draft *draft, const char *text)
{
	return take_answer(&draft->rule.is_off, text);
}

/* ---- of a service level ---- */

static bool take_measure(struct draft *draft, const char *text)
{
	unsigned measure = 0;
	while (measure < LEVEL_MEASURES && strcmp(level_measures[measure], text) != 0)
		measure++;
	draft->level.measure = measure;
	return measure < LEVEL_MEASURES;
}

static bool take_objective(struct draft *draft, const char *text)
{
	double *objective = &draft->level.objective;
	return rule_amount_parse(text, UNIT_SHARE, objective) &&
	       *objective >= OBJECTIVE_LEAST && *objective <= OBJECTIVE_MOST;
}

static bool take_window(struct draft *draft, const char *text)
{
	return take_duration(&draft->level.window_us, text) &&
	       draft->level.window_us >= WINDOW_LEAST_US;
}

static bool take_within(struct draft *draft, const char *text)
{
	return rule_amount_parse(text, UNIT_US, &draft->level.within_us) &&
	       draft->level.within_us >= 1 && draft->level.within_us <= DURATION_MOST;
}

static bool take_customer_facing(struct draft *draft, const char *text)
{
	return take_answer(&draft->level.is_customer_facing, text);
}

static bool take_failures(struct draft *draft, const char *text)
{
	return take_count(&draft->level.failures, text);
}

static bool take_alerts(struct draft *draft, const char *text)
{
	bool are_wanted;
	bool ok = take_answer(&are_wanted, text);
	draft->level.is_silent = !are_wanted;
	return ok;
}

/* ---- keys ---- */

#define DURATION_ALLOWED "a duration from 0 to 366d, such as 30s, 5m or 2h"
#define LIMIT_ALLOWED                                                                  \
	"a value such as 250ms, 1 % or 10, or one for each severity: {medium: 250ms, " \
	"high: 1s}"

/* In the order of docs/alerts.md. */
static const struct rules_key rule_keys[] = {
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
const struct yaml_keys rules_rule_keys = { rule_keys, sizeof(rule_keys[0]), RULE_KEYS };

static const struct rules_key tag_keys[] = {
	{ "tag", "a name of at most 31 characters", FORM_NOTE, NULL,
	  offsetof(struct draft, tag), "" },
	{ "ports", "at most 16 of " PORT_RANGE_ALLOWED, FORM_LIST, take_port, 0, "" },
	{ "hosts", "home, or at most 16 addresses and networks", FORM_LIST, take_host,
	  0, "" },
	{ "services", "at most 16 names", FORM_LIST, take_service, 0, "" },
	{ "protocols", "at most 16 names", FORM_LIST, take_protocol, 0, "" },
	{ "targets", "at most 8 targets, with *", FORM_LIST, take_target, 0, "" },
};
const struct yaml_keys rules_tag_keys = { tag_keys, sizeof(tag_keys[0]),
					  sizeof(tag_keys) / sizeof(tag_keys[0]) };

/* In the order of docs/alerts.md. */
static const struct rules_key level_keys[] = {
	{ "name", NAME_ALLOWED, FORM_NOTE, NULL, offsetof(struct draft, name),
	  "What the level is called; an alert has it as `rule`. A level with the name "
	  "of a usual one takes its place." },
	{ "measure", "availability, errors or response", FORM_ONE, take_measure, 0,
	  "What is promised. `availability`: how long targets of probes are not down; "
	  "`errors`: how many connections and answers of services do not fail; "
	  "`response`: how many answers come in time (with `targets`: how long their "
	  "probes are answered in time). Availability; with `within` or "
	  "`customer_facing` response." },
	{ "objective", "a share from 50 % to 99.9999 %, such as 99.95 %", FORM_ONE,
	  take_objective, 0, "How much of it is promised; 99.9 %." },
	{ "window", "a duration from 7d to 366d", FORM_ONE, take_window, 0,
	  "Over which time; 30d." },
	{ "within", "a time such as 300ms or 3s", FORM_ONE, take_within, 0,
	  "What is in time." },
	{ "customer_facing", "yes or no", FORM_ONE, take_customer_facing, 0,
	  "Customers wait for it: `within` is 3s, if nothing else is said." },
	{ "alerts", "yes or no", FORM_ONE, take_alerts, 0,
	  "Whether it is an alert that its error budget burns too fast; yes." },
	{ "failures", "a number from 1 on", FORM_ONE, take_failures, 0,
	  "Fewer failures are no alert, whatever share they are; 3 probes, or 10 "
	  "connections or answers." },
	{ "for", DURATION_ALLOWED, FORM_ONE, take_for, 0,
	  "How long it must burn too fast; 0." },
	{ "recover_for", DURATION_ALLOWED, FORM_ONE, take_recover_for, 0,
	  "How long it must not until it is over; as `for`." },
	{ "ports", "at most 16 of " PORT_RANGE_ALLOWED, FORM_LIST, take_port, 0,
	  "Of which targets and services it is, each for itself; as of rules." },
	{ "hosts", "home, or at most 16 addresses and networks", FORM_LIST, take_host,
	  0, "" },
	{ "services", "at most 16 names", FORM_LIST, take_service, 0, "" },
	{ "protocols", "at most 16 names", FORM_LIST, take_protocol, 0, "" },
	{ "targets", "at most 8 targets, with *", FORM_LIST, take_target, 0, "" },
	{ "tags", "at most 16 names of tags", FORM_LIST, take_tags, 0, "" },
	{ "advice", "a text of at most 255 characters", FORM_ONE, take_advice, 0,
	  "What to look at." },
	{ "off", "yes or no", FORM_ONE, take_off, 0,
	  "Only that the usual level of that name is not wanted." },
};
const struct yaml_keys rules_level_keys = {
	level_keys, sizeof(level_keys[0]), sizeof(level_keys) / sizeof(level_keys[0])
};

static void put_docs(const struct yaml_keys *keys, struct buf *out)
{
	const struct rules_key *key = keys->at;
	buf_text(out, "| key | is | allowed is |\n|---|---|---|\n");
	for (size_t i = 0; i < keys->count; i++)
		buf_printf(out, "| `%s` | %s | %s |\n", key[i].name, key[i].doc,
			   key[i].allowed);
}

void limit_rules_docs(struct buf *out)
{
	put_docs(&rules_rule_keys, out);
}

void limit_levels_docs(struct buf *out)
{
	put_docs(&rules_level_keys, out);
}
