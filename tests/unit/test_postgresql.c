/*
 * test_postgresql.c: what is read from conversations with PostgreSQL.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_postgresql;

#define WISH_TLS    "\0\0\0\x08\x04\xd2\x16\x2f"
#define WISH_GSSAPI "\0\0\0\x08\x04\xd2\x16\x30"
#define STARTUP                                                                        \
	"\0\0\0\x38\0\x03\0\0"                                                         \
	"user\0alice\0"                                                                \
	"database\0shop\0"                                                             \
	"application_name\0psql\0\0"
#define ASK_SCRAM                                                                      \
	"R\0\0\0\x17\0\0\0\x0a"                                                        \
	"SCRAM-SHA-256\0\0"
#define PROOF_1                                                                        \
	"p\0\0\0\x24"                                                                  \
	"SCRAM-SHA-256\0\0\0\0\x0en,,n=,r=gA5lUd"
#define MORE                                                                           \
	"R\0\0\0\x16\0\0\0\x0b"                                                        \
	"r=gA5,s=iK,i=4"
#define PROOF_2                                                                        \
	"p\0\0\0\x12"                                                                  \
	"c=biws,r=gA5,p"
#define LAST                                                                           \
	"R\0\0\0\x0d\0\0\0\x0c"                                                        \
	"v=abc"
#define LET_IN    "R\0\0\0\x08\0\0\0\0"
#define ASK_MD5   "R\0\0\0\x0c\0\0\0\x05\x01\x02\x03\x04"
#define ASK_CLEAR "R\0\0\0\x08\0\0\0\x03"
#define PASSWORD                                                                       \
	"p\0\0\0\x0b"                                                                  \
	"secret\0"
#define VERSION                                                                        \
	"S\0\0\0\x24"                                                                  \
	"server_version\0"                                                             \
	"15.3 (Debian 15)\0"
#define KEY   "K\0\0\0\x0c\0\0\x58\xe8\x23\xde\x9d\xb8"
#define READY "Z\0\0\0\x05I"
#define DENIED                                                                         \
	"E\0\0\0\x32"                                                                  \
	"SFATAL\0VFATAL\0C28P01\0"                                                     \
	"Mpassword wrong\0"                                                            \
	"Fauth.c\0\0"
#define NO_DATABASE                                                                    \
	"E\0\0\0\x28"                                                                  \
	"SFATAL\0VFATAL\0C3D000\0"                                                     \
	"Mno database\0\0\0"
#define TOO_MANY                                                                       \
	"E\0\0\0\x28"                                                                  \
	"SFATAL\0VFATAL\0C53300\0"                                                     \
	"Mtoo many   \0\0\0"
#define SYNTAX                                                                         \
	"E\0\0\0\x22"                                                                  \
	"SERROR\0VERROR\0C42601\0"                                                     \
	"Mbad\0\0\0\0\0"
#define QUERY "Q\0\0\0\x0dselect 1\0"
#define ROW                                                                            \
	"T\0\0\0\x06\0\0"                                                              \
	"D\0\0\0\x0d\0\x01\0\0\0\x03"                                                  \
	"E\0\0"
#define COMPLETE "C\0\0\0\x0dSELECT 1\0"
#define GOODBYE  "X\0\0\0\x04"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_postgresql, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	static const struct line dialogues[][2] = {
		{ SAYS(CLIENT, STARTUP), SAYS(SERVER, ASK_SCRAM) },
		{ SAYS(CLIENT, STARTUP), SAYS(SERVER, ASK_MD5) },
		{ SAYS(CLIENT, STARTUP), SAYS(SERVER, ASK_CLEAR) },
		{ SAYS(CLIENT, STARTUP), SAYS(SERVER, LET_IN VERSION) },
		{ SAYS(CLIENT, STARTUP), SAYS(SERVER, DENIED) },
	};
	for (size_t i = 0; i < COUNT(dialogues); i++)
		for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
			assert_string_equal(
				dialogue_is(IPPROTO_TCP, 3306, dialogues[i], 2, sides),
				"postgresql");
	static const struct line wishes[] = {
		SAYS(CLIENT, WISH_TLS), SAYS(CLIENT, WISH_GSSAPI),
		SAYS(CLIENT,
		     "\0\0\0\x10\x04\xd2\x16\x2e\0\0\x58\xe8\x23\xde\x9d\xb8")
	};
	for (size_t i = 0; i < COUNT(wishes); i++)
		assert_string_equal(dialogue_is(IPPROTO_TCP, 80, &wishes[i], 1, 3),
				    "postgresql");
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, STARTUP), SAYS(CLIENT, WISH_TLS), SAYS(SERVER, ASK_SCRAM),
		SAYS(SERVER, LET_IN VERSION), SAYS(SERVER, DENIED)
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		dialogue_grows(&protocol_postgresql, IPPROTO_TCP, lines + i, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_postgresql);
	static const struct line others[] = {
		SAYS(CLIENT, "\0\0\0\x54\xffSMBr\0\0\0\0"),
		SAYS(CLIENT, "\0\0\0\x54\0\x03\0\0\x01\x02\x03\x04"),
		SAYS(CLIENT, "\0\0\0\x09\x04\xd2\x16\x2f\0"),
		SAYS(CLIENT, "\0\0\xff\xff\0\x03\0\0user\0alice"),
		SAYS(SERVER, "R\0\0\0\x17\0\0\0\x0aPLAIN\0\0"),
		SAYS(SERVER, "E\0\0\0\x33SWHAT\0"),
		SAYS(SERVER, "S"),
		SAYS(SERVER, "N"),
	};
	for (size_t i = 0; i < COUNT(others); i++) {
		const char *is =
			dialogue_is(IPPROTO_TCP, 5432, &others[i], 1, BOTH_SIDES);
		assert_true(is == NULL || strcmp(is, "postgresql") != 0);
	}
}

static void a_login_by_scram_is_a_success(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, WISH_GSSAPI), SAYS(SERVER, "N"),
		SAYS(CLIENT, WISH_TLS),    SAYS(SERVER, "N"),
		SAYS(CLIENT, STARTUP),     SAYS(SERVER, ASK_SCRAM),
		SAYS(CLIENT, PROOF_1),     SAYS(SERVER, MORE),
		SAYS(CLIENT, PROOF_2),     SAYS(SERVER, LAST LET_IN VERSION KEY READY),
		SAYS(CLIENT, GOODBYE),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "alice");
	assert_string_equal(c->login[0].outcome, "success");
	assert_string_equal(c->login[0].method, "scram-sha-256");
	assert_string_equal(c->talk.facts.software, "PostgreSQL 15.3 (Debian 15)");
	assert_string_equal(c->talk.facts.client_software, "psql");
	assert_string_equal(c->talk.facts.name, "shop");
	assert_string_equal(c->talk.facts.version, "3.0");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->notices, 0);
	assert_true(c->talk.done);
	talk_check_free(c);
	dialogue_cut(&protocol_postgresql, lines, COUNT(lines));
}

/* Outcome and errors of a login by MD5 that ends so. */
static void assert_login(struct line answer, const char *outcome, uint64_t errors)
{
	const struct line lines[] = { SAYS(CLIENT, STARTUP), SAYS(SERVER, ASK_MD5),
				      SAYS(CLIENT, "p\0\0\0\x07"
						   "md\0"),
				      answer };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, outcome);
	assert_string_equal(c->login[0].method, "md5");
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, errors);
	talk_check_free(c);
	dialogue_cut(&protocol_postgresql, lines, COUNT(lines));
}

