/*
 * http.c: one probe of HTTP/1.1 or HTTP/2, by libcurl.
 *
 * libcurl is given our address, our sockets, our judgement of certificates: names are
 * resolved by us, and a socket is made as for every other target.  A probe shares
 * nothing with the one before: no connection, no session, no cookie.
 */
#include "probe/http_token.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { TOKEN_MAX = 8192 };

/* One probe; a->own. */
struct http {
	struct asked *asked;
	CURL *easy;
	struct curl_slist *pins, *headers;
	struct http_token token;
	int fd;         /* the latest socket; libcurl's */
	bool is_told;   /* whose ends are */
	bool is_led_on; /* to a host whose address is not known */
	struct http_next next;
	struct buf head, body; /* of the latest answer */
	size_t body_len;
	bool has_enough;
	char said[CURL_ERROR_SIZE];
};

/* ---- connecting ---- */

/* libcurl connects it; where that is, is not the target's address after a redirect. */
static curl_socket_t open_socket(void *self, curlsocktype purpose,
				 struct curl_sockaddr *to)
{
	struct http *http = self;
	struct asked *a = http->asked;
	struct sockaddr_in in; /* the port is at the same place in both families */
	(void)purpose;
	memcpy(&in, &to->addr, sizeof(in));
	addr_of_socket(&to->addr, &a->addr);
	a->port = ntohs(in.sin_port);
	a->phase = PHASE_CONNECT;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	http->is_told = false;
	/* A redirect leads anywhere; where a proxy leads to is for the proxy to allow.
	 */
	bool is_allowed = a->target->http->proxy != NULL || asked_allows(a);
	http->fd = is_allowed ? asked_socket(a, SOCK_STREAM, 0) : -1;
	return http->fd;
}

void http_waits(struct http *http, int fd)
{
	if (fd == http->fd && !http->is_told)
		asked_tell_ends(http->asked, fd);
	http->is_told |= fd == http->fd;
}

/* Before it goes: who says that it can't be connected? */
static int close_socket(void *self, curl_socket_t fd)
{
	struct asked *a = ((struct http *)self)->asked;
	if (a->phase == PHASE_CONNECT)
		blame_hear(a, fd);
	return close(fd);
}

/* Times are those of the first connection: to the target itself. */
static bool take_connected(struct http *http)
{
	struct asked *a = http->asked;
	return a->record.wait_us != UNKNOWN_U64 || stream_connected(a, http->fd);
}

static CURLcode begin_tls(CURL *easy, void *context, void *self)
{
	struct http *http = self;
	struct asked *a = http->asked;
	(void)easy;
	if (!take_connected(http))
		return CURLE_ABORTED_BY_CALLBACK;
	tls_adopt(a, context);
	a->phase = PHASE_TLS;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	return CURLE_OK;
}

/* Whom this connection is to; without brackets.  False without memory. */
static bool current_host(CURL *easy, char host[TARGET_TEXT_MAX])
{
	char *at = NULL, *text = NULL;
	CURLU *url = curl_url();
	bool ok = url != NULL &&
		  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &at) == CURLE_OK &&
		  curl_url_set(url, CURLUPART_URL, at, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_HOST, &text, 0) == CURLUE_OK;
	if (ok && text[0] == '[')
		snprintf(host, TARGET_TEXT_MAX, "%.*s", (int)strlen(text) - 2,
			 text + 1);
	else if (ok)
		snprintf(host, TARGET_TEXT_MAX, "%s", text);
	curl_free(text);
	curl_url_cleanup(url);
	return ok;
}

static bool judge_tls(struct http *http)
{
	struct asked *a = http->asked;
	struct curl_tlssessioninfo *session = NULL;
	char host[TARGET_TEXT_MAX];
	if (a->record.tls_us == UNKNOWN_U64)
		a->record.tls_us = asked_since(a->phase_us, clock_us(CLOCK_MONOTONIC));
	curl_easy_getinfo(http->easy, CURLINFO_TLS_SSL_PTR, &session);
	if (session == NULL || session->internals == NULL ||
	    !current_host(http->easy, host)) {
		asked_judge(a, REASON_no_descriptors, "there is not enough memory");
		return false;
	}
	return tls_judge_other(a, session->internals, host);
}

/* All is set up and nothing asked: with a certificate that is not good, no password is
 * told. */
