/*
 * test_pop3.c: what is read from mailboxes over POP3.
 */
#include "login_check.h"

extern const struct protocol protocol_pop3;

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))
#define C(text)   SAYS(CLIENT, text)
#define S(text)   SAYS(SERVER, text)

static const struct line session[] = {
	S("+OK Dovecot (Debian) ready. <1896.697170952@harbour>\r\n"),
	C("CAPA\r\n"),
	S("+OK\r\nTOP\r\nUIDL\r\nIMPLEMENTATION Trinity 2\r\n.\r\n"),
	C("USER alice\r\n"),
	S("+OK\r\n"),
	C("PASS battery-staple\r\n"),
	S("-ERR [AUTH] Authentication failed.\r\n"),
	C("USER alice\r\n"),
	S("+OK\r\n"),
	C("PASS correct horse\r\n"),
	S("+OK Logged in.\r\n"),
	C("LIST\r\n"),
	S("+OK 1 messages:\r\n1 300\r\n.\r\n"),
	C("LIST 1\r\n"),
	S("+OK 1 300\r\n"),
	C("RETR 1\r\n"),
	S("+OK 300 octets\r\nSubject: berth\r\n\r\n-ERR Seven?\r\n"),
	S("+OK\r\n..\r\n.\r\n"),
	C("DELE 7\r\n"),
	S("-ERR No such message.\r\n"),
	C("QUIT\r\n"),
	S("+OK Logging out.\r\n"),
};

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_pop3, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_on_any_port(void **state)
{
	(void)state;
	static const struct line asked[] = { C("CAPA\r\n"), S("+OK\r\nUIDL\r\n.\r\n") };
	assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, session, 2, SERVER_SIDE),
			    "pop3");
	for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
		assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, asked, 2, sides),
				    "pop3");
	/* which command is whose can't be told without the server */
	assert_null(dialogue_is(IPPROTO_TCP, 9000, session + 3, 1, CLIENT_SIDE));
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	dialogue_grows(&protocol_pop3, IPPROTO_TCP, session, 2);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_pop3);
	/* Redis, which never speaks first */
	assert_int_equal(verdict_of(&protocol_pop3, IPPROTO_TCP, bytes_of("us", 2),
				    bytes_of("+OK\r\n", 5)),
			 VERDICT_MORE);
	static const struct line cache[][2] = {
		{ C("*1\r\n$4\r\nPING\r\n"), S("+OK\r\n") },
		{ C("SET a b\r\n"), S("+OK\r\n") },
		{ C("FLUSHALL\r\n"), S("+OK\r\n") },
	};
	for (size_t i = 0; i < COUNT(cache); i++) {
		const char *is = dialogue_is(IPPROTO_TCP, 110, cache[i], 2, BOTH_SIDES);
		assert_true(is == NULL || strcmp(is, "pop3") != 0);
	}
}

static void a_session_tells_software_logins_and_answers(void **state)
{
	(void)state;
	struct talk_check *c = heard(session, COUNT(session));
	assert_string_equal(c->talk.facts.software, "Dovecot (Debian)");
	assert_string_equal(c->talk.facts.user, "alice");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].method, "password");
	assert_string_equal(c->login[0].seen_by, "packets");
	assert_string_equal(c->login[1].outcome, "success");
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "pop3_user"));
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_int_equal(c->answers, 10);
	assert_int_equal(c->errors, 0);
	assert_null(memmem(&c->talk, sizeof(c->talk), "battery", 7));
	assert_null(memmem(&c->talk, sizeof(c->talk), "correct", 7));
	talk_check_free(c);
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	dialogue_cut(&protocol_pop3, session, COUNT(session));
}

static void a_server_may_name_itself_among_its_capabilities(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("+OK ready\r\n"),
		C("CAPA\r\n"),
		S("+OK\r\nUSER\r\nIMPLEMENTATION trinity 2.1\r\n.\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.facts.software, "trinity 2.1");
	talk_check_free(c);
}

static void commands_sent_ahead_get_their_own_replies(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("+OK ready\r\n"),
		C("USER alice\r\nPASS x\r\nRETR 1\r\nRETR 2\r\nNOOP\r\nQUIT\r\n"),
		S("+OK\r\n+OK\r\n+OK\r\nOne.\r\n-ERR\r\n.\r\n+OK\r\n.\r\n-ERR\r\n+"
		  "OK\r\n"),
	};
	dialogue_cut(&protocol_pop3, lines, COUNT(lines));
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->answers, 6);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "success");
	talk_check_free(c);
}

