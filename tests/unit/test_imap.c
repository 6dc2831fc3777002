/*
 * test_imap.c: what is read from mailboxes over IMAP.
 */
#include "login_check.h"

extern const struct protocol protocol_imap;

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))
#define C(text)   SAYS(CLIENT, text)
#define S(text)   SAYS(SERVER, text)
#define GREETING  "* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.\r\n"

static const struct line session[] = {
	S(GREETING),
	C("a1 ID (\"name\" \"Thunder \\\"bird\" \"version\" \"115.0\")\r\n"),
	S("* ID NIL\r\na1 OK ID completed\r\n"),
	C("a2 LOGIN alice battery-staple\r\n"),
	S("a2 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"),
	C("a3 LOGIN \"alice\" \"correct \\\" horse\"\r\n"),
	S("* CAPABILITY IMAP4rev1\r\na3 OK Logged in\r\n"),
	C("a4 SELECT INBOX\r\n"),
	S("* 1 EXISTS\r\n* OK [UIDVALIDITY 1] Ok\r\na4 OK [READ-WRITE] Done\r\n"),
	C("a5 FETCH 1 BODY[]\r\n"),
	S("* 1 FETCH (BODY[] {26}\r\na6 NO\r\na5 OK x\r\n* 1 {99}"),
	S("\r\n)\r\na5 OK Fetched.\r\n"),
	C("a6 SELECT absent\r\n"),
	S("a6 NO [NONEXISTENT] Mailbox doesn't exist\r\n"),
	C("a7 LOGOUT\r\n"),
	S("* BYE Logging out\r\na7 OK Logout completed.\r\n"),
};

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_imap, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
		assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, session, 2, sides),
				    "imap");
	static const struct line greetings[] = { S("* PREAUTH hello\r\n"),
						 S("* BYE too many\r\n") };
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(
			dialogue_is(IPPROTO_TCP, 9000, greetings + i, 1, SERVER_SIDE),
			"imap");
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line asked[] = { C("KJBA0 CAPABILITY\r\n"),
					     S("* OK hello\r\n") };
	dialogue_grows(&protocol_imap, IPPROTO_TCP, session, COUNT(session));
	dialogue_grows(&protocol_imap, IPPROTO_TCP, asked, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_imap);
	static const struct line others[] = {
		C("GET LOGIN HTTP/1.0\r\n"),
		C("a LOGIN b c\r\n"),
		C("a1 HELLO b\r\n"),
		C("*1\r\n$4\r\nPING\r\n"),
	};
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_not_equal(verdict_of(&protocol_imap, IPPROTO_TCP,
						bytes_of(others[i].text, others[i].len),
						(struct bytes){ 0 }),
				     VERDICT_YES);
}

static void a_session_tells_software_logins_and_answers(void **state)
{
	(void)state;
	struct talk_check *c = heard(session, COUNT(session));
	assert_string_equal(c->talk.facts.software, "Dovecot (Debian)");
	assert_string_equal(c->talk.facts.client_software, "Thunder \\\"bird 115.0");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].method, "LOGIN");
	assert_string_equal(c->login[0].seen_by, "packets");
	assert_string_equal(c->login[1].outcome, "success");
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "imap_login"));
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_int_equal(c->answers, 7);
	assert_int_equal(c->errors, 0);
	assert_null(memmem(&c->talk, sizeof(c->talk), "battery", 7));
	assert_null(memmem(&c->talk, sizeof(c->talk), "correct", 7));
	talk_check_free(c);
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	dialogue_cut(&protocol_imap, session, COUNT(session));
}

static void a_server_may_name_itself_when_asked(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("* OK ready\r\n"),
		C("1 ID NIL\r\n"),
		S("* ID (\"name\" \"Cyrus\" \"version\" \"3.6.1\")\r\n1 OK\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.facts.software, "Cyrus 3.6.1");
	talk_check_free(c);
}

static const struct login_case login_cases[] = {
	{ { C("1 AUTHENTICATE PLAIN\r\n"), S("+ \r\n"),
	    C("AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"), S("1 NO failed\r\n") },
	  "failure",
	  "PLAIN",
	  "alice",
	  true },
	{ { C("1 AUTHENTICATE PLAIN AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"), S("1 OK\r\n") },
	  "success",
	  "PLAIN",
	  "alice",
	  true },
	{ { C("1 authenticate CRAM-MD5\r\n"), S("+ PDE4OTY=\r\n"),
	    C("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"), S("1 OK\r\n") },
	  "success",
	  "CRAM-MD5",
	  "tim",
	  false },
	/* RFC 9051 4.3: names and passwords as literals */
	{ { C("1 LOGIN {5}\r\n"), S("+ Go\r\n"), C("alice {13}\r\n"), S("+ Go\r\n"),
	    C("correct-horse\r\n"), S("1 OK\r\n") },
	  "success",
	  "LOGIN",
	  "alice",
	  true },
	{ { C("1 LOGIN {5+}\r\nalice {13+}\r\ncorrect-horse\r\n"), S("1 NO\r\n") },
	  "failure",
	  "LOGIN",
	  "alice",
	  true },
	{ { C("1 LOGIN alice {13}\r\n"), S("+ Go\r\n"), C("correct-horse\r\n"),
	    S("1 OK\r\n") },
	  "success",
	  "LOGIN",
	  "alice",
	  true },
};

static void each_login_is_told_with_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(login_cases); i++)
		login_is_told(&protocol_imap, (struct line)S(GREETING),
			      &login_cases[i]);
}

