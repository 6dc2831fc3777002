/*
 * test_snmp.c: who manages what, with which community or user, and what is weak in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "protocol/snmp_message.h"
#include "talk_check.h"

extern const struct protocol protocol_snmp;

static struct talk_check *check;

/* ---- messages, written from behind as BER likes it ---- */

struct ber {
	size_t from; /* at[from] is the first octet */
	uint8_t at[1024];
};

static void put_begin(struct ber *b)
{
	b->from = sizeof(b->at);
}

static void put(struct ber *b, const void *bytes, size_t len)
{
	b->from -= len;
	memcpy(b->at + b->from, bytes, len);
}

/* Tag and length of what was put since. */
static void wrap(struct ber *b, unsigned tag, size_t end)
{
	size_t len = end - b->from;
	uint8_t head[3] = { (uint8_t)tag, (uint8_t)len };
	if (len > 127) {
		head[1] = 0x82;
		put(b, (uint8_t[]){ (uint8_t)(len >> 8), (uint8_t)len }, 2);
	}
	put(b, head, 2);
}

static void put_int(struct ber *b, int32_t value)
{
	size_t end = b->from;
	put(b,
	    (uint8_t[]){ (uint8_t)(value >> 24), (uint8_t)(value >> 16),
			 (uint8_t)(value >> 8), (uint8_t)value },
	    4);
	wrap(b, 2, end);
}

static void put_octets(struct ber *b, const void *bytes, size_t len)
{
	size_t end = b->from;
	put(b, bytes, len);
	wrap(b, 4, end);
}

static const char description[] = "\x2b\6\1\2\1\1\1\0"; /* sysDescr.0 */
static const char uptime[] = "\x2b\6\1\2\1\1\3\0";
static const char unknown_user[] = "\x2b\6\1\6\3\x0f\1\1\3\0";
static const char wrong_digest[] = "\x2b\6\1\6\3\x0f\1\1\5\0";
static const char wrong_clock[] = "\x2b\6\1\6\3\x0f\1\1\2\0";
static const char unknown_engine[] = "\x2b\6\1\6\3\x0f\1\1\4\0";

static void put_pdu(struct ber *b, unsigned pdu, int32_t id, int32_t error,
		    struct bytes oid, const char *value)
{
	size_t end = b->from;
	if (value != NULL)
		put_octets(b, value, strlen(value));
	else
		put(b, "\5\0", 2);
	size_t name_end = b->from;
	put(b, oid.at, oid.len);
	wrap(b, 6, name_end);
	wrap(b, 0x30, end);
	wrap(b, 0x30, end);
	put_int(b, 0);
	put_int(b, error);
	put_int(b, id);
	wrap(b, pdu, end);
}

#define OID(oid) bytes_of(oid, sizeof(oid) - 1)

static struct ber plain(unsigned version, const char *community, unsigned pdu,
			int32_t id, int32_t error, struct bytes oid, const char *value)
{
	struct ber b;
	put_begin(&b);
	put_pdu(&b, pdu, id, error, oid, value);
	put_octets(&b, community, strlen(community));
	put(&b, (uint8_t[]){ 2, 1, (uint8_t)version }, 3);
	wrap(&b, 0x30, sizeof(b.at));
	return b;
}

/* pdu 0: encrypted. */
static struct ber secure(unsigned flags, const char *user, unsigned pdu, int32_t id,
			 struct bytes oid)
{
	struct ber b;
	put_begin(&b);
	if (pdu == 0) {
		put_octets(&b, "0123456789abcdef0123456789abcdef", 32);
	} else {
		put_pdu(&b, pdu, id + 1000, 0, oid, NULL);
		put_octets(&b, "", 0);
		put_octets(&b, "engine", 6);
		wrap(&b, 0x30, sizeof(b.at));
	}
	size_t end = b.from;
	put_octets(&b, "", 0);
	put_octets(&b, "", 0);
	put_octets(&b, user, strlen(user));
	put_int(&b, 1);
	put_int(&b, 1);
	put_octets(&b, "engine", 6);
	wrap(&b, 0x30, end);
	wrap(&b, 4, end);
	end = b.from;
	put_int(&b, 3);
	put_octets(&b, (uint8_t[]){ (uint8_t)flags }, 1);
	put_int(&b, 65507);
	put_int(&b, id);
	wrap(&b, 0x30, end);
	put(&b, "\2\1\3", 3);
	wrap(&b, 0x30, sizeof(b.at));
	return b;
}

