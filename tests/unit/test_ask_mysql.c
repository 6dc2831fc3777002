/*
 * test_ask_mysql.c: a login to MySQL and MariaDB always comes to its end.
 */
#include "asking_turns.h"

extern const struct protocol protocol_mysql;

#define GREETING                                                                       \
	"S\x00\x00\x00\x0a\x31\x30.11.6-MariaDB\x00\x07\x00\x00\x00\x61\x62\x63"       \
	"\x64\x65\x66gh\x00\x00\x8a!\x02\x00\x08\x00\x15\x00\x00\x00\x00\x00"          \
	"\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00"

#define GREETING_WITHOUT_TLS                                                           \
	"S\x00\x00\x00\x0a\x31\x30.11.6-MariaDB\x00\x07\x00\x00\x00\x61\x62\x63"       \
	"\x64\x65\x66gh\x00\x00\x82!\x02\x00\x08\x00\x15\x00\x00\x00\x00\x00"          \
	"\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00"

#define GREETING_OF_MYSQL                                                              \
	"J\x00\x00\x00\x0a\x38.0.36\x00\x07\x00\x00\x00\x61\x62\x63\x64\x65\x66"       \
	"gh\x00\x00\x8a!\x02\x00\x08\x00\x15\x00\x00\x00\x00\x00\x00\x00\x00"          \
	"\x00\x00ijklmnopqrst\x00\x63\x61\x63hing_sha2_password\x00"

#define NOBODY                                                                         \
	"B\x00\x00\x01\x01\x82\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x62reakwater\x00\x00mysql_native_password\x00"

#define NOBODY_OF_MYSQL                                                                \
	"C\x00\x00\x01\x01\x82\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x62reakwater\x00\x01\x00\x63\x61\x63hing_sha2_password\x00"

#define NOBODY_IN_TLS                                                                  \
	"B\x00\x00\x02\x01\x8a\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x62reakwater\x00\x00mysql_native_password\x00"

#define DENIED "\x1f\x00\x00\x02\xff\x15\x04#28000Access denied for user"

#define DENIED_LATER "\x1f\x00\x00\x04\xff\x15\x04#28000Access denied for user"

#define DENIED_IN_TLS "\x1f\x00\x00\x03\xff\x15\x04#28000Access denied for user"

#define TLS_WISH                                                                       \
	" \x00\x00\x01\x01\x8a\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

#define ALICE                                                                          \
	"X\x00\x00\x01\x09\x82\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x61lice\x00\x14\x88\x17\xc5\x0f\xa7y\xda\xef\x01\x0e\xe7Wx%\xb0\x84}"        \
	"\xf9\x84.berths\x00mysql_native_password\x00"

#define ALICE_IN_TLS                                                                   \
	"X\x00\x00\x02\x09\x8a\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x61lice\x00\x14\x88\x17\xc5\x0f\xa7y\xda\xef\x01\x0e\xe7Wx%\xb0\x84}"        \
	"\xf9\x84.berths\x00mysql_native_password\x00"

#define ALICE_OF_MYSQL                                                                 \
	"d\x00\x00\x01\x09\x82\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x61lice\x00 \xc7n(\x98\x61*L\xf0\x42\xc7\x7f\xa8\xc4p,Ld\xc0\xc2\xc5W"       \
	"\xc5<MuYZ\xaaj\xba\xe8\x09\x62\x65rths\x00\x63\x61\x63hing_sha2_passwo"       \
	"rd\x00"

#define ALICE_OF_MYSQL_IN_TLS                                                          \
	"d\x00\x00\x02\x09\x8a\x08\x00\x00\x00\x00\x01!\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x61lice\x00 \xc7n(\x98\x61*L\xf0\x42\xc7\x7f\xa8\xc4p,Ld\xc0\xc2\xc5W"       \
	"\xc5<MuYZ\xaaj\xba\xe8\x09\x62\x65rths\x00\x63\x61\x63hing_sha2_passwo"       \
	"rd\x00"

#define SWITCH_TO_NATIVE                                                               \
	",\x00\x00\x02\xfemysql_native_password\x00\x41\x42\x43\x44\x45\x46GHIJ"       \
	"KLMNOPQRST\x00"

#define NATIVE_PROOF                                                                   \
	"\x14\x00\x00\x03(D\x15\x90gB\x85\xe7\xd0<\xaez\xf2\x37PG\x97\xf7\x0e"         \
	"\x91"

#define SWITCH_TO_CLEARTEXT "\x16\x00\x00\x02\xfemysql_clear_password\x00"

