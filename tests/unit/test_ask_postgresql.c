/*
 * test_ask_postgresql.c: is there TLS, or does a user get in: PostgreSQL.
 */
#include "asking_turns.h"

extern const struct protocol protocol_postgresql;

#define STARTUP                                                                        \
	"\x00\x00\x00\x3f\x00\x03\x00\x00user\x00\x61lice\x00\x64\x61tabase\x00"       \
	"\x61lice\x00\x61pplication_name\x00\x62reakwater\x00\x00"

#define STARTUP_WITH_DATABASE                                                          \
	"\x00\x00\x00@\x00\x03\x00\x00user\x00\x61lice\x00\x64\x61tabase\x00"          \
	"\x62\x65rths\x00\x61pplication_name\x00\x62reakwater\x00\x00"

#define CLIENT_FIRST                                                                   \
	"p\x00\x00\x00\x36SCRAM-SHA-256\x00\x00\x00\x00 n,,n=,r=MDEyMzQ1Njc4OWF"       \
	"iY2RlAA=="

#define SERVER_FIRST                                                                   \
	"R\x00\x00\x00J\x00\x00\x00\x0br=MDEyMzQ1Njc4OWFiY2RlAA==server,s=c2Fsd"       \
	"CBvZiAxNiBvY3RldA==,i=4096"

#define CLIENT_FINAL                                                                   \
	"p\x00\x00\x00Zc=biws,r=MDEyMzQ1Njc4OWFiY2RlAA==server,p=NUUl7lGVm+lepo"       \
	"dKxYC0/3RnXYz1F7tYzQ2GdGLiXuM="

#define SERVER_FINAL                                                                   \
	"R\x00\x00\x00\x36\x00\x00\x00\x0cv=2VJYnMBMiS7NZfDyxwHm/gnf2F746g72AS6"       \
	"FP71HlFY="

#define FALSE_SERVER_FINAL                                                             \
	"R\x00\x00\x00\x36\x00\x00\x00\x0cv=2FJYnMBMiS7NZfDyxwHm/gnf2F746g72AS6"       \
	"FP71HlFY="

#define ASKS_SCRAM                                                                     \
	"R\x00\x00\x00*\x00\x00\x00\x0aSCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00"        \
	"\x00"

#define ASKS_OTHER_SASL "R\x00\x00\x00\x15\x00\x00\x00\x0aOAUTHBEARER\x00\x00"

#define ASKS_MD5 "R\x00\x00\x00\x0c\x00\x00\x00\x05salt"

#define MD5_ANSWER "p\x00\x00\x00(md5986e2194384c07f4fd1df4b1351b3e68\x00"

#define ASKS_CLEARTEXT "R\x00\x00\x00\x08\x00\x00\x00\x03"

#define CLEARTEXT_ANSWER "p\x00\x00\x00\x0bsecret\x00"

#define ASKS_GSSAPI "R\x00\x00\x00\x08\x00\x00\x00\x07"

#define IS_IN "R\x00\x00\x00\x08\x00\x00\x00\x00"

#define READY                                                                          \
	"S\x00\x00\x00\x18server_version\x00\x31\x35.6\x00K\x00\x00\x00\x0c\x00"       \
	"\x00\x00\x01\x00\x00\x00\x02Z\x00\x00\x00\x05I"

#define DENIED                                                                         \
	"E\x00\x00\x00:SFATAL\x00VFATAL\x00\x43\x32\x38P01\x00Mpassword authent"       \
	"ication failed\x00\x00"

#define NO_ENTRY                                                                       \
	"E\x00\x00\x00\x39SFATAL\x00VFATAL\x00\x43\x32\x38\x30\x30\x30\x00Mno p"       \
	"g_hba.conf entry for host\x00\x00"

#define FULL                                                                           \
	"E\x00\x00\x00;SFATAL\x00VFATAL\x00\x43\x35\x33\x33\x30\x30\x00Msorry, "       \
	"too many clients already\x00\x00"

#define STARTING                                                                       \
	"E\x00\x00\x00>SFATAL\x00VFATAL\x00\x43\x35\x37P03\x00Mthe database sys"       \
	"tem is starting up\x00\x00"

#define BAD_FIRST_1                                                                    \
	"R\x00\x00\x00L\x00\x00\x00\x0br=MDEyMzQ1Njc4OWFiY2RlAA==server,s=c2Fsd"       \
	"CBvZiAxNiBvY3RldA==,i=100001"

#define BAD_FIRST_2                                                                    \
	"R\x00\x00\x00K\x00\x00\x00\x0br=xMDEyMzQ1Njc4OWFiY2RlAA==server,s=c2Fs"       \
	"dCBvZiAxNiBvY3RldA==,i=4096"

