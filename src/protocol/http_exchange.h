/*
 * http_exchange.h: a request, its response, and what both together mean: the http
 * record, logins, errors.  The same for every version of HTTP.
 *
 * Many requests may wait for their responses.  What is the same for nearly all of a
 * connection (browser, host, user) is kept once, as the latest request had it; each
 * request knows whether that was its own.
 */
#pragma once

#include "protocol/http_head.h"

/* Who asks, of a connection. */
struct http_caller {
	char agent[160];
	char user[48];
	uint8_t scheme; /* of the user's proof */
	bool is_in;     /* that user's success was told */
	/* Which of all so far it is: 1, 2 ... 255, 1 ...; 0: there was none. */
	uint8_t agents, hosts, users;
};

/* What is kept of a request until its response comes. */
struct http_request {
	int64_t end_us; /* 0: not all of it came */
	uint8_t method;
	uint8_t agents, hosts, users; /* of the caller; 0: none */
	bool has_proof : 1, is_for_proxy : 1, is_login_form : 1;
	uint8_t path_len; /* for whoever keeps it */
};

/* A request came, or its head: fills what is kept of it. */
void http_asked(struct talk *talk, struct http_caller *caller,
		const struct http_head *head, struct http_request *request);

/* Its response, or the head of it, came. */
struct http_answer {
	const struct http_request *request; /* NULL: not seen */
	struct bytes path;                  /* of the request */
	const struct http_head *head;       /* NULL: there was no response */
	const char *version;
	uint64_t length;  /* UNKNOWN_U64 if it does not say */
	int64_t begun_us; /* when its first byte came */
};
void http_answered(struct talk *talk, struct http_caller *caller,
		   const struct http_answer *answer, int64_t at_us);
