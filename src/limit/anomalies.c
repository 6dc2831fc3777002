/*
 * anomalies.c: see anomalies.h.
 */
#include "limit/anomalies.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit/anomalies_inside.h"

enum {
	RESPONSES_LEAST = 20, /* a 95th percentile of fewer is one answer */
	PACKETS_LEAST = 200,  /* as the usual rule of retransmits (usual.c) */
	OUTCOMES_LEAST = 20,
	SILENCE = 4, /* the first of a service's series: silence says that they are 0 */
};

/* ---- what is looked at ---- */

static double number(uint64_t value)
{
	return value == UNKNOWN_U64 ? NAN : (double)value;
}

static double rate(const struct port_record *port, uint64_t value)
{
	return number(value) / port->interval_s;
}

static double client_bytes(const void *record)
{
	const struct port_record *port = record;
	return rate(port, port->client_bytes);
}

static double server_bytes(const void *record)
{
	const struct port_record *port = record;
	return rate(port, port->server_bytes);
}

static double flows(const void *record)
{
	const struct port_record *port = record;
	return rate(port, port->flows);
}

static double clients(const void *record)
{
	const struct port_record *port = record;
	return number(port->clients);
}

static double response(const void *record)
{
	const struct port_record *port = record;
	return number(port->responses) >= RESPONSES_LEAST
		       ? number(port->response_p95_us)
		       : NAN;
}

static double retransmits(const void *record)
{
	const struct port_record *port = record;
	return number(port->data_packets) >= PACKETS_LEAST ? port->retransmit_ratio
							   : NAN;
}

static double errors(const void *record)
{
	const struct port_record *port = record;
	double outcomes = (port->ended == UNKNOWN_U64 ? 0 : (double)port->ended) +
			  (port->answers == UNKNOWN_U64 ? 0 : (double)port->answers);
	return port->unused != 1 && outcomes >= OUTCOMES_LEAST ? port->error_ratio
							       : NAN;
}

static double total(const void *record)
{
	return number(((const struct probe_record *)record)->total_us);
}

static double waited(const void *record)
{
	return number(((const struct probe_record *)record)->wait_us);
}

struct measure {
	const char *metric;
	enum thing thing;
	double (*value)(const void *record);
};

static const struct measure measures[PLACE_KINDS][PLACE_SERIES] = {
	[PLACE_SERVICE] = {
		{ "port.client_bytes", THING_TRAFFIC, client_bytes },
		{ "port.server_bytes", THING_TRAFFIC, server_bytes },
		{ "port.flows", THING_TRAFFIC, flows },
		{ "port.clients", THING_TRAFFIC, clients },
		{ "port.response_p95_us", THING_RESPONSE, response },
		{ "port.retransmit_ratio", THING_RETRANSMITS, retransmits },
		{ "port.error_ratio", THING_ERRORS, errors },
	},
	[PLACE_HOST] = {
		{ "port.client_bytes", THING_NONE, client_bytes },
		{ "port.server_bytes", THING_NONE, server_bytes },
		{ "port.flows", THING_NONE, flows },
	},
	[PLACE_PROBE] = {
		{ "probe.total_us", THING_PROBE, total },
		{ "probe.wait_us", THING_PROBE, waited },
	},
};

/* ---- a value ---- */

static void note_event(struct anomalies *a, struct anomaly_host *host,
		       const struct crowd_event *event, int64_t now_us)
{
	struct alert_record alert;
	if (host->alert.id[0] != '\0')
		return;
	anomalies_say_event(&a->places, host, event, now_us, &alert);
	host->alert = alert;
	a->sink.alert(a->sink.self, &alert);
}

static void tell_mark(struct anomalies *a, const struct place *place,
		      const struct measure *measure, double value,
		      const struct anomaly_range *usual, double score, int64_t now_us)
{
	struct anomaly_record mark;
	record_init(RECORD_anomaly, &mark);
	mark.at = now_us;
	record_text(mark.target, sizeof(mark.target), place->target);
	record_text(mark.metric, sizeof(mark.metric), measure->metric);
	mark.value = value;
	mark.low = usual->low;
	mark.high = usual->high;
	mark.score = score;
	a->marks++;
	a->sink.mark(a->sink.self, &mark);
}

