/*
 * test_probe_http.c: what is wanted of a web site, and why an answer is not that.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe/http.h"

static struct target parsed(const char *text)
{
	struct target target;
	char why[TARGET_WHY_MAX] = "";
	if (!target_parse(&target, text, why))
		fail_msg("%s: %s", text, why);
	return target;
}

static void assert_refused(const char *text, const char *words)
{
	struct target target;
	char why[TARGET_WHY_MAX] = "";
	if (target_parse(&target, text, why))
		fail_msg("%s was taken", text);
	if (strstr(why, words) == NULL)
		fail_msg("%s: %s", text, why);
}

/* ---- targets ---- */

static void a_query_is_the_sites_and_a_fragment_ours(void **state)
{
	(void)state;
	struct target t = parsed("https://me:secret@www.example.net/a%20b?status=1&x#"
				 "status=200,301-308&timeout=2s&verify=no");
	assert_string_equal(t.http->url, "https://www.example.net/a%20b?status=1&x");
	assert_string_equal(t.connect_host, "www.example.net");
	assert_int_equal(t.connect_port, 443);
	assert_int_equal(t.timeout_ms, 2000);
	assert_false(t.verifies);
	assert_true(t.http->is_tls && t.http->has_login && t.http->follows);
	assert_int_equal(t.http->status_count, 2);
	assert_int_equal(t.http->statuses[1].last, 308);
	assert_null(strstr(t.text, "secret"));
	target_free(&t);
}

static void a_site_is_asked_by_the_name_of_its_certificate(void **state)
{
	(void)state;
	struct target t = parsed("https://[2001:db8::1]:8443/#server_name=example.net");
	assert_string_equal(t.http->url, "https://example.net:8443/");
	assert_string_equal(t.connect_host, "2001:db8::1");
	target_free(&t);
}

static void a_proxy_is_connected_to_instead(void **state)
{
	(void)state;
	struct target t = parsed("http://example.net/#proxy=http://[::1]:3128");
	assert_string_equal(t.http->url, "http://example.net/");
	assert_string_equal(t.http->proxy_scheme, "http");
	assert_string_equal(t.connect_host, "::1");
	assert_int_equal(t.connect_port, 3128);
	assert_int_equal(t.port, 80);
	target_free(&t);
	t = parsed("http://example.net/#proxy=socks5h://gate");
	assert_int_equal(t.connect_port, 1080);
	target_free(&t);
}