static struct bytes bytes_in(const struct ber *b)
{
	return bytes_of(b->at + b->from, sizeof(b->at) - b->from);
}

static void say(unsigned by, struct ber b)
{
	talk_say(check, by, b.at + b.from, sizeof(b.at) - b.from);
}

static void get(const char *community, int32_t id)
{
	say(CLIENT, plain(SNMP_V2C, community, SNMP_GET, id, 0, OID(uptime), NULL));
}

static void answer(const char *community, int32_t id, int32_t error)
{
	say(SERVER,
	    plain(SNMP_V2C, community, SNMP_RESPONSE, id, error, OID(uptime), NULL));
}

static void begin_anew(void)
{
	struct talk_room *room = check->talk.room;
	check->port[CLIENT]++;
	talk_begin(&check->talk, &protocol_snmp);
	check->talk.room = room;
}

static int begin(void **state)
{
	(void)state;
	check = talk_check_new(&protocol_snmp, IPPROTO_UDP, 161);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

static const char *is(struct bytes said)
{
	return opening_is(IPPROTO_UDP, 40161, CLIENT, said, (struct bytes){ 0 });
}

/* ---- recognising ---- */

static void every_version_is_recognised_and_nothing_shorter(void **state)
{
	(void)state;
	struct ber messages[] = {
		plain(SNMP_V1, "public", SNMP_GET, 1, 0, OID(uptime), NULL),
		plain(SNMP_V2C, "x", SNMP_RESPONSE, 1, 0, OID(description), "Linux"),
		secure(4, "", SNMP_GET, 1, OID(uptime)),
		secure(7, "admin", 0, 1, OID(uptime)),
	};
	for (size_t i = 0; i < 4; i++) {
		struct bytes whole = bytes_in(&messages[i]);
		assert_string_equal(is(whole), "snmp");
		for (size_t len = 1; len < whole.len; len++)
			assert_true(is(bytes_of(whole.at, len)) == NULL);
		uint8_t more[512] = { 0 };
		memcpy(more, whole.at, whole.len);
		assert_true(is(bytes_of(more, whole.len + 1)) == NULL);
	}
}

static void a_trap_of_the_first_version_is_recognised(void **state)
{
	(void)state;
	/* RFC 1157 4.1.6: coldStart of an agent at 192.0.2.1. */
	static const uint8_t trap[] =
		"\x30\x26\2\1\0\4\6public\xa4\x19\6\6\x2b\6\1\4\1\x09"
		"\x40\4\xc0\0\2\1\2\1\0\2\1\0\x43\1\x2a\x30\0";
	struct snmp_message message;
	assert_string_equal(is(bytes_of(trap, sizeof(trap) - 1)), "snmp");
	assert_true(
		snmp_message_read(bytes_of(trap, sizeof(trap) - 1), false, &message));
	assert_int_equal(message.pdu, SNMP_TRAP);
}

static void others_that_speak_ber_are_not_snmp(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} others[] = {
		/* LDAP search and bind; Kerberos; an unknown version; no PDU. */
		{ "\x30\x25\2\1\1\x63\x20\4\0\x0a\1\0\x0a\1\0\2\1\0\2\1\0\1\1\0\x87\x0b"
		  "objectClass"
		  "\x30\0",
		  39 },
		{ "\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0\0\0\0\0\0\0\0\0", 22 },
		{ "\x6a\x20\x30\x1e\xa1\3\2\1\5\xa2\3\2\1\x0a\xa4\x12\x30\x10\xa0\7\3\5"
		  "\0\0",
		  24 },
		{ "\x30\x26\2\1\5\4\6public\xa0\x19\2\1\1\2\1\0\2\1\0\x30\x0e\x30\x0c\6"
		  "\x08"
		  "\x2b\6\1\2\1\1\3\0\5\0",
		  40 },
		{ "\x30\x16\2\1\1\4\6public\xb0\x09\2\1\1\2\1\0\2\1\0", 24 },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const char *found = is(bytes_of(others[i].bytes, others[i].len));
		assert_true(found == NULL || strcmp(found, "snmp") != 0);
	}
}

