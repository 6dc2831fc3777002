/*
 * notify_webhook.c: a POST to any URL: our own JSON (docs/alerts.md), or what a
 * person's template says.
 */
#include <errno.h>
#include <string.h>

#include "alert/http.h"
#include "alert/notice.h"
#include "alert/notice_json.h"
#include "alert/template.h"
#include "base/file.h"

enum { TEMPLATE_MAX = 65536 };

static bool fill_template(const struct sink *sink, const struct notice *notice,
			  struct http_request *request, struct buf *error)
{
	char path[SINK_PATH_MAX];
	struct buf text = { 0 };
	int status = sink_path(sink, "template", path)
			     ? file_read(path, TEMPLATE_MAX, &text)
			     : -ENOENT;
	bool is_good = status == 0 && buf_cstr(&text) != NULL;
	if (!is_good)
		buf_printf(error, "template: %s",
			   strerror(status == 0 ? ENOMEM : -status));
	is_good = is_good && template_fill(buf_cstr(&text), request->type, notice,
					   &request->body, error);
	buf_free(&text);
	return is_good;
}

static bool check(const struct sink *sink, struct buf *message)
{
	bool has_file = sink_option(sink, "url_file") != NULL;
	bool is_named = strncmp(sink->url, "webhook:", 8) == 0;
	if (is_named != has_file) {
		buf_text(message, "allowed are https://..., http://..., or webhook: "
				  "with url_file");
		return false;
	}
	if (has_file && sink_option(sink, "token_file") != NULL) {
		buf_text(message, "either url_file or token_file is allowed");
		return false;
	}
	return http_check_login(sink, message);
}

static bool fill(const struct sink *sink, const struct notice *notice,
		 struct http_request *request, struct buf *error)
{
	const char *type = sink_option(sink, "type");
	bool has_file = sink_option(sink, "url_file") != NULL;
	request->type = type != NULL ? type : request->type;
	if (has_file ? !http_url_of_file(request, sink, error)
		     : !http_login(request, sink, error))
		return false;
	if (!has_file)
		buf_text(&request->url, sink->url);
	/* Who is told twice, as an answer was lost, can know it. */
	buf_printf(&request->headers, "Idempotency-Key: %016llx\n",
		   (unsigned long long)notice->id);
	if (sink_option(sink, "template") != NULL)
		return fill_template(sink, notice, request, error);
	notice_json(notice, &request->body);
	return true;
}

static const struct notifier_option options[] = {
	{ "url_file", SINK_SECRET, false,
	  "File with the URL, if it is a secret; the sink is then \"webhook:\"." },
	{ "template", SINK_READ, false, "File with the words of the body." },
	{ "type", SINK_TEXT, false,
	  "Content-Type of the template, which decides how values are escaped; "
	  "application/json if not given." },
	HTTP_LOGIN_OPTIONS,
	HTTP_OPTIONS
};

const struct notifier notifier_webhook = {
	.name = "webhook",
	.schemes = "https http webhook",
	.doc = "A POST to a URL, with a notice as JSON, or as a template says.",
	.options = options,
	.check = check,
	.request = fill,
};
