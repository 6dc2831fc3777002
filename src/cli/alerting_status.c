/*
 * alerting_status.c: how many incidents fire, and the gravest; see alerting.h.
 */
#include <string.h>

#include "cli/alerting.h"

struct firing {
	uint64_t count, ahead, unowned;
	struct incident_record worst; /* severity NULL: none fires */
};

/* They come newest first: among those as grave the newest stays. */
static void count(void *to, const struct incident_record *incident)
{
	struct firing *firing = to;
	if (strcmp(incident->state, "firing") != 0)
		return;
	firing->count++;
	firing->ahead += incident->ahead == 1;
	firing->unowned += incident->acknowledged == UNKNOWN_TIME;
	if (firing->worst.severity == NULL ||
	    record_severity(incident->severity) >
		    record_severity(firing->worst.severity))
		firing->worst = *incident;
}

static void put_text(struct buf *json, const char *name, const char *text)
{
	buf_printf(json, ",\"%s\":\"", name);
	buf_json_text(json, text);
	buf_char(json, '"');
}

static void put_incidents(const struct firing *firing, struct buf *json)
{
	buf_printf(
		json,
		"\"incidents\":{\"firing\":%llu,\"ahead\":%llu,\"unacknowledged\":%llu",
		(unsigned long long)firing->count, (unsigned long long)firing->ahead,
		(unsigned long long)firing->unowned);
	if (firing->worst.severity != NULL) {
		/* The id is hexadecimal digits. */
		buf_printf(json, ",\"worst\":{\"id\":\"%s\"", firing->worst.id);
		put_text(json, "severity", firing->worst.severity);
		put_text(json, "rule", firing->worst.rule);
		put_text(json, "target", firing->worst.target);
		buf_char(json, '}');
	}
	buf_char(json, '}');
}

static void put_alerts(const struct alerting *a, struct buf *json)
{
	struct limits_totals totals = { 0 };
	if (a->limits != NULL)
		totals = limits_totals(a->limits);
	const uint64_t left_out = totals.left_out + a->board.left_out;
	buf_printf(json,
		   ",\"alerts\":{\"firing\":%zu,\"rules\":%zu,\"series\":%llu,"
		   "\"left_out\":%llu,\"files_refused\":%s}",
		   a->board.count, limit_rules_count(a->rules.limits),
		   (unsigned long long)totals.series, (unsigned long long)left_out,
		   a->files_are_refused ? "true" : "false");
}

/* Who sends; and what waits, or will never be sent. */
static void put_sender(const struct alerting *a, struct buf *json)
{
	char detail[GUARD_TEXT_MAX];
	if (a->sending == NULL)
		return;
	const struct spool_counts counts = sending_counts(a->sending);
	bool holds = sending_describe(a->sending, detail);
	buf_printf(json, ",\"sender\":{\"holds\":%s", holds ? "true" : "false");
	put_text(json, "detail", detail);
	buf_printf(json,
		   ",\"sinks\":%zu,\"waiting\":%u,\"bytes\":%llu,\"dropped\":%llu,"
		   "\"unsaved\":%u}",
		   a->rules.tell->sink_count, counts.waiting + a->untaken,
		   (unsigned long long)counts.bytes, (unsigned long long)counts.dropped,
		   counts.unsaved);
}

void alerting_json(const struct alerting *a, alerting_incidents *each, const void *of,
		   struct buf *json)
{
	struct firing firing = { 0 };
	if (each != NULL)
		each(of, count, &firing);
	else
		alerting_each(a, count, &firing);
	put_incidents(&firing, json);
	put_alerts(a, json);
	put_sender(a, json);
}
