/*
 * explain_json.c: see explain_json.h.
 */
#include "cli/explain_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explain_odd.h"
#include "cli/json.h"
#include "record/from_json.h"
#include "record/object.h"

static void put_number(struct buf *out, const char *name, double value)
{
	if (!isnan(value))
		object_u64(out, name, (uint64_t)value);
}

static void put_text(struct buf *out, const char *name, struct buf *text)
{
	const char *raw = buf_cstr(text);
	if (raw != NULL && *raw != '\0')
		object_text(out, name, raw);
}

/* "name":[...] */
static void put_records(struct buf *out, const char *name, enum record_kind kind,
			const void *records, size_t count)
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		buf_text(out, i > 0 ? "," : "");
		record_json(out, kind, (const char *)records + i * schemas[kind].size);
	}
	buf_text(out, "],");
}

static void put_odd(struct buf *out, const struct explain_facts *facts)
{
	struct buf text = { 0 };
	explain_odd_say(facts, &text);
	put_text(out, "unusual", &text);
	buf_free(&text);
}

void explain_json(const struct explain_facts *facts, struct explain_answer *answer,
		  struct buf *out)
{
	const struct explain_figures *now = &answer->now;
	object_u64(out, "port", facts->port);
	if (facts->sensor_count > 0)
		object_text(out, "sensor", facts->sensor->sensor);
	object_text(out, "cause", explain_cause_name(answer->cause));
	put_text(out, "why", &answer->why);
	put_text(out, "speaks", &answer->speaks);
	put_number(out, "network_us", now->network_us);
	put_number(out, "queue_us", now->queue_us);
	put_number(out, "application_us", now->application_us);
	if (now->is_within_network)
		object_text(out, "application_unknown", EXPLAIN_WITHIN_NETWORK);
	put_number(out, "response_p95_us", now->response_p95_us);
	put_number(out, "usual_response_p95_us", answer->usual_response_us);
	put_number(out, "handshake_p50_us", now->handshake_p50_us);
	put_number(out, "usual_handshake_p50_us", answer->usual_handshake_us);
	object_decimal(out, "error_ratio", now->error_ratio);
	object_decimal(out, "failed_ratio", now->failed);
	put_number(out, "answers", now->answers);
	put_number(out, "answer_errors", now->answer_errors);
	object_decimal(out, "lost_ratio", now->loss);
	object_decimal(out, "retransmit_ratio", now->retransmits);
	put_number(out, "backlog", now->backlog);
	put_number(out, "backlog_max", now->backlog_max);
	put_number(out, "overflows", now->overflows);
	put_number(out, "history_s", answer->history_s);
	object_time(out, "worse_since", answer->worse_us, "Z");
	put_text(out, "changes", &answer->change);
	put_text(out, "next", &answer->next);
	put_text(out, "ask", &answer->ask);
	put_records(out, "listeners", RECORD_listener, facts->listeners,
		    facts->listener_count);
	put_records(out, "probes", RECORD_probe, facts->probes, facts->probe_count);
	put_records(out, "alerts", RECORD_alert, facts->alerts, facts->alert_count);
	put_odd(out, facts);
	put_records(out, "forecasts", RECORD_forecast, facts->forecasts,
		    facts->forecast_count);
}

/* ---- the facts themselves ---- */

/* Their arrays and counts, in struct explain_facts. */
static const struct {
	const char *name;
	enum record_kind kind;
	size_t records, count;
} parts[] = {
#define PART(name, kind, records, count)                                               \
	{                                                                              \
		name, RECORD_##kind, offsetof(struct explain_facts, records),          \
			offsetof(struct explain_facts, count)                          \
	}
	PART("listeners", listener, listeners, listener_count),
	PART("changes", listener, changes, change_count),
	PART("now", port, now, now_count),
	PART("past", port, past, past_count),
	PART("sockets", socket, sockets, socket_count),
	PART("flows", flow, flows, flow_count),
	PART("findings", finding, findings, finding_count),
	PART("alerts", alert, alerts, alert_count),
	PART("probes", probe, probes, probe_count),
	PART("forecasts", forecast, forecasts, forecast_count),
	PART("unusual", anomaly, unusual, unusual_count),
	PART("gaps", gap, gaps, gap_count),
	PART("sensor", sensor, sensor, sensor_count),
#undef PART
};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };
static_assert((size_t)PART_COUNT == EXPLAIN_PARTS,
	      "all are kept by struct explain_read");

void explain_facts_json(const struct explain_facts *facts, struct buf *out)
{
	object_open(out, "facts");
	object_decimal(out, "limit_response_us", facts->limit_response_us);
	object_decimal(out, "limit_loss", facts->limit_loss);
	object_decimal(out, "limit_errors", facts->limit_errors);
	object_bool(out, "packets_seen", facts->packets_seen);
	object_bool(out, "sockets_seen", facts->sockets_seen);
	for (size_t i = 0; i < PART_COUNT; i++) {
		const void *records;
		size_t count;
		memcpy(&records, (const char *)facts + parts[i].records,
		       sizeof(records));
		memcpy(&count, (const char *)facts + parts[i].count, sizeof(count));
		put_records(out, parts[i].name, parts[i].kind, records, count);
	}
	object_close(out);
	buf_char(out, ',');
}

static bool read_part(size_t part, const json_t *told, struct explain_read *read)
{
	const json_t *rows = json_object_get(told, parts[part].name);
	size_t size = schemas[parts[part].kind].size, count = json_array_size(rows);
	char *records = calloc(count + 1, size);
	read->arrays[part] = records;
	if (records == NULL || !json_is_array(rows))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!record_from_json(parts[part].kind, json_array_get(rows, i),
				      records + i * size))
			return false;
	memcpy((char *)&read->facts + parts[part].records, &records, sizeof(records));
	memcpy((char *)&read->facts + parts[part].count, &count, sizeof(count));
	return true;
}

bool explain_facts_read(const json_t *explanation, struct explain_read *read)
{
	const json_t *told = json_object_get(explanation, "facts");
	struct explain_facts *facts = &read->facts;
	*read = (struct explain_read){ 0 };
	facts->limit_response_us = member_number(told, "limit_response_us");
	facts->limit_loss = member_number(told, "limit_loss");
	facts->limit_errors = member_number(told, "limit_errors");
	facts->packets_seen = json_is_true(json_object_get(told, "packets_seen"));
	facts->sockets_seen = json_is_true(json_object_get(told, "sockets_seen"));
	for (size_t i = 0; i < PART_COUNT; i++)
		if (!read_part(i, told, read))
			return false;
	return true;
}

void explain_facts_free(struct explain_read *read)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		free(read->arrays[i]);
}
