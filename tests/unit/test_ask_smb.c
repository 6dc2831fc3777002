/*
 * test_ask_smb.c: asking servers of SMB.
 */
#include "asking.h"

extern const struct protocol protocol_smb;

#define ZEROS_16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_12 "\0\0\0\0\0\0\0\0\0\0\0\0"
#define HEAD(status)                                                                   \
	"\xfeSMB\x40\0\0\0" status "\0\0\x01\0\x01\0\0\0" ZEROS_16 ZEROS_16 ZEROS_12
#define ANSWER(status, dialect) "\0\0\0\x48" HEAD(status) "\x41\0\x01\0" dialect "\0\0"

static struct question question;

static void assert_reason(const struct turn *turns, size_t count, enum reason reason,
			  const char *detail)
{
	struct script script = { &protocol_smb, &question, turns, count, false };
	asking_is(&script, reason, ASK_CLOSE, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(turns, reason, detail)                                           \
	assert_reason(turns, sizeof(turns) / sizeof((turns)[0]), reason, detail)

static void it_is_well_once_a_dialect_is_agreed_on(void **state)
{
	(void)state;
	static const struct turn fine[] = {
		SAYS("\0\0\0\x9e"
		     "\xfeSMB\x40\0\0\0\0\0\0\0\0\0\x01\0" ZEROS_16 ZEROS_16 ZEROS_16
		     "\x24\0\x05\0\x01\0\0\0\0\0\0\0"
		     "0123456789abcde\0"
		     "\x70\0\0\0\x01\0\0\0"
		     "\x02\x02\x10\x02\0\x03\x02\x03\x11\x03\0\0"
		     "\x01\0\x26\0\0\0\0\0\x01\0\x20\0\x01\0"
		     "0123456789abcde\0"
		     "0123456789abcde\0"),
		HEARS(ANSWER("\0\0\0\0", "\x11\x03")),
	};
	struct script script = SCRIPT(&protocol_smb, &question, fine);
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 2);
}

static void a_status_says_why_not(void **state)
{
	(void)state;
	static const struct turn full[] = { SAYS_SOMETHING,
					    HEARS(ANSWER("\x05\x02\0\xc0", "\0\0")) };
	static const struct turn barred[] = { SAYS_SOMETHING,
					      HEARS(ANSWER("\x22\0\0\xc0", "\0\0")) };
	static const struct turn none[] = { SAYS_SOMETHING,
					    HEARS(ANSWER("\xbb\0\0\xc0", "\0\0")) };
	static const struct turn any[] = { SAYS_SOMETHING,
					   HEARS(ANSWER("\0\0\0\0", "\xff\x02")) };
	ASSERT_REASON(full, REASON_overloaded, "status 0xc0000205");
	ASSERT_REASON(barred, REASON_denied, "status 0xc0000022");
	ASSERT_REASON(none, REASON_error, "status 0xc00000bb");
	ASSERT_REASON(any, REASON_wrong_answer, "no dialect");
}

static void a_session_may_be_refused(void **state)
{
	(void)state;
	static const struct turn barred[] = { SAYS_SOMETHING,
					      HEARS("\x83\0\0\x01\x81") };
	static const struct turn full[] = { SAYS_SOMETHING, HEARS("\x83\0\0\x01\x83") };
	static const struct turn other[] = { SAYS_SOMETHING,
					     HEARS("\x83\0\0\x01\x8f") };
	ASSERT_REASON(barred, REASON_denied, "error 0x81");
	ASSERT_REASON(full, REASON_overloaded, "error 0x83");
	ASSERT_REASON(other, REASON_error, "error 0x8f");
}

static void what_is_not_smb_2_is_told_apart(void **state)
{
	(void)state;
	static const struct turn text[] = { SAYS_SOMETHING, HEARS("HTTP/1.1 400\r\n") };
	static const struct turn old[] = {
		SAYS_SOMETHING,
		HEARS("\0\0\0\x20\xffSMB\x72\0\0\0\0\0\0\0\0\0\0\0" ZEROS_16)
	};
	static const struct turn silent[] = { SAYS_SOMETHING, SERVER_ENDS };
	ASSERT_REASON(text, REASON_wrong_protocol, "no message of SMB");
	ASSERT_REASON(old, REASON_wrong_protocol, "no NEGOTIATE of SMB 2");
	ASSERT_REASON(silent, REASON_closed, "");
	asking_noise(&protocol_smb, &question);
}

int main(void)
{
	question = asking_question(IPPROTO_TCP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_a_dialect_is_agreed_on),
		cmocka_unit_test(a_status_says_why_not),
		cmocka_unit_test(a_session_may_be_refused),
		cmocka_unit_test(what_is_not_smb_2_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
