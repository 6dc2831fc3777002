/*
 * http_wanted.c: which answer of a web site is right, as the target's options say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/http_token.h"

/* ---- the options, each ---- */

/* "200" or "200-299", and goes behind the comma; to NULL at the end. */
static bool take_statuses(const char **at, struct http_statuses *statuses)
{
	char *end;
	unsigned long first = strtoul(*at, &end, 10), last = first;
	if (*end == '-')
		last = strtoul(end + 1, &end, 10);
	if (first < 100 || last < first || last > 599 || (*end != ',' && *end != '\0'))
		return false;
	*statuses = (struct http_statuses){ .first = (uint16_t)first,
					    .last = (uint16_t)last };
	*at = *end == ',' ? end + 1 : NULL;
	return true;
}

static bool take_status(struct http_wanted *w, const char *value,
			char why[TARGET_WHY_MAX])
{
	for (const char *at = value; at != NULL;) {
		if (w->status_count == HTTP_STATUSES)
			return target_refuse(why,
					     "status=%.64s...: more than %d of them",
					     value, HTTP_STATUSES);
		if (!take_statuses(&at, &w->statuses[w->status_count++]))
			return target_refuse(why,
					     "status=%s: write statuses and ranges of "
					     "100 to 599, as "
					     "in 200,301-308",
					     value);
	}
	return true;
}

static bool take_method(struct http_wanted *w, const char *value,
			char why[TARGET_WHY_MAX])
{
	/* Those that change nothing (RFC 9110 9.2.1). */
	static const char *const safe[] = { "GET", "HEAD", "OPTIONS" };
	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (strcmp(safe[i], value) == 0)
			w->method = safe[i];
	return strcmp(w->method, value) == 0 ||
	       target_refuse(why, "method=%s: allowed are GET, HEAD and OPTIONS",
			     value);
}

static bool take_version(struct http_wanted *w, const char *value,
			 char why[TARGET_WHY_MAX])
{
	if (strcmp(value, "1.1") == 0)
		w->version = CURL_HTTP_VERSION_1_1;
	else if (strcmp(value, "2") == 0)
		w->version = CURL_HTTP_VERSION_2_0;
	else
		return target_refuse(why, "http=%s: allowed are 1.1 and 2", value);
	return true;
}

static bool take_redirects(struct http_wanted *w, const char *value,
			   char why[TARGET_WHY_MAX])
{
	w->follows = strcmp(value, "no") != 0;
	return !w->follows || strcmp(value, "yes") == 0 ||
	       target_refuse(why, "redirects=%s: allowed are yes and no", value);
}

static bool take_redirects_max(struct http_wanted *w, const char *value,
			       char why[TARGET_WHY_MAX])
{
	char *end;
	w->redirects_max = strtol(value, &end, 10);
	return (end != value && *end == '\0' && w->redirects_max >= 0 &&
		w->redirects_max <= HTTP_REDIRECTS_MAX) ||
	       target_refuse(why, "max_redirects=%s: allowed are 0 to %d", value,
			     HTTP_REDIRECTS_MAX);
}

static bool take_token_file(struct http_wanted *w, const char *value,
			    char why[TARGET_WHY_MAX])
{
	w->token_file = value;
	return value[0] == '/' ||
	       target_refuse(why, "token_file=%s: write its whole path", value);
}

/* ---- the checks ---- */

static bool add_check(struct http_wanted *w, const struct http_check *check,
		      char why[TARGET_WHY_MAX])
{
	char wrong[128];
	struct http_check *added = &w->checks[w->check_count];
	*added = *check;
	added->expression = expression_new(check->text, wrong, sizeof(wrong));
	if (added->expression == NULL)
		return target_refuse(why, "\"%.64s\" is no regular expression: %s",
				     check->text, wrong);
	w->check_count++;
	return true;
}

static bool take_body(struct http_wanted *w, const char *value,
		      char why[TARGET_WHY_MAX])
{
	return add_check(w, &(struct http_check){ .text = value }, why);
}