static void take_value(struct anomalies *a, struct place *place, int which,
		       double value, int64_t now_us)
{
	const struct measure *measure = &measures[place->kind][which];
	struct anomaly *series = &place->series[which];
	struct anomaly_host *host = &a->places.hosts[place->host];
	struct crowd_event event;
	if (isnan(value))
		return;
	struct anomaly_range usual = anomaly_usual(series, now_us, value);
	double score = anomaly_take(series, now_us, value);
	if (score < ANOMALY_MARK)
		return;
	tell_mark(a, place, measure, value, &usual, score, now_us);
	if (measure->thing != THING_NONE &&
	    crowd_take(&host->crowd, &CROWD_RULE,
		       anomaly_thing_number(&a->places, place, measure->thing),
		       host->things, now_us, &event))
		note_event(a, host, &event, now_us);
}

static void take_record(struct anomalies *a, struct place *place, const void *record,
			int64_t now_us)
{
	place->seen_us = now_us;
	for (int i = 0; i < PLACE_SERIES; i++)
		if (measures[place->kind][i].value != NULL)
			take_value(a, place, i, measures[place->kind][i].value(record),
				   now_us);
}

/* ---- records ---- */

static void name_service(struct place *place, const struct port_record *port)
{
	char address[ADDR_TEXT_MAX];
	addr_text(&port->server_ip, address);
	snprintf(place->target, sizeof(place->target),
		 addr_is_v4(&port->server_ip) ? "%s:%u/%s" : "[%s]:%u/%s", address,
		 port->port, port->transport);
	place->port = port->port;
	snprintf(place->transport, sizeof(place->transport), "%s", port->transport);
	snprintf(place->service, sizeof(place->service), "%s", port->service);
}

static struct place *place_of_port(struct anomalies *a, const struct port_record *port,
				   int64_t now_us)
{
	uint64_t key[2];
	anomaly_table_key(&a->places, &port->server_ip, port->port, port->transport,
			  key);
	struct place *place = anomaly_table_find(&a->places, key);
	bool answers = port->server_packets != UNKNOWN_U64 && port->server_packets > 0;
	if (place != NULL || !answers || port->unused == 1)
		return place;
	place = anomaly_table_add(&a->places, key, PLACE_SERVICE, &port->server_ip,
				  now_us);
	if (place != NULL)
		name_service(place, port);
	else
		a->left_out++;
	return place;
}

static void add_to_host(struct anomaly_host *host, const struct port_record *port)
{
	for (int i = 0; i < HOST_SUMS; i++) {
		double value = measures[PLACE_HOST][i].value(port);
		host->sums[i] += isnan(value) ? 0 : value;
	}
}

void anomalies_port(struct anomalies *a, const struct port_record *port, int64_t now_us)
{
	if (port->transport == NULL || port->port == UNKNOWN_U32 ||
	    addr_is_unset(&port->server_ip) || port->interval_s == UNKNOWN_U32 ||
	    port->interval_s == 0)
		return;
	struct place *place = place_of_port(a, port, now_us);
	if (place == NULL)
		return;
	add_to_host(&a->places.hosts[place->host], port);
	take_record(a, place, port, now_us);
}

static void name_target(struct place *place, const struct probe_record *probe)
{
	snprintf(place->target, sizeof(place->target), "%s", probe->target);
	place->port = probe->port;
	if (probe->transport != NULL)
		snprintf(place->transport, sizeof(place->transport), "%s",
			 probe->transport);
	snprintf(place->service, sizeof(place->service), "%s", probe->protocol);
}

/* How long what failed took says nothing. */
void anomalies_probe(struct anomalies *a, const struct probe_record *probe,
		     int64_t now_us)
{
	uint64_t key[2];
	bool was_asked = probe->by != NULL && strcmp(probe->by, "probe") == 0;
	bool is_up = probe->state != NULL && (strcmp(probe->state, "up") == 0 ||
					      strcmp(probe->state, "degraded") == 0);
	if (!was_asked || !is_up)
		return;
	anomaly_table_target_key(&a->places, probe->target, key);
	struct place *place = anomaly_table_find(&a->places, key);
	if (place == NULL) {
		place = anomaly_table_add(&a->places, key, PLACE_PROBE, &probe->ip,
					  now_us);
		if (place == NULL) {
			a->left_out++;
			return;
		}
		name_target(place, probe);
	}
	take_record(a, place, probe, now_us);
}

/* ---- the minute ---- */

