/*
 * prometheus.c: the usual rules (limit/usual.h) as alerting rules of Prometheus.
 *
 * Each limit of a rule is an alert; the names are those of the families of /metrics.
 * What a rule says and PromQL can't, or what is in no family, is said in a comment or
 * refused, never left out silently.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "docs/generate.h"

/* So long must be looked back on counters that a scrape a minute has two values. */
#define WINDOW "5m"
enum { MINUTE_S = 60, WINDOW_S = 5 * MINUTE_S };
/* What flaps was down within that. */
#define HELD      "15m"
#define SECOND_US 1000000LL
static const double PERCENT = 100;

/* By record: how an alert calls what it is about. */
static const char *subject_of(enum record_kind kind)
{
	switch (kind) {
	case RECORD_port:
		return "port {{ $labels.port }}/{{ $labels.transport }}";
	case RECORD_listener:
		return "{{ $labels.ip }} port {{ $labels.port }}/{{ "
		       "$labels.transport }}";
	case RECORD_probe:
		return "{{ $labels.target }}";
	default:
		return "";
	}
}

/* The limits of these are shares of the link (usual_by_share()). */
static bool is_of_link(const struct limit_rule *rule)
{
	return strncmp(rule->name, "link-", strlen("link-")) == 0;
}

/* ---- the expression ---- */

static void put_series(struct buf *out, const struct limit_rule *rule,
		       const struct field *field)
{
	struct family family = { .out = out };
	put_metric(out, &family, rule->record, field);
	if (rule->selection.only_home)
		buf_text(out, "{home=\"yes\"}");
}

/* What counts is looked at by the second. */
static void put_value(struct buf *out, const struct limit_rule *rule,
		      const struct field *field)
{
	bool counts = field->role == ROLE_COUNTER;
	buf_text(out, counts ? "rate(" : "");
	put_series(out, rule, field);
	buf_text(out, counts ? "[" WINDOW "])" : "");
}

static void put_limit(struct buf *out, const struct limit_rule *rule, int severity)
{
	put_value(out, rule, rule->field);
	if (rule->share_of != NULL) {
		buf_text(out, " / ");
		put_value(out, rule, rule->share_of);
	}
	if (rule->field->type == TYPE_time)
		buf_text(out, " - time()");
	buf_text(out, rule->kind == RULE_BELOW ? " < " : " > ");
	if (is_of_link(rule))
		buf_text(out,
			 "on (instance, job) group_left () breakwater_link_bytes * ");
	buf_printf(out, "%.10g", limit_of_metric(rule, rule->limits[severity]));
}

static void put_word(struct buf *out, const struct limit_rule *rule, int severity)
{
	struct buf series = { 0 };
	struct family family = { .out = out };
	put_metric(&series, &family, rule->record, rule->field);
	buf_printf(&series, "{state=\"%s\"}", rule->words[severity]);
	const char *is = buf_cstr(&series);
	if (rule->hold == NULL) {
		buf_printf(out, "%s == 1", is);
	} else {
		buf_printf(out,
			   "(%s == 1 or max_over_time(%s[" HELD
			   "]) and ignoring (state) ",
			   is, is);
		put_metric(out, &family, rule->record, rule->hold);
		buf_text(out, " == 1)");
	}
	buf_free(&series);
}

/* Ports where nothing is are in no family. */
static void put_conditions(struct buf *out, const struct limit_rule *rule)
{
	struct family family = { .out = out };
	if (rule->samples_of != NULL) {
		buf_text(out, " and ");
		put_value(out, rule, rule->samples_of);
		buf_printf(out, " * %d >= %u", MINUTE_S, rule->samples);
	}
	for (size_t i = 0; i < rule->where_count; i++) {
		const struct rule_condition *where = &rule->where[i];
		if (strcmp(where->field->name, "unused") == 0)
			continue;
		buf_printf(out, " unless %s",
			   rule->kind == RULE_IS ? "ignoring (state) " : "");
		put_metric(out, &family, rule->record, where->field);
		buf_printf(out, " == %d", where->number == 0);
	}
}

