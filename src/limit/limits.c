/*
 * limits.c: see limits.h.
 *
 * A series has a place in the table only while its limit is crossed, or was lately, or
 * if more than one record is needed to judge it: of a service that is well nothing is
 * kept, however many there are.
 */
#include "limit/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "limit/learned.h"
#include "limit/limits_inside.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)
#define WEEK_US   (7 * 24 * HOUR_US)
/* How soon history that was not known is asked for again: it seldom gets known. */
#define ASK_AGAIN_US (600 * SECOND_US)
/* What was learned of a service that sleeps is not forgotten overnight. */
#define LEARNED_US (30 * 24 * HOUR_US)
/* Of a record that comes seldom, so many of its intervals are waited for. */
enum { STEPS = 3 };

struct limits *limits_new(const struct limits_sink *sink,
			  const struct limits_history *history)
{
	struct limits *limits = calloc(1, sizeof(*limits));
	if (limits == NULL)
		return NULL;
	limits->sink = *sink;
	if (history != NULL)
		limits->history = *history;
	limits->levels = levels_new(sink);
	if (series_open(&limits->table) && limits->levels != NULL)
		return limits;
	limits_free(limits);
	return NULL;
}

/* ---- the rules ---- */

uint16_t limits_rule_of(const struct limits *limits, uint64_t identity)
{
	uint16_t count = (uint16_t)limit_rules_count(limits->rules);
	for (uint16_t i = 0; i < count; i++)
		if (limits->identities[i] == identity &&
		    !limit_rules_at(limits->rules, i)->is_off)
			return i;
	return RULES_MAX;
}

/* What the old rule said stays in force where the new one has no such limit. */
static void fit(const struct limit_rule *rule, struct series *series)
{
	for (int i = 0; i < SEVERITIES; i++) {
		if (rule_has_severity(rule, i))
			continue;
		series->since_us[i] = 0;
		series->crossed[i] = 0;
	}
}

void limits_end_of_rule(struct limits *limits, struct series *series, int64_t now_us)
{
	if (series->severity >= 0)
		limits_resolve(limits, NULL, series, SAID_UNKNOWN, now_us);
	series_drop(&limits->table, series);
}

void limits_set_rules(struct limits *limits, const struct limit_rules *rules,
		      int64_t now_us)
{
	struct series_table *table = &limits->table;
	uint32_t of_rule[RULES_MAX] = { 0 };
	limits->rules = rules;
	limits->now_us = now_us;
	for (size_t i = 0; i < limit_rules_count(rules); i++)
		limits->identities[i] = rule_identity(limit_rules_at(rules, i));
	for (uint32_t i = 0; i < series_end(table); i++) {
		struct series *series = series_at(table, i);
		if (series == NULL)
			continue;
		uint16_t rule = limits_rule_of(limits, series->identity);
		if (rule == RULES_MAX) {
			limits_end_of_rule(limits, series, now_us);
			continue;
		}
		series->rule = rule;
		of_rule[rule]++;
		fit(limit_rules_at(rules, rule), series);
	}
	memcpy(table->of_rule, of_rule, sizeof(of_rule));
	levels_set_rules(limits->levels, rules, now_us);
}

/* ---- a record ---- */

static const uint64_t *key_of(struct limits_look *look, enum rule_per per)
{
	if (!look->has_key[per])
		series_key(&look->limits->table, per, &look->subject, look->key[per]);
	look->has_key[per] = true;
	return look->key[per];
}

static struct series *find(struct limits_look *look, const struct limit_rule *rule,
			   uint16_t number)
{
	struct limits *limits = look->limits;
	struct series *series = series_find(&limits->table, key_of(look, rule->per),
					    limits->identities[number]);
	if (series != NULL)
		limits_heal(series, look->now_us);
	return series;
}

static struct series *add(struct limits_look *look, const struct limit_rule *rule,
			  uint16_t number)
{
	struct limits *limits = look->limits;
	struct series *series = series_add(&limits->table, key_of(look, rule->per),
					   limits->identities[number], number);
	if (series == NULL)
		limits->left_out++;
	else
		series->last_us = look->now_us;
	return series;
}

/* Counts since the start: by the second, or as a share of others. */
static double rise(const struct limits_look *look, const struct limit_rule *rule,
		   struct series *series)
{
	double now = rule_number(rule->field, look->record, look->now_us);
	double of = rule->share_of == NULL
			    ? NAN
			    : rule_number(rule->share_of, look->record, look->now_us);
	double more = now - series->before, more_of = of - series->before_of;
	double seconds = (double)(look->now_us - series->before_us) / SECOND_US;
	bool is_known = series->before_us != 0 && seconds > 0 && more >= 0;
	series->before = now;
	series->before_of = of;
	series->before_us = isnan(now) ? 0 : look->now_us;
	if (!is_known)
		return NAN;
	if (rule->share_of == NULL)
		return more / seconds;
	return more_of > 0 ? more / more_of : NAN;
}