static const struct login_case login_cases[] = {
	/* RFC 1939 7 */
	{ { C("APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"),
	    S("+OK maildrop has 1 message\r\n") },
	  "success",
	  "APOP",
	  "mrose",
	  false },
	{ { C("AUTH PLAIN\r\n"), S("+ \r\n"), C("AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"),
	    S("-ERR failed\r\n") },
	  "failure",
	  "PLAIN",
	  "alice",
	  true },
	{ { C("AUTH PLAIN AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"), S("+OK\r\n") },
	  "success",
	  "PLAIN",
	  "alice",
	  true },
	{ { C("AUTH LOGIN\r\n"), S("+ VXNlcm5hbWU6\r\n"), C("YWxpY2U=\r\n"),
	    S("+ UGFzc3dvcmQ6\r\n"), C("Y29ycmVjdC1ob3JzZQ==\r\n"), S("+OK\r\n") },
	  "success",
	  "LOGIN",
	  "alice",
	  true },
	{ { C("AUTH CRAM-MD5\r\n"), S("+ PDE4OTY=\r\n"),
	    C("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"), S("+OK\r\n") },
	  "success",
	  "CRAM-MD5",
	  "tim",
	  false },
	{ { C("USER alice\r\n"), S("+OK\r\n"), C("PASS x\r\n"),
	    S("-ERR [IN-USE] Maildrop is locked\r\n") },
	  "unknown",
	  "password",
	  "alice",
	  false },
};

static void each_login_is_told_with_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(login_cases); i++)
		login_is_told(&protocol_pop3, (struct line)S("+OK ready\r\n"),
			      &login_cases[i]);
}

static void what_was_not_tried_is_no_login(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("+OK ready\r\n"),
		C("AUTH\r\n"),
		S("-ERR 1 argument required\r\n"),
		C("AUTH X-MINE\r\n"),
		S("-ERR unknown mechanism\r\n"),
		C("USER alice\r\n"),
		S("-ERR [AUTH] not without TLS\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->notices, 0);
	assert_int_equal(c->answers, 3);
	talk_check_free(c);
}

static void only_the_systems_own_errors_count(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("+OK ready\r\n"),
		C("RETR 1\r\n"),
		S("-ERR [SYS/TEMP] disk\r\n"),
		C("RETR 2\r\n"),
		S("-ERR no such message\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->errors, 1);
	assert_int_equal(c->answers, 2);
	talk_check_free(c);
}

static void behind_stls_it_is_tls(void **state)
{
	(void)state;
	struct line lines[] = {
		S("+OK ready\r\n"),
		C("STLS\r\n"),
		S("+OK Begin TLS\r\n"),
	};
	struct talk_check *c = talk_check_new(&protocol_pop3, IPPROTO_TCP, 110);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_string_equal(c->talk.protocol->name, "tls");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	lines[1] = (struct line)C("STLS\r\nUSER eve\r\n");
	c = talk_check_new(&protocol_pop3, IPPROTO_TCP, 110);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_true(talk_check_noticed(c, "starttls_injection"));
	talk_check_free(c);
	lines[1] = (struct line)C("STLS\r\n");
	lines[2] = (struct line)S("-ERR no\r\n");
	c = talk_check_new(&protocol_pop3, IPPROTO_TCP, 110);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_string_equal(c->talk.protocol->name, "pop3");
	talk_check_free(c);
}

static void after_a_loss_replies_are_not_guessed_at(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_pop3, IPPROTO_TCP, 110);
	dialogue_say(c, session, 1, 0);
	talk_say_text(c, CLIENT, "PASS a\r\n");
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, "NOOP\r\n");
	talk_say_text(c, SERVER, "+OK\r\n");
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
	/* whoever came late missed the greeting */
	static const struct line late[] = { C("PASS a\r\n"), S("+OK\r\n") };
	c = heard(late, 2);
	assert_int_equal(c->logins, 1);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	dialogue_noise(&protocol_pop3, IPPROTO_TCP);
	dialogue_spoilt(&protocol_pop3, IPPROTO_TCP, session, COUNT(session), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_on_any_port),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_session_tells_software_logins_and_answers),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(a_server_may_name_itself_among_its_capabilities),
		cmocka_unit_test(commands_sent_ahead_get_their_own_replies),
		cmocka_unit_test(each_login_is_told_with_its_outcome),
		cmocka_unit_test(what_was_not_tried_is_no_login),
		cmocka_unit_test(only_the_systems_own_errors_count),
		cmocka_unit_test(behind_stls_it_is_tls),
		cmocka_unit_test(after_a_loss_replies_are_not_guessed_at),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
