/*
 * match.c: see match.h.  The fields are those of the record's table.
 */
#include "alert/match.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/stars.h"
#include "base/yaml.h"

#define HAS_ALLOWED "a part of its text, without * | and what else makes a pattern"

/* Which operators a field knows, by what its values are. */
enum sort { SORT_NONE, SORT_TEXT, SORT_ADDRESS, SORT_NUMBER, SORT_SEVERITY, SORT_FLAG };

#define EQUALS (1u << MATCH_IS | 1u << MATCH_IS_NOT)
#define ORDERED                                                                        \
	(EQUALS | 1u << MATCH_BELOW | 1u << MATCH_AT_MOST | 1u << MATCH_ABOVE |        \
	 1u << MATCH_AT_LEAST)

static const struct {
	unsigned operators;
	const char *operators_allowed, *allowed;
} sorts[] = {
	[SORT_TEXT] = { EQUALS | 1u << MATCH_HAS, "=, != and =~",
			"a text, * for any part of it, several separated by commas, "
			"in \"\" with blanks or commas" },
	[SORT_ADDRESS] = { EQUALS,
			   "= and !=", "an address or a prefix such as 192.0.2.0/24" },
	[SORT_NUMBER] = { ORDERED, "=, !=, <, <=, > and >=",
			  "a number, or with = and != a range such as 5900-5910" },
	[SORT_SEVERITY] = { ORDERED, "=, !=, <, <=, > and >=",
			    "notice, low, medium, high or critical" },
	[SORT_FLAG] = { EQUALS, "= and !=", "yes or no" },
};

/* The longer ones first. */
static const struct {
	const char *text;
	enum match_operator how;
} operators[] = {
	{ "=~", MATCH_HAS },      { "!=", MATCH_IS_NOT }, { "<=", MATCH_AT_MOST },
	{ ">=", MATCH_AT_LEAST }, { "=", MATCH_IS },      { "<", MATCH_BELOW },
	{ ">", MATCH_ABOVE },
};

/* Times are the business of windows; why nobody is told depends on the answer. */
static enum sort sort_of(const struct field *field)
{
	switch (field->type) {
	case TYPE_addr:
		return SORT_ADDRESS;
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
	case TYPE_ratio:
	case TYPE_real:
		return SORT_NUMBER;
	case TYPE_flag:
		return SORT_FLAG;
	case TYPE_word:
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		if (strcmp(field->name, "suppressed_by") == 0)
			return SORT_NONE;
		return strcmp(field->name, "severity") == 0 ? SORT_SEVERITY : SORT_TEXT;
	default:
		return SORT_NONE;
	}
}

/* ---- reading ---- */

struct reading {
	struct match *match;
	const char *text, *at; /* of match->text */
	size_t words;          /* used of match->words */
	size_t wrong;          /* column; 0: none yet */
	struct buf *why;
};

/* Always false. The sentence is the caller's. */
static bool wrong_at(struct reading *r, const char *at)
{
	r->wrong = (size_t)(at - r->text) + 1;
	return false;
}

static void say_fields(struct buf *why)
{
	const struct schema *schema = &schemas[RECORD_incident];
	const char *between = "";
	for (size_t i = 0; i < schema->field_count; i++) {
		if (sort_of(&schema->fields[i]) == SORT_NONE)
			continue;
		buf_printf(why, "%s%s", between, schema->fields[i].name);
		between = ", ";
	}
}

static void say_piece(struct buf *why, const char *begin, size_t len)
{
	char piece[MATCH_TEXT_MAX];
	memcpy(piece, begin, len);
	piece[len] = '\0';
	yaml_say_shown(why, piece);
}

static bool take_field(struct reading *r, struct match_term *term)
{
	const struct schema *schema = &schemas[RECORD_incident];
	const char *begin = r->at;
	size_t len = strspn(begin, "abcdefghijklmnopqrstuvwxyz_");
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (strlen(field->name) != len ||
		    memcmp(field->name, begin, len) != 0 || sort_of(field) == SORT_NONE)
			continue;
		term->field = field;
		r->at += len;
		return true;
	}
	say_piece(r->why, begin, len > 0 ? len : strcspn(begin, " "));
	buf_text(r->why, " is no field of an incident to match; allowed are ");
	say_fields(r->why);
	return wrong_at(r, begin);
}

static bool take_operator(struct reading *r, struct match_term *term)
{
	enum sort sort = sort_of(term->field);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t len = strlen(operators[i].text);
		if (strncmp(r->at, operators[i].text, len) != 0)
			continue;
		term->how = operators[i].how;
		if (!(sorts[sort].operators & 1u << term->how))
			break;
		r->at += len;
		return true;
	}
	buf_printf(r->why, "%s is not followed by an operator it has; allowed are %s",
		   term->field->name, sorts[sort].operators_allowed);
	return wrong_at(r, r->at);
}

