/*
 * test_ldap.c: what is read from conversations with directories.
 */
#include "dialogue_check.h"

#include "protocol/ntlmssp.h"

extern const struct protocol protocol_ldap;

#define ALICE                                                                          \
	"\x04\x0c"                                                                     \
	"cn=alice,o=x"
#define BIND                                                                           \
	"\x30\x1b\x02\x01\x01\x60\x16\x02\x01\x03" ALICE "\x80\x03"                    \
	"pwd"
#define BIND_AD                                                                        \
	"\x30\x84\x00\x00\x00\x1f\x02\x01\x01\x60\x84\x00\x00\x00\x16\x02\x01"         \
	"\x03" ALICE "\x80\x03"                                                        \
	"pwd"
#define ANONYMOUS "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"
#define NAMELESS  "\x30\x18\x02\x01\x01\x60\x13\x02\x01\x03" ALICE "\x80\x00"
#define RESULT(id, operation, code)                                                    \
	"\x30\x0c\x02\x01" id operation "\x07\x0a\x01" code "\x04\x00\x04\x00"
#define BOUND   RESULT("\x01", "\x61", "\x00")
#define INVALID RESULT("\x01", "\x61", "\x31")
#define GO_ON                                                                          \
	"\x30\x10\x02\x01\x01\x61\x0b\x0a\x01\x0e\x04\x00\x04\x00\x87\x02"             \
	"ab"
#define SEARCH                                                                         \
	"\x30\x25\x02\x01\x02\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00"     \
	"\x02\x01\x00\x01\x01\x00\x87\x0b"                                             \
	"objectclass"                                                                  \
	"\x30\x00"
#define DONE   RESULT("\x02", "\x65", "\x00")
#define UNBIND "\x30\x05\x02\x01\x03\x42\x00"
#define START_TLS                                                                      \
	"\x30\x1d\x02\x01\x01\x77\x18\x80\x16"                                         \
	"1.3.6.1.4.1.1466.20037"
#define ROOT                                                                           \
	"\x30\x3a\x02\x01\x02\x64\x35\x04\x00\x30\x31"                                 \
	"\x30\x14\x04\x0a"                                                             \
	"vendorName"                                                                   \
	"\x31\x06\x04\x04"                                                             \
	"Acme"                                                                         \
	"\x30\x19\x04\x0d"                                                             \
	"vendorVersion"                                                                \
	"\x31\x08\x04\x06"                                                             \
	"8.5.02"
#define ROOT_389                                                                       \
	"\x30\x32\x02\x01\x02\x64\x2d\x04\x00\x30\x29"                                 \
	"\x30\x27\x04\x0d"                                                             \
	"vendorVersion"                                                                \
	"\x31\x16\x04\x14"                                                             \
	"389-Directory/1.4.3."

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_ldap, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	static const struct line dialogues[][2] = {
		{ SAYS(CLIENT, BIND), SAYS(SERVER, BOUND) },
		{ SAYS(CLIENT, BIND_AD), SAYS(SERVER, INVALID) },
		{ SAYS(CLIENT, SEARCH), SAYS(SERVER, ROOT) },
		{ SAYS(CLIENT, START_TLS),
		  SAYS(SERVER, RESULT("\x01", "\x78", "\x00")) },
	};
	for (size_t i = 0; i < COUNT(dialogues); i++)
		for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++) {
			assert_string_equal(
				dialogue_is(IPPROTO_TCP, 80, dialogues[i], 2, sides),
				"ldap");
			assert_string_equal(
				dialogue_is(IPPROTO_UDP, 80, dialogues[i], 2, sides),
				"ldap");
		}
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, BIND),      SAYS(CLIENT, BIND_AD),   SAYS(CLIENT, SEARCH),
		SAYS(CLIENT, START_TLS), SAYS(SERVER, BOUND),     SAYS(SERVER, ROOT),
		SAYS(SERVER, INVALID),   SAYS(CLIENT, ANONYMOUS),
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		dialogue_grows(&protocol_ldap, IPPROTO_TCP, lines + i, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_ldap);
	static const struct line others[] = {
		SAYS(CLIENT, "\x30\x26\x02\x01\x00\x04\x06public\xa0\x19"), /* SNMP */
		SAYS(CLIENT,
		     "\x30\x1b\x02\x01\x01\x60\x16\x02\x01\x09" ALICE "\x80\x03pwd"),
		SAYS(CLIENT, "\x30\x80\x02\x01\x01\x60\x16\x02\x01\x03"),
		SAYS(CLIENT, "\x30\x1b\x02\x00\x60\x16\x02\x01\x03"),
		SAYS(SERVER, "\x30\x0c\x02\x01\x01\x61\x07\x0a\x02\x01\x00"),
	};
	for (size_t i = 0; i < COUNT(others); i++)
		dialogue_is_not("ldap", IPPROTO_TCP, 389, &others[i], 1);
}