static void only_a_denial_is_a_failure(void **state)
{
	(void)state;
	assert_login((struct line)SAYS(SERVER, LET_IN READY), "success", 0);
	assert_login((struct line)SAYS(SERVER, DENIED), "failure", 0);
	/* The password was right: no such database. */
	assert_login((struct line)SAYS(SERVER, LET_IN NO_DATABASE), "success", 1);
	assert_login((struct line)SAYS(SERVER, TOO_MANY), "unknown", 1);
}

static void who_is_refused_at_the_door_did_not_try(void **state)
{
	(void)state;
	static const struct line full[] = { SAYS(CLIENT, STARTUP),
					    SAYS(SERVER, TOO_MANY) };
	static const struct line unwelcome[] = { SAYS(CLIENT, STARTUP),
						 SAYS(SERVER, "E\0\0\0\x28"
							      "SFATAL\0VFATAL\0C28000\0"
							      "Mno pg_hba  \0\0\0") };
	static const struct line asked[] = { SAYS(CLIENT, STARTUP),
					     SAYS(SERVER, ASK_MD5) };
	struct talk_check *c = heard(full, COUNT(full));
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
	c = heard(unwelcome, COUNT(unwelcome));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "failure");
	talk_check_free(c);
	/* psql asks its user now, and comes again. */
	c = heard(asked, COUNT(asked));
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void a_password_sent_as_it_is_is_told_once(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, STARTUP),
					     SAYS(SERVER, ASK_CLEAR),
					     SAYS(CLIENT, PASSWORD),
					     SAYS(SERVER, DENIED) };
	struct talk_check *c = heard(lines, 2);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "cleartext_login");
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_string_equal(c->login[0].method, "password");
	assert_null(memmem(&c->talk, sizeof(c->talk), "secret", 6));
	assert_null(strstr(c->detail[0], "secret"));
	talk_check_free(c);
	dialogue_cut(&protocol_postgresql, lines, COUNT(lines));
}

