/*
 * hub_places.c: what a fleet asks from several places, put together by the hub that
 * leads, and what steering did, for the audit trail; see hub.h, fleet/vantages.h.
 *
 * A sensor's limits see its own answers; what all of them come to is an alert of the
 * hubs', as which sensor is late.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/hub.h"

static const char down_rule[] = "places_down";

/* By the servers' clock: what waited on a sensor's disk is as old as it is. */
static int64_t asked_us(const struct probe_record *probe,
			const struct sensor_record *sensor)
{
	double offset_ms = sensor->clock_offset_ms;
	if (probe->at == UNKNOWN_TIME)
		return 0;
	return probe->at - (offset_ms > -1e12 && offset_ms < 1e12
				    ? (int64_t)(offset_ms * 1000)
				    : 0); /* unknown is no number */
}

void hub_place_probe(struct hub *hub, const struct probe_record *probe)
{
	struct sensor_record sensor;
	if (hub->vantages != NULL && board_sensor(hub->board, probe->sensor, &sensor))
		vantages_take(hub->vantages, probe, sensor.site,
			      asked_us(probe, &sensor));
}

static bool counts(void *self, const char *name)
{
	const struct hub *hub = self;
	struct sensor_record sensor;
	return board_sensor(hub->board, name, &sensor) && sensor.state != NULL &&
	       strcmp(sensor.state, "up") == 0 && sensor.cut_off != 1;
}

/* ---- what each says by itself ---- */

static const char hard_metric[] = "probe.hard_state";
/* As a target that is degraded, which it is for the fleet. */
static const char from_one[] = "low";

static const struct place_seen *seen_by(const struct place_seen *seen, size_t count,
					const char *sensor)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(seen[i].sensor, sensor) == 0)
			return &seen[i];
	return NULL;
}

static void say_from_where(const struct hub *hub, const char *site,
			   struct alert_record *alert)
{
	struct place_seen all[VANTAGES_PER_TARGET];
	size_t count = vantages_of(hub->vantages, alert->target, all);
	const struct place_seen *seen = seen_by(all, count, alert->sensor);
	const char *reason = seen != NULL ? seen->reason : NULL;
	snprintf(alert->summary, sizeof(alert->summary),
		 "%.120s is unreachable from %s%.60s%s%.30s%s", alert->target,
		 site[0] == '\0' ? "sensor " : "",
		 site[0] == '\0' ? alert->sensor : site, reason != NULL ? " (" : "",
		 reason != NULL ? reason : "", reason != NULL ? ")" : "");
	record_text(alert->advice, sizeof(alert->advice),
		    "Several places ask it, and decide together whether it is down: "
		    "look at the way from there.");
}

bool hub_place_alert(const struct hub *hub, const char *site,
		     struct alert_record *alert)
{
	if (hub->vantages == NULL || strcmp(alert->metric, hard_metric) != 0 ||
	    strcmp(alert->sensor, FLEET_HUB) == 0 ||
	    !vantages_decide(hub->vantages, alert->target, site))
		return false;
	/* What it says gravely is that it is down; its end has words of its own. */
	if (record_severity(alert->severity) <= record_severity(from_one))
		return true;
	alert->severity = from_one;
	if (alert->state != NULL && strcmp(alert->state, "firing") == 0)
		say_from_where(hub, site, alert);
	return true;
}

void hub_place_show(const struct hub *hub, struct alert_record *alert)
{
	struct place_seen all[VANTAGES_PER_TARGET];
	if (hub->vantages == NULL || strcmp(alert->metric, hard_metric) != 0)
		return;
	size_t count = vantages_of(hub->vantages, alert->target, all);
	const struct place_seen *seen = seen_by(all, count, alert->sensor);
	if (seen != NULL)
		hub_place_alert(hub, seen->site, alert);
}

/* Copies, as the book tells and so changes the board. */
struct own_words {
	const char *target;
	struct alert_record at[VANTAGES_PER_TARGET];
	size_t count;
};

static void take_words(void *to, const void *record)
{
	struct own_words *words = to;
	const struct alert_record *alert = record;
	if (words->count < VANTAGES_PER_TARGET && alert->state != NULL &&
	    strcmp(alert->state, "firing") == 0 &&
	    strcmp(alert->metric, hard_metric) == 0 &&
	    strcmp(alert->target, words->target) == 0 &&
	    strcmp(alert->sensor, FLEET_HUB) != 0)
		words->at[words->count++] = *alert;
}

