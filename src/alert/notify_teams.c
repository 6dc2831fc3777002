/*
 * notify_teams.c: Microsoft Teams, by a workflow "when a Teams webhook request is
 * received", which takes an Adaptive Card (adaptivecards.io, 1.4).
 *
 * TextBlock and FactSet are Markdown; a RichTextBlock's runs are plain text, so that is
 * what strangers' words are in.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

enum { TEXT_MAX = 12000 /* of 28 KB that a message may have in all */ };

static const char *colour_of(const struct notice *notice)
{
	if (notice_is_over(notice))
		return "good";
	return notice_severity(notice) >= SEVERITY_HIGH ? "attention" : "warning";
}

static void add_block(struct buf *body, const char *text, const char *more)
{
	body_string(body,
		    "{\"type\":\"RichTextBlock\",\"inlines\":"
		    "[{\"type\":\"TextRun\",\"text\":",
		    text);
	buf_printf(body, "%s}]}", more);
}

/* A button, if there is somewhere to go. */
static void add_action(struct buf *body, const struct notice *notice)
{
	if (notice->link[0] == '\0')
		return;
	body_string(body,
		    ",\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":"
		    "\"Breakwater\",\"url\":",
		    notice->link);
	buf_text(body, "}]");
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	struct buf title = { 0 }, text = { 0 }, look = { 0 };
	struct buf *body = &request->body;
	if (!http_url_of_file(request, sink, error))
		return false;
	notice_title(notice, &title);
	notice_text(notice, TEXT_MAX, &text);
	buf_printf(&look, ",\"weight\":\"bolder\",\"size\":\"medium\",\"color\":\"%s\"",
		   colour_of(notice));
	buf_text(body, "{\"type\":\"message\",\"attachments\":[{\"contentType\":"
		       "\"application/vnd.microsoft.card.adaptive\","
		       "\"contentUrl\":null,\"content\":{\"$schema\":"
		       "\"http://adaptivecards.io/schemas/adaptive-card.json\","
		       "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":[");
	add_block(body, buf_cstr(&title), buf_cstr(&look));
	buf_char(body, ',');
	add_block(body, buf_cstr(&text), "");
	buf_char(body, ']');
	add_action(body, notice);
	buf_text(body, "}}]}");
	buf_free(&title);
	buf_free(&text);
	buf_free(&look);
	return true;
}

static const struct notifier_option options[] = { HTTP_URL_OPTION, HTTP_OPTIONS };

const struct notifier notifier_teams = {
	.name = "teams",
	.schemes = "teams",
	.doc = "Microsoft Teams, by a workflow that takes a webhook's Adaptive Card.",
	.options = options,
	.request = fill,
};
