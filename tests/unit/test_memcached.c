/*
 * test_memcached.c: memcached in text and in binary, over TCP and UDP.
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

#include "talk_check.h"

extern const struct protocol protocol_memcached;

static struct talk_check *check;

static void begin_over(uint8_t transport)
{
	check = talk_check_new(&protocol_memcached, transport, 11211);
}

static int begin(void **state)
{
	(void)state;
	begin_over(IPPROTO_TCP);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

static enum verdict verdict_on(uint16_t port, const char *client, const char *server)
{
	struct addr addr[2] = { addr_unset(), addr_unset() };
	struct opening opening = { .said = { bytes_of(client, strlen(client)),
					     bytes_of(server, strlen(server)) },
				   .transport = IPPROTO_TCP,
				   .port = { 40000, port },
				   .addr = addr };
	return protocol_memcached.recognise(&opening);
}

/* ---- recognising ---- */

static void what_nobody_else_says_is_recognised_alone(void **state)
{
	(void)state;
	static const char *const clients[] = {
		"set key 0 0 5\r\nhello\r\n",
		"add user:1 4294967295 -1 2 noreply\r\n",
		"cas key 0 0 1 77\r\n",
	};
	static const char *const servers[] = {
		"VALUE key 0 5\r\nhello\r\nEND\r\n",
		"VERSION 1.6.18\r\n",
		"STAT pid 8837\r\nSTAT uptime 193\r\n",
	};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(verdict_on(40211, clients[i], ""), VERDICT_YES);
		assert_int_equal(verdict_on(40211, "", servers[i]), VERDICT_YES);
	}
}

static void words_that_others_know_need_both_sides_or_the_port(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "get key\r\n", "END\r\n" },
		{ "stats\r\n", "STAT threads 4\r\n" },
		{ "delete key\r\n", "NOT_FOUND\r\n" },
		{ "incr n 1\r\n", "42\r\n" },
		{ "mg key v\r\n", "VA 5\r\nhello\r\n" },
		{ "mn\r\n", "MN\r\n" },
		{ "flush_all\r\n", "OK\r\n" },
		{ "version x\r\n", "ERROR\r\n" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(verdict_on(40211, pairs[i][0], pairs[i][1]),
				 VERDICT_YES);
		assert_int_equal(verdict_on(40211, pairs[i][0], ""), VERDICT_MORE);
		assert_int_equal(verdict_on(40211, "", pairs[i][1]), VERDICT_MORE);
		assert_int_equal(verdict_on(11211, pairs[i][0], ""), VERDICT_YES);
	}
}

static void every_shorter_line_asks_for_more(void **state)
{
	(void)state;
	static const char set[] = "set key 0 0 5\r\n", value[] = "VALUE key 0 5\r\n";
	char cut[32];
	for (size_t len = 0; len < strlen(set); len++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)len, set);
		assert_int_equal(verdict_on(40211, cut, ""), VERDICT_MORE);
	}
	for (size_t len = 0; len < strlen(value); len++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)len, value);
		assert_int_equal(verdict_on(40211, "", cut), VERDICT_MORE);
	}
}

static void others_are_not_memcached(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "GET / HTTP/1.1\r\n\r\n", "" },
		{ "get / http/1.0\r\n", "HTTP/1.0 400 Bad\r\n" },
		{ "", "220 mail ESMTP\r\n" },
		{ "quit\r\n", "221 bye\r\n" },
		{ "quit\r\n", "+OK bye\r\n" },
		{ "stats\r\n", "OK 923\r\n---\n" }, /* beanstalkd */
		{ "version\r\n", "OK 1.1.18\r\n" }, /* gearman */
		{ "set key value\r\n", "+OK\r\n" }, /* Redis */
		{ "get key\r\n", "$-1\r\n" },
		{ "*1\r\n$4\r\nPING\r\n", "+PONG\r\n" },
		{ "set key zero 0 5\r\n", "" },
		{ "SSH-2.0-x\r\n", "SSH-2.0-y\r\n" },
		{ "\x16\x03\x01\x02", "" },
		{ "", "VERSION of what\r\n" },
		{ "hello there\r\n", "" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(verdict_on(40211, pairs[i][0], pairs[i][1]),
				 VERDICT_NO);
}

