/*
 * judge.c: when a limit that is crossed is an alert, and when that is over.
 *
 * A value must be beyond the limit in so many of the last records, for so long.  It is
 * over when it was beyond the recovery level for as long: what swings around a limit is
 * one alert.  Until then it can get graver, never less grave.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "limit/limits_inside.h"

#define SECOND_US 1000000LL
/* What has not come for that long beyond its limit does not exist any more. */
#define ABSENT_MOST_US (30 * 86400 * SECOND_US)

static void tell(struct limits *limits, const struct limit_rule *rule,
		 const struct series *series, enum said_end end, int64_t now_us)
{
	struct alert_record alert;
	said_alert(rule, series, series_facts(&limits->table, series), end, now_us,
		   &alert);
	limits->sink.alert(limits->sink.self, &alert);
}

/* ---- whom it is about ---- */

/* Only of that which makes the series. */
static struct limit_subject subject_of(const struct limit_subject *subject,
				       enum rule_per per)
{
	struct limit_subject out = *subject;
	if (per == PER_SERVICE || per == PER_HOST || per == PER_ALL)
		out.target = "";
	if (per == PER_HOST || per == PER_ALL) {
		out.port = UNKNOWN_U32;
		out.transport = out.service = out.protocol = "";
	}
	if (per == PER_ALL)
		out.ip = addr_unset();
	return out;
}

/* Of a probe's target nothing else is known than who answered. */
static const char *service_of(const struct limit_subject *subject)
{
	return subject->service[0] != '\0' ? subject->service : subject->protocol;
}

struct facts *limits_know(const struct limits_look *look, const struct limit_rule *rule,
			  struct series *series)
{
	struct facts *facts = series_facts(&look->limits->table, series);
	if (facts != NULL)
		return facts;
	facts = series_add_facts(&look->limits->table, series);
	if (facts == NULL)
		return NULL;
	struct limit_subject about = subject_of(&look->subject, rule->per);
	limit_subject_text(&about, facts->target);
	record_text(facts->rule, sizeof(facts->rule), rule->name);
	snprintf(facts->metric, sizeof(facts->metric), "%s.%s",
		 schemas[rule->record].name, rule->field->name);
	facts->ip = about.ip;
	facts->port = about.port;
	record_text(facts->transport, sizeof(facts->transport), about.transport);
	record_text(facts->service, sizeof(facts->service), service_of(&about));
	limit_tags_text(limit_rules_world(look->limits->rules), &look->subject,
			facts->tags, sizeof(facts->tags));
	return facts;
}

/* The value that counted last, or the word and why it is that. */
static void note_value(const struct limits_look *look, const struct limit_rule *rule,
		       struct facts *facts, double value)
{
	facts->value = value;
	if (rule->kind != RULE_IS)
		return;
	const struct field *detail = record_field(look->kind, "detail");
	record_text(facts->word, sizeof(facts->word),
		    rule_word(rule->field, look->record));
	record_text(facts->detail, sizeof(facts->detail),
		    detail != NULL && detail->type == TYPE_text256
			    ? rule_word(detail, look->record)
			    : "");
}

/* ---- begin, and get graver ---- */

static void name(const struct series *series, struct facts *facts, int64_t start_us)
{
	const uint64_t from[] = { series->key[0], series->key[1], series->identity,
				  (uint64_t)start_us };
	snprintf(facts->id, sizeof(facts->id), "%016" PRIx64,
		 hash_sum(from, sizeof(from)));
	facts->start_us = start_us;
}

static void fire(struct limits *limits, const struct limit_rule *rule,
		 struct series *series, int severity, double limit, int64_t now_us)
{
	limits->firing += series->severity < 0;
	series->severity = (int8_t)severity;
	series->calm_us = 0;
	series_facts(&limits->table, series)->limit = limit;
	kept_file_hurry(&limits->file);
	tell(limits, rule, series, SAID_FIRING, now_us);
}

void limits_resolve(struct limits *limits, const struct limit_rule *rule,
		    struct series *series, enum said_end end, int64_t now_us)
{
	tell(limits, rule, series, end, now_us);
	limits->firing--;
	series->severity = -1;
	series->calm_us = 0;
	kept_file_hurry(&limits->file);
	if (rule == NULL || rule->kind != RULE_ABSENT)
		series_drop_facts(&limits->table, series);
}

/* ---- values ---- */

void limits_heal(struct series *series, int64_t now_us)
{
	int64_t *const times[] = { &series->last_us, &series->calm_us,
				   &series->before_us, &series->asked_us };
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (*times[i] > now_us)
			*times[i] = now_us;
	for (int i = 0; i < SEVERITIES; i++)
		if (series->since_us[i] > now_us)
			series->since_us[i] = now_us;
}