/* NOLINTNEXTLINE(readability-non-const-parameter): they are libcurl's */
static int may_ask(void *self, char *to, char *from, int to_port, int from_port)
{
	struct http *http = self;
	struct asked *a = http->asked;
	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	bool ok = a->phase == PHASE_TLS ? judge_tls(http) : take_connected(http);
	a->phase = PHASE_TALK;
	a->question_us = clock_us(CLOCK_MONOTONIC);
	a->has_answer = false;
	return ok ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* ---- the answer ---- */

/*
 * A redirect to a host that is not known yet: libcurl ends here, and begins again there
 * once its name is resolved, by us.  It would ask others, by a thread.
 */
static bool must_look_up(struct http *http)
{
	const struct http_wanted *w = http->asked->target->http;
	struct bytes head = bytes_of(http->head.at, http->head.len);
	bool is_ours = w->proxy_scheme == NULL && w->proxy == NULL && w->follows &&
		       http_redirects(http->easy, &http->next) < w->redirects_max;
	return is_ours && http_leads_to(http->easy, head, &http->next) &&
	       !http_has_pin(http->pins, http->next.host);
}

static size_t take_head(char *at, size_t one, size_t len, void *self)
{
	struct http *http = self;
	struct asked *a = http->asked;
	(void)one;
	a->has_answer = true;
	if (a->record.first_byte_us == UNKNOWN_U64)
		a->record.first_byte_us =
			asked_since(a->question_us, clock_us(CLOCK_MONOTONIC));
	if (len >= 5 && memcmp(at, "HTTP/", 5) == 0)
		buf_clear(&http->head);
	if (http->head.len + len > HTTP_HEAD_MAX)
		return 0;
	http->is_led_on = at[0] == '\r' && must_look_up(http);
	if (http->is_led_on)
		return 0;
	buf_add(&http->head, at, len);
	return len;
}

static size_t take_body(char *at, size_t one, size_t len, void *self)
{
	struct http *http = self;
	size_t room = HTTP_BODY_MAX - http->body_len;
	(void)one;
	http->has_enough = len > room;
	http->body_len += len < room ? len : room;
	if (http->asked->target->http->check_count > 0 ||
	    http->asked->target->http->keeps_body)
		buf_add(&http->body, at, len < room ? len : room);
	return http->has_enough ? 0 : len;
}

static void take_facts(struct http *http, const struct http_answer *answer)
{
	struct probe_record *r = &http->asked->record;
	record_text(r->version, sizeof(r->version), http_version_text(answer->version));
	facts_text(r->software, sizeof(r->software),
		   http_header(answer->head, "Server", 6));
}

/* Where it had been led to when it went wrong. */
static void add_place(struct http *http)
{
	struct asked *a = http->asked;
	char quoted[128], *url = NULL;
	size_t len = strlen(a->record.detail);
	long redirects = http_redirects(http->easy, &http->next);
	curl_easy_getinfo(http->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (a->reason == REASON_NONE || redirects == 0 || url == NULL)
		return;
	snprintf(a->record.detail + len, sizeof(a->record.detail) - len,
		 " (redirected to %s)",
		 ask_quote(quoted, sizeof(quoted), bytes_of(url, strlen(url))));
}

static struct http_answer answer_of(struct http *http, CURLcode code, long error)
{
	struct asked *a = http->asked;
	struct http_answer answer = {
		.code = code,
		.said = http->said,
		.is_reset = error == ECONNRESET || error == EPIPE,
		.was_asked = a->phase == PHASE_TALK,
		.has_answer = a->has_answer,
		.has_enough = http->has_enough,
		.head = bytes_of(http->head.at, http->head.len),
		.body = bytes_of(http->body.at, http->body.len),
		.body_len = http->body_len,
		.redirects = http_redirects(http->easy, &http->next),
	};
	curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_getinfo(http->easy, CURLINFO_HTTP_CONNECTCODE, &answer.proxy_status);
	curl_easy_getinfo(http->easy, CURLINFO_HTTP_VERSION, &answer.version);
	return answer;
}

static void show(struct http *http, const struct http_answer *answer)
{
	const struct target *t = http->asked->target;
	if (t->onlooker != NULL)
		t->onlooker->saw_http(t->onlooker_self, http->easy, answer);
}

/* A cookie is as good as a password. */
static void note_header(struct asked *a, struct bytes line)
{
	static const char cookie[] = "Set-Cookie:";
	size_t len = sizeof(cookie) - 1;
	bool is_cookie =
		line.len > len && strncasecmp((const char *)line.at, cookie, len) == 0;
	flight_said(a, BY_SERVER, is_cookie ? bytes_of(line.at, len) : line);
}

/* Of the last request, should it have failed. */
static void note_exchange(struct http *http, const struct http_answer *answer)
{
	struct asked *a = http->asked;
	struct bytes head = answer->head;
	char request[TARGET_TEXT_MAX + 16];
	if (!answer->was_asked)
		return;
	int len = snprintf(request, sizeof(request), "%s /%s", a->target->http->method,
			   a->target->question.path);
	flight_said(a, BY_CLIENT, bytes_of(request, (size_t)len));
	while (head.len > 0) {
		const uint8_t *end = memchr(head.at, '\n', head.len);
		struct bytes line = bytes_take(
			&head, end != NULL ? (size_t)(end - head.at) : head.len);
		note_header(a, line);
		bytes_take(&head, end != NULL ? 1 : 0);
	}
}

static void judge(struct http *http, CURLcode code)
{
	struct asked *a = http->asked;
	char detail[ASK_DETAIL_MAX];
	long error = 0;
	curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_COULDNT_CONNECT && error != 0)
		asked_failed(a, (int)error, false);
	struct http_answer answer = answer_of(http, code, error);
	take_facts(http, &answer);
	show(http, &answer);
	note_exchange(http, &answer);
	if (a->is_judged)
		return;
	enum reason reason = http_judge(a->target->http, &answer, detail);
	if (reason == REASON_tls_failed)
		reason = tls_failure(a, detail);
	asked_judge(a, reason, "%s", detail);
}

/* ---- asking ---- */

static void ask_how(struct http *http)
{
	const struct http_wanted *w = http->asked->target->http;
	CURL *easy = http->easy;
	long version = w->version != CURL_HTTP_VERSION_NONE ? w->version
							    : CURL_HTTP_VERSION_2TLS;
	/* In the clear nothing says beforehand that a server speaks it. */
	if (version == CURL_HTTP_VERSION_2_0)
		version = w->is_tls ? CURL_HTTP_VERSION_2TLS
				    : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	curl_easy_setopt(easy, CURLOPT_URL, w->url);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
	curl_easy_setopt(easy, CURLOPT_USERAGENT,
			 "breakwater/" BREAKWATER_VERSION " (probe)");
	if (strcmp(w->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(w->method, "GET") != 0 || w->body != NULL)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, w->method);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, w->follows ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, w->redirects_max);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	http->headers = curl_slist_append(NULL, "Connection: close");
	for (const struct curl_slist *f = w->fields; f != NULL; f = f->next)
		http->headers = curl_slist_append(http->headers, f->data);
	if (w->body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)w->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, w->body);
	}
	if (w->encoding != NULL)
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, w->encoding);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
}