#define SWITCH_TO_OTHER                                                                \
	"0\x00\x00\x02\xfe\x63lient_ed25519\x00\x00\x00\x00\x00\x00\x00\x00\x00"       \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"         \
	"\x00\x00\x00\x00\x00\x00\x00"

#define OK "\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"

#define TOO_MANY "\x1d\x00\x00\x00\xff\x10\x04#08004Too many connections"

#define BLOCKED "\x16\x00\x00\x00\xffi\x04Host 'a' is blocked"

#define NOT_ALLOWED "%\x00\x00\x00\xffj\x04Host 'a' is not allowed to connect"

#define SHUTDOWN "$\x00\x00\x02\xff\x1d\x04#08S01Server shutdown in progress"

#define NO_DATABASE "\x19\x00\x00\x02\xff\x19\x04#42000Unknown database"

#define BUSY_USER "\x1a\x00\x00\x02\xff\xca\x04#42000User has exceeded"

#define QUIT     "\1\0\0\0\1"
#define OK_LATER "\7\0\0\3\0\0\0\2\0\0\0"

/* Nobody, or alice who wants her database. */
static struct question asks(bool is_alice, bool wants_tls)
{
	struct question question = asking_user(is_alice ? "alice" : "",
					       is_alice ? "secret" : "", wants_tls);
	question.path = "berths";
	return question;
}

/* The server says that at once, instead of a greeting. */
#define REFUSED(text, reason, detail)                                                  \
	ASKING_COMES_TO(&protocol_mysql, asks(false, false), reason, ASK_LEAVE,        \
			detail, HEARS(text))

/* ... after the login of alice. */
#define ALICE_IS_TOLD(text, reason, detail)                                            \
	ASKING_COMES_TO(&protocol_mysql, asks(true, false), reason, ASK_LEAVE, detail, \
			HEARS(GREETING), SAYS(ALICE), HEARS(text))

#define IS_WELL(is_alice, wants_tls, ...)                                              \
	ASKING_IS_WELL(&protocol_mysql, asks(is_alice, wants_tls), ASK_LEAVE,          \
		       __VA_ARGS__)

#define COMES_TO(is_alice, wants_tls, ...)                                             \
	ASKING_COMES_TO(&protocol_mysql, asks(is_alice, wants_tls), __VA_ARGS__)

static void a_denied_login_ends_the_handshake_of_nobody(void **state)
{
	(void)state;
	IS_WELL(false, false, HEARS(GREETING), SAYS(NOBODY), HEARS(DENIED));
	IS_WELL(false, false, HEARS(GREETING_OF_MYSQL), SAYS(NOBODY_OF_MYSQL),
		HEARS(DENIED));
	IS_WELL(false, false, HEARS(GREETING), SAYS(NOBODY), HEARS(OK), SAYS(QUIT));
	IS_WELL(false, false, HEARS(GREETING_OF_MYSQL), SAYS(NOBODY_OF_MYSQL),
		HEARS(SWITCH_TO_NATIVE), SAYS("\0\0\0\3"), HEARS(DENIED_LATER));
}

static void a_user_logs_in_without_showing_the_password(void **state)
{
	(void)state;
	IS_WELL(true, false, HEARS(GREETING), SAYS(ALICE), HEARS(OK), SAYS(QUIT));
	IS_WELL(true, false, HEARS(GREETING_OF_MYSQL), SAYS(ALICE_OF_MYSQL),
		HEARS("\2\0\0\2\1\3" OK_LATER), SAYS(QUIT));
	IS_WELL(true, false, HEARS(GREETING_OF_MYSQL), SAYS(ALICE_OF_MYSQL),
		HEARS(SWITCH_TO_NATIVE), SAYS(NATIVE_PROOF), HEARS(OK), SAYS(QUIT));
}

static void a_refused_user_has_failed(void **state)
{
	(void)state;
	ALICE_IS_TOLD(DENIED, REASON_login_failed, "Access denied for user");
	ALICE_IS_TOLD(NO_DATABASE, REASON_error, "\"Unknown database\" (1049)");
	ALICE_IS_TOLD(BUSY_USER, REASON_overloaded, "User has exceeded");
	ALICE_IS_TOLD(SHUTDOWN, REASON_error, "shutdown");
}

