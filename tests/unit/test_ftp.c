/*
 * test_ftp.c: what is read from the control connections of FTP.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_ftp;

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))
#define C(text)   SAYS(CLIENT, text)
#define S(text)   SAYS(SERVER, text)

static const struct line session[] = {
	S("220 (vsFTPd 3.0.3)\r\n"),
	C("USER alice\r\n"),
	S("331 Please specify the password.\r\n"),
	C("PASS battery-staple\r\n"),
	S("530 Login incorrect.\r\n"),
	C("USER alice\r\n"),
	S("331 Please specify the password.\r\n"),
	C("PASS anchored horse\r\n"),
	S("230-Welcome.\r\n220 is no reply here\r\n530-nor this\r\n"),
	S("230 Login successful.\r\n"),
	C("CLNT NcFTP 3.2.6\r\n"),
	S("500 Unknown command.\r\n"),
	C("PASV\r\n"),
	S("227 Entering Passive Mode (192,0,2,2,78,53).\r\n"),
	C("RETR manifest\r\n"),
	S("150 Opening BINARY mode data connection.\r\n"),
	S("226 Transfer complete.\r\n"),
	C("SIZE absent\r\n"),
	S("550 Could not get file size.\r\n"),
	C("\xff\xf4\xff\xf2"
	  "ABOR\r\n"),
	S("225 No transfer to ABOR.\r\n"),
	C("QUIT\r\n"),
	S("221 Goodbye.\r\n"),
};

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_ftp, IPPROTO_TCP, lines, count, 0);
}

/* ---- recognising ---- */

static void it_is_known_on_any_port(void **state)
{
	(void)state;
	static const struct line plain[] = { S("220 harbour\r\n"), C("USER a\r\n") };
	static const struct line secure[] = {
		S("220-FileZilla Server 1.7.0\r\n220 Hi\r\n"), C("AUTH TLS\r\n")
	};
	assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, session, 2, SERVER_SIDE),
			    "ftp");
	assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, plain, 2, BOTH_SIDES),
			    "ftp");
	assert_string_equal(dialogue_is(IPPROTO_TCP, 21, plain, 1, SERVER_SIDE), "ftp");
	assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, secure, 2, BOTH_SIDES),
			    "ftp");
	assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, secure, 2, CLIENT_SIDE),
			    "ftp");
}

static void what_words_leave_open_stays_open(void **state)
{
	(void)state;
	static const struct line lines[] = { S("220 harbour\r\n"), C("QUIT\r\n") };
	assert_null(dialogue_is(IPPROTO_TCP, 9000, lines, 2, BOTH_SIDES));
	assert_null(dialogue_is(IPPROTO_TCP, 9000, session + 1, 1, CLIENT_SIDE));
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line plain[] = { S("220-a\r\nb\r\n220 harbour\r\n"),
					     C("USER a\r\n") };
	dialogue_grows(&protocol_ftp, IPPROTO_TCP, session, COUNT(session));
	dialogue_grows(&protocol_ftp, IPPROTO_TCP, plain, COUNT(plain));
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	static const struct line others[][2] = {
		{ S("220 ftp.example ESMTP Postfix\r\n"), C("EHLO a\r\n") },
		{ S("220 harbour\r\n"), C("EHLO a\r\n") },
		{ S("200 news\r\n"), C("LIST\r\n") },
		{ S("220-harbour\r\n220 LMTP\r\n"), C("LHLO a\r\n") },
	};
	dialogue_claims_no_other(&protocol_ftp);
	for (size_t i = 0; i < COUNT(others); i++) {
		const char *is = dialogue_is(IPPROTO_TCP, 21, others[i], 2, BOTH_SIDES);
		assert_true(is == NULL || strcmp(is, "ftp") != 0);
	}
}

/* ---- a session ---- */