static void object_identifiers_are_written_with_dots(void **state)
{
	(void)state;
	char text[64];
	snmp_oid_text(OID(description), text, sizeof(text));
	assert_string_equal(text, "1.3.6.1.2.1.1.1.0");
	snmp_oid_text(bytes_of("\x88\x37\xae\x73", 4), text, sizeof(text));
	assert_string_equal(text, "2.999.6003");
	snmp_oid_text(bytes_of("", 0), text, sizeof(text));
	assert_string_equal(text, "");
	char small[8];
	snmp_oid_text(OID(description), small, sizeof(small));
	assert_string_equal(small, "1.3.6.1");
}

/* ---- requests and answers ---- */

static void messages_are_recorded_without_the_community(void **state)
{
	(void)state;
	get("secret", 7);
	answer("secret", 7, 0);
	assert_int_equal(check->records, 2);
	const struct snmp_record *request = &check->record[0].snmp;
	const struct snmp_record *response = &check->record[1].snmp;
	assert_int_equal(request->version, 2);
	assert_string_equal(request->pdu, "get-request");
	assert_string_equal(request->oid, "1.3.6.1.2.1.1.3.0");
	assert_int_equal(request->error, UNKNOWN_U32);
	assert_string_equal(response->pdu, "response");
	assert_int_equal(response->error, 0);
	assert_string_equal(check->talk.facts.version, "2c");
	assert_int_equal(check->talk.facts.cleartext, 1);
	assert_null(memmem(&check->record, sizeof(check->record), "secret", 6));
	assert_null(memmem(&check->login, sizeof(check->login), "secret", 6));
	assert_null(memmem(&check->talk, sizeof(check->talk), "secret", 6));
}

static void an_answer_is_timed_by_its_request(void **state)
{
	(void)state;
	get("x", 1);
	get("x", 2);
	answer("x", 1, 0);
	assert_int_equal(check->took_us, 2000);
	answer("x", 2, 2); /* noSuchName is no error of the server */
	answer("x", 2, 0);
	assert_int_equal(check->answers, 2);
	assert_int_equal(check->errors, 0);
	get("x", 3);
	answer("x", 3, 5);
	assert_int_equal(check->errors, 1);
	get("x", 4);
	get("x", 4); /* again: it waits since the first time */
	answer("x", 4, 0);
	assert_int_equal(check->took_us, 2000);
	/* Silence may be meant. */
	get("x", 5);
	talk_finish(check);
	assert_int_equal(check->answers, 4);
}

static void the_description_is_the_software(void **state)
{
	(void)state;
	say(SERVER, plain(SNMP_V1, "x", SNMP_RESPONSE, 1, 0, OID(description),
			  "Linux gw 6.1.0 x86_64\r\nmore"));
	assert_string_equal(check->talk.facts.software, "Linux gw 6.1.0 x86_64");
	assert_string_equal(check->talk.facts.version, "1");
}

/* ---- logins ---- */

static void who_is_answered_is_logged_in_once(void **state)
{
	(void)state;
	for (int32_t id = 1; id <= 5; id++) {
		get("x", id);
		answer("x", id, 0);
	}
	assert_int_equal(check->logins, 1);
	assert_string_equal(check->login[0].outcome, "success");
	assert_string_equal(check->login[0].method, "community");
	assert_string_equal(check->login[0].user, "");
	/* Another one is another login. */
	get("y", 6);
	answer("y", 6, 0);
	assert_int_equal(check->logins, 2);
}

static void a_server_that_is_only_silent_tells_nothing(void **state)
{
	(void)state;
	for (unsigned poll = 0; poll < 5; poll++) {
		for (unsigned again = 0; again < 5; again++)
			get("right", 1);
		get("right", 2);
		talk_finish(check);
		begin_anew();
	}
	assert_int_equal(check->logins, 0);
}

static void silence_for_one_community_of_two_is_a_failure(void **state)
{
	(void)state;
	get("right", 1);
	answer("right", 1, 0);
	get("wrong", 2);
	get("wrong", 3);
	talk_finish(check);
	assert_int_equal(check->logins, 2);
	assert_string_equal(check->login[0].outcome, "success");
	assert_string_equal(check->login[1].outcome, "failure");
	assert_int_equal(check->login[1].at, check->at_us - 1000);
}

