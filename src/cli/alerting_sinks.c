/*
 * alerting_sinks.c: who is told, for what, what came of it last, and a message to try
 * one; see alerting.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/alerting_inside.h"
#include "cli/notify_try.h"

/* ---- who is told ---- */

static void put_text(struct buf *json, const char *name, const char *text)
{
	buf_printf(json, ",\"%s\":\"", name);
	buf_json_text(json, text);
	buf_char(json, '"');
}

static void put_time(struct buf *json, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	if (at_us == UNKNOWN_TIME)
		return;
	record_time_text(at_us, text);
	put_text(json, name, text);
}

/* Scheme and host: what comes behind may be the secret itself. */
static void put_place(struct buf *json, const char *url)
{
	struct buf place = { 0 };
	const char *host = strstr(url, "://");
	size_t len = host != NULL ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#")
				  : strcspn(url, ":?");
	buf_add(&place, url, len);
	put_text(json, "to", buf_cstr(&place) != NULL ? place.at : "");
	buf_free(&place);
}

/* After how long a route tells it: 0 at once; -1: never. */
static int64_t told_after_us(const struct tell_route *route, uint64_t sink)
{
	if ((route->sinks & sink) != 0)
		return 0;
	for (size_t i = 0; i < route->step_count; i++)
		if ((route->steps[i].sinks & sink) != 0)
			return route->steps[i].after_us;
	return -1;
}

/* Routes that lead to it, in their order. */
static void put_routes(struct buf *json, const struct tell_rules *rules, uint64_t sink)
{
	const char *between = "";
	buf_text(json, ",\"routes\":[");
	for (size_t i = 0; i < rules->route_count; i++) {
		const struct tell_route *route = &rules->routes[i];
		int64_t after_us = told_after_us(route, sink);
		if (after_us < 0)
			continue;
		buf_printf(json, "%s{\"severity\":\"%s\"", between,
			   severity_names[route->severity]);
		between = ",";
		put_text(json, "match", route->match.text);
		buf_printf(json,
			   ",\"after_s\":%" PRId64 ",\"repeat_s\":%" PRId64
			   ",\"at_all_hours\":%s,\"tells_end\":%s}",
			   after_us / 1000000, route->repeat_us / 1000000,
			   route->hours.count == 0 ? "true" : "false",
			   route->tells_end ? "true" : "false");
	}
	buf_char(json, ']');
}

static void put_told(struct buf *json, const struct sink_told *told)
{
	if (told == NULL)
		return;
	put_time(json, "last_sent", told->sent_us);
	put_time(json, "last_failed", told->failed_us);
	if (told->failed_us != UNKNOWN_TIME)
		put_text(json, "error", told->error);
	buf_printf(json, ",\"failures\":%u", told->failures);
}

static void put_sink(const struct alerting *a, size_t i, struct buf *json)
{
	const struct sink *sink = a->rules.tell->sinks[i];
	buf_printf(json, "%s{\"name\":\"", i > 0 ? "," : "");
	buf_json_text(json, sink->name);
	buf_char(json, '"');
	put_text(json, "kind", sink->notifier->name);
	put_place(json, sink->url);
	put_told(json, sinks_told_of(&a->told, sink->name));
	put_routes(json, a->rules.tell, 1ULL << i);
	buf_char(json, '}');
}

void alerting_sinks_json(const struct alerting *a, struct buf *json)
{
	char detail[GUARD_TEXT_MAX] = "nobody is to be told, or only a program";
	bool holds = a->sending == NULL || sending_describe(a->sending, detail);
	const struct spool_counts counts = a->sending != NULL
						   ? sending_counts(a->sending)
						   : (struct spool_counts){ 0 };
	buf_text(json, "{\"sinks\":[");
	for (size_t i = 0; i < a->rules.tell->sink_count; i++)
		put_sink(a, i, json);
	buf_printf(json, "],\"sender\":{\"holds\":%s", holds ? "true" : "false");
	put_text(json, "detail", detail);
	buf_printf(json, ",\"waiting\":%u,\"dropped\":%" PRIu64 "}}",
		   counts.waiting + a->untaken, counts.dropped);
}

