/*
 * test_smtp.c: what is read from mail as it is handed over.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_smtp;

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))
#define GREETING  "220 mail.harbour.example ESMTP Postfix (Debian/GNU)\r\n"
#define EXTENSIONS                                                                     \
	"250-mail.harbour.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n"               \
	"250-AUTH PLAIN LOGIN\r\n250 SMTPUTF8\r\n"

#define C(text) SAYS(CLIENT, text)
#define S(text) SAYS(SERVER, text)

static const struct line one_mail[] = {
	S(GREETING),
	C("EHLO client.example\r\n"),
	S(EXTENSIONS),
	C("MAIL FROM:<bob@elsewhere.example> SIZE=300\r\n"),
	S("250 2.1.0 Ok\r\n"),
	C("RCPT TO:<harbourmaster@harbour.example>\r\n"),
	S("250 2.1.5 Ok\r\n"),
	C("RCPT TO:<x@far.example>\r\n"),
	S("554 5.7.1 <x@far.example>: Relay access denied\r\n"),
	C("DATA\r\n"),
	S("354 End data with <CR><LF>.<CR><LF>\r\n"),
	C("Subject: berth\r\n\r\nMAIL FROM:<eve@x>\r\nAUTH PLAIN AGEAYg==\r\n"),
	C("Seven?\r\n..\r\n.\r\n"),
	S("250 2.0.0 Ok: queued as 4F5A\r\n"),
	C("QUIT\r\n"),
	S("221 2.0.0 Bye\r\n"),
};

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_smtp, IPPROTO_TCP, lines, count, 0);
}

/* ---- recognising ---- */

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
		assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, one_mail, 3, sides),
				    "smtp");
	static const struct line plain[] = {
		S("220 (delta) at your service\r\n"),
		C("helo me\r\n"),
	};
	assert_string_equal(dialogue_is(IPPROTO_TCP, 9000, plain, 2, BOTH_SIDES),
			    "smtp");
	static const struct line local[] = {
		S("220 lmtp Dovecot ready.\r\n"),
		C("LHLO me\r\n"),
	};
	assert_string_equal(dialogue_is(IPPROTO_TCP, 24, local, 2, CLIENT_SIDE),
			    "smtp");
	static const struct line refusal[] = { S("554 mx ESMTP not for you\r\n") };
	assert_string_equal(dialogue_is(IPPROTO_TCP, 25, refusal, 1, SERVER_SIDE),
			    "smtp");
}

static void a_port_decides_what_words_leave_open(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("220 harbour at your service\r\n"),
		C("QUIT\r\n"),
	};
	assert_string_equal(dialogue_is(IPPROTO_TCP, 25, lines, 2, BOTH_SIDES), "smtp");
	assert_null(dialogue_is(IPPROTO_TCP, 9000, lines, 2, BOTH_SIDES));
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line plain[] = {
		S("220-harbour\r\n220 at your service\r\n"),
		C("eHlO me\r\n"),
	};
	dialogue_grows(&protocol_smtp, IPPROTO_TCP, one_mail, COUNT(one_mail));
	dialogue_grows(&protocol_smtp, IPPROTO_TCP, plain, COUNT(plain));
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_smtp);
	static const struct line files[][2] = {
		{ S("220 smtp.example FTP server ready\r\n"), C("USER a\r\n") },
		{ S("220 harbour\r\n"), C("AUTH TLS\r\n") },
		{ S("220 harbour\r\n"), C("USER a\r\n") },
	};
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *is = dialogue_is(IPPROTO_TCP, 25, files[i], 2, BOTH_SIDES);
		assert_true(is == NULL || strcmp(is, "smtp") != 0);
	}
}

/* ---- mails ---- */

