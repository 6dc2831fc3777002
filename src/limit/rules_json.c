/*
 * rules_json.c: rules and service levels as the page's settings show them; see rules.h.
 */
#include <math.h>
#include <string.h>

#include "limit/rules.h"

/* ---- members ---- */

static void put_text(struct buf *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_printf(out, ",\"%s\":\"", name);
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void put_number(struct buf *out, const char *name, double value)
{
	if (isfinite(value))
		buf_printf(out, ",\"%s\":%.15g", name, value);
}

static void put_seconds(struct buf *out, const char *name, int64_t us)
{
	if (us > 0)
		put_number(out, name, (double)us / 1e6);
}

/* A list of words that stand one after the other, of that size each. */
static void put_words(struct buf *out, const char *name, const char *words, size_t size,
		      size_t count)
{
	if (count == 0)
		return;
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		buf_text(out, i > 0 ? ",\"" : "\"");
		buf_json_text(out, words + i * size);
		buf_char(out, '"');
	}
	buf_char(out, ']');
}

/* ---- what it is about ---- */

static void put_ports(struct buf *out, const struct limit_selection *selection)
{
	if (selection->ports_count == 0)
		return;
	buf_text(out, ",\"ports\":[");
	for (size_t i = 0; i < selection->ports_count; i++) {
		const struct port_range *range = &selection->ports[i];
		buf_printf(out, "%s\"%u", i > 0 ? "," : "", range->first);
		if (range->last > range->first)
			buf_printf(out, "-%u", range->last);
		buf_printf(out, "/%s\"", range->is_udp ? "udp" : "tcp");
	}
	buf_char(out, ']');
}

static void put_hosts(struct buf *out, const struct limit_selection *selection)
{
	if (!selection->only_home && selection->hosts_count == 0)
		return;
	buf_printf(out, ",\"hosts\":[%s", selection->only_home ? "\"home\"" : "");
	for (size_t i = 0; i < selection->hosts_count; i++) {
		const struct prefix *host = &selection->hosts[i];
		int before = addr_is_v4(&host->addr) ? 96 : 0;
		char text[ADDR_TEXT_MAX];
		addr_text(&host->addr, text);
		buf_printf(out, "%s\"%s/%d\"", i > 0 || selection->only_home ? "," : "",
			   text, host->len - before);
	}
	buf_char(out, ']');
}

static void put_selection(struct buf *out, const struct limit_selection *selection)
{
	put_ports(out, selection);
	put_hosts(out, selection);
	put_words(out, "services", selection->services[0], SELECTION_WORD,
		  selection->services_count);
	put_words(out, "protocols", selection->protocols[0], SELECTION_WORD,
		  selection->protocols_count);
	put_words(out, "targets", selection->targets[0], SELECTION_TARGET,
		  selection->targets_count);
	put_words(out, "tags", selection->tags[0], SELECTION_WORD,
		  selection->tags_count);
}

static void put_where(struct buf *out, const struct limit_rule *rule)
{
	if (rule->where_count == 0)
		return;
	buf_text(out, ",\"where\":{");
	for (size_t i = 0; i < rule->where_count; i++) {
		buf_printf(out, "%s\"%s\":\"", i > 0 ? "," : "",
			   rule->where[i].field->name);
		buf_json_text(out, rule->where[i].is);
		buf_char(out, '"');
	}
	buf_char(out, '}');
}

/* ---- rules ---- */

static const char *const kinds[] = {
	[RULE_ABOVE] = "above",   [RULE_BELOW] = "below",   [RULE_IS] = "is",
	[RULE_CHANGE] = "change", [RULE_ABSENT] = "absent",
};

/* By severity: the number, and as a person reads it. */
static void put_limits(struct buf *out, const struct limit_rule *rule)
{
	const char *between = "";
	buf_text(out, ",\"limits\":{");
	for (int severity = 0; severity < SEVERITIES && !rule->is_off; severity++) {
		if (!rule_has_severity(rule, severity))
			continue;
		buf_printf(out, "%s\"%s\":{", between, severity_names[severity]);
		between = ",";
		if (rule->kind == RULE_IS) {
			buf_text(out, "\"shown\":\"");
			buf_json_text(out, rule->words[severity]);
		} else {
			buf_printf(out, "\"value\":%.15g,\"shown\":\"",
				   rule->limits[severity]);
			rule_amount_say(out, rule, rule->limits[severity]);
		}
		buf_text(out, "\"}");
	}
	buf_char(out, '}');
}

static void put_recovery(struct buf *out, const struct limit_rule *rule)
{
	if (!isfinite(rule->recovery))
		return;
	buf_printf(out, ",\"recovery\":{\"value\":%.15g,\"shown\":\"", rule->recovery);
	rule_amount_say(out, rule, rule->recovery);
	buf_text(out, "\"}");
}

static void put_rule(struct buf *out, const struct limit_rule *rule)
{
	buf_printf(out, "{\"name\":\"%s\"", rule->name);
	put_text(out, "from", rule->from);
	if (rule->is_off) {
		buf_text(out, ",\"off\":true}");
		return;
	}
	put_text(out, "what", rule->what);
	buf_printf(out, ",\"record\":\"%s\",\"field\":\"%s\",\"kind\":\"%s\"",
		   schemas[rule->record].name, rule->field->name, kinds[rule->kind]);
	if (rule->share_of != NULL)
		put_text(out, "share_of", rule->share_of->name);
	if (rule->is_learned)
		buf_text(out, ",\"learned\":true");
	put_limits(out, rule);
	put_recovery(out, rule);
	put_seconds(out, "for_s", rule->for_us);
	put_seconds(out, "recover_for_s", rule->recover_us);
	if (rule->samples > 0)
		buf_printf(out, ",\"samples\":%u", rule->samples);
	put_selection(out, &rule->selection);
	put_where(out, rule);
	put_text(out, "advice", rule->advice);
	buf_char(out, '}');
}

/* ---- levels ---- */

static void put_level(struct buf *out, const struct limit_level *level)
{
	buf_printf(out, "{\"name\":\"%s\"", level->name);
	put_text(out, "from", level->from);
	if (level->is_off) {
		buf_text(out, ",\"off\":true}");
		return;
	}
	put_text(out, "measure", level_measures[level->measure]);
	put_number(out, "objective", level->objective);
	put_seconds(out, "window_s", level->window_us);
	if (level->measure == MEASURE_RESPONSE)
		put_number(out, "within_us", level->within_us);
	buf_printf(out, ",\"alerts\":%s", level->is_silent ? "false" : "true");
	put_selection(out, &level->selection);
	put_text(out, "advice", level->advice);
	buf_char(out, '}');
}

void limit_rules_json(const struct limit_rules *rules, struct buf *out)
{
	buf_text(out, "\"rules\":[");
	for (size_t i = 0; i < limit_rules_count(rules); i++) {
		buf_text(out, i > 0 ? "," : "");
		put_rule(out, limit_rules_at(rules, i));
	}
	buf_text(out, "],\"levels\":[");
	for (size_t i = 0; i < limit_rules_level_count(rules); i++) {
		buf_text(out, i > 0 ? "," : "");
		put_level(out, limit_rules_level_at(rules, i));
	}
	buf_char(out, ']');
}
