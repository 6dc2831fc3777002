/*
 * forecast_alerts.c: see forecast_alerts.h.
 */
#include "limit/forecast_alerts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "limit/forecast_record.h"

#define SECOND_US 1000000LL
#define DAY_US    (86400 * SECOND_US)
/* At its limit within that time before: the limit's own alert tells of it. */
#define LATELY_US (7 * DAY_US)
/* So soon, and so surely, it is more than a notice. */
#define SOON_US (3 * DAY_US)
static const double SURELY = 0.8;
/* Told once, it stays until it is as unlikely as that: days differ a little. */
static const double STAYS = 0.3;

enum gravity { GRAVITY_NOTICE, GRAVITY_LOW };

static const char *const severities[] = {
	[GRAVITY_NOTICE] = "notice", [GRAVITY_LOW] = "low"
};

struct entry {
	struct alert_record alert;
	bool is_seen; /* in this set */
};

struct forecast_alerts {
	struct forecast_alerts_sink sink;
	size_t count;
	struct entry at[FORECAST_ALERTS_MAX];
};

struct forecast_alerts *forecast_alerts_new(const struct forecast_alerts_sink *sink)
{
	struct forecast_alerts *alerts = calloc(1, sizeof(*alerts));
	if (alerts != NULL)
		alerts->sink = *sink;
	return alerts;
}

void forecast_alerts_free(struct forecast_alerts *alerts)
{
	free(alerts);
}

/* ---- what is worth it ---- */

/* It has come: whatever else is forecast of it, nobody needs to hear. */
static bool has_come(const struct forecast_record *f)
{
	bool is_there = f->crosses_at != UNKNOWN_TIME && f->crosses_at <= f->at;
	bool was_there =
		f->crossed_last != UNKNOWN_TIME && f->at - f->crossed_last < LATELY_US;
	return is_there || was_there;
}

static bool is_told(const struct forecast_record *f)
{
	return f->hidden[0] == '\0' && f->crosses_at != UNKNOWN_TIME && !has_come(f) &&
	       forecast_is_bad(f);
}

static bool stays(const struct forecast_record *f)
{
	return f->hidden[0] == '\0' && f->crosses_at != UNKNOWN_TIME && !has_come(f) &&
	       f->probability >= STAYS;
}

static enum gravity gravity_of(const struct forecast_record *f)
{
	return f->crosses_at - f->at <= SOON_US && f->probability >= SURELY
		       ? GRAVITY_LOW
		       : GRAVITY_NOTICE;
}

/* ---- alerts ---- */

static struct entry *find(struct forecast_alerts *alerts,
			  const struct forecast_record *f)
{
	for (size_t i = 0; i < alerts->count; i++)
		if (strcmp(alerts->at[i].alert.target, f->subject) == 0 &&
		    strcmp(alerts->at[i].alert.metric, f->metric) == 0)
			return &alerts->at[i];
	return NULL;
}

/* The same thing, told at another time, is another alert. */
static void name(struct alert_record *alert)
{
	const uint64_t from[] = { hash_sum(alert->target, strlen(alert->target)),
				  hash_sum(alert->metric, strlen(alert->metric)),
				  (uint64_t)alert->start };
	snprintf(alert->id, sizeof(alert->id), "%016" PRIx64,
		 hash_sum(from, sizeof(from)));
}

static void begin(const struct forecast_record *f, int64_t now_us,
		  struct alert_record *alert)
{
	record_init(RECORD_alert, alert);
	alert->start = now_us;
	alert->kind = "forecast";
	record_text(alert->rule, sizeof(alert->rule), "forecast");
	record_text(alert->target, sizeof(alert->target), f->subject);
	record_text(alert->metric, sizeof(alert->metric), f->metric);
	record_text(alert->service, sizeof(alert->service), f->service);
	record_text(alert->advice, sizeof(alert->advice),
		    "breakwater forecast says how surely and by what; --capacity when "
		    "it is busiest");
	alert->server_ip = f->server_ip;
	alert->port = f->port;
	alert->transport = f->transport;
	name(alert);
}

static void fire(struct forecast_alerts *alerts, struct entry *entry,
		 const struct forecast_record *f, int64_t now_us)
{
	struct alert_record *alert = &entry->alert;
	alert->at = now_us;
	alert->state = "firing";
	alert->severity = severities[gravity_of(f)];
	alert->value = f->predicted;
	alert->limit = f->limit;
	alerts->sink.say(f, alert->summary, sizeof(alert->summary));
	alerts->sink.alert(alerts->sink.self, alert);
}

static void resolve(struct forecast_alerts *alerts, struct entry *entry,
		    const char *why, int64_t now_us)
{
	struct alert_record alert = entry->alert;
	char summary[sizeof(alert.summary)];
	*entry = alerts->at[--alerts->count];
	alert.at = alert.end = now_us;
	alert.state = "resolved";
	snprintf(summary, sizeof(summary), "%s of %.150s: %s", alert.metric,
		 alert.target, why);
	record_text(alert.summary, sizeof(alert.summary), summary);
	alerts->sink.alert(alerts->sink.self, &alert);
}

static bool gets_graver(const struct entry *entry, const struct forecast_record *f)
{
	return gravity_of(f) == GRAVITY_LOW &&
	       strcmp(entry->alert.severity, severities[GRAVITY_NOTICE]) == 0;
}

void forecast_alerts_take(struct forecast_alerts *alerts,
			  const struct forecast_record *f, int64_t now_us)
{
	struct entry *entry = find(alerts, f);
	if (entry == NULL) {
		if (!is_told(f) || alerts->count == FORECAST_ALERTS_MAX)
			return;
		entry = &alerts->at[alerts->count++];
		begin(f, now_us, &entry->alert);
		fire(alerts, entry, f, now_us);
	} else if (!stays(f)) {
		resolve(alerts, entry,
			has_come(f) ? "what was forecast has come"
				    : "it is not expected any more",
			now_us);
		return;
	} else if (gets_graver(entry, f)) {
		fire(alerts, entry, f, now_us);
	}
	entry->is_seen = true;
}

void forecast_alerts_end(struct forecast_alerts *alerts, int64_t now_us)
{
	for (size_t i = alerts->count; i > 0; i--) {
		struct entry *entry = &alerts->at[i - 1];
		if (!entry->is_seen)
			resolve(alerts, entry, "nothing is forecast of it any more",
				now_us);
		else
			entry->is_seen = false;
	}
}

bool forecast_alerts_recall(struct forecast_alerts *alerts,
			    const struct alert_record *alert)
{
	if (alerts->count == FORECAST_ALERTS_MAX)
		return false;
	alerts->at[alerts->count++] = (struct entry){ .alert = *alert };
	return true;
}