static void what_was_not_tried_is_no_login(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("1 LOGIN alice x\r\n"),
		S("1 NO [PRIVACYREQUIRED] Not without TLS\r\n"),
		C("2 LOGIN alice x\r\n"),
		S("2 BAD Plaintext authentication disallowed\r\n"),
		C("3 AUTHENTICATE PLAIN\r\n"),
		S("+ \r\n"),
		C("*\r\n"),
		S("3 BAD Cancelled\r\n"),
		C("4 LOGIN alice x\r\n"),
		S("4 NO [UNAVAILABLE] LDAP is down\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->notices, 0);
	assert_int_equal(c->answers, 4);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
}

static void logins_sent_ahead_are_told_apart_by_their_tags(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("1 LOGIN alice a\r\n2 LOGIN bob b\r\n3 LOGIN carol c\r\n"),
		S("2 NO\r\n1 NO\r\n3 OK\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 3);
	assert_string_equal(c->login[0].user, "bob");
	assert_string_equal(c->login[1].user, "alice");
	assert_string_equal(c->login[2].user, "carol");
	assert_string_equal(c->login[2].outcome, "success");
	talk_check_free(c);
}

static void a_mail_put_there_is_passed_over(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("1 APPEND INBOX {28}\r\n"),
		S("+ Go\r\n"),
		C("2 LOGIN eve x\r\n3 LOGIN eve\r\n\r\n4 LOGIN alice x\r\n"),
		S("1 OK\r\n2 OK\r\n4 OK\r\n"),
		/* and one that is not wanted does not come */
		C("5 APPEND INBOX {3000000}\r\n"),
		S("5 NO [OVERQUOTA] No\r\n"),
		C("6 LOGIN bob x\r\n"),
		S("6 OK\r\n"),
	};
	dialogue_cut(&protocol_imap, lines, COUNT(lines));
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[1].user, "bob");
	talk_check_free(c);
}

static void behind_starttls_it_is_tls(void **state)
{
	(void)state;
	struct line lines[] = {
		S(GREETING),
		C("1 STARTTLS\r\n"),
		S("1 OK Begin TLS\r\n"),
	};
	struct talk_check *c = talk_check_new(&protocol_imap, IPPROTO_TCP, 143);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_string_equal(c->talk.protocol->name, "tls");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	lines[1] = (struct line)C("1 STARTTLS\r\n2 NOOP\r\n");
	c = talk_check_new(&protocol_imap, IPPROTO_TCP, 143);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_true(talk_check_noticed(c, "starttls_injection"));
	talk_check_free(c);
	lines[1] = (struct line)C("1 STARTTLS\r\n");
	lines[2] = (struct line)S("1 NO not here\r\n");
	c = talk_check_new(&protocol_imap, IPPROTO_TCP, 143);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_string_equal(c->talk.protocol->name, "imap");
	talk_check_free(c);
}

static void packed_sessions_are_left_alone(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("1 COMPRESS DEFLATE\r\n"),
		S("1 OK DEFLATE active\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void after_a_loss_replies_are_not_guessed_at(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_imap, IPPROTO_TCP, 143);
	talk_say_text(c, SERVER, GREETING);
	talk_say_text(c, CLIENT, "1 LOGIN alice x\r\n");
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, "2 NOOP\r\n");
	talk_say_text(c, SERVER, "1 OK\r\n2 OK\r\n");
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	static const struct line literals[] = {
		S("* OK {99999999999999999999}\r\n"),
		C("1 LOGIN {18446744073709551615}\r\nx\r\n"),
		S("* {4294967296}\r\n"),
		C("2 LOGIN {0}\r\n {0+}\r\n"),
		S("* {}\r\n{\r\n}\r\n+}\r\n{+}\r\n"),
		C("3 LOGIN {-1}\r\n\"\r\n\"\\"),
	};
	dialogue_noise(&protocol_imap, IPPROTO_TCP);
	dialogue_spoilt(&protocol_imap, IPPROTO_TCP, session, COUNT(session), 1);
	dialogue_spoilt(&protocol_imap, IPPROTO_TCP, literals, COUNT(literals), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_session_tells_software_logins_and_answers),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(a_server_may_name_itself_when_asked),
		cmocka_unit_test(each_login_is_told_with_its_outcome),
		cmocka_unit_test(what_was_not_tried_is_no_login),
		cmocka_unit_test(logins_sent_ahead_are_told_apart_by_their_tags),
		cmocka_unit_test(a_mail_put_there_is_passed_over),
		cmocka_unit_test(behind_starttls_it_is_tls),
		cmocka_unit_test(packed_sessions_are_left_alone),
		cmocka_unit_test(after_a_loss_replies_are_not_guessed_at),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
