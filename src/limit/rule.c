/*
 * rule.c: see rule.h.
 */
#include "limit/rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SECOND_US 1000000LL
/* Without a value for so long nothing is known any more: a few rounds of probes. */
#define FORGET_US (900 * SECOND_US)

enum { AMOUNTS = 6, SHOWN_DIGITS = 3, TEXT_MAX = 48 };

void rule_init(struct limit_rule *rule)
{
	*rule = (struct limit_rule){ .times = 1,
				     .of = 1,
				     .recovery = NAN,
				     .recover_us = -1,
				     .forget_us = FORGET_US };
	for (int i = 0; i < SEVERITIES; i++)
		rule->limits[i] = NAN;
}

bool rule_has_severity(const struct limit_rule *rule, int severity)
{
	return isfinite(rule->limits[severity]) || rule->words[severity][0] != '\0';
}

bool rule_needs_memory(const struct limit_rule *rule)
{
	return rule->is_rise || rule->is_learned || rule->kind == RULE_CHANGE ||
	       rule->kind == RULE_ABSENT;
}

/* ---- units ---- */

/* Of each unit, the smallest first; the first is that of the field. */
static const struct amount {
	const char *name;
	double is;
} amounts[RULE_UNITS][AMOUNTS] = {
	[UNIT_SHARE] = { { "%", 0.01 } },
	[UNIT_BYTES] = { { "B", 1 },
			 { "kB", 1e3 },
			 { "MB", 1e6 },
			 { "GB", 1e9 },
			 { "TB", 1e12 } },
	[UNIT_US] = { { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 } },
	[UNIT_MS] = { { "ms", 1 }, { "s", 1e3 } },
	[UNIT_S] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } },
};

const char *rule_amount_allowed(enum rule_unit unit)
{
	static const char *const allowed[RULE_UNITS] = {
		[UNIT_COUNT] = "a number",
		[UNIT_SHARE] = "a share such as 1 % or 0.01",
		[UNIT_BYTES] = "an amount such as 500 kB or 10 MB",
		[UNIT_US] = "a time such as 800us, 250ms or 3s",
		[UNIT_MS] = "a time such as 250ms or 3s",
		[UNIT_S] = "a time such as 90s, 30m, 12h or 21d",
		[UNIT_WORD] = "a word",
	};
	return allowed[unit];
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

bool rule_is_number(const struct field *field)
{
	switch (field->type) {
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
	case TYPE_ratio:
	case TYPE_real:
	case TYPE_time:
	case TYPE_flag:
		return true;
	default:
		return false;
	}
}

enum rule_unit rule_unit_of(const struct field *field)
{
	static const struct {
		const char *end;
		enum rule_unit unit;
	} ends[] = { { "_us", UNIT_US },
		     { "_ms", UNIT_MS },
		     { "_s", UNIT_S },
		     { "bytes", UNIT_BYTES },
		     { "_ratio", UNIT_SHARE } };
	if (!rule_is_number(field))
		return UNIT_WORD;
	if (field->type == TYPE_ratio)
		return UNIT_SHARE;
	if (field->type == TYPE_time)
		return UNIT_S;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(field->name, ends[i].end))
			return ends[i].unit;
	return UNIT_COUNT;
}

enum rule_unit rule_unit(const struct limit_rule *rule)
{
	if (rule->kind == RULE_ABSENT)
		return UNIT_S;
	return rule->share_of != NULL || rule->kind == RULE_CHANGE
		       ? UNIT_SHARE
		       : rule_unit_of(rule->field);
}

bool rule_is_since_start(enum record_kind record, const struct field *field)
{
	return field->role == ROLE_COUNTER &&
	       (record == RECORD_self || record == RECORD_listener);
}

bool rule_amount_parse(const char *text, enum rule_unit unit, double *out)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || !isfinite(value) || strpbrk(text, "xXpP") != NULL)
		return false;
	while (*end == ' ')
		end++;
	*out = value;
	if (*end == '\0')
		return true;
	for (size_t i = 0; i < AMOUNTS && amounts[unit][i].name != NULL; i++) {
		*out = value * amounts[unit][i].is;
		if (strcmp(end, amounts[unit][i].name) == 0)
			return true;
	}
	return false;
}

/* With at most three digits that count, and no zeros at the end. */
static void say_number(struct buf *out, double value)
{
	char text[TEXT_MAX];
	double size = fabs(value);
	if (size >= 1e15) {
		buf_printf(out, "%.3g", value);
		return;
	}
	int digits = size >= 100 || size == 0
			     ? 0
			     : SHOWN_DIGITS - 1 - (int)floor(log10(size));
	digits = digits < 0 ? 0 : digits > 6 ? 6 : digits;
	snprintf(text, sizeof(text), "%.*f", digits, value);
	if (strchr(text, '.') != NULL) {
		size_t len = strlen(text);
		while (text[len - 1] == '0')
			text[--len] = '\0';
		if (text[len - 1] == '.')
			text[--len] = '\0';
	}
	buf_text(out, text);
}

