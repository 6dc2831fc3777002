/*
 * said.c: see said.h.
 */
#include "limit/said.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"

#define SECOND_US 1000000LL

enum { WHEN_TEXT = 32 };

void said_when(struct buf *out, int64_t at_us)
{
	time_t seconds = (time_t)(at_us / SECOND_US);
	struct tm tm;
	char text[WHEN_TEXT];
	if (gmtime_r(&seconds, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
		buf_text(out, text);
}

static void say_subject(struct buf *out, const struct limit_rule *rule,
			const struct facts *facts)
{
	if (rule->what[0] != '\0')
		buf_printf(out, "%c%s of ", toupper((unsigned char)rule->what[0]),
			   rule->what + 1);
	buf_text(out, facts->target);
	if (rule->per == PER_SERVICE && facts->service[0] != '\0')
		buf_printf(out, " (%s)", facts->service);
}

void said_lasted(struct buf *out, const struct facts *facts, int64_t now_us)
{
	double seconds = ((double)now_us - (double)facts->start_us) / SECOND_US;
	rule_say_duration(out, fmax(seconds, 0));
}

/* "above 100 ms" */
static void say_limit(struct buf *out, const struct limit_rule *rule,
		      const struct facts *facts)
{
	buf_text(out, rule->kind == RULE_BELOW ? "below " : "above ");
	rule_amount_say(out, rule, facts->limit);
}

static void say_change(struct buf *out, const struct limit_rule *rule,
		       const struct facts *facts)
{
	rule_amount_say(out, rule, fabs(facts->value));
	buf_printf(out, " %s than at that hour a week before (limit ",
		   facts->value < 0 ? "less" : "more");
	rule_amount_say(out, rule, facts->limit);
	buf_char(out, ')');
}

static void say_firing(struct buf *out, const struct limit_rule *rule,
		       const struct facts *facts)
{
	if (rule->kind == RULE_ABSENT) {
		buf_text(out, " has not come for ");
		rule_amount_say(out, rule, facts->value);
		buf_text(out, " (limit ");
		rule_amount_say(out, rule, facts->limit);
		buf_text(out, "), the last time");
	} else if (rule->kind == RULE_IS) {
		buf_printf(out, " is %s", facts->word);
	} else {
		buf_text(out, " is ");
		if (rule->kind == RULE_CHANGE)
			say_change(out, rule, facts);
		else
			rule_amount_say(out, rule, facts->value);
	}
	if (rule->kind == RULE_ABOVE || rule->kind == RULE_BELOW) {
		buf_text(out, ", ");
		say_limit(out, rule, facts);
		buf_text(out, ",");
	}
	buf_text(out, rule->kind == RULE_ABSENT ? " " : " since ");
	said_when(out, facts->start_us);
	if (facts->detail[0] != '\0')
		buf_printf(out, ": %s", facts->detail);
}

static void say_recovered(struct buf *out, const struct limit_rule *rule,
			  const struct facts *facts, int64_t now_us)
{
	if (rule->kind == RULE_ABSENT) {
		buf_text(out, " came again, after ");
	} else if (rule->kind == RULE_IS) {
		buf_printf(out, " is %s again, after ", facts->word);
	} else {
		buf_text(out, " is well again: ");
		if (rule->kind == RULE_CHANGE)
			say_change(out, rule, facts);
		else
			rule_amount_say(out, rule, facts->value);
		buf_text(out, ", after ");
	}
	said_lasted(out, facts, now_us);
}

void said_unknown(struct buf *out, const struct facts *facts, int64_t now_us)
{
	buf_text(out, ": nothing more is known of it, after ");
	said_lasted(out, facts, now_us);
}

static void say_no_rule(struct buf *out, const struct facts *facts, int64_t now_us)
{
	buf_printf(out, "The rule %s is there no more, by which %s was told for ",
		   facts->rule, facts->target);
	said_lasted(out, facts, now_us);
}

static void say_summary(struct buf *out, const struct limit_rule *rule,
			const struct facts *facts, enum said_end end, int64_t now_us)
{
	if (rule == NULL) {
		say_no_rule(out, facts, now_us);
	} else {
		say_subject(out, rule, facts);
		if (end == SAID_FIRING)
			say_firing(out, rule, facts);
		else if (end == SAID_RECOVERED)
			say_recovered(out, rule, facts, now_us);
		else
			said_unknown(out, facts, now_us);
	}
}

static const char *kind_word(enum rule_kind kind)
{
	return kind == RULE_CHANGE   ? "change"
	       : kind == RULE_ABSENT ? "absence"
				     : "value";
}

void said_facts(const struct facts *facts, int severity, enum said_end end,
		int64_t now_us, struct alert_record *out)
{
	record_init(RECORD_alert, out);
	record_text(out->id, sizeof(out->id), facts->id);
	record_text(out->rule, sizeof(out->rule), facts->rule);
	record_text(out->metric, sizeof(out->metric), facts->metric);
	record_text(out->target, sizeof(out->target), facts->target);
	record_text(out->service, sizeof(out->service), facts->service);
	record_text(out->tags, sizeof(out->tags), facts->tags);
	out->server_ip = facts->ip;
	out->port = facts->port;
	out->transport = record_word(facts->transport);
	out->at = now_us;
	out->start = facts->start_us;
	out->state = end == SAID_FIRING ? "firing" : "resolved";
	if (end != SAID_FIRING)
		out->end = now_us;
	out->value = facts->value;
	out->limit = facts->limit;
	if (severity >= 0)
		out->severity = severity_names[severity];
}

void said_summary(struct buf *text, struct alert_record *out)
{
	const char *summary = buf_cstr(text);
	if (summary != NULL)
		record_text(out->summary, sizeof(out->summary), summary);
	buf_free(text);
}

void said_alert(const struct limit_rule *rule, const struct series *series,
		const struct facts *facts, enum said_end end, int64_t now_us,
		struct alert_record *out)
{
	struct buf text = { 0 };
	said_facts(facts, series->severity, end, now_us, out);
	if (rule != NULL) {
		out->kind = kind_word(rule->kind);
		record_text(out->advice, sizeof(out->advice), rule->advice);
	}
	say_summary(&text, rule, facts, end, now_us);
	said_summary(&text, out);
}
