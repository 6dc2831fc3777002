/*
 * health.c: /health, for load balancers and watchdogs.
 *
 * It says "ok" only when a fresh measurement says so: a daemon that has stopped
 * measuring answers 503 with the reason.
 */
#include <jansson.h>
#include <string.h>

#include "web/inside.h"

enum { FRESH_US = 10 * 1000000 };

struct verdict {
	struct buf reasons; /* JSON strings, with commas */
	bool failing, degraded;
};

static void reason(struct verdict *verdict, const char *text)
{
	if (verdict->reasons.len > 0)
		buf_char(&verdict->reasons, ',');
	buf_char(&verdict->reasons, '"');
	buf_json_text(&verdict->reasons, text);
	buf_char(&verdict->reasons, '"');
}

static void judge_measurement(struct verdict *verdict, const struct self_record *self,
			      int64_t now_us)
{
	char text[96];
	if (self->at == UNKNOWN_TIME) {
		verdict->failing = true;
		reason(verdict, "no measurement yet");
	} else if (now_us - self->at > FRESH_US) {
		verdict->failing = true;
		snprintf(text, sizeof(text), "the last measurement is %lld s old",
			 (long long)(now_us - self->at) / 1000000);
		reason(verdict, text);
	}
	if (self->dropped != UNKNOWN_U64 && self->dropped > 0) {
		verdict->degraded = true;
		snprintf(text, sizeof(text), "%llu packets dropped since the start",
			 (unsigned long long)self->dropped);
		reason(verdict, text);
	}
}

/* A part of the status object, {"holds": ..., "detail": ...}, that does not hold. */
static bool is_lost(const json_t *part)
{
	return json_is_false(json_object_get(part, "holds"));
}

/* Not all can be seen; that is no reason to be taken for dead. */
static void judge_sight(struct verdict *verdict, const json_t *part, const char *what)
{
	char text[256];
	const char *detail = json_string_value(json_object_get(part, "detail"));
	if (!is_lost(part))
		return;
	verdict->degraded = true;
	snprintf(text, sizeof(text), "%s %s", what, detail != NULL ? detail : "?");
	reason(verdict, text);
}

/* Monitoring goes on without a store, but what is seen is not kept. */
static void judge_store(struct verdict *verdict, const json_t *store)
{
	char text[256];
	const char *state = json_string_value(json_object_get(store, "state"));
	const char *message = json_string_value(json_object_get(store, "message"));
	if (state == NULL || strcmp(state, "ok") == 0)
		return;
	verdict->degraded = true;
	snprintf(text, sizeof(text), "store: %s",
		 message == NULL || message[0] == '\0' ? state : message);
	reason(verdict, text);
}

/* Somebody has to look at it. */
static void judge_frozen(struct verdict *verdict, const json_t *firewall)
{
	char text[128];
	const char *by = json_string_value(json_object_get(firewall, "frozen_by"));
	if (by == NULL)
		return;
	verdict->degraded = true;
	snprintf(text, sizeof(text), "automatic blocks have stopped: %.32s", by);
	reason(verdict, text);
}

/* What was not proven may not be so. */
static void judge_self_test(struct verdict *verdict, const json_t *test)
{
	char text[320];
	const json_t *last = json_object_get(test, "last");
	const char *result = json_string_value(json_object_get(last, "result"));
	const char *detail = json_string_value(json_object_get(last, "detail"));
	bool has_failed = result != NULL && strcmp(result, "failed") == 0;
	if (has_failed)
		snprintf(text, sizeof(text), "the self-test of blocking failed: %s",
			 detail != NULL ? detail : "?");
	else if (json_is_true(json_object_get(test, "stale")))
		snprintf(text, sizeof(text),
			 "that blocking works was not proven for long%s%s",
			 detail != NULL ? ": " : "", detail != NULL ? detail : "");
	else
		return;
	verdict->degraded = true;
	reason(verdict, text);
}

/* A hub shows what it knew, and hears nothing. */
static void judge_servers(struct verdict *verdict, const json_t *servers)
{
	char text[320];
	const char *trouble = json_string_value(json_object_get(servers, "trouble"));
	if (!json_is_false(json_object_get(servers, "up")))
		return;
	verdict->degraded = true;
	snprintf(text, sizeof(text), "NATS servers: %s",
		 trouble != NULL && trouble[0] != '\0' ? trouble : "not reached yet");
	reason(verdict, text);
}

static void judge_status(struct verdict *verdict, const json_t *status)
{
	const json_t *interfaces = json_object_get(status, "interfaces");
	const json_t *capture = json_object_get(status, "capture");
	const json_t *privileges = json_object_get(status, "privileges");
	if (!json_is_object(status)) {
		verdict->failing = true;
		reason(verdict, "no status");
	} else if (!is_lost(capture) && json_is_array(interfaces) &&
		   json_array_size(interfaces) == 0) {
		verdict->failing = true;
		reason(verdict, "no interface is watched");
	}
	judge_sight(verdict, capture, "packets are not watched:");
	judge_sight(verdict, json_object_get(privileges, "guard"), "the guard");
	judge_sight(verdict, json_object_get(status, "prober"), "who asks services");
	judge_sight(verdict, json_object_get(status, "firewall"), "the firewall");
	judge_sight(verdict, json_object_get(status, "sender"), "who tells people");
	judge_frozen(verdict, json_object_get(status, "firewall"));
	judge_servers(verdict,
		      json_object_get(json_object_get(status, "hub"), "servers"));
	judge_store(verdict, json_object_get(status, "store"));
	judge_self_test(verdict, json_object_get(status, "self_test"));
}

unsigned health_write(const struct web *web, int64_t now_us, struct buf *out)
{
	struct verdict verdict = { 0 };
	struct self_record self;
	struct buf text = { 0 };
	record_init(RECORD_self, &self);
	web->source->self_record(web->source->self, &self);
	web->source->status(web->source->self, &text);
	json_t *status = json_loadb(text.at == NULL ? "" : text.at, text.len, 0, NULL);
	judge_measurement(&verdict, &self, now_us);
	judge_status(&verdict, status);
	json_decref(status);
	buf_free(&text);
	buf_text(out, "{\"status\":\"");
	buf_text(out, verdict.failing    ? "failing"
		      : verdict.degraded ? "degraded"
					 : "ok");
	buf_text(out, "\",\"reasons\":[");
	buf_add(out, verdict.reasons.at, verdict.reasons.len);
	buf_text(out, "]}\n");
	if (!buf_ok(&verdict.reasons))
		out->failed = true;
	buf_free(&verdict.reasons);
	return verdict.failing ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
}