static void a_long_line_is_believed_by_its_first_word(void **state)
{
	(void)state;
	char line[OPENING_MAX + 1];
	memset(line, 'k', sizeof(line) - 1);
	line[OPENING_MAX] = '\0';
	assert_int_equal(verdict_on(11211, line, ""), VERDICT_NO);
	for (size_t i = 3; i < OPENING_MAX; i += 10)
		line[i] = ' ';
	memcpy(line, "get", 3);
	assert_int_equal(verdict_on(40211, line, ""), VERDICT_MORE);
	assert_int_equal(verdict_on(40211, line, "END\r\n"), VERDICT_MORE);
	assert_int_equal(verdict_on(40211, line, "VALUE k 0 1\r\n"), VERDICT_YES);
}

/* ---- binary ---- */

struct binary {
	size_t len;
	uint8_t at[512];
};

static struct binary message(unsigned magic, unsigned opcode, unsigned status,
			     const char *key, const void *value, size_t value_len)
{
	struct binary m = { .len = 24 };
	size_t key_len = strlen(key), body = key_len + value_len;
	m.at[0] = (uint8_t)magic;
	m.at[1] = (uint8_t)opcode;
	m.at[3] = (uint8_t)key_len;
	m.at[6] = (uint8_t)(status >> 8);
	m.at[7] = (uint8_t)status;
	m.at[10] = (uint8_t)(body >> 8);
	m.at[11] = (uint8_t)body;
	memcpy(m.at + 24, key, key_len);
	if (value_len > 0)
		memcpy(m.at + 24 + key_len, value, value_len);
	m.len += body;
	return m;
}

static void say(unsigned by, struct binary m)
{
	talk_say(check, by, m.at, m.len);
}

static void binary_messages_are_recognised_from_either_side(void **state)
{
	(void)state;
	struct binary request = message(0x80, 0x00, 0, "key", "", 0);
	struct binary response = message(0x81, 0x00, 1, "", "Not found", 9);
	struct bytes none = { 0 };
	for (size_t len = 1; len <= 24; len++) {
		enum verdict expected = len == 24 ? VERDICT_YES : VERDICT_MORE;
		assert_int_equal(verdict_of(&protocol_memcached, IPPROTO_TCP,
					    bytes_of(request.at, len), none),
				 expected);
		assert_int_equal(verdict_of(&protocol_memcached, IPPROTO_TCP, none,
					    bytes_of(response.at, len)),
				 expected);
	}
	/* SSL 2, Sun RPC, and a key that is longer than the body. */
	static const uint8_t ssl[24] = { 0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10 };
	static const uint8_t rpc[24] = { 0x80, 0, 0, 0x28, 0x12, 0, 0, 0, 0, 0, 0, 0 };
	assert_int_equal(
		verdict_of(&protocol_memcached, IPPROTO_TCP, bytes_of(ssl, 24), none),
		VERDICT_NO);
	assert_int_equal(
		verdict_of(&protocol_memcached, IPPROTO_TCP, bytes_of(rpc, 24), none),
		VERDICT_NO);
}

static void logins_in_binary_are_told_without_the_password(void **state)
{
	(void)state;
	say(CLIENT, message(0x80, 0x21, 0, "PLAIN", "\0alice\0secret", 13));
	say(SERVER, message(0x81, 0x21, 0x20, "", "Auth failure", 12));
	say(CLIENT, message(0x80, 0x21, 0, "PLAIN", "\0alice\0sesame", 13));
	say(SERVER, message(0x81, 0x21, 0, "", "Authenticated", 13));
	assert_int_equal(check->logins, 2);
	assert_string_equal(check->login[0].outcome, "failure");
	assert_string_equal(check->login[0].user, "alice");
	assert_string_equal(check->login[0].method, "PLAIN");
	assert_string_equal(check->login[1].outcome, "success");
	assert_int_equal(check->answers, 2);
	assert_int_equal(check->errors, 0);
	assert_null(memmem(&check->talk, sizeof(check->talk), "secret", 6));
	assert_null(memmem(&check->login, sizeof(check->login), "sesame", 6));
}

static void other_mechanisms_hide_the_user(void **state)
{
	(void)state;
	say(CLIENT, message(0x80, 0x21, 0, "SCRAM-SHA-256", "n,,n=bob,r=x", 12));
	say(SERVER, message(0x81, 0x21, 0x21, "", "r=xy", 4));
	assert_int_equal(check->logins, 0);
	say(CLIENT, message(0x80, 0x22, 0, "SCRAM-SHA-256", "c=biws", 6));
	say(SERVER, message(0x81, 0x22, 0, "", "", 0));
	assert_int_equal(check->logins, 1);
	assert_string_equal(check->login[0].user, "");
	assert_null(check->login[0].method);
}

