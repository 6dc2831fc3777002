/*
 * credential.h: what a request brings along to prove who it is: a cookie (RFC 6265), a
 * bearer token (RFC 6750), and the word against forged changes.
 */
#pragma once

#include <stdbool.h>

#include "web/people.h"
#include "web/secret.h"

#define CSRF_HEADER "Breakwater-CSRF"

struct credential {
	char session[SECRET_TEXT_MAX]; /* "": none */
	char csrf[SECRET_TEXT_MAX];    /* "": none */
	bool is_bearer;                /* a bearer token was sent ... */
	char token[TOKEN_TEXT_MAX];    /* ... and could be one; "": it can't */
};

/* Headers as they came; NULL: there was none. */
struct credential_headers {
	const char *cookie, *authorization, *csrf;
};

/* cookie_name: of ours, among all the cookies of a header. */
void credential_read(const struct credential_headers *headers, const char *cookie_name,
		     struct credential *out);

/*
 * Whether an Origin ("https://host:7070", RFC 6454 7) is that host, as the Host header
 * has it ("host:7070").  "null" is no host.
 */
bool origin_is_host(const char *origin, const char *host);
