/*
 * test_http_trouble.c: HTTP logins, what is wrong with requests, and hostile input.
 */
#include <time.h>

#include "http_check.h"

#define OK         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define DENIED     "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"
#define ASK(proof) "GET / HTTP/1.1\r\nHost: h\r\n" proof "\r\n\r\n"
/* alice:geheim */
#define BASIC "Authorization: Basic YWxpY2U6Z2VoZWlt"

static void expect_login(const struct talk_check *c, size_t i, const char *user,
			 const char *outcome, const char *method)
{
	assert_true(i < c->logins);
	assert_string_equal(c->login[i].user, user);
	assert_string_equal(c->login[i].outcome, outcome);
	if (method == NULL)
		assert_null(c->login[i].method);
	else
		assert_string_equal(c->login[i].method, method);
	assert_string_equal(c->login[i].protocol, "http");
	assert_string_equal(c->login[i].seen_by, "packets");
}

static bool keeps(const void *at, size_t len, const char *secret)
{
	return memmem(at, len, secret, strlen(secret)) != NULL;
}

static void basic_logins_are_told_and_their_passwords_never(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK(BASIC) },
		{ SERVER, DENIED "WWW-Authenticate: Basic realm=\"x\"\r\n\r\n" },
		{ CLIENT, ASK(BASIC) },
		{ SERVER, OK },
		{ CLIENT, ASK(BASIC) },
		{ SERVER, OK },
		{ CLIENT, ASK("Authorization: Basic Ym9iOjEyMw==") },
		{ SERVER, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n" },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 3);
		expect_login(c, 0, "alice", "failure", "Basic");
		expect_login(c, 1, "alice", "success", "Basic");
		expect_login(c, 2, "bob", "success", "Basic");
		assert_string_equal(c->talk.facts.user, "bob");
		assert_int_equal(c->notices, 1);
		assert_string_equal(c->notice[0]->kind, "cleartext_login");
		assert_string_equal(c->notice[0]->severity, "medium");
		assert_string_equal(c->detail[0],
				    "login with HTTP Basic at h without encryption");
		assert_false(keeps(c, sizeof(*c), "geheim"));
		assert_false(keeps(c, sizeof(*c), "Z2VoZWlt"));
	}
}

static void without_credentials_nobody_tries_to_log_in(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK("Accept: */*") },
		{ SERVER, DENIED "WWW-Authenticate: Basic realm=\"x\"\r\n\r\n" },
		{ CLIENT, ASK(BASIC) }, /* nobody asked for them: */
		{ SERVER, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
	};
	EACH_PIECE(turns)
	assert_int_equal(c->logins + c->notices, 0);
}

static void credentials_nobody_asked_for_expose_nothing(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK(BASIC) },
		{ SERVER, DENIED "\r\n" },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 1);
		expect_login(c, 0, "alice", "failure", "Basic");
		assert_int_equal(c->notices, 0);
	}
}

static void digest_names_its_user_and_an_old_nonce_is_no_failure(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK("Authorization: Digest username=other") },
		{ SERVER, DENIED "WWW-Authenticate: Digest realm=\"a\", stale=TRUE\r\n"
				 "\r\n" },
		{ CLIENT, ASK("authorization: digest realm=\"a\\\", username=x, b=\","
			      "Username = \"Mufasa\", response=\"6629fae4\"") },
		{ SERVER, DENIED "WWW-Authenticate: Digest realm=\"a\",stale=false\r\n"
				 "\r\n" },
		{ CLIENT,
		  ASK("Authorization: Digest userhash=true, username=\"a1b2\"") },
		{ SERVER, OK },
		{ CLIENT, ASK("Authorization: Digest username") },
		{ SERVER, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 3);
		expect_login(c, 0, "Mufasa", "failure", "Digest");
		expect_login(c, 1, "", "success", "Digest");
		expect_login(c, 2, "", "failure", "Digest");
		assert_int_equal(c->notices, 0);
	}
}

/* sp\administrator */
#define NTLM_3                                                                         \
	"TlRMTVNTUAADAAAAGAAYAF4AAAAYABgAXgAAAAQABABAAAAAGgAaAEQAAAAA"                 \
	"AAAAQAAAAAAAAABAAAAABYKIonMAcABhAGQAbQBpAG4AaQBzAHQAcgBhAHQA"                 \
	"bwByAA=="