static bool take_body_not(struct http_wanted *w, const char *value,
			  char why[TARGET_WHY_MAX])
{
	return add_check(w, &(struct http_check){ .text = value, .is_not = true }, why);
}

static bool add_header(struct http_wanted *w, const char *value, bool is_not,
		       char why[TARGET_WHY_MAX])
{
	const char *colon = strchr(value, ':');
	if (colon == NULL || colon == value)
		return target_refuse(
			why,
			"header%s=%s: write the header's name, a colon and a "
			"regular expression",
			is_not ? "_not" : "", value);
	struct http_check check = { .header = value,
				    .header_len = (size_t)(colon - value),
				    .text = colon + 1,
				    .is_not = is_not };
	return add_check(w, &check, why);
}

static bool take_header(struct http_wanted *w, const char *value,
			char why[TARGET_WHY_MAX])
{
	return add_header(w, value, false, why);
}

static bool take_header_not(struct http_wanted *w, const char *value,
			    char why[TARGET_WHY_MAX])
{
	return add_header(w, value, true, why);
}

/* ---- the proxy ---- */

static bool read_proxy(struct http_wanted *w, CURLU *url)
{
	char *scheme = NULL, *user = NULL;
	bool has_scheme = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
	if (has_scheme && strcmp(scheme, "http") == 0)
		w->proxy_scheme = "http";
	else if (has_scheme && strcmp(scheme, "socks5h") == 0)
		w->proxy_scheme = "socks5h";
	/* Options are shown and kept as written, passwords may not be. */
	bool has_user = curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
	curl_free(scheme);
	curl_free(user);
	return w->proxy_scheme != NULL && !has_user &&
	       curl_url_get(url, CURLUPART_HOST, &w->proxy_host, 0) == CURLUE_OK;
}

static void connect_to_proxy(struct target *t, CURLU *url)
{
	char *host = t->http->proxy_host, *port = NULL;
	size_t len = strlen(host);
	t->connect_host = host;
	if (host[0] == '[') {
		host[len - 1] = '\0';
		t->connect_host = host + 1;
	}
	t->connect_port = 1080; /* of both, by custom: libcurl's */
	if (curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK)
		t->connect_port = (uint16_t)strtoul(port, NULL, 10);
	curl_free(port);
}

bool http_wanted_by_proxy(struct target *t, const char *proxy)
{
	CURLU *url = curl_url();
	bool ok =
		url != NULL &&
		curl_url_set(url, CURLUPART_URL, proxy,
			     CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME) ==
			CURLUE_OK &&
		curl_url_get(url, CURLUPART_HOST, &t->http->proxy_host, 0) == CURLUE_OK;
	if (ok)
		connect_to_proxy(t, url);
	curl_url_cleanup(url);
	return ok;
}

static bool take_proxy(struct target *t, const char *value, char why[TARGET_WHY_MAX])
{
	CURLU *url = curl_url();
	bool ok = url != NULL &&
		  curl_url_set(url, CURLUPART_URL, value, CURLU_NON_SUPPORT_SCHEME) ==
			  CURLUE_OK &&
		  read_proxy(t->http, url);
	if (ok)
		connect_to_proxy(t, url);
	curl_url_cleanup(url);
	return ok || target_refuse(why,
				   "proxy=%.64s: write it as http://host[:port] or "
				   "socks5h://host[:port]; no user can be given",
				   value);
}

/* ---- all of them ---- */

static const struct option {
	const char *name;
	bool (*take)(struct http_wanted *w, const char *value,
		     char why[TARGET_WHY_MAX]);
} options[] = {
	{ "status", take_status },
	{ "method", take_method },
	{ "http", take_version },
	{ "redirects", take_redirects },
	{ "max_redirects", take_redirects_max },
	{ "token_file", take_token_file },
	{ "body", take_body },
	{ "body_not", take_body_not },
	{ "header", take_header },
	{ "header_not", take_header_not },
};

