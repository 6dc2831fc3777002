/*
 * hub_intake.c: records in, and on to whoever wants them; see hub.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/hub.h"
#include "fleet/depot.h"
#include "fleet/whole.h"
#include "record/audit.h"

enum {
	RECORD_MOST = 8192, /* of one */
	RECALL_MS = 20000,
	SAID_MOST = 20000, /* of what hubs have said, that is kept here again */
};
#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)
#define AGAIN_US  (60 * SECOND_US) /* longer than ten minutes of the streams take */

/* What alerting_open() reads when this hub begins to lead. */
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

/*
 * How it is, is the board's to say, to whoever looks and whoever judges: it knows its
 * clock, and as what it was joined.
 */
static void take_heartbeat(struct hub *hub, const struct sensor_record *sensor)
{
	struct sensor_record known;
	if (!board_sensor(hub->board, sensor->sensor, &known))
		return;
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
	show(hub, kind, heard->record);
	if (kind == RECORD_port)
		return;
	if (kind == RECORD_probe)
		hub_place_probe(hub, heard->record);
	if (strcmp(sensor_of(kind, heard->record), FLEET_HUB) != 0) {
		if (is_news(hub, heard))
			hub_judge(hub, kind, heard->record);
	} else if (is_said_by_hubs(kind))
		store_put(hub->store, kind, heard->record);
}

void hub_keep(struct hub *hub, enum record_kind kind, const void *record)
{
	_Alignas(16) char known[RECORD_MOST];
	const struct board_came came = { UNKNOWN_TIME, UNKNOWN_TIME,
					 clock_us(CLOCK_MONOTONIC), false };
	size_t size = schemas[kind].size;
	if (size > sizeof(known))
		return;
	memcpy(known, record, size);
	record_text(known + record_field(kind, "sensor")->offset, sizeof(field_text64),
		    FLEET_HUB);
	store_put(hub->store, kind, known);
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

/* ---- at the start ---- */

struct recalling {
	struct hub *hub;
	enum record_kind kind;
	struct board_came came;
	char *rows; /* owned; of what hubs have said, the newest first */
	size_t count;
};

static bool recall_one(void *to, const void *record)
{
	const struct recalling *r = to;
	if (whole_record(r->kind, record))
		board_take(r->hub->board, r->kind, record, &r->came);
	return true;
}

/* What the board has room for, and what may still be so. */
static void recall_board(struct hub *hub, struct depot *depot, int64_t now_us)
{
	static const struct {
		enum record_kind kind;
		int days;
		size_t most;
	} past[] = {
		{ RECORD_sensor, 30, 200000 },    { RECORD_finding, 30, 50000 },
		{ RECORD_alert, 30, 50000 },      { RECORD_incident, 90, 6000 },
		{ RECORD_block, 30, 70000 },      { RECORD_silence, 366, 1300 },
		{ RECORD_listener, 400, 300000 }, { RECORD_probe, 1, 70000 },
		{ RECORD_level, 1, 20000 },       { RECORD_timeline, 30, 65536 },
		{ RECORD_capacity, 2, 131072 },   { RECORD_forecast, 2, 131072 },
	};
	char error[DEPOT_ERROR_MAX];
	struct store_filter filter;
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		struct recalling r = { .hub = hub,
				       .kind = past[i].kind,
				       .came = { UNKNOWN_TIME, UNKNOWN_TIME,
						 clock_us(CLOCK_MONOTONIC), false } };
		store_filter_init(&filter);
		filter.since_us = now_us - past[i].days * DAY_US;
		filter.time_limit_ms = RECALL_MS;
		if (depot_read(depot, past[i].kind, &filter, past[i].most, recall_one,
			       &r, error) != 0)
			fprintf(stderr,
				"breakwater: what was before is not all known: "
				"%s\n",
				error);
	}
}

static bool collect(void *to, const void *record)
{
	struct recalling *r = to;
	size_t size = schemas[r->kind].size;
	memcpy(r->rows + r->count++ * size, record, size);
	return r->count < SAID_MOST;
}

static bool take_time(void *to, const void *record)
{
	*(int64_t *)to = ((const struct timeline_record *)record)->at;
	return false;
}

/* When hubs said something last, as this one knows. */
static int64_t last_known(const struct hub *hub)
{
	int64_t last_us = INT64_MIN;
	char error[STORE_ERROR_MAX];
	int status;
	struct store_filter filter;
	struct store_reader *reader =
		store_reader_open(hub->config.state, error, &status);
	if (reader == NULL)
		return INT64_MIN;
	store_filter_init(&filter);
	store_read(reader, RECORD_timeline, &filter, take_time, &last_us, error);
	store_reader_close(reader);
	return last_us;
}

/* What other hubs said while this one was not there: who leads next has to know. */
static void recall_said(struct hub *hub, struct depot *depot, int64_t since_us)
{
	static const enum record_kind said[] = { RECORD_incident, RECORD_timeline,
						 RECORD_alert, RECORD_silence,
						 RECORD_notification };
	static const char *const hubs[] = { FLEET_HUB };
	char error[DEPOT_ERROR_MAX];
	struct store_filter filter;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct recalling r = { .hub = hub, .kind = said[i] };
		size_t size = schemas[said[i]].size;
		r.rows = calloc(SAID_MOST, size);
		store_filter_init(&filter);
		filter.since_us = since_us;
		filter.sensors = hubs;
		filter.sensor_count = 1;
		filter.time_limit_ms = RECALL_MS;
		if (r.rows != NULL)
			depot_read(depot, said[i], &filter, SAID_MOST, collect, &r,
				   error);
		for (size_t row = r.count; row > 0; row--)
			store_put(hub->store, said[i], r.rows + (row - 1) * size);
		free(r.rows);
	}
}

void hub_recall(struct hub *hub)
{
	char error[DEPOT_ERROR_MAX];
	int64_t now_us = clock_us(CLOCK_REALTIME);
	int64_t since_us = last_known(hub);
	struct depot *depot = depot_open(hub->depot, error);
	if (depot == NULL) {
		fprintf(stderr,
			"breakwater: the depot can't be reached, so what was before "
			"the "
			"last ten minutes is not known yet: %s\n",
			error);
		return;
	}
	recall_board(hub, depot, now_us);
	recall_said(hub, depot, since_us != INT64_MIN ? since_us + 1 : INT64_MIN);
	depot_close(depot);
}