static void a_mail_is_its_envelope_and_the_last_reply(void **state)
{
	(void)state;
	struct talk_check *c = heard(one_mail, COUNT(one_mail));
	const struct smtp_record *mail = &c->record[0].smtp;
	assert_int_equal(c->records, 1);
	assert_string_equal(mail->helo, "client.example");
	assert_string_equal(mail->mail_from, "bob@elsewhere.example");
	assert_string_equal(mail->rcpt_to, "harbourmaster@harbour.example");
	assert_int_equal(mail->recipients, 1);
	assert_int_equal(mail->code, 250);
	assert_string_equal(mail->reply, "2.0.0 Ok: queued as 4F5A");
	assert_string_equal(c->talk.facts.software, "Postfix (Debian/GNU)");
	assert_int_equal(c->talk.facts.cleartext, 1);
	/* greeting aside; the refused recipient */
	assert_int_equal(c->answers, 7);
	assert_int_equal(c->errors, 1);
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	dialogue_cut(&protocol_smtp, one_mail, COUNT(one_mail));
}

static void commands_sent_ahead_get_their_own_replies(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("EHLO a\r\n"),
		S(EXTENSIONS),
		C("MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nRCPT TO:<c@c>\r\nDATA\r\n"),
		S("250 Ok\r\n250 Ok\r\n"),
		S("250 Ok\r\n354 Go\r\n"),
		/* the next mail follows the dot at once */
		C("One.\r\n.\r\nMAIL FROM:<d@d>\r\nRCPT TO:<e@e>\r\nDATA\r\n"),
		S("250 Queued\r\n250 Ok\r\n550 No such user\r\n554 No recipients\r\n"),
		C("QUIT\r\n"),
		S("221 Bye\r\n"),
	};
	dialogue_cut(&protocol_smtp, lines, COUNT(lines));
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->records, 2);
	assert_int_equal(c->record[0].smtp.recipients, 2);
	/* whose reply the next mail overtook */
	assert_string_equal(c->record[0].smtp.reply, "");
	assert_int_equal(c->record[0].smtp.code, UNKNOWN_U32);
	assert_string_equal(c->record[1].smtp.mail_from, "d@d");
	assert_int_equal(c->record[1].smtp.code, 554);
	assert_int_equal(c->record[1].smtp.recipients, 0);
	assert_int_equal(c->errors, 2);
	talk_check_free(c);
}

static void chunks_are_passed_over_by_their_length(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("EHLO a\r\n"),
		S(EXTENSIONS),
		C("MAIL FROM:<a@a>\r\n"),
		S("250 Ok\r\n"),
		C("RCPT TO:<b@b>\r\n"),
		S("250 Ok\r\n"),
		C("BDAT 20\r\nMAIL FROM:<x@x>\r\n.\r\n"),
		S("250 20 octets\r\n"),
		C("BDAT 10 LAST\r\nRCPT TO:\r\nQUIT\r\n"),
		S("250 Queued\r\n221 Bye\r\n"),
	};
	dialogue_cut(&protocol_smtp, lines, COUNT(lines));
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].smtp.mail_from, "a@a");
	assert_string_equal(c->record[0].smtp.reply, "Queued");
	assert_int_equal(c->answers, 6);
	talk_check_free(c);
}

static void lmtp_answers_for_each_recipient(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S("220 harbour LMTP ready\r\n"),
		C("LHLO a\r\n"),
		S("250 harbour\r\n"),
		C("MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nRCPT TO:<c@c>\r\nDATA\r\n"),
		S("250 Ok\r\n250 Ok\r\n250 Ok\r\n354 Go\r\n"),
		C("One.\r\n.\r\n"),
		S("250 Saved\r\n452 Full\r\n"),
		C("QUIT\r\n"),
		S("221 Bye\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->records, 1);
	assert_int_equal(c->record[0].smtp.code, 452);
	assert_int_equal(c->errors, 1);
	assert_int_equal(c->answers, 8);
	talk_check_free(c);
}

static void a_mail_given_up_is_told_with_its_refusal(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("HELO a\r\n"),
		S("250 a\r\n"),
		C("MAIL FROM:<a@a>\r\n"),
		S("250 Ok\r\n"),
		C("RCPT TO:<b@b>\r\n"),
		S("450 4.7.1 Greylisted\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].smtp.rcpt_to, "b@b");
	assert_int_equal(c->record[0].smtp.recipients, 0);
	assert_int_equal(c->record[0].smtp.code, 450);
	talk_check_free(c);
	/* and a connection without one is told, too */
	c = heard(lines, 3);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].smtp.helo, "a");
	assert_string_equal(c->record[0].smtp.mail_from, "");
	talk_check_free(c);
}