static void handshakes_are_one_attempt(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK("Authorization: NTLM TlRMTVNTUAABAAAA") },
		{ SERVER, DENIED "WWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n\r\n" },
		{ CLIENT, ASK("Authorization: NTLM " NTLM_3) },
		{ SERVER, DENIED "WWW-Authenticate: Negotiate\r\n"
				 "WWW-Authenticate: NTLM\r\n\r\n" },
		{ CLIENT, ASK("Authorization: NTLM TlRMTVNTUAABAAAA") },
		{ SERVER, OK }, /* as for anybody */
		{ CLIENT, ASK("Authorization: Negotiate YII=") },
		{ SERVER, OK },
		{ CLIENT, ASK("Authorization: Negotiate oYID" NTLM_3) },
		{ SERVER, OK },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 3);
		expect_login(c, 0, "sp\\administrator", "failure", "NTLM");
		expect_login(c, 1, "", "success", "Negotiate");
		expect_login(c, 2, "sp\\administrator", "success", "Negotiate");
	}
}

static void tokens_and_other_schemes_are_logins_without_user(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK("Authorization: Bearer secret:token") },
		{ SERVER, OK },
		{ CLIENT, ASK("Authorization: AWS4-HMAC-SHA256 Credential=AK/secret") },
		{ SERVER, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" },
		{ CLIENT, ASK("Authorization: Basic c2VjcmV0dG9rZW4=") },
		{ SERVER, OK },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 3);
		expect_login(c, 0, "", "success", "Bearer");
		expect_login(c, 1, "", "failure", NULL);
		expect_login(c, 2, "", "success", "Basic");
		assert_true(talk_check_noticed(c, "http_bearer"));
		assert_false(keeps(c, sizeof(*c), "secret"));
	}
}

static void a_proxy_has_its_own_logins(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, ASK("Proxy-Authorization: Basic YWxpY2U6Z2VoZWlt") },
		{ SERVER, "HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n" },
		{ CLIENT, ASK("Proxy-Authorization: Basic YWxpY2U6Z2VoZWlt") },
		{ SERVER, DENIED "\r\n" }, /* the server behind it speaks */
		{ CLIENT, ASK("Proxy-Authorization: Basic YWxpY2U6Z2VoZWlt") },
		{ SERVER, OK },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 2);
		expect_login(c, 0, "alice", "failure", "Basic");
		expect_login(c, 1, "alice", "success", "Basic");
	}
}

static void a_form_that_is_denied_is_a_failure(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT,
		  "POST /api/Login?u=secret HTTP/1.1\r\nContent-Length: 8\r\n\r\n"
		  "password" },
		{ SERVER, DENIED "\r\n" },
		{ CLIENT, "POST /order HTTP/1.1\r\nContent-Length: 0\r\n\r\n" },
		{ SERVER, DENIED "\r\n" },
		{ CLIENT, "POST /login HTTP/1.1\r\nContent-Length: 0\r\n\r\n" },
		{ SERVER, OK },
	};
	EACH_PIECE(turns)
	{
		assert_int_equal(c->logins, 1);
		expect_login(c, 0, "", "failure", "form");
	}
}

/* ---- what is wrong ---- */

static const struct {
	const char *request, *technique, *severity;
} shapes[] = {
#define POST "POST / HTTP/1.1\r\nHost: h\r\n"
	{ POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	  "request_smuggling", "high" },
	{ POST "Content-Length: 5, 6\r\n\r\nhello", "request_smuggling", "high" },
	{ POST "Content-Length: +5\r\n\r\nhello", "request_smuggling", "high" },
	{ POST "Content-Length: 0x5\r\n\r\nhello", "request_smuggling", "high" },
	{ POST "Content-Length: 99999999999999999999\r\n\r\n", "request_smuggling",
	  "high" },
	{ POST "Transfer-Encoding: xchunked\r\n\r\n", "request_smuggling", "high" },
	{ POST "Transfer-Encoding: chunked, identity\r\n\r\n", "request_smuggling",
	  "high" },
	{ POST "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n",
	  "request_smuggling", "high" },
	{ POST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  "request_smuggling", "high" },
	{ POST "Transfer-Encoding: \x0b"
	       "chunked\r\n\r\n",
	  "request_smuggling", "high" },
	{ POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "request_smuggling",
	  "high" },
	{ POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "request_smuggling",
	  "high" },
	{ POST "\x0bTransfer-Encoding: chunked\r\n\r\n", "request_smuggling", "high" },
	{ POST "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "request_smuggling",
	  "high" },
	{ POST "X: y\rTransfer-Encoding: chunked\r\n\r\n", "request_smuggling",
	  "high" },
	{ POST
	  "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x",
	  "request_smuggling", "high" },
	{ POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\n"
	       "GPOST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	       "Content-Length: 15\r\n\r\nx=1\r\n0\r\n\r\n",
	  "request_smuggling", "high" },
	{ POST
	  "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
	  "ambiguous_length", "notice" },
	{ POST "Transfer-Encoding: gzip\r\n\r\n", "ambiguous_length", "notice" },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  "ambiguous_length", "notice" },
	{ POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
	  "bad_chunk", "medium" },
	{ POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "bad_chunk", "medium" },
	{ POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "bad_chunk",
	  "medium" },
	{ POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
	  "bad_chunk", "medium" },
	{ POST "X: a\x01z\r\n\r\n", "control_characters", "low" },
	{ "GET /\x7f HTTP/1.1\r\n\r\n", "control_characters", "low" },
	/* What is odd, but common. */
	{ POST "Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello", NULL, NULL },
	{ POST "Content-Length:\r\n\r\n", NULL, NULL },
	{ POST "Content-Length: -1\r\n\r\n", NULL, NULL },
	{ POST "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nab", NULL,
	  NULL },
	{ POST
	  "Transfer-Encoding: Chunked \r\n\r\n005\r\nhello\r\n0 ;a\r\nA: b\r\n\r\n",
	  NULL, NULL },
	{ POST "X : y\r\n folded\r\nNo colon\r\nUmlaut: \xc3\xa4\r\n\r\n", NULL, NULL },
	{ "GET / HTTP/1.0\nHost: h\nContent-Length: 2\n\nab", NULL, NULL },
	{ "\r\n\r\nGET /a b c HTTP/1.1  \r\nHost: h\r\n\r\n\r\n", NULL, NULL },
