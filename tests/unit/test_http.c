/*
 * test_http.c: HTTP/1 recognised; requests and responses found and paired.
 */
#include "http_check.h"

#define GET "GET /index.html?q=secret HTTP/1.1\r\nHost: www.example.net:8080\r\n\r\n"

static struct bytes text(const char *of)
{
	return bytes_of(of, strlen(of));
}

static const char *is(const char *client, const char *server)
{
	return opening_is(IPPROTO_TCP, 80, CLIENT, text(client), text(server));
}

static const char *const requests[] = {
	"GET / HTTP/1.1\r\n",
	"PROPFIND /dav HTTP/1.1\r\nDepth: 1\r\n",
	"CONNECT example.com:443 HTTP/1.1\r\n\r\n",
	"OPTIONS * HTTP/1.0\r\n\r\n",
	"BREW /pot HTTP/1.1\r\n\r\n",
	"GET http://user:pw@example.com/ HTTP/1.1\n\n",
};

static void requests_are_recognised_as_soon_as_their_version_is_seen(void **state)
{
	const struct protocol *http = protocol_by_name("http");
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		size_t known =
			(size_t)(strstr(requests[i], " HTTP/1.") - requests[i]) + 9;
		for (size_t len = 0; len <= strlen(requests[i]); len++) {
			char *cut = malloc(len + (len == 0));
			memcpy(cut, requests[i], len);
			assert_int_equal(verdict_of(http, IPPROTO_TCP,
						    bytes_of(cut, len), text("")),
					 len < known ? VERDICT_MORE : VERDICT_YES);
			free(cut);
		}
	}
}

static void a_server_alone_is_recognised(void **state)
{
	const struct protocol *http = protocol_by_name("http");
	const char *said = "HTTP/1.0 404 Not Found\r\n";
	(void)state;
	for (size_t len = 0; len <= strlen(said); len++)
		assert_int_equal(
			verdict_of(http, IPPROTO_TCP, text(""), bytes_of(said, len)),
			len < 12 ? VERDICT_MORE : VERDICT_YES);
	/* To whatever it was asked. */
	assert_string_equal(is("\x16\3\1", "HTTP/1.1 400 Bad Request\r\n"), "http");
}

static void a_target_longer_than_an_opening_is_recognised_by_its_method(void **state)
{
	char said[OPENING_MAX + 1];
	(void)state;
	memset(said, 'a', sizeof(said));
	memcpy(said, "GET /", 5);
	said[OPENING_MAX] = '\0';
	assert_string_equal(is(said, ""), "http");
	memcpy(said, "TEG /", 5);
	assert_null(is(said, ""));
}

static void what_others_say_is_not_claimed(void **state)
{
	const struct protocol *http = protocol_by_name("http");
	static const char *const others[][2] = {
		{ "INVITE sip:bob@example.com SIP/2.0\r\n", "SIP/2.0 100 Trying\r\n" },
		{ "OPTIONS rtsp://example.com RTSP/1.0\r\n", "RTSP/1.0 200 OK\r\n" },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x04" },
		{ "USER anonymous\r\n", "220 ready\r\n" },
		{ "GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n" },
		{ "GET key\r\n", "END\r\n" },
		{ "HELO HTTP/1.1\r\n", "250 hello\r\n" },
		{ "\x16\3\1\2\0\1\0\1", "\x16\3\3\0\x5d\2" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(verdict_of(http, IPPROTO_TCP, text(others[i][0]),
					    text(others[i][1])),
				 VERDICT_NO);
}

static void a_request_and_its_response_are_one_record(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "GET /a/b.html;jsessionid=1?q=secret#top HTTP/1.1\r\n"
			  "Host: www.example.net:8080\r\nUser-Agent: curl/7.88.1\r\n"
			  "Cookie: secret\r\n\r\n" },
		{ SERVER, "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n"
			  "Content-Type: text/html; charset=utf-8\r\n"
			  "Content-Length: 5\r\n\r\nhello" },
	};
	EACH_PIECE(turns)
	{
		const struct http_record *http = &c->record[0].http;
		assert_int_equal(c->records, 1);
		assert_string_equal(http->method, "GET");
		assert_string_equal(http->host, "www.example.net");
		assert_string_equal(http->path, "/a/b.html");
		assert_string_equal(http->version, "HTTP/1.1");
		assert_string_equal(http->user_agent, "curl/7.88.1");
		assert_string_equal(http->server, "nginx/1.22.1");
		assert_string_equal(http->content_type, "text/html");
		assert_int_equal(http->status, 200);
		assert_int_equal(http->response_bytes, 5);
		assert_int_equal(http->took_us, 1000);
		assert_string_equal(c->talk.facts.software, "nginx/1.22.1");
		assert_string_equal(c->talk.facts.client_software, "curl/7.88.1");
		assert_string_equal(c->talk.facts.name, "www.example.net");
		assert_string_equal(c->talk.facts.version, "HTTP/1.1");
		assert_int_equal(c->talk.facts.cleartext, 1);
		assert_int_equal(c->answers, 1);
		assert_int_equal(c->errors, 0);
		assert_int_equal(c->took_us, 1000);
		assert_int_equal(c->logins + c->notices, 0);
	}
}