/* ---- the text ---- */

static void put_quoted(struct buf *out, const char *text)
{
	buf_char(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_char(out, '\'');
		buf_char(out, *text);
	}
	buf_text(out, "'\n");
}

static const char *value_said(const struct limit_rule *rule)
{
	switch (rule_unit(rule)) {
	case UNIT_SHARE:
		return "{{ $value | humanizePercentage }}";
	case UNIT_US:
	case UNIT_MS:
	case UNIT_S:
		return "{{ $value | humanizeDuration }}";
	case UNIT_BYTES:
		return "{{ $value | humanize }}B/s";
	default:
		return "{{ $value | humanize }}/s";
	}
}

static void put_summary(struct buf *out, const struct limit_rule *rule, int severity)
{
	struct buf text = { 0 };
	const char *subject = subject_of(rule->record);
	bool has_both = rule->what[0] != '\0' && subject[0] != '\0';
	buf_printf(&text, "{{ $labels.instance }}: %s%s%s is ", rule->what,
		   has_both ? " of " : "", subject);
	if (rule->kind == RULE_IS) {
		buf_text(&text, rule->words[severity]);
	} else {
		buf_printf(&text, "%s, %s ", value_said(rule),
			   rule->kind == RULE_BELOW ? "below" : "above");
		if (is_of_link(rule))
			buf_printf(&text, "%g %% of the link",
				   PERCENT * rule->limits[severity]);
		else
			rule_amount_say(&text, rule, rule->limits[severity]);
	}
	buf_text(out, "      summary: ");
	put_quoted(out, buf_cstr(&text));
	buf_free(&text);
}

/* "link-in" is BreakwaterLinkIn. */
static void put_name(struct buf *out, const char *name)
{
	buf_text(out, "  - alert: Breakwater");
	while (*name != '\0') {
		size_t len = strcspn(name, "-_");
		char first =
			(char)(toupper)((unsigned char)name[0]); /* not the macro */
		buf_char(out, first);
		buf_printf(out, "%.*s", (int)(len - 1), name + 1);
		name += len + (name[len] != '\0');
	}
	buf_char(out, '\n');
}

static void put_time(struct buf *out, const char *key, int64_t seconds)
{
	bool whole = seconds % MINUTE_S == 0;
	if (seconds > 0)
		buf_printf(out, "    %s: %lld%c\n", key,
			   (long long)(whole ? seconds / MINUTE_S : seconds),
			   whole ? 'm' : 's');
}

static void put_times(struct buf *out, const struct limit_rule *rule)
{
	/* The window holds a rise as long as it is. */
	int64_t window_s = rule->field->role == ROLE_COUNTER ? WINDOW_S : 0;
	put_time(out, "for", rule->for_us / SECOND_US);
	put_time(out, "keep_firing_for", rule->recover_us / SECOND_US - window_s);
}

static void put_alert(struct buf *out, const struct limit_rule *rule, int severity)
{
	put_name(out, rule->name);
	buf_text(out, "    expr: ");
	struct buf expression = { 0 };
	if (rule->kind == RULE_IS)
		put_word(&expression, rule, severity);
	else
		put_limit(&expression, rule, severity);
	put_conditions(&expression, rule);
	put_quoted(out, buf_cstr(&expression));
	buf_free(&expression);
	put_times(out, rule);
	buf_printf(out, "    labels:\n      severity: %s\n    annotations:\n",
		   severity_names[severity]);
	put_summary(out, rule, severity);
	buf_text(out, "      description: ");
	put_quoted(out, rule->advice);
}

/* What this file has no words for. */
static bool can_be_said(const struct limit_rule *rule)
{
	const struct limit_selection *s = &rule->selection;
	bool is_limit = rule->kind == RULE_ABOVE || rule->kind == RULE_BELOW ||
			rule->kind == RULE_IS;
	return is_limit && !rule->is_learned && rule->times == 1 &&
	       s->ports_count == 0 && s->hosts_count == 0 && s->services_count == 0 &&
	       s->protocols_count == 0 && s->targets_count == 0 && s->tags_count == 0;
}