#define IN                                                                             \
	SAYS(CLIENT, STARTUP), SAYS(SERVER, ASK_MD5),                                  \
		SAYS(CLIENT, "p\0\0\0\x07"                                             \
			     "md\0"),                                                  \
		SAYS(SERVER, LET_IN READY)

static void errors_are_found_anywhere_in_an_answer(void **state)
{
	(void)state;
	static const struct line lines[] = {
		IN,
		/* What a row says is nobody's business, also if it is an "E". */
		SAYS(CLIENT, QUERY),
		SAYS(SERVER, ROW COMPLETE READY),
		SAYS(CLIENT, QUERY),
		SAYS(SERVER, ROW SYNTAX READY),
		/* Parse, bind, execute, sync: an error behind what went well. */
		SAYS(CLIENT, "P\0\0\0\x08"
			     "x\0\0\0"
			     "S\0\0\0\x04"),
		SAYS(SERVER, "1\0\0\0\x04" SYNTAX READY),
		/* Only described: nothing is complete, and the server is ready. */
		SAYS(CLIENT, "D\0\0\0\x06S\0"
			     "S\0\0\0\x04"),
		SAYS(SERVER, "n\0\0\0\x04" READY),
		/* Nobody asked. */
		SAYS(SERVER, SYNTAX),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->answers, 5);
	assert_int_equal(c->errors, 2);
	talk_check_free(c);
	dialogue_cut(&protocol_postgresql, lines, COUNT(lines));
}

static void long_rows_are_passed_over(void **state)
{
	(void)state;
	enum { ROW_LEN = 1 << 20, PIECE = 65536 };
	static char piece[PIECE];
	static const struct line before[] = { IN, SAYS(CLIENT, QUERY) };
	struct talk_check *c = talk_check_new(&protocol_postgresql, IPPROTO_TCP, 5432);
	memset(piece, 'E', sizeof(piece));
	dialogue_say(c, before, COUNT(before), 0);
	talk_say(c, SERVER, "D\0\x10\0\x04", 5);
	for (size_t left = ROW_LEN; left > 0; left -= PIECE)
		talk_say(c, SERVER, piece, PIECE);
	talk_say(c, SERVER, SYNTAX READY, sizeof(SYNTAX READY) - 1);
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
}