/* The one login by a simple bind that is answered so. */
static void assert_bind(struct line answer, const char *outcome, uint64_t errors)
{
	const struct line lines[] = { SAYS(CLIENT, BIND), answer,
				      SAYS(CLIENT, UNBIND) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "cn=alice,o=x");
	assert_string_equal(c->login[0].method, "simple");
	assert_string_equal(c->login[0].outcome, outcome);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, errors);
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "cleartext_login");
	assert_string_equal(c->notice[0]->severity, "medium");
	assert_null(memmem(&c->talk, sizeof(c->talk), "pwd", 3));
	assert_true(c->talk.done);
	talk_check_free(c);
	dialogue_cut(&protocol_ldap, lines, COUNT(lines));
}

static void a_simple_bind_ends_as_its_result_says(void **state)
{
	(void)state;
	assert_bind((struct line)SAYS(SERVER, BOUND), "success", 0);
	assert_bind((struct line)SAYS(SERVER, INVALID), "failure", 0);
	assert_bind((struct line)SAYS(SERVER, RESULT("\x01", "\x61", "\x33")),
		    "unknown", 1);
	assert_bind((struct line)SAYS(SERVER, RESULT("\x01", "\x61", "\x34")),
		    "unknown", 1);
	/* Confidentiality required: nobody looked at the password. */
	assert_bind((struct line)SAYS(SERVER, RESULT("\x01", "\x61", "\x0d")),
		    "unknown", 0);
}

static void who_has_no_password_does_not_log_in(void **state)
{
	(void)state;
	static const struct line anonymous[] = { SAYS(CLIENT, ANONYMOUS),
						 SAYS(SERVER, BOUND) };
	static const struct line nameless[] = { SAYS(CLIENT, NAMELESS),
						SAYS(SERVER, BOUND) };
	struct talk_check *c = heard(anonymous, 2);
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->notices, 0);
	assert_int_equal(c->answers, 1);
	assert_string_equal(c->talk.facts.version, "LDAPv3");
	talk_check_free(c);
	c = heard(nameless, 2);
	assert_int_equal(c->logins, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void sasl_takes_several_steps(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT,
		     "\x30\x1a\x02\x01\x01\x60\x15\x02\x01\x03\x04\x00\xa3\x0e\x04"
		     "\x0a"
		     "DIGEST-MD5"
		     "\x04\x00"),
		SAYS(SERVER, GO_ON),
		SAYS(CLIENT,
		     "\x30\x2c\x02\x01\x01\x60\x27\x02\x01\x03\x04\x00\xa3\x20\x04"
		     "\x0a"
		     "DIGEST-MD5"
		     "\x04\x12"
		     "username=\"bob\",r=\"\""),
		SAYS(SERVER, INVALID),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "bob");
	assert_string_equal(c->login[0].method, "DIGEST-MD5");
	assert_string_equal(c->login[0].outcome, "failure");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_ldap, lines, COUNT(lines));
}

static void plain_shows_its_password(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT,
		     "\x30\x1d\x02\x01\x01\x60\x18\x02\x01\x03\x04\x00\xa3\x11\x04"
		     "\x05"
		     "PLAIN"
		     "\x04\x08"
		     "\0bob\0pwd"),
		SAYS(SERVER, BOUND)
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->login[0].user, "bob");
	assert_string_equal(c->login[0].outcome, "success");
	assert_null(memmem(&c->talk, sizeof(c->talk), "pwd", 3));
	talk_check_free(c);
	dialogue_cut(&protocol_ldap, lines, COUNT(lines));
}

/* GSS-SPNEGO with an AUTHENTICATE of NTLM in it: HOME\eve. */
#define NTLM                                                                           \
	"NTLMSSP\0\x03\0\0\0"                                                          \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\x08\0\x08\0\x40\0\0\0"                                                       \
	"\x06\0\x06\0\x48\0\0\0"                                                       \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\x01\0\0\0"                                                                   \
	"H\0O\0M\0E\0"                                                                 \
	"e\0v\0e\0"
