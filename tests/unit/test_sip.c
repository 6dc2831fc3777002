/*
 * test_sip.c: SIP over datagrams and streams: recognised, matched, logins, records.
 *
 * Registration and call are those of RFC 3261 24, with a challenge of 22.4.
 */
#include <time.h>

#include "http_check.h"

#define VIA     "Via: SIP/2.0/UDP bobspc.biloxi.com:5060;branch=z9hG4bKnashds7\r\n"
#define WHO     "To: Bob <sip:bob@biloxi.com>\r\nFrom: Bob <sip:bob@biloxi.com>;tag=45\r\n"
#define CALL(n) "Call-ID: 843817637684230@998sdasdh09\r\nCSeq: " n " REGISTER\r\n"
#define REGISTER(n, more)                                                              \
	"REGISTER sip:registrar.biloxi.com SIP/2.0\r\n" VIA WHO CALL(n) more           \
		"User-Agent: phone/1\r\nContent-Length: 0\r\n\r\n"
#define PROOF                                                                          \
	"Authorization: Digest username=\"bob9\", realm=\"b\", response=\"245f\"\r\n"
#define REPLY(code, n, more)                                                           \
	"SIP/2.0 " code "\r\n" CALL(n) VIA WHO more                                    \
		"Server: proxy/2\r\nContent-Length: 0\r\n\r\n"
#define CHALLENGE "WWW-Authenticate: Digest realm=\"b\", nonce=\"ea9c\", stale="

static struct bytes text(const char *of)
{
	return bytes_of(of, strlen(of));
}

static void expect_from_either_side(const char *first_line)
{
	static const uint8_t transports[] = { IPPROTO_UDP, IPPROTO_TCP };
	const struct protocol *sip = protocol_by_name("sip");
	size_t whole = strlen(first_line);
	for (size_t i = 0; i < 2; i++)
		for (size_t len = 0; len <= whole; len++) {
			enum verdict verdict = len < whole ? VERDICT_MORE : VERDICT_YES;
			struct bytes cut = bytes_of(first_line, len);
			assert_int_equal(verdict_of(sip, transports[i], cut, text("")),
					 verdict);
			assert_int_equal(verdict_of(sip, transports[i], text(""), cut),
					 verdict);
		}
}

static void requests_and_responses_are_recognised_from_either_side(void **state)
{
	(void)state;
	expect_from_either_side("INVITE sip:bob@biloxi.com SIP/2.0\r\n");
	expect_from_either_side("\r\nOPTIONS sips:biloxi.com;transport=tls SIP/2.0\n");
	expect_from_either_side("FOO tel:+1 SIP/2.0\r\n");
	expect_from_either_side("SIP/2.0 200 OK\r\n");
	assert_string_equal(opening_is(IPPROTO_UDP, 5060, CLIENT,
				       text(REGISTER("1", "")), text("")),
			    "sip");
}

static void what_others_say_is_not_claimed(void **state)
{
	static const char *const others[] = {
		"GET / HTTP/1.1\r\n",
		"OPTIONS rtsp://example.com/ RTSP/1.0\r\n",
		"OPTIONS sip:nobody HTTP/1.1\r\n",
		"NOTIFY * HTTP/1.1\r\n",
		"SIP/2.0 abc\r\n",
		"SIP/3.0 200 OK\r\n",
		"\x80\x60\1\2\3\4",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(verdict_of(protocol_by_name("sip"), IPPROTO_UDP,
					    text(others[i]), text("")),
				 VERDICT_NO);
}

static void a_method_is_a_word_of_at_most_24_letters(void **state)
{
	(void)state;
	for (size_t len = 1; len < 40; len++) {
		char *said = malloc(len);
		memset(said, 'A', len);
		assert_int_equal(verdict_of(protocol_by_name("sip"), IPPROTO_UDP,
					    bytes_of(said, len), text("")),
				 len <= 24 ? VERDICT_MORE : VERDICT_NO);
		free(said);
	}
}

static const struct turn registration[] = {
	{ CLIENT, REGISTER("1", "") },
	{ SERVER, REPLY("401 Unauthorized", "1", CHALLENGE "false\r\n") },
	{ CLIENT, REGISTER("2", PROOF) },
	{ SERVER, REPLY("100 Trying", "2", "") },
	{ SERVER, REPLY("403 Wrong password", "2", "") },
	{ CLIENT, REGISTER("3", PROOF) },
	{ SERVER, REPLY("401 Again", "3", CHALLENGE "true\r\n") },
	{ CLIENT, REGISTER("4", PROOF) },
	{ SERVER, REPLY("401 nonce has changed", "4", CHALLENGE "false\r\n") },
	{ CLIENT, REGISTER("5", PROOF) },
	{ CLIENT, REGISTER("5", PROOF) },
	{ SERVER, REPLY("200 OK", "5", "") },
	{ SERVER, REPLY("200 OK", "5", "") },
	{ CLIENT, REGISTER("6", PROOF) },
	{ SERVER, REPLY("200 OK", "6", "") },
};
enum { REGISTRATION = sizeof(registration) / sizeof(registration[0]) };

static struct talk_check *run(uint8_t transport, const struct turn *turns, size_t count,
			      size_t piece)
{
	struct talk_check *c = talk_check_new(protocol_by_name("sip"), transport, 5060);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(turns[i].text);
		for (size_t at = 0; at < len; at += piece)
			talk_say(c, turns[i].by, turns[i].text + at,
				 len - at < piece ? len - at : piece);
	}
	talk_finish(c);
	return c;
}