static void what_can_not_be_wanted_is_refused_with_what_can(void **state)
{
	(void)state;
	static const char *const wrong[][2] = {
		{ "http://a/#status=", "100 to 599" },
		{ "http://a/#status=99", "100 to 599" },
		{ "http://a/#status=200,", "100 to 599" },
		{ "http://a/#status=300-200", "100 to 599" },
		{ "http://a/#status=200-", "100 to 599" },
		{ "http://a/#status=1,1", "100 to 599" },
		{ "http://a/#status=200,201,202,203,204,205,206,207,208,209,210,211,"
		  "212,213,214,215,216",
		  "more than 16" },
		{ "http://a/#method=POST", "GET, HEAD and OPTIONS" },
		{ "http://a/#http=3", "1.1 and 2" },
		{ "http://a/#redirects=maybe", "yes and no" },
		{ "http://a/#max_redirects=51", "0 to 50" },
		{ "http://a/#max_redirects=", "0 to 50" },
		{ "http://a/#token_file=token", "whole path" },
		{ "http://u@a/#token_file=/token", "both" },
		{ "http://a/#body=(", "regular expression" },
		{ "http://a/#header=Server", "a colon" },
		{ "http://a/#header_not=:x", "a colon" },
		{ "http://a/#proxy=https://b", "socks5h" },
		{ "http://a/#proxy=http://me:secret@b", "no user" },
		{ "http://a/#colour=blue", "no option of a web site: status" },
		{ "http://a/#timeout=1h", "120s" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused(wrong[i][0], wrong[i][1]);
}

/* ---- expressions ---- */

static void an_expression_fits_anywhere_and_gives_up_in_time(void **state)
{
	(void)state;
	char why[128], *many = malloc(65536);
	struct expression *e = expression_new("w.ter$", why, sizeof(why));
	assert_non_null(many);
	assert_non_null(e);
	assert_int_equal(expression_fit(e, bytes_of("deep water", 10)),
			 EXPRESSION_FITS);
	assert_int_equal(expression_fit(e, bytes_of("water deep", 10)),
			 EXPRESSION_FITS_NOT);
	assert_int_equal(expression_fit(e, bytes_of(NULL, 0)), EXPRESSION_FITS_NOT);
	expression_free(e);
	e = expression_new("(a+)+$", why, sizeof(why));
	assert_non_null(e);
	memset(many, 'a', 65536);
	many[65535] = 'b';
	assert_int_equal(expression_fit(e, bytes_of(many, 65536)), EXPRESSION_GAVE_UP);
	expression_free(e);
	free(many);
}

/* ---- answers ---- */

static enum reason judged(const char *target, const struct http_answer *answer,
			  const char *words)
{
	struct target t = parsed(target);
	char detail[ASK_DETAIL_MAX];
	enum reason reason = http_judge(t.http, answer, detail);
	if (strstr(detail, words) == NULL)
		fail_msg("%s: \"%s\", expected %s", target, detail, words);
	if (reason == REASON_NONE)
		assert_string_equal(detail, "");
	target_free(&t);
	return reason;
}

static struct http_answer answer_of(long status, const char *head, const char *body)
{
	return (struct http_answer){ .said = "",
				     .was_asked = true,
				     .has_answer = true,
				     .status = status,
				     .version = CURL_HTTP_VERSION_1_1,
				     .head = bytes_of(head, strlen(head)),
				     .body = bytes_of(body, strlen(body)) };
}

static void a_status_has_a_reason_and_is_quoted(void **state)
{
	(void)state;
	static const struct {
		const char *target;
		long status;
		const char *head;
		enum reason reason;
		const char *words;
	} cases[] = {
		{ "http://a/", 200, "HTTP/1.1 200 OK\r\n", REASON_NONE, "" },
		{ "http://a/", 204, "HTTP/2 204 \r\n", REASON_NONE, "" },
		{ "http://a/", 404, "HTTP/2 404 \r\n", REASON_wrong_answer, "\"404\"" },
		{ "http://a/", 404, "", REASON_wrong_answer, "\"404\"" },
		{ "http://a/", 500, "HTTP/1.1 500 Oh\033[2J\r\n", REASON_error, "Oh" },
		{ "http://a/", 503, "HTTP/1.1 503 No\r\n", REASON_error, "503 No" },
		{ "http://a/", 503, "HTTP/1.1 503 No\r\nretry-after: 9\r\n",
		  REASON_overloaded, "503 No" },
		{ "http://a/", 429, "HTTP/1.1 429 Slow\r\n", REASON_overloaded,
		  "429 Slow" },
		{ "http://a/#status=429", 429, "HTTP/1.1 429 Slow\r\n", REASON_NONE,
		  "" },
		{ "http://a/", 401, "HTTP/1.1 401 Who\r\n", REASON_wrong_answer,
		  "401 Who" },
		{ "http://u:p@a/", 401, "HTTP/1.1 401 Who\r\n", REASON_login_failed,
		  "401 Who" },
		{ "http://a/#token_file=/t", 403, "HTTP/1.1 403 No\r\n",
		  REASON_login_failed, "403 No" },
		{ "http://u:p@a/#status=403", 403, "HTTP/1.1 403 No\r\n", REASON_NONE,
		  "" },
		{ "http://a/#redirects=no", 302,
		  "HTTP/1.1 302 There\r\nLocation: http://b/\r\n", REASON_wrong_answer,
		  "\"302 There\", which leads to http://b/" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer a = answer_of(cases[i].status, cases[i].head, "");
		assert_int_equal(judged(cases[i].target, &a, cases[i].words),
				 cases[i].reason);
	}
}

static void checks_are_of_the_body_and_of_headers(void **state)
{
	(void)state;
	static const char head[] = "HTTP/1.1 200 OK\r\nServer: sea/1\r\nX-Nothing:\r\n"
				   "Server-Not: land\r\n\r\n";
	static const struct {
		const char *options;
		enum reason reason;
		const char *words;
	} cases[] = {
		{ "body=har&body=our&body_not=storm", REASON_NONE, "" },
		{ "body=^our", REASON_wrong_answer, "the body has no \"^our\"" },
		{ "body_not=har", REASON_wrong_answer, "the body has \"har\"" },
		{ "header=SERVER:^sea&header_not=Server:land", REASON_NONE, "" },
		{ "header=Server:land", REASON_wrong_answer,
		  "the header Server has no \"land\": sea/1" },
		{ "header_not=server:sea", REASON_wrong_answer, "has \"sea\": sea/1" },
		{ "header=X-Absent:", REASON_wrong_answer, "the header X-Absent" },
		{ "header=X-Nothing:", REASON_wrong_answer, "the header X-Nothing" },
		{ "header_not=X-Absent:", REASON_NONE, "" },
		{ "http=1.1", REASON_NONE, "" },
		{ "http=2", REASON_wrong_answer, "is HTTP/1.1, wanted is HTTP/2" },
	};
	struct http_answer a = answer_of(200, head, "harbour");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char target[160];
		snprintf(target, sizeof(target), "http://a/#%s", cases[i].options);
		assert_int_equal(judged(target, &a, cases[i].words), cases[i].reason);
	}
}

static const struct {
	CURLcode code;
	const char *said;
	bool was_asked, has_answer, is_reset;
	long status, proxy_status;
	enum reason reason;
	const char *words;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: b", true, true, false,
	  302, 0, REASON_name_unknown, "host: b" },
	{ CURLE_COULDNT_CONNECT, "", false, false, false, 0, 0, REASON_unreachable,
	  "connect" },
	{ CURLE_SSL_CONNECT_ERROR, "error:0A00010B:SSL routines::wrong version number",
	  false, false, false, 0, 0, REASON_tls_failed, "TLS: wrong version number" },
	{ CURLE_SSL_CONNECT_ERROR,
	  "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to ::1:443", false,
	  false, false, 0, 0, REASON_tls_failed, "closed during the TLS" },
	{ CURLE_SSL_CONNECT_ERROR, "", false, false, true, 0, 0, REASON_tls_failed,
	  "reset during the TLS" },
	{ CURLE_RECV_ERROR, "", false, false, false, 0, 407, REASON_error,
	  "CONNECT is 407" },
	{ CURLE_RECV_ERROR,
	  "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 "
	  "alert certificate required, errno 0",
	  true, false, false, 0, 0, REASON_tls_failed,
	  "TLS: tlsv13 alert certificate required" },
	{ CURLE_RECV_ERROR, "", true, false, true, 0, 0, REASON_reset, "then reset" },
	{ CURLE_SEND_ERROR, "", true, false, false, 0, 0, REASON_closed,
	  "without a word" },
	{ CURLE_GOT_NOTHING, "Empty reply", true, false, false, 0, 0, REASON_closed,
	  "without a word" },
	{ CURLE_PARTIAL_FILE, "", true, true, false, 200, 0, REASON_closed,
	  "in the middle" },
	{ CURLE_HTTP2_STREAM, "not closed cleanly: REFUSED_STREAM (err 7)", true, false,
	  false, 0, 0, REASON_overloaded, "REFUSED" },
	{ CURLE_HTTP2_STREAM, "not closed cleanly: INTERNAL_ERROR (err 2)", true, false,
	  false, 0, 0, REASON_error, "INTERNAL" },
	{ CURLE_HTTP2, "bad frame", true, false, false, 0, 0, REASON_wrong_protocol,
	  "bad frame" },
	{ CURLE_TOO_MANY_REDIRECTS, "", true, true, false, 302, 0, REASON_wrong_answer,
	  "redirect" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "Received HTTP/0.9", true, false, false, 302, 0,
	  REASON_wrong_protocol, "HTTP/0.9" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "ftp not supported", true, true, false, 302, 0,
	  REASON_wrong_answer, "ftp" },
	{ CURLE_WEIRD_SERVER_REPLY, "", true, true, false, 0, 0, REASON_wrong_protocol,
	  "" },
	{ CURLE_OUT_OF_MEMORY, "", true, false, false, 0, 0, REASON_wrong_protocol,
	  "does not end" },
	{ CURLE_OUT_OF_MEMORY, "", false, false, false, 0, 0, REASON_no_descriptors,
	  "memory" },
	{ CURLE_WRITE_ERROR, "", true, true, false, 200, 0, REASON_wrong_protocol,
	  "does not end" },
};

static void a_failure_has_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct http_answer a = { .code = failures[i].code,
					 .said = failures[i].said,
					 .was_asked = failures[i].was_asked,
					 .has_answer = failures[i].has_answer,
					 .is_reset = failures[i].is_reset,
					 .status = failures[i].status,
					 .proxy_status = failures[i].proxy_status };
		assert_int_equal(judged("http://a/", &a, failures[i].words),
				 failures[i].reason);
	}
}

