/*
 * http.c: see http.h.
 */
#include "alert/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "alert/notice.h"
#include "base/base64.h"

enum {
	SAID_MAX = 160,   /* of what the other side says, its begin */
	LOGIN_MAX = 1024, /* a user and a password */
	CONNECT_S = 10,
	SECRET_LEAST = 6, /* shorter parts, such as "https", stand in every text */
};

void http_request_free(struct http_request *request)
{
	/* Each may hold it: the URL, a header, PagerDuty's body. */
	secret_free(&request->url);
	secret_free(&request->headers);
	secret_free(&request->body);
	secret_free(&request->secret);
}

void body_string(struct buf *out, const char *before, const char *text)
{
	buf_text(out, before);
	buf_char(out, '"');
	buf_json_text(out, text != NULL ? text : "");
	buf_char(out, '"');
}

/* ---- where to ---- */

bool http_url_of_file(struct http_request *request, const struct sink *sink,
		      struct buf *error)
{
	if (!sink_secret(sink, "url_file", &request->secret, error))
		return false;
	const char *url = buf_cstr(&request->secret);
	if (url != NULL &&
	    (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0)) {
		buf_text(&request->url, url);
		return true;
	}
	buf_text(error, "url_file: a URL is needed, https://...");
	return false;
}

void http_url_of_server(struct http_request *request, const struct sink *sink,
			const char *scheme, const char *path)
{
	const char *server = strstr(sink->url, "://");
	server = server != NULL ? server + 3 : "";
	buf_printf(&request->url, "%s://", scheme);
	buf_add(&request->url, server, strcspn(server, "/"));
	buf_text(&request->url, path);
}

/* ---- who sends ---- */

bool http_check_login(const struct sink *sink, struct buf *message)
{
	bool has_user = sink_option(sink, "user") != NULL;
	bool has_password = sink_option(sink, "password_file") != NULL;
	if (has_user != has_password)
		buf_text(message, "user and password_file are needed together");
	else if (has_user && sink_option(sink, "token_file") != NULL)
		buf_text(message, "either user and password_file are allowed, or "
				  "token_file");
	else
		return true;
	return false;
}

/* RFC 7617 2. */
static bool add_basic(struct http_request *request, const char *user)
{
	struct buf both = { 0 };
	char encoded[BASE64_LEN(LOGIN_MAX) + 1];
	buf_printf(&both, "%s:%s", user, buf_cstr(&request->secret));
	bool fits = buf_ok(&both) && both.len <= LOGIN_MAX;
	if (fits) {
		base64_encode(bytes_of(both.at, both.len), encoded);
		buf_printf(&request->headers, "Authorization: Basic %s\n", encoded);
		explicit_bzero(encoded, sizeof(encoded));
	}
	secret_free(&both);
	return fits;
}

bool http_login(struct http_request *request, const struct sink *sink,
		struct buf *error)
{
	const char *user = sink_option(sink, "user");
	const char *option = user != NULL ? "password_file" : "token_file";
	if (sink_option(sink, option) == NULL)
		return true;
	if (!sink_secret(sink, option, &request->secret, error))
		return false;
	if (user == NULL) {
		buf_printf(&request->headers, "Authorization: Bearer %s\n",
			   buf_cstr(&request->secret));
		return true;
	}
	bool fits = add_basic(request, user);
	if (!fits)
		buf_text(error, "password_file: the password is too long");
	return fits;
}

/* ---- sending ---- */

enum notify_outcome http_outcome(long status)
{
	/* Who mends a token, or an address, wants to be told what was missed. */
	static const long may_be_mended[] = { 401, 403, 404, 407, 408, 421, 425, 429 };
	if (status / 100 == 2)
		return NOTIFY_SENT;
	for (size_t i = 0; i < sizeof(may_be_mended) / sizeof(may_be_mended[0]); i++)
		if (status == may_be_mended[i])
			return NOTIFY_LATER;
	return status / 100 == 4 || status / 100 == 3 ? NOTIFY_NEVER : NOTIFY_LATER;
}

