/*
 * blackbox_keys_http.c: the keys of a module's section http, see blackbox_keys.h.
 */
#include <stdlib.h>
#include <string.h>

#include "probe/blackbox_keys.h"

static bool take_header(struct blackbox_reader *reader, void *at)
{
#define AT(member) offsetof(struct blackbox_header, member)
	static const struct blackbox_key keys[] = {
		{ "header", TEXT, blackbox_take_text, AT(header) },
		{ "regexp", "a regular expression", blackbox_take_regexp, AT(regexp) },
		{ "allow_missing", BOOL, blackbox_take_bool, AT(allow_missing) },
	};
#undef AT
	const struct blackbox_header *header = at;
	size_t line = yaml_event(reader->yaml)->line,
	       column = yaml_event(reader->yaml)->column;
	if (!blackbox_take_section(reader, keys, COUNT(keys), at))
		return false;
	if (header->header == NULL || header->regexp == NULL)
		buf_text(yaml_error(reader->yaml, line, column),
			 "a header needs both header and regexp\n");
	return true;
}

static bool take_headers(struct blackbox_reader *reader, void *at)
{
	struct blackbox_headers *list = at;
	if (yaml_event(reader->yaml)->is_null)
		return true;
	if (yaml_event(reader->yaml)->kind != YAML_LIST)
		return false;
	while (blackbox_next_of_list(reader)) {
		void *place = blackbox_grow(reader, (void **)&list->at, &list->count,
					    sizeof(*list->at));
		if (place == NULL || yaml_refuse_indirection(reader->yaml) ||
		    !take_header(reader, place))
			return false;
	}
	return true;
}

#define HTTP(member) offsetof(struct blackbox_module, http.member)
#define PROXY        "a URL such as http://proxy.example.net:3128"

/* Where a section begins. */
struct place {
	size_t line, column;
};

static bool take_proxy(struct blackbox_reader *reader, void *at)
{
	return yaml_event(reader->yaml)->text[0] != ':' &&
	       blackbox_take_text(reader, at);
}

/* ---- who asks ---- */

/* Says what is wrong at the place where the section began. */
static void say_wrong(struct blackbox_reader *reader, const struct place *place,
		      const char *what)
{
	buf_printf(yaml_error(reader->yaml, place->line, place->column), "%s\n", what);
}

static struct place here(const struct blackbox_reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	return (struct place){ event->line, event->column };
}

static void check_secret(struct blackbox_reader *reader, const struct place *place,
			 const struct blackbox_secret *secret, const char *what)
{
	if (secret->text != NULL && secret->text[0] != '\0' && secret->file != NULL &&
	    secret->file[0] != '\0')
		say_wrong(reader, place, what);
}

/* These sections lie in the module, as their keys do. */
static bool take_basic_auth(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		{ "username", TEXT, blackbox_take_text, HTTP(username) },
		{ "password", TEXT, blackbox_take_text, HTTP(password.text) },
		{ "password_file", TEXT, blackbox_take_text, HTTP(password.file) },
	};
	struct blackbox_module *module = at;
	struct place place = here(reader);
	module->http.has_basic_auth = !yaml_event(reader->yaml)->is_null;
	if (!blackbox_take_section(reader, keys, COUNT(keys), at))
		return false;
	check_secret(reader, &place, &module->http.password,
		     "basic_auth takes one of password and password_file");
	return true;
}

static bool take_authorization(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		{ "type", TEXT, blackbox_take_text, HTTP(type) },
		{ "credentials", TEXT, blackbox_take_text, HTTP(credentials.text) },
		{ "credentials_file", TEXT, blackbox_take_text,
		  HTTP(credentials.file) },
	};
	struct blackbox_module *module = at;
	struct place place = here(reader);
	module->http.has_authorization = !yaml_event(reader->yaml)->is_null;
	if (!blackbox_take_section(reader, keys, COUNT(keys), at))
		return false;
	check_secret(reader, &place, &module->http.credentials,
		     "authorization takes one of credentials and credentials_file");
	if (module->http.type != NULL && strcasecmp(module->http.type, "basic") == 0)
		say_wrong(reader, &place,
			  "authorization can't be of type basic: that is basic_auth");
	return true;
}

static void check_oauth2(struct blackbox_reader *reader, const struct place *place,
			 const struct blackbox_oauth2 *oauth2)
{
	if (oauth2->client_id == NULL || oauth2->client_id[0] == '\0' ||
	    oauth2->token_url == NULL || oauth2->token_url[0] == '\0' ||
	    !blackbox_secret_is_given(&oauth2->client_secret))
		say_wrong(reader, place,
			  "oauth2 needs client_id, token_url and client_secret or "
			  "client_secret_file");
	check_secret(reader, place, &oauth2->client_secret,
		     "oauth2 takes one of client_secret and client_secret_file");
}

static bool take_oauth2(struct blackbox_reader *reader, void *at)
{
	static const struct blackbox_key keys[] = {
		{ "client_id", TEXT, blackbox_take_text, HTTP(oauth2.client_id) },
		{ "client_secret", TEXT, blackbox_take_text,
		  HTTP(oauth2.client_secret.text) },
		{ "client_secret_file", TEXT, blackbox_take_text,
		  HTTP(oauth2.client_secret.file) },
		{ "scopes", "a list of texts", blackbox_take_texts,
		  HTTP(oauth2.scopes) },
		{ "token_url", "a URL", blackbox_take_text, HTTP(oauth2.token_url) },
		{ "endpoint_params", "a section of names and texts",
		  blackbox_take_pairs, HTTP(oauth2.endpoint_params) },
		{ "tls_config", "a section", blackbox_take_tls,
		  HTTP(oauth2.way.tls_config) },
		{ "proxy_url", PROXY, take_proxy, HTTP(oauth2.proxy_url) },
	};
	struct blackbox_module *module = at;
	struct place place = here(reader);
	module->http.oauth2.is_given = !yaml_event(reader->yaml)->is_null;
	if (!blackbox_take_section(reader, keys, COUNT(keys), at))
		return false;
	if (module->http.oauth2.is_given)
		check_oauth2(reader, &place, &module->http.oauth2);
	return true;
}

