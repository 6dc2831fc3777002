/*
 * capacity.c: see capacity.h.
 *
 * Services with traffic come from the roll-ups; who listens and has none, from the
 * listeners.
 */
#include "cli/capacity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/table.h"
#include "limit/capacity.h"

enum { LISTENERS_MAX = 4096, LISTENER_ROWS = 100000, IDLE_S = 30 * 86400 };
#define SECOND_US INT64_C(1000000)

/* Who listens now: the newest change of each, which come first. */
struct listeners {
	struct listener_record *at; /* owned */
	size_t count;
};

static bool is_same(const struct listener_record *a, const struct listener_record *b)
{
	return a->port == b->port && a->transport == b->transport &&
	       addr_equal(&a->ip, &b->ip) && a->netns == b->netns;
}

static bool take_listener(void *self, const void *record)
{
	struct listeners *l = self;
	const struct listener_record *listener = record;
	for (size_t i = 0; i < l->count; i++)
		if (is_same(&l->at[i], listener))
			return true;
	l->at[l->count++] = *listener;
	return l->count < LISTENERS_MAX;
}

static bool is_closed(const struct listener_record *listener)
{
	return listener->change != NULL && strcmp(listener->change, "closed") == 0;
}

/* ---- what has traffic ---- */

static json_t *row_of(const struct capacity_record *capacity)
{
	struct buf text = { 0 };
	record_json(&text, RECORD_capacity, capacity);
	json_t *row = object_parse(&text);
	buf_free(&text);
	return row;
}

static void tell(const struct forecast_run *run, const struct capacity_record *capacity,
		 json_t *rows)
{
	if (run->asked->common.json)
		record_print(RECORD_capacity, capacity);
	else
		json_array_append_new(rows, row_of(capacity));
}

static const struct listener_record *listener_of(const struct listeners *l,
						 const struct port_record *service)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->at[i].port == service->port &&
		    l->at[i].transport == service->transport && !is_closed(&l->at[i]))
			return &l->at[i];
	return NULL;
}

void capacity_of_read(const struct foresee *f, const struct port_record *service,
		      struct capacity_record *out)
{
	const struct capacity_hours hours = {
		.bytes = foresee_values(f, "bytes_per_s"),
		.flows = foresee_values(f, "flows"),
		.count = f->hours,
		.at_us = f->at_us,
		.link_bytes = f->limits.link_bytes,
	};
	record_init(RECORD_capacity, out);
	out->server_ip = service->server_ip;
	out->port = service->port;
	out->transport = service->transport;
	record_text(out->service, sizeof(out->service), service->service);
	capacity_tell(&hours, out);
}

static int tell_service(struct forecast_run *run, const struct port_record *service,
			const struct listeners *listeners, json_t *rows)
{
	struct capacity_record capacity;
	int status = foresee_read(&run->foresee, service);
	const struct listener_record *listener = listener_of(listeners, service);
	capacity_of_read(&run->foresee, service, &capacity);
	if (listener != NULL)
		record_text(capacity.process, sizeof(capacity.process),
			    listener->process);
	if (status == STATUS_OK)
		tell(run, &capacity, rows);
	return status;
}

/* ---- what has none ---- */

static bool has_traffic(const struct forecast_run *run,
			const struct listener_record *listener)
{
	for (size_t i = 0; i < run->service_count; i++)
		if (run->services[i].port == listener->port &&
		    run->services[i].transport == listener->transport)
			return true;
	return false;
}

/* What listens for a shorter time may be used yet. */
static bool is_idle(const struct forecast_run *run,
		    const struct listener_record *listener)
{
	return !is_closed(listener) &&
	       (run->foresee.port == UNKNOWN_U32 ||
		run->foresee.port == listener->port) &&
	       listener->since != UNKNOWN_TIME &&
	       run->foresee.at_us - listener->since >= IDLE_S * SECOND_US &&
	       !has_traffic(run, listener);
}

static void tell_idle(const struct forecast_run *run,
		      const struct listener_record *listener, json_t *rows)
{
	struct capacity_record capacity;
	int64_t listens_s = (run->foresee.at_us - listener->since) / SECOND_US;
	int64_t history_s = (int64_t)run->foresee.hours * 3600;
	record_init(RECORD_capacity, &capacity);
	capacity.at = run->foresee.at_us;
	capacity.server_ip = listener->ip;
	capacity.port = listener->port;
	capacity.transport = listener->transport;
	capacity.idle_ratio = 1;
	capacity.history_s = (uint32_t)(listens_s < history_s ? listens_s : history_s);
	record_text(capacity.service, sizeof(capacity.service), listener->service);
	record_text(capacity.process, sizeof(capacity.process), listener->process);
	tell(run, &capacity, rows);
}

/* ---- all of it ---- */

static int read_listeners(struct forecast_run *run, struct listeners *listeners)
{
	const struct gather_about about = { .since_us = INT64_MIN,
					    .until_us = run->foresee.at_us,
					    .port = run->foresee.port };
	const struct gather_wanted wanted = {
		.kind = RECORD_listener,
		.limit = LISTENER_ROWS,
		/* The daemon knows them; a store has their changes. */
		.about = run->asked->state != NULL ? &about : NULL,
	};
	listeners->at = calloc(LISTENERS_MAX, sizeof(*listeners->at));
	if (listeners->at == NULL)
		return forecast_complain(STATUS_INCOMPLETE, "out of memory");
	return gather_each(run->foresee.gather, &wanted, take_listener, listeners);
}

static int tell_all(struct forecast_run *run, const struct listeners *listeners,
		    json_t *rows)
{
	int status = STATUS_OK;
	for (size_t i = 0; status == STATUS_OK && i < run->service_count; i++)
		status = tell_service(run, &run->services[i], listeners, rows);
	for (size_t i = 0; status == STATUS_OK && i < listeners->count; i++)
		if (is_idle(run, &listeners->at[i]))
			tell_idle(run, &listeners->at[i], rows);
	return status;
}

int capacity_print(struct forecast_run *run)
{
	const struct look look = look_of(&run->asked->common);
	const struct limits limits = limits_of(NULL);
	struct listeners listeners = { 0 };
	json_t *rows = json_array();
	int status = read_listeners(run, &listeners);
	if (status == STATUS_OK)
		status = tell_all(run, &listeners, rows);
	if (status == STATUS_OK && json_array_size(rows) > 0)
		table_print(&view_capacity, rows, &limits, &look);
	else if (status == STATUS_OK && !run->asked->common.json)
		fprintf(stderr, "%s\n", view_capacity.nothing);
	json_decref(rows);
	free(listeners.at);
	return status;
}