static void expect_statuses(const struct talk_check *c, const unsigned *status,
			    const char *const *path, size_t count)
{
	assert_int_equal(c->records, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(c->record[i].http.status, status[i]);
		assert_string_equal(c->record[i].http.path, path[i]);
	}
}

static void pipelined_requests_get_their_own_responses(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "GET /1 HTTP/1.1\r\nHost: a\r\nUser-Agent: w\r\n\r\n"
			  "HEAD /2 HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n"
			  "POST /3 HTTP/1.1\r\nHost: b\r\nContent-Length: 20\r\n\r\n"
			  "GET /no HTTP/1.1\r\n\r\n"
			  "\r\nGET /4 HTTP/1.1\r\nHost: b\r\n\r\n" },
		{ SERVER,
		  "HTTP/1.1 100 Continue\r\n\r\n"
		  "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
		  "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
		  "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "5;x=\"y\"\r\nHTTP/\r\n00A  \r\n0123456789\r\n0\r\nA: b\r\n\r\n"
		  "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n" },
	};
	EACH_PIECE(turns)
	{
		expect_statuses(c, (unsigned[]){ 304, 200, 201, 503 },
				(const char *[]){ "/1", "/2", "/3", "/4" }, 4);
		/* What only the latest request said is not given to others. */
		assert_string_equal(c->record[0].http.host, "");
		assert_string_equal(c->record[2].http.host, "b");
		assert_string_equal(c->record[0].http.user_agent, "");
		assert_string_equal(c->record[1].http.user_agent, "x");
		assert_string_equal(c->record[3].http.user_agent, "");
		assert_int_equal(c->record[1].http.response_bytes, 0);
		assert_int_equal(c->record[2].http.response_bytes, UNKNOWN_U64);
		assert_int_equal(c->answers, 4);
		assert_int_equal(c->errors, 1);
		assert_int_equal(c->notices, 0);
	}
}

static void more_requests_than_are_kept_keep_their_order(void **state)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("http"), IPPROTO_TCP, 80);
	char line[64];
	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(line, sizeof(line), "GET /%030d HTTP/1.1\r\n\r\n", i);
		talk_say_text(c, CLIENT, line);
	}
	for (int i = 0; i < 20; i++) {
		snprintf(line, sizeof(line),
			 "HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n", 200 + i);
		talk_say_text(c, SERVER, line);
	}
	talk_say_text(c, CLIENT, "GET /again HTTP/1.1\r\n\r\n");
	talk_say_text(c, SERVER, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(c->records, 21);
	for (int i = 0; i < 20; i++) {
		snprintf(line, sizeof(line), "/%030d", i);
		assert_int_equal(c->record[i].http.status, 200 + i);
		assert_string_equal(c->record[i].http.path, i < 4 ? line : "");
		assert_int_equal(c->record[i].http.method != NULL, i < 8);
	}
	assert_string_equal(c->record[20].http.path, "/again");
	talk_check_free(c);
}

static void who_asks_behind_those_not_kept_waits_behind_them(void **state)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("http"), IPPROTO_TCP, 80);
	(void)state;
	for (int i = 0; i < 10; i++)
		talk_say_text(c, CLIENT, "GET / HTTP/1.1\r\n\r\n");
	for (int i = 0; i < 11; i++) {
		if (i == 3)
			talk_say_text(c, CLIENT, "GET /last HTTP/1.1\r\n\r\n");
		talk_say_text(c, SERVER,
			      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		assert_string_equal(c->record[i].http.path, i < 8 ? "/" : "");
	}
	talk_check_free(c);
}

