/*
 * test_telnet.c: who logs in over Telnet.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_telnet;

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))
#define C(text)   SAYS(CLIENT, text)
#define S(text)   SAYS(SERVER, text)

/* A key at a time, echoed; a mistake is taken back. */
static const struct line session[] = {
	S("\xff\xfd\x25\xff\xfd\x18\xff\xfb\x01"),
	C("\xff\xfc\x25\xff\xfb\x18\xff\xfd\x01"),
	S("\xff\xfa\x18\x01\xff\xf0"),
	C("\xff\xfa\x18\x00xterm\xff\xff\xff\xf0"),
	S("\r\nharbour login: "),
	C("a"),
	S("a"),
	C("k"),
	S("k"),
	C("\x7f"),
	S("\b \b"),
	C("lice\r\0"),
	S("lice\r\nPassword: "),
	C("battery-staple\r\0"),
	S("\r\nLogin incorrect\r\n\r\nharbour login: "),
	C("alice\r\n"),
	S("alice\r\nPassword: "),
	C("correct horse\r\n"),
	S("\r\nLast login: Sat Nov 27 20:11:43 on ttyp2\r\n$ "),
	C("exit\r\n"),
};

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_telnet, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_by_its_options_on_any_port(void **state)
{
	(void)state;
	for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
		assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, session, 2, sides),
				    "telnet");
}

static void on_its_port_a_prompt_will_do(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("\r\nWelcome to the harbour\r\n\r\nlogin: "),
		C("alice\r\n"),
	};
	assert_string_equal(dialogue_is(IPPROTO_TCP, 23, lines, 2, BOTH_SIDES),
			    "telnet");
	assert_null(dialogue_is(IPPROTO_TCP, 9000, lines, 2, BOTH_SIDES));
	dialogue_grows(&protocol_telnet, IPPROTO_TCP, lines, 1);
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line refuses[] = { C("\xff\xfe\x01\xff\xfe\x03") };
	dialogue_grows(&protocol_telnet, IPPROTO_TCP, session, COUNT(session));
	dialogue_grows(&protocol_telnet, IPPROTO_TCP, refuses, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	static const struct line others[] = {
		C("\xff\xd8\xff\xe0\x00\x10JFIF"), /* a picture */
		C("\xff\xfb\x90\x64"),             /* sound */
		C("\xff\xfe\x31\x00\x32\x00"),     /* text in UTF-16 */
	};
	dialogue_claims_no_other(&protocol_telnet);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(verdict_of(&protocol_telnet, IPPROTO_TCP,
					    bytes_of(others[i].text, others[i].len),
					    (struct bytes){ 0 }),
				 VERDICT_NO);
}

static void each_attempt_is_told_with_its_outcome(void **state)
{
	(void)state;
	struct talk_check *c = heard(session, COUNT(session));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].protocol, "telnet");
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[0].method, "password");
	assert_string_equal(c->login[0].seen_by, "packets");
	assert_string_equal(c->login[1].user, "alice");
	assert_string_equal(c->login[1].outcome, "success");
	assert_string_equal(c->talk.facts.user, "alice");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_true(c->talk.done);
	assert_null(memmem(&c->talk, sizeof(c->talk), "battery", 7));
	assert_null(memmem(&c->talk, sizeof(c->talk), "horse", 5));
	talk_check_free(c);
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	dialogue_cut(&protocol_telnet, session, COUNT(session));
}

