/*
 * test_mysql.c: what is read from conversations with MySQL and MariaDB.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_mysql;

/* A packet of that payload; good until 32 more are made. */
static struct line packet(unsigned by, uint8_t sequence, const char *payload,
			  size_t len)
{
	enum { POOL = 32, HEADER = 4 };
	static char pool[POOL][1024];
	static unsigned next;
	char *at = pool[next++ % POOL];
	assert_true(len + HEADER <= sizeof(pool[0]));
	at[0] = (char)len;
	at[1] = (char)(len >> 8);
	at[2] = 0;
	at[3] = (char)sequence;
	memcpy(at + HEADER, payload, len);
	return (struct line){ by, at, len + HEADER };
}
#define SENDS(by, sequence, payload) packet(by, sequence, payload, sizeof(payload) - 1)

#define ZEROS_10 "\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_23 ZEROS_10 ZEROS_10 "\0\0\0"
#define HASH                                                                           \
	"\x14"                                                                         \
	"01234567890123456789"

#define GREETING_8                                                                     \
	"\x0a"                                                                         \
	"8.0.36\0"                                                                     \
	"\x2a\0\0\0"                                                                   \
	"abcdefgh\0"                                                                   \
	"\xff\xff\xff\x02\0\xff\xdf\x15" ZEROS_10 "ijklmnopqrst\0"                     \
	"caching_sha2_password\0"
#define GREETING_MARIADB                                                               \
	"\x0a"                                                                         \
	"5.5.5-10.11.6-MariaDB-0+deb12u1\0"                                            \
	"\x04\0\0\0"                                                                   \
	"#::V~=Q^\0"                                                                   \
	"\xfe\xf7\x08\x02\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0"                         \
	"hmiKv6F>CtC/\0"                                                               \
	"mysql_native_password\0"
#define GREETING_5                                                                     \
	"\x0a"                                                                         \
	"5.1.67-log\0"                                                                 \
	"\x1a\0\0\0"                                                                   \
	"4\\SlC2T\0\0"                                                                 \
	"\xff\xf7\x21\x02\0" ZEROS_10 "\0\0\0"                                         \
	"44{1|Bp1?(L2\0"
/* Protocol 4.1, plugins, attributes, long proofs; the database "shop". */
#define LOGIN_8                                                                        \
	"\x08\x82\x38\0"                                                               \
	"\0\0\0\x01"                                                                   \
	"\xff" ZEROS_23 "app\0"                                                        \
	"\x20"                                                                         \
	"0123456789abcdef0123456789abcdef"                                             \
	"shop\0"                                                                       \
	"caching_sha2_password\0"                                                      \
	"\x2d"                                                                         \
	"\x0c_client_name\x08libmysql"                                                 \
	"\x0f_client_version\x06"                                                      \
	"8.0.36"
#define LOGIN_5                                                                        \
	"\x05\xa6\x0f\0"                                                               \
	"\0\0\0\x01"                                                                   \
	"\x21" ZEROS_23 "root\0" HASH
#define LOGIN_BY(plugin, answer)                                                       \
	"\x00\x82\x08\0"                                                               \
	"\0\0\0\x01"                                                                   \
	"\x21" ZEROS_23 "root\0" answer plugin "\0"
#define ASKS_TLS                                                                       \
	"\x05\xae\x0f\0"                                                               \
	"\0\0\0\x01"                                                                   \
	"\x21" ZEROS_23
#define OK "\0\0\0\x02\0\0\0"
#define DENIED                                                                         \
	"\xff\x15\x04#28000Access denied for user 'root'@'a' (using password: YES)"
#define QUERY  "\x03select 1"
#define RESULT "\x01"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_mysql, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	const struct line dialogues[][2] = {
		{ SENDS(SERVER, 0, GREETING_8), SENDS(CLIENT, 1, LOGIN_8) },
		{ SENDS(SERVER, 0, GREETING_MARIADB), SENDS(CLIENT, 1, LOGIN_5) },
		{ SENDS(SERVER, 0, GREETING_5), SENDS(CLIENT, 1, ASKS_TLS) },
	};
	for (size_t i = 0; i < COUNT(dialogues); i++)
		for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
			assert_string_equal(
				dialogue_is(IPPROTO_TCP, 5432, dialogues[i], 2, sides),
				"mysql");
}

