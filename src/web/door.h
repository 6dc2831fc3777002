/*
 * door.h: who asks, and whether he may.
 *
 * The only place that decides it, from plain data, for every request before its body is
 * read; door_http.c fills it in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "config/config.h"
#include "web/credential.h"
#include "web/people.h"
#include "web/session.h"

enum door_by { BY_NOBODY, BY_SOCKET, BY_LOOPBACK, BY_SESSION, BY_TOKEN, BY_PROXY };

/* Names that are nobody's to take: of root, of who has the link of `run`. */
#define NAME_CONSOLE "console"

enum { VISITOR_NAME_MAX = 64 };

struct visitor {
	enum door_by by;
	enum role role;
	char name[VISITOR_NAME_MAX]; /* "": of who reads without a login */
	/* By BY_SESSION and BY_TOKEN: which. */
	struct secret_digest session, token;
	char csrf[SECRET_TEXT_MAX]; /* what he has to bring along; "": nothing */
};

enum door_verdict {
	DOOR_OPEN,
	DOOR_SIGN_IN,    /* nobody, or not any more */
	DOOR_NOT_HIS,    /* somebody, who may less */
	DOOR_NO_CSRF,    /* a change without the word that only the page knows */
	DOOR_OTHER_PAGE, /* a change that another page asks for */
	DOOR_NO_PROXY,   /* a proxy's headers, and it is no proxy of ours */
};

struct door {
	struct people people;
	struct sessions sessions;
	char proxy_key[SECRET_TEXT_MAX]; /* what proxies' users' CSRF words are made of
					  */
	const struct config *config;     /* of web.*; borrowed */
};

struct door_asked {
	/* On the Unix socket. */
	bool is_local, has_uid;
	uid_t uid;
	/* On TCP. */
	struct addr client;
	const char *host, *origin, *fetch_site; /* headers; NULL: none */
	bool is_forwarded;                      /* there are headers that proxies add */
	const char *proxy_user,
		*proxy_role; /* as web.proxy_... name them; NULL: none */
	bool is_doubtful;    /* there is more than one of them */
	struct credential credential;
	enum role needed;
	bool is_change;
	bool is_costly; /* to be made for whoever asks: not for another page */
	int64_t now_us, now_ms;
};

/* False without random bits. */
bool door_open(struct door *door, const struct config *config);

enum door_verdict door_decide(struct door *door, const struct door_asked *asked,
			      struct visitor *visitor);

/*
 * Whether who was let in to read still would be; asking does not count as use of a
 * session.  Of a proxy's users the proxy alone knows.
 */
bool door_still_admits(struct door *door, const struct visitor *visitor, int64_t now_us,
		       int64_t now_ms);

/* "session", as /api/v1/me has it. */
const char *door_by_name(enum door_by by);