static void expect_registration(const struct talk_check *c)
{
	assert_int_equal(c->records, REGISTRATION);
	assert_string_equal(c->record[0].sip.method, "REGISTER");
	assert_string_equal(c->record[0].sip.uri, "sip:registrar.biloxi.com");
	assert_string_equal(c->record[0].sip.user_agent, "phone/1");
	assert_int_equal(c->record[0].sip.code, UNKNOWN_U32);
	assert_string_equal(c->record[4].sip.method, "REGISTER");
	assert_int_equal(c->record[4].sip.code, 403);
	assert_string_equal(c->record[4].sip.reason, "Wrong password");
	assert_string_equal(c->record[4].sip.uri, "");
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[1].outcome, "success");
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(c->login[i].user, "bob9");
		assert_string_equal(c->login[i].method, "Digest");
		assert_string_equal(c->login[i].protocol, "sip");
	}
	assert_string_equal(c->talk.facts.software, "proxy/2");
	assert_string_equal(c->talk.facts.client_software, "phone/1");
	assert_string_equal(c->talk.facts.name, "registrar.biloxi.com");
	assert_string_equal(c->talk.facts.version, "2.0");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->answers, 6);
	assert_int_equal(c->errors + c->notices, 0);
}

static void registrations_are_logins_over_any_transport(void **state)
{
	(void)state;
	struct talk_check *c = run(IPPROTO_UDP, registration, REGISTRATION, 65536);
	expect_registration(c);
	assert_int_equal(c->took_us, 1000);
	talk_check_free(c);
	for (size_t piece = 1; piece < 10000; piece = piece * 40 + 3) {
		c = run(IPPROTO_TCP, registration, REGISTRATION, piece);
		expect_registration(c);
		talk_check_free(c);
	}
}

/* Of the call: i, of message n. */
#define OF(call, n, method)                                                            \
	"i: " call "\r\nf: <sip:al@a.com>;tag=1\r\nCSeq:  " n "  " method              \
	"\r\nl: 0\r\n\r\n"

static void calls_that_share_ports_are_told_apart(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT,
		  "INVITE sip:+49;x=y:secret@[2001:db8::1]:5061;a=b?c=d SIP/2.0\r\n" OF(
			  "one", "1", "INVITE") },
		{ CLIENT, "INVITE sip:two@b.com SIP/2.0\r\n"
			  "Proxy-Authorization: Digest username=\"\"\r\n" OF(
				  "two", "1", "INVITE") },
		{ SERVER, "INVITE sip:al@a.com SIP/2.0\r\n" OF("one", "1", "INVITE") },
		{ SERVER, "SIP/2.0 100 Trying\r\n" OF("two", "1", "INVITE") },
		{ CLIENT, "SIP/2.0 500 No\r\n" OF("one", "1", "INVITE") },
		{ SERVER, "SIP/2.0 603 Decline\r\n" OF("one", "1", "INVITE") },
		{ CLIENT, "ACK sip:two@b.com SIP/2.0\r\n" OF("one", "1", "ACK") },
		{ SERVER, "SIP/2.0 407 Proxy\r\n" OF("two", "1", "INVITE") },
	};
	struct talk_check *c = run(IPPROTO_UDP, turns, 8, 65536);
	assert_int_equal(c->records, 8);
	assert_string_equal(c->record[0].sip.uri, "sip:+49@[2001:db8::1]:5061");
	assert_string_equal(c->talk.facts.name, "[2001:db8::1]");
	assert_string_equal(c->record[5].sip.method, "INVITE");
	assert_int_equal(c->answers, 3);
	assert_int_equal(c->errors, 1);
	/* To the second INVITE: until "Trying". */
	assert_int_equal(c->took_us, 2000);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "al");
	assert_string_equal(c->login[0].outcome, "failure");
	talk_check_free(c);
}