static bool take_option(struct target *t, const struct question_option *given,
			char why[TARGET_WHY_MAX])
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, given->name) == 0)
			return options[i].take(t->http, given->value, why);
	if (strcmp(given->name, "proxy") == 0)
		return take_proxy(t, given->value, why);
	return target_refuse(
		why,
		"\"%.32s\" is no option of a web site: status, method, body, "
		"body_not, header, header_not, http, redirects, max_redirects, "
		"token_file and proxy are",
		given->name);
}

static bool add_host(struct http_wanted *w, CURLU *url)
{
	char *host = NULL, *port = NULL, line[TARGET_TEXT_MAX + 16];
	bool ok = curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	bool has_port = curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK;
	if (ok) {
		snprintf(line, sizeof(line), "Host: %s%s%s", host, has_port ? ":" : "",
			 has_port ? port : "");
		w->fields = curl_slist_append(w->fields, line);
	}
	curl_free(host);
	curl_free(port);
	return ok;
}

bool http_wanted_named(struct target *t, const char *name, bool greets)
{
	struct http_wanted *w = t->http;
	CURLU *url = curl_url();
	char *renamed = NULL;
	bool ok = url != NULL &&
		  curl_url_set(url, CURLUPART_URL, w->url, 0) == CURLUE_OK &&
		  (!greets || add_host(w, url)) &&
		  curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_URL, &renamed, 0) == CURLUE_OK;
	curl_url_cleanup(url);
	if (!ok)
		return false;
	curl_free(w->url);
	w->url = renamed;
	t->server_name = name;
	return true;
}

/* The site is asked by the name that its certificate is for, if that was given. */
static bool write_url(struct target *t, CURLU *url, char why[TARGET_WHY_MAX])
{
	CURLU *asked = curl_url_dup(url);
	static const CURLUPart ours[] = { CURLUPART_USER, CURLUPART_PASSWORD,
					  CURLUPART_FRAGMENT };
	bool ok = asked != NULL;
	for (size_t i = 0; ok && i < sizeof(ours) / sizeof(ours[0]); i++)
		ok = curl_url_set(asked, ours[i], NULL, 0) == CURLUE_OK;
	if (ok && t->server_name != NULL)
		ok = curl_url_set(asked, CURLUPART_HOST, t->server_name, 0) ==
		     CURLUE_OK;
	ok = ok && curl_url_get(asked, CURLUPART_URL, &t->http->url, 0) == CURLUE_OK;
	curl_url_cleanup(asked);
	return ok || target_refuse(why, "server_name=%s: not a host's name",
				   t->server_name != NULL ? t->server_name : "");
}

bool http_wanted_new(struct target *t, CURLU *url, char why[TARGET_WHY_MAX])
{
	const struct question *q = &t->question;
	struct http_wanted *w = calloc(1, sizeof(*w));
	t->http = w;
	if (w == NULL)
		return target_refuse(why, "there is not enough memory");
	*w = (struct http_wanted){ .method = "GET",
				   .is_tls = t->tls == TARGET_TLS_FIRST,
				   .follows = true,
				   .redirects_max = HTTP_REDIRECTS,
				   .version = CURL_HTTP_VERSION_NONE };
	for (size_t i = 0; i < q->option_count; i++)
		if (!take_option(t, &q->options[i], why))
			return false;
	if (q->user[0] != '\0' && w->token_file != NULL)
		return target_refuse(why, "a user and token_file= can't be both given");
	w->has_login = q->user[0] != '\0' || w->token_file != NULL;
	return write_url(t, url, why);
}

void http_wanted_free(struct http_wanted *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->check_count; i++)
		expression_free(w->checks[i].expression);
	curl_slist_free_all(w->fields);
	http_token_source_free(w->tokens);
	curl_free(w->proxy_host);
	curl_free(w->url);
	free(w);
}
