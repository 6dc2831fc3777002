/*
 * test_ask_vnc.c: asking screens.
 */
#include "asking.h"

extern const struct protocol protocol_vnc;

#define RFB_3_3   "RFB 003.003\n"
#define RFB_3_7   "RFB 003.007\n"
#define RFB_3_8   "RFB 003.008\n"
#define CHALLENGE "0123456789abcdef"
/* What `openssl enc -des-ede-ecb` makes of it with "correct-". */
#define ANSWER            "\x10\xac\x0b\xff\x20\x50\x88\x86\x93\xaf\x1f\xb6\x23\xcf\x9b\x15"
#define WORDS(words, len) "\0\0\0" len words

static struct question question, login;

static void assert_reason(const struct question *asked, const struct turn *turns,
			  size_t count, enum reason reason, enum ask_next next,
			  const char *detail)
{
	struct script script = { &protocol_vnc, asked, turns, count, false };
	asking_is(&script, reason, next, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(asked, turns, reason, next, detail)                              \
	assert_reason(asked, turns, sizeof(turns) / sizeof((turns)[0]), reason, next,  \
		      detail)

static void assert_well(const struct question *asked, const struct turn *turns,
			size_t count)
{
	struct script script = { &protocol_vnc, asked, turns, count, false };
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 2);
}
#define ASSERT_WELL(asked, turns)                                                      \
	assert_well(asked, turns, sizeof(turns) / sizeof((turns)[0]))

static void it_is_well_once_it_offers_security(void **state)
{
	(void)state;
	static const struct turn fine[] = { HEARS(RFB_3_8), SAYS(RFB_3_8),
					    HEARS("\x02\x02\x10") };
	static const struct turn old[] = { HEARS(RFB_3_3), SAYS(RFB_3_3),
					   HEARS("\0\0\0\x02") };
	static const struct turn odd[] = { HEARS("RFB 003.889\n"), SAYS(RFB_3_8),
					   HEARS("\x04\x1e\x21\x24\x23") };
	ASSERT_WELL(&question, fine);
	ASSERT_WELL(&question, old);
	ASSERT_WELL(&question, odd);
}

static void a_password_is_tried(void **state)
{
	(void)state;
	static const struct turn right[] = { HEARS(RFB_3_8),        SAYS(RFB_3_8),
					     HEARS("\x02\x02\x10"), SAYS("\x02"),
					     HEARS(CHALLENGE),      SAYS(ANSWER),
					     HEARS("\0\0\0\0") };
	static const struct turn old[] = { HEARS(RFB_3_3), SAYS(RFB_3_3),
					   HEARS("\0\0\0\x02" CHALLENGE), SAYS(ANSWER),
					   HEARS("\0\0\0\0") };
	static const struct turn open[] = { HEARS(RFB_3_8), SAYS(RFB_3_8),
					    HEARS("\x01\x01") };
	ASSERT_WELL(&login, right);
	ASSERT_WELL(&login, old);
	ASSERT_WELL(&login, open);
}

static void a_wrong_password_fails(void **state)
{
	(void)state;
	static const struct turn wrong[] = { HEARS(RFB_3_8),
					     SAYS(RFB_3_8),
					     HEARS("\x01\x02"),
					     SAYS("\x02"),
					     HEARS(CHALLENGE),
					     SAYS(ANSWER),
					     HEARS("\0\0\0\x01" WORDS("wrong",
								      "\x05")) };
	static const struct turn shy[] = { HEARS(RFB_3_7),     SAYS(RFB_3_7),
					   HEARS("\x01\x02"),  SAYS("\x02"),
					   HEARS(CHALLENGE),   SAYS(ANSWER),
					   HEARS("\0\0\0\x01") };
	static const struct turn other[] = { HEARS(RFB_3_8), SAYS(RFB_3_8),
					     HEARS("\x01\x13") };
	ASSERT_REASON(&login, wrong, REASON_login_failed, ASK_LEAVE, "\"wrong\"");
	ASSERT_REASON(&login, shy, REASON_login_failed, ASK_LEAVE, "the password");
	ASSERT_REASON(&login, other, REASON_wrong_answer, ASK_CLOSE, "no VNC password");
}

static void it_says_why_it_refuses(void **state)
{
	(void)state;
	static const struct turn barred[] = {
		HEARS(RFB_3_3), SAYS(RFB_3_3),
		HEARS("\0\0\0\0" WORDS("Too many security failures", "\x1a"))
	};
	static const struct turn full[] = {
		HEARS(RFB_3_8), SAYS(RFB_3_8),
		HEARS("\0" WORDS("The server is already in use", "\x1c"))
	};
	static const struct turn broken[] = { HEARS(RFB_3_8), SAYS(RFB_3_8),
					      HEARS("\0" WORDS("No screen", "\x09")) };
	ASSERT_REASON(&question, barred, REASON_denied, ASK_LEAVE,
		      "\"Too many security failures\"");
	ASSERT_REASON(&question, full, REASON_overloaded, ASK_LEAVE, "in use");
	ASSERT_REASON(&question, broken, REASON_error, ASK_LEAVE, "\"No screen\"");
}

static void what_is_not_vnc_is_told_apart(void **state)
{
	(void)state;
	static const struct turn text[] = { HEARS("SSH-2.0-x\r\n") };
	static const struct turn silent[] = { HEARS(RFB_3_8), SAYS(RFB_3_8),
					      SERVER_ENDS };
	ASSERT_REASON(&question, text, REASON_wrong_protocol, ASK_CLOSE,
		      "no version of RFB");
	ASSERT_REASON(&question, silent, REASON_closed, ASK_CLOSE, "");
	asking_noise(&protocol_vnc, &question);
	asking_noise(&protocol_vnc, &login);
}

int main(void)
{
	question = login = asking_question(IPPROTO_TCP);
	login.password = "correct-horse-7";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_it_offers_security),
		cmocka_unit_test(a_password_is_tried),
		cmocka_unit_test(a_wrong_password_fails),
		cmocka_unit_test(it_says_why_it_refuses),
		cmocka_unit_test(what_is_not_vnc_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
