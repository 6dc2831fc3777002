/*
 * test_ask_smtp.c: how a mail server is asked.
 */
#include "asking_mail.h"

extern const struct protocol protocol_smtp;
static const struct protocol *const smtp = &protocol_smtp;

#define GREETING HEARS("220 mail.example ESMTP Postfix\r\n")
#define EHLO     SAYS("EHLO [192.0.2.9]\r\n")
#define STARTTLS SAYS("STARTTLS\r\n")
#define QUIT     SAYS("QUIT\r\n")
#define OFFER    HEARS("250-mail.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
#define NO_OFFER HEARS("250 mail.example\r\n")

static void whoever_answers_ehlo_is_well(void **state)
{
	(void)state;
	static const struct turn turns[] = { GREETING, EHLO, OFFER, QUIT,
					     HEARS("221 2.0.0 Bye\r\n") };
	static const struct turn long_greeting[] = {
		HEARS("220-mail.example\r\n220-No spam\r\n220 here\r\n"), EHLO,
		NO_OFFER, QUIT
	};
	static const struct turn old[] = {
		GREETING, EHLO, HEARS("502 what?\r\n"), SAYS("HELO [192.0.2.9]\r\n"),
		NO_OFFER, QUIT
	};
	struct question question = by_nobody();
	WELL(smtp, question, ASK_LEAVE, turns);
	WELL(smtp, question, ASK_LEAVE, long_greeting);
	WELL(smtp, question, ASK_LEAVE, old);
	asking_noise(smtp, &question);
}

static void we_introduce_ourselves_by_address_or_as_wished(void **state)
{
	(void)state;
	static const struct turn over_v6[] = { GREETING,
					       SAYS("EHLO [IPv6:2001:db8::9]\r\n"),
					       NO_OFFER, QUIT };
	static const struct turn named[] = { GREETING, SAYS("EHLO probe.example\r\n"),
					     NO_OFFER, QUIT };
	static const struct turn local[] = { GREETING, SAYS("LHLO [192.0.2.9]\r\n"),
					     NO_OFFER, QUIT };
	struct question question = by_nobody();
	addr_parse("2001:db8::9", &question.local);
	WELL(smtp, question, ASK_LEAVE, over_v6);
	question.options[0] = (struct question_option){ "helo", "probe.example" };
	question.option_count = 1;
	WELL(smtp, question, ASK_LEAVE, named);
	assert_null(smtp->asking->check(&question));
	question.options[0].value = "a\nMAIL FROM:<b>";
	assert_non_null(smtp->asking->check(&question));
	question = by_nobody();
	question.options[0] = (struct question_option){ "lmtp", "" };
	question.option_count = 1;
	WELL(smtp, question, ASK_LEAVE, local);
}

static void tls_is_started_and_begun_anew(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		GREETING,   EHLO, OFFER,    STARTTLS, HEARS("220 go\r\n"),
		STARTS_TLS, EHLO, NO_OFFER, QUIT
	};
	static const struct turn missing[] = { GREETING, EHLO, NO_OFFER, QUIT };
	static const struct turn broken[] = {
		GREETING, EHLO, OFFER, STARTTLS, HEARS("454 no key\r\n"), QUIT
	};
	static const struct turn denied[] = {
		GREETING, EHLO, OFFER, STARTTLS, HEARS("502 never\r\n"), QUIT
	};
	WELL(smtp, by_tls(), ASK_LEAVE, turns);
	UNWELL(smtp, by_tls(), REASON_tls_missing, ASK_LEAVE, "STARTTLS", missing);
	UNWELL(smtp, by_tls(), REASON_tls_failed, ASK_LEAVE, "454 no key", broken);
	static const struct turn files[] = {
		HEARS("220 (vsFTPd 3.0.3)\r\n"), EHLO,
		HEARS("530 Please login with USER and PASS.\r\n"), QUIT
	};
	UNWELL(smtp, by_nobody(), REASON_wrong_protocol, ASK_LEAVE, "530 Please",
	       files);
	UNWELL(smtp, by_tls(), REASON_tls_missing, ASK_LEAVE, "502 never", denied);
}

/* What was said before TLS may be an attacker's (RFC 3207 4.2). */
static void what_was_offered_before_tls_does_not_count(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		GREETING,
		EHLO,
		HEARS("250-a\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"),
		STARTTLS,
		HEARS("220 go\r\n250 a\r\n"),
		STARTS_TLS,
		EHLO,
		NO_OFFER,
		QUIT,
	};
	UNWELL(smtp, by_bob(), REASON_login_failed, ASK_LEAVE, "AUTH PLAIN or LOGIN",
	       turns);
}

#define PLAIN       SAYS("AUTH PLAIN AGJvYgBzZXNhbWU=\r\n")
#define LOGIN_OFFER HEARS("250-a\r\n250 AUTH LOGIN\r\n")
#define PLAIN_OFFER HEARS("250-a\r\n250 AUTH LOGIN PLAIN\r\n")