static void a_session_tells_software_logins_and_answers(void **state)
{
	(void)state;
	struct talk_check *c = heard(session, COUNT(session));
	assert_string_equal(c->talk.facts.software, "vsFTPd 3.0.3");
	assert_string_equal(c->talk.facts.client_software, "NcFTP 3.2.6");
	assert_string_equal(c->talk.facts.user, "alice");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].method, "password");
	assert_string_equal(c->login[0].seen_by, "packets");
	assert_string_equal(c->login[1].outcome, "success");
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "ftp_user"));
	assert_string_equal(c->notice[0]->severity, "medium");
	/* CLNT and SIZE failed; a wrong password is nobody's error but the user's */
	assert_int_equal(c->answers, 10);
	assert_int_equal(c->errors, 2);
	talk_check_free(c);
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	dialogue_cut(&protocol_ftp, session, COUNT(session));
}

static void commands_are_told_with_replies_and_without_passwords(void **state)
{
	(void)state;
	static const struct {
		const char *command, *argument, *reply;
		uint32_t code;
	} told[] = {
		{ "", "", "(vsFTPd 3.0.3)", 220 },
		{ "USER", "alice", "Please specify the password.", 331 },
		{ "PASS", "", "Login incorrect.", 530 },
		{ "USER", "alice", "Please specify the password.", 331 },
		{ "PASS", "", "Login successful.", 230 },
		{ "CLNT", "NcFTP 3.2.6", "Unknown command.", 500 },
		{ "PASV", "", "Entering Passive Mode (192,0,2,2,78,53).", 227 },
		{ "RETR", "manifest", "Transfer complete.", 226 },
		{ "SIZE", "absent", "Could not get file size.", 550 },
		{ "ABOR", "", "No transfer to ABOR.", 225 },
		{ "QUIT", "", "Goodbye.", 221 },
	};
	struct talk_check *c = heard(session, COUNT(session));
	assert_int_equal(c->records, COUNT(told));
	for (size_t i = 0; i < COUNT(told); i++) {
		const struct ftp_record *record = &c->record[i].ftp;
		assert_string_equal(record->command, told[i].command);
		assert_string_equal(record->argument, told[i].argument);
		assert_string_equal(record->reply, told[i].reply);
		assert_int_equal(record->code, told[i].code);
	}
	/* up to the first word of the answer, not to the end of the transfer */
	assert_int_equal(c->record[7].ftp.took_us, 1000);
	assert_null(memmem(c->record, sizeof(c->record), "battery", 7));
	assert_null(memmem(c->record, sizeof(c->record), "anchored", 8));
	assert_null(memmem(&c->talk, sizeof(c->talk), "battery", 7));
	assert_null(memmem(&c->talk, sizeof(c->talk), "anchored", 8));
	talk_check_free(c);
}

static void a_clock_set_back_makes_no_time_of_an_answer(void **state)
{
	(void)state;
	struct talk_check *c = heard(session, 1);
	talk_say(c, CLIENT, "NOOP\r\n", 6);
	c->at_us -= 60000000;
	talk_say(c, SERVER, "200 Done.\r\n", 11);
	assert_int_equal(c->records, 2);
	assert_string_equal(c->record[1].ftp.command, "NOOP");
	assert_int_equal(c->record[1].ftp.took_us, UNKNOWN_U64);
	talk_check_free(c);
}