static void put_rule(struct buf *out, const struct limit_rule *rule)
{
	if (!can_be_said(rule)) {
		fprintf(stderr, "rule %s: docs/prometheus.c can't say it\n",
			rule->name);
		out->failed = true;
	}
	if (family_prefix(rule->record) == NULL) {
		buf_printf(out, "  # %s: %s.%s is not in /metrics.\n", rule->name,
			   schemas[rule->record].name, rule->field->name);
		return;
	}
	for (int severity = 0; severity < SEVERITIES; severity++)
		if (rule_has_severity(rule, severity))
			put_alert(out, rule, severity);
}

static const char begin[] =
	"# Alerting rules for Prometheus 2.42 or newer, made by scripts/docs from\n"
	"# src/limit/usual.c and src/record/record.def; docs/prometheus.md.\n"
	"groups:\n"
	"- name: breakwater\n"
	"  rules:\n";

/* Of what no usual rule looks at, as there is a word of Breakwater's own for it. */
static const char end[] =
	"- name: breakwater-itself\n"
	"  rules:\n"
	"  - alert: BreakwaterGone\n"
	"    expr: 'up{job=\"breakwater\"} == 0 or absent(up{job=\"breakwater\"})'\n"
	"    for: 2m\n"
	"    labels:\n"
	"      severity: high\n"
	"    annotations:\n"
	"      summary: '{{ $labels.instance }}: Breakwater does not answer'\n"
	"      description: 'breakwater status, or its journal, says why'\n"
	"  - alert: BreakwaterBlocksNotHeld\n"
	"    expr: 'breakwater_firewall_holds == 0'\n"
	"    for: 1m\n"
	"    labels:\n"
	"      severity: high\n"
	"    annotations:\n"
	"      summary: '{{ $labels.instance }}: the kernel does not hold the blocks "
	"that "
	"it should'\n"
	"      description: 'breakwater status says what is missing; docs/answer.md'\n"
	"  - alert: BreakwaterBlocksFrozen\n"
	"    expr: 'breakwater_blocks_frozen == 1'\n"
	"    labels:\n"
	"      severity: medium\n"
	"    annotations:\n"
	"      summary: '{{ $labels.instance }}: automatic blocks have stopped, as "
	"there "
	"were too many'\n"
	"      description: 'breakwater blocks shows them; docs/answer.md'\n"
	"  - alert: BreakwaterMessagesWait\n"
	"    expr: 'breakwater_messages_waiting > 0 or breakwater_sender_holds == 0'\n"
	"    for: 15m\n"
	"    labels:\n"
	"      severity: high\n"
	"    annotations:\n"
	"      summary: '{{ $labels.instance }}: messages are not taken where they "
	"go'\n"
	"      description: 'breakwater status says which; docs/alerts.md'\n"
	"# What Breakwater has made of all that and of findings: leave it out if "
	"Breakwater\n"
	"# tells Alertmanager itself (notify.to).\n"
	"- name: breakwater-incidents\n"
	"  rules:\n"
	"  - alert: BreakwaterIncident\n"
	"    expr: 'sum without (state) "
	"(breakwater_incidents{state=\"firing\",severity=~\"medium|high|critical\"}) > "
	"0'\n"
	"    annotations:\n"
	"      summary: '{{ $labels.instance }}: {{ $value }} of severity {{ "
	"$labels.severity "
	"}}'\n"
	"      description: 'breakwater incidents shows them'\n";

void prometheus_rules(struct buf *out)
{
	struct limit_rules *rules = usual_by_share();
	out->failed = rules == NULL;
	buf_text(out, begin);
	for (size_t i = 0; rules != NULL && i < limit_rules_count(rules); i++)
		put_rule(out, limit_rules_at(rules, i));
	buf_text(out, end);
	limit_rules_free(rules);
}
