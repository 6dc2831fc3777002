/*
 * test_ask_dialogue.c: a service is asked in the user's own words.
 */
#include "asking_mail.h"
#include "protocol/dialogue.h"

static const struct protocol dialogue = { .name = "dialogue",
					  .asking = &dialogue_asking };

#define TEXT(text)                                                                     \
	{                                                                              \
		.at = (const uint8_t *)(text), .len = sizeof(text) - 1                 \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct question asks(const struct dialogue_words *words, size_t count)
{
	char why[DIALOGUE_WHY_MAX];
	struct question question = by_nobody();
	question.dialogue = dialogue_steps_new(words, count, why);
	if (question.dialogue == NULL)
		fail_msg("%s", why);
	return question;
}
#define ASKS(words) asks(words, COUNT(words))

static void forget(struct question *question)
{
	dialogue_steps_free((struct dialogue_steps *)question->dialogue);
}

/* These steps, with that server, come to this. */
#define ENDS_WELL(words, next, turns)                                                  \
	do {                                                                           \
		struct question question = ASKS(words);                                \
		WELL(&dialogue, question, next, turns);                                \
		forget(&question);                                                     \
	} while (0)
/* The same of a last line, which the server's end ends as well. */
#define LINE_ENDS_WELL(words, next, turns)                                             \
	do {                                                                           \
		struct question question = ASKS(words);                                \
		struct script script = SCRIPT(&dialogue, &question, turns);            \
		asking_is(&script, REASON_NONE, next, "");                             \
		asking_spoilt(&script, 1);                                             \
		forget(&question);                                                     \
	} while (0)
#define ENDS_UNWELL(words, reason, detail, turns)                                      \
	do {                                                                           \
		struct question question = ASKS(words);                                \
		UNWELL(&dialogue, question, reason, ASK_CLOSE, detail, turns);         \
		forget(&question);                                                     \
	} while (0)

static void what_is_expected_is_waited_for(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .expect = "^220 .*ready" },
		{ .send = TEXT("PING\r\n") },
		{ .expect = "^PONG$" },
		{ .send = TEXT("QUIT\r\n") },
	};
	static const struct turn turns[] = { HEARS("hello\r\n220 we are ready\r\n"),
					     SAYS("PING\r\n"),
					     HEARS("noise\r\nPONG\r\n"),
					     SAYS("QUIT\r\n") };
	LINE_ENDS_WELL(words, ASK_LEAVE, turns);
	struct question question = ASKS(words);
	asking_noise(&dialogue, &question);
	forget(&question);
}

static void an_expectation_may_span_lines(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .expect = "(?s)<status>.*up.*</status>" },
	};
	static const struct turn turns[] = { HEARS(
		"<all>\n<status>\n is up\n</status>\n") };
	LINE_ENDS_WELL(words, ASK_CLOSE, turns);
}

static void a_step_expects_then_says_as_a_blackbox_does(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .send = TEXT("NICK prober\n") },
		{ .expect = "PING :([^ ]+)",
		  .by_line = true,
		  .send = TEXT("PONG ${1}\n") },
		{ .expect = "^:[^ ]+ 001$", .by_line = true },
	};
	static const struct turn turns[] = { SAYS("NICK prober\n"),
					     HEARS(":x NOTICE hi\r\nPING :k7b\r\n"),
					     SAYS("PONG k7b\n"), HEARS(":x 001\r\n") };
	/* A last line may lack its end. */
	static const struct turn ends[] = { SAYS("NICK prober\n"), HEARS("PING :k7b\n"),
					    SAYS("PONG k7b\n"), HEARS(":x 001"),
					    SERVER_ENDS };
	LINE_ENDS_WELL(words, ASK_CLOSE, turns);
	LINE_ENDS_WELL(words, ASK_CLOSE, ends);
}

static void what_was_caught_is_whole_however_it_is_cut(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .expect = "id (\\d+)(?<rest>, [a-z]+)?" },
		{ .starts_tls = true },
		{ .send = TEXT("$${1}${rest}${2}${x}${3}$ {1}${\n") },
		{ .expect = "y" },
	};
	static const struct turn turns[] = { HEARS("id 4711, abc\n"), STARTS_TLS,
					     SAYS("$4711, abc, abc$ {1}${\n"),
					     HEARS("y") };
	static const struct turn without[] = { HEARS("id 4711\n"), STARTS_TLS,
					       SAYS("$4711$ {1}${\n"), HEARS("y") };
	ENDS_WELL(words, ASK_CLOSE, turns);
	ENDS_WELL(words, ASK_CLOSE, without);
}

