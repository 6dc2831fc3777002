/*
 * test_ask_imap.c: how a server of mailboxes is asked.
 */
#include "asking_mail.h"

extern const struct protocol protocol_imap;

#define GREETING   HEARS("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] Dovecot ready.\r\n")
#define CAPABILITY SAYS("a1 CAPABILITY\r\n")
#define OFFERS(words)                                                                  \
	HEARS("* CAPABILITY IMAP4rev1 " words "\r\na1 OK Pre-login done.\r\n")
#define OFFERS_THEN(words)                                                             \
	HEARS("* CAPABILITY IMAP4rev1 " words "\r\na3 OK Pre-login done.\r\n")
#define LOGOUT SAYS("a0 LOGOUT\r\n")
#define PLAIN  "AGJvYgBzZXNhbWU=\r\n" /* bob, sesame */

static const struct protocol *const imap = &protocol_imap;

static void whoever_tells_what_it_can_is_well(void **state)
{
	(void)state;
	static const struct turn turns[] = { GREETING, CAPABILITY, OFFERS("STARTTLS"),
					     LOGOUT, HEARS("* BYE\r\na0 OK done\r\n") };
	static const struct turn known[] = { HEARS("* PREAUTH welcome\r\n"), CAPABILITY,
					     OFFERS("IDLE"), LOGOUT };
	struct question question = by_nobody();
	WELL(imap, question, ASK_LEAVE, turns);
	WELL(imap, question, ASK_LEAVE, known);
	asking_noise(imap, &question);
}

static void tls_is_started_and_begun_anew(void **state)
{
	(void)state;
	struct question question = by_nobody();
	question.wants_tls = true;
	static const struct turn turns[] = {
		GREETING,
		CAPABILITY,
		OFFERS("STARTTLS"),
		SAYS("a2 STARTTLS\r\n"),
		HEARS("a2 OK go\r\n"),
		STARTS_TLS,
		SAYS("a3 CAPABILITY\r\n"),
		OFFERS_THEN("AUTH=PLAIN"),
		LOGOUT,
	};
	static const struct turn missing[] = { GREETING, CAPABILITY, OFFERS("IDLE"),
					       LOGOUT };
	static const struct turn broken[] = {
		GREETING,
		CAPABILITY,
		OFFERS("STARTTLS"),
		SAYS("a2 STARTTLS\r\n"),
		HEARS("a2 NO [UNAVAILABLE] no key\r\n"),
		LOGOUT,
	};
	static const struct turn known[] = { HEARS("* PREAUTH welcome\r\n"), LOGOUT };
	WELL(imap, question, ASK_LEAVE, turns);
	UNWELL(imap, question, REASON_tls_missing, ASK_LEAVE, "does not offer STARTTLS",
	       missing);
	UNWELL(imap, question, REASON_tls_failed, ASK_LEAVE, "no key", broken);
	UNWELL(imap, question, REASON_tls_missing, ASK_LEAVE, "logged in", known);
}

static void the_password_goes_by_tls_where_that_is_offered(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		GREETING,
		CAPABILITY,
		OFFERS("STARTTLS LOGINDISABLED"),
		SAYS("a2 STARTTLS\r\n"),
		HEARS("a2 OK go\r\n"),
		STARTS_TLS,
		SAYS("a3 CAPABILITY\r\n"),
		OFFERS_THEN("SASL-IR AUTH=PLAIN"),
		SAYS("a4 AUTHENTICATE PLAIN " PLAIN),
		HEARS("* CAPABILITY IMAP4rev1\r\na4 OK Logged in\r\n"),
		LOGOUT,
	};
	static const struct turn disabled[] = { GREETING, CAPABILITY,
						OFFERS("LOGINDISABLED"), LOGOUT };
	WELL(imap, by_bob(), ASK_LEAVE, turns);
	UNWELL(imap, by_bob(), REASON_login_failed, ASK_LEAVE, "without TLS", disabled);
}