/* A word, or what is in quotes, into match->words; NULL: the quotes don't end. */
static const char *take_word(struct reading *r)
{
	bool is_quoted = *r->at == '"';
	const char *begin = r->at + is_quoted;
	size_t len = strcspn(begin, is_quoted ? "\"" : " ,");
	char *word = r->match->words + r->words;
	if (is_quoted && begin[len] == '\0')
		return NULL;
	memcpy(word, begin, len);
	word[len] = '\0';
	r->words += len + 1;
	r->at = begin + len + is_quoted;
	return word;
}

static bool take_range(const char *word, bool may_be_range, struct match_value *value)
{
	char *end;
	if (strspn(word, "0123456789.-") == 0)
		return false; /* "inf", "nan", " 1" */
	value->from = value->to = strtod(word, &end);
	if (*end == '-' && may_be_range && end[1] >= '0' && end[1] <= '9')
		value->to = strtod(end + 1, &end);
	return end != word && *end == '\0' && isfinite(value->from) &&
	       isfinite(value->to) && value->from <= value->to;
}

static bool take_severity(const char *word, struct match_value *value)
{
	int severity = record_severity(word);
	value->from = value->to = severity;
	return severity >= 0;
}

static bool take_flag(const char *word, struct match_value *value)
{
	bool is_yes = strcmp(word, "yes") == 0 || strcmp(word, "true") == 0;
	value->from = value->to = is_yes;
	return is_yes || strcmp(word, "no") == 0 || strcmp(word, "false") == 0;
}

/* What looks like a regular expression is not meant as a text. */
static bool take_text(const char *word, enum match_operator how)
{
	return word[0] != '\0' &&
	       (how != MATCH_HAS || strpbrk(word, "*|^$\\[](){}+") == NULL);
}

static bool take_as(const struct match_term *term, const char *word,
		    struct match_value *value)
{
	bool is_equal = (EQUALS >> term->how & 1u) != 0;
	switch (sort_of(term->field)) {
	case SORT_ADDRESS:
		return prefix_parse(word, &value->prefix);
	case SORT_NUMBER:
		return take_range(word, is_equal, value);
	case SORT_SEVERITY:
		return take_severity(word, value);
	case SORT_FLAG:
		return take_flag(word, value);
	default:
		return take_text(word, term->how);
	}
}

static bool take_value(struct reading *r, struct match_term *term)
{
	struct match *match = r->match;
	const char *begin = r->at, *word;
	if (match->value_count == MATCH_VALUES_MAX) {
		buf_printf(r->why, "too many values; allowed are %d", MATCH_VALUES_MAX);
		return wrong_at(r, begin);
	}
	struct match_value *value = &match->values[match->value_count++];
	value->text = (uint16_t)r->words;
	word = take_word(r);
	if (word != NULL && take_as(term, word, value)) {
		term->count++;
		return true;
	}
	buf_printf(r->why, "%s can't be ", term->field->name);
	if (word == NULL)
		buf_text(r->why, "in quotes that do not end");
	else
		yaml_say_shown(r->why, word);
	buf_printf(r->why, "; allowed is %s",
		   term->how == MATCH_HAS ? HAS_ALLOWED
					  : sorts[sort_of(term->field)].allowed);
	return wrong_at(r, begin);
}

static bool take_values(struct reading *r, struct match_term *term)
{
	const char *begin = r->at;
	term->first = (uint8_t)r->match->value_count;
	bool is_equal = (EQUALS >> term->how & 1u) != 0;
	if (!take_value(r, term))
		return false;
	while (*r->at == ',') {
		r->at++;
		if (!take_value(r, term))
			return false;
	}
	if (*r->at != ' ' && *r->at != '\0') {
		buf_text(r->why, "what follows the quotes; allowed is a blank or a "
				 "comma");
		return wrong_at(r, r->at);
	}
	if (is_equal || term->how == MATCH_HAS || term->count == 1)
		return true;
	buf_printf(r->why, "%s is compared with several; allowed is one",
		   term->field->name);
	return wrong_at(r, begin);
}

static bool take_term(struct reading *r)
{
	struct match_term *term = &r->match->terms[r->match->count];
	if (r->match->count == MATCH_TERMS_MAX) {
		buf_printf(r->why, "too many conditions; allowed are %d",
			   MATCH_TERMS_MAX);
		return wrong_at(r, r->at);
	}
	r->match->count++;
	return take_field(r, term) && take_operator(r, term) && take_values(r, term);
}

bool match_parse(const char *text, struct match *match, size_t *column, struct buf *why)
{
	*match = (struct match){ 0 };
	struct reading r = { .match = match, .text = text, .at = text, .why = why };
	*column = 1;
	if (strlen(text) >= MATCH_TEXT_MAX) {
		*column = MATCH_TEXT_MAX;
		buf_printf(why, "too long; allowed are %d bytes", MATCH_TEXT_MAX - 1);
		return false;
	}
	record_text(match->text, sizeof(match->text), text);
	for (r.at += strspn(r.at, " "); *r.at != '\0'; r.at += strspn(r.at, " ")) {
		if (take_term(&r))
			continue;
		*column = r.wrong;
		*match = (struct match){ 0 };
		return false;
	}
	return true;
}

