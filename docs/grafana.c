/*
 * grafana.c: a dashboard for Grafana.
 *
 * A panel of a field takes its words and unit from the record table, and its limit from
 * the usual rules; the others are of families that only /metrics has.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "docs/generate.h"

enum { WIDTH = 24, ROW_HEIGHT = 1, SCHEMA_VERSION = 38, EXPR_MAX = 512 };
static const char selected[] = "job=~\"$job\",instance=~\"$instance\"";
static const char uid[] = "${datasource}";

/* Of a row only the title is there. */
struct panel {
	const char *title;
	const char *type; /* stat or timeseries */
	int width, height;
	const char *legend;
	/* Of a field ... */
	enum record_kind kind;
	const char *field;
	const char *only; /* more labels that are selected */
	/* ... or of anything; SELECTED is what is selected.  With its unit and words.
	 */
	const char *expr, *unit, *doc;
};

#define BY_PORT             "timeseries", 8, 8, "{{port}}/{{transport}} {{service}}"
#define BY_TARGET           "timeseries", 8, 8, "{{target}}"
#define BY_LEVEL            "timeseries", 8, 8, "{{level}} {{target}}"
#define NUMBER              "stat", 4, 4, ""
#define LINES               "timeseries", 8, 8
#define SELECTED            "{job=~\"$job\",instance=~\"$instance\"}"
#define OF_HOME             ",home=\"yes\""
#define IS(expr, unit, doc) RECORD_self, NULL, NULL, expr, unit, doc
#define PORT(field)         RECORD_port, field, OF_HOME, NULL, NULL, NULL
#define PROBE(field)        RECORD_probe, field, "", NULL, NULL, NULL
#define SELF(field)         RECORD_self, field, "", NULL, NULL, NULL
#define LISTENER(field)     RECORD_listener, field, "", NULL, NULL, NULL
#define ROW(title)                                                                     \
	{                                                                              \
		title, NULL, WIDTH, ROW_HEIGHT, NULL, SELF(NULL)                       \
	}

