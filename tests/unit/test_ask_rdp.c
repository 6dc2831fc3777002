/*
 * test_ask_rdp.c: asking remote desktops.
 */
#include "asking.h"

extern const struct protocol protocol_rdp;

#define REQUEST                                                                        \
	"\x03\0\0\x13\x0e\xe0\0\0\0\0\0"                                               \
	"\x01\0\x08\0\x03\0\0\0"
#define CONFIRM(type, value)                                                           \
	"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0" type "\0\x08\0" value "\0\0\0"
#define BARE "\x03\0\0\x0b\x06\xd0\0\0\x12\x34\0"

static struct question question, tls_question;

static void assert_reason(const struct question *asked, const struct turn *turns,
			  size_t count, enum reason reason, const char *detail)
{
	struct script script = { &protocol_rdp, asked, turns, count, false };
	asking_is(&script, reason, ASK_CLOSE, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(asked, turns, reason, detail)                                    \
	assert_reason(asked, turns, sizeof(turns) / sizeof((turns)[0]), reason, detail)

static void it_is_well_once_security_is_agreed_on(void **state)
{
	(void)state;
	static const struct turn tls[] = { SAYS(REQUEST),
					   HEARS(CONFIRM("\x02", "\x01")) };
	static const struct turn classic[] = { SAYS(REQUEST), HEARS(BARE) };
	static const struct turn no_tls[] = { SAYS(REQUEST),
					      HEARS(CONFIRM("\x03", "\x02")) };
	struct script scripts[] = { SCRIPT(&protocol_rdp, &question, tls),
				    SCRIPT(&protocol_rdp, &question, classic),
				    SCRIPT(&protocol_rdp, &question, no_tls) };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		asking_is_well(&scripts[i], ASK_CLOSE);
		asking_spoilt(&scripts[i], 2);
	}
}

static void tls_is_started_where_it_was_asked_for(void **state)
{
	(void)state;
	static const struct turn fine[] = { SAYS(REQUEST),
					    HEARS(CONFIRM("\x02", "\x02")),
					    STARTS_TLS };
	static const struct turn classic[] = { SAYS(REQUEST),
					       HEARS(CONFIRM("\x02", "\0")) };
	static const struct turn no_tls[] = { SAYS(REQUEST),
					      HEARS(CONFIRM("\x03", "\x02")) };
	struct script script = SCRIPT(&protocol_rdp, &tls_question, fine);
	asking_is_well(&script, ASK_CLOSE);
	ASSERT_REASON(&tls_question, classic, REASON_tls_missing, "RDP's own");
	ASSERT_REASON(&tls_question, no_tls, REASON_tls_missing, "RDP's own");
}

static void a_failure_says_why(void **state)
{
	(void)state;
	static const struct turn no_certificate[] = { SAYS(REQUEST),
						      HEARS(CONFIRM("\x03", "\x03")) };
	static const struct turn other[] = { SAYS(REQUEST),
					     HEARS(CONFIRM("\x03", "\x06")) };
	ASSERT_REASON(&question, no_certificate, REASON_error, "no certificate");
	ASSERT_REASON(&question, other, REASON_denied, "failure code 6");
}

static void what_is_not_rdp_is_told_apart(void **state)
{
	(void)state;
	static const struct turn text[] = { SAYS(REQUEST), HEARS("HTTP/1.1 400\r\n") };
	static const struct turn tpdu[] = { SAYS(REQUEST),
					    HEARS("\x03\0\0\x0b\x06\x80\0\0\0\0\0") };
	static const struct turn silent[] = { SAYS(REQUEST), SERVER_ENDS };
	ASSERT_REASON(&question, text, REASON_wrong_protocol, "no connection confirm");
	ASSERT_REASON(&question, tpdu, REASON_wrong_protocol, "no connection confirm");
	ASSERT_REASON(&question, silent, REASON_closed, "");
	struct script sealed = SCRIPT(&protocol_rdp, &question, silent);
	sealed.in_tls = true;
	asking_is(&sealed, REASON_closed, ASK_CLOSE, "");
	asking_noise(&protocol_rdp, &question);
	asking_noise(&protocol_rdp, &tls_question);
}

int main(void)
{
	question = tls_question = asking_question(IPPROTO_TCP);
	tls_question.wants_tls = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_security_is_agreed_on),
		cmocka_unit_test(tls_is_started_where_it_was_asked_for),
		cmocka_unit_test(a_failure_says_why),
		cmocka_unit_test(what_is_not_rdp_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