static void a_user_is_logged_in(void **state)
{
	(void)state;
	static const struct turn plain[] = {
		GREETING, EHLO, PLAIN_OFFER, PLAIN, HEARS("235 in\r\n"), QUIT
	};
	static const struct turn login[] = {
		GREETING,
		EHLO,
		LOGIN_OFFER,
		SAYS("AUTH LOGIN\r\n"),
		HEARS("334 VXNlcm5hbWU6\r\n"),
		SAYS("Ym9i\r\n"),
		HEARS("334 UGFzc3dvcmQ6\r\n"),
		SAYS("c2VzYW1l\r\n"),
		HEARS("235 in\r\n"),
		QUIT,
	};
	static const struct turn over_tls[] = {
		GREETING,   EHLO, OFFER,       STARTTLS, HEARS("220 go\r\n"),
		STARTS_TLS, EHLO, PLAIN_OFFER, PLAIN,    HEARS("235 in\r\n"),
		QUIT
	};
	WELL(smtp, by_bob(), ASK_LEAVE, plain);
	WELL(smtp, by_bob(), ASK_LEAVE, login);
	WELL(smtp, by_bob(), ASK_LEAVE, over_tls);
}

static void a_refused_login_is_told_from_a_server_in_trouble(void **state)
{
	(void)state;
	static const struct turn wrong[] = {
		GREETING, EHLO, PLAIN_OFFER, PLAIN, HEARS("535 5.7.8 no\r\n"), QUIT
	};
	static const struct turn fault[] = {
		GREETING, EHLO, PLAIN_OFFER, PLAIN, HEARS("454 4.7.0 database\r\n"),
		QUIT
	};
	static const struct turn odd[] = {
		GREETING, EHLO, PLAIN_OFFER, PLAIN, HEARS("334 more?\r\n"), QUIT
	};
	static const struct turn without[] = { GREETING, EHLO, NO_OFFER, QUIT };
	UNWELL(smtp, by_bob(), REASON_login_failed, ASK_LEAVE, "535 5.7.8", wrong);
	UNWELL(smtp, by_bob(), REASON_error, ASK_LEAVE, "454 4.7.0", fault);
	UNWELL(smtp, by_bob(), REASON_wrong_answer, ASK_LEAVE, "334 more?", odd);
	UNWELL(smtp, by_bob(), REASON_login_failed, ASK_LEAVE, "without TLS", without);
}

static void a_password_that_is_too_long_is_not_said_in_part(void **state)
{
	(void)state;
	static char password[6000];
	static const struct turn turns[] = { GREETING, EHLO, PLAIN_OFFER };
	struct question question = by_bob();
	for (size_t len = 1000; len < sizeof(password); len += 1000) {
		memset(password, 'x', len);
		question.password = password;
		if (len < 3000)
			continue;
		UNWELL(smtp, question, REASON_not_sent, ASK_CLOSE, "too long", turns);
	}
}

static void whoever_refuses_says_why(void **state)
{
	(void)state;
	static const struct turn full[] = { HEARS(
		"421 4.7.0 mail.example Error: too many connections\r\n") };
	static const struct turn barred[] = { HEARS("554 no mail from you\r\n"), QUIT };
	static const struct turn denied[] = { GREETING, EHLO,
					      HEARS("550 access denied\r\n"), QUIT };
	static const struct turn late[] = { GREETING, EHLO,
					    HEARS("421 shutting down\r\n") };
	static const struct turn closed[] = { GREETING, EHLO, SERVER_ENDS };
	static const struct turn shell[] = { HEARS("SSH-2.0-OpenSSH_9.2\r\n") };
	static const struct turn odd[] = { GREETING, EHLO, HEARS("2x0 a\r\n") };
	UNWELL(smtp, by_nobody(), REASON_overloaded, ASK_LEAVE, "too many", full);
	UNWELL(smtp, by_nobody(), REASON_denied, ASK_LEAVE, "554 no mail", barred);
	UNWELL(smtp, by_nobody(), REASON_denied, ASK_LEAVE, "550 access", denied);
	UNWELL(smtp, by_nobody(), REASON_error, ASK_LEAVE, "shutting down", late);
	UNWELL(smtp, by_nobody(), REASON_closed, ASK_CLOSE, "", closed);
	UNWELL(smtp, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "\"S", shell);
	UNWELL(smtp, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "2x0 a", odd);
	check_greeting(smtp, "450 busy, come again\r\n", REASON_overloaded, ASK_LEAVE);
	check_greeting(smtp, "250 hello\r\n", REASON_wrong_answer, ASK_LEAVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_answers_ehlo_is_well),
		cmocka_unit_test(we_introduce_ourselves_by_address_or_as_wished),
		cmocka_unit_test(tls_is_started_and_begun_anew),
		cmocka_unit_test(what_was_offered_before_tls_does_not_count),
		cmocka_unit_test(a_user_is_logged_in),
		cmocka_unit_test(a_refused_login_is_told_from_a_server_in_trouble),
		cmocka_unit_test(a_password_that_is_too_long_is_not_said_in_part),
		cmocka_unit_test(whoever_refuses_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
