/*
 * http_judge.c: whether an answer is the right one, or why there is none.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/http.h"
#include "protocol/line.h"

__attribute__((format(printf, 3, 4))) static enum reason
say(char detail[ASK_DETAIL_MAX], enum reason reason, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, ASK_DETAIL_MAX, format, arguments);
	va_end(arguments);
	return reason;
}

const char *http_version_text(long version)
{
	switch (version) {
	case CURL_HTTP_VERSION_1_0:
		return "HTTP/1.0";
	case CURL_HTTP_VERSION_1_1:
		return "HTTP/1.1";
	case CURL_HTTP_VERSION_2_0:
		return "HTTP/2";
	default:
		return "";
	}
}

struct bytes http_header(struct bytes head, const char *name, size_t name_len)
{
	struct bytes line;
	while (line_take(&head, &line))
		if (line.len > name_len && line.at[name_len] == ':' &&
		    strncasecmp((const char *)line.at, name, name_len) == 0) {
			bytes_take(&line, name_len + 1);
			return line_trim(line);
		}
	return bytes_of("", 0);
}

static bool leads_on(const struct http_answer *a)
{
	return a->status >= 300 && a->status < 400;
}

/* ---- no answer ---- */

/* OpenSSL's words, without the numbers and places before them; NULL: none. */
static const char *tls_words(const char *said)
{
	static const char before[] = "routines::";
	const char *words = strstr(said, before);
	return words != NULL ? words + strlen(before) : NULL;
}

static enum reason judge_no_tls(const struct http_answer *a,
				char detail[ASK_DETAIL_MAX])
{
	const char *words = tls_words(a->said);
	if (words != NULL)
		return say(detail, REASON_tls_failed, "TLS: %s", words);
	return say(detail, REASON_tls_failed, "%s during the TLS handshake",
		   a->is_reset ? "reset" : "closed");
}

/* The connection ended, or an alert of TLS did that: of TLS 1.3, also one that is about
 * the handshake. */
static enum reason judge_cut(const struct http_answer *a, char detail[ASK_DETAIL_MAX])
{
	const char *words = tls_words(a->said);
	if (a->proxy_status != 0 && !a->was_asked)
		return say(detail, REASON_error, "the proxy's answer to CONNECT is %ld",
			   a->proxy_status);
	if (!a->was_asked)
		return judge_no_tls(a, detail);
	if (words != NULL)
		return say(detail, REASON_tls_failed, "TLS: %s", words);
	if (a->is_reset)
		return say(detail, REASON_reset,
			   "the connection was established, then reset");
	return say(detail, REASON_closed, "the server closed %s",
		   a->has_answer ? "in the middle of its answer" : "without a word");
}

static enum reason judge_stream(const struct http_answer *a,
				char detail[ASK_DETAIL_MAX])
{
	/* RFC 9113 7: this client, or all of them, are too many. */
	bool is_too_much = strstr(a->said, "ENHANCE_YOUR_CALM") != NULL ||
			   strstr(a->said, "REFUSED_STREAM") != NULL;
	return say(detail, is_too_much ? REASON_overloaded : REASON_error, "%s",
		   a->said);
}

static enum reason judge_too_much(const struct http_answer *a,
				  char detail[ASK_DETAIL_MAX])
{
	/* libcurl's word for a line of a header that does not end, too. */
	return a->was_asked
		       ? say(detail, REASON_wrong_protocol, "its header does not end")
		       : say(detail, REASON_no_descriptors,
			     "there is not enough memory");
}

static enum reason judge_failure(const struct http_answer *a,
				 char detail[ASK_DETAIL_MAX])
{
	const char *said = a->said[0] != '\0' ? a->said : curl_easy_strerror(a->code);
	switch (a->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return say(detail, REASON_name_unknown, "%s", said);
	case CURLE_COULDNT_CONNECT:
		return say(detail, REASON_unreachable, "%s", said);
	case CURLE_SSL_CONNECT_ERROR:
		return judge_no_tls(a, detail);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return judge_cut(a, detail);
	case CURLE_HTTP2_STREAM:
		return judge_stream(a, detail);
	case CURLE_TOO_MANY_REDIRECTS:
		return say(detail, REASON_wrong_answer, "%s", said);
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* HTTP/0.9, which is any text, or a redirect out of the web. */
		return say(detail,
			   a->has_answer && leads_on(a) ? REASON_wrong_answer
							: REASON_wrong_protocol,
			   "%s", said);
	case CURLE_WRITE_ERROR:
	case CURLE_OUT_OF_MEMORY:
		return judge_too_much(a, detail);
	case CURLE_PROXY:
		return say(detail, REASON_error, "the proxy: %s", said);
	default:
		return say(detail, REASON_wrong_protocol, "%s", said);
	}
}