static void binary_tells_versions_and_errors_octet_by_octet(void **state)
{
	(void)state;
	struct binary parts[] = {
		message(0x81, 0x0b, 0, "", "1.6.18", 6),
		message(0x81, 0x00, 0, "", "a value that is not read", 24),
		message(0x81, 0x01, 0x82, "", "Out of memory", 13),
		message(0x81, 0x00, 1, "", "Not found", 9),
		message(0x81, 0x10, 0, "version", "1.6.19", 6),
		message(0x81, 0x10, 0, "", "", 0),
	};
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < parts[i].len; k++)
			talk_say(check, SERVER, parts[i].at + k, 1);
	assert_int_equal(check->answers, 5);
	assert_int_equal(check->errors, 1);
	assert_string_equal(check->talk.facts.software, "memcached 1.6.19");
}

/* ---- text ---- */

static void statistics_tell_the_version(void **state)
{
	(void)state;
	talk_say_text(check, CLIENT, "stats\r\n");
	talk_say_text(
		check, SERVER,
		"STAT pid 8837\r\nSTAT version 1.4.15\r\nSTAT threads 4\r\nEND\r\n");
	assert_string_equal(check->talk.facts.software, "memcached 1.4.15");
	assert_int_equal(check->talk.facts.cleartext, 1);
	assert_int_equal(check->answers, 1);
	talk_say_text(check, CLIENT, "version\r\n");
	talk_say_text(check, SERVER, "VERSION 1.6.18\r\n");
	assert_string_equal(check->talk.facts.software, "memcached 1.6.18");
	assert_int_equal(check->answers, 2);
}

static const char replies[] = "STORED\r\n"
			      "VALUE key 0 14\r\nSERVER_ERROR\r\n\r\nEND\r\n"
			      "SERVER_ERROR out of memory storing object\r\n"
			      "ERROR\r\nCLIENT_ERROR bad data chunk\r\n"
			      "42\r\nVA 7 f0\r\nEND\r\n..\r\nHD\r\n";

static void values_are_passed_wherever_they_are_cut(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= strlen(replies); cut++) {
		end(NULL);
		begin(NULL);
		talk_say_text(check, CLIENT, "set key 0 0 5\r\nhello\r\n");
		if (cut > 0)
			talk_say(check, SERVER, replies, cut);
		if (cut < strlen(replies))
			talk_say_text(check, SERVER, replies + cut);
		assert_int_equal(check->answers, 8);
		assert_int_equal(check->errors, 1);
	}
	end(NULL);
	begin(NULL);
	for (size_t i = 0; i < strlen(replies); i++)
		talk_say(check, SERVER, replies + i, 1);
	assert_int_equal(check->answers, 8);
}

static void what_clients_store_is_not_read(void **state)
{
	(void)state;
	talk_say_text(check, CLIENT, "set key 0 0 16\r\nSERVER_ERROR x\r\n\r\n");
	talk_say_text(check, CLIENT, "SERVER_ERROR y\r\n");
	assert_int_equal(check->answers, 0);
}

static void a_refused_login_in_text_is_told(void **state)
{
	(void)state;
	talk_say_text(check, CLIENT, "set auth 0 0 12\r\nalice secret\r\n");
	talk_say_text(check, SERVER, "CLIENT_ERROR authentication failure\r\n");
	assert_int_equal(check->logins, 1);
	assert_string_equal(check->login[0].outcome, "failure");
	assert_int_equal(check->errors, 0);
}

/* ---- datagrams ---- */

static void say_framed(unsigned by, unsigned number, const char *text)
{
	uint8_t datagram[512] = { 0x12, 0x34, 0, (uint8_t)number, 0, 2 };
	memcpy(datagram + 8, text, strlen(text));
	talk_say(check, by, datagram, 8 + strlen(text));
}

