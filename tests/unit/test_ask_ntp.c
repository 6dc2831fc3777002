/*
 * test_ask_ntp.c: asking time servers.
 */
#include "asking.h"

extern const struct protocol protocol_ntp;

#define NONCE "01234567"
#define ZEROS "\0\0\0\0\0\0\0\0"
#define QUESTION                                                                       \
	"\x23\0\0\0"                                                                   \
	"\0\0\0\0\0\0\0\0\0\0\0\0" ZEROS ZEROS ZEROS NONCE
/* The 14th of November 2023, 22:13:20, at which the question was asked, too. */
#define NOW "\xe8\xfe\x6f\x80\0\0\0\0"
/* Leap, version and mode; stratum; what the server goes by; whose question. */
#define ANSWER_AT(first, stratum, by, origin, at)                                      \
	first stratum "\0\xe9\0\0\0\0\0\0\0\0" by ZEROS origin at at
#define ANSWER(first, stratum, by, origin) ANSWER_AT(first, stratum, by, origin, NOW)
#define TIME(at)                           ANSWER_AT("\x24", "\x03", "\x7f\x7f\x01\x01", NONCE, at)

static struct question question;

static void assert_reason(const struct turn *turns, size_t count, enum reason reason,
			  const char *detail)
{
	struct script script = { &protocol_ntp, &question, turns, count, false };
	asking_is(&script, reason, ASK_CLOSE, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(turns, reason, detail)                                           \
	assert_reason(turns, sizeof(turns) / sizeof((turns)[0]), reason, detail)

static void it_is_well_once_it_tells_the_time(void **state)
{
	(void)state;
	static const struct turn fine[] = { SAYS(QUESTION), HEARS(TIME(NOW)) };
	struct script script = SCRIPT(&protocol_ntp, &question, fine);
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 2);
}

static void what_answers_another_question_is_let_pass(void **state)
{
	(void)state;
	static const struct turn other[] = {
		SAYS(QUESTION), HEARS(""),
		HEARS(ANSWER("\x24", "\x03", "\x7f\x7f\x01\x01", "\1\2\3\4\5\6\7\x08")),
		HEARS(ANSWER("\x23", "\x03", "\x7f\x7f\x01\x01", NONCE)), SERVER_ENDS
	};
	ASSERT_REASON(other, REASON_closed, "");
	asking_noise(&protocol_ntp, &question);
}

static void a_kiss_says_why_not(void **state)
{
	(void)state;
	static const struct turn rate[] = {
		SAYS(QUESTION), HEARS(ANSWER("\xe4", "\0", "RATE", NONCE))
	};
	static const struct turn deny[] = {
		SAYS(QUESTION), HEARS(ANSWER("\xe4", "\0", "DENY", NONCE))
	};
	static const struct turn other[] = {
		SAYS(QUESTION), HEARS(ANSWER("\xe4", "\0", "CRYP", NONCE))
	};
	ASSERT_REASON(rate, REASON_overloaded, "\"RATE\"");
	ASSERT_REASON(deny, REASON_denied, "\"DENY\"");
	ASSERT_REASON(other, REASON_error, "\"CRYP\"");
}

static void who_does_not_know_the_time_is_not_well(void **state)
{
	(void)state;
	static const struct turn alarm[] = {
		SAYS(QUESTION), HEARS(ANSWER("\xe4", "\x03", "\x7f\x7f\x01\x01", NONCE))
	};
	static const struct turn none[] = {
		SAYS(QUESTION), HEARS(ANSWER("\x24", "\x10", "INIT", NONCE))
	};
	static const struct turn chrony[] = {
		SAYS(QUESTION), HEARS(ANSWER("\xe4", "\0", "\0\0\0\0", NONCE))
	};
	ASSERT_REASON(alarm, REASON_error, "not synchronised (stratum 3)");
	ASSERT_REASON(none, REASON_error, "not synchronised (stratum 16)");
	ASSERT_REASON(chrony, REASON_error, "not synchronised (stratum 0)");
}

static void two_clocks_may_differ_by_what_is_asked_for(void **state)
{
	(void)state;
	static const struct turn now[] = { SAYS_SOMETHING, HEARS(TIME(NOW)) };
	/* 2036-02-07 06:28:17, a second into the next era. */
	static const struct turn next_era[] = { SAYS_SOMETHING,
						HEARS(TIME("\0\0\0\x01\0\0\0\0")) };
	struct question late = question;
	struct script script = SCRIPT(&protocol_ntp, &late, now);
	struct script far = SCRIPT(&protocol_ntp, &late, next_era);
	late.options[0] = (struct question_option){ "offset", "1.5" };
	late.option_count = 1;
	late.at_us = question.at_us + 1400000;
	asking_is_well(&script, ASK_CLOSE);
	late.at_us = question.at_us + 3250000;
	asking_is(&script, REASON_wrong_answer, ASK_CLOSE, "is 3.250 s behind ours");
	late.at_us = question.at_us - 90500000;
	asking_is(&script, REASON_wrong_answer, ASK_CLOSE, "90.500 s ahead of ours");
	late.at_us = 2085978497000000;
	asking_is_well(&far, ASK_CLOSE);
	asking_spoilt(&far, 3);
}

static const char *wrong_with(const char *offset)
{
	static struct question checked;
	checked = question;
	checked.options[0] = (struct question_option){ "offset", offset };
	checked.option_count = 1;
	return protocol_ntp.asking->check(&checked);
}

static void a_target_must_make_sense(void **state)
{
	(void)state;
	assert_null(protocol_ntp.asking->check(&question));
	assert_null(wrong_with("0.25"));
	for (const char *const *wrong =
		     (const char *const[]){ "", "1s", "-1", "0", "nan", NULL };
	     *wrong != NULL; wrong++)
		assert_string_equal(wrong_with(*wrong),
				    "offset is a number of seconds");
}

int main(void)
{
	question = asking_question(IPPROTO_UDP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_it_tells_the_time),
		cmocka_unit_test(what_answers_another_question_is_let_pass),
		cmocka_unit_test(a_kiss_says_why_not),
		cmocka_unit_test(who_does_not_know_the_time_is_not_well),
		cmocka_unit_test(two_clocks_may_differ_by_what_is_asked_for),
		cmocka_unit_test(a_target_must_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