static const struct panel panels[] = {
	ROW("Now"),
	{ "Incidents", NUMBER,
	  IS("sum(breakwater_incidents{job=~\"$job\",instance=~\"$instance\",state="
	     "\"firing\",severity=~\"medium|high|critical\"})",
	     "short", "Incidents that last, of medium severity or more.") },
	{ "Targets that are not up", NUMBER,
	  IS("count(breakwater_probe_up" SELECTED " == 0) or vector(0)", "short",
	     "Targets of probes that are down or degraded, after retries.") },
	{ "Open findings", NUMBER,
	  IS("sum(breakwater_findings_open" SELECTED ") or vector(0)", "short",
	     "Findings that last, notices too.") },
	{ "Blocks in force", NUMBER,
	  IS("sum(breakwater_blocks{job=~\"$job\",instance=~\"$instance\",state="
	     "\"active\"}) or vector(0)",
	     "short", "Sources that are blocked.") },
	{ "Packets not seen", NUMBER,
	  IS("sum(rate(breakwater_dropped_total" SELECTED
	     "[$__rate_interval])) / sum(rate(breakwater_packets_total" SELECTED
	     "[$__rate_interval]))",
	     "percentunit", "Share of packets that were lost before they were read.") },
	{ "Next certificate to end", NUMBER,
	  IS("min(breakwater_probe_cert_not_after_seconds" SELECTED ") - time()", "s",
	     "Time until the first certificate of a probe's target ends.") },

	ROW("Ports"),
	{ "To servers", BY_PORT, PORT("client_bytes") },
	{ "From servers", BY_PORT, PORT("server_bytes") },
	{ "Open connections", BY_PORT, PORT("active") },
	{ "New connections", BY_PORT, PORT("flows") },
	{ "Clients", BY_PORT, PORT("clients") },
	{ "Errors", BY_PORT, PORT("error_ratio") },

	ROW("Response"),
	{ "Response time, 95th percentile", BY_PORT, PORT("response_p95_us") },
	{ "Response time, median", BY_PORT, PORT("response_p50_us") },
	{ "Handshake, 95th percentile", BY_PORT, PORT("handshake_p95_us") },

	ROW("Loss"),
	{ "Lost payload", BY_PORT, PORT("lost_ratio") },
	{ "Retransmissions", BY_PORT, PORT("retransmit_ratio") },
	{ "Waiting to be accepted", LINES, "{{ip}} {{port}}/{{transport}}",
	  LISTENER("backlog") },

	ROW("Probes"),
	{ "Up", BY_TARGET,
	  IS("breakwater_probe_up" SELECTED, "short",
	     "1: the target is up, after retries; 0: it is not.") },
	{ "Time of a probe", BY_TARGET, PROBE("total_us") },
	{ "Certificates", BY_TARGET,
	  IS("breakwater_probe_cert_not_after_seconds" SELECTED " - time()", "s",
	     "Time until the certificate ends.") },

	ROW("Findings and incidents"),
	{ "Findings that began", LINES, "{{kind}}",
	  IS("sum by (kind) (increase(breakwater_findings_total" SELECTED
	     "[$__rate_interval])) > 0",
	     "short", "Findings that began, by kind.") },
	{ "Incidents that last", LINES, "{{severity}}",
	  IS("sum by (severity) (breakwater_incidents{job=~\"$job\",instance=~"
	     "\"$instance\",state=\"firing\"})",
	     "short", "Incidents that last, by severity.") },
	{ "Packets that blocks stopped", LINES, "{{instance}}",
	  IS("rate(breakwater_blocked_packets_total" SELECTED "[$__rate_interval])",
	     "pps", "Packets that blocks stopped, each second.") },

	ROW("Service levels"),
	{ "Reached", BY_LEVEL,
	  IS("breakwater_level_reached_ratio" SELECTED, "percentunit",
	     "Share that was good of what is known, in the window of the level.") },
	{ "Error budget that is left", BY_LEVEL,
	  IS("breakwater_level_budget_left_ratio" SELECTED, "percentunit",
	     "Below 0 more failed than was promised.") },
	{ "How fast it burns", LINES, "{{level}} {{target}} {{window}}",
	  IS("breakwater_level_burn_rate" SELECTED, "short",
	     "1: it is used up exactly at the window's end.") },

	ROW("Breakwater itself"),
	{ "Packets", LINES, "{{instance}}", SELF("packets") },
	{ "Packets lost", LINES, "{{instance}}", SELF("dropped") },
	{ "CPU", LINES, "{{instance}}", SELF("cpu_ratio") },
	{ "Memory", LINES, "{{instance}}", SELF("rss_bytes") },
	{ "Store", LINES, "{{instance}}", SELF("store_bytes") },
	{ "Lag", LINES, "{{instance}}", SELF("lag_us") },
};
enum { PANELS = sizeof(panels) / sizeof(panels[0]) };

/* ---- of a field ---- */

static const struct field *field_of(const struct panel *panel)
{
	return panel->field != NULL ? family_field(panel->kind, panel->field) : NULL;
}

/* The busiest of ports, or a server with many would be one colour. */
static void put_expr(struct buf *out, const struct panel *panel)
{
	struct family family = { .out = out };
	const struct field *field = field_of(panel);
	if (field == NULL) {
		buf_text(out, panel->expr);
		return;
	}
	bool counts = field->role == ROLE_COUNTER;
	buf_text(out, panel->kind == RECORD_port ? "topk(10, " : "");
	buf_text(out, counts ? "rate(" : "");
	put_metric(out, &family, panel->kind, field);
	buf_printf(out, "{%s%s}%s%s", selected, panel->only,
		   counts ? "[$__rate_interval])" : "",
		   panel->kind == RECORD_port ? ")" : "");
}

/* As Grafana names units. */
static const char *unit_of(const struct panel *panel)
{
	struct family family;
	const struct field *field = field_of(panel);
	if (field == NULL)
		return panel->unit;
	bool counts = field->role == ROLE_COUNTER;
	family_of(&family, panel->kind, field);
	if (strcmp(family.unit, "seconds") == 0)
		return "s";
	if (strcmp(family.unit, "bytes") == 0)
		return counts ? "Bps" : "bytes";
	if (strcmp(family.unit, "ratio") == 0)
		return "percentunit";
	return counts ? "cps" : "short";
}

/* The least limit that a usual rule has for it; NaN: none. */
static double limit_of(const struct panel *panel, const struct limit_rules *rules)
{
	for (size_t i = 0; i < limit_rules_count(rules); i++) {
		const struct limit_rule *rule = limit_rules_at(rules, i);
		if (rule->field != field_of(panel) || rule->kind != RULE_ABOVE ||
		    rule->share_of != NULL || rule->interval != NULL)
			continue;
		for (int s = 0; s < SEVERITIES; s++)
			if (isfinite(rule->limits[s]))
				return limit_of_metric(rule, rule->limits[s]);
	}
	return NAN;
}

