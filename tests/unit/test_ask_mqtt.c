/*
 * test_ask_mqtt.c: who is let in by MQTT.
 */
#include "asking.h"

extern const struct protocol protocol_mqtt;

#define ID                                                                             \
	"\0\x12"                                                                       \
	"breakwater30313233"
#define CONNECT             "\x10\x1e\0\4MQTT\4\2\0\x3c" ID
#define CONNECT_ALICE       "\x10\x2d\0\4MQTT\4\xc2\0\x3c" ID "\0\5alice\0\6secret"
#define CONNECT_ALICE_ALONE "\x10\x25\0\4MQTT\4\x82\0\x3c" ID "\0\5alice"
#define CONNACK(code)       "\x20\2\0" code
#define DISCONNECT          "\xe0\0"

static struct question asks(const char *user, const char *password)
{
	struct question question = asking_question(IPPROTO_TCP);
	question.user = user;
	question.password = password;
	return question;
}

#define COMES_TO(user, password, reason, next, detail, ...)                            \
	do {                                                                           \
		static const struct turn turns[] = { __VA_ARGS__ };                    \
		struct question question = asks(user, password);                       \
		struct script script = SCRIPT(&protocol_mqtt, &question, turns);       \
		asking_is(&script, reason, next, detail);                              \
	} while (0)

static void who_is_let_in_and_who_wants_a_login_are_well(void **state)
{
	(void)state;
	static const struct turn in[] = { SAYS(CONNECT), HEARS(CONNACK("\0")),
					  SAYS(DISCONNECT) };
	static const struct turn alices[] = { SAYS(CONNECT_ALICE), HEARS(CONNACK("\0")),
					      SAYS(DISCONNECT) };
	static const struct turn closed[] = { SAYS(CONNECT), HEARS(CONNACK("\5")) };
	static const struct turn wrong[] = { SAYS(CONNECT), HEARS(CONNACK("\4")) };
	struct question nobody = asks("", ""), alice = asks("alice", "secret");
	struct script scripts[] = { SCRIPT(&protocol_mqtt, &nobody, in),
				    SCRIPT(&protocol_mqtt, &alice, alices),
				    SCRIPT(&protocol_mqtt, &nobody, closed),
				    SCRIPT(&protocol_mqtt, &nobody, wrong) };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		asking_is_well(&scripts[i], ASK_LEAVE);
	asking_spoilt(&scripts[0], 1);
}

static void a_refusal_has_the_reason_that_the_server_gives(void **state)
{
	(void)state;
	COMES_TO("alice", "secret", REASON_login_failed, ASK_LEAVE, "bad user name",
		 SAYS(CONNECT_ALICE), HEARS(CONNACK("\4")));
	COMES_TO("alice", "", REASON_login_failed, ASK_LEAVE, "not authorized (5)",
		 SAYS(CONNECT_ALICE_ALONE), HEARS(CONNACK("\5")));
	COMES_TO("", "", REASON_overloaded, ASK_LEAVE, "unavailable", SAYS(CONNECT),
		 HEARS(CONNACK("\3")));
	COMES_TO("", "", REASON_denied, ASK_LEAVE, "identifier", SAYS(CONNECT),
		 HEARS(CONNACK("\2")));
	COMES_TO("", "", REASON_error, ASK_LEAVE, "3.1.1", SAYS(CONNECT),
		 HEARS(CONNACK("\1")));
}

static void long_names_have_a_long_length(void **state)
{
	(void)state;
	char password[131];
	memset(password, 'x', sizeof(password) - 1);
	password[sizeof(password) - 1] = '\0';
	struct question alice = asks("alice", password);
	static const struct turn turns[] = { SAYS_SOMETHING, HEARS(CONNACK("\0")),
					     SAYS(DISCONNECT) };
	struct script script = SCRIPT(&protocol_mqtt, &alice, turns);
	asking_is_well(&script, ASK_LEAVE);
	struct asked asked;
	asked_begin(&asked, &script);
	asked_step(&asked);
	size_t len = asked.ask->out_len - 3;
	assert_int_equal(asked.ask->out[1], 0x80 | (len & 0x7f));
	assert_int_equal(asked.ask->out[2], len >> 7);
	asked_free(&asked);
}

static void a_password_needs_a_user_and_an_end(void **state)
{
	(void)state;
	char endless[2001];
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	struct question nameless = asks("", "secret"), large = asks("alice", endless),
			alice = asks("alice", "secret");
	assert_non_null(protocol_mqtt.asking->check(&nameless));
	assert_non_null(protocol_mqtt.asking->check(&large));
	assert_null(protocol_mqtt.asking->check(&alice));
}

static void other_words_are_not_mqtt(void **state)
{
	(void)state;
	COMES_TO("", "", REASON_wrong_protocol, ASK_CLOSE, "no CONNACK", SAYS(CONNECT),
		 HEARS("HTTP/1.1 400 Bad Request\r\n"));
	COMES_TO("", "", REASON_wrong_protocol, ASK_CLOSE, "no CONNACK", SAYS(CONNECT),
		 HEARS(CONNACK("\6")));
	COMES_TO("", "", REASON_wrong_protocol, ASK_CLOSE, "no CONNACK", SAYS(CONNECT),
		 HEARS("\x20\3"));
	struct question nobody = asks("", "");
	asking_noise(&protocol_mqtt, &nobody);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_let_in_and_who_wants_a_login_are_well),
		cmocka_unit_test(a_refusal_has_the_reason_that_the_server_gives),
		cmocka_unit_test(long_names_have_a_long_length),
		cmocka_unit_test(a_password_needs_a_user_and_an_end),
		cmocka_unit_test(other_words_are_not_mqtt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
