/*
 * test_ask_mqtt.c: who is let in by MQTT.
 */
#include "asking_turns.h"

extern const struct protocol protocol_mqtt;

#define ID                                                                             \
	"\0\x12"                                                                       \
	"breakwater30313233"
#define CONNECT             "\x10\x1e\0\4MQTT\4\2\0\x3c" ID
#define CONNECT_ALICE       "\x10\x2d\0\4MQTT\4\xc2\0\x3c" ID "\0\5alice\0\6secret"
#define CONNECT_ALICE_ALONE "\x10\x25\0\4MQTT\4\x82\0\x3c" ID "\0\5alice"
#define CONNACK(code)       "\x20\2\0" code
#define DISCONNECT          "\xe0\0"

#define COMES_TO(user, password, ...)                                                  \
	ASKING_COMES_TO(&protocol_mqtt, asking_user(user, password, false), __VA_ARGS__)

#define IS_WELL(user, password, ...)                                                   \
	ASKING_IS_WELL(&protocol_mqtt, asking_user(user, password, false), ASK_LEAVE,  \
		       __VA_ARGS__)

static void who_is_let_in_and_who_wants_a_login_are_well(void **state)
{
	(void)state;
	IS_WELL("", "", SAYS(CONNECT), HEARS(CONNACK("\0")), SAYS(DISCONNECT));
	IS_WELL("alice", "secret", SAYS(CONNECT_ALICE), HEARS(CONNACK("\0")),
		SAYS(DISCONNECT));
	IS_WELL("", "", SAYS(CONNECT), HEARS(CONNACK("\5")));
	IS_WELL("", "", SAYS(CONNECT), HEARS(CONNACK("\4")));
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
	struct question alice = asking_user("alice", password, false);
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
	struct question nameless = asking_user("", "secret", false),
			large = asking_user("alice", endless, false),
			alice = asking_user("alice", "secret", false);
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
	struct question nobody = asking_user("", "", false);
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