static double plain(const struct limits_look *look, const struct limit_rule *rule)
{
	double value = rule_number(rule->field, look->record, look->now_us);
	if (rule->share_of != NULL) {
		double of = rule_number(rule->share_of, look->record, look->now_us);
		return of > 0 ? value / of : NAN;
	}
	if (rule->interval == NULL)
		return value;
	double seconds = rule_number(rule->interval, look->record, look->now_us);
	return seconds > 0 ? value / seconds : NAN;
}

/* A week ago, this hour; asked for once an hour. */
static double base(const struct limits_look *look, const struct limit_rule *rule,
		   struct series *series)
{
	const struct limits_history *history = &look->limits->history;
	int64_t hour = look->now_us / HOUR_US;
	bool is_due = series->base_hour != hour ||
		      (isnan(series->base) &&
		       look->now_us - series->asked_us >= ASK_AGAIN_US);
	if (!is_due || history->hour == NULL)
		return series->base;
	/* Those that had to wait come before those that were answered. */
	if (history->may_ask != NULL && !history->may_ask(history->self))
		return NAN;
	series->base_hour = hour;
	series->asked_us = look->now_us;
	series->base = history->hour(history->self, look->kind, look->record,
				     rule->field, hour * HOUR_US - WEEK_US);
	return series->base;
}

static double change(const struct limits_look *look, const struct limit_rule *rule,
		     struct series *series)
{
	double before = base(look, rule, series);
	return before > 0 ? (plain(look, rule) - before) / before : NAN;
}

static double measure(const struct limits_look *look, const struct limit_rule *rule,
		      struct series *series)
{
	if (rule->is_rise)
		return rise(look, rule, series);
	return rule->kind == RULE_CHANGE ? change(look, rule, series)
					 : plain(look, rule);
}

/* By what was learned so far; then this is learned, too. */
static int learned_severity(struct limits_look *look, const struct limit_rule *rule,
			    const struct series *series, double value)
{
	bool is_below = rule->kind == RULE_BELOW;
	struct anomaly *learned = series_learned(&look->limits->table, series);
	look->bound = learned_bound(learned, is_below);
	int severity = SEVERITIES - 1;
	while (severity >= 0 && !rule_has_severity(rule, severity))
		severity--;
	bool is_beyond = is_below ? value < look->bound : value > look->bound;
	learned_take(learned, look->now_us, value);
	return is_beyond ? severity : -1;
}

/* False if the record says nothing of it: what is not known is neither well nor not. */
static bool ask(struct limits_look *look, const struct limit_rule *rule,
		struct series *series, int *severity, double *value)
{
	if (!rule_counts(rule, look->record))
		return false;
	if (rule->kind == RULE_IS) {
		const char *word = rule_word(rule->field, look->record);
		*value = NAN;
		*severity = rule_word_severity(rule, look->record);
		return word[0] != '\0' && strcmp(word, "unknown") != 0;
	}
	*value = measure(look, rule, series);
	*severity = rule->is_learned ? learned_severity(look, rule, series, *value)
				     : rule_severity(rule, *value);
	return !isnan(*value);
}

/* A new one, with what it needs. */
static struct series *remember(struct limits_look *look, const struct limit_rule *rule,
			       uint16_t number)
{
	struct limits *limits = look->limits;
	struct series *series = add(look, rule, number);
	if (series == NULL || !rule->is_learned ||
	    series_add_learned(&limits->table, series) != NULL)
		return series;
	limits->left_out++;
	series_drop(&limits->table, series);
	return NULL;
}

static void see_value(struct limits_look *look, const struct limit_rule *rule,
		      uint16_t number)
{
	struct series *series = find(look, rule, number);
	int severity;
	double value;
	if (series == NULL && rule_needs_memory(rule)) {
		series = remember(look, rule, number);
		if (series == NULL)
			return;
	}
	bool says = ask(look, rule, series, &severity, &value);
	if (series == NULL && says && severity >= 0)
		series = add(look, rule, number);
	if (series == NULL)
		return;
	bool stays = !says || limits_judge_value(look, rule, series, severity, value);
	if (look->now_us > series->last_us)
		series->step_us = look->now_us - series->last_us;
	series->last_us = look->now_us;
	if (!stays)
		series_drop(&look->limits->table, series);
}

/* It came. */
static void see_coming(struct limits_look *look, const struct limit_rule *rule,
		       uint16_t number)
{
	struct limits *limits = look->limits;
	if (!rule_counts(rule, look->record) || !rule_knows(rule->field, look->record))
		return;
	struct series *series = find(look, rule, number);
	if (series == NULL) {
		series = add(look, rule, number);
		if (series == NULL)
			return;
		if (limits_know(look, rule, series) == NULL) {
			limits->left_out++;
			series_drop(&limits->table, series);
			return;
		}
	}
	series->last_us = look->now_us;
	if (series->severity >= 0)
		limits_resolve(limits, rule, series, SAID_RECOVERED, look->now_us);
}