static void framed_datagrams_are_recognised(void **state)
{
	(void)state;
	static const char ask[] = "\0\0\0\0\0\1\0\0stats\r\n";
	static const char answer[] = "\0\0\0\0\0\2\0\0STAT pid 1\r\n";
	static const char later[] = "\0\0\0\1\0\2\0\0STAT pid 1\r\n";
	static const char other[] = "\0\0\0\0\0\1\0\0hello\r\n";
	struct bytes none = { 0 };
	for (uint16_t port = 11211; port < 40211; port = (uint16_t)(port + 20000)) {
		assert_string_equal(opening_is(IPPROTO_UDP, port, CLIENT,
					       bytes_of(ask, sizeof(ask) - 1), none),
				    "memcached");
		assert_string_equal(opening_is(IPPROTO_UDP, port, SERVER, none,
					       bytes_of(answer, sizeof(answer) - 1)),
				    "memcached");
		assert_true(opening_is(IPPROTO_UDP, port, SERVER, none,
				       bytes_of(later, sizeof(later) - 1)) == NULL);
		assert_true(opening_is(IPPROTO_UDP, port, CLIENT,
				       bytes_of(other, sizeof(other) - 1),
				       none) == NULL);
	}
}

static void who_answers_strangers_in_datagrams_is_an_amplifier(void **state)
{
	(void)state;
	static const uint8_t inside[] = { 10, 0, 0, 1 }, loop[] = { 127, 0, 0, 1 };
	for (unsigned i = 0; i < 3; i++) {
		end(NULL);
		begin_over(IPPROTO_UDP);
		if (i > 0)
			check->addr[CLIENT] = addr_v4(i == 1 ? inside : loop);
		say_framed(CLIENT, 0, "stats\r\n");
		assert_int_equal(check->notices, 0);
		say_framed(SERVER, 0, "STAT pid 1\r\nSTAT version 1.5.5\r\nEND\r\n");
		say_framed(SERVER, 1, "SERVER_ERROR\r\n");
		assert_int_equal(check->notices, i == 0);
		assert_string_equal(check->talk.facts.software, "memcached 1.5.5");
		assert_int_equal(check->answers, 1);
		assert_int_equal(check->errors, 0);
	}
	end(NULL);
	begin_over(IPPROTO_UDP);
	say_framed(SERVER, 0, "SERVER_ERROR busy\r\n");
	assert_string_equal(check->notice[0]->severity, "low");
	assert_true(talk_check_noticed(check, "memcached_udp"));
	assert_int_equal(check->errors, 1);
}

static void random_conversations_do_no_harm(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 10000; round++) {
		if (round % 50 == 0) {
			end(NULL);
			begin_over(round % 100 ? IPPROTO_TCP : IPPROTO_UDP);
		}
		struct binary m =
			message(0x80 + round % 2, (unsigned)rand_r(&seed) % 40, 0,
				"PLAIN", "\0user\0password", 14);
		if (round % 3 == 0) {
			m.len = strlen(replies);
			memcpy(m.at, replies, m.len);
		}
		for (unsigned i = 0; i < round % 4; i++)
			m.at[(size_t)rand_r(&seed) % m.len] = (uint8_t)rand_r(&seed);
		size_t from = round % 7 == 0 ? (size_t)rand_r(&seed) % m.len : 0;
		talk_say(check, (unsigned)rand_r(&seed) % 2, m.at + from, m.len - from);
	}
	talk_finish(check);
}

static void repeated_octets_do_no_harm(void **state)
{
	(void)state;
	static uint8_t flood[16384];
	static const uint8_t octets[] = { 0x00, '\n', 'V', 0x80, 0x81, 0xff };
	for (size_t i = 0; i < sizeof(octets); i++) {
		memset(flood, octets[i], sizeof(flood));
		end(NULL);
		begin_over(i % 2 ? IPPROTO_TCP : IPPROTO_UDP);
		talk_say(check, SERVER, flood, sizeof(flood));
		talk_say(check, CLIENT, flood, sizeof(flood));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(what_nobody_else_says_is_recognised_alone),
		TEST(words_that_others_know_need_both_sides_or_the_port),
		TEST(every_shorter_line_asks_for_more),
		TEST(others_are_not_memcached),
		TEST(a_long_line_is_believed_by_its_first_word),
		TEST(binary_messages_are_recognised_from_either_side),
		TEST(logins_in_binary_are_told_without_the_password),
		TEST(other_mechanisms_hide_the_user),
		TEST(binary_tells_versions_and_errors_octet_by_octet),
		TEST(statistics_tell_the_version),
		TEST(values_are_passed_wherever_they_are_cut),
		TEST(what_clients_store_is_not_read),
		TEST(a_refused_login_in_text_is_told),
		TEST(framed_datagrams_are_recognised),
		TEST(who_answers_strangers_in_datagrams_is_an_amplifier),
		TEST(random_conversations_do_no_harm),
		TEST(repeated_octets_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
