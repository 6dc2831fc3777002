/*
 * test_ntp.c: time asked and told, and what else an ntpd says.
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

extern const struct protocol protocol_ntp;

static struct talk_check *check;

static int begin(void **state)
{
	(void)state;
	check = talk_check_new(&protocol_ntp, IPPROTO_UDP, 123);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

enum { ORIGIN = 24, RECEIVE = 32, TRANSMIT = 40 };

static void put_time(uint8_t *packet, size_t at, uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		packet[at + i] = (uint8_t)(value >> (56 - 8 * i));
}

/* As ntpd 4.2.8 asks and answers. */
static void make_request(uint8_t packet[48], uint64_t transmit)
{
	memset(packet, 0, 48);
	memcpy(packet, "\x23\x02\x06\xe9\0\0\x02\x6a\0\0\x0d\x19", 12);
	put_time(packet, TRANSMIT, transmit);
}

static void make_answer(uint8_t packet[48], uint64_t origin)
{
	memset(packet, 0, 48);
	memcpy(packet, "\x24\x01\x06\xe9\0\0\0\0\0\0\0\x10GPS\0", 16);
	put_time(packet, ORIGIN, origin);
	put_time(packet, RECEIVE, 0xe8f1000011111111);
	put_time(packet, TRANSMIT, 0xe8f1000022222222);
}

static void ask(uint64_t transmit)
{
	uint8_t packet[48];
	make_request(packet, transmit);
	talk_say(check, CLIENT, packet, sizeof(packet));
}

static void answer(uint64_t origin)
{
	uint8_t packet[48];
	make_answer(packet, origin);
	talk_say(check, SERVER, packet, sizeof(packet));
}

static const char *is(uint16_t port, const void *said, size_t len)
{
	const char *by_client = opening_is(IPPROTO_UDP, port, CLIENT,
					   bytes_of(said, len), (struct bytes){ 0 });
	const char *by_server = opening_is(IPPROTO_UDP, port, SERVER,
					   (struct bytes){ 0 }, bytes_of(said, len));
	assert_true(by_client == by_server);
	return by_client != NULL ? by_client : "nobody's";
}

/* ---- recognising ---- */

static void questions_and_answers_are_ntp_on_any_port(void **state)
{
	(void)state;
	uint8_t packet[72] = { 0 };
	for (uint16_t port = 123; port <= 40123; port = (uint16_t)(port + 40000)) {
		make_request(packet, 1);
		assert_string_equal(is(port, packet, 48), "ntp");
		make_answer(packet, 1);
		assert_string_equal(is(port, packet, 48), "ntp");
		/* With a digest behind it; of SNTP, which only knows its version. */
		assert_string_equal(is(port, packet, 68), "ntp");
		memset(packet, 0, sizeof(packet));
		packet[0] = 0x1b;
		assert_string_equal(is(port, packet, 48), "ntp");
		if (port == 40123)
			break;
	}
}

/* As chrony 4.3 asks: only its poll interval, and a transmit time made up. */
static void a_question_that_tells_nothing_of_its_clock_is_ntp(void **state)
{
	(void)state;
	uint8_t packet[48] = { 0x23, 0, 6, 32 };
	put_time(packet, TRANSMIT, 0xcff579974c742d10);
	assert_string_equal(is(123, packet, sizeof(packet)), "ntp");
	packet[0] = 0x24;
	packet[1] = 3;
	assert_string_equal(is(123, packet, sizeof(packet)), "nobody's");
}

static void every_shorter_packet_is_not_ntp(void **state)
{
	(void)state;
	uint8_t packet[48];
	make_request(packet, 1);
	for (size_t len = 1; len < sizeof(packet); len++)
		assert_string_not_equal(is(123, packet, len), "ntp");
}