static void a_refusal_is_known_too(void **state)
{
	(void)state;
	const struct line refusals[] = {
		SENDS(SERVER, 0, "\xff\x10\x04Too many connections"),
		SENDS(SERVER, 0, "\xff\x10\x04#08004Too many connections"),
		SENDS(SERVER, 0, "\xff\x69\x04Host 'a' is blocked"),
	};
	for (size_t i = 0; i < COUNT(refusals); i++) {
		assert_string_equal(
			dialogue_is(IPPROTO_TCP, 3306, &refusals[i], 1, BOTH_SIDES),
			"mysql");
		struct talk_check *c = heard(&refusals[i], 1);
		assert_int_equal(c->answers, 1);
		assert_int_equal(c->errors, 1);
		assert_int_equal(c->logins, 0);
		talk_check_free(c);
	}
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	const struct line lines[] = { SENDS(SERVER, 0, GREETING_8),
				      SENDS(CLIENT, 1, LOGIN_8) };
	const struct line old[] = { SENDS(SERVER, 0, GREETING_5) };
	const struct line busy[] = { SENDS(SERVER, 0,
					   "\xff\x10\x04Too many connections") };
	dialogue_grows(&protocol_mysql, IPPROTO_TCP, lines, 1);
	dialogue_grows(&protocol_mysql, IPPROTO_TCP, lines + 1, 1);
	dialogue_grows(&protocol_mysql, IPPROTO_TCP, old, 1);
	dialogue_grows(&protocol_mysql, IPPROTO_TCP, busy, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_mysql);
	/* A version that is none; a challenge that does not end; no second half. */
	const struct line others[] = {
		SENDS(SERVER, 0,
		      "\x0a"
		      "eight\0"
		      "\x2a\0\0\0"
		      "abcdefgh\0"
		      "\xff\xff"),
		SENDS(SERVER, 0,
		      "\x0a"
		      "8.0\0"
		      "\x2a\0\0\0"
		      "abcdefghijklmnopq"),
		SENDS(SERVER, 0,
		      "\x0a"
		      "8.0\0"
		      "\x2a\0\0\0"),
		SENDS(SERVER, 1, GREETING_8),
	};
	for (size_t i = 0; i < COUNT(others); i++)
		dialogue_is_not("mysql", IPPROTO_TCP, 3306, &others[i], 1);
}

static void both_say_who_they_are(void **state)
{
	(void)state;
	const struct line lines[] = { SENDS(SERVER, 0, GREETING_8),
				      SENDS(CLIENT, 1, LOGIN_8) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.facts.software, "MySQL 8.0.36");
	assert_string_equal(c->talk.facts.client_software, "libmysql 8.0.36");
	assert_string_equal(c->talk.facts.version, "10");
	assert_string_equal(c->talk.facts.name, "shop");
	assert_int_equal(c->talk.facts.cleartext, 1);
	talk_check_free(c);
}

static void mariadb_goes_by_its_own_version(void **state)
{
	(void)state;
	const struct line lines[] = { SENDS(SERVER, 0, GREETING_MARIADB) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.facts.software, "10.11.6-MariaDB-0+deb12u1");
	talk_check_free(c);
}

static void fast_authentication_is_a_success_once_ok_comes(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_8), SENDS(CLIENT, 1, LOGIN_8),
		SENDS(SERVER, 2, "\x01\x03"), SENDS(SERVER, 3, OK),
		SENDS(CLIENT, 0, QUERY),      SENDS(SERVER, 1, RESULT),
	};
	struct talk_check *c = heard(lines, 3);
	assert_int_equal(c->logins, 1); /* told at the end: nobody knows */
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_check_free(c);
	c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "app");
	assert_string_equal(c->login[0].outcome, "success");
	assert_string_equal(c->login[0].method, "caching_sha2_password");
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

