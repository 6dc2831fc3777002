/*
 * http_token.h: a token of OAuth 2 by client credentials (RFC 6749 4.4), asked for
 * before a site is; private to the files http*.c, and blackbox_http.c, which wants it.
 */
#pragma once

#include "base/buf.h"
#include "probe/http.h"

struct ssl_ctx_st;

/* Who asks, and where; borrowed but for the lists. */
struct http_token_source {
	const char *url, *proxy; /* proxy NULL: none */
	const char *id, *secret;
	const char *form; /* owned: of what is asked, without who asks */
	bool verifies;
	struct ssl_ctx_st *context; /* its authorities and certificate; NULL: ours */
};
/* As a form has it: a space is a plus. */
void http_token_escape(struct buf *out, const char *text);
void http_token_source_free(struct http_token_source *source);

/* One question. */
struct http_token {
	const struct http_token_source *source;
	CURL *easy; /* NULL: none is asked */
	struct curl_slist *headers;
	char *form;
	struct buf said;
	bool is_in_form; /* who asks; or in the header, as is tried first */
};

/* Has libcurl ask; false without memory.  self: its CURLOPT_PRIVATE. */
bool http_token_ask(struct http_token *token, struct asked *a, void *self);
/*
 * The answer came.  The value of the header Authorization, owned; or NULL, with what is
 * wrong in why, or "" if it is asked once more.
 */
char *http_token_take(struct http_token *token, struct asked *a, CURLcode code,
		      void *self, char why[ASK_DETAIL_MAX]);
void http_token_end(struct http_token *token, struct prober *p);
