/*
 * test_redis.c: what is read from conversations with Redis.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_redis;

#define GET        "*2\r\n$3\r\nGET\r\n$5\r\nberth\r\n"
#define PING       "*1\r\n$4\r\nPING\r\n"
#define AUTH       "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"
#define AUTH_ALICE "*3\r\n$4\r\nauth\r\n$5\r\nalice\r\n$6\r\nsecret\r\n"
#define HELLO      "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
#define HELLO_BOB                                                                      \
	"*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$6\r\nsecret\r\n"  \
	"$7\r\nSETNAME\r\n$1\r\na\r\n"
#define ABOUT                                                                          \
	"%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.2.15\r\n"       \
	"$7\r\nmodules\r\n*0\r\n"
#define OK     "+OK\r\n"
#define PONG   "+PONG\r\n"
#define DENIED "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
#define NOAUTH "-NOAUTH Authentication required.\r\n"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_redis, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_by_arrays_and_by_replies_of_its_own(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, PING),
		SAYS(CLIENT, AUTH_ALICE),
		SAYS(CLIENT, "*3\r\n$8\r\nJSON.GET\r\n"),
		SAYS(SERVER, NOAUTH),
		SAYS(SERVER, PONG),
		SAYS(SERVER, "-DENIED Redis is running in protected mode because"),
		SAYS(SERVER, "-ERR max number of clients reached\r\n"),
		SAYS(SERVER, "$5017\r\n# Server\r\nredis_version:7.0.15\r\n"),
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_string_equal(
			dialogue_is(IPPROTO_TCP, 80, &lines[i], 1, BOTH_SIDES),
			"redis");
}

static void what_people_type_is_known_by_the_reply(void **state)
{
	(void)state;
	static const struct line dialogues[][2] = {
		{ SAYS(CLIENT, "PING\r\n"), SAYS(SERVER, PONG) },
		{ SAYS(CLIENT, "info\r\n"),
		  SAYS(SERVER, "$90\r\n# Server\r\nredis_version:7") },
		{ SAYS(CLIENT, "get x\r\n"), SAYS(SERVER, NOAUTH) },
	};
	static const struct line other[] = { SAYS(CLIENT, "get x\r\n"),
					     SAYS(SERVER, "END\r\n") };
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		assert_string_equal(dialogue_is(IPPROTO_TCP, 6379, dialogues[i], 2, 3),
				    "redis");
		dialogue_is_not("redis", IPPROTO_TCP, 6379, dialogues[i], 1);
	}
	dialogue_is_not("redis", IPPROTO_TCP, 6379, other, 2);
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, AUTH_ALICE),
					     SAYS(CLIENT, "PING\r\n"),
					     SAYS(SERVER, PONG), SAYS(SERVER, NOAUTH),
					     SAYS(SERVER, ABOUT) };
	dialogue_grows(&protocol_redis, IPPROTO_TCP, lines, 1);
	dialogue_grows(&protocol_redis, IPPROTO_TCP, lines + 1, 2);
	dialogue_grows(&protocol_redis, IPPROTO_TCP, lines + 3, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_redis);
	static const struct line others[] = {
		SAYS(CLIENT, "*1\r\n$4\r\n\x01\x02\x03\x04\r\n"),
		SAYS(CLIENT, "*0\r\n$4\r\nPING\r\n"),
		SAYS(CLIENT, "*1\r\n+PING\r\n"),
		SAYS(CLIENT, "* OK IMAP ready\r\n"),
		SAYS(CLIENT, "*1\r\n$99\r\nPING\r\n"),
		SAYS(SERVER, "+OK POP3 ready\r\n"),
		SAYS(SERVER, "-ERR no such user\r\n"),
		SAYS(SERVER, "$5\r\nhello\r\n"),
	};
	for (size_t i = 0; i < COUNT(others); i++) {
		const char *is =
			dialogue_is(IPPROTO_TCP, 6379, &others[i], 1, BOTH_SIDES);
		assert_true(is == NULL || strcmp(is, "redis") != 0);
	}
}

/* The one login of a conversation of two lines. */
static void assert_login(const char *command, const char *reply, const char *user,
			 const char *outcome)
{
	const struct line lines[] = { { CLIENT, command, strlen(command) },
				      { SERVER, reply, strlen(reply) } };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, user);
	assert_string_equal(c->login[0].outcome, outcome);
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "cleartext_login");
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_null(memmem(&c->talk, sizeof(c->talk), "secret", 6));
	assert_null(strstr(c->detail[0], "secret"));
	assert_int_equal(c->errors, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_redis, lines, COUNT(lines));
}

