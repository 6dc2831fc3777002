/*
 * test_ask_memcached.c: which version, memcached?
 */
#include "asking_turns.h"

extern const struct protocol protocol_memcached;

#define ASKS  "version\r\n"
#define QUIT  "quit\r\n"
#define FRAME "01\0\0\0\1\0\0" /* the nonce begins so */

#define COMES_TO(by, ...)                                                              \
	ASKING_COMES_TO(&protocol_memcached, asking_question(by), __VA_ARGS__)

static void a_version_or_a_wish_for_a_login_is_well(void **state)
{
	(void)state;
	ASKING_IS_WELL(&protocol_memcached, asking_question(IPPROTO_TCP), ASK_LEAVE,
		       SAYS(ASKS), HEARS("VERSION 1.6.18\r\n"), SAYS(QUIT));
	ASKING_IS_WELL(&protocol_memcached, asking_question(IPPROTO_TCP), ASK_LEAVE,
		       SAYS(ASKS), HEARS("CLIENT_ERROR unauthenticated\r\n"),
		       SAYS(QUIT));
}

static void a_refusal_has_the_reason_that_the_server_gives(void **state)
{
	(void)state;
	COMES_TO(IPPROTO_TCP, REASON_overloaded, ASK_LEAVE, "Too many open connections",
		 SAYS(ASKS), HEARS("ERROR Too many open connections\r\n"), SAYS(QUIT));
	COMES_TO(IPPROTO_TCP, REASON_error, ASK_LEAVE, "out of memory", SAYS(ASKS),
		 HEARS("SERVER_ERROR out of memory\r\n"), SAYS(QUIT));
	COMES_TO(IPPROTO_TCP, REASON_error, ASK_LEAVE, "ERROR", SAYS(ASKS),
		 HEARS("ERROR\r\n"), SAYS(QUIT));
}

static void datagrams_have_a_frame_that_is_ours(void **state)
{
	(void)state;
	static const struct turn turns[] = { SAYS(FRAME ASKS),
					     HEARS(FRAME "VERSION 1.6.18\r\n") };
	struct question question = asking_question(IPPROTO_UDP);
	struct script script = SCRIPT(&protocol_memcached, &question, turns);
	asking_is_well(&script, ASK_CLOSE);
	asking_noise(&protocol_memcached, &question);
}

static void datagrams_that_are_not_the_answer_are_let_pass(void **state)
{
	(void)state;
	COMES_TO(IPPROTO_UDP, REASON_NONE, ASK_CLOSE, "", SAYS(FRAME ASKS),
		 HEARS("09\0\0\0\1\0\0VERSION 1.0\r\n"), HEARS("01"), HEARS(FRAME),
		 HEARS("01\0\1\0\2\0\0VERSION 1.0\r\n"),
		 HEARS(FRAME "VERSION 1.6.18\r\n"));
	COMES_TO(IPPROTO_UDP, REASON_error, ASK_CLOSE, "out of memory",
		 SAYS(FRAME ASKS), HEARS(FRAME "SERVER_ERROR out of memory\r\n"));
}

static void other_words_are_not_memcached(void **state)
{
	(void)state;
	COMES_TO(IPPROTO_TCP, REASON_wrong_protocol, ASK_CLOSE, "no reply of memcached",
		 SAYS(ASKS), HEARS("HTTP/1.1 400 Bad Request\r\n"));
	COMES_TO(IPPROTO_TCP, REASON_wrong_protocol, ASK_CLOSE, "no reply of memcached",
		 SAYS(ASKS), HEARS("VERSION of something\r\n"));
	struct question question = asking_question(IPPROTO_TCP);
	asking_noise(&protocol_memcached, &question);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_or_a_wish_for_a_login_is_well),
		cmocka_unit_test(a_refusal_has_the_reason_that_the_server_gives),
		cmocka_unit_test(datagrams_have_a_frame_that_is_ours),
		cmocka_unit_test(datagrams_that_are_not_the_answer_are_let_pass),
		cmocka_unit_test(other_words_are_not_memcached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