void limits_wake(struct series *series, int64_t away_us, int64_t now_us)
{
	series->last_us += away_us;
	series->calm_us += series->calm_us != 0 ? away_us : 0;
	for (int i = 0; i < SEVERITIES; i++)
		series->since_us[i] += series->since_us[i] != 0 ? away_us : 0;
	limits_heal(series, now_us);
}

/* Crossed in enough of the last records, this one among them. */
static bool take_record(const struct limit_rule *rule, uint32_t *crossed,
			bool is_crossed)
{
	uint32_t mask = rule->of == RULE_OF_MAX ? UINT32_MAX : (1U << rule->of) - 1;
	*crossed = (*crossed << 1 | is_crossed) & mask;
	return __builtin_popcount(*crossed) >= rule->times;
}

/* The gravest that is crossed for long enough; -1: none. */
static int take_value(const struct limit_rule *rule, struct series *series,
		      int severity, int64_t now_us)
{
	int gravest = -1;
	for (int i = 0; i < SEVERITIES; i++) {
		if (!rule_has_severity(rule, i) ||
		    !take_record(rule, &series->crossed[i], severity >= i)) {
			series->since_us[i] = 0;
			continue;
		}
		if (series->since_us[i] == 0)
			series->since_us[i] = now_us;
		if (now_us - series->since_us[i] >= rule->for_us)
			gravest = i;
	}
	return gravest;
}

/* Since when the least limit is crossed; 0: it is not. */
static int64_t crossed_since(const struct series *series)
{
	for (int i = 0; i < SEVERITIES; i++)
		if (series->since_us[i] != 0)
			return series->since_us[i];
	return 0;
}

static bool was_crossed_lately(const struct series *series)
{
	uint32_t any = 0;
	for (int i = 0; i < SEVERITIES; i++)
		any |= series->crossed[i];
	return any != 0;
}

static bool is_calm(const struct limits_look *look, const struct limit_rule *rule,
		    const struct series *series, double value)
{
	return crossed_since(series) == 0 && !rule_is_held(rule, look->record) &&
	       (rule->kind == RULE_IS || rule_has_recovered(rule, value));
}

static void judge_firing(const struct limits_look *look, const struct limit_rule *rule,
			 struct series *series, double value)
{
	if (!is_calm(look, rule, series, value)) {
		series->calm_us = 0;
		return;
	}
	if (series->calm_us == 0)
		series->calm_us = look->now_us;
	if (look->now_us - series->calm_us >= rule->recover_us)
		limits_resolve(look->limits, rule, series, SAID_RECOVERED,
			       look->now_us);
}

/* Of a hole nobody knows whether it was crossed all the time. */
static void forget_before_hole(const struct limit_rule *rule, struct series *series,
			       int64_t now_us)
{
	if (now_us - series->last_us <= rule->forget_us || series->severity >= 0)
		return;
	memset(series->since_us, 0, sizeof(series->since_us));
	memset(series->crossed, 0, sizeof(series->crossed));
}

bool limits_judge_value(const struct limits_look *look, const struct limit_rule *rule,
			struct series *series, int severity, double value)
{
	int64_t now_us = look->now_us;
	forget_before_hole(rule, series, now_us);
	int gravest = take_value(rule, series, severity, now_us);
	bool begins = gravest >= 0 && series->severity < 0;
	struct facts *facts = begins ? limits_know(look, rule, series)
				     : series_facts(&look->limits->table, series);
	if (facts != NULL)
		note_value(look, rule, facts, value);
	else if (begins)
		look->limits->left_out++;
	if (begins && facts != NULL)
		name(series, facts, crossed_since(series));
	if (gravest > series->severity && facts != NULL)
		fire(look->limits, rule, series, gravest,
		     rule->is_learned ? look->bound : rule->limits[gravest], now_us);
	else if (series->severity >= 0)
		judge_firing(look, rule, series, value);
	return series->severity >= 0 || rule_needs_memory(rule) ||
	       was_crossed_lately(series);
}

/* ---- absence ---- */

void limits_judge_absence(struct limits *limits, const struct limit_rule *rule,
			  struct series *series, int64_t now_us)
{
	double absent_s = (double)(now_us - series->last_us) / SECOND_US;
	struct facts *facts = series_facts(&limits->table, series);
	int severity = rule_severity(rule, absent_s);
	if (facts == NULL || severity < 0)
		return;
	facts->value = absent_s;
	if (series->severity < 0)
		name(series, facts, series->last_us);
	if (severity > series->severity)
		fire(limits, rule, series, severity, rule->limits[severity], now_us);
	if (absent_s <= facts->limit + (double)ABSENT_MOST_US / SECOND_US)
		return;
	limits_resolve(limits, rule, series, SAID_UNKNOWN, now_us);
	series_drop(&limits->table, series);
}