void rule_say_duration(struct buf *out, double seconds)
{
	static const struct {
		const char *name;
		double is;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	enum { UNITS = sizeof(units) / sizeof(units[0]) };
	double left = floor(fabs(seconds));
	size_t i = 0;
	while (i < UNITS - 1 && left < units[i].is)
		i++;
	double first = floor(left / units[i].is);
	buf_printf(out, "%s%.0f %s", seconds < 0 ? "-" : "", first, units[i].name);
	left -= first * units[i].is;
	if (i < UNITS - 1 && left >= units[i + 1].is)
		buf_printf(out, " %.0f %s", floor(left / units[i + 1].is),
			   units[i + 1].name);
}

void rule_amount_say(struct buf *out, const struct limit_rule *rule, double value)
{
	enum rule_unit unit = rule_unit(rule);
	if (unit == UNIT_S) {
		rule_say_duration(out, value);
		return;
	}
	size_t i = 0;
	while (i + 1 < AMOUNTS && amounts[unit][i + 1].name != NULL &&
	       fabs(value) >= amounts[unit][i + 1].is)
		i++;
	const struct amount *amount = &amounts[unit][i];
	say_number(out, amount->name != NULL ? value / amount->is : value);
	if (amount->name != NULL)
		buf_printf(out, " %s", amount->name);
	if ((rule->interval != NULL || rule->is_rise) && unit != UNIT_SHARE)
		buf_text(out, "/s");
}

/* ---- what a record says ---- */

static double number_u64(const char *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof(value));
	return value == UNKNOWN_U64 ? NAN : (double)value;
}

static double number_u32(const char *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return value == UNKNOWN_U32 ? NAN : (double)value;
}

static double number_u16(const char *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof(value));
	return value == UNKNOWN_U16 ? NAN : (double)value;
}

static double number_real(const char *at)
{
	double value;
	memcpy(&value, at, sizeof(value));
	return isfinite(value) ? value : NAN;
}

static double number_time(const char *at, int64_t now_us)
{
	int64_t value;
	memcpy(&value, at, sizeof(value));
	return value == UNKNOWN_TIME ? NAN
				     : ((double)value - (double)now_us) / SECOND_US;
}

double rule_number(const struct field *field, const void *record, int64_t now_us)
{
	const char *at = (const char *)record + field->offset;
	switch (field->type) {
	case TYPE_u64:
		return number_u64(at);
	case TYPE_u32:
		return number_u32(at);
	case TYPE_u16:
		return number_u16(at);
	case TYPE_ratio:
	case TYPE_real:
		return number_real(at);
	case TYPE_time:
		return number_time(at, now_us);
	case TYPE_flag:
		return (uint8_t)*at == UNKNOWN_FLAG ? NAN : (double)(uint8_t)*at;
	default:
		return NAN;
	}
}

const char *rule_word(const struct field *field, const void *record)
{
	const char *at = (const char *)record + field->offset;
	if (field->type != TYPE_word)
		return at;
	const char *word;
	memcpy(&word, at, sizeof(word));
	return word != NULL ? word : "";
}

bool rule_knows(const struct field *field, const void *record)
{
	return rule_is_number(field) ? !isnan(rule_number(field, record, 0))
				     : rule_word(field, record)[0] != '\0';
}

/* An unknown flag is not set. */
static bool condition_holds(const struct rule_condition *condition, const void *record)
{
	const struct field *field = condition->field;
	if (!rule_is_number(field))
		return strcmp(rule_word(field, record), condition->is) == 0;
	double value = rule_number(field, record, 0);
	if (field->type == TYPE_flag)
		return (value == 1) == (condition->number == 1);
	return value == condition->number;
}

bool rule_counts(const struct limit_rule *rule, const void *record)
{
	for (size_t i = 0; i < rule->where_count; i++)
		if (!condition_holds(&rule->where[i], record))
			return false;
	return rule->samples_of == NULL ||
	       rule_number(rule->samples_of, record, 0) >= rule->samples;
}

bool rule_is_held(const struct limit_rule *rule, const void *record)
{
	return rule->hold != NULL && rule_number(rule->hold, record, 0) == 1;
}

/* ---- whether that is too much ---- */

static bool is_crossed(const struct limit_rule *rule, double value, double limit)
{
	if (rule->kind == RULE_BELOW)
		return value < limit;
	if (rule->kind != RULE_CHANGE || rule->direction == RULE_MORE)
		return value > limit;
	return rule->direction == RULE_LESS ? value < -limit : fabs(value) > limit;
}

int rule_severity(const struct limit_rule *rule, double value)
{
	int gravest = SEVERITIES - 1;
	while (gravest >= 0 && !(isfinite(rule->limits[gravest]) &&
				 is_crossed(rule, value, rule->limits[gravest])))
		gravest--;
	return gravest;
}

int rule_word_severity(const struct limit_rule *rule, const void *record)
{
	const char *word = rule_word(rule->field, record);
	int gravest = SEVERITIES - 1;
	while (gravest >= 0 && (rule->words[gravest][0] == '\0' ||
				strcmp(rule->words[gravest], word) != 0))
		gravest--;
	return gravest;
}

bool rule_has_recovered(const struct limit_rule *rule, double value)
{
	return isnan(rule->recovery) || !is_crossed(rule, value, rule->recovery);
}

uint64_t rule_identity(const struct limit_rule *rule)
{
	char text[RULE_NAME + 192]; /* names of records and fields are short */
	int len = snprintf(text, sizeof(text), "%s %s.%s %s %d %d %d", rule->name,
			   schemas[rule->record].name, rule->field->name,
			   rule->share_of != NULL ? rule->share_of->name : "",
			   rule->kind, rule->per, rule->is_learned);
	uint64_t sum = hash_sum(text, (size_t)len);
	return sum != 0 ? sum : 1;
}
