/*
 * fleet_tries.c: see fleet_tries.h.
 */
#include "detect/fleet_tries.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROUND_S = 60, /* a program's own repetitions come sooner */
	WATCHES = 3,
	FAILS_TO_SUCCESSES = 4,
	RANK_WIDE = 1, /* seen by several sensors: stays longer */
};

/* Jung et al., as of one machine's sources (sources.c). */
#define TRW_STEP    1.386F
#define TRW_FLOOR   (-4.6F)
#define TRW_ALARM   4.595F
#define TRW_CEILING 9.2F

bool fleet_tries_open(struct roster *sources)
{
	return roster_open(sources, sizeof(struct fleet_source), FLEET_SOURCES_MAX);
}

static void add_score(struct fleet_source *source, float step)
{
	source->score += step;
	if (source->score < TRW_FLOOR)
		source->score = TRW_FLOOR;
	if (source->score > TRW_CEILING)
		source->score = TRW_CEILING;
}

bool fleet_tries_scans(const struct fleet_source *source)
{
	return source->score >= TRW_ALARM &&
	       (uint64_t)source->successes * FAILS_TO_SUCCESSES <= source->failures;
}

/* ---- one source ---- */

static struct fleet_source *source_of(struct detect_fleet *fleet,
				      struct roster *sources,
				      const struct fleet_sensor *sensor,
				      const struct contact_record *c)
{
	struct roster_key key = { .first = fleet_source_of(sensor, &c->client_ip) };
	struct fleet_source *source = roster_take(sources, &key);
	/* After a day without a word it is another story. */
	if (source->last_us != 0 && c->at - source->last_us > FLEET_DAY_S * SECOND_US) {
		struct roster_entry head = source->head;
		*source = (struct fleet_source){ .head = head };
	}
	if (source->last_us == 0) {
		source->first_us = source->last_us = c->at;
		source->sensor = fleet_sensor_number(fleet, sensor);
		source->is_outside = addr_is_global(&c->client_ip);
	}
	if (c->at > source->last_us)
		source->last_us = c->at;
	return source;
}

static struct fleet_try *find_try(struct fleet_source *source,
				  const struct attempt *attempt)
{
	for (unsigned i = 0; i < source->count; i++) {
		struct fleet_try *at = &source->tries[i];
		if (at->host == attempt->server && at->port == attempt->port &&
		    at->transport == attempt->transport)
			return at;
	}
	return NULL;
}

/* The oldest that went well makes room, else the oldest of all; NULL: none is less. */
static struct fleet_try *make_room(struct fleet_source *source, bool has_failed)
{
	struct fleet_try *worst = NULL;
	if (source->count < FLEET_TRIES)
		return &source->tries[source->count++];
	for (unsigned i = 0; i < FLEET_TRIES; i++) {
		struct fleet_try *at = &source->tries[i];
		bool is_done = at->kind == ATTEMPT_DONE;
		if (!is_done && !has_failed)
			continue;
		bool is_worse = worst == NULL ||
				(is_done && worst->kind != ATTEMPT_DONE) ||
				(is_done == (worst->kind == ATTEMPT_DONE) &&
				 at->first_s < worst->first_s);
		if (is_worse)
			worst = at;
	}
	return worst;
}

static void come_back(struct fleet_try *at, const struct attempt *attempt)
{
	if (hints_age_s(attempt->last_s, at->last_s) >= ROUND_S &&
	    at->rounds < UINT8_MAX)
		at->rounds++;
	if (attempt->last_s > at->last_s)
		at->last_s = attempt->last_s;
}

static void note_try(struct detect_fleet *fleet, const struct fleet_sensor *sensor,
		     const struct attempt *attempt, struct fleet_news *news)
{
	struct fleet_source *source = news->source;
	struct fleet_try *at = find_try(source, attempt);
	bool has_failed = attempt->kind != ATTEMPT_DONE;
	news->is_new = at == NULL;
	news->attempt = at;
	if (at != NULL) {
		come_back(at, attempt);
		return;
	}
	add_score(source, has_failed ? TRW_STEP : -TRW_STEP);
	source->failures += has_failed;
	source->successes += !has_failed;
	at = make_room(source, has_failed);
	news->attempt = at;
	if (at != NULL)
		*at = (struct fleet_try){
			.host = attempt->server,
			.sensor = fleet_sensor_number(fleet, sensor),
			.first_s = attempt->first_s,
			.last_s = attempt->last_s,
			.port = attempt->port,
			.transport = attempt->transport,
			.kind = attempt->kind,
		};
}

/* ---- contacts ---- */