/* ---- a report ---- */

/* The same report is the same message, but for who asks for it again. */
static uint64_t report_id(const struct reporting_mail *mail)
{
	struct buf text = { 0 };
	buf_printf(&text, "report %s %s", mail->key, mail->sink);
	if (mail->is_asked)
		buf_printf(&text, " %" PRId64, mail->at_us);
	uint64_t id = hash_sum(text.at, text.len);
	buf_free(&text);
	return id != 0 ? id : 1;
}

static enum reporting_mailed mail_state(const struct sending *sending, uint64_t id,
					const char **why)
{
	if (sending_waits(sending, id))
		return REPORTING_MAIL_TOLD;
	if (!sending_was_refused(sending, id))
		return REPORTING_MAILED;
	*why = "the process that tells people could not keep it";
	return REPORTING_MAIL_REFUSED;
}

enum reporting_mailed alerting_mail_report(struct alerting *a,
					   const struct reporting_mail *mail,
					   const char **why)
{
	const struct sink *sink = alerting_sink_of(a, mail->sink);
	const struct notice_report report = { .title = mail->title,
					      .text = mail->text,
					      .folder = a->reports,
					      .files = mail->files,
					      .file_count = mail->file_count };
	const struct notice notice = { .id = report_id(mail),
				       .reason = "report",
				       .key = mail->key,
				       .host = a->host,
				       .link = "",
				       .at_us = mail->at_us,
				       .report = &report };
	if (sink == NULL || !sink->notifier->takes_reports)
		*why = "no sink of that name is mail";
	else if (a->sending == NULL)
		*why = "nobody was to be told when the daemon began; restart it";
	else if (mail->is_told)
		return mail_state(a->sending, notice.id, why);
	else
		return sending_tell(a->sending, mail->sink, &notice)
			       ? REPORTING_MAIL_TOLD
			       : REPORTING_MAIL_LATER;
	return REPORTING_MAIL_NEVER;
}

/* ---- a test ---- */

static bool send_test(struct alerting *a, const char *sink, const char *key,
		      int64_t now_us)
{
	struct incident_record incident;
	notify_test_incident(&incident, now_us);
	const struct notice notice = { .id = (uint64_t)now_us,
				       .reason = "test",
				       .key = key,
				       .host = a->host,
				       .link = a->link,
				       .at_us = now_us,
				       .incidents = &incident,
				       .count = 1 };
	return sending_tell(a->sending, sink, &notice);
}

bool alerting_test_sink(struct alerting *a, const char *sink, web_probe_answer answer,
			void *to, const char **why)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct sink *known = alerting_sink_of(a, sink);
	struct sink_test test = { .end_us = now_us + SINK_TEST_MAX_S * 1000000LL,
				  .answer = answer,
				  .to = to };
	record_text(test.sink, sizeof(test.sink), sink);
	snprintf(test.key, sizeof(test.key), "test-%" PRId64, now_us);
	*why = NULL;
	if (known == NULL)
		*why = "no sink has that name; /api/v1/sinks has all of them";
	else if (strcmp(known->notifier->name, "program") == 0)
		*why = "a program is tried by `breakwater notify test`, which sees it "
		       "end";
	else if (a->sending == NULL)
		*why = "nobody was to be told when the daemon began; restart it";
	else if (!sinks_told_wait(&a->told, &test))
		*why = "busy: too many tests at a time; try again";
	if (*why != NULL)
		return false;
	if (send_test(a, sink, test.key, now_us))
		return true;
	sinks_told_forget(&a->told, test.key);
	*why = "the process that tells people can't take it now; "
	       "`breakwater status` says why";
	return false;
}
