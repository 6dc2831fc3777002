/*
 * test_ask_sip.c: asking SIP servers.
 */
#include "asking.h"

extern const struct protocol protocol_sip;

#define NONCE "30313233343536373839616263646500"
#define OPTIONS_BY(host, transport)                                                    \
	"OPTIONS sip:" host ":5060 SIP/2.0\r\n"                                        \
	"Via: SIP/2.0/" transport " 192.0.2.9:40000;branch=z9hG4bK" NONCE ";rport\r\n" \
	"Max-Forwards: 70\r\n"                                                         \
	"From: <sip:breakwater@192.0.2.9>;tag=30313233\r\n"                            \
	"To: <sip:" host ">\r\n"                                                       \
	"Call-ID: " NONCE "\r\n"                                                       \
	"CSeq: 1 OPTIONS\r\n"                                                          \
	"Accept: application/sdp\r\n"                                                  \
	"User-Agent: Breakwater\r\n"                                                   \
	"Content-Length: 0\r\n\r\n"
#define OPTIONS(transport) OPTIONS_BY("harbour.example", transport)
#define ANSWER(status, call, cseq, body)                                               \
	"SIP/2.0 " status "\r\n"                                                       \
	"i: " call "\r\n"                                                              \
	"CSeq: " cseq "\r\n" body
#define OURS(status) ANSWER(status, NONCE, "1 OPTIONS", "Content-Length: 0\r\n\r\n")

static struct question udp, tcp, ip6;

static void assert_reason(const struct question *question, const struct turn *turns,
			  size_t count, enum reason reason, const char *detail)
{
	struct script script = { &protocol_sip, question, turns, count, false };
	asking_is(&script, reason, ASK_CLOSE, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(question, turns, reason, detail)                                 \
	assert_reason(question, turns, sizeof(turns) / sizeof((turns)[0]), reason,     \
		      detail)

static void it_is_well_once_it_answers(void **state)
{
	(void)state;
	static const struct turn datagrams[] = { SAYS(OPTIONS("UDP")),
						 HEARS(OURS("100 Trying")),
						 HEARS(OURS("200 OK")) };
	static const struct turn lost[] = { SAYS(OPTIONS_BY("[2001:db8::1]", "UDP")),
					    HEARS(OURS("404 Not Found")) };
	static const struct turn stream[] = {
		SAYS(OPTIONS("TCP")),
		HEARS(ANSWER("100 Trying", NONCE, "1 OPTIONS", "l: 4\r\n\r\nwait")
			      OURS("401 Unauthorized")),
	};
	struct script scripts[] = { SCRIPT(&protocol_sip, &udp, datagrams),
				    SCRIPT(&protocol_sip, &ip6, lost),
				    SCRIPT(&protocol_sip, &tcp, stream) };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		asking_is_well(&scripts[i], ASK_CLOSE);
		asking_spoilt(&scripts[i], 2);
	}
}

static void within_tls_it_says_so(void **state)
{
	(void)state;
	static const struct turn sealed[] = { SAYS(OPTIONS("TLS")),
					      HEARS(OURS("200 OK")) };
	struct script script = SCRIPT(&protocol_sip, &tcp, sealed);
	script.in_tls = true;
	asking_is_well(&script, ASK_CLOSE);
}

static void what_answers_another_question_is_let_pass(void **state)
{
	(void)state;
	static const struct turn other[] = {
		SAYS(OPTIONS("UDP")),
		HEARS(""),
		HEARS(ANSWER("200 OK", "30313233", "1 OPTIONS", "\r\n")),
		HEARS(ANSWER("200 OK", NONCE, "2 OPTIONS", "\r\n")),
		HEARS(ANSWER("200 OK", NONCE, "1 INVITE", "\r\n")),
		HEARS(OURS("180 Ringing")),
		HEARS(OPTIONS("UDP")),
		SERVER_ENDS,
	};
	ASSERT_REASON(&udp, other, REASON_closed, "");
	asking_noise(&protocol_sip, &udp);
}

static void a_code_says_why_not(void **state)
{
	(void)state;
	static const struct turn full[] = { SAYS(OPTIONS("TCP")),
					    HEARS(OURS("503 Service Unavailable")) };
	static const struct turn broken[] = { SAYS(OPTIONS("UDP")),
					      HEARS(OURS("500 I/O error")) };
	static const struct turn declined[] = { SAYS(OPTIONS("UDP")),
						HEARS(OURS("603 Decline")) };
	ASSERT_REASON(&tcp, full, REASON_overloaded, "\"503 Service Unavailable\"");
	ASSERT_REASON(&udp, broken, REASON_error, "\"500 I/O error\"");
	ASSERT_REASON(&udp, declined, REASON_error, "\"603 Decline\"");
}

static void what_is_not_sip_is_told_apart(void **state)
{
	(void)state;
	static const struct turn text[] = { SAYS(OPTIONS("TCP")),
					    HEARS("HTTP/1.1 400 Bad Request\r\n\r\n") };
	static const struct turn odd[] = { SAYS(OPTIONS("TCP")),
					   HEARS("SIP/2.0 OK\r\n\r\n") };
	ASSERT_REASON(&tcp, text, REASON_wrong_protocol, "no message of SIP");
	ASSERT_REASON(&tcp, odd, REASON_wrong_protocol, "no message of SIP");
	asking_noise(&protocol_sip, &tcp);
}

int main(void)
{
	udp = ip6 = asking_question(IPPROTO_UDP);
	tcp = asking_question(IPPROTO_TCP);
	udp.port = tcp.port = ip6.port = 5060;
	ip6.host = "2001:db8::1";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_it_answers),
		cmocka_unit_test(within_tls_it_says_so),
		cmocka_unit_test(what_answers_another_question_is_let_pass),
		cmocka_unit_test(a_code_says_why_not),
		cmocka_unit_test(what_is_not_sip_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