static void silence_after_another_conversations_answer_is_a_failure(void **state)
{
	(void)state;
	get("right", 1);
	answer("right", 1, 0);
	begin_anew();
	get("wrong", 1);
	talk_finish(check);
	assert_int_equal(check->logins, 2);
	assert_string_equal(check->login[1].outcome, "failure");
	/* The right one, in vain: the server is gone. */
	begin_anew();
	get("right", 1);
	answer("right", 1, 0);
	begin_anew();
	get("right", 1);
	talk_finish(check);
	assert_int_equal(check->logins, 3);
	assert_string_equal(check->login[2].outcome, "success");
}

static void guesses_in_one_conversation_are_failures(void **state)
{
	(void)state;
	char guess[24];
	for (int32_t i = 0; i < 50; i++) {
		snprintf(guess, sizeof(guess), "guess%d", i);
		get(guess, i);
	}
	talk_finish(check);
	/* Of the first nobody knows that it is one. */
	assert_int_equal(check->logins, 49);
	assert_string_equal(check->login[0].outcome, "failure");
}

static void guesses_in_many_conversations_are_failures(void **state)
{
	(void)state;
	char guess[24];
	for (int32_t i = 0; i < 20; i++) {
		snprintf(guess, sizeof(guess), "guess%d", i);
		get(guess, 1);
		talk_finish(check);
		begin_anew();
	}
	assert_int_equal(check->logins, 19);
	/* Much later it is no longer guessing. */
	check->at_us += 3600LL * 1000000;
	get("other", 1);
	talk_finish(check);
	assert_int_equal(check->logins, 19);
}

static void users_let_in_and_refused_are_logins(void **state)
{
	(void)state;
	/* A discovery is none. */
	say(CLIENT, secure(4, "", SNMP_GET, 1, OID(uptime)));
	say(SERVER, secure(0, "", SNMP_REPORT, 1, OID(unknown_engine)));
	assert_int_equal(check->logins, 0);
	/* Nor is a clock that has to be set first. */
	say(CLIENT, secure(7, "admin", 0, 9, OID(uptime)));
	say(SERVER, secure(1, "admin", SNMP_REPORT, 9, OID(wrong_clock)));
	assert_int_equal(check->logins, 0);
	say(CLIENT, secure(7, "admin", 0, 2, OID(uptime)));
	say(SERVER, secure(3, "admin", 0, 2, OID(uptime)));
	say(CLIENT, secure(7, "admin", 0, 3, OID(uptime)));
	say(SERVER, secure(3, "admin", 0, 3, OID(uptime)));
	assert_int_equal(check->logins, 1);
	assert_string_equal(check->login[0].user, "admin");
	assert_string_equal(check->login[0].outcome, "success");
	assert_string_equal(check->login[0].method, "authPriv");
	assert_int_equal(check->talk.facts.cleartext, 0);
	assert_string_equal(check->talk.facts.user, "admin");
	assert_string_equal(check->talk.facts.version, "3");
	for (int32_t id = 4; id < 6; id++) {
		say(CLIENT, secure(5, "root", SNMP_GET, id, OID(uptime)));
		say(SERVER,
		    id == 4 ? secure(0, "root", SNMP_REPORT, id, OID(wrong_digest))
			    : secure(0, "root", SNMP_REPORT, id, OID(unknown_user)));
	}
	assert_int_equal(check->logins, 3);
	assert_string_equal(check->login[1].user, "root");
	assert_string_equal(check->login[1].outcome, "failure");
	assert_string_equal(check->login[2].method, "authNoPriv");
	assert_int_equal(check->answers, 6);
	assert_int_equal(check->notices, 0);
}

/* ---- what is weak ---- */

static void an_accepted_default_community_is_noticed(void **state)
{
	(void)state;
	get("private", 1);
	assert_int_equal(check->notices, 0);
	answer("private", 1, 0);
	assert_int_equal(check->notices, 2);
	assert_true(talk_check_noticed(check, "snmp_cleartext"));
	assert_true(talk_check_noticed(check, "snmp_default_community"));
	assert_string_equal(check->notice[0]->severity, "notice");
	assert_string_equal(check->notice[1]->severity, "medium");
	begin_anew();
	memset(check->talk.told, 0, sizeof(check->talk.told));
	get("publicly", 1);
	answer("publicly", 1, 0);
	assert_int_equal(check->notices, 3);
}

