/*
 * http.h: what is asked of a web site, and which answer is right.
 *
 * The query of a URL belongs to the site, so options are its fragment, which never goes
 * on the wire: "https://host/path?q=1#status=200,301-308&body=REGEX".
 *
 *   http_wanted.c   reads the options
 *   http_judge.c    judges an answer; no I/O
 *   http.c          asks, by libcurl
 *   http_token.c    asks for a token first
 *   http_room.c     libcurl within the prober's loop
 */
#pragma once

#include <curl/curl.h>

#include "probe/asked.h"
#include "probe/expression.h"
#include "record/reason.h"

enum {
	HTTP_STATUSES = 16,
	HTTP_BODY_MAX = 1048576, /* more of it is neither wanted nor waited for */
	HTTP_HEAD_MAX = 65536,
	HTTP_REDIRECTS = 10,
	HTTP_REDIRECTS_MAX = 50,
};

/* "body=", "header_not=Name:..." */
struct http_check {
	const char *header; /* NULL: of the body */
	size_t header_len;
	bool is_not; /* must not fit */
	const char *text;
	struct expression *expression;
};

struct http_wanted {
	char *url; /* what is asked for: no user, password, fragment */
	const char *method;
	const char *proxy_scheme; /* NULL: none */
	char *proxy_host;
	const char *token_file;
	bool is_tls, follows, has_login;
	long redirects_max;
	long version; /* CURL_HTTP_VERSION_1_1, _2_0; _NONE: any */
	struct http_statuses {
		uint16_t first, last;
	} statuses[HTTP_STATUSES]; /* none: 200 to 299 */
	size_t status_count;
	struct http_check checks[QUESTION_OPTIONS];
	size_t check_count;
	/* Of who asks for others (blackbox_http.c). */
	struct curl_slist *fields; /* owned: headers to send */
	const char *body;          /* to send; NULL: none */
	size_t body_len;
	bool keeps_body;      /* of the answer */
	const char *encoding; /* that the answer must have; NULL: it is left as it is */
	const char *proxy;    /* with its password, to be asked for the address that was
				 found; NULL: none */
	struct http_token_source *tokens; /* owned; NULL: none */
};

/* ---- target.c ---- */

/* Writes why; false. */
__attribute__((format(printf, 2, 3))) bool target_refuse(char why[TARGET_WHY_MAX],
							 const char *format, ...);

/* ---- http_wanted.c ---- */

/* Has it ask that proxy alone, whose name is resolved instead; false: it is no URL. */
bool http_wanted_by_proxy(struct target *target, const char *proxy);

/* Has it asked, and its certificate judged, by that name; greeted by its own, or the
 * one that `fields` have.  False: it is no name. */
bool http_wanted_named(struct target *target, const char *name, bool greets);

/* Of the target's options and URL, into target->http; false with why. */
bool http_wanted_new(struct target *target, CURLU *url, char why[TARGET_WHY_MAX]);
void http_wanted_free(struct http_wanted *wanted);

/* What came of it. */
struct http_answer {
	CURLcode code;
	const char *said;          /* libcurl's words for it; "" if none */
	bool is_reset;             /* by the socket's last error */
	bool was_asked;            /* connected, and the request went out */
	bool has_answer;           /* some of it came */
	bool has_enough;           /* we did not want more of the body */
	long status, proxy_status; /* 0: none */
	long version;              /* CURL_HTTP_VERSION_... */
	struct bytes head, body;   /* the last: status line and headers */
	size_t body_len;           /* of it, kept or not */
	long redirects;            /* that were followed */
};

/* "HTTP/2"; "" if it is none that we know. */
const char *http_version_text(long version);
/* The value of a header, the first of that name; of len 0 if there is none. */
struct bytes http_header(struct bytes head, const char *name, size_t name_len);
bool http_has_encoding(const struct http_answer *answer, const char *encoding);
/* detail: a clause, "" of REASON_NONE. */
enum reason http_judge(const struct http_wanted *wanted,
		       const struct http_answer *answer, char detail[ASK_DETAIL_MAX]);

/* ---- http_redirect.c ---- */

enum { HTTP_HOST_MAX = TARGET_TEXT_MAX + 2 };

/* Where a redirect leads, and how many there were; all zero: none. */
struct http_next {
	char host[HTTP_HOST_MAX];
	char *url; /* owned */
	long status, redirects;
};

/* So far. */
long http_redirects(CURL *easy, const struct http_next *next);
/* Does that head lead to a host with a name? */
bool http_leads_to(CURL *easy, struct bytes head, struct http_next *next);
/* As libcurl follows one to another host: without the login.  Headers are taken, and
 * given. */
struct curl_slist *http_go_on(CURL *easy, struct http_next *next,
			      struct curl_slist *headers, bool has_body);
/* For CURLOPT_CONNECT_TO: at which address a host is, whatever the port. */
struct curl_slist *http_pin(struct curl_slist *pins, const char *host,
			    const struct addr *addr);
bool http_has_pin(const struct curl_slist *pins, const char *host);

/* ---- http.c ---- */

extern const struct way http_way;
struct http;
/* libcurl waits for that socket: it connects, or has connected. */
void http_waits(struct http *http, int fd);
/* libcurl is done with it. */
void http_done(struct http *http, CURLcode code);

/* ---- http_room.c ---- */

bool http_begin(struct prober *p);
void http_end(struct prober *p);
/* Looks after libcurl's sockets and times; cheap when nothing is to be done. */
void http_turn(struct prober *p);
int http_next_ms(const struct prober *p);
/* A handle as if new, whose CURLOPT_PRIVATE is to be its struct http; NULL without
 * memory. */
CURL *http_take(struct prober *p);
/* http_done() follows, in a later turn. */
bool http_start(struct prober *p, CURL *easy);
/* It may be changed, and started again. */
void http_stop(struct prober *p, CURL *easy);
/* Started or not, done or not. */
void http_give_back(struct prober *p, CURL *easy);