#define BIND_NTLM                                                                      \
	"\x30\x68\x02\x01\x01\x60\x63\x02\x01\x03\x04\x00\xa3\x5c\x04\x0a"             \
	"GSS-SPNEGO"                                                                   \
	"\x04\x4e" NTLM

static void behind_a_security_layer_nothing_is_read(void **state)
{
	(void)state;
	static const struct line sealed[] = {
		SAYS(CLIENT, BIND_NTLM),
		SAYS(SERVER, BOUND),
		SAYS(CLIENT, "\0\0\0\x10\x01\0\0\0\x12\x34\x56\x78\0\0\0\0\0\0\0\0"),
		SAYS(SERVER, BOUND),
	};
	static const struct line open[] = { SAYS(CLIENT, BIND_NTLM),
					    SAYS(SERVER, BOUND), SAYS(CLIENT, SEARCH),
					    SAYS(SERVER, DONE) };
	static const struct line refused[] = { SAYS(CLIENT, BIND_NTLM),
					       SAYS(SERVER, INVALID) };
	struct talk_check *c = heard(sealed, COUNT(sealed));
	assert_true(c->talk.done);
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "HOME\\eve");
	assert_string_equal(c->login[0].method, "GSS-SPNEGO");
	assert_string_equal(c->login[0].outcome, "success");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	c = heard(open, COUNT(open));
	assert_false(c->talk.done);
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->talk.facts.cleartext, 1);
	talk_check_free(c);
	c = heard(refused, COUNT(refused));
	assert_string_equal(c->login[0].outcome, "failure");
	talk_check_free(c);
	dialogue_cut(&protocol_ldap, sealed, COUNT(sealed));
	/* Kerberos says whether its tokens are encrypted or only signed. */
	static const struct line only_signed[] = {
		SAYS(CLIENT, BIND_NTLM),
		SAYS(SERVER, BOUND),
		SAYS(CLIENT, "\0\0\0\x10\x05\x04\x04\xff\0\x0c\0\0\0\0\0\0\0\0\0\0"),
	};
	c = heard(only_signed, COUNT(only_signed));
	assert_true(c->talk.done);
	assert_int_equal(c->talk.facts.cleartext, UNKNOWN_FLAG);
	talk_check_free(c);
}

static void start_tls_makes_it_another_protocol(void **state)
{
	(void)state;
	static const struct line yes[] = {
		SAYS(CLIENT, START_TLS), SAYS(SERVER, RESULT("\x01", "\x78", "\x00"))
	};
	static const struct line no[] = { SAYS(CLIENT, START_TLS),
					  SAYS(SERVER, RESULT("\x01", "\x78", "\x34")),
					  SAYS(CLIENT, BIND), SAYS(SERVER, BOUND) };
	struct talk_check *c = talk_check_new(&protocol_ldap, IPPROTO_TCP, 389);
	dialogue_say(c, yes, COUNT(yes), 0);
	assert_ptr_equal(c->talk.protocol, protocol_by_name("tls"));
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
	c = heard(no, COUNT(no));
	assert_ptr_equal(c->talk.protocol, &protocol_ldap);
	assert_int_equal(c->errors, 1);
	assert_int_equal(c->logins, 1);
	talk_check_free(c);
}

static void the_root_entry_names_the_software(void **state)
{
	(void)state;
	static const struct line acme[] = { SAYS(CLIENT, SEARCH),
					    SAYS(SERVER, ROOT DONE) };
	static const struct line ds[] = { SAYS(CLIENT, SEARCH),
					  SAYS(SERVER, ROOT_389 DONE) };
	struct talk_check *c = heard(acme, 2);
	assert_string_equal(c->talk.facts.software, "Acme 8.5.02");
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
	c = dialogue_heard(&protocol_ldap, IPPROTO_UDP, ds, 2, 0);
	assert_string_equal(c->talk.facts.software, "389-Directory/1.4.3.");
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
	dialogue_cut(&protocol_ldap, acme, 2);
	dialogue_cut(&protocol_ldap, ds, 2);
}