static void words_that_may_be_secrets_are_not_told(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("220 harbour\r\n"),
		C("ACCT s3cret\r\n"),
		S("230 Ok\r\n"),
		C("SITE PSWD s3cret s4cret\r\n"),
		S("200 Ok\r\n"),
		C("s3cret\r\n"),
		S("500 What?\r\n"),
		C("pa s3cret\r\n"),
		S("500 What?\r\n"),
		C("USER a\r\nPASS s3cret\r\n"),
		S("331 Password?\r\n230 Hello\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->records, 7);
	assert_string_equal(c->record[2].ftp.command, "SITE");
	assert_null(memmem(c->record, sizeof(c->record), "3cret", 5));
	assert_null(memmem(c->record, sizeof(c->record), "4cret", 5));
	assert_null(memmem(&c->talk, sizeof(c->talk), "3cret", 5));
	talk_check_free(c);
}

static void commands_sent_ahead_get_their_own_replies(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("220 harbour\r\n"),
		C("USER alice\r\nPASS x\r\nSYST\r\nCWD away\r\n"),
		S("331 Password?\r\n230 Hello\r\n215 UNIX Type: L8\r\n550 No\r\n"),
		C("MKD here\r\n"),
		S("257 Made\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "success");
	assert_int_equal(c->errors, 1);
	assert_int_equal(c->records, 6);
	assert_string_equal(c->record[1].ftp.command, "USER");
	assert_string_equal(c->record[2].ftp.command, "");
	assert_string_equal(c->record[5].ftp.command, "MKD");
	assert_string_equal(c->record[5].ftp.argument, "here");
	talk_check_free(c);
}

/* ---- logins ---- */

static const struct {
	struct line said[6];
	const char *outcome, *user;
	size_t logins;
	const char *noticed;
} login_cases[] = {
	/* nobody but guests */
	{ { C("USER hello\r\n"), S("530 This server is anonymous only.\r\n") },
	  "failure",
	  "hello",
	  1,
	  NULL },
	/* no password asked for */
	{ { C("USER guest\r\n"), S("230 Welcome\r\n") }, "success", "guest", 1, NULL },
	{ { C("USER anonymous\r\n"), S("331 Mail address?\r\n"), C("PASS me@here\r\n"),
	    S("230 Welcome\r\n") },
	  "success",
	  "anonymous",
	  1,
	  "ftp_anonymous" },
	{ { C("USER alice\r\n"), S("331 Password?\r\n"), C("PASS x\r\n"),
	    S("332 Account?\r\n"), C("ACCT y\r\n"), S("230 Hello\r\n") },
	  "success",
	  "alice",
	  1,
	  "ftp_user" },
	{ { C("USER alice\r\n"), S("331 Password?\r\n"), C("PASS x\r\n"),
	    S("430 Invalid\r\n") },
	  "failure",
	  "alice",
	  1,
	  "ftp_user" },
	{ { C("USER alice\r\n"), S("331 Password?\r\n"), C("PASS x\r\n"),
	    S("421 Too many users\r\n") },
	  "unknown",
	  "alice",
	  1,
	  NULL },
	{ { C("PASS x\r\n"), S("503 USER first\r\n") }, NULL, NULL, 0, NULL },
};

static void each_login_is_told_with_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(login_cases); i++) {
		struct line lines[8] = { S("220 harbour\r\n") };
		size_t count = 1;
		for (size_t k = 0; k < 6 && login_cases[i].said[k].len > 0; k++)
			lines[count++] = login_cases[i].said[k];
		struct talk_check *c = heard(lines, count);
		assert_int_equal(c->logins, login_cases[i].logins);
		if (c->logins > 0) {
			assert_string_equal(c->login[0].outcome,
					    login_cases[i].outcome);
			assert_string_equal(c->login[0].user, login_cases[i].user);
		}
		assert_int_equal(c->notices, login_cases[i].noticed != NULL);
		if (login_cases[i].noticed != NULL)
			assert_true(talk_check_noticed(c, login_cases[i].noticed));
		assert_int_equal(c->errors, 0);
		talk_check_free(c);
	}
}

static void behind_auth_tls_it_is_tls(void **state)
{
	(void)state;
	struct line lines[] = {
		S("220 (vsFTPd 3.0.3)\r\n"),
		C("AUTH TLS\r\n"),
		S("234 Proceed with negotiation.\r\n"),
	};
	struct talk_check *c = talk_check_new(&protocol_ftp, IPPROTO_TCP, 21);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_string_equal(c->talk.protocol->name, "tls");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	lines[1] = (struct line)C("AUTH TLS\r\nUSER eve\r\n");
	c = talk_check_new(&protocol_ftp, IPPROTO_TCP, 21);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_true(talk_check_noticed(c, "starttls_injection"));
	talk_check_free(c);
	lines[1] = (struct line)C("AUTH TLS\r\n");
	lines[2] = (struct line)S("530 Please login with USER and PASS.\r\n");
	c = talk_check_new(&protocol_ftp, IPPROTO_TCP, 21);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_string_equal(c->talk.protocol->name, "ftp");
	assert_int_equal(c->errors, 0);
	talk_check_free(c);
}

