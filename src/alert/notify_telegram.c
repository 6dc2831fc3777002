/*
 * notify_telegram.c: Telegram's Bot API, sendMessage.
 *
 * The title is bold: HTML, in which all else is escaped.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

enum { TEXT_MAX = 3000 /* of 4096 characters after entities are read */ };

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	const char *api = sink_option(sink, "api");
	struct buf plain = { 0 }, text = { 0 };
	struct buf *body = &request->body;
	if (!sink_secret(sink, "token_file", &request->secret, error))
		return false;
	buf_text(&request->url, api != NULL ? api : "https://api.telegram.org");
	buf_printf(&request->url, "/bot%s/sendMessage", buf_cstr(&request->secret));
	notice_title(notice, &plain);
	buf_text(&text, "<b>");
	escape_html(&text, buf_cstr(&plain));
	buf_text(&text, "</b>\n");
	buf_clear(&plain);
	notice_text(notice, TEXT_MAX, &plain);
	escape_html(&text, buf_cstr(&plain));
	body_string(body, "{\"chat_id\":", sink_option(sink, "chat"));
	body_string(body, ",\"text\":", buf_cstr(&text));
	buf_text(body, ",\"parse_mode\":\"HTML\",\"link_preview_options\":"
		       "{\"is_disabled\":true}}");
	buf_free(&plain);
	buf_free(&text);
	return true;
}

static const struct notifier_option options[] = {
	{ "chat", SINK_TEXT, true, "Number of the chat, or @channel." },
	{ "token_file", SINK_SECRET, true, "File with the bot's token." },
	{ "api", SINK_TEXT, false,
	  "URL of a Bot API server, if it is another than https://api.telegram.org." },
	HTTP_OPTIONS
};

const struct notifier notifier_telegram = {
	.name = "telegram",
	.schemes = "telegram",
	.doc = "Telegram, by a bot.",
	.options = options,
	.request = fill,
};