static void full_authentication_goes_to_and_fro(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_8),
		SENDS(CLIENT, 1, LOGIN_8),
		SENDS(SERVER, 2, "\x01\x04"),
		SENDS(CLIENT, 3, "\x02"),
		SENDS(SERVER, 4, "\x01-----BEGIN PUBLIC KEY-----\n"),
		SENDS(CLIENT, 5, "0123456789abcdef0123456789abcdef"),
		SENDS(SERVER, 6, DENIED),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_int_equal(c->errors, 0); /* the client's fault */
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

static void a_switch_of_plugins_changes_the_method(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_8),
		SENDS(CLIENT, 1, LOGIN_8),
		SENDS(SERVER, 2,
		      "\xfe"
		      "mysql_native_password\0"
		      "01234567890123456789\0"),
		SENDS(CLIENT, 3, "01234567890123456789"),
		SENDS(SERVER, 4, OK),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].method, "mysql_native_password");
	assert_string_equal(c->login[0].outcome, "success");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

/* Outcome and errors of a login that the server answers so. */
static void assert_login(struct line answer, const char *outcome, uint64_t errors)
{
	const struct line lines[] = { SENDS(SERVER, 0, GREETING_5),
				      SENDS(CLIENT, 1, LOGIN_5), answer };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "root");
	assert_string_equal(c->login[0].method, "mysql_native_password");
	assert_string_equal(c->login[0].outcome, outcome);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, errors);
	talk_check_free(c);
}

static void only_a_denial_is_a_failure(void **state)
{
	(void)state;
	assert_login(SENDS(SERVER, 2, OK), "success", 0);
	assert_login(SENDS(SERVER, 2, DENIED), "failure", 0);
	assert_login(SENDS(SERVER, 2, "\xff\xa2\x06#28000Access denied"), "failure", 0);
	/* The password was right: no such database. */
	assert_login(SENDS(SERVER, 2, "\xff\x19\x04#42000Unknown database 'x'"),
		     "success", 1);
	assert_login(SENDS(SERVER, 2, "\xff\x10\x04#08004Too many connections"),
		     "unknown", 1);
}

static void a_password_sent_as_it_is_is_told_once(void **state)
{
	(void)state;
	const struct line at_once[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1, LOGIN_BY("mysql_clear_password", "\x07secret\0")),
		SENDS(SERVER, 2, DENIED),
	};
	const struct line asked[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1, LOGIN_5),
		SENDS(SERVER, 2,
		      "\xfe"
		      "mysql_clear_password\0"),
		SENDS(CLIENT, 3, "secret\0"),
		SENDS(SERVER, 4, OK),
	};
	const struct line declined[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1, LOGIN_BY("mysql_clear_password", "\x00")),
		SENDS(SERVER, 2, DENIED),
	};
	struct talk_check *c = heard(at_once, COUNT(at_once));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "cleartext_login");
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_null(strstr(c->detail[0], "secret"));
	talk_check_free(c);
	c = heard(asked, COUNT(asked));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->login[0].method, "mysql_clear_password");
	assert_null(memmem(&c->talk, sizeof(c->talk), "secret", 6));
	talk_check_free(c);
	c = heard(declined, COUNT(declined));
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void the_hash_of_old_is_noticed(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1,
		      "\x85\x24"
		      "\0\0\0"
		      "root\0"
		      "abcdefgh\0"),
		SENDS(SERVER, 2, OK),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "weak_protocol");
	assert_string_equal(c->login[0].user, "root");
	assert_string_equal(c->login[0].method, "mysql_old_password");
	talk_check_free(c);
}

static void sql_errors_are_answered_errors(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1, LOGIN_5),
		SENDS(SERVER, 2, OK),
		SENDS(CLIENT, 0, "\x03select bogus"),
		SENDS(SERVER, 1, "\xff\x1e\x04#42S22Unknown column 'bogus'"),
		SENDS(CLIENT, 0, QUERY),
		SENDS(SERVER, 1, RESULT),
		/* The rest of the result is not looked at, whatever it looks like. */
		SENDS(SERVER, 1, "\xff\x1e\x04#42S22Unknown column 'bogus'"),
		SENDS(CLIENT, 0, "\x01"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->answers, 3);
	assert_int_equal(c->errors, 1);
	assert_true(c->talk.done);
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

