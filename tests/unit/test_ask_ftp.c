/*
 * test_ask_ftp.c: how a server of files is asked.
 */
#include "asking_mail.h"

extern const struct protocol protocol_ftp;
static const struct protocol *const ftp = &protocol_ftp;

#define GREETING HEARS("220 (vsFTPd 3.0.3)\r\n")
#define AUTH     SAYS("AUTH TLS\r\n")
#define QUIT     SAYS("QUIT\r\n")

static void whoever_greets_is_well(void **state)
{
	(void)state;
	static const struct turn turns[] = { GREETING, QUIT, HEARS("221 Bye.\r\n") };
	static const struct turn soon[] = { HEARS("120 soon\r\n"), GREETING, QUIT };
	static const struct turn wordy[] = {
		HEARS("220-Welcome\r\n 530 files\r\n\xe4\r\n220-\r\n220 here\r\n"), QUIT
	};
	struct question question = by_nobody();
	WELL(ftp, question, ASK_LEAVE, turns);
	WELL(ftp, question, ASK_LEAVE, soon);
	WELL(ftp, question, ASK_LEAVE, wordy);
	asking_noise(ftp, &question);
}

static void tls_is_started(void **state)
{
	(void)state;
	static const struct turn turns[] = { GREETING, AUTH, HEARS("234 go\r\n"),
					     STARTS_TLS, QUIT };
	static const struct turn missing[] = { GREETING, AUTH, HEARS("500 what?\r\n"),
					       QUIT };
	static const struct turn later[] = { GREETING, AUTH, HEARS("431 no key\r\n"),
					     QUIT };
	struct question question = by_tls();
	struct script script = SCRIPT(ftp, &question, turns);
	asking_is(&script, REASON_NONE, ASK_LEAVE, "");
	asking_spoilt(&script, 1);
	UNWELL(ftp, by_tls(), REASON_tls_missing, ASK_LEAVE, "500 what?", missing);
	UNWELL(ftp, by_tls(), REASON_tls_failed, ASK_LEAVE, "431 no key", later);
}

#define NO_TLS HEARS("530 Please login.\r\n")
#define USER   SAYS("USER bob\r\n")
#define PASS   SAYS("PASS sesame\r\n")
#define MORE   HEARS("331 Password?\r\n")

static void a_user_is_logged_in(void **state)
{
	(void)state;
	static const struct turn plain[] = {
		GREETING, AUTH, NO_TLS, USER, MORE, PASS, HEARS("230-Hi\r\n230 in\r\n"),
		QUIT
	};
	static const struct turn at_once[] = {
		GREETING, AUTH, NO_TLS, USER, HEARS("230 in\r\n"), QUIT
	};
	static const struct turn over_tls[] = {
		GREETING, AUTH, HEARS("234 go\r\n"), STARTS_TLS, USER,
		MORE,     PASS, HEARS("230 in\r\n"), QUIT
	};
	WELL(ftp, by_bob(), ASK_LEAVE, plain);
	WELL(ftp, by_bob(), ASK_LEAVE, at_once);
	WELL(ftp, by_bob(), ASK_LEAVE, over_tls);
}

#define LOGIN_ANSWERED(answer, ...)                                                    \
	{                                                                              \
		GREETING, AUTH, NO_TLS, USER, MORE, PASS, HEARS(answer), __VA_ARGS__   \
	}

static void a_refused_login_is_told_from_a_server_in_trouble(void **state)
{
	(void)state;
	static const struct turn wrong[] = LOGIN_ANSWERED("530 no\r\n", QUIT);
	static const struct turn account[] = LOGIN_ANSWERED("332 account?\r\n", QUIT);
	static const struct turn fault[] = LOGIN_ANSWERED("451 disk\r\n", QUIT);
	static const struct turn full[] =
		LOGIN_ANSWERED("421 too many users\r\n", SERVER_ENDS);
	UNWELL(ftp, by_bob(), REASON_login_failed, ASK_LEAVE, "530 no", wrong);
	UNWELL(ftp, by_bob(), REASON_login_failed, ASK_LEAVE, "account?", account);
	UNWELL(ftp, by_bob(), REASON_error, ASK_LEAVE, "disk", fault);
	UNWELL(ftp, by_bob(), REASON_overloaded, ASK_LEAVE, "too many", full);
}

static void whoever_refuses_says_why(void **state)
{
	(void)state;
	static const struct turn full[] = { HEARS(
		"421 There are too many connected users, please try later.\r\n") };
	static const struct turn barred[] = { HEARS("530 access denied\r\n"), QUIT };
	static const struct turn other[] = { HEARS("SSH-2.0-OpenSSH_9.2\r\n") };
	static const struct turn odd[] = { HEARS("2a0\r\n") };
	static const struct turn closed[] = { HEARS("220-Wel"), SERVER_ENDS };
	UNWELL(ftp, by_nobody(), REASON_overloaded, ASK_LEAVE, "421 There", full);
	UNWELL(ftp, by_nobody(), REASON_denied, ASK_LEAVE, "denied", barred);
	static const struct turn mail[] = { HEARS("220 mx.example ESMTP Postfix\r\n"),
					    SAYS("QUIT\r\n") };
	UNWELL(ftp, by_nobody(), REASON_wrong_protocol, ASK_LEAVE, "ESMTP Postfix",
	       mail);
	UNWELL(ftp, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "\"S", other);
	UNWELL(ftp, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "2a0", odd);
	UNWELL(ftp, by_nobody(), REASON_closed, ASK_CLOSE, "", closed);
	check_greeting(ftp, "421 Service not available.\r\n", REASON_error, ASK_LEAVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_greets_is_well),
		cmocka_unit_test(tls_is_started),
		cmocka_unit_test(a_user_is_logged_in),
		cmocka_unit_test(a_refused_login_is_told_from_a_server_in_trouble),
		cmocka_unit_test(whoever_refuses_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
