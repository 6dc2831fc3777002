/*
 * hub_explain.c: see hub_explain.h.
 *
 * What only the machine can see as it is, a hub does not know: how many wait in a queue
 * was true when the listener was told, and sockets are not told at all.  Such is left
 * out here, and whoever reads is sent to the machine.
 */
#include "cli/hub_explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/explain_forecast.h"
#include "cli/explaining.h"
#include "cli/hub.h"

/* A minute is told when it is over. */
#define NOW_US INT64_C(120000000)

struct hub_explaining {
	struct explain_facts facts; /* without records */
	struct board *board;
	struct home own;
	struct sensor_record sensor;
	struct explain_forecasts forecasts;
	struct listener_record *listeners; /* owned, as are the next */
	struct port_record *now;
};

void *hub_explain_begin(void *self)
{
	struct hub *hub = self;
	struct hub_explaining *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->board = hub->board;
	e->facts = (struct explain_facts){
		.limit_response_us = (double)hub->config.limit_response_ms * 1000,
		.limit_loss = hub->config.limit_loss,
		.limit_errors = hub->config.limit_errors,
		.own = &e->own,
		.sensor = &e->sensor,
		.sensor_count = 1,
	};
	return e;
}

static void look_at_sensor(struct hub_explaining *e, const char *name)
{
	if (!board_sensor(e->board, name, &e->sensor)) {
		record_init(RECORD_sensor, &e->sensor);
		record_text(e->sensor.sensor, sizeof(e->sensor.sensor), name);
	}
	e->facts.now_us = explain_sensor_clock(&e->sensor, clock_us(CLOCK_REALTIME));
}

/* The queue is not as it was then. */
static bool copy_listeners(struct hub_explaining *e)
{
	struct explain_facts *facts = &e->facts;
	e->listeners = calloc(facts->listener_count + 1, sizeof(*e->listeners));
	if (e->listeners == NULL)
		return false;
	for (size_t i = 0; i < facts->listener_count; i++) {
		e->listeners[i] = facts->listeners[i];
		e->listeners[i].backlog = UNKNOWN_U64;
	}
	facts->listeners = e->listeners;
	return true;
}

/* The board has what was told last, however long ago. */
static bool copy_now(struct hub_explaining *e)
{
	struct explain_facts *facts = &e->facts;
	size_t count = 0;
	e->now = calloc(facts->now_count + 1, sizeof(*e->now));
	if (e->now == NULL)
		return false;
	for (size_t i = 0; i < facts->now_count; i++) {
		const struct port_record *port = &facts->now[i];
		int64_t end_us = port->start + (int64_t)port->interval_s * 1000000;
		if (end_us > facts->now_us - NOW_US)
			e->now[count++] = *port;
	}
	facts->now = e->now;
	facts->now_count = count;
	return true;
}

struct foretold {
	const struct web_port_facts *known;
	struct explain_forecasts *into;
};

static void take_forecast(void *to, const void *record)
{
	const struct foretold *foretold = to;
	const struct forecast_record *forecast = record;
	if (forecast->port == foretold->known->port &&
	    strcmp(forecast->sensor, foretold->known->sensor) == 0)
		explain_forecast_keep(foretold->into, forecast);
}

/* Each sensor foretells itself, once a day. */
static void foretell(struct hub_explaining *e, const struct web_port_facts *known)
{
	struct foretold foretold = { known, &e->forecasts };
	board_each(e->board, RECORD_forecast, take_forecast, &foretold);
	e->facts.forecasts = e->forecasts.at;
	e->facts.forecast_count = e->forecasts.count;
}

void hub_explain_end(void *begun, const struct web_port_facts *known, struct buf *json)
{
	struct hub_explaining *e = begun;
	if (json != NULL) {
		look_at_sensor(e, known->sensor);
		explaining_take(&e->facts, known);
		foretell(e, known);
		if (copy_listeners(e) && copy_now(e)) {
			explain_sensor_sees(&e->facts, &e->own);
			explaining_write(&e->facts, known, json);
		} else {
			json->failed = true;
		}
	}
	free(e->listeners);
	free(e->now);
	free(e);
}