static void control_and_private_messages_are_ntp(void **state)
{
	(void)state;
	static const uint8_t read_status[] = { 0x16, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t monlist[192] = { 0x17, 0, 3, 42 };
	uint8_t answer[8 + 6 * 72] = { 0xd7, 0, 3, 42, 0, 6, 0, 72 };
	answer[100] = 1;
	for (size_t i = 0; i < 2; i++) {
		uint16_t port = i == 0 ? 123 : 40123;
		assert_string_equal(is(port, read_status, sizeof(read_status)), "ntp");
		assert_string_equal(is(port, monlist, sizeof(monlist)), "ntp");
		assert_string_equal(is(port, monlist, 8), "ntp");
		assert_string_equal(is(port, answer, sizeof(answer)), "ntp");
	}
}

/* Anything may look like one: elsewhere it is one only behind its question. */
static void answers_to_control_messages_are_ntp_on_its_port(void **state)
{
	(void)state;
	static const uint8_t answer[] = { 0x16, 0x82, 0, 2, 6,   0x18, 0,   0,
					  0,    0,    0, 4, 'a', '=',  '1', ',' };
	assert_string_equal(is(123, answer, sizeof(answer)), "ntp");
	assert_string_not_equal(is(40123, answer, sizeof(answer)), "ntp");
}

static void other_datagrams_are_not_ntp(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} others[] = {
		{ "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP "
		  "192.0.2.1:5060;branch=z9hG4bK1\r\n",
		  64 },
		{ "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe", 56 },
		{ "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x2f\1\0\0\x23\0\0\0\0\0\0\0\x23\xfe"
		  "\xfd\0"
		  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		  48 },
		{ "\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\x10"
		  "ABCDEFGHIJKLMNOP",
		  29 },
		{ "\x0b\x01\0\x30\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x12"
		  "\x1c"
		  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		  48 },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_not_equal(is(40123, others[i].bytes, others[i].len),
					"ntp");
		assert_string_not_equal(is(123, others[i].bytes, others[i].len), "ntp");
	}
}

static void random_datagrams_are_not_ntp(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (size_t round = 0; round < 50000; round++) {
		uint8_t bytes[72];
		size_t len = 8 + 4 * ((size_t)rand_r(&seed) % 17);
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)rand_r(&seed);
		struct addr addr[2] = { addr_unset(), addr_unset() };
		struct opening opening = { .said = { bytes_of(bytes, len) },
					   .transport = IPPROTO_UDP,
					   .port = { 40000, 40123 },
					   .addr = addr };
		assert_int_equal(protocol_ntp.recognise(&opening), VERDICT_NO);
	}
}

/* ---- time ---- */

static void an_answer_is_matched_by_its_origin(void **state)
{
	(void)state;
	ask(0x1111);
	ask(0x2222);
	ask(0x3333);
	answer(0x2222);
	assert_int_equal(check->took_us, 2000);
	answer(0x1111);
	assert_int_equal(check->took_us, 4000);
	answer(0x3333);
	assert_int_equal(check->took_us, 3000);
	talk_finish(check);
	assert_int_equal(check->answers, 3);
	assert_int_equal(check->errors, 0);
	assert_string_equal(check->talk.facts.version, "4");
	assert_int_equal(check->talk.facts.cleartext, 1);
	assert_int_equal(check->notices, 0);
}

static void interleaved_answers_repeat_when_the_last_was_received(void **state)
{
	(void)state;
	uint8_t packet[48];
	make_request(packet, 0x1111);
	put_time(packet, RECEIVE, 0x9999);
	talk_say(check, CLIENT, packet, sizeof(packet));
	ask(0x2222);
	answer(0x9999);
	assert_int_equal(check->took_us, 2000);
}

static void who_tells_no_time_errs(void **state)
{
	(void)state;
	uint8_t packet[48];
	ask(1);
	make_answer(packet, 1);
	packet[0] |= 0xc0; /* not synchronized */
	talk_say(check, SERVER, packet, sizeof(packet));
	assert_int_equal(check->errors, 1);
	ask(2);
	make_answer(packet, 2);
	packet[1] = 16;
	talk_say(check, SERVER, packet, sizeof(packet));
	assert_int_equal(check->errors, 2);
	ask(3);
	make_answer(packet, 3);
	packet[1] = 0; /* a kiss of death */
	memcpy(packet + 12, "RATE", 4);
	talk_say(check, SERVER, packet, sizeof(packet));
	assert_int_equal(check->errors, 3);
	assert_int_equal(check->answers, 3);
}

static void what_nobody_answers_is_an_error(void **state)
{
	(void)state;
	ask(1);
	check->at_us += 64000000;
	ask(2);
	assert_int_equal(check->errors, 1);
	answer(2);
	assert_int_equal(check->took_us, 1000);
	ask(3);
	talk_finish(check);
	assert_int_equal(check->answers, 3);
	assert_int_equal(check->errors, 2);
}

static void a_group_need_not_answer(void **state)
{
	(void)state;
	check->addr[SERVER] = addr_v4((const uint8_t[]){ 224, 0, 1, 1 });
	ask(1);
	talk_finish(check);
	assert_int_equal(check->answers, 0);
}

static void more_questions_than_are_kept_do_no_harm(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 20; i++)
		ask(i);
	for (uint64_t i = 1; i <= 20; i++)
		answer(i);
	talk_finish(check);
	assert_int_equal(check->answers, 20);
	assert_int_equal(check->errors, 0);
}

/* ---- control and private messages ---- */