static void a_login_ends_as_the_reply_says(void **state)
{
	(void)state;
	assert_login(AUTH, OK, "default", "success");
	assert_login(AUTH, DENIED, "default", "failure");
	assert_login(AUTH, "-ERR invalid password\r\n", "default", "failure");
	assert_login(AUTH, "-ERR Client sent AUTH, but no password is set\r\n",
		     "default", "unknown");
	assert_login(AUTH_ALICE, OK, "alice", "success");
	assert_login(AUTH_ALICE, DENIED, "alice", "failure");
	assert_login("auth secret\r\n", DENIED, "default", "failure");
	assert_login("AUTH alice secret\r\n", OK, "alice", "success");
	assert_login(HELLO_BOB, ABOUT, "bob", "success");
	assert_login(HELLO_BOB, DENIED, "bob", "failure");
}

static void replies_are_matched_in_order(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, PING GET AUTH GET AUTH_ALICE PING),
		/* A value that looks like a denial, and one that holds others. */
		SAYS(SERVER, PONG "$12\r\n-WRONGPASS x\r\n" OK
				  "*2\r\n*1\r\n-WRONGPASS x\r\n$-1\r\n" DENIED PONG),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "success");
	assert_string_equal(c->login[1].outcome, "failure");
	assert_int_equal(c->answers, 6);
	talk_check_free(c);
	dialogue_cut(&protocol_redis, lines, COUNT(lines));
}

static void what_is_said_unasked_is_no_reply(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, AUTH),
		SAYS(SERVER, ">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n"
			     "|1\r\n+ttl\r\n:3600\r\n" OK),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "success");
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
	dialogue_cut(&protocol_redis, lines, COUNT(lines));
}

static void only_faults_of_the_server_are_errors(void **state)
{
	(void)state;
	static const struct {
		const char *reply;
		uint64_t errors;
	} cases[] = {
		{ "-OOM command not allowed when used memory > 'maxmemory'.\r\n", 1 },
		{ "-LOADING Redis is loading the dataset in memory\r\n", 1 },
		{ "-MISCONF Redis is configured to save RDB snapshots\r\n", 1 },
		{ "-BUSY Redis is busy running a script.\r\n", 1 },
		{ "-READONLY You can't write against a read only replica.\r\n", 1 },
		{ "-CLUSTERDOWN The cluster is down\r\n", 1 },
		{ "-BUSYKEY Target key name already exists.\r\n", 0 },
		{ "-WRONGTYPE Operation against a key\r\n", 0 },
		{ "-ERR unknown command 'x'\r\n", 0 },
		{ NOAUTH, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct line lines[] = {
			SAYS(CLIENT, GET),
			{ SERVER, cases[i].reply, strlen(cases[i].reply) },
		};
		struct talk_check *c = heard(lines, COUNT(lines));
		assert_int_equal(c->answers, 1);
		assert_int_equal(c->errors, cases[i].errors);
		assert_int_equal(c->notices, 0);
		talk_check_free(c);
	}
}

static void a_server_says_what_it_is(void **state)
{
	(void)state;
	static const struct {
		struct line lines[2];
		const char *software, *version;
	} cases[] = {
		{ { SAYS(CLIENT, "*1\r\n$4\r\nINFO\r\n"),
		    SAYS(SERVER, "$67\r\n# Server\r\nredis_version:7.0.15\r\n"
				 "redis_git_sha1:00000000\r\nother:1\r\n\r\n") },
		  "Redis 7.0.15",
		  "RESP2" },
		{ { SAYS(CLIENT, "INFO\r\n"),
		    SAYS(SERVER,
			 "$75\r\n# Server\r\nredis_version:7.2.4\r\n"
			 "server_name:valkey\r\nvalkey_version:8.0.1\r\n\r\n") },
		  "Valkey 8.0.1",
		  "RESP2" },
		{ { SAYS(CLIENT, HELLO), SAYS(SERVER, ABOUT) },
		  "Redis 7.2.15",
		  "RESP3" },
		/* A value that somebody stored is not the server's word. */
		{ { SAYS(CLIENT, GET),
		    SAYS(SERVER, "$31\r\n# Server\r\nredis_version:9.9.9\r\n\r\n") },
		  "",
		  "RESP2" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk_check *c = heard(cases[i].lines, 2);
		assert_string_equal(c->talk.facts.software, cases[i].software);
		assert_string_equal(c->talk.facts.version, cases[i].version);
		talk_check_free(c);
		dialogue_cut(&protocol_redis, cases[i].lines, 2);
	}
}

static void a_client_names_its_library(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, "*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$8\r\nlib-name\r\n"
			     "$8\r\nredis-py\r\n"),
		SAYS(SERVER, OK)
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.facts.client_software, "redis-py");
	talk_check_free(c);
}

