/*
 * anomalies_said.c: many odd things of a host, in plain words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "limit/anomalies_inside.h"
#include "limit/said.h"

enum { NAMED = 3 };

static const char *const things[THINGS] = {
	[THING_TRAFFIC] = "traffic",         [THING_RESPONSE] = "response time",
	[THING_RETRANSMITS] = "retransmits", [THING_ERRORS] = "errors",
	[THING_PROBE] = "time of probes",
};

/* Of one service, or of several. */
static bool is_of_one(const struct anomaly_table *table,
		      const struct crowd_event *event)
{
	const struct place *first = anomaly_thing_place(table, event->marks[0].series);
	for (uint32_t i = 1; i < event->count; i++)
		if (anomaly_thing_place(table, event->marks[i].series) != first)
			return false;
	return true;
}

static void say_things(const struct anomaly_table *table,
		       const struct crowd_event *event, struct buf *out)
{
	for (uint32_t i = 0; i < event->count && i < NAMED; i++) {
		uint32_t number = event->marks[i].series;
		buf_printf(out, "%s%s of %s", i == 0 ? "" : ", ",
			   things[number % THINGS],
			   anomaly_thing_place(table, number)->target);
	}
	if (event->count > NAMED)
		buf_printf(out, " and %u more", event->count - NAMED);
}

static void put_text(char *out, size_t size, struct buf *text)
{
	const char *words = buf_cstr(text);
	record_text(out, size, words != NULL ? words : "");
	buf_free(text);
}

static void put_place(const struct place *place, bool is_whole,
		      struct alert_record *out)
{
	out->server_ip = place->ip;
	if (!is_whole) {
		addr_text(&place->ip, out->target);
		return;
	}
	record_text(out->target, sizeof(out->target), place->target);
	record_text(out->service, sizeof(out->service), place->service);
	out->port = place->port;
	out->transport = record_word(place->transport);
}

void anomalies_say_event(const struct anomaly_table *table,
			 const struct anomaly_host *host,
			 const struct crowd_event *event, int64_t now_us,
			 struct alert_record *out)
{
	const struct place *first = anomaly_thing_place(table, event->marks[0].series);
	uint64_t from[3] = { 0, 0, (uint64_t)event->first_us };
	struct buf summary = { 0 };
	memcpy(from, &host->ip, sizeof(host->ip));
	record_init(RECORD_alert, out);
	snprintf(out->id, sizeof(out->id), "%016" PRIx64,
		 hash_words(&table->keys[0], from, 3));
	out->at = now_us;
	out->start = event->first_us;
	out->state = "firing";
	record_text(out->rule, sizeof(out->rule), "anomaly");
	out->kind = "anomaly";
	out->value = event->count;
	out->limit = event->wanted;
	out->severity = "low";
	put_place(first, is_of_one(table, event), out);
	buf_printf(&summary, "%u of %u things of %s are unusual at once since ",
		   event->count, event->of, out->target);
	said_when(&summary, event->first_us);
	buf_text(&summary, ": ");
	say_things(table, event, &summary);
	put_text(out->summary, sizeof(out->summary), &summary);
	record_text(out->advice, sizeof(out->advice),
		    "what began first is usually nearest to the cause: breakwater "
		    "explain PORT");
}

void anomalies_say_calm(const struct alert_record *alert, int64_t now_us,
			struct alert_record *out)
{
	struct buf summary = { 0 };
	*out = *alert;
	out->at = out->end = now_us;
	out->state = "resolved";
	buf_printf(&summary, "%s is as usual again, for ten minutes", alert->target);
	put_text(out->summary, sizeof(out->summary), &summary);
}
