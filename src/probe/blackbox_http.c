/*
 * blackbox_http.c: see blackbox_http.h.
 */
#include "probe/blackbox_http.h"

#include <stdio.h>
#include <string.h>

#include "probe/blackbox_metric.h"
#include "probe/http.h"

enum { URL_MAX = 2 * TARGET_TEXT_MAX };

/* ---- what is sent ---- */

static void add_field(struct http_wanted *w, const char *name, const char *value)
{
	struct buf line = { 0 };
	/* Of an empty value libcurl sends the name only if this sign is a semicolon. */
	buf_printf(&line, value[0] != '\0' ? "%s: %s" : "%s;", name, value);
	if (buf_cstr(&line) != NULL)
		w->fields = curl_slist_append(w->fields, buf_cstr(&line));
	buf_free(&line);
}

static void add_login(const struct blackbox_http *http, struct target *t)
{
	char value[1100];
	const char *type = http->type != NULL ? http->type : "Bearer";
	const char *credentials =
		http->bearer_token != NULL ? http->bearer_token : http->credentials;
	if (http->username != NULL) {
		t->question.user = http->username;
		t->question.password = http->password != NULL ? http->password : "";
	}
	if (credentials != NULL) {
		snprintf(value, sizeof(value), "%s %s",
			 http->bearer_token != NULL ? "Bearer" : type, credentials);
		add_field(t->http, "Authorization", value);
	}
	t->http->token_file = http->bearer_token_file;
	t->http->has_login |= http->username != NULL || credentials != NULL ||
			      http->bearer_token_file != NULL;
}

static void add_wishes(const struct blackbox_http *http, struct http_wanted *w)
{
	if (http->method != NULL && http->method[0] != '\0')
		w->method = http->method;
	if (http->body != NULL && http->body[0] != '\0') {
		w->body = http->body;
		/* Not libcurl's guess of what it is. */
		w->fields = curl_slist_append(w->fields, "Content-Type:");
	}
	for (size_t i = 0; i + 1 < http->headers.count; i += 2)
		add_field(w, http->headers.at[i], http->headers.at[i + 1]);
	if (!http->enable_http2)
		w->version = CURL_HTTP_VERSION_1_1;
	w->follows = http->follow_redirects;
	w->keeps_body = true;
}

bool blackbox_http_target(const struct blackbox_module *module, const char *url,
			  struct target *target)
{
	char text[URL_MAX], why[TARGET_WHY_MAX];
	bool has_scheme =
		strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
	/* Without the fragment, which is no site's business and our options. */
	size_t len = strcspn(url, "#");
	int written = snprintf(text, sizeof(text), "%s%.*s",
			       has_scheme ? "" : "http://", (int)len, url);
	if (written < 0 || (size_t)written >= sizeof(text) ||
	    !target_parse(target, text, why))
		return false;
	add_wishes(&module->http, target->http);
	add_login(&module->http, target);
	return true;
}

/* ---- what came ---- */

/* Does each of these headers match, or each not?  One that is missing does neither. */
static bool headers_are(const struct blackbox_headers *list, struct bytes head,
			bool must_match)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct blackbox_header *one = &list->at[i];
		struct bytes value =
			http_header(head, one->header, strlen(one->header));
		bool is_missing = value.len == 0;
		if (is_missing ? !one->allow_missing
			       : blackbox_fits(one->regexp, value) != must_match)
			return false;
	}
	return true;
}

static bool body_is(const struct blackbox_http *http, struct bytes body)
{
	const struct blackbox_texts *not_wanted = &http->fail_if_body_matches_regexp;
	const struct blackbox_texts *wanted = &http->fail_if_body_not_matches_regexp;
	for (size_t i = 0; i < not_wanted->count; i++)
		if (blackbox_fits(not_wanted->at[i], body))
			return false;
	for (size_t i = 0; i < wanted->count; i++)
		if (!blackbox_fits(wanted->at[i], body))
			return false;
	return true;
}

static bool is_valid_status(const struct blackbox_numbers *valid, long status)
{
	for (size_t i = 0; i < valid->count; i++)
		if ((long)valid->at[i] == status)
			return true;
	return valid->count == 0 && status >= 200 && status < 300;
}

static bool is_valid_version(const struct blackbox_texts *valid, long version)
{
	const char *name = version == CURL_HTTP_VERSION_2_0
				   ? "HTTP/2.0"
				   : http_version_text(version);
	for (size_t i = 0; i < valid->count; i++)
		if (strcmp(valid->at[i], name) == 0)
			return true;
	return valid->count == 0;
}

static double version_number(long version)
{
	return version == CURL_HTTP_VERSION_1_0   ? 1.0
	       : version == CURL_HTTP_VERSION_1_1 ? 1.1
	       : version == CURL_HTTP_VERSION_2_0 ? 2
						  : 0;
}