static void behind_a_consent_it_is_another_protocol(void **state)
{
	(void)state;
	static const struct line tls[] = { SAYS(CLIENT, WISH_TLS), SAYS(SERVER, "S") };
	static const struct line gss[] = { SAYS(CLIENT, WISH_GSSAPI),
					   SAYS(SERVER, "G") };
	struct talk_check *c = talk_check_new(&protocol_postgresql, IPPROTO_TCP, 5432);
	dialogue_say(c, tls, COUNT(tls), 0);
	assert_ptr_equal(c->talk.protocol, protocol_by_name("tls"));
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
	c = heard(gss, COUNT(gss));
	assert_true(c->talk.done);
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
}

static void after_a_loss_the_next_answer_counts(void **state)
{
	(void)state;
	static const struct line lines[] = { IN, SAYS(CLIENT, QUERY) };
	struct talk_check *c = talk_check_new(&protocol_postgresql, IPPROTO_TCP, 5432);
	dialogue_say(c, lines, COUNT(lines), 0);
	talk_lose(c, SERVER);
	talk_say(c, CLIENT, QUERY, sizeof(QUERY) - 1);
	talk_say(c, SERVER, SYNTAX READY, sizeof(SYNTAX READY) - 1);
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 1);
	/* What is no message costs a turn. */
	talk_say(c, CLIENT, QUERY, sizeof(QUERY) - 1);
	talk_say(c, SERVER, "E\0\0\0\0\0", 6);
	talk_say(c, CLIENT, QUERY, sizeof(QUERY) - 1);
	talk_say(c, SERVER, COMPLETE READY, sizeof(COMPLETE READY) - 1);
	assert_int_equal(c->answers, 3);
	talk_check_free(c);
}

static void replication_is_not_read_on(void **state)
{
	(void)state;
	static const struct line lines[] = { IN, SAYS(CLIENT, QUERY),
					     SAYS(SERVER, "W\0\0\0\x07\0\0\0") };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void version_2_names_its_user(void **state)
{
	(void)state;
	static char startup[296] = "\0\0\x01\x28\0\x02\0\0shop";
	memcpy(startup + 8 + 64, "alice", 5);
	const struct line line = { CLIENT, startup, sizeof(startup) };
	assert_string_equal(dialogue_is(IPPROTO_TCP, 5432, &line, 1, 3), "postgresql");
	struct talk_check *c = heard(&line, 1);
	assert_string_equal(c->talk.facts.version, "2.0");
	assert_string_equal(c->talk.facts.user, "alice");
	assert_string_equal(c->talk.facts.name, "shop");
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, WISH_TLS), SAYS(SERVER, "N"),
		SAYS(CLIENT, STARTUP),  SAYS(SERVER, ASK_SCRAM),
		SAYS(CLIENT, PROOF_1),  SAYS(SERVER, LAST LET_IN VERSION KEY READY),
		SAYS(CLIENT, QUERY),    SAYS(SERVER, ROW SYNTAX READY),
	};
	dialogue_noise(&protocol_postgresql, IPPROTO_TCP);
	dialogue_spoilt(&protocol_postgresql, IPPROTO_TCP, lines, COUNT(lines), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_login_by_scram_is_a_success),
		cmocka_unit_test(only_a_denial_is_a_failure),
		cmocka_unit_test(who_is_refused_at_the_door_did_not_try),
		cmocka_unit_test(a_password_sent_as_it_is_is_told_once),
		cmocka_unit_test(errors_are_found_anywhere_in_an_answer),
		cmocka_unit_test(long_rows_are_passed_over),
		cmocka_unit_test(behind_a_consent_it_is_another_protocol),
		cmocka_unit_test(after_a_loss_the_next_answer_counts),
		cmocka_unit_test(replication_is_not_read_on),
		cmocka_unit_test(version_2_names_its_user),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
