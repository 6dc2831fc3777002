/*
 * http.h: a request as text, and its sending: what most notifiers need.  Private to the
 * room.
 *
 * Who fills a request writes down all of it before anything is sent, so that a test
 * compares the whole.
 */
#pragma once

#include "alert/notifier.h"

struct http_request {
	struct buf url;
	const char *type;   /* of the body */
	struct buf headers; /* more of them: "Name: value\n" each */
	struct buf body;
	struct buf secret; /* what it holds of one: no error may repeat that */
};

void http_request_free(struct http_request *request);

/* What all of them have. */
#define HTTP_OPTIONS                                                                   \
	{ "ca", SINK_READ, false,                                                      \
	  "Certificates of authorities to trust, PEM, instead of the machine's." },    \
		{ "proxy", SINK_TEXT, false,                                           \
		  "Proxy to go through, \"http://proxy.example.org:3128\"." },         \
	{                                                                              \
		NULL, SINK_TEXT, false, NULL                                           \
	}
/* And of those that ask who sends. */
#define HTTP_LOGIN_OPTIONS                                                             \
	{ "user", SINK_TEXT, false, "User, with password_file." },                     \
		{ "password_file", SINK_SECRET, false,                                 \
		  "File with the user's password." },                                  \
	{                                                                              \
		"token_file", SINK_SECRET, false,                                      \
			"File with a token, sent as \"Authorization: Bearer\"."        \
	}
/* Of those where who knows the URL may write. */
#define HTTP_URL_OPTION                                                                \
	{                                                                              \
		"url_file", SINK_SECRET, true,                                         \
			"File with the webhook's URL, which is a secret."              \
	}

/* The URL that url_file holds; false: error. */
bool http_url_of_file(struct http_request *request, const struct sink *sink,
		      struct buf *error);
/* That of the server that sink->url names, and a path: "https://" + server + path. */
void http_url_of_server(struct http_request *request, const struct sink *sink,
			const char *scheme, const char *path);
/* "Authorization: ..." of HTTP_LOGIN_OPTIONS, if they are given. */
bool http_login(struct http_request *request, const struct sink *sink,
		struct buf *error);
/* A user without a password, or both ways at once. */
bool http_check_login(const struct sink *sink, struct buf *message);

/* Appends before, and the text as a string of JSON with its quotes. */
void body_string(struct buf *out, const char *before, const char *text);

/* Of a handle of libcurl: whom the option "ca" says. */
void http_trust(void *easy, const struct sink *sink);
/* Sets sink->wait_s. */
enum notify_outcome http_send(struct sink *sink, const struct http_request *request,
			      struct buf *error);

/* What a status means: 2xx; what may be mended; what will never be taken. */
enum notify_outcome http_outcome(long status);
/* "answers 400: Bad channel": what a server says, but nothing that holds the secret. */
void http_complaint(const struct http_request *request, long status, const char *said,
		    struct buf *error);