#define BAD_FIRST_3                                                                    \
	"R\x00\x00\x00P\x00\x00\x00\x0br=MDEyMzQ1Njc4OWFiY2RlAA==server,m=ext,s"       \
	"=c2FsdCBvZiAxNiBvY3RldA==,i=4096"

#define BAD_FIRST_4 "R\x00\x00\x00\x15\x00\x00\x00\x0b\x65=other-error"

#define TLS_WISH  "\0\0\0\x08\x04\xd2\x16\x2f"
#define TERMINATE "X\0\0\0\4"

static struct question asks(const char *user, bool wants_tls)
{
	return asking_user(user, user[0] != '\0' ? "secret" : "", wants_tls);
}

#define COMES_TO(user, wants_tls, ...)                                                 \
	ASKING_COMES_TO(&protocol_postgresql, asks(user, wants_tls), __VA_ARGS__)

#define IS_WELL(user, wants_tls, ...)                                                  \
	ASKING_IS_WELL(&protocol_postgresql, asks(user, wants_tls), __VA_ARGS__)

static void one_letter_is_all_that_nobody_wants(void **state)
{
	(void)state;
	IS_WELL("", false, ASK_START_TLS, SAYS(TLS_WISH), HEARS("S"));
	IS_WELL("", false, ASK_CLOSE, SAYS(TLS_WISH), HEARS("N"));
	IS_WELL("", true, ASK_CLOSE, SAYS(TLS_WISH), HEARS("S"), STARTS_TLS);
	COMES_TO("", true, REASON_tls_missing, ASK_CLOSE, "does not offer TLS",
		 SAYS(TLS_WISH), HEARS("N"));
	COMES_TO("alice", true, REASON_tls_missing, ASK_CLOSE, "does not offer TLS",
		 SAYS(TLS_WISH), HEARS("N"));
}

static void a_server_without_a_process_to_spare_is_overloaded(void **state)
{
	(void)state;
	COMES_TO("", false, REASON_overloaded, ASK_LEAVE,
		 "\"could not fork: no memory\"", SAYS(TLS_WISH),
		 HEARS("Ecould not fork: no memory\n\0"));
}

static void a_user_proves_the_password_by_scram(void **state)
{
	(void)state;
	IS_WELL("alice", false, ASK_LEAVE, SAYS(STARTUP), HEARS(ASKS_SCRAM),
		SAYS(CLIENT_FIRST), HEARS(SERVER_FIRST), SAYS(CLIENT_FINAL),
		HEARS(SERVER_FINAL IS_IN READY), SAYS(TERMINATE));
	IS_WELL("alice", true, ASK_LEAVE, SAYS(TLS_WISH), HEARS("S"), STARTS_TLS,
		SAYS(STARTUP), HEARS(ASKS_SCRAM), SAYS(CLIENT_FIRST),
		HEARS(SERVER_FIRST), SAYS(CLIENT_FINAL),
		HEARS(SERVER_FINAL IS_IN READY), SAYS(TERMINATE));
}

static void a_database_may_be_named(void **state)
{
	(void)state;
	static const struct turn turns[] = { SAYS(STARTUP_WITH_DATABASE),
					     HEARS(IS_IN READY), SAYS(TERMINATE) };
	struct question alice = asks("alice", false);
	alice.path = "berths";
	struct script script = SCRIPT(&protocol_postgresql, &alice, turns);
	asking_is_well(&script, ASK_LEAVE);
}

static void who_does_not_know_the_password_is_not_the_server(void **state)
{
	(void)state;
	COMES_TO("alice", false, REASON_wrong_answer, ASK_CLOSE, "did not prove",
		 SAYS(STARTUP), HEARS(ASKS_SCRAM), SAYS(CLIENT_FIRST),
		 HEARS(SERVER_FIRST), SAYS(CLIENT_FINAL),
		 HEARS(FALSE_SERVER_FINAL IS_IN READY));
	COMES_TO("alice", false, REASON_wrong_answer, ASK_CLOSE, "did not prove",
		 SAYS(STARTUP), HEARS(ASKS_SCRAM), SAYS(CLIENT_FIRST),
		 HEARS(IS_IN READY));
	/* Its last word before ours. */
	COMES_TO("alice", false, REASON_wrong_answer, ASK_CLOSE, "did not prove",
		 SAYS(STARTUP), HEARS(ASKS_SCRAM), SAYS(CLIENT_FIRST),
		 HEARS(SERVER_FINAL IS_IN READY));
}