static void what_has_no_answer_is_not_waited_for(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1, LOGIN_5),
		SENDS(SERVER, 2, OK),
		/* The statement is closed and the next query sent behind it. */
		SENDS(CLIENT, 0, "\x19\x01\0\0\0"),
		SENDS(CLIENT, 0, QUERY),
		SENDS(SERVER, 1, RESULT),
		SENDS(CLIENT, 0, "\x19\x02\0\0\0"),
		/* Killed: nobody asked. */
		SENDS(SERVER, 1, "\xff\x87\x07#70100Connection was killed"),
		SENDS(CLIENT, 0,
		      "\x18\x01\0\0\0\0\0"
		      "long data"),
		SENDS(SERVER, 1, "\xff\x87\x07#70100Connection was killed"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

static void a_file_and_its_progress_are_one_answer(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_MARIADB),
		SENDS(CLIENT, 1, LOGIN_5),
		SENDS(SERVER, 2, OK),
		SENDS(CLIENT, 0, "\x03load data local infile 'f' into table x"),
		SENDS(SERVER, 1,
		      "\xfb"
		      "f"),
		SENDS(CLIENT, 2, "1\n2\n"),
		SENDS(CLIENT, 3, ""),
		SENDS(SERVER, 4,
		      "\xff\xff\xff\x01\x02\x02\0\0\0\x0f"
		      "End bulk insert"),
		SENDS(SERVER, 5, "\xff\x1e\x04#42S22Row 2 is too long"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

static void a_change_of_user_is_another_login(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1, LOGIN_5),
		SENDS(SERVER, 2, OK),
		SENDS(CLIENT, 0,
		      "\x11"
		      "bob\0" HASH "\0"
		      "\x21\0"),
		SENDS(SERVER, 1, DENIED),
		SENDS(CLIENT, 0,
		      "\x11"
		      "eve\0" HASH "\0"
		      "\x21\0"),
		SENDS(SERVER, 1,
		      "\xfe"
		      "mysql_native_password\0"
		      "01234567890123456789\0"),
		SENDS(CLIENT, 2, "01234567890123456789"),
		SENDS(SERVER, 3, OK),
		SENDS(CLIENT, 0, QUERY),
		SENDS(SERVER, 1, RESULT),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 3);
	assert_string_equal(c->login[1].user, "bob");
	assert_string_equal(c->login[1].outcome, "failure");
	assert_string_equal(c->login[2].user, "eve");
	assert_string_equal(c->login[2].outcome, "success");
	assert_int_equal(c->answers, 4);
	talk_check_free(c);
	dialogue_cut(&protocol_mysql, lines, COUNT(lines));
}