/* Nobody else can tell: what each sensor said counts as it said it. */
static void let_speak(void *self, const char *target)
{
	struct hub *hub = self;
	struct own_words words = { .target = target };
	board_each(hub->board, RECORD_alert, take_words, &words);
	for (size_t i = 0; i < words.count; i++)
		hub_judge(hub, RECORD_alert, &words.at[i]);
}

/* ---- alerts ---- */

bool hub_place_goes_on(const struct alert_record *alert)
{
	return strcmp(alert->rule, down_rule) == 0;
}

static const struct alert_record *alert_of(const struct hub *hub, const char *target)
{
	const struct alert_board *board = &hub->alerting.board;
	for (size_t i = 0; i < board->count; i++)
		if (hub_place_goes_on(&board->at[i]) &&
		    strcmp(board->at[i].target, target) == 0)
			return &board->at[i];
	return NULL;
}

static void fire(struct hub *hub, const struct probe_record *probe)
{
	struct alert_record alert;
	const uint64_t of[] = { hash_sum(probe->target, strlen(probe->target)),
				(uint64_t)probe->at };
	record_init(RECORD_alert, &alert);
	snprintf(alert.id, sizeof(alert.id), "%016llx",
		 (unsigned long long)hash_sum(of, sizeof(of)));
	alert.at = alert.start = probe->at;
	alert.state = "firing";
	alert.kind = "value";
	alert.severity = "high";
	record_text(alert.rule, sizeof(alert.rule), down_rule);
	record_text(alert.target, sizeof(alert.target), probe->target);
	record_text(alert.metric, sizeof(alert.metric), hard_metric);
	snprintf(alert.summary, sizeof(alert.summary), "%.100s is %.130s",
		 probe->target, probe->detail);
	record_text(alert.advice, sizeof(alert.advice),
		    "Several places can't reach it: look at the service itself; its "
		    "probes name each place's reason.");
	alerting_alert(&hub->alerting, &alert);
}

static void end_alert(struct hub *hub, const struct alert_record *known)
{
	struct alert_record over = *known;
	over.state = "resolved";
	over.at = over.end = clock_us(CLOCK_REALTIME);
	alerting_alert(&hub->alerting, &over);
}

/* Not known is no end of it: all who can tell may be cut off. */
static void judge(struct hub *hub, const struct probe_record *probe)
{
	const struct alert_record *known = alert_of(hub, probe->target);
	bool is_down = strcmp(probe->state, "down") == 0;
	bool is_known = strcmp(probe->state, "unknown") != 0;
	if (is_down && known == NULL && probe->maintenance != 1)
		fire(hub, probe);
	else if (!is_down && is_known && known != NULL)
		end_alert(hub, known);
}

static void emit(void *self, const struct probe_record *probe)
{
	struct hub *hub = self;
	hub_keep(hub, RECORD_probe, probe);
	judge(hub, probe);
}

/* Of targets that no document has any more; from the end, as the board moves up. */
static void end_of_others(struct hub *hub)
{
	const struct alert_board *board = &hub->alerting.board;
	for (size_t i = board->count; i > 0; i--) {
		const struct alert_record alert = board->at[i - 1];
		if (hub_place_goes_on(&alert) &&
		    !vantages_knows(hub->vantages, alert.target))
			end_alert(hub, &alert);
	}
}

/* ---- each second ---- */

static void audit(void *self, const char *action, const char *actor,
		  const char *subject, const char *before, const char *after)
{
	hub_audit(self, action, actor, subject, before, after);
}

void hub_steer_second(struct hub *hub)
{
	const struct vantages_with with = { hub, counts, emit, let_speak };
	const struct hub_steer_taking taking = { hub, audit };
	if (hub->steer == NULL)
		return;
	hub_steer_lead(hub->steer, hub_has_lead(hub));
	hub->knows_places |= hub_steer_take(hub->steer, &taking, hub->vantages);
	if (!hub->leads || !hub->knows_places)
		return;
	end_of_others(hub);
	vantages_second(hub->vantages, &with, clock_us(CLOCK_REALTIME));
}
