/*
 * test_ask_ssh.c: asking SSH servers.
 */
#include "asking.h"

extern const struct protocol protocol_ssh;

#define OURS "SSH-2.0-breakwater_probe\r\n"
#define LIST "\0\0\0\x01k"
#define KEXINIT                                                                        \
	"\0\0\0\x4c\x05\x14"                                                           \
	"0123456789abcdef" LIST LIST LIST LIST LIST LIST LIST LIST "\0\0\0\0\0\0\0\0"  \
	"\0\0\0\0\0"                                                                   \
	"\0\0\0\0\0"
#define DISCONNECT                                                                     \
	"\0\0\0\x24\x06\x01\0\0\0\x0b\0\0\0\x10"                                       \
	"breakwater probe"                                                             \
	"\0\0\0\0\0\0\0\0\0\0"

static struct question question;

static void assert_reason(const struct turn *turns, size_t count, enum reason reason,
			  enum ask_next next, const char *detail)
{
	struct script script = { &protocol_ssh, &question, turns, count, false };
	asking_is(&script, reason, next, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(turns, reason, next, detail)                                     \
	assert_reason(turns, sizeof(turns) / sizeof((turns)[0]), reason, next, detail)

static void it_is_well_once_its_algorithms_are_told(void **state)
{
	(void)state;
	static const struct turn fine[] = { HEARS("SSH-2.0-OpenSSH_9.2p1\r\n"),
					    SAYS(OURS), HEARS(KEXINIT),
					    SAYS(DISCONNECT) };
	static const struct turn polite[] = { HEARS("Harbour.\r\nAll is watched.\r\n"
						    "SSH-1.99-Cisco-1.25\n"),
					      SAYS(OURS), HEARS(KEXINIT),
					      SAYS(DISCONNECT) };
	struct script script = SCRIPT(&protocol_ssh, &question, fine);
	asking_is_well(&script, ASK_LEAVE);
	asking_spoilt(&script, 2);
	struct script other = SCRIPT(&protocol_ssh, &question, polite);
	asking_is_well(&other, ASK_LEAVE);
}

static void who_speaks_only_the_first_version_has_answered(void **state)
{
	(void)state;
	static const struct turn old[] = { HEARS("SSH-1.5-OpenSSH_2.1\n") };
	struct script script = SCRIPT(&protocol_ssh, &question, old);
	asking_is_well(&script, ASK_CLOSE);
}

static void what_it_says_instead_of_a_version_tells_why(void **state)
{
	(void)state;
	static const struct turn full[] = { HEARS("Exceeded MaxStartups\r\n"),
					    SERVER_ENDS };
	static const struct turn barred[] = { HEARS("Not allowed at this time\r\n"),
					      SERVER_ENDS };
	static const struct turn other[] = { HEARS("Closed for lunch\r\n"),
					     SERVER_ENDS };
	static const struct turn silent[] = { SERVER_ENDS };
	ASSERT_REASON(full, REASON_overloaded, ASK_LEAVE, "\"Exceeded MaxStartups");
	ASSERT_REASON(barred, REASON_denied, ASK_LEAVE, "\"Not allowed at this time");
	ASSERT_REASON(other, REASON_closed, ASK_CLOSE, "\"Closed for lunch\"");
	ASSERT_REASON(silent, REASON_closed, ASK_CLOSE, "");
}

static void a_disconnect_says_why(void **state)
{
	(void)state;
#define DISCONNECTS(why)                                                               \
	"SSH-2.0-x\r\n\0\0\0\x1c\x06\x01\0\0\0" why "\0\0\0\x08"                       \
	"see you!"                                                                     \
	"\0\0\0\0\0\0\0\0\0\0"
	static const struct turn full[] = { HEARS(DISCONNECTS("\x0c")), SAYS(OURS) };
	static const struct turn barred[] = { HEARS(DISCONNECTS("\x01")), SAYS(OURS) };
	static const struct turn broken[] = { HEARS(DISCONNECTS("\x02")), SAYS(OURS) };
	ASSERT_REASON(full, REASON_overloaded, ASK_LEAVE, "\"see you!\"");
	ASSERT_REASON(barred, REASON_denied, ASK_LEAVE, "\"see you!\"");
	ASSERT_REASON(broken, REASON_error, ASK_LEAVE, "\"see you!\"");
}

static void what_is_not_ssh_is_told_apart(void **state)
{
	(void)state;
	static const struct turn binary[] = { HEARS("\x16\x03\x01") };
	static const struct turn packet[] = { HEARS("SSH-2.0-x\r\n"), SAYS(OURS),
					      HEARS("HTTP/1.1 400\r\n") };
	static const struct turn lists[] = {
		HEARS("SSH-2.0-x\r\n"),
		SAYS(OURS),
		HEARS("\0\0\0\x14\x0a\x14"
		      "012345678"
		      "\0\0\0\0\0\0\0\0\0\0"),
	};
	static const struct turn mail[] = { HEARS("220 mx.example ESMTP\r\n") };
	ASSERT_REASON(binary, REASON_wrong_protocol, ASK_CLOSE, "no version of SSH");
	ASSERT_REASON(mail, REASON_wrong_protocol, ASK_CLOSE, "no version of SSH");
	ASSERT_REASON(packet, REASON_wrong_protocol, ASK_CLOSE, "no KEXINIT");
	ASSERT_REASON(lists, REASON_wrong_protocol, ASK_CLOSE, "has not the lists");
	asking_noise(&protocol_ssh, &question);
}

int main(void)
{
	question = asking_question(IPPROTO_TCP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_its_algorithms_are_told),
		cmocka_unit_test(who_speaks_only_the_first_version_has_answered),
		cmocka_unit_test(what_it_says_instead_of_a_version_tells_why),
		cmocka_unit_test(a_disconnect_says_why),
		cmocka_unit_test(what_is_not_ssh_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