static void traps_are_not_noticed(void **state)
{
	(void)state;
	say(CLIENT, plain(SNMP_V2C, "public", SNMP_TRAP_V2, 1, 0, OID(uptime), NULL));
	talk_finish(check);
	assert_int_equal(check->notices, 0);
	assert_int_equal(check->logins, 0);
	assert_int_equal(check->answers, 0);
}

static void an_answer_without_a_key_is_noticed(void **state)
{
	(void)state;
	say(CLIENT, secure(4, "guest", SNMP_GET, 1, OID(uptime)));
	say(SERVER, secure(0, "guest", SNMP_RESPONSE, 1, OID(uptime)));
	assert_int_equal(check->notices, 1);
	assert_true(talk_check_noticed(check, "snmp_no_auth"));
	assert_string_equal(check->notice[0]->severity, "low");
	assert_string_equal(check->login[0].method, "noAuthNoPriv");
}

/* ---- hostile ---- */

static void what_is_cut_off_is_read_as_far_as_it_is_there(void **state)
{
	(void)state;
	struct ber b = plain(SNMP_V2C, "x", SNMP_RESPONSE, 1, 0, OID(description),
			     "a long description");
	struct bytes whole = bytes_in(&b);
	size_t known = 0;
	for (size_t len = 1; len < whole.len; len++) {
		struct snmp_message message;
		uint8_t *cut = malloc(len);
		memcpy(cut, whole.at, len);
		assert_false(snmp_message_read(bytes_of(cut, len), false, &message));
		known += snmp_message_read(bytes_of(cut, len), true, &message) &&
			 message.oid.len == sizeof(description) - 1;
		free(cut);
	}
	assert_in_range(known, 10, 25);
}

static void random_changes_do_no_harm(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 20000; round++) {
		struct ber b =
			round % 2 ? plain(SNMP_V1, "public", SNMP_RESPONSE,
					  (int32_t)round, 0, OID(description), "Linux")
				  : secure(5, "root", SNMP_GET, (int32_t)round,
					   OID(uptime));
		for (unsigned i = 0; i < 1 + round % 3; i++)
			b.at[b.from + (size_t)rand_r(&seed) % (sizeof(b.at) - b.from)] =
				(uint8_t)rand_r(&seed);
		say(rand_r(&seed) % 2u, b);
	}
	talk_finish(check);
}

static void repeated_octets_do_no_harm(void **state)
{
	(void)state;
	static uint8_t flood[16384];
	static const uint8_t octets[] = { 0x00, 0x02, 0x04, 0x30, 0x80, 0x84, 0xff };
	for (size_t i = 0; i < sizeof(octets); i++) {
		memset(flood, octets[i], sizeof(flood));
		talk_say(check, CLIENT, flood, sizeof(flood));
		assert_true(is(bytes_of(flood, sizeof(flood))) == NULL);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(every_version_is_recognised_and_nothing_shorter),
		TEST(a_trap_of_the_first_version_is_recognised),
		TEST(others_that_speak_ber_are_not_snmp),
		TEST(object_identifiers_are_written_with_dots),
		TEST(messages_are_recorded_without_the_community),
		TEST(an_answer_is_timed_by_its_request),
		TEST(the_description_is_the_software),
		TEST(who_is_answered_is_logged_in_once),
		TEST(a_server_that_is_only_silent_tells_nothing),
		TEST(silence_for_one_community_of_two_is_a_failure),
		TEST(silence_after_another_conversations_answer_is_a_failure),
		TEST(guesses_in_one_conversation_are_failures),
		TEST(guesses_in_many_conversations_are_failures),
		TEST(users_let_in_and_refused_are_logins),
		TEST(an_accepted_default_community_is_noticed),
		TEST(traps_are_not_noticed),
		TEST(an_answer_without_a_key_is_noticed),
		TEST(what_is_cut_off_is_read_as_far_as_it_is_there),
		TEST(random_changes_do_no_harm),
		TEST(repeated_octets_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
