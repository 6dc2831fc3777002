/*
 * http_token.c: see http_token.h.
 *
 * Who asks is said in a header, and if that is refused in the form: servers take one
 * or the other, and few say which (RFC 6749 2.3.1).
 */
#include "probe/http_token.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_ANSWER_MAX = 65536 };

void http_token_source_free(struct http_token_source *source)
{
	if (source == NULL)
		return;
	free((char *)source->form);
	free(source);
}

static size_t take_answer(char *at, size_t one, size_t len, void *self)
{
	struct http_token *token = self;
	(void)one;
	if (token->said.len + len > TOKEN_ANSWER_MAX)
		return 0;
	buf_add(&token->said, at, len);
	return len;
}

static CURLcode begin_tls(CURL *easy, void *context, void *self)
{
	SSL_CTX *own = self;
	(void)easy;
	SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(own));
	if (SSL_CTX_get0_certificate(own) != NULL) {
		SSL_CTX_use_certificate(context, SSL_CTX_get0_certificate(own));
		SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(own));
	}
	return CURLE_OK;
}

/* ---- the question ---- */

void http_token_escape(struct buf *out, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	for (const char *at = escaped; at != NULL && *at != '\0'; at++) {
		bool is_space = strncmp(at, "%20", 3) == 0;
		buf_char(out, is_space ? '+' : *at);
		at += is_space ? 2 : 0;
	}
	curl_free(escaped);
}

static void add_escaped(struct buf *out, const char *before, const char *text)
{
	buf_text(out, before);
	http_token_escape(out, text);
}

/* The name and the password are escaped before they are encoded. */
static void say_who_in_header(struct http_token *token)
{
	struct buf who = { 0 };
	add_escaped(&who, "", token->source->id);
	add_escaped(&who, ":", token->source->secret);
	curl_easy_setopt(token->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	if (buf_cstr(&who) != NULL)
		curl_easy_setopt(token->easy, CURLOPT_USERPWD, buf_cstr(&who));
	buf_free(&who);
}

static void say_who_in_form(struct http_token *token, struct buf *form)
{
	add_escaped(form, "client_id=", token->source->id);
	add_escaped(form, "&client_secret=", token->source->secret);
	buf_char(form, '&');
}

static bool write_form(struct http_token *token)
{
	struct buf form = { 0 };
	if (token->is_in_form)
		say_who_in_form(token, &form);
	else
		say_who_in_header(token);
	buf_text(&form, token->source->form);
	const char *whole = buf_cstr(&form);
	token->form = whole != NULL ? strdup(whole) : NULL;
	buf_free(&form);
	curl_easy_setopt(token->easy, CURLOPT_POSTFIELDS, token->form);
	return token->form != NULL;
}

static void choose_tls(struct http_token *token, struct asked *a)
{
	const struct http_token_source *source = token->source;
	CURL *easy = token->easy;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, source->verifies ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, source->verifies ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, begin_tls);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA,
			 source->context != NULL ? source->context : a->prober->ssl);
}

bool http_token_ask(struct http_token *token, struct asked *a, void *self)
{
	token->easy = http_take(a->prober);
	if (token->easy == NULL)
		return false;
	CURL *easy = token->easy;
	curl_easy_setopt(easy, CURLOPT_URL, token->source->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY,
			 token->source->proxy != NULL ? token->source->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, token);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
	token->headers = curl_slist_append(NULL, "Connection: close");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, token->headers);
	choose_tls(token, a);
	return write_form(token) && http_start(a->prober, easy);
}

/* ---- the answer ---- */

/* "Bearer abc": the type as the server says it, but for the case of that one. */
static char *header_of(const json_t *answer)
{
	const char *token = json_string_value(json_object_get(answer, "access_token"));
	const char *type = json_string_value(json_object_get(answer, "token_type"));
	struct buf header = { 0 };
	char *made = NULL;
	if (token == NULL || token[0] == '\0' || strpbrk(token, "\r\n") != NULL)
		return NULL;
	if (type == NULL || type[0] == '\0' || strcasecmp(type, "bearer") == 0 ||
	    strpbrk(type, "\r\n") != NULL)
		type = "Bearer";
	buf_printf(&header, "Authorization: %s %s", type, token);
	if (buf_cstr(&header) != NULL)
		made = strdup(buf_cstr(&header));
	buf_free(&header);
	return made;
}

static char *read_answer(const struct http_token *token, long status,
			 char why[ASK_DETAIL_MAX])
{
	char *header = NULL;
	if (status < 200 || status > 299) {
		snprintf(why, ASK_DETAIL_MAX, "who gives tokens answered %ld", status);
		return NULL;
	}
	json_t *answer = json_loadb(token->said.at, token->said.len, 0, NULL);
	if (answer != NULL)
		header = header_of(answer);
	json_decref(answer);
	if (header == NULL)
		snprintf(why, ASK_DETAIL_MAX, "who gives tokens gave none");
	return header;
}

char *http_token_take(struct http_token *token, struct asked *a, CURLcode code,
		      void *self, char why[ASK_DETAIL_MAX])
{
	long status = 0;
	char *header = NULL;
	curl_easy_getinfo(token->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		header = read_answer(token, status, why);
	else
		snprintf(why, ASK_DETAIL_MAX, "who gives tokens: %s",
			 curl_easy_strerror(code));
	http_token_end(token, a->prober);
	if (header == NULL && code == CURLE_OK && !token->is_in_form) {
		token->is_in_form = true;
		if (http_token_ask(token, a, self))
			why[0] = '\0';
	}
	return header;
}

void http_token_end(struct http_token *token, struct prober *p)
{
	if (token->easy == NULL)
		return;
	http_give_back(p, token->easy);
	token->easy = NULL;
	curl_slist_free_all(token->headers);
	token->headers = NULL;
	if (token->form != NULL)
		explicit_bzero(token->form, strlen(token->form));
	free(token->form);
	token->form = NULL;
	buf_free(&token->said);
}