static void the_password_goes_as_the_server_takes_it(void **state)
{
	(void)state;
	static const struct turn continued[] = {
		GREETING,
		CAPABILITY,
		OFFERS("AUTH=PLAIN"),
		SAYS("a2 AUTHENTICATE PLAIN\r\n"),
		HEARS("+ \r\n"),
		SAYS(PLAIN),
		HEARS("a2 OK in\r\n"),
		LOGOUT,
	};
	static const struct turn quoted[] = {
		GREETING,
		CAPABILITY,
		OFFERS("IDLE"),
		SAYS("a2 LOGIN \"b\\\"o\\\\b\" \"se same\"\r\n"),
		HEARS("a2 OK in\r\n"),
		LOGOUT,
	};
	struct question odd = by_bob();
	odd.user = "b\"o\\b";
	odd.password = "se same";
	WELL(imap, by_bob(), ASK_LEAVE, continued);
	WELL(imap, odd, ASK_LEAVE, quoted);
	odd.user = "bob\r\na3 DELETE INBOX";
	assert_non_null(protocol_imap.asking->check(&odd));
	odd = by_bob();
	assert_null(protocol_imap.asking->check(&odd));
}

#define LOGIN_ANSWERED(answer)                                                         \
	{                                                                              \
		GREETING, CAPABILITY, OFFERS("IDLE"),                                  \
			SAYS("a2 LOGIN \"bob\" \"sesame\"\r\n"), HEARS(answer), LOGOUT \
	}

static void a_refused_login_is_told_from_a_server_in_trouble(void **state)
{
	(void)state;
	static const struct turn wrong[] =
		LOGIN_ANSWERED("a2 NO [AUTHENTICATIONFAILED] no\r\n");
	static const struct turn fault[] =
		LOGIN_ANSWERED("a2 NO [UNAVAILABLE] database is gone\r\n");
	static const struct turn full[] = LOGIN_ANSWERED("a2 NO [LIMIT] too many\r\n");
	UNWELL(imap, by_bob(), REASON_login_failed, ASK_LEAVE, "AUTHENTICATIONFAILED",
	       wrong);
	UNWELL(imap, by_bob(), REASON_error, ASK_LEAVE, "database is gone", fault);
	UNWELL(imap, by_bob(), REASON_overloaded, ASK_LEAVE, "too many", full);
}

static void whoever_refuses_says_why(void **state)
{
	(void)state;
	static const struct turn full[] = { HEARS(
		"* BYE Maximum number of connections exceeded\r\n") };
	static const struct turn barred[] = { HEARS("* BYE access denied\r\n") };
	static const struct turn dying[] = { GREETING, CAPABILITY,
					     HEARS("* BYE shutting down\r\n") };
	static const struct turn other[] = { HEARS("220 mail.example ESMTP\r\n") };
	static const struct turn web[] = { HEARS("* hello\r\n") };
	static const struct turn bad[] = { GREETING, CAPABILITY,
					   HEARS("a1 BAD what?\r\n"), LOGOUT };
	static const struct turn closed[] = { GREETING, CAPABILITY, SERVER_ENDS };
	UNWELL(imap, by_nobody(), REASON_overloaded, ASK_LEAVE, "Maximum", full);
	UNWELL(imap, by_nobody(), REASON_denied, ASK_LEAVE, "denied", barred);
	UNWELL(imap, by_nobody(), REASON_error, ASK_LEAVE, "shutting down", dying);
	UNWELL(imap, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "2", other);
	UNWELL(imap, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "* hello", web);
	UNWELL(imap, by_nobody(), REASON_error, ASK_LEAVE, "what?", bad);
	UNWELL(imap, by_nobody(), REASON_closed, ASK_CLOSE, "", closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_tells_what_it_can_is_well),
		cmocka_unit_test(tls_is_started_and_begun_anew),
		cmocka_unit_test(the_password_goes_by_tls_where_that_is_offered),
		cmocka_unit_test(the_password_goes_as_the_server_takes_it),
		cmocka_unit_test(a_refused_login_is_told_from_a_server_in_trouble),
		cmocka_unit_test(whoever_refuses_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