static void a_greeting_that_refuses_is_an_error(void **state)
{
	(void)state;
	static const struct line lines[] = { S("421 mx ESMTP too busy\r\n") };
	struct talk_check *c = heard(lines, 1);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
}

/* ---- logins ---- */

struct login_case {
	struct line said[8]; /* behind EHLO */
	const char *outcome, *method, *user;
	bool is_noticed;
	unsigned errors;
};

static const struct login_case login_cases[] = {
	{ { C("AUTH PLAIN AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"),
	    S("235 2.7.0 Authentication successful\r\n") },
	  "success",
	  "PLAIN",
	  "alice",
	  true,
	  0 },
	{ { C("auth plain\r\n"), S("334 \r\n"), C("AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"),
	    S("535 5.7.8 No\r\n") },
	  "failure",
	  "PLAIN",
	  "alice",
	  true,
	  0 },
	{ { C("AUTH LOGIN\r\n"), S("334 VXNlcm5hbWU6\r\n"), C("YWxpY2U=\r\n"),
	    S("334 UGFzc3dvcmQ6\r\n"), C("Y29ycmVjdC1ob3JzZQ==\r\n"), S("235 Ok\r\n") },
	  "success",
	  "LOGIN",
	  "alice",
	  true,
	  0 },
	{ { C("AUTH LOGIN YWxpY2U=\r\n"), S("334 UGFzc3dvcmQ6\r\n"),
	    C("Y29ycmVjdC1ob3JzZQ==\r\n"), S("535 No\r\n") },
	  "failure",
	  "LOGIN",
	  "alice",
	  true,
	  0 },
	/* who does not wait */
	{ { C("AUTH LOGIN\r\nYWxpY2U=\r\nY29ycmVjdC1ob3JzZQ==\r\n"),
	    S("334 a\r\n334 b\r\n"), S("535 No\r\n") },
	  "failure",
	  "LOGIN",
	  "alice",
	  true,
	  0 },
	{ { C("AUTH CRAM-MD5\r\n"), S("334 PDE4OTY=\r\n"),
	    C("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"),
	    S("235 Ok\r\n") },
	  "success",
	  "CRAM-MD5",
	  "tim",
	  false,
	  0 },
	{ { C("AUTH XOAUTH2 dXNlcj1hbGljZUBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB"
	      "0b2tlbgEB\r\n"),
	    S("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"), C("\r\n"),
	    S("535-5.7.8 Username\r\n535 5.7.8 not accepted\r\n") },
	  "failure",
	  "XOAUTH2",
	  "alice@example.com",
	  true,
	  0 },
	{ { C("AUTH PLAIN AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n"),
	    S("454 4.7.0 Temporary authentication failure\r\n") },
	  "unknown",
	  "PLAIN",
	  "alice",
	  false,
	  1 },
	{ { C("AUTH GSSAPI YIIC\r\n"), S("535 No\r\n") },
	  "failure",
	  "GSSAPI",
	  "",
	  false,
	  0 },
};

static void each_login_is_told_with_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(login_cases); i++) {
		struct line lines[12] = { one_mail[0], one_mail[1], one_mail[2] };
		size_t count = 3;
		for (size_t k = 0; k < 8 && login_cases[i].said[k].len > 0; k++)
			lines[count++] = login_cases[i].said[k];
		dialogue_cut(&protocol_smtp, lines, count);
		struct talk_check *c = heard(lines, count);
		assert_int_equal(c->logins, 1);
		assert_string_equal(c->login[0].protocol, "smtp");
		assert_string_equal(c->login[0].outcome, login_cases[i].outcome);
		assert_string_equal(c->login[0].method, login_cases[i].method);
		assert_string_equal(c->login[0].user, login_cases[i].user);
		assert_string_equal(c->login[0].seen_by, "packets");
		assert_int_equal(talk_check_noticed(c, "smtp_auth"),
				 login_cases[i].is_noticed);
		assert_int_equal(c->errors, login_cases[i].errors);
		assert_null(memmem(&c->talk, sizeof(c->talk), "correct", 7));
		assert_null(memmem(&c->talk, sizeof(c->talk), "Y29ycm", 6));
		talk_check_free(c);
	}
}

