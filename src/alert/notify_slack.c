/*
 * notify_slack.c: Slack's incoming webhooks (docs.slack.dev, "Sending messages using
 * incoming webhooks").
 *
 * The text of the blocks is plain_text, in which nothing is a link or calls anybody;
 * "text" is what a phone shows, where three characters are to be escaped.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

enum {
	TEXT_MAX = 2900,  /* of 3000 characters that a section may have */
	HEADER_MAX = 150, /* characters of a header; longer ones are refused */
};

/* Slack's own: "&", "<" and ">", and no quotes. */
static void escape(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '&')
			buf_text(out, "&amp;");
		else if (*text == '<')
			buf_text(out, "&lt;");
		else if (*text == '>')
			buf_text(out, "&gt;");
		else
			buf_char(out, *text);
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	struct buf title = { 0 }, escaped = { 0 }, text = { 0 };
	struct buf *body = &request->body;
	if (!http_url_of_file(request, sink, error))
		return false;
	notice_title(notice, &title);
	notice_text(notice, TEXT_MAX, &text);
	escape(&escaped, buf_cstr(&title));
	body_string(body, "{\"text\":", buf_cstr(&escaped));
	notice_cut(&title, HEADER_MAX);
	body_string(body,
		    ",\"blocks\":[{\"type\":\"header\",\"text\":"
		    "{\"type\":\"plain_text\",\"text\":",
		    buf_cstr(&title));
	body_string(body,
		    "}},{\"type\":\"section\",\"text\":"
		    "{\"type\":\"plain_text\",\"text\":",
		    buf_cstr(&text));
	buf_text(body, "}}]}");
	buf_free(&title);
	buf_free(&escaped);
	buf_free(&text);
	return true;
}

static const struct notifier_option options[] = { HTTP_URL_OPTION, HTTP_OPTIONS };

const struct notifier notifier_slack = {
	.name = "slack",
	.schemes = "slack",
	.doc = "Slack, by an incoming webhook.",
	.options = options,
	.request = fill,
};