static void take_sums(struct anomalies *a, struct anomaly_host *host, int64_t now_us)
{
	uint64_t key[2];
	anomaly_table_key(&a->places, &host->ip, UNKNOWN_U32, "", key);
	struct place *place = anomaly_table_find(&a->places, key);
	if (place == NULL) {
		place = anomaly_table_add(&a->places, key, PLACE_HOST, &host->ip,
					  now_us);
		if (place == NULL)
			return;
		if (addr_is_unset(&host->ip))
			snprintf(place->target, sizeof(place->target), "machine");
		else
			addr_text(&host->ip, place->target);
	}
	place->seen_us = now_us;
	for (int i = 0; i < HOST_SUMS; i++) {
		take_value(a, place, i, host->sums[i], now_us);
		host->sums[i] = 0;
	}
}

/* Traffic is one thing of several series. */
static uint32_t things_of(const struct place *place)
{
	uint32_t seen = 0;
	for (int i = 0; i < PLACE_SERIES; i++) {
		enum thing thing = measures[place->kind][i].thing;
		if (measures[place->kind][i].value != NULL && thing != THING_NONE &&
		    anomaly_has_learned(&place->series[i]))
			seen |= 1U << thing;
	}
	return (uint32_t)__builtin_popcount(seen);
}

static void take_silence(struct anomalies *a, struct place *place, int64_t now_us)
{
	if (place->kind == PLACE_SERVICE && place->seen_us != now_us)
		for (int i = 0; i < SILENCE; i++)
			take_value(a, place, i, 0, now_us);
}

static void end_when_calm(struct anomalies *a, struct anomaly_host *host,
			  int64_t now_us)
{
	struct alert_record alert;
	if (host->alert.id[0] == '\0' ||
	    crowd_is_open(&host->crowd, &CROWD_RULE, now_us))
		return;
	anomalies_say_calm(&host->alert, now_us, &alert);
	host->alert.id[0] = '\0';
	a->sink.alert(a->sink.self, &alert);
}

void anomalies_minute(struct anomalies *a, int64_t now_us)
{
	struct anomaly_table *places = &a->places;
	for (uint32_t i = 0; i < ANOMALY_HOSTS_MAX; i++)
		places->hosts[i].things = 0;
	for (uint32_t i = 0; i < PLACES_MAX; i++) {
		struct place *place = &places->at[i];
		if (place->kind == PLACE_FREE)
			continue;
		if (anomaly_place_is_over(place, now_us)) {
			anomaly_table_drop(places, place);
			continue;
		}
		places->hosts[place->host].things += things_of(place);
		take_silence(a, place, now_us);
	}
	for (uint32_t i = 0; i < ANOMALY_HOSTS_MAX; i++) {
		if (places->hosts[i].places > 0)
			take_sums(a, &places->hosts[i], now_us);
		end_when_calm(a, &places->hosts[i], now_us);
	}
}

/* ---- its life ---- */

struct anomalies *anomalies_new(const struct anomalies_sink *sink,
				const struct home *own)
{
	struct anomalies *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->sink = *sink;
	if (anomaly_table_open(&a->places, own))
		return a;
	anomalies_free(a);
	return NULL;
}

void anomalies_free(struct anomalies *a)
{
	if (a == NULL)
		return;
	anomalies_file_close(a);
	anomaly_table_close(&a->places);
	free(a);
}

void anomalies_tick(struct anomalies *a, int64_t now_us)
{
	a->now_us = now_us;
	anomalies_file_tick(a, now_us);
}

bool anomalies_recall(struct anomalies *a, const struct alert_record *alert,
		      int64_t now_us)
{
	uint32_t number = anomaly_table_host(&a->places, &alert->server_ip);
	if (number == HOST_NONE || a->places.hosts[number].alert.id[0] != '\0')
		return false;
	struct anomaly_host *host = &a->places.hosts[number];
	host->alert = *alert;
	host->crowd.is_open = true;
	host->crowd.last_crowded_us = now_us;
	return true;
}

struct anomalies_totals anomalies_totals(const struct anomalies *a)
{
	struct anomalies_totals totals = { .marks = a->marks, .left_out = a->left_out };
	for (uint32_t i = 0; i < PLACES_MAX; i++)
		totals.places += a->places.at[i].kind != PLACE_FREE;
	for (uint32_t i = 0; i < ANOMALY_HOSTS_MAX; i++)
		totals.hosts += a->places.hosts[i].places > 0;
	return totals;
}