/* ---- as Grafana has it ---- */

static json_t *datasource(void)
{
	return json_pack("{ssss}", "type", "prometheus", "uid", uid);
}

static json_t *thresholds(double limit)
{
	json_t *steps = json_pack("[{sssn}]", "color", "green", "value");
	if (isfinite(limit))
		json_array_append_new(
			steps, json_pack("{sssf}", "color", "red", "value", limit));
	return json_pack("{ssso}", "mode", "absolute", "steps", steps);
}

static json_t *defaults(const struct panel *panel, double limit)
{
	json_t *is = json_pack("{ssso}", "unit", unit_of(panel), "thresholds",
			       thresholds(limit));
	if (panel->field != NULL)
		json_object_set_new(is, "min", json_integer(0));
	if (isfinite(limit))
		json_object_set_new(
			is, "custom",
			json_pack("{s{ss}}", "thresholdsStyle", "mode", "line"));
	return is;
}

static json_t *target(const struct panel *panel)
{
	struct buf expr = { 0 };
	put_expr(&expr, panel);
	json_t *is =
		json_pack("{sossssss}", "datasource", datasource(), "expr",
			  buf_cstr(&expr), "legendFormat", panel->legend, "refId", "A");
	buf_free(&expr);
	return is;
}

static json_t *chart(const struct panel *panel, const struct limit_rules *rules)
{
	const struct field *field = field_of(panel);
	return json_pack(
		"{sssosos[o]}", "description", field != NULL ? field->doc : panel->doc,
		"datasource", datasource(), "fieldConfig",
		json_pack("{sos[]}", "defaults",
			  defaults(panel, limit_of(panel, rules)), "overrides"),
		"targets", target(panel));
}

static json_t *place(const struct panel *panel, int x, int y)
{
	return json_pack("{sisisisi}", "h", panel->height, "w", panel->width, "x", x,
			 "y", y);
}

/* From left to right, as long as there is room. */
static json_t *all_panels(const struct limit_rules *rules)
{
	json_t *all = json_array();
	int x = 0, y = 0, height = 0;
	for (size_t i = 0; i < PANELS; i++) {
		const struct panel *panel = &panels[i];
		if (x + panel->width > WIDTH) {
			x = 0;
			y += height;
		}
		json_t *is =
			json_pack("{sissssso}", "id", (int)i + 1, "title", panel->title,
				  "type", panel->type != NULL ? panel->type : "row",
				  "gridPos", place(panel, x, y));
		if (panel->type != NULL)
			json_object_update_new(is, chart(panel, rules));
		else
			json_object_set_new(is, "panels", json_array());
		json_array_append_new(all, is);
		x += panel->width;
		height = panel->height;
	}
	return all;
}

static json_t *variable(const char *name, const char *query)
{
	return json_pack("{sssssosssisbsb}", "name", name, "type", "query",
			 "datasource", datasource(), "query", query, "refresh", 2,
			 "includeAll", 1, "multi", 1);
}

static json_t *variables(void)
{
	json_t *source = json_pack("{ssssss}", "name", "datasource", "type",
				   "datasource", "query", "prometheus");
	return json_pack("{s[ooo]}", "list", source,
			 variable("job", "label_values(breakwater_build_info, job)"),
			 variable("instance",
				  "label_values(breakwater_build_info{job=~\"$job\"}, "
				  "instance)"));
}

void grafana_dashboard(struct buf *out)
{
	struct limit_rules *rules = usual_by_share();
	json_t *dashboard =
		rules == NULL
			? NULL
			: json_pack("{sssss[s]sisss{ssss}soso}", "title", "Breakwater",
				    "uid", "breakwater", "tags", "breakwater",
				    "schemaVersion", SCHEMA_VERSION, "refresh", "30s",
				    "time", "from", "now-3h", "to", "now", "templating",
				    variables(), "panels", all_panels(rules));
	char *text = dashboard != NULL ? json_dumps(dashboard, JSON_INDENT(2)) : NULL;
	out->failed |= text == NULL;
	if (text != NULL)
		buf_printf(out, "%s\n", text);
	free(text);
	json_decref(dashboard);
	limit_rules_free(rules);
}
