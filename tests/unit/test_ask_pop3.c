/*
 * test_ask_pop3.c: how a server of letter boxes is asked.
 */
#include "asking_mail.h"

extern const struct protocol protocol_pop3;
static const struct protocol *const pop3 = &protocol_pop3;

#define GREETING HEARS("+OK Dovecot ready.\r\n")
#define CAPA     SAYS("CAPA\r\n")
#define STLS     SAYS("STLS\r\n")
#define QUIT     SAYS("QUIT\r\n")
#define OFFER    HEARS("+OK\r\nUSER\r\nSTLS\r\nUIDL\r\n.\r\n")
#define NO_OFFER HEARS("+OK\r\nUSER\r\n+OK\r\n.\r\n")
#define NO_CAPA  HEARS("-ERR what?\r\n")

static void whoever_tells_what_it_can_is_well(void **state)
{
	(void)state;
	static const struct turn turns[] = { GREETING, CAPA, OFFER, QUIT,
					     HEARS("+OK bye\r\n") };
	static const struct turn old[] = { GREETING, CAPA, NO_CAPA, QUIT };
	struct question question = by_nobody();
	WELL(pop3, question, ASK_LEAVE, turns);
	WELL(pop3, question, ASK_LEAVE, old);
	asking_noise(pop3, &question);
}

static void tls_is_started_and_begun_anew(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		GREETING,   CAPA, OFFER,    STLS, HEARS("+OK go\r\n"),
		STARTS_TLS, CAPA, NO_OFFER, QUIT
	};
	static const struct turn old[] = {
		GREETING,   CAPA, NO_CAPA, STLS, HEARS("+OK go\r\n"),
		STARTS_TLS, CAPA, NO_CAPA, QUIT
	};
	static const struct turn missing[] = { GREETING, CAPA, NO_OFFER, QUIT };
	static const struct turn refused[] = {
		GREETING, CAPA, NO_CAPA, STLS, HEARS("-ERR never\r\n"), QUIT
	};
	WELL(pop3, by_tls(), ASK_LEAVE, turns);
	WELL(pop3, by_tls(), ASK_LEAVE, old);
	UNWELL(pop3, by_tls(), REASON_tls_missing, ASK_LEAVE, "STLS", missing);
	UNWELL(pop3, by_tls(), REASON_tls_missing, ASK_LEAVE, "-ERR never", refused);
}

#define USER SAYS("USER bob\r\n")
#define PASS SAYS("PASS sesame\r\n")
#define OK   HEARS("+OK\r\n")

static void a_user_is_logged_in(void **state)
{
	(void)state;
	static const struct turn plain[] = { GREETING, CAPA, NO_OFFER, USER,
					     OK,       PASS, OK,       QUIT };
	static const struct turn over_tls[] = { GREETING,   CAPA, OFFER,    STLS, OK,
						STARTS_TLS, CAPA, NO_OFFER, USER, OK,
						PASS,       OK,   QUIT };
	WELL(pop3, by_bob(), ASK_LEAVE, plain);
	WELL(pop3, by_bob(), ASK_LEAVE, over_tls);
}

#define LOGIN_ANSWERED(answer)                                                         \
	{                                                                              \
		GREETING, CAPA, NO_OFFER, USER, OK, PASS, HEARS(answer), QUIT          \
	}

static void a_refused_login_is_told_from_a_server_in_trouble(void **state)
{
	(void)state;
	static const struct turn wrong[] = LOGIN_ANSWERED("-ERR [AUTH] no\r\n");
	static const struct turn fault[] = LOGIN_ANSWERED("-ERR [SYS/TEMP] disk\r\n");
	static const struct turn in_use[] = LOGIN_ANSWERED("-ERR [IN-USE] locked\r\n");
	static const struct turn unknown[] = {
		GREETING, CAPA, NO_OFFER, USER, HEARS("-ERR who?\r\n"), QUIT
	};
	UNWELL(pop3, by_bob(), REASON_login_failed, ASK_LEAVE, "[AUTH]", wrong);
	UNWELL(pop3, by_bob(), REASON_error, ASK_LEAVE, "disk", fault);
	UNWELL(pop3, by_bob(), REASON_overloaded, ASK_LEAVE, "locked", in_use);
	UNWELL(pop3, by_bob(), REASON_login_failed, ASK_LEAVE, "who?", unknown);
}

static void whoever_refuses_says_why(void **state)
{
	(void)state;
	static const struct turn full[] = { HEARS("-ERR too many connections\r\n"),
					    QUIT };
	static const struct turn barred[] = { HEARS("-ERR you are blocked\r\n"), QUIT };
	static const struct turn other[] = { HEARS("* OK Dovecot ready.\r\n") };
	static const struct turn odd[] = { HEARS("+YES\r\n") };
	static const struct turn closed[] = { GREETING, CAPA, SERVER_ENDS };
	UNWELL(pop3, by_nobody(), REASON_overloaded, ASK_LEAVE, "too many", full);
	UNWELL(pop3, by_nobody(), REASON_denied, ASK_LEAVE, "blocked", barred);
	UNWELL(pop3, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "\"*", other);
	UNWELL(pop3, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "+YES", odd);
	UNWELL(pop3, by_nobody(), REASON_closed, ASK_CLOSE, "", closed);
	check_greeting(pop3, "-ERR disk on fire\r\n", REASON_error, ASK_LEAVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_tells_what_it_can_is_well),
		cmocka_unit_test(tls_is_started_and_begun_anew),
		cmocka_unit_test(a_user_is_logged_in),
		cmocka_unit_test(a_refused_login_is_told_from_a_server_in_trouble),
		cmocka_unit_test(whoever_refuses_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
