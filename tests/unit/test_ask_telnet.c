/*
 * test_ask_telnet.c: how a terminal is asked.
 */
#include "asking_mail.h"

extern const struct protocol protocol_telnet;
static const struct protocol *const telnet = &protocol_telnet;

static void whoever_says_text_or_names_an_option_is_well(void **state)
{
	(void)state;
	static const struct turn text[] = { HEARS(
		"\r\nThis is the harbour. Whoever has no berth here "
		"leaves now.\r\nharbour login: ") };
	static const struct turn latin[] = { HEARS(
		"\xc4rger im Hafen: wer keinen Liegeplatz "
		"hat, verl\xe4\xdft ihn sofort wieder.\r\n") };
	static const struct turn will[] = { HEARS("\xff\xfb\x25"),
					    SAYS("\xff\xfe\x25") };
	static const struct turn does[] = { HEARS("\xff\xfd\x18"),
					    SAYS("\xff\xfc\x18") };
	static const struct turn wont[] = { HEARS("\xff\xfc\x18") };
	static const struct turn nothing[] = { HEARS("\xff\xf1") };
	WELL(telnet, by_nobody(), ASK_CLOSE, text);
	WELL(telnet, by_nobody(), ASK_CLOSE, latin);
	WELL(telnet, by_nobody(), ASK_CLOSE, will);
	WELL(telnet, by_nobody(), ASK_CLOSE, does);
	WELL(telnet, by_nobody(), ASK_CLOSE, wont);
	WELL(telnet, by_nobody(), ASK_CLOSE, nothing);
}

static void every_option_that_came_is_refused(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		HEARS("\xff\xfb\x25\xff\xfd\x18\xff\xfe\x01hi"),
		SAYS("\xff\xfe\x25\xff\xfc\x18"),
	};
	struct question question = by_nobody();
	struct script script = SCRIPT(telnet, &question, turns);
	struct asked asked;
	asked_run(&asked, &script, 0);
	assert_int_equal(asked.ask->reason, REASON_NONE);
	assert_int_equal(asked.ask->next, ASK_CLOSE);
	asked_free(&asked);
}

static void what_is_no_text_is_another_protocol(void **state)
{
	(void)state;
	static const struct turn binary[] = { HEARS("\x4a\0\0\0\x0a"
						    "8.0") };
	static const struct turn low[] = { HEARS("\0\0\0\x0a") };
	static const struct turn command[] = { HEARS("\xff\x10\x20") };
	static const struct turn half[] = { HEARS("\xff\xfb"), SERVER_ENDS };
	static const struct turn shell[] = { HEARS("SSH-2.0-OpenSSH_9.2\r\n") };
	static const struct turn mail[] = { HEARS("220 mx.example ESMTP\r\n") };
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "octet 0",
	       binary);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of SSH",
	       shell);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of SMTP",
	       mail);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "octet 0", low);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "octet 16",
	       command);
	UNWELL(telnet, by_nobody(), REASON_closed, ASK_CLOSE, "", half);
}

/* A server that is full says so to whoever comes, and is no terminal for it. */
static void who_turns_a_client_away_is_still_another_protocol(void **state)
{
	(void)state;
	static const struct turn files[] = { HEARS(
		"421 There are too many connections from your internet "
		"address.\r\n") };
	static const struct turn broken[] = { HEARS(
		"500 OOPS: vsf_sysutil_bind, maximum number of attempts to find "
		"a listening port exceeded\r\n") };
	static const struct turn mail[] = { HEARS(
		"554-mx.example\r\n554 Your access to this mail system has been "
		"rejected\r\n") };
	static const struct turn box[] = { HEARS(
		"* BYE Maximum number of connections from user+IP exceeded, "
		"come back later\r\n") };
	static const struct turn post[] = { HEARS(
		"-ERR [SYS/TEMP] Too many sessions of yours are open here, come "
		"back later\r\n") };
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of SMTP",
	       files);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of FTP",
	       broken);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of SMTP",
	       mail);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of IMAP",
	       box);
	UNWELL(telnet, by_nobody(), REASON_wrong_protocol, ASK_CLOSE, "one of POP3",
	       post);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_says_text_or_names_an_option_is_well),
		cmocka_unit_test(every_option_that_came_is_refused),
		cmocka_unit_test(what_is_no_text_is_another_protocol),
		cmocka_unit_test(who_turns_a_client_away_is_still_another_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