#undef POST
};

static void what_is_wrong_is_noticed_and_what_is_odd_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct turn turns[] = { { CLIENT, shapes[i].request } };
		EACH_PIECE(turns)
		{
			if (c->notices > 0 && shapes[i].technique == NULL)
				print_message("# %s: %s\n", shapes[i].request,
					      c->detail[0]);
			assert_int_equal(c->notices > 0, shapes[i].technique != NULL);
			bool is_found = c->notices == 0;
			for (size_t n = 0; n < c->notices; n++)
				is_found |= strcmp(c->notice[n]->technique,
						   shapes[i].technique) == 0 &&
					    strcmp(c->notice[n]->severity,
						   shapes[i].severity) == 0;
			if (!is_found)
				print_message("# not found: %s\n", shapes[i].request);
			assert_true(is_found);
			if (c->notices > 0 && strcmp(shapes[i].severity, "high") != 0)
				assert_false(
					talk_check_noticed(c, "request_smuggling"));
			if (c->notices > 0)
				assert_int_equal(c->notice[0]->about, ABOUT_CLIENT);
		}
	}
}

static void the_same_in_a_response_is_no_attack(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ SERVER,
		  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n"
		  "Transfer-Encoding: xchunked\r\n\x01: \x02\r\n\r\nhello" },
	};
	EACH_PIECE(turns)
	assert_int_equal(c->notices, 0);
}

/* A request of many header lines; freed by the caller. */
static char *many_lines(unsigned count, const char *end)
{
	size_t size = 64 + (size_t)count * 32, len;
	char *request = malloc(size);
	len = (size_t)snprintf(request, size, "GET /%s HTTP/1.1\r\n", "many");
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(request + len, size - len, "X-%u: y\r\n", i);
	snprintf(request + len, size - len, "%s", end);
	return request;
}

static void floods_of_header_lines_are_noticed(void **state)
{
	static const struct {
		unsigned lines;
		const char *end, *technique;
	} cases[] = {
		{ 100, "\r\n", NULL },
		{ 201, "\r\n", "header_flood" },
		{ 5000, "", "header_flood" },
	};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *request = many_lines(cases[i].lines, cases[i].end);
		struct turn turns[] = { { CLIENT, request } };
		EACH_PIECE(turns)
		{
			assert_int_equal(c->notices > 0, cases[i].technique != NULL);
			if (cases[i].technique != NULL)
				assert_true(talk_check_noticed(c, cases[i].technique));
			assert_int_equal(c->records, 1);
			assert_string_equal(c->record[0].http.path, "/many");
		}
		free(request);
	}
}