/* ---- what is wrong ---- */

/* The client of these conversations is 192.0.2.1. */
static void files_that_are_to_go_elsewhere_are_noticed(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		bool is_noticed;
	} cases[] = {
		{ "PORT 192,0,2,1,156,64\r\n", false },
		{ "PORT 198,51,100,7,156,64\r\n", true },
		{ "PORT 192,0,2,1,0,25\r\n", true },
		{ "PORT 127,0,0,1,156,64\r\n", true },
		/* behind a translator of addresses, or not */
		{ "PORT 10,0,0,5,156,64\r\n", false },
		{ "PORT 10,0,0,5,0,22\r\n", true },
		{ "EPRT |1|192.0.2.1|40000|\r\n", false },
		{ "EPRT |1|198.51.100.7|40000|\r\n", true },
		{ "EPRT !2!2001:db8::1!40000!\r\n", true },
		{ "EPRT |1|192.0.2.1|80|\r\n", true },
		{ "PORT 1,2,3\r\n", false },
		{ "PORT 256,0,2,1,156,64\r\n", false },
		{ "PORT 99999999999999999,0,2,1,156,64\r\n", false },
		{ "EPRT |1|not an address|80|\r\n", false },
		{ "EPRT |1|\r\n", false },
		{ "EPRT\r\n", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct line lines[] = {
			S("220 harbour\r\n"),
			{ CLIENT, cases[i].command, strlen(cases[i].command) },
			S("500 No\r\n"),
		};
		struct talk_check *c = heard(lines, COUNT(lines));
		if (talk_check_noticed(c, "ftp_bounce") != cases[i].is_noticed)
			fail_msg("%s", cases[i].command);
		talk_check_free(c);
	}
}

static void an_endless_line_is_passed_over(void **state)
{
	(void)state;
	static char endless[20000] = "RETR ";
	memset(endless + 5, 'x', sizeof(endless) - 5);
	const struct line lines[] = {
		S("220 harbour\r\n"),
		{ CLIENT, endless, sizeof(endless) },
		C("\r\n"),
		S("500 Too long\r\n"),
		C("SIZE a\r\n"),
		S("213 7\r\n"),
	};
	for (size_t step = 0; step < 600; step += 513) {
		struct talk_check *c = dialogue_heard(&protocol_ftp, IPPROTO_TCP, lines,
						      COUNT(lines), step);
		assert_string_equal(c->record[c->records - 1].ftp.command, "SIZE");
		assert_int_equal(c->record[c->records - 1].ftp.code, 213);
		talk_check_free(c);
	}
}

static void after_a_loss_replies_are_not_guessed_at(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_ftp, IPPROTO_TCP, 21);
	dialogue_say(c, session, 3, 0);
	talk_say_text(c, CLIENT, "PASS x\r\n");
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, "NOOP\r\n");
	talk_say_text(c, SERVER, "230 Ok\r\n");
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	dialogue_noise(&protocol_ftp, IPPROTO_TCP);
	dialogue_spoilt(&protocol_ftp, IPPROTO_TCP, session, COUNT(session), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_on_any_port),
		cmocka_unit_test(what_words_leave_open_stays_open),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_session_tells_software_logins_and_answers),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(commands_are_told_with_replies_and_without_passwords),
		cmocka_unit_test(a_clock_set_back_makes_no_time_of_an_answer),
		cmocka_unit_test(words_that_may_be_secrets_are_not_told),
		cmocka_unit_test(commands_sent_ahead_get_their_own_replies),
		cmocka_unit_test(each_login_is_told_with_its_outcome),
		cmocka_unit_test(behind_auth_tls_it_is_tls),
		cmocka_unit_test(files_that_are_to_go_elsewhere_are_noticed),
		cmocka_unit_test(an_endless_line_is_passed_over),
		cmocka_unit_test(after_a_loss_replies_are_not_guessed_at),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