static void long_entries_are_passed_over(void **state)
{
	(void)state;
	enum { LEN = 1 << 20, PIECE = 65536 };
	static char piece[PIECE];
	memset(piece, 0x30, sizeof(piece));
	/* 1 MiB of an entry behind twelve octets of its begin. */
	static const char head[] =
		"\x30\x84\x00\x10\x00\x0c\x02\x01\x02\x64\x84\x00\x10"
		"\x00\x03\x04\x01"
		"x";
	struct talk_check *c = talk_check_new(&protocol_ldap, IPPROTO_TCP, 389);
	talk_say(c, CLIENT, SEARCH, sizeof(SEARCH) - 1);
	talk_say(c, SERVER, head, sizeof(head) - 1);
	for (size_t left = LEN; left > 0; left -= PIECE)
		talk_say(c, SERVER, piece, PIECE);
	talk_say(c, SERVER, DONE, sizeof(DONE) - 1);
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
}

static void a_lost_result_is_an_unknown_outcome(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, BIND), SAYS(CLIENT, UNBIND) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_check_free(c);
	/* Another's result is not that of the bind. */
	static const struct line another[] = {
		SAYS(CLIENT, BIND), SAYS(SERVER, RESULT("\x05", "\x61", "\x00"))
	};
	c = heard(another, COUNT(another));
	assert_string_equal(c->login[0].outcome, "unknown");
	talk_check_free(c);
	/* What is no message costs a turn. */
	c = talk_check_new(&protocol_ldap, IPPROTO_TCP, 389);
	talk_say(c, CLIENT, SEARCH, sizeof(SEARCH) - 1);
	talk_say_text(c, SERVER, "what is this?");
	talk_say(c, CLIENT, SEARCH, sizeof(SEARCH) - 1);
	talk_say(c, SERVER, DONE, sizeof(DONE) - 1);
	assert_int_equal(c->answers, 1);
	talk_check_free(c);
}

static void ntlm_names_are_utf_8(void **state)
{
	(void)state;
	/* U+00E9, U+20AC, U+1F600, half a pair, domain left out */
	static const char token[] = "..NTLMSSP\0\x03\0\0\0"
				    "\0\0\0\0\x40\0\0\0"
				    "\0\0\0\0\x40\0\0\0"
				    "\0\0\0\0\x40\0\0\0"
				    "\x0c\0\x0c\0\x40\0\0\0"
				    "\0\0\0\0\x40\0\0\0"
				    "\0\0\0\0\x40\0\0\0"
				    "\x01\0\0\0"
				    "\xe9\0\xac\x20\x3d\xd8\x00\xde\x3d\xd8"
				    "x\0";
	struct ntlmssp message;
	ntlmssp_read(bytes_of(token, sizeof(token) - 1), &message);
	assert_int_equal(message.type, NTLMSSP_AUTHENTICATE);
	assert_int_equal(message.user_len, 13);
	assert_memory_equal(message.user,
			    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx", 13);
	for (size_t len = 0; len < sizeof(token) - 1; len++) {
		ntlmssp_read(bytes_of(token, len), &message);
		assert_int_equal(message.user_len, 0);
	}
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, BIND_AD),   SAYS(SERVER, GO_ON),
		SAYS(CLIENT, BIND_NTLM), SAYS(SERVER, BOUND),
		SAYS(CLIENT, SEARCH),    SAYS(SERVER, ROOT ROOT_389 DONE),
		SAYS(CLIENT, START_TLS),
	};
	dialogue_noise(&protocol_ldap, IPPROTO_TCP);
	dialogue_noise(&protocol_ldap, IPPROTO_UDP);
	dialogue_spoilt(&protocol_ldap, IPPROTO_TCP, lines, COUNT(lines), 4);
	dialogue_spoilt(&protocol_ldap, IPPROTO_UDP, lines, COUNT(lines), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_simple_bind_ends_as_its_result_says),
		cmocka_unit_test(who_has_no_password_does_not_log_in),
		cmocka_unit_test(sasl_takes_several_steps),
		cmocka_unit_test(plain_shows_its_password),
		cmocka_unit_test(behind_a_security_layer_nothing_is_read),
		cmocka_unit_test(start_tls_makes_it_another_protocol),
		cmocka_unit_test(the_root_entry_names_the_software),
		cmocka_unit_test(long_entries_are_passed_over),
		cmocka_unit_test(a_lost_result_is_an_unknown_outcome),
		cmocka_unit_test(ntlm_names_are_utf_8),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