static void tell_variables(const char *text)
{
	uint8_t packet[512] = { 0x16, 0x82, 0, 2, 6, 0x18 };
	size_t len = strlen(text);
	packet[10] = (uint8_t)(len >> 8);
	packet[11] = (uint8_t)len;
	memcpy(packet + 12, text, len);
	talk_say(check, SERVER, packet, 12 + (len + 3) / 4 * 4);
}

static void variables_tell_the_software(void **state)
{
	(void)state;
	talk_say(check, CLIENT, "\x16\2\0\2\0\0\0\0\0\0\0\0", 12);
	assert_int_equal(check->notices, 0);
	tell_variables("version=\"ntpd 4.2.8p15@1.3728-o (1)\", processor=\"x86_64\", "
		       "system=\"Linux/6.1.0\", leap=0, stratum=2");
	assert_string_equal(check->talk.facts.software, "ntpd 4.2.8p15@1.3728-o (1)");
	assert_int_equal(check->notices, 1);
	assert_true(talk_check_noticed(check, "ntp_control"));
	assert_string_equal(check->notice[0]->severity, "notice");
}

static void to_its_own_machine_a_server_may_tell_all(void **state)
{
	(void)state;
	check->addr[CLIENT] = addr_v4((const uint8_t[]){ 127, 0, 0, 1 });
	tell_variables("version=\"ntpd 4.2.8p15");
	assert_string_equal(check->talk.facts.software, "ntpd 4.2.8p15");
	assert_int_equal(check->notices, 0);
}

static void a_refusal_tells_nothing(void **state)
{
	(void)state;
	talk_say(check, SERVER, "\x16\xc2\0\2\0\0\0\0\0\0\0\0", 12);
	assert_int_equal(check->notices, 0);
}

static void who_asks_for_the_list_of_clients_is_noticed(void **state)
{
	(void)state;
	uint8_t request[192] = { 0x17, 0, 3, 42 };
	talk_say(check, CLIENT, request, sizeof(request));
	assert_int_equal(check->notices, 1);
	assert_true(talk_check_noticed(check, "ntp_monlist_asked"));
	assert_string_equal(check->notice[0]->severity, "low");
	assert_int_equal(check->notice[0]->about, ABOUT_CLIENT);
	/* Refused: no data (4). */
	talk_say(check, SERVER, "\xd7\0\3\x2a\x40\0\0\0", 8);
	assert_int_equal(check->notices, 1);
}

static void who_tells_it_is_an_amplifier(void **state)
{
	(void)state;
	uint8_t answer[8 + 6 * 72] = { 0xd7, 0, 3, 42, 0, 6, 0, 72 };
	talk_say(check, SERVER, answer, sizeof(answer));
	assert_int_equal(check->notices, 1);
	assert_true(talk_check_noticed(check, "ntp_monlist"));
	assert_string_equal(check->notice[0]->severity, "medium");
	assert_int_equal(check->notice[0]->about, ABOUT_SERVICE);
	assert_string_equal(check->detail[0],
			    "the server tells the list of its clients, 6 at a time");
}

static void other_private_requests_are_not_noticed(void **state)
{
	(void)state;
	talk_say(check, CLIENT, "\x17\0\3\1\0\0\0\0", 8);
	talk_say(check, SERVER, "\x97\0\3\1\0\1\0\x20", 8);
	assert_int_equal(check->notices, 0);
}

static void random_packets_do_no_harm(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t packet[64];
		size_t len = 1 + (size_t)rand_r(&seed) % sizeof(packet);
		for (size_t i = 0; i < len; i++)
			packet[i] = (uint8_t)rand_r(&seed);
		talk_say(check, round % 2, packet, len);
		check->at_us += rand_r(&seed) % 5000000;
	}
	talk_finish(check);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(questions_and_answers_are_ntp_on_any_port),
		TEST(a_question_that_tells_nothing_of_its_clock_is_ntp),
		TEST(every_shorter_packet_is_not_ntp),
		TEST(control_and_private_messages_are_ntp),
		TEST(answers_to_control_messages_are_ntp_on_its_port),
		TEST(other_datagrams_are_not_ntp),
		TEST(random_datagrams_are_not_ntp),
		TEST(an_answer_is_matched_by_its_origin),
		TEST(interleaved_answers_repeat_when_the_last_was_received),
		TEST(who_tells_no_time_errs),
		TEST(what_nobody_answers_is_an_error),
		TEST(a_group_need_not_answer),
		TEST(more_questions_than_are_kept_do_no_harm),
		TEST(variables_tell_the_software),
		TEST(to_its_own_machine_a_server_may_tell_all),
		TEST(a_refusal_tells_nothing),
		TEST(who_asks_for_the_list_of_clients_is_noticed),
		TEST(who_tells_it_is_an_amplifier),
		TEST(other_private_requests_are_not_noticed),
		TEST(random_packets_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