static void what_was_not_tried_is_no_login(void **state)
{
	(void)state;
	static const struct line said[][4] = {
		{ C("AUTH PLAIN\r\n"), S("530 5.7.0 Must issue STARTTLS first\r\n") },
		{ C("AUTH X-MINE\r\n"), S("504 Unrecognized\r\n") },
		{ C("AUTH LOGIN\r\n"), S("334 a\r\n"), C("*\r\n"), S("501 Off\r\n") },
		{ C("AUTH PLAIN\r\n"), S("503 Not now\r\n") },
		{ C("MAIL FROM:<a@a>\r\n"), S("530 Authentication required\r\n") },
	};
	for (size_t i = 0; i < COUNT(said); i++) {
		struct line lines[8] = { one_mail[0], one_mail[1], one_mail[2] };
		size_t count = 3;
		for (size_t k = 0; k < 4 && said[i][k].len > 0; k++)
			lines[count++] = said[i][k];
		struct talk_check *c = heard(lines, count);
		assert_int_equal(c->logins, 0);
		assert_int_equal(c->notices, 0);
		assert_int_equal(c->errors, 0);
		talk_check_free(c);
	}
}

static void after_a_login_commands_are_commands_again(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),      C("EHLO a\r\n"),
		S(EXTENSIONS),    C("AUTH PLAIN AGEAYg==\r\n"),
		S("535 No\r\n"),  C("AUTH PLAIN AGEAYw==\r\n"),
		S("235 Yes\r\n"), C("MAIL FROM:<a@a>\r\n"),
		S("250 Ok\r\n"),  C("RSET\r\n"),
		S("250 Ok\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[1].outcome, "success");
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].smtp.mail_from, "a@a");
	talk_check_free(c);
}

/* ---- TLS ---- */

static const struct line starttls[] = {
	S(GREETING),
	C("EHLO a\r\n"),
	S(EXTENSIONS),
	C("STARTTLS\r\n"),
	S("220 2.0.0 Ready to start TLS\r\n"),
};

static void behind_starttls_it_is_tls(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_smtp, IPPROTO_TCP, 587);
	dialogue_say(c, starttls, COUNT(starttls), 0);
	assert_string_equal(c->talk.protocol->name, "tls");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_string_equal(c->talk.facts.software, "Postfix (Debian/GNU)");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void a_refused_starttls_changes_nothing(void **state)
{
	(void)state;
	static const struct line lines[] = {
		S(GREETING),
		C("EHLO a\r\n"),
		S(EXTENSIONS),
		C("STARTTLS\r\n"),
		S("454 TLS not available\r\n"),
		C("AUTH PLAIN AGEAYg==\r\n"),
		S("235 Ok\r\n"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.protocol->name, "smtp");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->logins, 1);
	talk_check_free(c);
}

/* ---- what is wrong ---- */

static void commands_behind_starttls_are_an_injection(void **state)
{
	(void)state;
	struct line lines[COUNT(starttls)];
	memcpy(lines, starttls, sizeof(lines));
	lines[3] = (struct line)C("STARTTLS\r\nRSET\r\nMAIL FROM:<eve@x>\r\n");
	struct talk_check *c = talk_check_new(&protocol_smtp, IPPROTO_TCP, 587);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_true(talk_check_noticed(c, "starttls_injection"));
	assert_string_equal(c->notice[0]->severity, "high");
	talk_check_free(c);
}

