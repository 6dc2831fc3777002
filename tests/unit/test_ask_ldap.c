/*
 * test_ask_ldap.c: the root entry, StartTLS and binds of LDAP.
 */
#include "asking_turns.h"

extern const struct protocol protocol_ldap;

#define SEARCH                                                                         \
	"\x30\x40\2\1\3\x63\x3b\4\0\x0a\1\0\x0a\1\0\2\1\0\2\1\0\1\1\0\x87\x0b"         \
	"objectClass\x30\x1b\4\x0a"                                                    \
	"vendorName\4\x0d"                                                             \
	"vendorVersion"
#define UNBIND "\x30\5\2\1\4\x42\0"
#define START_TLS                                                                      \
	"\x30\x1d\2\1\1\x77\x18\x80\x16"                                               \
	"1.3.6.1.4.1.1466.20037"
#define BIND                                                                           \
	"\x30\x82\0\x21\2\1\2\x60\x82\0\x1a\2\1\3\4\x82\0\x09"                         \
	"cn=alice\x2c\x80\x82\0\6secret"
/* LDAPResult: message id, operation, code; without words, or "busy". */
#define RESULT(id, operation, code)                                                    \
	"\x30\x0c\2\1" id operation "\7\x0a\1" code "\4\0\4\0"
#define RESULT_SAYING_BUSY(id, operation, code)                                        \
	"\x30\x10\2\1" id operation "\x0b\x0a\1" code "\4\0\4\4busy"
#define BOUND(code)   RESULT("\2", "\x61", code)
#define FOUND(code)   RESULT("\3", "\x65", code)
#define STARTED(code) RESULT("\1", "\x78", code)
#define ENTRY         "\x30\x09\2\1\3\x64\4\4\0\x30\0"

static struct question asks(const char *user, bool wants_tls)
{
	return asking_user(user, user[0] != '\0' ? "secret" : "", wants_tls);
}

#define COMES_TO(user, wants_tls, ...)                                                 \
	ASKING_COMES_TO(&protocol_ldap, asks(user, wants_tls), __VA_ARGS__)

#define IS_WELL(user, wants_tls, ...)                                                  \
	ASKING_IS_WELL(&protocol_ldap, asks(user, wants_tls), ASK_LEAVE, __VA_ARGS__)

#define ALICE "cn=alice,"

static void the_root_entry_is_found(void **state)
{
	(void)state;
	IS_WELL("", false, SAYS(SEARCH), HEARS(ENTRY FOUND("\0")), SAYS(UNBIND));
	IS_WELL("", false, SAYS(SEARCH), HEARS(FOUND("\0")), SAYS(UNBIND));
}

static void who_wants_a_login_first_lives(void **state)
{
	(void)state;
	/* strongerAuthRequired, confidentialityRequired, noSuchObject, ... */
	IS_WELL("", false, SAYS(SEARCH), HEARS(FOUND("\x08")), SAYS(UNBIND));
	IS_WELL("", false, SAYS(SEARCH), HEARS(FOUND("\x0d")), SAYS(UNBIND));
	IS_WELL("", false, SAYS(SEARCH), HEARS(FOUND("\x20")), SAYS(UNBIND));
	IS_WELL("", false, SAYS(SEARCH), HEARS(FOUND("\x30")), SAYS(UNBIND));
	IS_WELL("", false, SAYS(SEARCH), HEARS(FOUND("\x32")), SAYS(UNBIND));
}

static void a_user_binds_before(void **state)
{
	(void)state;
	IS_WELL(ALICE, false, SAYS(BIND), HEARS(BOUND("\0")), SAYS(SEARCH),
		HEARS(ENTRY FOUND("\0")), SAYS(UNBIND));
	COMES_TO(ALICE, false, REASON_login_failed, ASK_LEAVE, "49", SAYS(BIND),
		 HEARS(BOUND("\x31")), SAYS(UNBIND));
	COMES_TO(ALICE, false, REASON_login_failed, ASK_LEAVE, "13", SAYS(BIND),
		 HEARS(BOUND("\x0d")), SAYS(UNBIND));
}

static void tls_starts_before_the_bind(void **state)
{
	(void)state;
	IS_WELL("", true, SAYS(START_TLS), HEARS(STARTED("\0")), STARTS_TLS,
		SAYS(SEARCH), HEARS(ENTRY FOUND("\0")), SAYS(UNBIND));
	IS_WELL(ALICE, true, SAYS(START_TLS), HEARS(STARTED("\0")), STARTS_TLS,
		SAYS(BIND), HEARS(BOUND("\0")), SAYS(SEARCH), HEARS(FOUND("\0")),
		SAYS(UNBIND));
	COMES_TO(ALICE, true, REASON_tls_missing, ASK_LEAVE, "result is 2",
		 SAYS(START_TLS), HEARS(STARTED("\2")), SAYS(UNBIND));
}

static void a_refusal_has_the_reason_that_the_server_gives(void **state)
{
	(void)state;
	COMES_TO("", false, REASON_overloaded, ASK_LEAVE, "\"busy\" (51)", SAYS(SEARCH),
		 HEARS(RESULT_SAYING_BUSY("\3", "\x65", "\x33")), SAYS(UNBIND));
	COMES_TO("", false, REASON_error, ASK_LEAVE, "result is 52", SAYS(SEARCH),
		 HEARS(FOUND("\x34")), SAYS(UNBIND));
	/* A notice of disconnection. */
	COMES_TO("", false, REASON_overloaded, ASK_LEAVE, "ends the session: \"busy\"",
		 SAYS(SEARCH), HEARS(RESULT_SAYING_BUSY("\0", "\x78", "\x33")));
	COMES_TO("", false, REASON_error, ASK_LEAVE, "ends the session", SAYS(SEARCH),
		 HEARS(RESULT("\0", "\x78", "\x34")));
}

static void a_bind_without_a_password_is_a_mistake(void **state)
{
	(void)state;
	struct question question = asks("alice", false);
	assert_null(protocol_ldap.asking->check(&question));
	question.password = "";
	assert_non_null(protocol_ldap.asking->check(&question));
}

static void other_words_are_not_ldap(void **state)
{
	(void)state;
	COMES_TO("", false, REASON_wrong_protocol, ASK_CLOSE, "no message of LDAP",
		 SAYS(SEARCH), HEARS("HTTP/1.1 400 Bad Request\r\n"));
	COMES_TO("", false, REASON_wrong_protocol, ASK_CLOSE, "no message of LDAP",
		 SAYS(SEARCH), HEARS(BOUND("\0")));
	COMES_TO("", false, REASON_wrong_protocol, ASK_CLOSE, "no message of LDAP",
		 SAYS(SEARCH), HEARS("\x30\x84\x7f\xff\xff\xff"));
	struct question nobody = asks("", false), alice = asks(ALICE, true);
	asking_noise(&protocol_ldap, &nobody);
	asking_noise(&protocol_ldap, &alice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_entry_is_found),
		cmocka_unit_test(who_wants_a_login_first_lives),
		cmocka_unit_test(a_user_binds_before),
		cmocka_unit_test(tls_starts_before_the_bind),
		cmocka_unit_test(a_refusal_has_the_reason_that_the_server_gives),
		cmocka_unit_test(a_bind_without_a_password_is_a_mistake),
		cmocka_unit_test(other_words_are_not_ldap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