static void judge(struct blackbox_seen_http *seen, const struct blackbox_http *http,
		  const struct http_answer *answer)
{
	bool is_read = answer->code == CURLE_OK || answer->has_enough;
	bool is_too_long =
		http->body_size_limit > 0 && answer->body_len > http->body_size_limit;
	seen->success =
		is_read && is_valid_status(&http->valid_status_codes, answer->status);
	if (!seen->success)
		return;
	seen->failed_by_regexp =
		!headers_are(&http->fail_if_header_matches, answer->head, false) ||
		!headers_are(&http->fail_if_header_not_matches, answer->head, true) ||
		!body_is(http, answer->body);
	seen->success = !seen->failed_by_regexp && !is_too_long &&
			is_valid_version(&http->valid_http_versions, answer->version) &&
			!(seen->is_tls ? http->fail_if_ssl : http->fail_if_not_ssl);
}

static double time_at(CURL *easy, CURLINFO what)
{
	curl_off_t us = 0;
	curl_easy_getinfo(easy, what, &us);
	return (double)us / 1e6;
}

static double between(double from, double to)
{
	return to > from ? to - from : 0;
}

static void see_times(struct blackbox_seen_http *seen, CURL *easy)
{
	double connected = time_at(easy, CURLINFO_CONNECT_TIME_T);
	double encrypted = time_at(easy, CURLINFO_APPCONNECT_TIME_T);
	double asked = time_at(easy, CURLINFO_PRETRANSFER_TIME_T);
	double begun = time_at(easy, CURLINFO_STARTTRANSFER_TIME_T);
	seen->connect = between(time_at(easy, CURLINFO_NAMELOOKUP_TIME_T), connected);
	seen->tls = between(connected, encrypted);
	seen->processing = between(asked, begun);
	seen->transfer =
		begun > 0 ? between(begun, time_at(easy, CURLINFO_TOTAL_TIME_T)) : 0;
}

static void see_last_modified(struct blackbox_seen_http *seen, struct bytes head)
{
	static const char name[] = "Last-Modified";
	char text[64];
	struct bytes value = http_header(head, name, sizeof(name) - 1);
	if (value.len == 0 || value.len >= sizeof(text))
		return;
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	time_t at = curl_getdate(text, NULL);
	seen->has_last_modified = at >= 0;
	seen->last_modified = (double)at;
}

/* Did the last site that was asked answer, be it not to the end? */
static bool is_answered(const struct http_answer *answer)
{
	switch (answer->code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
		return false;
	default:
		return answer->status != 0 && answer->has_answer;
	}
}

/*
 * A redirect that is not followed is counted by that program, and its body is not; of a
 * body that is too long, what was read is.
 */
static void count_as_they_do(struct blackbox_seen_http *seen,
			     const struct blackbox_http *http,
			     const struct http_answer *answer)
{
	bool leads_on = answer->status >= 300 && answer->status < 400 &&
			http_header(answer->head, "Location", 8).len > 0;
	double limit = (double)http->body_size_limit;
	if (answer->code == CURLE_TOO_MANY_REDIRECTS)
		seen->redirects++;
	if (leads_on && !http->follow_redirects) {
		seen->redirects = 1;
		seen->body_length = 0;
	}
	if (limit > 0 && seen->body_length > limit)
		seen->body_length = limit;
}

void blackbox_http_see(struct blackbox_seen_http *seen,
		       const struct blackbox_module *module, void *easy,
		       const struct http_answer *answer)
{
	char *url = NULL;
	long redirects = 0;
	curl_off_t content_length = -1;
	*seen = (struct blackbox_seen_http){ 0 };
	curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &redirects);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &content_length);
	seen->redirects = (double)redirects;
	see_times(seen, easy);
	if (!is_answered(answer))
		return;
	seen->is_tls = url != NULL && strncasecmp(url, "https:", 6) == 0;
	seen->status = (double)answer->status;
	seen->version = version_number(answer->version);
	seen->content_length = (double)content_length;
	seen->body_length = (double)answer->body_len;
	see_last_modified(seen, answer->head);
	count_as_they_do(seen, &module->http, answer);
	judge(seen, &module->http, answer);
}

void blackbox_http_tell(const struct blackbox_seen_http *seen, double resolve,
			bool is_found, struct buf *out)
{
	const struct blackbox_phase phases[] = {
		{ "resolve", resolve },         { "connect", seen->connect },
		{ "tls", seen->tls },           { "processing", seen->processing },
		{ "transfer", seen->transfer },
	};
	blackbox_phases(out, BLACKBOX_http_duration_seconds, phases,
			is_found ? sizeof(phases) / sizeof(phases[0]) : 1);
	blackbox_tell(out, BLACKBOX_failed_due_to_regex, seen->failed_by_regexp);
	blackbox_tell(out, BLACKBOX_http_status_code, seen->status);
	blackbox_tell(out, BLACKBOX_http_content_length, seen->content_length);
	blackbox_tell(out, BLACKBOX_http_uncompressed_body_length, seen->body_length);
	blackbox_tell(out, BLACKBOX_http_redirects, seen->redirects);
	blackbox_tell(out, BLACKBOX_http_ssl, seen->is_tls);
	blackbox_tell(out, BLACKBOX_http_version, seen->version);
	if (seen->has_last_modified)
		blackbox_tell(out, BLACKBOX_http_last_modified_timestamp_seconds,
			      seen->last_modified);
}
