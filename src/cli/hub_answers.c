/*
 * hub_answers.c: what the web room asks of a hub; see hub.h.  What a hub can't know or
 * do is not answered: nobody is asked, blocked or configured from here by these ways.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/answers_report.h"
#include "cli/figures.h"
#include "cli/hub.h"
#include "cli/hub_explain.h"
#include "fleet/capacity.h"
#include "web/sensor_set.h"

/* As web_emit and board_emit are the same. */
#define GIVES(name, kind)                                                              \
	static void give_##name(void *self, web_emit emit, void *to)                   \
	{                                                                              \
		const struct hub *hub = self;                                          \
		board_each(hub->board, RECORD_##kind, emit, to);                       \
	}
GIVES(sensors, sensor)
GIVES(ports, port)
GIVES(listeners, listener)
GIVES(findings, finding)
GIVES(blocks, block)
GIVES(probes, probe)
GIVES(levels, level)
GIVES(silences, silence)

struct emitting {
	web_emit emit;
	void *to;
	const struct hub *hub;
};

static void emit_alert(void *to, const void *record)
{
	const struct emitting *e = to;
	struct alert_record known = *(const struct alert_record *)record;
	hub_place_show(e->hub, &known);
	e->emit(e->to, &known);
}

static void give_alerts(void *self, web_emit emit, void *to)
{
	struct emitting e = { .emit = emit, .to = to, .hub = self };
	board_each(e.hub->board, RECORD_alert, emit_alert, &e);
}

static void emit_incident(void *to, const struct incident_record *incident)
{
	const struct emitting *e = to;
	struct incident_record known = *incident;
	record_text(known.sensor, sizeof(known.sensor), FLEET_HUB);
	e->emit(e->to, &known);
}

struct taking {
	void (*take)(void *to, const struct incident_record *incident);
	void *to;
};

/* Those of a sensor alone are parts of these, and in the depot. */
static void take_fleets(void *to, const void *record)
{
	const struct taking *taking = to;
	const struct incident_record *incident = record;
	if (strcmp(incident->sensor, FLEET_HUB) == 0)
		taking->take(taking->to, incident);
}

void hub_each_incident(const void *of,
		       void (*take)(void *to, const struct incident_record *incident),
		       void *to)
{
	const struct hub *hub = of;
	struct taking taking = { take, to };
	if (hub->leads)
		alerting_each(&hub->alerting, take, to);
	else
		board_each(hub->board, RECORD_incident, take_fleets, &taking);
}

static void give_incidents(void *self, web_emit emit, void *to)
{
	struct emitting e = { .emit = emit, .to = to };
	hub_each_incident(self, emit_incident, &e);
}

static bool is_home(void *self, const struct addr *addr)
{
	const struct hub *hub = self;
	return home_holds(&hub->home, addr);
}

/* ---- capacity ---- */

static bool is_chosen(const void *of, const char *sensor)
{
	const struct sensor_set *sensors = of;
	return sensors == NULL || sensor_set_has(sensors, sensor);
}

struct adding {
	struct fleet_capacity *capacity;
	enum record_kind kind;
};

static void add_record(void *to, const void *record)
{
	const struct adding *adding = to;
	fleet_capacity_take(adding->capacity, adding->kind, record);
}

static bool give_capacity(void *self, const struct sensor_set *sensors, web_emit emit,
			  void *to)
{
	static const enum record_kind kinds[] = { RECORD_sensor, RECORD_port,
						  RECORD_capacity, RECORD_forecast };
	const struct hub *hub = self;
	const struct fleet_capacity_asked asked = { .now_us = clock_us(CLOCK_REALTIME),
						    .wants = is_chosen,
						    .of = sensors };
	struct adding adding = { .capacity = fleet_capacity_new(&asked) };
	if (adding.capacity == NULL)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		adding.kind = kinds[i];
		board_each(hub->board, kinds[i], add_record, &adding);
	}
	bool is_told = fleet_capacity_tell(adding.capacity, emit, to);
	fleet_capacity_free(adding.capacity);
	return is_told;
}

/* Of ports and flows the depot is asked for all but the last minutes. */
static int64_t memory_since_us(void *self, enum record_kind kind)
{
	enum { MINUTE_US = 60000000 };
	const struct hub *hub = self;
	return kind == RECORD_port ? hub->second_us - MINUTE_US : INT64_MAX;
}

/* None of a hub's own: they are told when they end. */
static void give_flows(void *self, web_emit emit, void *to)
{
	(void)self;
	(void)emit;
	(void)to;
}

static void audit(void *self, const char *action, const char *actor,
		  const char *subject, const char *before, const char *after)
{
	hub_audit(self, action, actor, subject, before, after);
}

static void tell_trouble(void *self, const char *text)
{
	(void)self;
	fprintf(stderr, "breakwater: %s\n", text);
}

/* ---- dashboards ---- */

static void give_dashboards(void *self, struct buf *json)
{
	struct hub *hub = self;
	dashboard_shelf_list(&hub->dashboards, json);
}

static int give_dashboard(void *self, const char *name, bool as_file, struct buf *out)
{
	const struct hub *hub = self;
	return dashboard_shelf_get(&hub->dashboards, name, as_file, out);
}

static int put_dashboard(void *self, const char *name, const char *text, size_t len,
			 const char *actor, struct buf *message)
{
	struct hub *hub = self;
	struct shelf_change change;
	struct buf copy = { 0 };
	buf_add(&copy, text, len);
	int error = buf_ok(&copy) ? dashboard_shelf_put(&hub->dashboards, name, &copy,
							&change, message)
				  : -ENOMEM;
	if (error == 0)
		hub_audit(hub, "dashboard_put", actor, name, change.before,
			  change.after);
	buf_free(&copy);
	return error;
}

static int remove_dashboard(void *self, const char *name, const char *actor,
			    struct buf *message)
{
	struct hub *hub = self;
	struct shelf_change change;
	int error = dashboard_shelf_remove(&hub->dashboards, name, &change, message);
	if (error == 0)
		hub_audit(hub, "dashboard_remove", actor, name, change.before,
			  change.after);
	return error;
}

static void give_sinks(void *self, struct buf *json)
{
	const struct hub *hub = self;
	alerting_sinks_json(&hub->alerting, json);
}

static void *begin_report(void *self)
{
	const struct hub *hub = self;
	return answers_report_begin(&hub->config, hub->depot);
}

struct web_source hub_source(struct hub *hub)
{
	struct web_source source = { .self = hub,
				     .sensors = give_sensors,
				     .capacity = give_capacity,
				     .ports = give_ports,
				     .is_home = is_home,
				     .flows = give_flows,
				     .self_record = hub_self,
				     .status = hub_status,
				     .listeners = give_listeners,
				     .findings = give_findings,
				     .blocks = give_blocks,
				     .incidents = give_incidents,
				     .alerts = give_alerts,
				     .levels = give_levels,
				     .silences = give_silences,
				     .probes = give_probes,
				     .memory_since_us = memory_since_us,
				     .figures = figures_answer,
				     .explain_begin = hub_explain_begin,
				     .explain_end = hub_explain_end,
				     .report = { begin_report, answers_report_end },
				     .audit = audit,
				     .trouble = tell_trouble,
				     .sinks = give_sinks,
				     .dashboards = give_dashboards,
				     .dashboard = give_dashboard,
				     .dashboard_put = put_dashboard,
				     .dashboard_remove = remove_dashboard };
	hub_fill_changes(&source);
	return source;
}