static void a_head_that_is_too_large_is_a_notice_and_the_next_one_is_read(void **state)
{
	static char request[20000];
	struct turn turns[] = {
		{ CLIENT, request },
		{ SERVER, "HTTP/1.1 431 Too large\r\nContent-Length: 0\r\n\r\n" },
		{ CLIENT, "GET /next HTTP/1.1\r\n\r\n" },
		{ SERVER, OK },
	};
	(void)state;
	snprintf(request, sizeof(request),
		 "GET /a HTTP/1.1\r\nCookie: %019000d\r\n\r\n", 0);
	for (size_t piece = 1; piece < 4000; piece = piece * 1000 + 460) {
		struct talk_check *c = http_check(turns, 4, piece);
		assert_int_equal(c->notices, 1);
		assert_string_equal(c->notice[0]->technique, "oversized_head");
		assert_string_equal(c->notice[0]->severity, "notice");
		assert_int_equal(c->records, 2);
		assert_int_equal(c->record[0].http.status, 431);
		assert_string_equal(c->record[0].http.path, "/a");
		assert_string_equal(c->record[1].http.path, "/next");
		talk_check_free(c);
	}
}

static void long_targets_are_noticed(void **state)
{
	static char request[20000];
	struct turn turns[] = { { CLIENT, request } };
	(void)state;
	for (unsigned len = 7000; len < 20000; len += 5000) {
		snprintf(request, sizeof(request), "GET /%0*d HTTP/1.1\r\n\r\n",
			 (int)len, 0);
		EACH_PIECE(turns)
		assert_int_equal(talk_check_noticed(c, "long_target"), len > 8000);
	}
}

/* ---- hostile ---- */

static void nothing_is_believed_of_random_bytes(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	static const char alphabet[] =
		"GET / HTTP/1.1\r\n\r\n:; ,=\"\\0aF\t\x80\xff\x01"
		"chunkedContent-Length:Transfer-Encoding:";
	(void)state;
	print_message("# seed %u\n", seed);
	for (unsigned run = 0; run < 2000; run++) {
		struct talk_check *c =
			talk_check_new(protocol_by_name("http"), IPPROTO_TCP, 80);
		for (unsigned i = 0; i < 20 && c->talk.protocol != NULL; i++) {
			uint8_t said[64];
			size_t len = (size_t)rand_r(&seed) % sizeof(said);
			unsigned by = (unsigned)rand_r(&seed) % 2;
			for (size_t at = 0; at < len; at++)
				said[at] = (uint8_t)alphabet[(size_t)rand_r(&seed) %
							     (sizeof(alphabet) - 1)];
			if (rand_r(&seed) % 3 == 0)
				talk_say_text(c, by,
					      by == CLIENT ? "POST / HTTP/1.1\r\n"
							   : "HTTP/1.1 200 OK\r\n");
			if (len > 0 && c->talk.protocol != NULL)
				talk_say(c, by, said, len);
			if (rand_r(&seed) % 10 == 0)
				talk_lose(c, by);
		}
		talk_finish(c);
		talk_check_free(c);
	}
}

static void the_worst_repeated_byte_is_read_in_no_time(void **state)
{
	static const char *const begins[] = {
		"",
		"GET ",
		"GET / HTTP/1.1\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
	};
	clock_t start = clock();
	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		for (const char *byte = "\n\r: 0a,;\"\x01"; *byte != '\0'; byte++) {
			static char said[16384];
			struct talk_check *c = talk_check_new(protocol_by_name("http"),
							      IPPROTO_TCP, 80);
			memset(said, *byte, sizeof(said));
			if (*begins[i] != '\0')
				talk_say_text(c, CLIENT, begins[i]);
			for (size_t at = 0; at < sizeof(said); at += 16)
				talk_say(c, CLIENT, said + at, 16);
			talk_finish(c);
			talk_check_free(c);
		}
	assert_true((clock() - start) / CLOCKS_PER_SEC < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_logins_are_told_and_their_passwords_never),
		cmocka_unit_test(without_credentials_nobody_tries_to_log_in),
		cmocka_unit_test(credentials_nobody_asked_for_expose_nothing),
		cmocka_unit_test(digest_names_its_user_and_an_old_nonce_is_no_failure),
		cmocka_unit_test(handshakes_are_one_attempt),
		cmocka_unit_test(tokens_and_other_schemes_are_logins_without_user),
		cmocka_unit_test(a_proxy_has_its_own_logins),
		cmocka_unit_test(a_form_that_is_denied_is_a_failure),
		cmocka_unit_test(what_is_wrong_is_noticed_and_what_is_odd_is_not),
		cmocka_unit_test(the_same_in_a_response_is_no_attack),
		cmocka_unit_test(floods_of_header_lines_are_noticed),
		cmocka_unit_test(
			a_head_that_is_too_large_is_a_notice_and_the_next_one_is_read),
		cmocka_unit_test(long_targets_are_noticed),
		cmocka_unit_test(nothing_is_believed_of_random_bytes),
		cmocka_unit_test(the_worst_repeated_byte_is_read_in_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
