/*
 * test_ask_snmp.c: asking SNMP agents.
 */
#include "asking.h"

extern const struct protocol protocol_snmp;

/* Of the nonce, with its two top bits set to 01. */
#define ID     "\x02\x04\x70\x31\x32\x33"
#define UPTIME "\x06\x08\x2b\x06\x01\x02\x01\x01\x03\0"
#define GET(version, community, len, head_len)                                         \
	"\x30" head_len "\x02\x01" version "\x04" len community "\xa0\x1c" ID          \
	"\x02\x01\0\x02\x01\0"                                                         \
	"\x30\x0e\x30\x0c" UPTIME "\x05\0"
#define RESPONSE_TO(id, version, error)                                                \
	"\x30\x2b\x02\x01" version "\x04\x06public"                                    \
	"\xa2\x1e" id "\x02\x01" error "\x02\x01\0"                                    \
	"\x30\x10\x30\x0e" UPTIME "\x43\x02\x01\x02"
#define RESPONSE(version, error) RESPONSE_TO(ID, version, error)
#define DISCOVERY                                                                      \
	"\x30\x3e\x02\x01\x03\x30\x11" ID "\x02\x03\0\xff\xe3\x04\x01\x04\x02\x01\x03" \
	"\x04\x10\x30\x0e\x04\0\x02\x01\0\x02\x01\0\x04\0\x04\0\x04\0"                 \
	"\x30\x14\x04\0\x04\0\xa0\x0e" ID "\x02\x01\0\x02\x01\0\x30\0"
/* usmStatsUnknownEngineIDs.0, from the engine "\x80" "abcd". */
#define REPORT                                                                         \
	"\x30\x5a\x02\x01\x03\x30\x11" ID "\x02\x03\0\xff\xe3\x04\x01\0\x02\x01\x03"   \
	"\x04\x15\x30\x13\x04\x05\x80"                                                 \
	"abcd"                                                                         \
	"\x02\x01\x07\x02\x01\x09\x04\0\x04\0\x04\0"                                   \
	"\x30\x2b\x04\x05\x80"                                                         \
	"abcd"                                                                         \
	"\x04\0\xa8\x20" ID "\x02\x01\0\x02\x01\0"                                     \
	"\x30\x12\x30\x10\x06\x0a\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\0\x41\x02\x01\0"

static struct question question, third, first, named;

static void assert_reason(const struct question *asked, const struct turn *turns,
			  size_t count, enum reason reason, const char *detail)
{
	struct script script = { &protocol_snmp, asked, turns, count, false };
	asking_is(&script, reason, ASK_CLOSE, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(asked, turns, reason, detail)                                    \
	assert_reason(asked, turns, sizeof(turns) / sizeof((turns)[0]), reason, detail)

static void assert_well(const struct question *asked, const struct turn *turns,
			size_t count)
{
	struct script script = { &protocol_snmp, asked, turns, count, false };
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 2);
}
#define ASSERT_WELL(asked, turns)                                                      \
	assert_well(asked, turns, sizeof(turns) / sizeof((turns)[0]))

static void it_is_well_once_it_tells_its_uptime(void **state)
{
	(void)state;
	static const struct turn fine[] = { SAYS(GET("\x01", "public", "\x06", "\x29")),
					    HEARS(RESPONSE("\x01", "\0")) };
	static const struct turn old[] = { SAYS(GET("\0", "public", "\x06", "\x29")),
					   HEARS(RESPONSE("\0", "\x02")) };
	static const struct turn other[] = { SAYS(GET("\x01", "gangway-4", "\x09",
						      "\x2c")),
					     HEARS(RESPONSE("\x01", "\0")) };
	ASSERT_WELL(&question, fine);
	ASSERT_WELL(&first, old);
	ASSERT_WELL(&named, other);
}

static void an_engine_tells_who_it_is(void **state)
{
	(void)state;
	static const struct turn fine[] = { SAYS(DISCOVERY), HEARS(REPORT) };
	ASSERT_WELL(&third, fine);
	asking_noise(&protocol_snmp, &third);
}

static void what_answers_another_question_is_let_pass(void **state)
{
	(void)state;
	static const struct turn other[] = {
		SAYS_SOMETHING,
		HEARS(""),
		HEARS(RESPONSE_TO("\x02\x04\x70\x31\x32\x34", "\x01", "\0")),
		HEARS(RESPONSE("\0", "\0")),
		HEARS(GET("\x01", "public", "\x06", "\x29")),
		SERVER_ENDS
	};
	ASSERT_REASON(&question, other, REASON_closed, "");
	asking_noise(&protocol_snmp, &question);
}

static void an_error_says_why_not(void **state)
{
	(void)state;
	static const struct turn general[] = { SAYS_SOMETHING,
					       HEARS(RESPONSE("\x01", "\x05")) };
	static const struct turn barred[] = { SAYS_SOMETHING,
					      HEARS(RESPONSE("\x01", "\x10")) };
	ASSERT_REASON(&question, general, REASON_error, "error-status 5");
	ASSERT_REASON(&question, barred, REASON_denied, "error-status 16");
}

static const char *wrong_with(const char *version, const char *community)
{
	static struct question checked;
	checked = question;
	checked.options[0] = (struct question_option){ "version", version };
	checked.option_count = version != NULL;
	checked.user = community;
	return protocol_snmp.asking->check(&checked);
}

static void a_target_must_make_sense(void **state)
{
	(void)state;
	char longest[82];
	memset(longest, 'c', sizeof(longest));
	longest[81] = '\0';
	assert_null(wrong_with(NULL, ""));
	assert_null(wrong_with("2c", longest + 1));
	assert_string_equal(wrong_with("4", ""), "the version of SNMP is 1, 2c or 3");
	assert_string_equal(wrong_with("", ""), "the version of SNMP is 1, 2c or 3");
	assert_non_null(wrong_with("2c", longest));
}

int main(void)
{
	question = third = first = named = asking_question(IPPROTO_UDP);
	third.options[0] = (struct question_option){ "version", "3" };
	first.options[0] = (struct question_option){ "version", "1" };
	third.option_count = first.option_count = 1;
	named.user = "anybody";
	named.password = "gangway-4";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_it_tells_its_uptime),
		cmocka_unit_test(an_engine_tells_who_it_is),
		cmocka_unit_test(what_answers_another_question_is_let_pass),
		cmocka_unit_test(an_error_says_why_not),
		cmocka_unit_test(a_target_must_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