/* A service that was there lately and fails says something of the service. */
static bool is_telling(const struct detect_fleet *fleet,
		       const struct fleet_sensor *sensor,
		       const struct contact_record *c, struct attempt *attempt)
{
	uint64_t host = fleet_host_of(sensor, &c->server_ip);
	if (attempt->kind == ATTEMPT_DONE || attempt->kind == ATTEMPT_HALF_OPEN)
		return true;
	attempt->is_back = 1; /* for all that is known: who calls back is let be */
	if (attempt->transport == ATTEMPT_ICMP || scan_attempt_is_no_try(c, attempt))
		return false;
	return !fleet_was_open(fleet, fleet_place(host, attempt->transport, c->port),
			       c->at) &&
	       !fleet_was_open(
		       fleet,
		       fleet_place(sensor->head.key.rest, attempt->transport, c->port),
		       c->at);
}

/* The connection was told as one that went well, before it ended without a word. */
static void take_unused(struct roster *sources, const struct fleet_sensor *sensor,
			const struct contact_record *c, struct fleet_news *news)
{
	struct roster_key key = { .first = fleet_source_of(sensor, &c->client_ip) };
	struct fleet_source *source = roster_find(sources, &key);
	struct attempt attempt = {
		.server = (uint32_t)fleet_host_of(sensor, &c->server_ip),
		.port = (uint16_t)c->port,
		.transport = scan_attempt_transport_of(c->transport) & 3,
	};
	struct fleet_try *at = source != NULL ? find_try(source, &attempt) : NULL;
	if (at == NULL || at->kind != ATTEMPT_DONE)
		return;
	at->kind = ATTEMPT_HALF_OPEN;
	at->is_unused = true;
	add_score(source, 2 * TRW_STEP);
	source->failures++;
	source->successes -= source->successes > 0;
	*news = (struct fleet_news){ .source = source, .attempt = at, .is_new = true };
}

void fleet_tries_take(struct detect_fleet *fleet, struct roster *sources,
		      const struct fleet_sensor *sensor, const struct contact_record *c,
		      struct fleet_news *news)
{
	struct attempt attempt;
	*news = (struct fleet_news){ 0 };
	if (findings_same_word(c->outcome, "unused") && c->transport != NULL &&
	    c->port <= UINT16_MAX) {
		take_unused(sources, sensor, c, news);
		return;
	}
	uint64_t host = fleet_host_of(sensor, &c->server_ip);
	if (!scan_attempt_read(c, (uint32_t)host, &attempt) ||
	    !is_telling(fleet, sensor, c, &attempt))
		return;
	news->source = source_of(fleet, sources, sensor, c);
	note_try(fleet, sensor, &attempt, news);
	if (news->source->tries[0].sensor != fleet_sensor_number(fleet, sensor))
		roster_rank(sources, news->source, RANK_WIDE);
}

/* ---- counting ---- */

static unsigned note_sensor(struct fleet_tally *tally, unsigned *of_sensor,
			    uint32_t sensor)
{
	unsigned i = 0;
	while (i < tally->sensors && tally->names[i] != sensor)
		i++;
	if (i == tally->sensors) {
		tally->names[tally->sensors++] = sensor;
		of_sensor[i] = 0;
	}
	return ++of_sensor[i];
}

static unsigned note_port(struct fleet_tally *tally, unsigned *of_port, uint16_t port)
{
	unsigned i = 0;
	while (i < tally->ports && tally->port_list[i] != port)
		i++;
	if (i == tally->ports) {
		tally->port_list[tally->ports++] = port;
		of_port[i] = 0;
	}
	return ++of_port[i];
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* True if none before it, within that time, is of the same host. */
static bool is_first_of_host(const struct fleet_source *source, unsigned number,
			     uint32_t now_s, uint32_t within_s)
{
	for (unsigned i = 0; i < number; i++) {
		const struct fleet_try *at = &source->tries[i];
		if (at->kind != ATTEMPT_DONE &&
		    at->host == source->tries[number].host &&
		    hints_age_s(now_s, at->first_s) <= within_s)
			return false;
	}
	return true;
}

void fleet_tries_count(const struct fleet_source *source, uint32_t within_s,
		       struct fleet_tally *tally)
{
	unsigned of_sensor[FLEET_TRIES] = { 0 }, of_port[FLEET_TRIES] = { 0 };
	uint32_t now_s = scan_attempt_second(source->last_us);
	*tally = (struct fleet_tally){ 0 };
	for (unsigned i = 0; i < source->count; i++) {
		const struct fleet_try *at = &source->tries[i];
		if (at->kind == ATTEMPT_DONE ||
		    hints_age_s(now_s, at->first_s) > within_s)
			continue;
		unsigned of_this = note_sensor(tally, of_sensor, at->sensor);
		unsigned hosts = note_port(tally, of_port, at->port);
		tally->pairs++;
		tally->hosts += is_first_of_host(source, i, now_s, within_s);
		tally->watched += at->rounds >= WATCHES;
		tally->unused += at->is_unused;
		if (of_this > tally->most_of_sensor)
			tally->most_of_sensor = of_this;
		if (hosts > tally->top_hosts) {
			tally->top_hosts = hosts;
			tally->top_port = at->port;
		}
	}
	qsort(tally->port_list, tally->ports, sizeof(tally->port_list[0]),
	      compare_ports);
}
