/*
 * blackbox_http.c: see blackbox_http.h.
 */
#include "probe/blackbox_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/blackbox_metric.h"
#include "probe/blackbox_tls.h"
#include "probe/http_token.h"

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

/* A secret that can't be read: it is tried, and said, when the site is asked. */
static const char *text_of(struct http_wanted *w, struct blackbox_secret *secret)
{
	const char *text = blackbox_secret_text(secret);
	if (text == NULL)
		w->token_file = secret->file;
	return text;
}

static void add_secret(struct http_wanted *w, const char *type,
		       struct blackbox_secret *secret)
{
	struct buf value = { 0 };
	if (!blackbox_secret_is_given(secret))
		return;
	const char *text = text_of(w, secret);
	buf_printf(&value, "%s %s", type, text != NULL ? text : "");
	if (text != NULL && buf_cstr(&value) != NULL)
		add_field(w, "Authorization", buf_cstr(&value));
	buf_free(&value);
	w->has_login = true;
}

static void add_login(struct blackbox_http *http, struct target *t)
{
	struct http_wanted *w = t->http;
	if (http->username != NULL) {
		const char *password = blackbox_secret_is_given(&http->password)
					       ? text_of(w, &http->password)
					       : NULL;
		t->question.user = http->username;
		t->question.password = password != NULL ? password : "";
		w->has_login = true;
	}
	add_secret(w, "Bearer", &http->bearer_token);
	add_secret(w,
		   http->type != NULL && http->type[0] != '\0' ? http->type : "Bearer",
		   &http->credentials);
}

/* ---- who gives tokens ---- */

static void add_pair(struct buf *out, const char *name, const char *value)
{
	if (out->len > 0)
		buf_char(out, '&');
	http_token_escape(out, name);
	buf_char(out, '=');
	http_token_escape(out, value);
}

static char *token_form(const struct blackbox_oauth2 *oauth2)
{
	struct buf form = { 0 }, scope = { 0 };
	add_pair(&form, "grant_type", "client_credentials");
	for (size_t i = 0; i + 1 < oauth2->endpoint_params.count; i += 2)
		add_pair(&form, oauth2->endpoint_params.at[i],
			 oauth2->endpoint_params.at[i + 1]);
	for (size_t i = 0; i < oauth2->scopes.count; i++)
		buf_printf(&scope, "%s%s", i > 0 ? " " : "", oauth2->scopes.at[i]);
	if (scope.len > 0)
		add_pair(&form, "scope", buf_cstr(&scope));
	char *made = buf_cstr(&form) != NULL ? strdup(buf_cstr(&form)) : NULL;
	buf_free(&form);
	buf_free(&scope);
	return made;
}

static bool is_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool add_tokens(struct blackbox_oauth2 *oauth2, struct http_wanted *w)
{
	if (!oauth2->is_given)
		return true;
	struct http_token_source *source = calloc(1, sizeof(*source));
	w->tokens = source;
	if (source == NULL)
		return false;
	if (strncasecmp(oauth2->token_url, "https:", 6) == 0)
		blackbox_tls_prepare(&oauth2->way);
	*source = (struct http_token_source){
		.url = oauth2->token_url,
		.proxy = is_text(oauth2->proxy_url) ? oauth2->proxy_url : NULL,
		.id = oauth2->client_id,
		.secret = text_of(w, &oauth2->client_secret),
		.form = token_form(oauth2),
		.verifies = !oauth2->way.tls_config.insecure_skip_verify,
		.context = oauth2->way.context,
	};
	w->has_login = true;
	return source->form != NULL;
}

static bool is_encoded(const struct blackbox_http *http)
{
	return is_text(http->compression) && strcmp(http->compression, "identity") != 0;
}

/* NULL: none is given. */
static const char *header_of(const struct blackbox_http *http, const char *name)
{
	for (size_t i = 0; i + 1 < http->headers.count; i += 2)
		if (strcasecmp(http->headers.at[i], name) == 0)
			return http->headers.at[i + 1];
	return NULL;
}