static void check_ways_in(struct blackbox_reader *reader, const struct place *place,
			  const struct blackbox_http *http)
{
	int ways = http->has_basic_auth + http->has_authorization +
		   http->oauth2.is_given +
		   blackbox_secret_is_given(&http->bearer_token);
	if (ways > 1)
		say_wrong(reader, place,
			  "http takes one of basic_auth, authorization, oauth2 and "
			  "bearer_token or bearer_token_file");
	check_secret(reader, place, &http->bearer_token,
		     "http takes one of bearer_token and bearer_token_file");
}

/* ---- compression ---- */

/* Of one that "gzip;q=0.5, *;q=0" has: RFC 9110 12.5.3. */
static bool has_quality(const char *part, size_t len)
{
	const char *q = memmem(part, len, "q=", 2);
	return q == NULL || strtod(q + 2, NULL) > 0;
}

static bool accepts(const char *accept_encoding, const char *compression)
{
	bool any = false;
	for (const char *at = accept_encoding; *at != '\0';) {
		size_t len = strcspn(at, ",");
		size_t skip = strspn(at, " \t");
		size_t name_len = strcspn(at + skip, " \t;,");
		if (name_len == strlen(compression) &&
		    strncmp(at + skip, compression, name_len) == 0)
			return has_quality(at, len);
		if (name_len == 1 && at[skip] == '*')
			any = has_quality(at, len);
		at += len + (at[len] == ',');
	}
	return any;
}

static void check_compression(struct blackbox_reader *reader, const struct place *place,
			      const struct blackbox_http *http)
{
	if (http->compression == NULL || http->compression[0] == '\0')
		return;
	for (size_t i = 0; i + 1 < http->headers.count; i += 2)
		if (strcasecmp(http->headers.at[i], "Accept-Encoding") == 0 &&
		    http->headers.at[i + 1][0] != '\0' &&
		    !accepts(http->headers.at[i + 1], http->compression))
			say_wrong(reader, place,
				  "the header Accept-Encoding does not allow what "
				  "compression: wants");
}

/* ---- all of them ---- */

static bool take_no_follow_redirects(struct blackbox_reader *reader, void *at)
{
	bool *follows = at;
	bool ok = blackbox_take_bool(reader, follows);
	*follows = !*follows;
	return ok;
}

static const struct blackbox_key http_keys[] = {
	WAY_KEYS(HTTP),
	TLS_KEY(HTTP),
	{ "valid_status_codes", "a list of numbers", blackbox_take_numbers,
	  HTTP(valid_status_codes) },
	{ "valid_http_versions", "a list such as [HTTP/1.1, HTTP/2.0]",
	  blackbox_take_texts, HTTP(valid_http_versions) },
	{ "method", TEXT, blackbox_take_text, HTTP(method) },
	{ "headers", "a section of names and texts", blackbox_take_pairs,
	  HTTP(headers) },
	{ "body", TEXT, blackbox_take_text, HTTP(body) },
	{ "body_size_limit", "a size such as 10MB", blackbox_take_size,
	  HTTP(body_size_limit) },
	{ "follow_redirects", BOOL, blackbox_take_bool, HTTP(follow_redirects) },
	{ "no_follow_redirects", BOOL, take_no_follow_redirects,
	  HTTP(follow_redirects) },
	{ "fail_if_ssl", BOOL, blackbox_take_bool, HTTP(fail_if_ssl) },
	{ "fail_if_not_ssl", BOOL, blackbox_take_bool, HTTP(fail_if_not_ssl) },
	{ "fail_if_body_matches_regexp", REGEXPS, blackbox_take_regexps,
	  HTTP(fail_if_body_matches_regexp) },
	{ "fail_if_body_not_matches_regexp", REGEXPS, blackbox_take_regexps,
	  HTTP(fail_if_body_not_matches_regexp) },
	{ "fail_if_header_matches", "a list of headers", take_headers,
	  HTTP(fail_if_header_matches) },
	{ "fail_if_header_not_matches", "a list of headers", take_headers,
	  HTTP(fail_if_header_not_matches) },
	{ "basic_auth", "a section", take_basic_auth, 0 },
	{ "authorization", "a section", take_authorization, 0 },
	{ "oauth2", "a section", take_oauth2, 0 },
	{ "bearer_token", TEXT, blackbox_take_text, HTTP(bearer_token.text) },
	{ "bearer_token_file", TEXT, blackbox_take_text, HTTP(bearer_token.file) },
	{ "proxy_url", PROXY, take_proxy, HTTP(proxy_url) },
	{ "skip_resolve_phase_with_proxy", BOOL, blackbox_take_bool,
	  HTTP(skip_resolve_phase_with_proxy) },
	{ "compression", "gzip, br, deflate or identity", blackbox_take_text,
	  HTTP(compression) },
	{ "enable_http2", BOOL, blackbox_take_bool, HTTP(enable_http2) },
};

bool blackbox_take_http(struct blackbox_reader *reader, void *at)
{
	const struct blackbox_module *module = at;
	struct place place = here(reader);
	if (!blackbox_take_section(reader, http_keys, COUNT(http_keys), at))
		return false;
	/* Of what was refused there may be half. */
	if (yaml_failed(reader->yaml))
		return true;
	check_ways_in(reader, &place, &module->http);
	check_compression(reader, &place, &module->http);
	return true;
}
