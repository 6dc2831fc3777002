/*
 * fleet.c: see fleet.h: who is given which record.
 */
#include "detect/fleet_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/scan_attempt.h"

enum { OPEN_MAX = 262144 };

static const struct fleet_detector *const detectors[] = {
	&fleet_detector_scan, &fleet_detector_shared_scan, &fleet_detector_guess,
	&fleet_detector_odd,  &fleet_detector_certificate,
};
enum { DETECTORS = sizeof(detectors) / sizeof(detectors[0]) };

const record_bits detect_fleet_kinds =
	RECORD_BIT(RECORD_sensor) | RECORD_BIT(RECORD_contact) |
	RECORD_BIT(RECORD_login) | RECORD_BIT(RECORD_listener) |
	RECORD_BIT(RECORD_tls) | RECORD_BIT(RECORD_finding);

static bool open_detectors(struct detect_fleet *fleet)
{
	for (size_t i = 0; i < DETECTORS; i++) {
		fleet->states[i] = calloc(1, detectors[i]->state_size);
		if (fleet->states[i] == NULL ||
		    !detectors[i]->open(fleet, fleet->states[i]))
			return false;
	}
	return true;
}

/* One that makes room for another is up no more, as far as is known. */
static void forget_sensor(void *to, const void *entry)
{
	struct detect_fleet *fleet = to;
	fleet->up -= ((const struct fleet_sensor *)entry)->is_up;
}

struct detect_fleet *detect_fleet_new(const struct detect_sink *sink)
{
	struct detect_fleet *fleet = calloc(1, sizeof(*fleet));
	if (fleet == NULL)
		return NULL;
	fleet->sink = *sink;
	fleet->limits = detect_usual_limits;
	fleet->now_us = INT64_MIN;
	if (findings_init(&fleet->findings, &fleet->sink) &&
	    roster_open(&fleet->sensors, sizeof(struct fleet_sensor),
			FLEET_SENSORS_MAX) &&
	    hints_open(&fleet->open, OPEN_MAX) && open_detectors(fleet)) {
		fleet->sensors.gone = forget_sensor;
		fleet->sensors.to = fleet;
		return fleet;
	}
	detect_fleet_free(fleet);
	return NULL;
}

void detect_fleet_free(struct detect_fleet *fleet)
{
	if (fleet == NULL)
		return;
	for (size_t i = 0; i < DETECTORS; i++) {
		if (fleet->states[i] != NULL)
			detectors[i]->close(fleet->states[i]);
		free(fleet->states[i]);
	}
	hints_close(&fleet->open);
	roster_close(&fleet->sensors);
	findings_clear(&fleet->findings);
	free(fleet);
}

void detect_fleet_set_limits(struct detect_fleet *fleet,
			     const struct detect_limits *limits)
{
	fleet->limits = *limits;
}

void detect_fleet_set_friends(struct detect_fleet *fleet, const struct home *friends)
{
	fleet->friends = *friends;
}

void detect_fleet_set_home(struct detect_fleet *fleet, const struct home *home)
{
	fleet->home = *home;
}

/* ---- sensors ---- */

uint64_t fleet_text_hash(const char *text)
{
	return hash_sum(text, strlen(text));
}

static struct fleet_sensor *sensor_of(struct detect_fleet *fleet, const char *name)
{
	struct roster_key key = { .rest = fleet_text_hash(name) };
	struct fleet_sensor *sensor = roster_take(&fleet->sensors, &key);
	if (sensor->name[0] == '\0') {
		record_text(sensor->name, sizeof(sensor->name), name);
		sensor->realm = key.rest | 1;
	}
	return sensor;
}

static void see_sensor(struct detect_fleet *fleet, struct fleet_sensor *sensor,
		       const struct sensor_record *r)
{
	uint64_t group_before = sensor->group;
	bool is_up = findings_same_word(r->state, "up");
	fleet->up += (uint64_t)is_up - (uint64_t)sensor->is_up;
	sensor->is_up = is_up;
	record_text(sensor->site, sizeof(sensor->site), r->site);
	/* Even and odd: a site and a sensor of one name are not the same. */
	sensor->realm = r->site[0] != '\0' ? fleet_text_hash(r->site) & ~1ULL
					   : fleet_text_hash(sensor->name) | 1;
	sensor->group = (sensor->realm * 31 + fleet_text_hash(r->tags)) | 1;
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->sensor != NULL)
			detectors[i]->sensor(fleet, fleet->states[i], sensor,
					     group_before);
}

uint32_t fleet_sensor_number(const struct detect_fleet *fleet,
			     const struct fleet_sensor *sensor)
{
	return (uint32_t)(((const uint8_t *)sensor - fleet->sensors.at) /
			  sizeof(*sensor));
}

const struct fleet_sensor *fleet_sensor_at(const struct detect_fleet *fleet,
					   uint32_t number)
{
	return roster_at(&fleet->sensors, number);
}

/* ---- what is open ---- */

bool fleet_was_open(const struct detect_fleet *fleet, uint64_t place, int64_t at_us)
{
	return hints_hold(&fleet->open, place, scan_attempt_second(at_us), FLEET_DAY_S);
}

/* A listener that has gone is a service that has failed. */
static void see_listener(struct detect_fleet *fleet, const struct fleet_sensor *sensor,
			 const struct listener_record *l)
{
	if (l->transport == NULL || l->port == UNKNOWN_U32 || l->at == UNKNOWN_TIME)
		return;
	unsigned transport = scan_attempt_transport_of(l->transport);
	hints_put(&fleet->open, fleet_place(sensor->head.key.rest, transport, l->port),
		  scan_attempt_second(l->at));
	if (findings_same_word(l->reach, "outside"))
		hints_put(&fleet->open, fleet_place(0, transport, l->port),
			  scan_attempt_second(l->at));
}