static void the_password_itself_is_said_only_in_tls(void **state)
{
	(void)state;
	COMES_TO(true, false, REASON_login_failed, ASK_LEAVE, "the password itself",
		 HEARS(GREETING_OF_MYSQL), SAYS(ALICE_OF_MYSQL), HEARS("\2\0\0\2\1\4"),
		 SAYS("\0\0\0\3"));
	COMES_TO(true, false, REASON_login_failed, ASK_LEAVE, "the password itself",
		 HEARS(GREETING), SAYS(ALICE), HEARS(SWITCH_TO_CLEARTEXT),
		 SAYS("\0\0\0\3"));
	IS_WELL(true, true, HEARS(GREETING_OF_MYSQL), SAYS(TLS_WISH), STARTS_TLS,
		SAYS(ALICE_OF_MYSQL_IN_TLS), HEARS("\2\0\0\3\1\4"),
		SAYS("\7\0\0\4secret\0"), HEARS(OK), SAYS(QUIT));
}

static void a_plugin_that_is_unknown_ends_politely(void **state)
{
	(void)state;
	COMES_TO(true, false, REASON_login_failed, ASK_LEAVE, "client_ed25519",
		 HEARS(GREETING), SAYS(ALICE), HEARS(SWITCH_TO_OTHER),
		 SAYS("\0\0\0\3"));
}

static void tls_starts_behind_the_greeting(void **state)
{
	(void)state;
	IS_WELL(false, true, HEARS(GREETING), SAYS(TLS_WISH), STARTS_TLS,
		SAYS(NOBODY_IN_TLS), HEARS(DENIED_IN_TLS));
	IS_WELL(true, true, HEARS(GREETING), SAYS(TLS_WISH), STARTS_TLS,
		SAYS(ALICE_IN_TLS), HEARS(OK), SAYS(QUIT));
}

static void without_tls_the_user_is_not_named(void **state)
{
	(void)state;
	COMES_TO(true, true, REASON_tls_missing, ASK_LEAVE, "does not offer TLS",
		 HEARS(GREETING_WITHOUT_TLS), SAYS(NOBODY), HEARS(DENIED));
	COMES_TO(true, true, REASON_tls_missing, ASK_LEAVE, "does not offer TLS",
		 HEARS(GREETING_WITHOUT_TLS), SAYS(NOBODY), HEARS(OK), SAYS(QUIT));
}

static void somebody_doubtful_hears_nothing_of_the_user(void **state)
{
	(void)state;
	static const struct turn turns[] = { HEARS(GREETING), SAYS(TLS_WISH),
					     STARTS_TLS, SAYS(NOBODY_IN_TLS),
					     HEARS(DENIED_IN_TLS) };
	struct question alice = asks(true, true);
	struct script script = SCRIPT(&protocol_mysql, &alice, turns);
	struct asked asked;
	asked_begin(&asked, &script);
	asked.ask->is_doubtful = true;
	asked_step(&asked);
	for (size_t at = 0; at < script.count; at++)
		asked_turn(&asked, at, 0);
	assert_int_equal(asked.ask->next, ASK_LEAVE);
	asked_free(&asked);
	assert_true(protocol_mysql.asking->doubtful_step ==
		    protocol_mysql.asking->step);
}

static void a_server_that_refuses_to_greet_says_why(void **state)
{
	(void)state;
	REFUSED(TOO_MANY, REASON_overloaded, "\"Too many connections\" (1040)");
	REFUSED(BLOCKED, REASON_denied, "\"Host 'a' is blocked\" (1129)");
	REFUSED(NOT_ALLOWED, REASON_denied, "is not allowed to connect");
}

static void other_words_are_not_mysql(void **state)
{
	(void)state;
	COMES_TO(false, false, REASON_wrong_protocol, ASK_CLOSE, "no packet of MySQL",
		 HEARS("SSH-2.0-OpenSSH_9.2p1\r\n"));
	COMES_TO(false, false, REASON_wrong_protocol, ASK_CLOSE, "no packet of MySQL",
		 HEARS("HTTP/1.1 400 Bad Request\r\n"));
	struct question nobody = asks(false, false), alice = asks(true, false);
	asking_noise(&protocol_mysql, &nobody);
	asking_noise(&protocol_mysql, &alice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denied_login_ends_the_handshake_of_nobody),
		cmocka_unit_test(a_user_logs_in_without_showing_the_password),
		cmocka_unit_test(a_refused_user_has_failed),
		cmocka_unit_test(the_password_itself_is_said_only_in_tls),
		cmocka_unit_test(a_plugin_that_is_unknown_ends_politely),
		cmocka_unit_test(tls_starts_behind_the_greeting),
		cmocka_unit_test(without_tls_the_user_is_not_named),
		cmocka_unit_test(somebody_doubtful_hears_nothing_of_the_user),
		cmocka_unit_test(a_server_that_refuses_to_greet_says_why),
		cmocka_unit_test(other_words_are_not_mysql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