void limits_see(struct limits *limits, enum record_kind kind, const void *record,
		int64_t now_us)
{
	size_t count = 0;
	const uint16_t *numbers = limits->rules == NULL
					  ? NULL
					  : limit_rules_of(limits->rules, kind, &count);
	struct limits_look look = {
		.limits = limits, .kind = kind, .record = record, .now_us = now_us
	};
	if (kind == RECORD_probe)
		levels_see(limits->levels, kind, record, now_us);
	if (count == 0)
		return;
	const struct limit_world *world = limit_rules_world(limits->rules);
	limit_subject_of(limit_rules_places(limits->rules, kind), record,
			 &look.subject);
	for (size_t i = 0; i < count; i++) {
		const struct limit_rule *rule =
			limit_rules_at(limits->rules, numbers[i]);
		if (!limit_selection_holds(&rule->selection, world, &look.subject))
			continue;
		if (rule->kind == RULE_ABSENT)
			see_coming(&look, rule, numbers[i]);
		else
			see_value(&look, rule, numbers[i]);
	}
}

void limits_count(struct limits *limits, const struct port_record *port)
{
	if (port->start == UNKNOWN_TIME || port->interval_s == UNKNOWN_U32)
		return;
	levels_see(limits->levels, RECORD_port, port,
		   port->start + port->interval_s * SECOND_US);
}

/* What fires has facts, and so has what is missed. */
void limits_gone(struct limits *limits, const char *target, int64_t now_us)
{
	for (uint32_t i = 0; i < series_end(&limits->table); i++) {
		struct series *series = series_at(&limits->table, i);
		const struct facts *facts =
			series != NULL ? series_facts(&limits->table, series) : NULL;
		if (facts == NULL || strcmp(facts->target, target) != 0)
			continue;
		if (series->severity >= 0)
			limits_resolve(limits,
				       limit_rules_at(limits->rules, series->rule),
				       series, SAID_UNKNOWN, now_us);
		series_drop(&limits->table, series);
	}
}

/* ---- time ---- */

/* Nothing is known of it any more. */
static bool is_stale(const struct limit_rule *rule, const struct series *series,
		     int64_t now_us)
{
	int64_t silent_us = now_us - series->last_us;
	return silent_us > rule->forget_us && silent_us > STEPS * series->step_us;
}

static void tick_series(struct limits *limits, struct series *series, int64_t now_us)
{
	const struct limit_rule *rule = limit_rules_at(limits->rules, series->rule);
	limits_heal(series, now_us);
	if (rule->kind == RULE_ABSENT) {
		limits_judge_absence(limits, rule, series, now_us);
		return;
	}
	if (!is_stale(rule, series, now_us))
		return;
	if (series->severity >= 0)
		limits_resolve(limits, rule, series, SAID_UNKNOWN, now_us);
	if (!rule->is_learned || now_us - series->last_us > LEARNED_US)
		series_drop(&limits->table, series);
}

void limits_tick(struct limits *limits, int64_t now_us)
{
	limits->now_us = now_us;
	for (uint32_t i = 0; i < series_end(&limits->table); i++) {
		struct series *series = series_at(&limits->table, i);
		if (series != NULL)
			tick_series(limits, series, now_us);
	}
	levels_tick(limits->levels, now_us);
	limits_file_tick(limits, now_us);
}

/* ---- what is known ---- */

void limits_each(const struct limits *limits,
		 void (*take)(void *to, const struct alert_record *alert), void *to)
{
	for (uint32_t i = 0; i < series_end(&limits->table); i++) {
		const struct series *series = series_at(&limits->table, i);
		struct alert_record alert;
		if (series == NULL || series->severity < 0)
			continue;
		said_alert(limit_rules_at(limits->rules, series->rule), series,
			   series_facts(&limits->table, series), SAID_FIRING,
			   limits->now_us, &alert);
		take(to, &alert);
	}
	levels_each_alert(limits->levels, take, to);
}

bool limits_target_days(const struct limits *limits, const char *target, int64_t now_us,
			struct limits_day days[static LIMITS_DAYS])
{
	return levels_target_days(limits->levels, target, now_us, days);
}

void limits_each_level(const struct limits *limits,
		       void (*take)(void *to, const struct level_record *level),
		       void *to)
{
	levels_each(limits->levels, limits->now_us, take, to);
}

void limits_each_total(const struct limits *limits, int64_t from_us, int64_t to_us,
		       void (*take)(void *to, const struct level_record *level),
		       void *to)
{
	levels_each_total(limits->levels, from_us, to_us, take, to);
}

void limits_unwatched(struct limits *limits, int64_t from_us, int64_t to_us)
{
	for (uint32_t i = 0; i < series_end(&limits->table); i++) {
		struct series *series = series_at(&limits->table, i);
		if (series != NULL)
			limits_wake(series, to_us - from_us, to_us);
	}
	levels_unwatched(limits->levels, from_us, to_us);
}

struct limits_totals limits_totals(const struct limits *limits)
{
	struct limits_totals of_levels = levels_totals(limits->levels);
	return (struct limits_totals){
		.series = series_count(&limits->table) + of_levels.series,
		.firing = limits->firing + of_levels.firing,
		.left_out = limits->left_out + of_levels.left_out,
	};
}

void limits_free(struct limits *limits)
{
	if (limits == NULL)
		return;
	limits_file_close(limits);
	levels_free(limits->levels);
	series_close(&limits->table);
	free(limits);
}