#define BAD_SCRAM(text)                                                                \
	COMES_TO("alice", false, REASON_wrong_protocol, ASK_CLOSE, "", SAYS(STARTUP),  \
		 HEARS(ASKS_SCRAM), SAYS(CLIENT_FIRST), HEARS(text))

static void a_challenge_that_is_none_is_not_answered(void **state)
{
	(void)state;
	BAD_SCRAM(BAD_FIRST_1);
	BAD_SCRAM(BAD_FIRST_2);
	BAD_SCRAM(BAD_FIRST_3);
	BAD_SCRAM(BAD_FIRST_4);
}

static void md5_is_answered_and_the_password_only_in_tls(void **state)
{
	(void)state;
	IS_WELL("alice", false, ASK_LEAVE, SAYS(STARTUP), HEARS(ASKS_MD5),
		SAYS(MD5_ANSWER), HEARS(IS_IN READY), SAYS(TERMINATE));
	IS_WELL("alice", true, ASK_LEAVE, SAYS(TLS_WISH), HEARS("S"), STARTS_TLS,
		SAYS(STARTUP), HEARS(ASKS_CLEARTEXT), SAYS(CLEARTEXT_ANSWER),
		HEARS(IS_IN READY), SAYS(TERMINATE));
	COMES_TO("alice", false, REASON_login_failed, ASK_CLOSE, "the password itself",
		 SAYS(STARTUP), HEARS(ASKS_CLEARTEXT));
	COMES_TO("alice", false, REASON_login_failed, ASK_CLOSE, "GSSAPI",
		 SAYS(STARTUP), HEARS(ASKS_GSSAPI));
	COMES_TO("alice", false, REASON_login_failed, ASK_CLOSE, "SASL", SAYS(STARTUP),
		 HEARS(ASKS_OTHER_SASL));
}

static void a_refusal_has_the_reason_that_the_server_gives(void **state)
{
	(void)state;
	COMES_TO("alice", false, REASON_login_failed, ASK_LEAVE,
		 "\"password authentication failed\"", SAYS(STARTUP), HEARS(DENIED));
	COMES_TO("alice", false, REASON_denied, ASK_LEAVE, "no pg_hba.conf entry",
		 SAYS(STARTUP), HEARS(NO_ENTRY));
	COMES_TO("alice", false, REASON_overloaded, ASK_LEAVE, "too many clients",
		 SAYS(STARTUP), HEARS(IS_IN FULL));
	COMES_TO("alice", false, REASON_error, ASK_LEAVE, "starting up", SAYS(STARTUP),
		 HEARS(STARTING));
}

static void other_words_are_not_postgresql(void **state)
{
	(void)state;
	COMES_TO("", false, REASON_wrong_protocol, ASK_CLOSE,
		 "no message of PostgreSQL", SAYS(TLS_WISH),
		 HEARS("HTTP/1.1 400 Bad Request\r\n"));
	COMES_TO("alice", false, REASON_wrong_protocol, ASK_CLOSE, "no message",
		 SAYS(STARTUP), HEARS("HTTP/1.1 400 Bad Request\r\n"));
	COMES_TO("alice", false, REASON_wrong_protocol, ASK_CLOSE, "no message",
		 SAYS(STARTUP), HEARS("Z\0\0\0\5I"));
	struct question alice = asks("alice", false);
	asking_noise(&protocol_postgresql, &alice);
}

static void who_begins_with_the_letter_and_goes_on_is_another(void **state)
{
	(void)state;
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1\r\n";
	struct question nobody = asks("", false), secret = asks("", true);
	asking_noise(&protocol_postgresql, &nobody);
	asking_noise(&protocol_postgresql, &secret);
	struct script script = { .protocol = &protocol_postgresql,
				 .question = &nobody };
	asking_hears_noise(&script, (const uint8_t *)ssh, sizeof(ssh) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_letter_is_all_that_nobody_wants),
		cmocka_unit_test(a_server_without_a_process_to_spare_is_overloaded),
		cmocka_unit_test(a_user_proves_the_password_by_scram),
		cmocka_unit_test(a_database_may_be_named),
		cmocka_unit_test(who_does_not_know_the_password_is_not_the_server),
		cmocka_unit_test(a_challenge_that_is_none_is_not_answered),
		cmocka_unit_test(md5_is_answered_and_the_password_only_in_tls),
		cmocka_unit_test(a_refusal_has_the_reason_that_the_server_gives),
		cmocka_unit_test(other_words_are_not_postgresql),
		cmocka_unit_test(who_begins_with_the_letter_and_goes_on_is_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