static void what_is_too_long_is_not_said_again(void **state)
{
	(void)state;
	static char text[600];
	static const struct dialogue_words words[] = {
		{ .expect = "(x+)(y)\n" },
		{ .send = TEXT("and ${2}${1}") },
	};
	static const struct dialogue_words short_one[] = {
		{ .expect = "(x+)(y)\n" },
		{ .send = TEXT("and ${2}") },
	};
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 2, "y\n", 2);
	const struct turn turns[] = { { TURN_HEARS, text, sizeof(text) } };
	const struct turn answered[] = { { TURN_HEARS, text, sizeof(text) },
					 SAYS("and y") };
	ENDS_UNWELL(words, REASON_wrong_answer, "too long", turns);
	ENDS_WELL(short_one, ASK_LEAVE, answered);
}

static void what_is_not_caught_is_said_as_it_stands(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = { { .send = TEXT("cost ${1}") } };
	static const struct turn turns[] = { SAYS("cost ${1}") };
	LINE_ENDS_WELL(words, ASK_LEAVE, turns);
}

static void bytes_are_expected_exactly(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .send = TEXT("\0\1") },
		{ .expect_bytes = TEXT("\x80\0\x05"), .send = TEXT("\2") },
		{ .expect = "ok" },
	};
	static const struct turn turns[] = { SAYS("\0\1"), HEARS("\x80\0\x05"),
					     SAYS("\2"), HEARS("ok") };
	static const struct turn wrong[] = { SAYS("\0\1"), HEARS("\x80\1\x05") };
	static const struct turn closed[] = { SAYS("\0\1"), HEARS("\x80"),
					      SERVER_ENDS };
	ENDS_WELL(words, ASK_CLOSE, turns);
	ENDS_UNWELL(words, REASON_wrong_answer, "octet 2 of the answer is 0x01", wrong);
	ENDS_UNWELL(words, REASON_closed, "after 1 of 3 octets", closed);
}

/* What follows may still make it another. */
static void a_match_that_could_change_waits_for_the_end_of_its_line(void **state)
{
	(void)state;
	static const struct dialogue_words greedy[] = { { .expect = "(?s)a.*b" } };
	static const struct dialogue_words ahead[] = { { .expect = "OK(?! but)" } };
	static const struct turn turns[] = { HEARS("a\nb\n") };
	static const struct turn but[] = { HEARS("OK but not\nOK so\n") };
	static const struct turn no[] = { HEARS("OK but not\n"), SERVER_ENDS };
	LINE_ENDS_WELL(greedy, ASK_CLOSE, turns);
	LINE_ENDS_WELL(ahead, ASK_CLOSE, but);
	ENDS_UNWELL(ahead, REASON_closed, "did not say", no);
}

static void tls_is_started_where_it_is_written(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .expect = "^220" },
		{ .send = TEXT("STARTTLS\r\n") },
		{ .expect = "^220[^\n]*\n", .starts_tls = true },
		{ .send = TEXT("EHLO a\r\n") },
		{ .expect = "^250 " },
	};
	static const struct turn turns[] = { HEARS("220 a\r\n"),  SAYS("STARTTLS\r\n"),
					     HEARS("220 go\r\n"), STARTS_TLS,
					     SAYS("EHLO a\r\n"),  HEARS("250 a\r\n") };
	ENDS_WELL(words, ASK_CLOSE, turns);
}

static void what_comes_first_decides(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .expect = "^OK", .fails_if = "^ERR [^\r\n]*" },
	};
	static const struct dialogue_words lines[] = {
		{ .expect = "OK", .fails_if = "ERR", .by_line = true },
	};
	static const struct turn bad[] = { HEARS("hm\nERR no disk\nOK\n") };
	static const struct turn good[] = { HEARS("hm\nOK\nERR no disk\n") };
	ENDS_UNWELL(words, REASON_error, "\"ERR no disk\"", bad);
	ENDS_WELL(words, ASK_CLOSE, good);
	ENDS_UNWELL(lines, REASON_error, "\"ERR\"", bad);
	LINE_ENDS_WELL(lines, ASK_CLOSE, good);
}