static void no_failure_of_libcurl_is_up(void **state)
{
	(void)state;
	for (int code = 1; code < CURL_LAST; code++) {
		struct http_answer a = answer_of(200, "HTTP/1.1 200 OK\r\n", "");
		a.code = (CURLcode)code;
		assert_int_not_equal(judged("http://a/", &a, ""), REASON_NONE);
	}
}

static void a_body_of_which_enough_was_seen_is_judged(void **state)
{
	(void)state;
	struct http_answer a = answer_of(200, "HTTP/1.1 200 OK\r\n", "harbour");
	a.code = CURLE_WRITE_ERROR;
	a.has_enough = true;
	assert_int_equal(judged("http://a/#body=harbour", &a, ""), REASON_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_the_sites_and_a_fragment_ours),
		cmocka_unit_test(a_site_is_asked_by_the_name_of_its_certificate),
		cmocka_unit_test(a_proxy_is_connected_to_instead),
		cmocka_unit_test(what_can_not_be_wanted_is_refused_with_what_can),
		cmocka_unit_test(an_expression_fits_anywhere_and_gives_up_in_time),
		cmocka_unit_test(a_status_has_a_reason_and_is_quoted),
		cmocka_unit_test(checks_are_of_the_body_and_of_headers),
		cmocka_unit_test(a_failure_has_a_reason),
		cmocka_unit_test(no_failure_of_libcurl_is_up),
		cmocka_unit_test(a_body_of_which_enough_was_seen_is_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
