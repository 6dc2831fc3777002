/*
 * explaining.c: see explaining.h.
 *
 * What belongs to the loop is copied at the begin; the end is in another thread.
 */
#include "cli/explaining.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/explain_forecast.h"
#include "cli/explain_json.h"
#include "cli/forecast_run.h"
#include "cli/monitor.h"
#include "record/object.h"

struct explaining {
	struct explain_facts facts; /* without records */
	struct home own;
	struct foresee_limits limits;
	char folder[sizeof(((struct config *)NULL)->state)];
	struct explain_forecasts forecasts;
};

void *explaining_begin(void *self)
{
	struct monitor *m = self;
	struct explaining *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->own = m->own;
	forecast_limits(&m->config, m->config.state, &e->limits);
	memcpy(e->folder, m->config.state, sizeof(e->folder));
	e->facts = (struct explain_facts){
		.now_us = clock_us(CLOCK_REALTIME),
		.limit_response_us = e->limits.response_us,
		.limit_loss = e->limits.loss,
		.limit_errors = e->limits.errors,
		.packets_seen = m->state.workers > 0,
		.sockets_seen = host_is_synced(m->host),
		.own = &e->own,
	};
	return e;
}

#define TAKE(facts, member, count_member, records)                                     \
	((facts)->member = (records).at, (facts)->count_member = (records).count)

void explaining_take(struct explain_facts *facts, const struct web_port_facts *known)
{
	facts->port = known->port;
	TAKE(facts, listeners, listener_count, known->listeners);
	TAKE(facts, sockets, socket_count, known->sockets);
	TAKE(facts, findings, finding_count, known->findings);
	TAKE(facts, alerts, alert_count, known->alerts);
	TAKE(facts, probes, probe_count, known->probes);
	TAKE(facts, now, now_count, known->ports);
	TAKE(facts, flows, flow_count, known->flows);
	TAKE(facts, changes, change_count, known->changes);
	TAKE(facts, gaps, gap_count, known->gaps);
	TAKE(facts, unusual, unusual_count, known->unusual);
	TAKE(facts, past, past_count, known->past);
}

/* Without a past there is nothing to go on. */
static void foretell(struct explaining *e, const struct web_port_facts *known)
{
	const struct explain_foretelling asked = { .folder = e->folder,
						   .limits = &e->limits,
						   .cancelled = known->cancelled,
						   .port = known->port };
	if (known->missing[0] == '\0')
		explain_foretell(&asked, &e->forecasts);
	e->facts.forecasts = e->forecasts.at;
	e->facts.forecast_count = e->forecasts.count;
}

void explaining_write(const struct explain_facts *facts,
		      const struct web_port_facts *known, struct buf *json)
{
	struct explain_scope scope;
	struct explain_answer answer;
	explain_scope_open(facts, &scope);
	explain(facts, &answer);
	object_open(json, NULL);
	explain_json(&scope.facts, &answer, json);
	if (known->with_facts)
		explain_facts_json(facts, json);
	object_text(json, "incomplete", known->missing);
	object_close(json);
	buf_char(json, '\n');
	explain_free(&answer);
	explain_scope_close(&scope);
}

void explaining_end(void *begun, const struct web_port_facts *known, struct buf *json)
{
	struct explaining *e = begun;
	if (json != NULL) {
		explaining_take(&e->facts, known);
		foretell(e, known);
		explaining_write(&e->facts, known, json);
	}
	free(e);
}