static void ask_apart(struct http *http)
{
	CURL *easy = http->easy;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	/* Judged by tls.c, once all was seen. */
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, begin_tls);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, http);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, may_ask);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, http);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->said);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, http);
}

/* To the address that was found, whatever the port that a redirect leads to. */
static void ask_there(struct http *http)
{
	const struct asked *a = http->asked;
	const struct target *t = a->target;
	bool is_v4 = addr_is_v4(&a->addr);
	char addr[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 32];
	char host[HTTP_HOST_MAX];
	const char *name = t->server_name != NULL ? t->server_name : t->question.host;
	addr_text(&a->addr, addr);
	if (t->http->proxy_scheme != NULL) {
		snprintf(text, sizeof(text), is_v4 ? "%s://%s:%u" : "%s://[%s]:%u",
			 t->http->proxy_scheme, addr, t->connect_port);
		curl_easy_setopt(http->easy, CURLOPT_PROXY, text);
		return;
	}
	/* Not the environment's. */
	curl_easy_setopt(http->easy, CURLOPT_PROXY,
			 t->http->proxy != NULL ? t->http->proxy : "");
	if (t->http->proxy != NULL && (!t->http->is_tls || t->http->proxy_host != NULL))
		return; /* it is told the name */
	snprintf(host, sizeof(host), strchr(name, ':') != NULL ? "[%s]" : "%s", name);
	http->pins = http_pin(NULL, host, &a->addr);
	curl_easy_setopt(http->easy, CURLOPT_CONNECT_TO, http->pins);
	if (t->family != 0)
		curl_easy_setopt(http->easy, CURLOPT_IPRESOLVE,
				 t->family == 4 ? (long)CURL_IPRESOLVE_V4
						: (long)CURL_IPRESOLVE_V6);
}

