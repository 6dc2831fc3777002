/*
 * test_ask_redis.c: PING, AUTH and what Redis says to them.
 */
#include "asking_turns.h"

extern const struct protocol protocol_redis;

#define PING       "*1\r\n$4\r\nPING\r\n"
#define QUIT       "*1\r\n$4\r\nQUIT\r\n"
#define AUTH       "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"
#define AUTH_ALICE "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$6\r\nsecret\r\n"

/* So PING is answered. */
#define COMES_TO(reason, next, detail, ...)                                            \
	ASKING_COMES_TO(&protocol_redis, asking_user("", "", false), reason, next,     \
			detail, SAYS(PING), __VA_ARGS__)

#define IS_WELL(user, password, ...)                                                   \
	ASKING_IS_WELL(&protocol_redis, asking_user(user, password, false), ASK_LEAVE, \
		       __VA_ARGS__)

static void a_ping_is_answered_or_wants_a_login(void **state)
{
	(void)state;
	IS_WELL("", "", SAYS(PING), HEARS("+PONG\r\n"), SAYS(QUIT));
	IS_WELL("", "", SAYS(PING), HEARS("-NOAUTH Authentication required.\r\n"),
		SAYS(QUIT));
	IS_WELL("", "", SAYS(PING), HEARS("-NOPERM this user has no permissions\r\n"),
		SAYS(QUIT));
}

static void a_password_is_tried_with_and_without_a_user(void **state)
{
	(void)state;
	IS_WELL("", "secret", SAYS(AUTH), HEARS("+OK\r\n"), SAYS(PING),
		HEARS("+PONG\r\n"), SAYS(QUIT));
	IS_WELL("alice", "secret", SAYS(AUTH_ALICE), HEARS("+OK\r\n"), SAYS(PING),
		HEARS("+PONG\r\n"), SAYS(QUIT));
	ASKING_COMES_TO(&protocol_redis, asking_user("alice", "secret", false),
			REASON_login_failed, ASK_LEAVE, "WRONGPASS", SAYS(AUTH_ALICE),
			HEARS("-WRONGPASS invalid username-password pair\r\n"),
			SAYS(QUIT));
}

static void a_user_without_a_password_is_a_mistake(void **state)
{
	(void)state;
	struct question alice = asking_user("alice", "", false),
			password = asking_user("", "secret", false);
	assert_non_null(protocol_redis.asking->check(&alice));
	assert_null(protocol_redis.asking->check(&password));
}

static void a_refusal_has_the_reason_that_the_server_gives(void **state)
{
	(void)state;
	COMES_TO(REASON_overloaded, ASK_LEAVE, "max number of clients",
		 HEARS("-ERR max number of clients reached\r\n"), SAYS(QUIT));
	COMES_TO(REASON_denied, ASK_LEAVE, "protected mode",
		 HEARS("-DENIED Redis is running in protected mode\r\n"), SAYS(QUIT));
	COMES_TO(REASON_error, ASK_LEAVE, "\"LOADING Redis is",
		 HEARS("-LOADING Redis is loading the dataset in memory\r\n"),
		 SAYS(QUIT));
	COMES_TO(REASON_error, ASK_LEAVE, "MASTERDOWN",
		 HEARS("-MASTERDOWN Link with MASTER is down\r\n"), SAYS(QUIT));
	COMES_TO(REASON_error, ASK_LEAVE, "BUSY",
		 HEARS("-BUSY Redis is busy running a script\r\n"), SAYS(QUIT));
	COMES_TO(REASON_error, ASK_LEAVE, "unknown command",
		 HEARS("-ERR unknown command\r\n"), SAYS(QUIT));
}

static void other_words_are_not_redis(void **state)
{
	(void)state;
	COMES_TO(REASON_wrong_protocol, ASK_CLOSE, "no reply of Redis",
		 HEARS("HTTP/1.1 400 Bad Request\r\n"));
	COMES_TO(REASON_wrong_protocol, ASK_CLOSE, "", HEARS("+OK POP3 ready\r\n"));
	COMES_TO(REASON_wrong_protocol, ASK_CLOSE, "", HEARS("-\r\n"));
	struct question nobody = asking_user("", "", false),
			alice = asking_user("alice", "secret", false);
	asking_noise(&protocol_redis, &nobody);
	asking_noise(&protocol_redis, &alice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ping_is_answered_or_wants_a_login),
		cmocka_unit_test(a_password_is_tried_with_and_without_a_user),
		cmocka_unit_test(a_user_without_a_password_is_a_mistake),
		cmocka_unit_test(a_refusal_has_the_reason_that_the_server_gives),
		cmocka_unit_test(other_words_are_not_redis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