static void see_contact(struct detect_fleet *fleet, const struct fleet_sensor *sensor,
			const struct contact_record *c)
{
	bool is_open = findings_same_word(c->outcome, "handshake") ||
		       findings_same_word(c->outcome, "answered");
	if (!is_open || c->transport == NULL || c->port == UNKNOWN_U32)
		return;
	unsigned transport = scan_attempt_transport_of(c->transport);
	uint64_t host = fleet_host_of(sensor, &c->server_ip);
	uint32_t at_s = scan_attempt_second(c->at);
	hints_put(&fleet->open, fleet_place(host, transport, c->port), at_s);
	hints_put(&fleet->open, fleet_place(0, transport, c->port), at_s);
}

/* ---- records ---- */

static void give_contact(struct detect_fleet *fleet, struct fleet_sensor *sensor,
			 const struct contact_record *c)
{
	if (c->at == UNKNOWN_TIME || c->probe == 1 ||
	    home_holds(&fleet->friends, &c->client_ip))
		return;
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->contact != NULL)
			detectors[i]->contact(fleet, fleet->states[i], sensor, c);
	see_contact(fleet, sensor, c);
}

static void give_login(struct detect_fleet *fleet, struct fleet_sensor *sensor,
		       const struct login_record *login)
{
	if (login->at == UNKNOWN_TIME || home_holds(&fleet->friends, &login->client_ip))
		return;
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->login != NULL)
			detectors[i]->login(fleet, fleet->states[i], sensor, login);
}

static void give_listener(struct detect_fleet *fleet, struct fleet_sensor *sensor,
			  const struct listener_record *l)
{
	see_listener(fleet, sensor, l);
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->listener != NULL)
			detectors[i]->listener(fleet, fleet->states[i], sensor, l);
}

static void give_tls(struct detect_fleet *fleet, struct fleet_sensor *sensor,
		     const struct tls_record *tls)
{
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->tls != NULL)
			detectors[i]->tls(fleet, fleet->states[i], sensor, tls);
}

static void give_finding(struct detect_fleet *fleet, struct fleet_sensor *sensor,
			 const struct finding_record *f)
{
	if (f->last == UNKNOWN_TIME || f->kind == NULL)
		return;
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->finding != NULL)
			detectors[i]->finding(fleet, fleet->states[i], sensor, f);
}

/* What every record ends with. */
static const char *teller_of(enum record_kind kind, const void *record)
{
	const struct field *field = record_field(kind, "sensor");
	return field != NULL ? (const char *)record + field->offset : "";
}

void detect_fleet_record(struct detect_fleet *fleet, enum record_kind kind,
			 const void *record)
{
	if ((detect_fleet_kinds & RECORD_BIT(kind)) == 0)
		return;
	const char *name = teller_of(kind, record);
	if (name[0] == '\0' || strcmp(name, "hub") == 0)
		return;
	struct fleet_sensor *sensor = sensor_of(fleet, name);
	switch (kind) {
	case RECORD_sensor:
		see_sensor(fleet, sensor, record);
		return;
	case RECORD_contact:
		give_contact(fleet, sensor, record);
		return;
	case RECORD_login:
		give_login(fleet, sensor, record);
		return;
	case RECORD_listener:
		give_listener(fleet, sensor, record);
		return;
	case RECORD_tls:
		give_tls(fleet, sensor, record);
		return;
	default:
		give_finding(fleet, sensor, record);
	}
}

void detect_fleet_forget_listeners(struct detect_fleet *fleet)
{
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->forget_listeners != NULL)
			detectors[i]->forget_listeners(fleet->states[i]);
}

void detect_fleet_tick(struct detect_fleet *fleet, int64_t now_us)
{
	if (now_us > fleet->now_us)
		fleet->now_us = now_us;
	for (size_t i = 0; i < DETECTORS; i++)
		if (detectors[i]->tick != NULL)
			detectors[i]->tick(fleet, fleet->states[i], fleet->now_us);
	findings_tick(&fleet->findings, fleet->now_us);
}

/* ---- findings ---- */

/* As long as a finding of that kind would last by itself at the most; a new hub hears
 * of what goes on before. */
#define RESTORED_US (6 * 3600 * SECOND_US)

/* It came back as one of the hubs'; what is about one sensor begins with its name. */
void detect_fleet_restore(struct detect_fleet *fleet,
			  const struct finding_record *finding)
{
	struct finding_record own = *finding;
	own.sensor[0] = '\0';
	if (findings_same_word(own.technique, "odd_one_out"))
		snprintf(own.sensor, sizeof(own.sensor), "%.*s",
			 (int)strcspn(own.summary, " "), own.summary);
	findings_restore(&fleet->findings, &own, RESTORED_US);
}

void detect_fleet_flush(struct detect_fleet *fleet, int64_t now_us)
{
	findings_flush(&fleet->findings, now_us);
}

void detect_fleet_rename_incident(struct detect_fleet *fleet, const char *id,
				  const char *incident)
{
	findings_rename_incident(&fleet->findings, id, incident);
}

void detect_fleet_each(const struct detect_fleet *fleet,
		       void (*emit)(void *to, const struct finding_record *f), void *to)
{
	for (uint32_t i = 0; i < FINDINGS_MAX; i++)
		if (fleet->findings.at[i].is_open)
			emit(to, &fleet->findings.at[i].record);
}