/* False: judged. */
static bool log_in(struct http *http)
{
	struct asked *a = http->asked;
	const struct question *q = &a->target->question;
	const char *path = a->target->http->token_file;
	struct buf token = { 0 };
	if (q->user[0] != '\0') {
		curl_easy_setopt(http->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(http->easy, CURLOPT_USERNAME, q->user);
		curl_easy_setopt(http->easy, CURLOPT_PASSWORD, q->password);
	}
	if (path == NULL)
		return true;
	/* Each time: tokens are changed while we run. */
	int error = file_read(path, TOKEN_MAX, &token);
	if (error == 0 && buf_cstr(&token) != NULL) {
		token.at[strcspn(token.at, "\r\n")] = '\0';
		curl_easy_setopt(http->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(http->easy, CURLOPT_XOAUTH2_BEARER, token.at);
		explicit_bzero(token.at, token.len);
	} else {
		asked_judge(a, REASON_not_permitted, "%s can't be read: %s", path,
			    strerror(error != 0 ? -error : ENOMEM));
	}
	buf_free(&token);
	return !a->is_judged;
}

static void begin(struct asked *a)
{
	struct prober *p = a->prober;
	struct http *http = calloc(1, sizeof(*http));
	a->own = http;
	a->phase = PHASE_CONNECT;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	if (http != NULL)
		*http = (struct http){ .asked = a, .easy = http_take(p), .fd = -1 };
	bool is_ready = http != NULL && http->easy != NULL;
	if (is_ready) {
		ask_how(http);
		ask_apart(http);
		ask_there(http);
		http->token.source = a->target->http->tokens;
		is_ready =
			log_in(http) && (http->token.source != NULL
						 ? http_token_ask(&http->token, a, http)
						 : http_start(p, http->easy));
	}
	if (is_ready)
		return;
	asked_judge(a, REASON_no_descriptors, "there is not enough memory");
	asked_end(a);
}

/* ---- the end ---- */

static void free_http(struct http *http)
{
	http_token_end(&http->token, http->asked->prober);
	http_give_back(http->asked->prober, http->easy);
	curl_slist_free_all(http->pins);
	curl_slist_free_all(http->headers);
	free(http->next.url);
	buf_free(&http->head);
	buf_free(&http->body);
}

static void end(struct asked *a)
{
	struct http *http = a->own;
	if (http == NULL)
		return;
	a->own = NULL;
	if (http->easy != NULL) {
		add_place(http);
		free_http(http);
	}
	free(http);
}

/* The address of the host that it is led to; whose login it is none of. */
static void found(struct asked *a, const struct addr *addr)
{
	struct http *http = a->own;
	const struct http_wanted *w = a->target->http;
	if (addr == NULL) {
		struct http_answer answer =
			answer_of(http, CURLE_COULDNT_RESOLVE_HOST, 0);
		show(http, &answer);
		return;
	}
	a->other = NULL;
	http->pins = http_pin(http->pins, http->next.host, addr);
	http->headers =
		http_go_on(http->easy, &http->next, http->headers, w->body != NULL);
	curl_easy_setopt(http->easy, CURLOPT_MAXREDIRS,
			 w->redirects_max - http->next.redirects);
	http_stop(a->prober, http->easy);
	if (http_start(a->prober, http->easy))
		return;
	asked_judge(a, REASON_no_descriptors, "there is not enough memory");
	asked_end(a);
}

static void late(struct asked *a)
{
	const struct http *http = a->own;
	if (http->token.easy != NULL)
		asked_judge(a, REASON_login_failed,
			    "who gives tokens: no answer in %u ms",
			    a->target->timeout_ms);
	struct http_answer answer = answer_of(a->own, CURLE_OPERATION_TIMEDOUT, 0);
	show(a->own, &answer);
	note_exchange(a->own, &answer);
	stream_way.late(a);
}

const struct way http_way = {
	.begin = begin, .late = late, .found = found, .end = end
};

/* With the token it gave the site is asked. */
static void take_token(struct http *http, CURLcode code)
{
	struct asked *a = http->asked;
	char why[ASK_DETAIL_MAX] = "";
	char *header = http_token_take(&http->token, a, code, http, why);
	if (header == NULL && why[0] == '\0')
		return;
	if (header == NULL) {
		asked_judge(a, REASON_login_failed, "%s", why);
		asked_end(a);
		return;
	}
	http->headers = curl_slist_append(http->headers, header);
	explicit_bzero(header, strlen(header));
	free(header);
	if (http_start(a->prober, http->easy))
		return;
	asked_judge(a, REASON_no_descriptors, "there is not enough memory");
	asked_end(a);
}

void http_done(struct http *http, CURLcode code)
{
	if (http->token.easy != NULL) {
		take_token(http, code);
		return;
	}
	if (http->is_led_on) {
		http->is_led_on = false;
		resolve_other(http->asked, http->next.host);
		return;
	}
	judge(http, code);
	asked_end(http->asked);
}