/* It, or a part of it: who says the path of a URL says all that was secret. */
static bool tells_secret(const char *said, const struct buf *secret)
{
	static const char between[] = "/?&=:@";
	const char *at = secret->len > 0 ? secret->at : "";
	const char *end = at + secret->len;
	while (at < end) {
		size_t len = 0;
		while (at + len < end && strchr(between, at[len]) == NULL)
			len++;
		if (len >= SECRET_LEAST && memmem(said, strlen(said), at, len) != NULL)
			return true;
		at += len + 1;
	}
	return false;
}

void http_complaint(const struct http_request *request, long status, const char *said,
		    struct buf *error)
{
	buf_printf(error, "answers %ld", status);
	if (said[0] == '\0' || tells_secret(said, &request->secret))
		return;
	buf_text(error, ": ");
	escape_line(error, said);
}

/* What is said beyond that is read, and left out. */
static size_t take_answer(char *at, size_t one, size_t count, void *self)
{
	struct buf *said = self;
	size_t len = one * count;
	size_t room = said->len < SAID_MAX ? SAID_MAX - said->len : 0;
	buf_add(said, at, len < room ? len : room);
	return len;
}

static struct curl_slist *headers_of(const struct http_request *request)
{
	struct buf line = { 0 };
	/* An answer "100 Continue" is not waited for. */
	struct curl_slist *all = curl_slist_append(NULL, "Expect:");
	buf_printf(&line, "Content-Type: %s", request->type);
	all = curl_slist_append(all, buf_cstr(&line));
	const char *at = request->headers.len > 0 ? request->headers.at : "";
	const char *end = at + request->headers.len;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		buf_clear(&line);
		buf_add(&line, at, (size_t)(stop - at));
		all = curl_slist_append(all, buf_cstr(&line));
		at = stop + 1;
	}
	secret_free(&line);
	return all;
}

void http_trust(void *easy, const struct sink *sink)
{
	char path[SINK_PATH_MAX];
	if (sink_path(sink, "ca", path))
		curl_easy_setopt(easy, CURLOPT_CAINFO, path);
}

static void prepare(CURL *easy, const struct sink *sink)
{
	const char *proxy = sink_option(sink, "proxy");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)NOTIFY_TIMEOUT_S);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "breakwater/" BREAKWATER_VERSION);
	/* Nothing of the environment: what is not configured is not done. */
	curl_easy_setopt(easy, CURLOPT_PROXY, proxy != NULL ? proxy : "");
	http_trust(easy, sink);
}

/* RFC 9110 10.2.3: seconds, or a date. */
static int64_t asked_wait_s(CURL *easy)
{
	curl_off_t wait_s = 0;
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait_s);
	return wait_s;
}

enum notify_outcome http_send(struct sink *sink, const struct http_request *request,
			      struct buf *error)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *headers = headers_of(request);
	struct buf url = { 0 }, said = { 0 };
	long status = 0;
	buf_add(&url, request->url.at, request->url.len);
	if (easy == NULL || headers == NULL || buf_cstr(&url) == NULL) {
		buf_text(error, "no memory");
		goto fail;
	}
	prepare(easy, sink);
	curl_easy_setopt(easy, CURLOPT_URL, buf_cstr(&url));
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)request->body.len);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.at);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &said);
	CURLcode code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	sink->wait_s = asked_wait_s(easy);
	if (code != CURLE_OK)
		buf_text(error, curl_easy_strerror(code));
	else if (http_outcome(status) != NOTIFY_SENT)
		http_complaint(request, status, said.len > 0 ? buf_cstr(&said) : "",
			       error);
	status = code != CURLE_OK ? 0 : status;
fail:
	curl_slist_free_all(headers);
	curl_easy_cleanup(easy);
	secret_free(&url);
	buf_free(&said);
	return http_outcome(status);
}

enum notify_outcome notifier_send(struct sink *sink, const struct notice *notice,
				  struct buf *error)
{
	struct http_request request = { .type = "application/json" };
	enum notify_outcome outcome = NOTIFY_LATER;
	sink->wait_s = 0;
	if (notice->report != NULL && !sink->notifier->takes_reports) {
		buf_text(error, "reports are only mailed, to smtp:// or smtps://");
		return NOTIFY_NEVER;
	}
	if (sink->notifier->request == NULL)
		return sink->notifier->send(sink, notice, error);
	if (sink->notifier->request(sink, notice, &request, error))
		outcome = http_send(sink, &request, error);
	http_request_free(&request);
	return outcome;
}