static void basic_is_noticed_and_its_password_never_kept(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, REGISTER("1", "Authorization: Basic YWxpY2U6Z2VoZWlt\r\n") },
		{ SERVER, REPLY("200 OK", "1", "") },
	};
	struct talk_check *c = run(IPPROTO_TCP, turns, 2, 1);
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].method, "Basic");
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->technique, "sip_basic");
	assert_null(memmem(c, sizeof(*c), "geheim", 6));
	talk_check_free(c);
}

static void bodies_and_keepalives_are_skipped(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ CLIENT, "\r\n\r\nMESSAGE sip:b@b.com SIP/2.0\r\nCall-ID: 1\r\n"
			  "CSeq: 1 MESSAGE\r\nContent-Length: 19\r\n\r\n"
			  "SIP/2.0 500 No\r\n\r\n\r"
			  "\r\n\r\nBYE sip:b@b.com SIP/2.0\r\nCall-ID: 1\r\n"
			  "CSeq: 2 BYE\r\nl:0\r\n\r\n" },
		{ SERVER,
		  "\r\nSIP/2.0 202 OK\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n\r\n" },
		{ CLIENT, "no message\r\n\r\n" },
		{ SERVER, "SIP/2.0 200 OK\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\n\r\n" },
	};
	for (size_t piece = 1; piece < 10000; piece = piece * 40 + 3) {
		struct talk_check *c = run(IPPROTO_TCP, turns, 4, piece);
		assert_int_equal(c->records, 4);
		assert_int_equal(c->answers, 2);
		assert_int_equal(c->errors, 0);
		talk_check_free(c);
	}
}

static void after_lost_bytes_it_goes_on_with_the_next_turn(void **state)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("sip"), IPPROTO_TCP, 5060);
	(void)state;
	talk_lose(c, CLIENT);
	talk_say_text(c, CLIENT, "=1\r\n\r\n");
	talk_say_text(c, SERVER, REPLY("200 OK", "1", ""));
	talk_say_text(c, CLIENT, REGISTER("2", ""));
	assert_int_equal(c->records, 2);
	talk_check_free(c);
}

static void nothing_is_believed_of_random_bytes(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	static const char *const parts[] = {
		"SIP/2.0 200 OK\r\n",
		"INVITE sip:",
		"a@b SIP/2.0\r\n",
		"CSeq: 1 INVITE\r\n",
		"Call-ID: ",
		"From: <",
		">;tag",
		"Content-Length: 9",
		"\r\n",
		"\r\n\r\n",
		":",
		"@",
		"<sip:",
		" ",
		"Authorization: Digest username=\"",
		"\x80\xff",
		"i:",
		"l:4294967295\r\n",
	};
	(void)state;
	print_message("# seed %u\n", seed);
	for (unsigned run = 0; run < 3000; run++) {
		struct talk_check *c =
			talk_check_new(protocol_by_name("sip"),
				       run % 2 ? IPPROTO_TCP : IPPROTO_UDP, 5060);
		for (unsigned i = 0; i < 30; i++) {
			char said[256] = "";
			size_t len = 0;
			for (unsigned n = 0; n < 5; n++)
				len += (size_t)snprintf(
					said + len, sizeof(said) - len, "%s",
					parts[(size_t)rand_r(&seed) %
					      (sizeof(parts) / sizeof(parts[0]))]);
			talk_say(c, (unsigned)rand_r(&seed) % 2, said, len);
		}
		talk_finish(c);
		talk_check_free(c);
	}
}

static void the_worst_repeated_byte_is_read_in_no_time(void **state)
{
	clock_t start = clock();
	(void)state;
	for (const char *byte = "\n\r: 0a,;\"\x01@"; *byte != '\0'; byte++) {
		static char said[16384];
		struct talk_check *c =
			talk_check_new(protocol_by_name("sip"), IPPROTO_TCP, 5060);
		memset(said, *byte, sizeof(said));
		talk_say_text(c, CLIENT, "INVITE sip:");
		for (size_t at = 0; at < sizeof(said); at += 16)
			talk_say(c, CLIENT, said + at, 16);
		talk_check_free(c);
	}
	assert_true((clock() - start) / CLOCKS_PER_SEC < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			requests_and_responses_are_recognised_from_either_side),
		cmocka_unit_test(what_others_say_is_not_claimed),
		cmocka_unit_test(a_method_is_a_word_of_at_most_24_letters),
		cmocka_unit_test(registrations_are_logins_over_any_transport),
		cmocka_unit_test(calls_that_share_ports_are_told_apart),
		cmocka_unit_test(basic_is_noticed_and_its_password_never_kept),
		cmocka_unit_test(bodies_and_keepalives_are_skipped),
		cmocka_unit_test(after_lost_bytes_it_goes_on_with_the_next_turn),
		cmocka_unit_test(nothing_is_believed_of_random_bytes),
		cmocka_unit_test(the_worst_repeated_byte_is_read_in_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