static void a_long_path_is_cut(void **state)
{
	char request[3000], response[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct turn turns[] = { { CLIENT, request }, { SERVER, response } };
	(void)state;
	snprintf(request, sizeof(request), "GET /%02000d HTTP/1.1\r\n\r\n", 0);
	EACH_PIECE(turns)
	{
		assert_int_equal(strlen(c->record[0].http.path), 128);
		assert_int_equal(c->notices, 0);
	}
}

static void a_body_that_is_refused_need_not_come(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "PUT /1 HTTP/1.1\r\nContent-Length: 100\r\n"
			  "Expect: 100-continue\r\n\r\n" },
		{ SERVER, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n" },
		{ CLIENT, "PUT /2 HTTP/1.1\r\nContent-Length: 16\r\n"
			  "Expect: 100-continue\r\n\r\n" },
		{ SERVER, "HTTP/1.1 100 Continue\r\n\r\n" },
		{ CLIENT, "GET / HTTP/1.1\r\n" },
		{ SERVER, "HTTP/1.1 204 No Content\r\n\r\n" },
		{ CLIENT, "PUT /3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
			  "Expect: 100-Continue\r\n\r\n" },
		{ SERVER, "HTTP/1.1 100 Continue\r\n\r\n" },
		{ CLIENT, "3\r\nabc\r\n0\r\n\r\nGET /4 HTTP/1.1\r\n\r\n" },
		{ SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
			  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	};
	EACH_PIECE(turns)
	{
		expect_statuses(c, (unsigned[]){ 417, 204, 200, 200 },
				(const char *[]){ "/1", "/2", "/3", "/4" }, 4);
		assert_int_equal(c->record[1].http.took_us, 1000);
		assert_int_equal(c->record[0].http.took_us, UNKNOWN_U64);
		assert_int_not_equal(c->record[2].http.took_us, UNKNOWN_U64);
	}
}

static void a_response_until_the_end_is_the_last(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, GET },
		{ SERVER, "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 no\r\n\r\n" },
		{ CLIENT, GET },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->records, 1);
		assert_true(c->talk.done);
	}
}

static void an_unanswered_request_is_a_record_without_status(void **state)
{
	(void)state;
	static const struct turn turns[] = { { CLIENT, GET GET } };
	EACH_PIECE(turns)
	{
		assert_int_equal(c->records, 2);
		assert_string_equal(c->record[1].http.path, "/index.html");
		assert_int_equal(c->record[1].http.status, UNKNOWN_U32);
		assert_int_equal(c->answers, 0);
	}
}

static void a_tunnel_is_recognised_anew(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "CONNECT mail.example.com:993 HTTP/1.1\r\n\r\n" },
		{ SERVER, "HTTP/1.1 200 Connection established\r\n\r\n" },
	};
	EACH_PIECE(turns)
	{
		assert_null(c->talk.protocol);
		assert_string_equal(c->record[0].http.method, "CONNECT");
		assert_string_equal(c->record[0].http.host, "mail.example.com");
		assert_string_equal(c->record[0].http.path, "");
	}
}

static void a_refused_tunnel_is_none(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "CONNECT [2001:db8::1]:25 HTTP/1.1\r\n\r\n" },
		{ SERVER, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno" },
		{ CLIENT, GET },
		{ SERVER, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
	};
	EACH_PIECE(turns)
	{
		expect_statuses(c, (unsigned[]){ 403, 404 },
				(const char *[]){ "", "/index.html" }, 2);
		assert_string_equal(c->record[0].http.host, "[2001:db8::1]");
	}
}

static void a_websocket_is_not_read(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n" },
		{ SERVER, "HTTP/1.1 101 Switching Protocols\r\n"
			  "Upgrade: websocket\r\n\r\n\x81\5hello" },
	};
	EACH_PIECE(turns)
	{
		assert_true(c->talk.done);
		assert_int_equal(c->record[0].http.status, 101);
	}
}

static void a_server_of_another_protocol_is_left_to_others(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, GET },
		{ SERVER, "SSH-2.0-OpenSSH_9.2\r\n" },
	};
	EACH_PIECE(turns)
	{
		assert_null(c->talk.protocol);
		assert_int_equal(c->records, 0);
	}
}

