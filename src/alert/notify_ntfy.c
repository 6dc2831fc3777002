/*
 * notify_ntfy.c: ntfy (docs.ntfy.sh, "Publish as JSON"): no text of ours is a header,
 * and the message is no Markdown.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

enum { TEXT_MAX = 3500 /* of 4096 bytes; longer ones become a file */ };

static const char *topic_of(const struct sink *sink)
{
	const char *server = strstr(sink->url, "://");
	const char *path = server != NULL ? strchr(server + 3, '/') : NULL;
	return path != NULL ? path + 1 : "";
}

/* 5 rings, 3 is usual. */
static int priority_of(const struct notice *notice)
{
	static const int of[SEVERITIES] = { 2, 3, 3, 4, 5 };
	return notice_is_over(notice) ? 3 : of[notice_severity(notice)];
}

static bool check(const struct sink *sink, struct buf *message)
{
	const char *topic = topic_of(sink);
	if (topic[0] == '\0' || strchr(topic, '/') != NULL) {
		buf_text(message, "a topic is needed: ntfy://ntfy.sh/TOPIC");
		return false;
	}
	return http_check_login(sink, message);
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	bool is_plain = strncmp(sink->url, "ntfy+http:", 10) == 0;
	struct buf title = { 0 }, text = { 0 };
	struct buf *body = &request->body;
	if (!http_login(request, sink, error))
		return false;
	http_url_of_server(request, sink, is_plain ? "http" : "https", "/");
	notice_title(notice, &title);
	notice_text(notice, TEXT_MAX, &text);
	body_string(body, "{\"topic\":", topic_of(sink));
	body_string(body, ",\"title\":", buf_cstr(&title));
	body_string(body, ",\"message\":", buf_cstr(&text));
	buf_printf(body, ",\"priority\":%d", priority_of(notice));
	body_string(body, ",\"tags\":[",
		    notice_is_over(notice) ? "white_check_mark" : "rotating_light");
	buf_char(body, ']');
	if (notice->link[0] != '\0')
		body_string(body, ",\"click\":", notice->link);
	buf_char(body, '}');
	buf_free(&title);
	buf_free(&text);
	return true;
}

static const struct notifier_option options[] = { HTTP_LOGIN_OPTIONS, HTTP_OPTIONS };

const struct notifier notifier_ntfy = {
	.name = "ntfy",
	.schemes = "ntfy ntfy+http",
	.doc = "ntfy, by HTTPS: ntfy://ntfy.sh/TOPIC; ntfy+http:// without TLS.",
	.options = options,
	.check = check,
	.request = fill,
};