static void add_wishes(const struct blackbox_http *http, struct http_wanted *w)
{
	if (http->method != NULL && http->method[0] != '\0')
		w->method = http->method;
	if (http->body != NULL && http->body[0] != '\0') {
		w->body = http->body;
		w->body_len = strlen(http->body);
		/* Not libcurl's guess of what it is. */
		w->fields = curl_slist_append(w->fields, "Content-Type:");
	}
	for (size_t i = 0; i + 1 < http->headers.count; i += 2)
		add_field(w, http->headers.at[i], http->headers.at[i + 1]);
	if (!http->enable_http2)
		w->version = CURL_HTTP_VERSION_1_1;
	w->follows = http->follow_redirects;
	w->keeps_body = true;
	if (is_encoded(http)) {
		w->encoding = http->compression;
		/* The module's own headers ask for it, or none. */
		if (header_of(http, "Accept-Encoding") == NULL)
			w->fields = curl_slist_append(w->fields, "Accept-Encoding:");
	}
}

static bool add_proxy(const struct blackbox_http *http, struct target *t)
{
	if (!is_text(http->proxy_url))
		return true;
	/* TLS with a proxy would be taken for that with the site. */
	if (strncasecmp(http->proxy_url, "https:", 6) == 0)
		return false;
	t->http->proxy = http->proxy_url;
	return !http->skip_resolve_phase_with_proxy ||
	       http_wanted_by_proxy(t, http->proxy_url);
}

bool blackbox_http_resolves(const struct blackbox_module *module)
{
	return !module->http.skip_resolve_phase_with_proxy ||
	       !is_text(module->http.proxy_url);
}

bool blackbox_http_may_be(const struct blackbox_module *module, const char *hostname,
			  char why[512])
{
	const char *host = header_of(&module->http, "Host");
	if (module->prober != BLACKBOX_HTTP || !is_text(hostname) || host == NULL ||
	    strcmp(host, hostname) == 0)
		return true;
	snprintf(why, 512,
		 "host header defined both in module configuration (%s) and with "
		 "URL-parameter 'hostname' (%s)",
		 host, hostname);
	return false;
}

/* The name that it is greeted by, which is that of its certificate, too. */
static bool add_name(const struct blackbox_module *module, const char *hostname,
		     struct target *t)
{
	const char *name = module->way[BLACKBOX_HTTP].tls_config.server_name;
	const char *host = header_of(&module->http, "Host");
	if (host == NULL && is_text(hostname)) {
		add_field(t->http, "Host", hostname);
		host = hostname;
	}
	if (!is_text(name))
		name = host;
	return !t->http->is_tls || !is_text(name) ||
	       http_wanted_named(t, name, host == NULL);
}

bool blackbox_http_target(struct blackbox_module *module, const char *url,
			  const char *hostname, struct target *target)
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
	return add_name(module, hostname, target) && add_proxy(&module->http, target) &&
	       add_tokens(&module->http.oauth2, target->http);
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
	bool is_decoded =
		!is_encoded(http) || http_has_encoding(answer, http->compression);
	seen->success =
		is_read && is_valid_status(&http->valid_status_codes, answer->status);
	if (!seen->success)
		return;
	seen->failed_by_regexp =
		!headers_are(&http->fail_if_header_matches, answer->head, false) ||
		!headers_are(&http->fail_if_header_not_matches, answer->head, true) ||
		!body_is(http, answer->body);
	seen->success = !seen->failed_by_regexp && !is_too_long && is_decoded &&
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
 * body that is too long, what was read is; of one that is not encoded as is wanted,
 * nothing.
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
	if (is_encoded(http) && !http_has_encoding(answer, http->compression))
		seen->body_length = 0;
}

void blackbox_http_see(struct blackbox_seen_http *seen,
		       const struct blackbox_module *module, void *easy,
		       const struct http_answer *answer)
{
	char *url = NULL;
	curl_off_t content_length = -1;
	*seen = (struct blackbox_seen_http){ 0 };
	curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &content_length);
	seen->redirects = (double)answer->redirects;
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
			bool is_found, bool resolves, struct buf *out)
{
	const struct blackbox_phase phases[] = {
		{ "connect", seen->connect },
		{ "tls", seen->tls },
		{ "processing", seen->processing },
		{ "transfer", seen->transfer },
		{ "resolve", resolve },
	};
	size_t count = sizeof(phases) / sizeof(phases[0]);
	if (!is_found)
		blackbox_phases(out, BLACKBOX_http_duration_seconds, &phases[count - 1],
				1);
	else
		blackbox_phases(out, BLACKBOX_http_duration_seconds, phases,
				resolves ? count : count - 1);
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
