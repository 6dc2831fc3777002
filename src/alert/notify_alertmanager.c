/*
 * notify_alertmanager.c: Prometheus' Alertmanager, API v2 (api/v2/openapi.yaml): an
 * alert for each incident.
 *
 * Labels are what an alert is known by: they stay the same as long as the incident
 * lasts, and all that may change is an annotation.  The severity is a label all the
 * same, as it is what routes there go by: when it has grown, the alert of the lesser
 * one is ended.  One that is not over gets an endsAt that lies far ahead, or
 * Alertmanager would end it after five minutes (resolve_timeout), as Prometheus sends
 * its alerts again and again.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

/* Longer than any repeat (notify.repeat is 30 days at most). */
#define LASTS_US (31 * 24 * 3600LL * 1000000)

static void add_label(struct buf *body, const char *name, const char *value)
{
	struct buf line = { 0 };
	if (value == NULL || value[0] == '\0')
		return;
	escape_line(&line, value);
	buf_printf(body, ",\"%s\"", name);
	body_string(body, ":", buf_cstr(&line));
	buf_free(&line);
}

static void add_labels(struct buf *body, const struct notice *notice,
		       const struct incident_record *incident, const char *severity)
{
	char port[8] = "";
	struct buf number = { 0 };
	body_string(body, "{\"labels\":{\"alertname\":", incident->rule);
	add_label(body, "incident", incident->id);
	add_label(body, "severity", severity);
	add_label(body, "instance", notice->host);
	add_label(body, "target", incident->target);
	add_label(body, "service", incident->service);
	if (incident->port != UNKNOWN_U32)
		buf_u64(&number, incident->port);
	record_text(port, sizeof(port), buf_cstr(&number));
	add_label(body, "port", port);
	add_label(body, "job", "breakwater");
	buf_char(body, '}');
	buf_free(&number);
}

static void add_annotations(struct buf *body, const struct incident_record *incident)
{
	struct buf summary = { 0 };
	escape_line(&summary, incident->summary);
	body_string(body, ",\"annotations\":{\"summary\":", buf_cstr(&summary));
	add_label(body, "description", incident->cause);
	add_label(body, "owner", incident->owner);
	add_label(body, "acknowledged_by", incident->acknowledged_by);
	buf_char(body, '}');
	buf_free(&summary);
}

static bool is_over(const struct incident_record *incident)
{
	return incident->state != NULL && strcmp(incident->state, "resolved") == 0;
}

static void add_alert(struct buf *body, const struct notice *notice,
		      const struct incident_record *incident, const char *severity,
		      int64_t end_us)
{
	buf_char(body, body->len == 0 ? '[' : ',');
	add_labels(body, notice, incident, severity);
	add_annotations(body, incident);
	buf_text(body, ",\"startsAt\":\"");
	notice_time(incident->first != UNKNOWN_TIME ? incident->first : notice->at_us,
		    body);
	buf_text(body, "\",\"endsAt\":\"");
	notice_time(end_us, body);
	buf_char(body, '"');
	if (notice->link[0] != '\0')
		body_string(body, ",\"generatorURL\":", notice->link);
	buf_char(body, '}');
}

static int64_t end_of(const struct notice *notice,
		      const struct incident_record *incident)
{
	if (!is_over(incident))
		return notice->at_us + LASTS_US;
	return incident->end != UNKNOWN_TIME ? incident->end : notice->at_us;
}

/* What it was before is no more, if it was told. */
static void end_lesser(struct buf *body, const struct notice *notice,
		       const struct incident_record *incident)
{
	int severity = record_severity(incident->severity);
	if (strcmp(notice->reason, "new") == 0)
		return;
	for (int i = 0; i < severity; i++)
		add_alert(body, notice, incident, severity_names[i], notice->at_us);
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	bool is_tls = strncmp(sink->url, "alertmanager+https:", 19) == 0;
	if (!http_login(request, sink, error))
		return false;
	http_url_of_server(request, sink, is_tls ? "https" : "http", "/api/v2/alerts");
	for (size_t i = 0; i < notice->count; i++) {
		const struct incident_record *incident = &notice->incidents[i];
		add_alert(&request->body, notice, incident, incident->severity,
			  end_of(notice, incident));
		end_lesser(&request->body, notice, incident);
	}
	buf_char(&request->body, ']');
	return true;
}

static const struct notifier_option options[] = { HTTP_LOGIN_OPTIONS, HTTP_OPTIONS };

const struct notifier notifier_alertmanager = {
	.name = "alertmanager",
	.schemes = "alertmanager alertmanager+https",
	.doc = "Prometheus' Alertmanager, API v2: alertmanager://HOST:9093, or "
	       "alertmanager+https://.",
	.options = options,
	.check = http_check_login,
	.request = fill,
};
