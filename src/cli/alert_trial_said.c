/*
 * alert_trial_said.c: see alert_trial_said.h.
 */
#include "cli/alert_trial_said.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/table.h"

#define SECOND_US 1000000

/* ---- the alerts ---- */

static const struct limit_rule *rule_named(const struct limit_rules *rules,
					   const char *name)
{
	for (size_t i = 0; i < limit_rules_count(rules); i++)
		if (strcmp(limit_rules_at(rules, i)->name, name) == 0)
			return limit_rules_at(rules, i);
	return NULL;
}

/* As the rule says its values: "250 ms". */
static void put_value(json_t *row, const char *name, const struct limit_rule *rule,
		      double value)
{
	struct buf text = { 0 };
	if (rule == NULL || isnan(value))
		return;
	rule_amount_say(&text, rule, value);
	if (buf_cstr(&text) != NULL)
		json_object_set_new(row, name, json_string(buf_cstr(&text)));
	buf_free(&text);
}

static json_t *row_of(const struct alert_trial_said *said,
		      const struct alert_record *alert)
{
	struct buf line = { 0 };
	bool is_gone = strcmp(alert->change, "gone") == 0;
	const struct limit_rule *rule =
		rule_named(is_gone ? said->in_force : said->tried, alert->rule);
	record_json(&line, RECORD_alert, alert);
	json_t *row = object_parse(&line);
	buf_free(&line);
	/* Of one that was recorded the last value is how well it became. */
	if (!is_gone || !said->was_recorded || alert->end == UNKNOWN_TIME)
		put_value(row, "value_text", rule, alert->value);
	put_value(row, "limit_text", rule, alert->limit);
	return row;
}

static void print_rows(const struct common_options *common, const struct view *view,
		       json_t *rows)
{
	const struct limits limits = limits_of(NULL);
	const struct look look = look_of(common);
	if (json_array_size(rows) > 0)
		table_print(view, rows, &limits, &look);
	else
		puts(view->nothing);
	json_decref(rows);
}

static void print_alerts(const struct alert_trial_said *said)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < said->count; i++)
		if (said->common->json)
			record_print(RECORD_alert, &said->alerts[i]);
		else
			json_array_append_new(rows, row_of(said, &said->alerts[i]));
	if (said->common->json)
		json_decref(rows);
	else
		print_rows(said->common, &view_alert_trial, rows);
}

/* ---- how many ---- */

static void add_one(json_t *row, const char *name)
{
	double before = member_number(row, name);
	json_object_set_new(row, name,
			    json_integer(isnan(before) ? 1 : (json_int_t)before + 1));
}

/* A row for each name, in the order in which they come. */
static void count(json_t *rows, const char *what, const char *name,
		  const struct alert_record *alert)
{
	size_t i = json_array_size(rows);
	while (i > 0 &&
	       strcmp(member_text(json_array_get(rows, i - 1), what), name) != 0)
		i--;
	json_t *row = i > 0 ? json_array_get(rows, i - 1) : json_object();
	if (i == 0) {
		json_object_set_new(row, what, json_string(name));
		json_array_append_new(rows, row);
	}
	if (strcmp(alert->change, "gone") != 0)
		add_one(row, "would");
	if (strcmp(alert->change, "new") != 0)
		add_one(row, "in_force");
	if (strcmp(alert->change, "same") != 0)
		add_one(row, alert->change);
}

/* Where whoever reads is. */
static void day_of(int64_t at_us, char *out, size_t size)
{
	time_t seconds = (time_t)(at_us / SECOND_US);
	struct tm tm;
	localtime_r(&seconds, &tm);
	strftime(out, size, "%Y-%m-%d", &tm);
}

static void print_counts(const struct alert_trial_said *said, json_t *rows)
{
	size_t i;
	json_t *row;
	if (!said->common->json) {
		putchar('\n');
		print_rows(said->common, &view_alert_counts, rows);
		return;
	}
	json_array_foreach(rows, i, row)
	{
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(rows);
}

void alert_trial_print(const struct alert_trial_said *said)
{
	char day[16];
	json_t *rules = json_array(), *days = json_array();
	print_alerts(said);
	for (size_t i = 0; i < said->count; i++) {
		day_of(said->alerts[i].start, day, sizeof(day));
		count(rules, "rule", said->alerts[i].rule, &said->alerts[i]);
		count(days, "day", day, &said->alerts[i]);
	}
	if (said->count > 0) {
		print_counts(said, rules);
		print_counts(said, days);
	} else {
		json_decref(rules);
		json_decref(days);
	}
}