static void behind_a_wish_for_tls_it_is_another_protocol(void **state)
{
	(void)state;
	const struct line lines[] = { SENDS(SERVER, 0, GREETING_5),
				      SENDS(CLIENT, 1, ASKS_TLS) };
	struct talk_check *c = talk_check_new(&protocol_mysql, IPPROTO_TCP, 3306);
	dialogue_say(c, lines, COUNT(lines), 0);
	assert_ptr_equal(c->talk.protocol, protocol_by_name("tls"));
	assert_string_equal(c->talk.facts.software, "MySQL 5.1.67-log");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void compressed_commands_are_left_alone(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_5),
		SENDS(CLIENT, 1,
		      "\x25\xa6\x0f\0"
		      "\0\0\0\x01"
		      "\x21" ZEROS_23 "root\0" HASH),
		SENDS(SERVER, 2, OK),
		SENDS(CLIENT, 0, "\x10\0\0\xff\xff\xff"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_true(c->talk.done);
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
}

static void a_command_of_more_than_16_mb_is_one_question(void **state)
{
	(void)state;
	enum { LONGEST = 0xffffff, PIECE = 65536 };
	static const char zeros[PIECE];
	const struct line before[] = { SENDS(SERVER, 0, GREETING_5),
				       SENDS(CLIENT, 1, LOGIN_5),
				       SENDS(SERVER, 2, OK) };
	struct talk_check *c = talk_check_new(&protocol_mysql, IPPROTO_TCP, 3306);
	dialogue_say(c, before, COUNT(before), 0);
	talk_say(c, CLIENT, "\xff\xff\xff\0\x03", 5);
	for (size_t left = LONGEST - 1; left > 0;) {
		size_t len = left < PIECE ? left : PIECE;
		talk_say(c, CLIENT, zeros, len);
		left -= len;
	}
	struct line rest = SENDS(CLIENT, 1, "more"), answer = SENDS(SERVER, 2, OK);
	talk_say(c, CLIENT, rest.text, rest.len);
	talk_say(c, SERVER, answer.text, answer.len);
	assert_int_equal(c->answers, 2);
	talk_check_free(c);
}

static void after_a_loss_only_begins_of_answers_count(void **state)
{
	(void)state;
	const struct line lines[] = { SENDS(SERVER, 0, GREETING_5),
				      SENDS(CLIENT, 1, LOGIN_5) };
	const struct line query = SENDS(CLIENT, 0, QUERY),
			  answer = SENDS(SERVER, 1, RESULT),
			  middle = SENDS(SERVER, 7, "\xff\x1e\x04#42S22");
	struct talk_check *c = talk_check_new(&protocol_mysql, IPPROTO_TCP, 3306);
	dialogue_say(c, lines, COUNT(lines), 0);
	talk_lose(c, SERVER);
	talk_say(c, CLIENT, query.text, query.len);
	talk_say(c, SERVER, answer.text, answer.len);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_say(c, CLIENT, query.text, query.len);
	talk_say(c, SERVER, middle.text, middle.len);
	assert_int_equal(c->answers, 0);
	talk_say(c, CLIENT, query.text, query.len);
	talk_say(c, SERVER, answer.text, answer.len);
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	const struct line lines[] = {
		SENDS(SERVER, 0, GREETING_8),
		SENDS(CLIENT, 1, LOGIN_8),
		SENDS(SERVER, 2,
		      "\xfe"
		      "mysql_clear_password\0"),
		SENDS(CLIENT, 3, "secret\0"),
		SENDS(SERVER, 4, OK),
		SENDS(CLIENT, 0,
		      "\x11"
		      "bob\0" HASH "\0"
		      "\x21\0"),
		SENDS(SERVER, 1, OK),
		SENDS(CLIENT, 0, QUERY),
		SENDS(SERVER, 1, "\xff\x1e\x04#42S22Unknown column 'bogus'"),
	};
	dialogue_noise(&protocol_mysql, IPPROTO_TCP);
	dialogue_spoilt(&protocol_mysql, IPPROTO_TCP, lines, COUNT(lines), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(a_refusal_is_known_too),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(both_say_who_they_are),
		cmocka_unit_test(mariadb_goes_by_its_own_version),
		cmocka_unit_test(fast_authentication_is_a_success_once_ok_comes),
		cmocka_unit_test(full_authentication_goes_to_and_fro),
		cmocka_unit_test(a_switch_of_plugins_changes_the_method),
		cmocka_unit_test(only_a_denial_is_a_failure),
		cmocka_unit_test(a_password_sent_as_it_is_is_told_once),
		cmocka_unit_test(the_hash_of_old_is_noticed),
		cmocka_unit_test(sql_errors_are_answered_errors),
		cmocka_unit_test(what_has_no_answer_is_not_waited_for),
		cmocka_unit_test(a_file_and_its_progress_are_one_answer),
		cmocka_unit_test(a_change_of_user_is_another_login),
		cmocka_unit_test(behind_a_wish_for_tls_it_is_another_protocol),
		cmocka_unit_test(compressed_commands_are_left_alone),
		cmocka_unit_test(a_command_of_more_than_16_mb_is_one_question),
		cmocka_unit_test(after_a_loss_only_begins_of_answers_count),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
