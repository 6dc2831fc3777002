/*
 * notify_pagerduty.c: PagerDuty's Events API v2.
 *
 * All about one incident has one dedup_key: it is triggered once, acknowledged here
 * when somebody did so with us, and resolved.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

enum {
	SUMMARY_MAX = 1024, /* characters; longer ones are cut by PagerDuty */
	TEXT_MAX = 16000,   /* of 512 KB in all */
};

/* PagerDuty has four. */
static const char *const severities[SEVERITIES] = { "info", "warning", "warning",
						    "error", "critical" };

static bool is_acknowledged(const struct notice *notice)
{
	for (size_t i = 0; i < notice->count; i++)
		if (notice->incidents[i].acknowledged == UNKNOWN_TIME)
			return false;
	return true;
}

static const char *action_of(const struct notice *notice)
{
	if (notice_is_over(notice))
		return "resolve";
	return is_acknowledged(notice) ? "acknowledge" : "trigger";
}

/* What only a trigger needs. */
static void add_payload(struct buf *body, const struct notice *notice)
{
	const struct incident_record *first = &notice->incidents[0];
	struct buf title = { 0 }, text = { 0 };
	notice_title(notice, &title);
	notice_cut(&title, SUMMARY_MAX);
	notice_text(notice, TEXT_MAX, &text);
	body_string(body, ",\"payload\":{\"summary\":", buf_cstr(&title));
	body_string(body, ",\"source\":", notice->host);
	body_string(body, ",\"severity\":", severities[notice_severity(notice)]);
	buf_text(body, ",\"timestamp\":\"");
	notice_time(first->first != UNKNOWN_TIME ? first->first : notice->at_us, body);
	body_string(body, "\",\"component\":", first->target);
	body_string(body, ",\"class\":", first->rule);
	body_string(body, ",\"custom_details\":{\"text\":", buf_cstr(&text));
	buf_text(body, "}}");
	if (notice->link[0] != '\0') {
		body_string(body, ",\"links\":[{\"href\":", notice->link);
		buf_text(body, ",\"text\":\"Breakwater\"}]");
	}
	buf_free(&title);
	buf_free(&text);
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	const char *action = action_of(notice);
	const char *server = strstr(sink->url, "://");
	struct buf *body = &request->body;
	if (!sink_secret(sink, "routing_key_file", &request->secret, error))
		return false;
	if (sink_option(sink, "api") != NULL)
		buf_text(&request->url, sink_option(sink, "api"));
	else if (server != NULL)
		http_url_of_server(request, sink, "https", "/v2/enqueue");
	else
		buf_text(&request->url, "https://events.pagerduty.com/v2/enqueue");
	body_string(body, "{\"routing_key\":", buf_cstr(&request->secret));
	body_string(body, ",\"event_action\":", action);
	body_string(body, ",\"dedup_key\":", notice->key);
	body_string(body, ",\"client\":", "Breakwater");
	if (strcmp(action, "trigger") == 0)
		add_payload(body, notice);
	buf_char(body, '}');
	return true;
}

static const struct notifier_option options[] = {
	{ "routing_key_file", SINK_SECRET, true,
	  "File with the integration key of the service, \"Events API V2\"." },
	{ "api", SINK_TEXT, false,
	  "URL of the API, if it is another than https://SERVER/v2/enqueue." },
	HTTP_OPTIONS
};

const struct notifier notifier_pagerduty = {
	.name = "pagerduty",
	.schemes = "pagerduty",
	.doc = "PagerDuty, Events API v2: pagerduty: or "
	       "pagerduty://events.eu.pagerduty.com.",
	.is_by_key = true,
	.options = options,
	.request = fill,
};