static void what_never_comes_is_named(void **state)
{
	(void)state;
	static char much[40000];
	static const struct dialogue_words words[] = { { .expect = "^OK \\d" } };
	static const struct dialogue_words slow[] = { { .expect = "^(a+)+(b|$)!" } };
	static const struct turn closed[] = { HEARS("OK x\r\n"), SERVER_ENDS };
	static const struct turn silent[] = { SERVER_ENDS };
	static const struct turn evil[] = { HEARS(
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n") };
	memset(much, 'x', sizeof(much));
	ENDS_UNWELL(words, REASON_closed, "did not say \"^OK \\d\"", closed);
	ENDS_UNWELL(words, REASON_closed, "did not say", silent);
	ENDS_UNWELL(slow, REASON_wrong_answer, "too long", evil);
	struct question question = ASKS(words);
	struct script script = { .protocol = &dialogue, .question = &question };
	struct asked asked;
	asked_begin(&asked, &script);
	asked_hear(&asked, much, sizeof(much));
	assert_int_equal(asked.ask->reason, REASON_wrong_answer);
	asked_free(&asked);
	forget(&question);
}

static void a_line_begins_once(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = {
		{ .expect = "^ab" },
		{ .expect = "^c" },
	};
	static const struct turn turns[] = { HEARS("abc\r\ncd\r\n") };
	struct question question = ASKS(words);
	struct script script = SCRIPT(&dialogue, &question, turns);
	struct asked asked;
	asked_run(&asked, &script, 1);
	assert_int_equal(asked.ask->reason, REASON_NONE);
	assert_int_equal(asked.heard_when_judged, strlen("abc\r\nc"));
	asked_free(&asked);
	forget(&question);
}

static void datagrams_are_looked_at_one_by_one(void **state)
{
	(void)state;
	static const struct dialogue_words words[] = { { .send = TEXT("hi") },
						       { .expect = "yes!" } };
	static const struct turn turns[] = { SAYS("hi"), HEARS("ye"), HEARS("s!"),
					     HEARS("yes!") };
	struct question question = ASKS(words);
	question.transport = IPPROTO_UDP;
	struct script script = SCRIPT(&dialogue, &question, turns);
	asking_is(&script, REASON_NONE, ASK_CLOSE, "");
	forget(&question);
}

static void without_steps_a_connection_is_enough(void **state)
{
	(void)state;
	struct question question = asks(NULL, 0);
	struct script script = { .protocol = &dialogue, .question = &question };
	asking_is(&script, REASON_NONE, ASK_CLOSE, "");
	assert_null(dialogue_asking.check(&question));
	forget(&question);
	question.dialogue = NULL;
	assert_non_null(dialogue_asking.check(&question));
}

static void mistakes_are_named(void **state)
{
	(void)state;
	static const struct dialogue_words open[] = { { .expect = "OK (" } };
	static const struct dialogue_words alone[] = { { .fails_if = "ERR" } };
	static const struct dialogue_words twice[] = { { .starts_tls = true },
						       { .starts_tls = true } };
	static const struct dialogue_words many[DIALOGUE_STEPS_MAX + 1];
	char why[DIALOGUE_WHY_MAX];
	assert_null(dialogue_steps_new(open, 1, why));
	assert_non_null(strstr(why, "\"OK (\" at 4"));
	assert_null(dialogue_steps_new(alone, 1, why));
	assert_non_null(strstr(why, "fails_if"));
	assert_null(dialogue_steps_new(twice, 2, why));
	assert_non_null(strstr(why, "once"));
	assert_null(dialogue_steps_new(many, COUNT(many), why));
	assert_non_null(strstr(why, "more than 64 steps"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_expected_is_waited_for),
		cmocka_unit_test(an_expectation_may_span_lines),
		cmocka_unit_test(a_step_expects_then_says_as_a_blackbox_does),
		cmocka_unit_test(what_was_caught_is_whole_however_it_is_cut),
		cmocka_unit_test(what_is_too_long_is_not_said_again),
		cmocka_unit_test(what_is_not_caught_is_said_as_it_stands),
		cmocka_unit_test(bytes_are_expected_exactly),
		cmocka_unit_test(
			a_match_that_could_change_waits_for_the_end_of_its_line),
		cmocka_unit_test(tls_is_started_where_it_is_written),
		cmocka_unit_test(what_comes_first_decides),
		cmocka_unit_test(what_never_comes_is_named),
		cmocka_unit_test(a_line_begins_once),
		cmocka_unit_test(datagrams_are_looked_at_one_by_one),
		cmocka_unit_test(without_steps_a_connection_is_enough),
		cmocka_unit_test(mistakes_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
