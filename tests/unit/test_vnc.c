/*
 * test_vnc.c: what is read from conversations with screens.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_vnc;

#define RFB_3_3   "RFB 003.003\n"
#define RFB_3_7   "RFB 003.007\n"
#define RFB_3_8   "RFB 003.008\n"
#define CHALLENGE "0123456789abcdef"
#define FINE      "\0\0\0\0"
#define FAILED                                                                         \
	"\0\0\0\x01"                                                                   \
	"\0\0\0\x05"                                                                   \
	"wrong"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_vnc, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(SERVER, RFB_3_8),
					     SAYS(CLIENT, RFB_3_3) };
	for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
		assert_string_equal(dialogue_is(IPPROTO_TCP, 80, lines, 2, sides),
				    "vnc");
	dialogue_grows(&protocol_vnc, IPPROTO_TCP, lines, 1);
	dialogue_claims_no_other(&protocol_vnc);
	static const struct line other = SAYS(SERVER, "RFB 003.00x\n");
	dialogue_is_not("vnc", IPPROTO_TCP, 5900, &other, 1);
}

/* A login by VNC's own authentication in that version, ended so. */
static void assert_login(const struct line *lines, size_t count, const char *version,
			 const char *outcome)
{
	struct talk_check *c = heard(lines, count);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, outcome);
	assert_string_equal(c->login[0].method, "VNC");
	assert_string_equal(c->talk.facts.version, version);
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, 0);
	assert_int_equal(c->notices, 0);
	assert_true(c->talk.done);
	talk_check_free(c);
	dialogue_cut(&protocol_vnc, lines, count);
}

static void a_login_ends_as_its_result_says(void **state)
{
	(void)state;
	static const struct line right[] = {
		SAYS(SERVER, RFB_3_8),        SAYS(CLIENT, RFB_3_8),
		SAYS(SERVER, "\x02\x02\x10"), SAYS(CLIENT, "\x02"),
		SAYS(SERVER, CHALLENGE),      SAYS(CLIENT, CHALLENGE),
		SAYS(SERVER, FINE),
	};
	static const struct line wrong[] = {
		SAYS(SERVER, RFB_3_8),    SAYS(CLIENT, RFB_3_7),
		SAYS(SERVER, "\x01\x02"), SAYS(CLIENT, "\x02"),
		SAYS(SERVER, CHALLENGE),  SAYS(CLIENT, CHALLENGE),
		SAYS(SERVER, FAILED),
	};
	static const struct line old[] = {
		SAYS(SERVER, RFB_3_3),
		SAYS(CLIENT, RFB_3_3),
		SAYS(SERVER, "\0\0\0\x02" CHALLENGE),
		SAYS(CLIENT, CHALLENGE),
		SAYS(SERVER, "\0\0\0\x02"),
	};
	assert_login(right, COUNT(right), "RFB 3.8", "success");
	assert_login(wrong, COUNT(wrong), "RFB 3.7", "failure");
	assert_login(old, COUNT(old), "RFB 3.3", "failure");
	struct talk_check *c = heard(right, COUNT(right) - 1);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_check_free(c);
}

static void who_lets_anyone_in_is_weak(void **state)
{
	(void)state;
	static const struct line new[] = {
		SAYS(SERVER, RFB_3_8),        SAYS(CLIENT, RFB_3_8),
		SAYS(SERVER, "\x02\x01\x02"), SAYS(CLIENT, "\x01"),
		SAYS(SERVER, FINE),
	};
	static const struct line old[] = { SAYS(SERVER, RFB_3_3), SAYS(CLIENT, RFB_3_3),
					   SAYS(SERVER, "\0\0\0\x01") };
	static const struct line refused[] = {
		SAYS(SERVER, RFB_3_8),        SAYS(CLIENT, RFB_3_8),
		SAYS(SERVER, "\x02\x01\x02"), SAYS(CLIENT, "\x01"),
		SAYS(SERVER, FAILED),
	};
	struct talk_check *c = heard(new, COUNT(new) - 1);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	c = heard(new, COUNT(new));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "weak_protocol");
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
	c = heard(old, COUNT(old));
	assert_int_equal(c->notices, 1);
	talk_check_free(c);
	c = heard(refused, COUNT(refused));
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_vnc, new, COUNT(new));
	dialogue_cut(&protocol_vnc, old, COUNT(old));
}

