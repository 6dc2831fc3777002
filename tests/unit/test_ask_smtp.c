/*
 * test_ask_smtp.c: how a mail server is asked.
 */
#include "asking.h"

extern const struct protocol protocol_smtp;

#define GREETING HEARS("220 mail.example ESMTP Postfix\r\n")
#define EHLO     SAYS("EHLO [192.0.2.9]\r\n")
#define QUIT     SAYS("QUIT\r\n")
#define OFFER    HEARS("250-mail.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n")

static void whoever_answers_ehlo_is_well(void **state)
{
	(void)state;
	static const struct turn turns[] = { GREETING, EHLO, OFFER, QUIT,
					     HEARS("221 2.0.0 Bye\r\n") };
	static const struct turn long_greeting[] = {
		HEARS("220-mail.example\r\n220-No spam\r\n220 here\r\n"),
		EHLO,
		HEARS("250 mail.example\r\n"),
		QUIT,
	};
	static const struct turn old[] = {
		GREETING,
		EHLO,
		HEARS("502 what?\r\n"),
		SAYS("HELO [192.0.2.9]\r\n"),
		HEARS("250 mail.example\r\n"),
		QUIT,
	};
	struct question question = asking_question(IPPROTO_TCP);
	struct script script = SCRIPT(&protocol_smtp, &question, turns);
	asking_is_well(&script, ASK_LEAVE);
	asking_spoilt(&script, 1);
	struct script other = SCRIPT(&protocol_smtp, &question, long_greeting);
	asking_is_well(&other, ASK_LEAVE);
	struct script older = SCRIPT(&protocol_smtp, &question, old);
	asking_is_well(&older, ASK_LEAVE);
	asking_noise(&protocol_smtp, &question);
}

static void tls_is_started_and_begun_anew(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		GREETING,
		EHLO,
		OFFER,
		SAYS("STARTTLS\r\n"),
		HEARS("220 go\r\n"),
		STARTS_TLS,
		EHLO,
		HEARS("250 mail.example\r\n"),
		QUIT,
	};
	static const struct turn missing[] = { GREETING, EHLO,
					       HEARS("250 mail.example\r\n"), QUIT };
	struct question question = asking_question(IPPROTO_TCP);
	question.wants_tls = true;
	struct script script = SCRIPT(&protocol_smtp, &question, turns);
	asking_is_well(&script, ASK_LEAVE);
	asking_spoilt(&script, 2);
	struct script without = SCRIPT(&protocol_smtp, &question, missing);
	asking_is(&without, REASON_tls_missing, ASK_LEAVE, "STARTTLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_answers_ehlo_is_well),
		cmocka_unit_test(tls_is_started_and_begun_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
