/*
 * test_ask_redis.c: PING, AUTH and what Redis says to them.
 */
#include "asking.h"

extern const struct protocol protocol_redis;

#define PING       "*1\r\n$4\r\nPING\r\n"
#define QUIT       "*1\r\n$4\r\nQUIT\r\n"
#define AUTH       "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"
#define AUTH_ALICE "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$6\r\nsecret\r\n"

static struct question asks(const char *user, const char *password)
{
	struct question question = asking_question(IPPROTO_TCP);
	question.user = user;
	question.password = password;
	return question;
}

/* So PING is answered. */
#define PING_IS_TOLD(text, reason, next, detail, ...)                                  \
	do {                                                                           \
		static const struct turn turns[] = { SAYS(PING),                       \
						     HEARS(text) __VA_OPT__(, )        \
							     __VA_ARGS__ };            \
		struct question nobody = asks("", "");                                 \
		struct script script = SCRIPT(&protocol_redis, &nobody, turns);        \
		asking_is(&script, reason, next, detail);                              \
	} while (0)

static void a_ping_is_answered_or_wants_a_login(void **state)
{
	(void)state;
	static const struct turn pong[] = { SAYS(PING), HEARS("+PONG\r\n"),
					    SAYS(QUIT) };
	static const struct turn closed[] = {
		SAYS(PING), HEARS("-NOAUTH Authentication required.\r\n"), SAYS(QUIT)
	};
	static const struct turn poor[] = {
		SAYS(PING), HEARS("-NOPERM this user has no permissions\r\n"),
		SAYS(QUIT)
	};
	struct question nobody = asks("", "");
	struct script script = SCRIPT(&protocol_redis, &nobody, pong);
	asking_is_well(&script, ASK_LEAVE);
	script = (struct script)SCRIPT(&protocol_redis, &nobody, closed);
	asking_is_well(&script, ASK_LEAVE);
	script = (struct script)SCRIPT(&protocol_redis, &nobody, poor);
	asking_is_well(&script, ASK_LEAVE);
}

static void a_password_is_tried_with_and_without_a_user(void **state)
{
	(void)state;
	static const struct turn old[] = { SAYS(AUTH), HEARS("+OK\r\n"), SAYS(PING),
					   HEARS("+PONG\r\n"), SAYS(QUIT) };
	static const struct turn named[] = { SAYS(AUTH_ALICE), HEARS("+OK\r\n"),
					     SAYS(PING), HEARS("+PONG\r\n"),
					     SAYS(QUIT) };
	static const struct turn wrong[] = {
		SAYS(AUTH_ALICE),
		HEARS("-WRONGPASS invalid username-password pair\r\n"), SAYS(QUIT)
	};
	struct question password = asks("", "secret"), alice = asks("alice", "secret");
	struct script script = SCRIPT(&protocol_redis, &password, old);
	asking_is_well(&script, ASK_LEAVE);
	script = (struct script)SCRIPT(&protocol_redis, &alice, named);
	asking_is_well(&script, ASK_LEAVE);
	asking_spoilt(&script, 1);
	script = (struct script)SCRIPT(&protocol_redis, &alice, wrong);
	asking_is(&script, REASON_login_failed, ASK_LEAVE, "WRONGPASS");
}

static void a_user_without_a_password_is_a_mistake(void **state)
{
	(void)state;
	struct question alice = asks("alice", ""), password = asks("", "secret");
	assert_non_null(protocol_redis.asking->check(&alice));
	assert_null(protocol_redis.asking->check(&password));
}

static void a_refusal_has_the_reason_that_the_server_gives(void **state)
{
	(void)state;
	PING_IS_TOLD("-ERR max number of clients reached\r\n", REASON_overloaded,
		     ASK_LEAVE, "max number of clients", SAYS(QUIT));
	PING_IS_TOLD("-DENIED Redis is running in protected mode\r\n", REASON_denied,
		     ASK_LEAVE, "protected mode", SAYS(QUIT));
	PING_IS_TOLD("-LOADING Redis is loading the dataset in memory\r\n",
		     REASON_error, ASK_LEAVE, "\"LOADING Redis is", SAYS(QUIT));
	PING_IS_TOLD("-MASTERDOWN Link with MASTER is down\r\n", REASON_error,
		     ASK_LEAVE, "MASTERDOWN", SAYS(QUIT));
	PING_IS_TOLD("-BUSY Redis is busy running a script\r\n", REASON_error,
		     ASK_LEAVE, "BUSY", SAYS(QUIT));
	PING_IS_TOLD("-ERR unknown command\r\n", REASON_error, ASK_LEAVE,
		     "unknown command", SAYS(QUIT));
}

static void other_words_are_not_redis(void **state)
{
	(void)state;
	PING_IS_TOLD("HTTP/1.1 400 Bad Request\r\n", REASON_wrong_protocol, ASK_CLOSE,
		     "no reply of Redis");
	PING_IS_TOLD("+OK POP3 ready\r\n", REASON_wrong_protocol, ASK_CLOSE, "");
	PING_IS_TOLD("-\r\n", REASON_wrong_protocol, ASK_CLOSE, "");
	struct question nobody = asks("", ""), alice = asks("alice", "secret");
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