static void a_refusal_is_an_error(void **state)
{
	(void)state;
	static const struct line new[] = { SAYS(SERVER, RFB_3_8), SAYS(CLIENT, RFB_3_8),
					   SAYS(SERVER, "\0"
							"\0\0\0\x04"
							"busy") };
	static const struct line old[] = { SAYS(SERVER, RFB_3_3), SAYS(CLIENT, RFB_3_3),
					   SAYS(SERVER, "\0\0\0\0"
							"\0\0\0\x04"
							"busy") };
	struct talk_check *c = heard(new, COUNT(new));
	assert_int_equal(c->errors, 1);
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
	c = heard(old, COUNT(old));
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
}

#define VENCRYPT                                                                       \
	SAYS(SERVER, RFB_3_8), SAYS(CLIENT, RFB_3_8), SAYS(SERVER, "\x01\x13"),        \
		SAYS(CLIENT, "\x13"), SAYS(SERVER, "\0\x02"), SAYS(CLIENT, "\0\x02"),  \
		SAYS(SERVER, "\0\x02"                                                  \
			     "\0\0\x01\x03"                                            \
			     "\0\0\x01\0")

static void behind_tls_it_is_another_protocol(void **state)
{
	(void)state;
	static const struct line vencrypt[] = { VENCRYPT, SAYS(CLIENT, "\0\0\x01\x03"),
						SAYS(SERVER, "\x01") };
	static const struct line tls[] = { SAYS(SERVER, RFB_3_8), SAYS(CLIENT, RFB_3_8),
					   SAYS(SERVER, "\x01\x12"),
					   SAYS(CLIENT, "\x12") };
	struct talk_check *c = talk_check_new(&protocol_vnc, IPPROTO_TCP, 5900);
	dialogue_say(c, vencrypt, COUNT(vencrypt), 0);
	assert_ptr_equal(c->talk.protocol, protocol_by_name("tls"));
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
	c = talk_check_new(&protocol_vnc, IPPROTO_TCP, 5900);
	dialogue_say(c, tls, COUNT(tls), 1);
	assert_ptr_equal(c->talk.protocol, protocol_by_name("tls"));
	talk_check_free(c);
}

static void plain_without_tls_shows_its_password(void **state)
{
	(void)state;
	static const struct line lines[] = {
		VENCRYPT,
		SAYS(CLIENT, "\0\0\x01\0"
			     "\0\0\0\x05"
			     "\0\0\0\x06"
			     "alicesecret"),
		SAYS(SERVER, FINE),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "cleartext_login");
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].method, "Plain");
	assert_string_equal(c->login[0].outcome, "success");
	assert_null(memmem(&c->talk, sizeof(c->talk), "secret", 6));
	talk_check_free(c);
	dialogue_cut(&protocol_vnc, lines, COUNT(lines));
}

static void who_speaks_out_of_turn_is_not_read_on(void **state)
{
	(void)state;
	static const struct line early[] = { SAYS(SERVER, RFB_3_8),
					     SAYS(CLIENT, RFB_3_8 "\x01") };
	static const struct line late[] = { SAYS(SERVER, RFB_3_8),
					    SAYS(SERVER, "\x01\x01") };
	struct talk_check *c = heard(early, COUNT(early));
	assert_true(c->talk.done);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	c = heard(late, COUNT(late));
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	static const struct line lines[] = {
		VENCRYPT,
		SAYS(CLIENT, "\0\0\x01\0"
			     "\0\0\0\x05"
			     "\0\0\0\x06"
			     "alicesecret"),
		SAYS(SERVER, FINE),
	};
	dialogue_noise(&protocol_vnc, IPPROTO_TCP);
	dialogue_spoilt(&protocol_vnc, IPPROTO_TCP, lines, COUNT(lines), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(a_login_ends_as_its_result_says),
		cmocka_unit_test(who_lets_anyone_in_is_weak),
		cmocka_unit_test(a_refusal_is_an_error),
		cmocka_unit_test(behind_tls_it_is_another_protocol),
		cmocka_unit_test(plain_without_tls_shows_its_password),
		cmocka_unit_test(who_speaks_out_of_turn_is_not_read_on),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