static void telnet_and_a_password_over_it_are_noticed(void **state)
{
	(void)state;
	struct talk_check *c = heard(session, COUNT(session));
	assert_int_equal(c->notices, 2);
	assert_string_equal(c->notice[0]->kind, "weak_protocol");
	assert_string_equal(c->notice[0]->severity, "low");
	assert_string_equal(c->notice[1]->kind, "cleartext_login");
	assert_string_equal(c->notice[1]->severity, "medium");
	talk_check_free(c);
	/* options alone say nothing */
	c = heard(session, 2);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

struct result_case {
	const char *said; /* behind the password */
	const char *outcome;
	bool types_on; /* else the connection ends there */
};

static void outcomes_are_read_in_many_words(void **state)
{
	(void)state;
	static const struct result_case cases[] = {
		{ "\r\nLogin incorrect\r\n", "failure", false },
		{ "\r\n% Login invalid\r\n\r\nUsername: ", "failure", false },
		{ "\r\n% Access denied\r\n", "failure", false },
		{ "\r\nLogin failed, incorrect username or password\r\n\r\n", "failure",
		  false },
		{ "\r\n\r\nrouter login: ", "failure", true },
		{ "\r\nPassword: ", "failure", true },
		{ "\r\nWelcome to the harbour\r\n", "success", false },
		{ "\r\nLast failed login: Sat Nov 27 on tty1\r\n"
		  "There were 3 failed login attempts.\r\n[alice@harbour ~]$ ",
		  "success", true },
		{ "\r\nrouter>", "success", true },
		{ "\r\nrouter#", "success", false },
		{ "\r\n\r\n\x1b[01;32malice@harbour\x1b[00m:~$ ", "success", true },
		{ "\r\nC:\\Users\\alice>", "success", true },
		{ "\r\nWARNING: unauthorized access to this system is denied and "
		  "will be prosecuted.\r\n# ",
		  "success", true },
		{ "\r\n", "unknown", false },
		{ "\r\nPlease wait", "unknown", false },
		{ "\r\nLast login: ", "unknown", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct line lines[] = {
			S("\xff\xfb\x01login: "),
			C("alice\r\n"),
			S("alice\r\nPassword: "),
			C("x\r\n"),
			{ SERVER, cases[i].said, strlen(cases[i].said) },
			C("y"),
		};
		size_t count = cases[i].types_on ? 6 : 5;
		dialogue_cut(&protocol_telnet, lines, count);
		struct talk_check *c = heard(lines, count);
		assert_int_equal(c->logins, 1);
		assert_string_equal(c->login[0].outcome, cases[i].outcome);
		assert_string_equal(c->login[0].user, "alice");
		talk_check_free(c);
	}
}

static void the_same_user_may_be_asked_again(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("\xff\xfb\x01Username: "),
		C("admin\r\n"),
		S("Password: "),
		C("a\r\n"),
		S("\r\nPassword: "),
		C("b\r\n"),
		S("\r\n% Bad passwords\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].user, "admin");
	assert_string_equal(c->login[1].user, "admin");
	assert_string_equal(c->login[1].outcome, "failure");
	talk_check_free(c);
}

/* Programs that try passwords do not wait for prompts. */
static void a_password_typed_ahead_is_no_name(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("\xff\xfb\x01login: "),
		C("root\nsecret123\n"),
		S("root\r\nPassword: \r\nLogin incorrect\r\nlogin: "),
		C("root\nvizxv55\n"),
		S("root\r\nPassword: "),
		S("\r\n# "),
		C("sh\n"),
	};
	dialogue_cut(&protocol_telnet, lines, COUNT(lines));
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].user, "root");
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[0].method, "password");
	assert_string_equal(c->login[1].user, "root");
	assert_string_equal(c->login[1].outcome, "success");
	assert_string_equal(c->login[1].method, "password");
	assert_null(memmem(&c->talk, sizeof(c->talk), "secret", 6));
	assert_null(memmem(&c->talk, sizeof(c->talk), "vizxv", 5));
	talk_check_free(c);
}

static void a_password_alone_may_be_asked_for(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("\xff\xfb\x01\r\nUser Access Verification\r\n\r\nPassword: "),
		C("x\r\n"),
		S("\r\nrouter>"),
		C("enable\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "");
	assert_string_equal(c->login[0].outcome, "success");
	talk_check_free(c);
}

static void a_name_may_come_with_the_options(void **state)
{
	(void)state;
	struct line lines[] = {
		S("\xff\xfd\x27\xff\xfa\x27\x01\xff\xf0"),
		C("\xff\xfb\x27\xff\xfa\x27\x00\x00"
		  "DISPLAY\x01"
		  "a:0\x00USER\x01"
		  "alice\xff\xf0"),
		S("Password: "),
		C("x\r\n"),
		S("\r\nLogin incorrect\r\n"),
	};
	dialogue_cut(&protocol_telnet, lines, COUNT(lines));
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "alice");
	assert_false(talk_check_noticed(c, "telnet_user_option"));
	talk_check_free(c);
	lines[1] = (struct line)C("\xff\xfb\x27\xff\xfa\x27\x00\x00USER\x01-f root"
				  "\xff\xf0");
	c = heard(lines, 2);
	assert_true(talk_check_noticed(c, "telnet_user_option"));
	assert_string_equal(c->notice[0]->severity, "high");
	talk_check_free(c);
}

static void what_is_encrypted_is_left_alone(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("\xff\xfd\x26"),
		C("\xff\xfb\x26\xff\xfa\x26\x03\x00\xff\xf0"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_true(c->talk.done);
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
}

static void who_asks_for_no_name_is_not_read_forever(void **state)
{
	(void)state;
	static char text[1000];
	memset(text, 'x', sizeof(text));
	struct talk_check *c = talk_check_new(&protocol_telnet, IPPROTO_TCP, 23);
	for (int i = 0; i < 20; i++)
		talk_say(c, SERVER, text, sizeof(text));
	assert_true(c->talk.done);
	talk_finish(c);
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void after_a_loss_nothing_is_guessed_at(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_telnet, IPPROTO_TCP, 23);
	talk_say_text(c, SERVER, "login: ");
	talk_say_text(c, CLIENT, "alice\r\n");
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, "x\r\n");
	talk_say_text(c, SERVER, "\r\nLogin incorrect\r\n");
	talk_finish(c);
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	dialogue_noise(&protocol_telnet, IPPROTO_TCP);
	dialogue_spoilt(&protocol_telnet, IPPROTO_TCP, session, COUNT(session), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_by_its_options_on_any_port),
		cmocka_unit_test(on_its_port_a_prompt_will_do),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(each_attempt_is_told_with_its_outcome),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(telnet_and_a_password_over_it_are_noticed),
		cmocka_unit_test(outcomes_are_read_in_many_words),
		cmocka_unit_test(the_same_user_may_be_asked_again),
		cmocka_unit_test(a_password_typed_ahead_is_no_name),
		cmocka_unit_test(a_password_alone_may_be_asked_for),
		cmocka_unit_test(a_name_may_come_with_the_options),
		cmocka_unit_test(what_is_encrypted_is_left_alone),
		cmocka_unit_test(who_asks_for_no_name_is_not_read_forever),
		cmocka_unit_test(after_a_loss_nothing_is_guessed_at),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
