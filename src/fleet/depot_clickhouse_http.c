/*
 * depot_clickhouse_http.c: ClickHouse is asked over HTTP, one request at a time.
 *
 * The answer is made whole before the server sends any of it, so that its status says
 * whether it is one: an error behind half of the rows would look like a row.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/depot_clickhouse.h"

enum {
	CONNECT_S = 10,
	KEEPALIVE_S = 20,
	DEFAULT_LIMIT_MS = 60000,
	SLACK_MS = 5000,
	SAID_MAX = 400
};

struct exchange {
	struct clickhouse_depot *house;
	struct clickhouse_ask *ask;
	struct buf said; /* of an error */
	bool has_ended;  /* take had enough */
	int why;         /* of the watch */
};

/* Somebody's statement may say FORMAT: what comes then is not read. */
static bool is_tsv(CURL *easy)
{
	char *type = NULL;
	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	return type != NULL && strstr(type, "tab-separated") != NULL;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *self)
{
	struct exchange *exchange = self;
	size_t len = size * count;
	long status = 0;
	curl_easy_getinfo(exchange->house->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		size_t room = SAID_MAX - exchange->said.len;
		buf_add(&exchange->said, bytes, len < room ? len : room);
		return len;
	}
	if (exchange->ask->take == NULL || !is_tsv(exchange->house->easy) ||
	    exchange->ask->take(exchange->ask->self, bytes, len))
		return len;
	exchange->has_ended = true;
	return CURL_WRITEFUNC_ERROR;
}

static int look(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct exchange *exchange = self;
	struct clickhouse_ask *ask = exchange->ask;
	char error[DEPOT_ERROR_MAX];
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (ask->watch != NULL && exchange->why == 0)
		exchange->why = depot_watch_look(ask->watch, error);
	if (exchange->why == 0 && ask->look != NULL && !ask->look(ask->self))
		exchange->why = -ECANCELED;
	return exchange->why != 0;
}

/* ---- the request ---- */

/* The statement is in the URL only where the body is rows. */
static bool set_request(struct exchange *exchange, struct buf *url)
{
	const struct clickhouse_ask *ask = exchange->ask;
	CURL *easy = exchange->house->easy;
	bool has_body = ask->body.at != NULL;
	buf_text(url, exchange->house->url);
	if (ask->settings != NULL)
		buf_text(url, ask->settings);
	if (has_body) {
		char *escaped = curl_easy_escape(easy, ask->sql, 0);
		buf_printf(url, "&query=%s", escaped != NULL ? escaped : "");
		curl_free(escaped);
	}
	const char *text = buf_cstr(url);
	if (text == NULL)
		return false;
	curl_easy_setopt(easy, CURLOPT_URL, text);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)(has_body ? ask->body.len : strlen(ask->sql)));
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
			 has_body ? (const char *)ask->body.at : ask->sql);
	return true;
}

static void prepare(struct exchange *exchange, struct curl_slist *headers)
{
	CURL *easy = exchange->house->easy;
	uint32_t limit_ms = exchange->ask->limit_ms;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			 limit_ms > 0 ? (long)limit_ms + SLACK_MS : 0L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "breakwater/" BREAKWATER_VERSION);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, exchange->house->user);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, exchange->house->password);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, exchange);
}

/* ---- what came of it ---- */

/* "Code: 62, e.displayText() = ..." or "Code: 62. DB::Exception: ...". */
static bool is_refused(struct exchange *exchange, char error[static DEPOT_ERROR_MAX])
{
	const char *said = buf_cstr(&exchange->said);
	exchange->ask->is_certain = true;
	exchange->ask->code = -1;
	if (said == NULL)
		said = "not enough memory";
	if (strncmp(said, "Code: ", 6) == 0)
		exchange->ask->code = (int)strtol(said + 6, NULL, 10);
	snprintf(error, DEPOT_ERROR_MAX, "ClickHouse: %.*s", (int)strcspn(said, "\n"),
		 said);
	return false;
}

static bool judge(struct exchange *exchange, CURLcode code,
		  char error[static DEPOT_ERROR_MAX])
{
	long status = 0;
	CURL *easy = exchange->house->easy;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	exchange->ask->is_tsv = is_tsv(easy);
	if (exchange->has_ended)
		return true;
	if (code == CURLE_OK && status == 200)
		return true;
	if (code == CURLE_OK)
		return is_refused(exchange, error);
	exchange->ask->is_certain =
		code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
	exchange->ask->code = -1;
	snprintf(error, DEPOT_ERROR_MAX, "ClickHouse: %s", curl_easy_strerror(code));
	return false;
}

bool clickhouse_ask(struct clickhouse_depot *house, struct clickhouse_ask *ask,
		    char error[static DEPOT_ERROR_MAX])
{
	struct exchange exchange = { .house = house, .ask = ask };
	struct buf url = { 0 };
	ask->code = 0;
	ask->is_certain = ask->is_tsv = false;
	if (ask->limit_ms == 0 && ask->watch == NULL)
		ask->limit_ms = DEFAULT_LIMIT_MS;
	/* The server need not say that it wants the body before it is sent. */
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	curl_easy_reset(house->easy);
	prepare(&exchange, headers);
	bool ok = false;
	if (set_request(&exchange, &url))
		ok = judge(&exchange, curl_easy_perform(house->easy), error);
	else
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	if (!ok && exchange.why != 0 && ask->watch != NULL &&
	    depot_watch_look(ask->watch, error) == 0)
		snprintf(error, DEPOT_ERROR_MAX, "interrupted");
	curl_slist_free_all(headers);
	buf_free(&exchange.said);
	buf_free(&url);
	return ok;
}

bool clickhouse_run(struct clickhouse_depot *house, const char *sql,
		    char error[static DEPOT_ERROR_MAX])
{
	struct clickhouse_ask ask = { .sql = sql };
	return clickhouse_ask(house, &ask, error);
}
