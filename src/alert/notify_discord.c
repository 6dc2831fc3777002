/*
 * notify_discord.c: Discord's webhooks ("Execute Webhook" of its API).
 *
 * An embed is Markdown: what strangers said must not become a link.  allowed_mentions
 * is empty, so that nobody is called by it.
 */
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"

enum {
	TITLE_MAX = 120, /* of 256 characters, each of which may be escaped */
	TEXT_MAX = 2000, /* of 4096 */
};

/* The colour of a message by its gravity: what a status page would take. */
static const uint32_t colours[SEVERITIES] = { 0x8c8c8c, 0x2f81f7, 0xd29922, 0xe5701e,
					      0xcf222e };
static const uint32_t green = 0x2da44e;

static void escape(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\*_~`|>#[]()<-:@", *text) != NULL)
			buf_char(out, '\\');
		buf_char(out, *text);
	}
}

/* A string of JSON, of Markdown that means only its text. */
static void add(struct buf *body, const char *before, struct buf *text)
{
	struct buf escaped = { 0 };
	escape(&escaped, buf_cstr(text));
	body_string(body, before, buf_cstr(&escaped));
	buf_free(&escaped);
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	struct buf title = { 0 }, text = { 0 };
	struct buf *body = &request->body;
	if (!http_url_of_file(request, sink, error))
		return false;
	notice_title(notice, &title);
	notice_cut(&title, TITLE_MAX);
	notice_text(notice, TEXT_MAX, &text);
	notice_cut(&text, TEXT_MAX);
	add(body, "{\"embeds\":[{\"title\":", &title);
	add(body, ",\"description\":", &text);
	buf_printf(body, ",\"color\":%u}],\"allowed_mentions\":{\"parse\":[]}}",
		   notice_is_over(notice) ? green : colours[notice_severity(notice)]);
	buf_free(&title);
	buf_free(&text);
	return true;
}

static const struct notifier_option options[] = { HTTP_URL_OPTION, HTTP_OPTIONS };

const struct notifier notifier_discord = {
	.name = "discord",
	.schemes = "discord",
	.doc = "Discord, by a webhook of a channel.",
	.options = options,
	.request = fill,
};