static void targets_are_shown_without_users_and_ports(void **state)
{
	static const char *const targets[][3] = {
		{ "http://user:pass@example.com:81/x?y", "example.com", "/x" },
		{ "https://example.com?pass", "example.com", "" },
		{ "http://[2001:db8::1]/", "[2001:db8::1]", "/" },
		{ "*", "host", "*" },
		{ "/go/http://user:pass@x/", "host", "/go/http://user:pass@x/" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		char request[256];
		struct turn turns[] = { { CLIENT, request } };
		snprintf(request, sizeof(request),
			 "OPTIONS %s HTTP/1.1\r\nHost: me:secret@host:80\r\n\r\n",
			 targets[i][0]);
		EACH_PIECE(turns)
		{
			assert_string_equal(c->record[0].http.host, targets[i][1]);
			assert_string_equal(c->record[0].http.path, targets[i][2]);
		}
	}
}

static void only_the_server_is_seen(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ SERVER, "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 3\r\n\r\nabc"
			  "HTTP/1.1 502 Bad\r\nContent-Length: 3\r\n\r\nabc" },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->records, 2);
		assert_null(c->record[0].http.method);
		assert_int_equal(c->record[1].http.status, 502);
		assert_int_equal(c->errors, 1);
		assert_int_equal(c->record[1].http.took_us, UNKNOWN_U64);
	}
}

static void after_lost_bytes_it_goes_on_with_the_next_turn(void **state)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("http"), IPPROTO_TCP, 80);
	(void)state;
	talk_say_text(c, CLIENT, "GET /1 HTTP/1.1\r\n\r\n");
	talk_lose(c, SERVER);
	talk_say_text(c, SERVER, "tent\r\n\r\n");
	talk_say_text(c, CLIENT, "GET /2 HTTP/1.1\r\n\r\n");
	talk_say_text(c, SERVER, "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n");
	talk_lose(c, CLIENT);
	talk_say_text(c, CLIENT, "est\r\n\r\n");
	talk_say_text(c, SERVER, "HTTP/1.1 203 OK\r\nContent-Length: 2\r\n\r\n");
	talk_say_text(c, CLIENT, "no request\r\n\r\n");
	talk_say_text(c, SERVER, "ok");
	talk_say_text(c, CLIENT, "GET /4 HTTP/1.1\r\n\r\n");
	talk_say_text(c, SERVER, "HTTP/1.1 204 OK\r\n\r\n");
	expect_statuses(c, (unsigned[]){ 202, 203, 204 },
			(const char *[]){ "/2", "", "/4" }, 3);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void a_large_body_costs_no_call(void **state)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("http"), IPPROTO_TCP, 80);
	static char body[1 << 16];
	(void)state;
	talk_say_text(c, CLIENT, "GET /1 HTTP/1.1\r\n\r\n");
	talk_say_text(c, SERVER,
		      "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nabc");
	assert_int_equal(c->talk.skip[SERVER], 9999999997);
	talk_say(c, SERVER, body, sizeof(body));
	assert_int_equal(c->talk.skip[SERVER], 9999999997 - sizeof(body));
	talk_check_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			requests_are_recognised_as_soon_as_their_version_is_seen),
		cmocka_unit_test(a_server_alone_is_recognised),
		cmocka_unit_test(
			a_target_longer_than_an_opening_is_recognised_by_its_method),
		cmocka_unit_test(what_others_say_is_not_claimed),
		cmocka_unit_test(a_request_and_its_response_are_one_record),
		cmocka_unit_test(pipelined_requests_get_their_own_responses),
		cmocka_unit_test(more_requests_than_are_kept_keep_their_order),
		cmocka_unit_test(who_asks_behind_those_not_kept_waits_behind_them),
		cmocka_unit_test(a_long_path_is_cut),
		cmocka_unit_test(a_body_that_is_refused_need_not_come),
		cmocka_unit_test(a_response_until_the_end_is_the_last),
		cmocka_unit_test(an_unanswered_request_is_a_record_without_status),
		cmocka_unit_test(a_tunnel_is_recognised_anew),
		cmocka_unit_test(a_refused_tunnel_is_none),
		cmocka_unit_test(a_websocket_is_not_read),
		cmocka_unit_test(a_server_of_another_protocol_is_left_to_others),
		cmocka_unit_test(targets_are_shown_without_users_and_ports),
		cmocka_unit_test(only_the_server_is_seen),
		cmocka_unit_test(after_lost_bytes_it_goes_on_with_the_next_turn),
		cmocka_unit_test(a_large_body_costs_no_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