static void a_forged_end_of_the_mail_is_noticed(void **state)
{
	(void)state;
	struct line lines[COUNT(one_mail)];
	memcpy(lines, one_mail, sizeof(lines));
	lines[12] = (struct line)C(
		"Seven?\n.\r\nMAIL FROM:<admin@x>\r\nRCPT TO:<y@y>\r\nDATA\r\n");
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "smtp_smuggling"));
	assert_string_equal(c->notice[0]->severity, "high");
	talk_check_free(c);
}

static void who_does_not_wait_for_the_greeting_is_noticed(void **state)
{
	(void)state;
	static const struct line lines[] = {
		C("EHLO spam\r\n"),
		S(GREETING),
		S(EXTENSIONS),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "smtp_early_talker"));
	talk_check_free(c);
	/* without a greeting, the begin was missed; a proxy may speak first */
	static const struct line missed[] = { C("EHLO a\r\n"), S(EXTENSIONS) };
	static const struct line proxied[] = {
		C("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n"),
		S(GREETING),
	};
	c = heard(missed, 2);
	assert_int_equal(c->notices, 0);
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
	c = heard(proxied, 2);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void an_endless_command_is_noticed_and_passed_over(void **state)
{
	(void)state;
	static char endless[20000] = "VRFY ";
	memset(endless + 5, 'x', sizeof(endless) - 5);
	const struct line lines[] = {
		one_mail[0],   one_mail[1],
		one_mail[2],   { CLIENT, endless, sizeof(endless) },
		C("\r\n"),     S("500 Too long\r\n"),
		C("QUIT\r\n"), S("221 Bye\r\n"),
	};
	for (size_t step = 0; step < 600; step += 513) {
		struct talk_check *c = dialogue_heard(&protocol_smtp, IPPROTO_TCP,
						      lines, COUNT(lines), step);
		assert_true(talk_check_noticed(c, "smtp_long_line"));
		assert_int_equal(c->answers, 3);
		talk_check_free(c);
	}
}

static void after_a_loss_replies_are_not_guessed_at(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_smtp, IPPROTO_TCP, 25);
	dialogue_say(c, one_mail, 3, 0);
	talk_say_text(c, CLIENT, "AUTH PLAIN AGEAYg==\r\n");
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, "NOOP\r\n");
	talk_say_text(c, SERVER, "235 Ok\r\n");
	assert_int_equal(c->logins, 0);
	talk_say_text(c, CLIENT, "AUTH PLAIN AGEAYg==\r\n");
	talk_say_text(c, SERVER, "235 Ok\r\n");
	assert_int_equal(c->logins, 1);
	talk_finish(c);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	dialogue_noise(&protocol_smtp, IPPROTO_TCP);
	dialogue_spoilt(&protocol_smtp, IPPROTO_TCP, one_mail, COUNT(one_mail), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(a_port_decides_what_words_leave_open),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_mail_is_its_envelope_and_the_last_reply),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(commands_sent_ahead_get_their_own_replies),
		cmocka_unit_test(chunks_are_passed_over_by_their_length),
		cmocka_unit_test(lmtp_answers_for_each_recipient),
		cmocka_unit_test(a_mail_given_up_is_told_with_its_refusal),
		cmocka_unit_test(a_greeting_that_refuses_is_an_error),
		cmocka_unit_test(each_login_is_told_with_its_outcome),
		cmocka_unit_test(what_was_not_tried_is_no_login),
		cmocka_unit_test(after_a_login_commands_are_commands_again),
		cmocka_unit_test(behind_starttls_it_is_tls),
		cmocka_unit_test(a_refused_starttls_changes_nothing),
		cmocka_unit_test(commands_behind_starttls_are_an_injection),
		cmocka_unit_test(a_forged_end_of_the_mail_is_noticed),
		cmocka_unit_test(who_does_not_wait_for_the_greeting_is_noticed),
		cmocka_unit_test(an_endless_command_is_noticed_and_passed_over),
		cmocka_unit_test(after_a_loss_replies_are_not_guessed_at),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
