/*
 * test_mqtt.c: what is read from conversations with MQTT servers.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_mqtt;

/* Client "c", user "alice", password "secret". */
#define LOGIN_311                                                                      \
	"\x10\x1c"                                                                     \
	"\0\x04MQTT\x04"                                                               \
	"\xc2\0\x3c"                                                                   \
	"\0\x01"                                                                       \
	"c"                                                                            \
	"\0\x05"                                                                       \
	"alice"                                                                        \
	"\0\x06"                                                                       \
	"secret"
/* The same, with a will and properties. */
#define LOGIN_5                                                                        \
	"\x10\x29"                                                                     \
	"\0\x04MQTT\x05"                                                               \
	"\xc6\0\x3c"                                                                   \
	"\x03\x21\0\x14"                                                               \
	"\0\x01"                                                                       \
	"c"                                                                            \
	"\x02\x01\x01"                                                                 \
	"\0\x01t"                                                                      \
	"\0\x01m"                                                                      \
	"\0\x05"                                                                       \
	"alice"                                                                        \
	"\0\x06"                                                                       \
	"secret"
#define LOGIN_31                                                                       \
	"\x10\x16"                                                                     \
	"\0\x06MQIsdp\x83"                                                             \
	"\x82\0\x3c"                                                                   \
	"\0\x01"                                                                       \
	"c"                                                                            \
	"\0\x05"                                                                       \
	"alice"
#define ANONYMOUS                                                                      \
	"\x10\x0d"                                                                     \
	"\0\x04MQTT\x04"                                                               \
	"\x02\0\x3c"                                                                   \
	"\0\x01"                                                                       \
	"c"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_mqtt, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_by_what_the_client_says(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, LOGIN_311),
					     SAYS(CLIENT, LOGIN_5),
					     SAYS(CLIENT, LOGIN_31),
					     SAYS(CLIENT, ANONYMOUS) };
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_string_equal(
			dialogue_is(IPPROTO_TCP, 80, &lines[i], 1, BOTH_SIDES), "mqtt");
		dialogue_grows(&protocol_mqtt, IPPROTO_TCP, &lines[i], 1);
	}
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_mqtt);
	static const struct line others[] = {
		SAYS(CLIENT, "\x10\x0d\0\x04MQTX\x04\x02\0\x3c\0\x01"
			     "c"),
		SAYS(CLIENT, "\x10\x0d\0\x04MQTT\x09\x02\0\x3c\0\x01"
			     "c"),
		SAYS(CLIENT, "\x10\x0d\0\x04MQTT\x04\x03\0\x3c\0\x01"
			     "c"),
		SAYS(CLIENT, "\x10\xff\xff\xff\xff\x01\0\x04MQTT"),
		SAYS(SERVER, "\x20\x02\0\0"),
	};
	for (size_t i = 0; i < COUNT(others); i++)
		dialogue_is_not("mqtt", IPPROTO_TCP, 1883, &others[i], 1);
}

static void assert_login(struct line connect, struct line answer, const char *outcome,
			 uint64_t errors)
{
	const struct line lines[] = { connect, answer };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].outcome, outcome);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, errors);
	assert_true(c->talk.done);
	assert_null(memmem(&c->talk, sizeof(c->talk), "secret", 6));
	talk_check_free(c);
	dialogue_cut(&protocol_mqtt, lines, COUNT(lines));
}

static void a_login_ends_as_its_code_says(void **state)
{
	(void)state;
	const struct line v3 = SAYS(CLIENT, LOGIN_311), v5 = SAYS(CLIENT, LOGIN_5);
	assert_login(v3, (struct line)SAYS(SERVER, "\x20\x02\0\0"), "success", 0);
	assert_login(v3, (struct line)SAYS(SERVER, "\x20\x02\0\x04"), "failure", 0);
	assert_login(v3, (struct line)SAYS(SERVER, "\x20\x02\0\x05"), "failure", 0);
	assert_login(v3, (struct line)SAYS(SERVER, "\x20\x02\0\x03"), "unknown", 1);
	assert_login(v5, (struct line)SAYS(SERVER, "\x20\x03\0\0\0"), "success", 0);
	assert_login(v5, (struct line)SAYS(SERVER, "\x20\x03\0\x87\0"), "failure", 0);
	assert_login(v5, (struct line)SAYS(SERVER, "\x20\x03\0\x88\0"), "unknown", 1);
	/* Bridges set the highest bit of the version. */
	assert_login((struct line)SAYS(CLIENT, LOGIN_31),
		     (struct line)SAYS(SERVER, "\x20\x02\0\0"), "success", 0);
}

static void only_a_password_is_a_cleartext_login(void **state)
{
	(void)state;
	static const struct line with[] = { SAYS(CLIENT, LOGIN_5),
					    SAYS(SERVER, "\x20\x03\0\0\0") };
	static const struct line without[] = { SAYS(CLIENT, LOGIN_31),
					       SAYS(SERVER, "\x20\x02\0\0") };
	static const struct line nobody[] = { SAYS(CLIENT, ANONYMOUS),
					      SAYS(SERVER, "\x20\x02\0\x05") };
	struct talk_check *c = heard(with, 2);
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "cleartext_login");
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_string_equal(c->login[0].method, "password");
	assert_string_equal(c->talk.facts.version, "MQTT 5.0");
	assert_int_equal(c->talk.facts.cleartext, 1);
	talk_check_free(c);
	c = heard(without, 2);
	assert_int_equal(c->notices, 0);
	assert_null(c->login[0].method);
	assert_string_equal(c->talk.facts.version, "MQTT 3.1");
	talk_check_free(c);
	c = heard(nobody, 2);
	assert_int_equal(c->notices, 0);
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
}

static void steps_of_authentication_come_before_the_outcome(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, LOGIN_5),
					     SAYS(SERVER, "\xf0\x02\x18\0"),
					     SAYS(CLIENT, "\xf0\x02\x18\0"),
					     SAYS(SERVER, "\x20\x03\0\x86\0") };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "failure");
	talk_check_free(c);
	c = heard(lines, 3);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_check_free(c);
	dialogue_cut(&protocol_mqtt, lines, COUNT(lines));
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, LOGIN_5 LOGIN_31),
					     SAYS(SERVER, "\xf0\x02\x18\0"),
					     SAYS(CLIENT, "\xf0\x02\x18\0" LOGIN_311),
					     SAYS(SERVER, "\x20\x03\0\x86\0") };
	dialogue_noise(&protocol_mqtt, IPPROTO_TCP);
	dialogue_spoilt(&protocol_mqtt, IPPROTO_TCP, lines, COUNT(lines), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_by_what_the_client_says),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_login_ends_as_its_code_says),
		cmocka_unit_test(only_a_password_is_a_cleartext_login),
		cmocka_unit_test(steps_of_authentication_come_before_the_outcome),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