/* ---- an answer ---- */

/* "404 Not Found": HTTP/2 has no words. */
static const char *status_words(const struct http_answer *a, char *words, size_t size)
{
	struct bytes head = a->head, line;
	snprintf(words, size, "%ld", a->status);
	if (!line_take(&head, &line))
		return words;
	line_word(&line);
	return ask_quote(words, size, line_trim(line));
}

static bool is_wanted(const struct http_wanted *w, long status)
{
	if (w->status_count == 0)
		return status >= 200 && status < 300;
	for (size_t i = 0; i < w->status_count; i++)
		if (status >= w->statuses[i].first && status <= w->statuses[i].last)
			return true;
	return false;
}

static enum reason reason_of(const struct http_wanted *w, const struct http_answer *a)
{
	bool is_later = http_header(a->head, "Retry-After", 11).len > 0;
	if (a->status == 429 || (a->status == 503 && is_later))
		return REASON_overloaded;
	if (a->status >= 500)
		return REASON_error;
	if (w->has_login && (a->status == 401 || a->status == 403))
		return REASON_login_failed;
	return REASON_wrong_answer;
}

static enum reason judge_status(const struct http_wanted *w,
				const struct http_answer *a,
				char detail[ASK_DETAIL_MAX])
{
	char words[64], place[96] = "";
	if (is_wanted(w, a->status))
		return REASON_NONE;
	if (leads_on(a))
		ask_quote(place, sizeof(place), http_header(a->head, "Location", 8));
	return say(detail, reason_of(w, a), "the answer is \"%s\"%s%s",
		   status_words(a, words, sizeof(words)),
		   place[0] != '\0' ? ", which leads to " : "", place);
}

static enum reason judge_check(const struct http_check *c, const struct http_answer *a,
			       char detail[ASK_DETAIL_MAX])
{
	char name[64] = "the body", value[80] = "";
	struct bytes text = a->body;
	if (c->header != NULL) {
		text = http_header(a->head, c->header, c->header_len);
		snprintf(name, sizeof(name), "the header %.*s", (int)c->header_len,
			 c->header);
		ask_quote(value, sizeof(value), text);
	}
	enum expression_fit fit = expression_fit(c->expression, text);
	/* What is not there is not wrong, nor right. */
	if (c->header != NULL && text.len == 0)
		fit = EXPRESSION_FITS_NOT;
	if (fit == EXPRESSION_GAVE_UP)
		return say(detail, REASON_wrong_answer,
			   "%s is too much for the expression \"%.64s\"", name,
			   c->text);
	if ((fit == EXPRESSION_FITS) != c->is_not)
		return REASON_NONE;
	return say(detail, REASON_wrong_answer, "%s %s \"%.64s\"%s%s", name,
		   c->is_not ? "has" : "has no", c->text, value[0] != '\0' ? ": " : "",
		   value);
}

bool http_has_encoding(const struct http_answer *a, const char *encoding)
{
	struct bytes has = http_header(a->head, "Content-Encoding", 16);
	return has.len == strlen(encoding) &&
	       strncasecmp((const char *)has.at, encoding, has.len) == 0;
}

static enum reason judge_encoding(const struct http_wanted *w,
				  const struct http_answer *a,
				  char detail[ASK_DETAIL_MAX])
{
	if (w->encoding == NULL || http_has_encoding(a, w->encoding))
		return REASON_NONE;
	return say(detail, REASON_wrong_answer, "the body is not encoded as %s",
		   w->encoding);
}

static enum reason judge_version(const struct http_wanted *w,
				 const struct http_answer *a,
				 char detail[ASK_DETAIL_MAX])
{
	if (w->version == CURL_HTTP_VERSION_NONE || w->version == a->version)
		return REASON_NONE;
	return say(detail, REASON_wrong_answer, "the answer is %s, wanted is %s",
		   http_version_text(a->version), http_version_text(w->version));
}

enum reason http_judge(const struct http_wanted *w, const struct http_answer *a,
		       char detail[ASK_DETAIL_MAX])
{
	detail[0] = '\0';
	bool is_whole =
		a->code == CURLE_OK || (a->code == CURLE_WRITE_ERROR && a->has_enough);
	if (!is_whole)
		return judge_failure(a, detail);
	enum reason reason = judge_status(w, a, detail);
	if (reason == REASON_NONE)
		reason = judge_encoding(w, a, detail);
	if (reason == REASON_NONE)
		reason = judge_version(w, a, detail);
	for (size_t i = 0; i < w->check_count && reason == REASON_NONE; i++)
		reason = judge_check(&w->checks[i], a, detail);
	return reason;
}