/* ---- asking ---- */

static double number_at(const struct field *field, const void *at)
{
	switch (field->type) {
	case TYPE_u16: {
		field_u16 value = *(const field_u16 *)at;
		return value == UNKNOWN_U16 ? (double)NAN : value;
	}
	case TYPE_u32: {
		field_u32 value = *(const field_u32 *)at;
		return value == UNKNOWN_U32 ? (double)NAN : value;
	}
	case TYPE_u64: {
		field_u64 value = *(const field_u64 *)at;
		return value == UNKNOWN_U64 ? (double)NAN : (double)value;
	}
	case TYPE_flag: {
		field_flag value = *(const field_flag *)at;
		return value == UNKNOWN_FLAG ? (double)NAN : value;
	}
	case TYPE_word: {
		int severity = record_severity(*(const field_word *)at);
		return severity < 0 ? (double)NAN : severity;
	}
	default:
		return *(const double *)at;
	}
}

static const char *text_at(const struct field *field, const void *at)
{
	const char *text = field->type == TYPE_word ? *(const field_word *)at : at;
	return text != NULL ? text : "";
}

static bool number_fits(const struct match_term *term, const struct match_value *value,
			double number)
{
	switch (term->how) {
	case MATCH_BELOW:
		return number < value->from;
	case MATCH_AT_MOST:
		return number <= value->from;
	case MATCH_ABOVE:
		return number > value->from;
	case MATCH_AT_LEAST:
		return number >= value->from;
	default:
		return number >= value->from && number <= value->to;
	}
}

static bool text_fits(const struct match_term *term, const char *word, const char *text)
{
	if (term->how == MATCH_HAS)
		return strcasestr(text, word) != NULL;
	return text[0] != '\0' && stars_match(word, text, '\0');
}

static bool value_fits(const struct match *match, const struct match_term *term,
		       const struct match_value *value, const void *at)
{
	switch (sort_of(term->field)) {
	case SORT_ADDRESS:
		return !addr_is_unset(at) && prefix_holds(&value->prefix, at);
	case SORT_TEXT:
		return text_fits(term, match->words + value->text,
				 text_at(term->field, at));
	default:
		return number_fits(term, value, number_at(term->field, at));
	}
}

static bool any_value_fits(const struct match *match, const struct match_term *term,
			   const void *at)
{
	for (size_t i = 0; i < term->count; i++)
		if (value_fits(match, term, &match->values[term->first + i], at))
			return true;
	return false;
}

/* How many there are with commas between, and how many of them fit. */
static size_t count_fitting(const struct match *match, const struct match_term *term,
			    const char *list, size_t *all)
{
	char one[sizeof(field_text256)];
	size_t count = 0;
	for (*all = 0; *list != '\0'; (*all)++) {
		size_t len = strcspn(list, ",");
		snprintf(one, sizeof(one), "%.*s", (int)len, list);
		count += any_value_fits(match, term, one);
		list += len + (list[len] == ',');
	}
	return count;
}

static bool is_named(const struct match_term *term, const char *name)
{
	return strcmp(term->field->name, name) == 0;
}

/* all: each of its sensors is to fit, not one of them. */
static bool term_holds(const struct match *match, const struct match_term *term,
		       const struct incident_record *incident, const char *own,
		       bool all)
{
	const char *sensors = incident->sensors[0] != '\0' ? incident->sensors : own;
	bool is_of_sensors = is_named(term, "sensor") || is_named(term, "sensors");
	const void *at = (const char *)incident + term->field->offset;
	size_t listed, fitting;
	if (!is_of_sensors && !is_named(term, "tags"))
		return any_value_fits(match, term, at) == (term->how != MATCH_IS_NOT);
	fitting = count_fitting(match, term, is_of_sensors ? sensors : incident->tags,
				&listed);
	if (term->how == MATCH_IS_NOT)
		return fitting == 0;
	return fitting > 0 && (!all || !is_of_sensors || fitting == listed);
}

static bool all_hold(const struct match *match, const struct incident_record *incident,
		     const char *own, bool all)
{
	for (size_t i = 0; i < match->count; i++)
		if (!term_holds(match, &match->terms[i], incident, own, all))
			return false;
	return true;
}

bool match_holds(const struct match *match, const struct incident_record *incident,
		 const char *own)
{
	return all_hold(match, incident, own, false);
}

bool match_covers(const struct match *match, const struct incident_record *incident,
		  const char *own)
{
	return all_hold(match, incident, own, true);
}