static void strings_are_passed_over(void **state)
{
	(void)state;
	enum { PIECE = 65536, PIECES = 16 };
	static char piece[PIECE];
	memset(piece, '*', sizeof(piece));
	static const char set[] = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048576\r\n";
	static const char value[] = "$1048576\r\n";
	struct talk_check *c = talk_check_new(&protocol_redis, IPPROTO_TCP, 6379);
	talk_say(c, CLIENT, set, sizeof(set) - 1);
	for (int i = 0; i < PIECES; i++)
		talk_say(c, CLIENT, piece, PIECE);
	talk_say_text(c, CLIENT, "\r\n" AUTH GET);
	talk_say_text(c, SERVER, OK OK);
	talk_say(c, SERVER, value, sizeof(value) - 1);
	for (int i = 0; i < PIECES; i++)
		talk_say(c, SERVER, piece, PIECE);
	talk_say_text(c, SERVER, "\r\n");
	talk_say_text(c, CLIENT, GET);
	talk_say_text(c, SERVER, "-OOM command not allowed\r\n");
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "success");
	assert_int_equal(c->answers, 4);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
}

static void thousands_sent_ahead_cost_no_memory(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_redis, IPPROTO_TCP, 6379);
	for (int i = 0; i < 5000; i++)
		talk_say_text(c, CLIENT, GET);
	talk_say_text(c, CLIENT, AUTH);
	for (int i = 0; i < 5000; i++)
		talk_say_text(c, SERVER, "$-1\r\n");
	talk_say_text(c, SERVER, DENIED);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_int_equal(c->answers, 5001);
	talk_check_free(c);
}

static void after_a_loss_no_reply_is_taken_for_another(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_redis, IPPROTO_TCP, 6379);
	talk_say_text(c, CLIENT, GET);
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, AUTH);
	talk_say_text(c, SERVER, OK);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_say_text(c, CLIENT, AUTH);
	talk_say_text(c, SERVER, DENIED);
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[1].outcome, "failure");
	talk_check_free(c);
}

static void subscribers_are_left_alone(void **state)
{
	(void)state;
	static const char *const commands[] = {
		"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n",
		"*1\r\n$7\r\nMONITOR\r\n",
		"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n",
		"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n",
	};
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct talk_check *c =
			talk_check_new(&protocol_redis, IPPROTO_TCP, 6379);
		talk_say_text(c, CLIENT, commands[i]);
		assert_true(c->talk.done);
		talk_check_free(c);
	}
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, PING AUTH_ALICE HELLO_BOB),
		SAYS(SERVER, PONG DENIED ABOUT),
		SAYS(CLIENT, "*1\r\n$4\r\nINFO\r\n"),
		SAYS(SERVER, "$31\r\n# Server\r\nredis_version:9.9.9\r\n\r\n"),
		SAYS(CLIENT, GET "ping\r\n"),
		SAYS(SERVER, "*-1\r\n|2000000000\r\n%9999999999\r\n*9999999999\r\n"),
	};
	dialogue_noise(&protocol_redis, IPPROTO_TCP);
	dialogue_spoilt(&protocol_redis, IPPROTO_TCP, lines, COUNT(lines), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_by_arrays_and_by_replies_of_its_own),
		cmocka_unit_test(what_people_type_is_known_by_the_reply),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_login_ends_as_the_reply_says),
		cmocka_unit_test(replies_are_matched_in_order),
		cmocka_unit_test(what_is_said_unasked_is_no_reply),
		cmocka_unit_test(only_faults_of_the_server_are_errors),
		cmocka_unit_test(a_server_says_what_it_is),
		cmocka_unit_test(a_client_names_its_library),
		cmocka_unit_test(strings_are_passed_over),
		cmocka_unit_test(thousands_sent_ahead_cost_no_memory),
		cmocka_unit_test(after_a_loss_no_reply_is_taken_for_another),
		cmocka_unit_test(subscribers_are_left_alone),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
