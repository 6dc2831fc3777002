/*
 * hub_intake.c: records in, and on to whoever wants them; see hub.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/hub.h"
#include "cli/hub_reporting.h"
#include "cli/hub_time.h"
#include "fleet/whole.h"
#include "record/audit.h"

enum {
	/* Of what was said before, in each tick: the store writes as many meanwhile. */
	RECALLED_AT_ONCE = 500,
};
#define SECOND_US INT64_C(1000000)
#define AGAIN_US  (60 * SECOND_US) /* longer than ten minutes of the streams take */

/* What alerting_read() reads when this hub begins to lead. */
static bool is_said_by_hubs(enum record_kind kind)
{
	return kind == RECORD_incident || kind == RECORD_timeline ||
	       kind == RECORD_alert || kind == RECORD_silence ||
	       kind == RECORD_notification;
}

static const char *sensor_of(enum record_kind kind, const void *record)
{
	return (const char *)record + record_field(kind, "sensor")->offset;
}

static void show(struct hub *hub, enum record_kind kind, const void *record)
{
	if (hub->web != NULL)
		web_live(hub->web, kind, record);
}

static void show_alert(struct hub *hub, const struct alert_record *alert)
{
	struct alert_record known = *alert;
	hub_place_show(hub, &known);
	show(hub, RECORD_alert, &known);
}

/*
 * How it is, is the board's to say, to whoever looks and whoever judges: it knows its
 * clock, and as what it was joined.
 */
static void take_heartbeat(struct hub *hub, const struct sensor_record *sensor)
{
	struct sensor_record known;
	if (!board_sensor(hub->board, sensor->sensor, &known))
		return;
	/* All hubs hear it: the one that leads says so. */
	if (board_turns(hub->board, sensor->sensor) > 0 && hub->leads)
		hub_refused_put(hub->refused, sensor->sensor, LANE_EVENT, TAKE_TWIN,
				"both have its key");
	show(hub, RECORD_sensor, &known);
	hub_judge(hub, RECORD_sensor, &known);
}

/*
 * At the start, what hubs have judged before is told once more by the streams: of that
 * only how it ended is news.
 */
static bool is_news(struct hub *hub, const struct hub_heard *heard)
{
	return clock_us(CLOCK_MONOTONIC) - hub->heard_us > AGAIN_US ||
	       board_is_newest(hub->board, heard->kind, heard->record);
}

/* Of another hub, or of this one before it began; each line once. */
static void keep_said(struct hub *hub, enum record_kind kind, const void *record)
{
	if (!hub_said_has(hub->said, kind, record) &&
	    store_put(hub->store, kind, record))
		hub_said_note(hub->said, kind, record);
}

static void take_hubs(struct hub *hub, enum record_kind kind, const void *record)
{
	if (kind == RECORD_report_made)
		hub_heard_report(hub, record);
	else if (is_said_by_hubs(kind))
		keep_said(hub, kind, record);
}

void hub_take(struct hub *hub, const struct hub_heard *heard)
{
	enum record_kind kind = heard->kind;
	if (hub->heard_us == 0)
		hub->heard_us = clock_us(CLOCK_MONOTONIC);
	if (heard->is_own)
		return; /* kept and shown when it was said */
	if (kind == RECORD_sensor) {
		take_heartbeat(hub, heard->record);
		return;
	}
	if (kind == RECORD_alert)
		show_alert(hub, heard->record);
	else
		show(hub, kind, heard->record);
	if (kind == RECORD_port)
		return;
	if (kind == RECORD_probe)
		hub_place_probe(hub, heard->record);
	if (kind == RECORD_audit || kind == RECORD_checkpoint)
		chain_watch_note(hub->chains, kind, heard->record);
	if (strcmp(sensor_of(kind, heard->record), FLEET_HUB) != 0) {
		if (is_news(hub, heard))
			hub_judge(hub, kind, heard->record);
	} else {
		take_hubs(hub, kind, heard->record);
	}
}

void hub_keep(struct hub *hub, enum record_kind kind, const void *record)
{
	_Alignas(16) char known[HUB_RECORD_MOST];
	const struct board_came came = { UNKNOWN_TIME, UNKNOWN_TIME,
					 clock_us(CLOCK_MONOTONIC), false };
	size_t size = schemas[kind].size;
	if (size > sizeof(known))
		return;
	memcpy(known, record, size);
	record_text(known + record_field(kind, "sensor")->offset, sizeof(field_text64),
		    FLEET_HUB);
	if (store_put(hub->store, kind, known))
		hub_said_note(hub->said, kind, known);
	board_take(hub->board, kind, known, &came);
	show(hub, kind, known);
	hub_say_put(hub->say, kind, known);
}

void hub_audit(struct hub *hub, const char *action, const char *actor,
	       const char *subject, const char *before, const char *after)
{
	struct audit_record record;
	record_audit(&record, clock_us(CLOCK_REALTIME), action, actor, subject, before,
		     after);
	hub_keep(hub, RECORD_audit, &record);
}

/* ---- each second ---- */

static void take_sensor(void *to, const void *record)
{
	struct hub *hub = to;
	show(hub, RECORD_sensor, record);
	hub_judge_sensor(hub, record);
}

void hub_watch_sensors(struct hub *hub)
{
	board_tick(hub->board, clock_us(CLOCK_MONOTONIC), take_sensor, hub);
}

/* ---- what was before ---- */

/* Of what has changed since, the streams have told already. */
static void take_said(void *self, enum record_kind kind, const void *record)
{
	struct hub *hub = self;
	if (board_is_newest(hub->board, kind, record))
		take_hubs(hub, kind, record);
}

/* A book that is being read does not have it yet. */
void hub_take_recalled(struct hub *hub)
{
	if (hub->book != NULL ||
	    !hub_recall_take(hub->recall, RECALLED_AT_ONCE, take_said, hub))
		return;
	hub->knows_made = true;
	hub_lead_anew(hub);
}
