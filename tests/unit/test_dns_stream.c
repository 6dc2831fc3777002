/*
 * test_dns_stream.c: DNS over TCP, where messages come cut, joined, long and lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_made.h"
#include "talk_check.h"

extern const struct protocol protocol_dns;

static struct talk_check *check;

static int begin(void **state)
{
	(void)state;
	check = talk_check_new(&protocol_dns, IPPROTO_TCP, 53);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

static void make_dialogue(struct made sides[2])
{
	static struct made message;
	sides[CLIENT].len = sides[SERVER].len = 0;
	for (unsigned id = 1; id <= 3; id++) {
		char name[32];
		snprintf(name, sizeof(name), "host%u.example.com", id);
		made_query(&message, id, name, DNS_A);
		made_stream(&sides[CLIENT], &message);
		made_answer(&message, id, name, id == 2 ? DNS_SERVFAIL : 0);
		made_stream(&sides[SERVER], &message);
	}
}

static void a_stream_may_be_cut_anywhere(void **state)
{
	(void)state;
	static struct made sides[2];
	make_dialogue(sides);
	for (size_t cut = 1; cut < sides[CLIENT].len; cut++) {
		end(NULL);
		begin(NULL);
		talk_say(check, CLIENT, sides[CLIENT].at, cut);
		talk_say(check, CLIENT, sides[CLIENT].at + cut,
			 sides[CLIENT].len - cut);
		talk_say(check, SERVER, sides[SERVER].at, cut);
		talk_say(check, SERVER, sides[SERVER].at + cut,
			 sides[SERVER].len - cut);
		assert_int_equal(check->answers, 3);
		assert_int_equal(check->errors, 1);
		assert_int_equal(check->records, 3);
		assert_string_equal(check->record[2].dns.query, "host3.example.com");
		assert_string_equal(check->record[2].dns.answer, "192.0.2.80");
		assert_int_equal(check->notices, 0);
	}
}

static void a_stream_may_come_octet_by_octet(void **state)
{
	(void)state;
	static struct made sides[2];
	make_dialogue(sides);
	for (unsigned side = 0; side < 2; side++)
		for (size_t i = 0; i < sides[side].len; i++)
			talk_say(check, side, sides[side].at + i, 1);
	assert_int_equal(check->answers, 3);
	assert_int_equal(check->errors, 1);
}

static void of_a_long_message_the_begin_is_read_and_the_rest_passed(void **state)
{
	(void)state;
	static struct made stream, message;
	made_query(&message, 1, "big.example", DNS_TXT);
	stream.len = 0;
	made_stream(&stream, &message);
	made_query(&message, 2, "small.example", DNS_A);
	made_stream(&stream, &message);
	talk_say(check, CLIENT, stream.at, stream.len);
	made_header(&message, 1, MADE_ANSWER, 1, 1900);
	made_question(&message, "big.example", DNS_TXT);
	for (size_t i = 0; i < 1900; i++)
		made_rr(&message, DNS_TXT, 5, "\7chapter", 8);
	stream.len = 0;
	made_stream(&stream, &message);
	size_t first_len = stream.len;
	made_answer(&message, 2, "small.example", 0);
	static struct made rest;
	rest.len = 0;
	made_stream(&rest, &message);
	for (size_t from = 0; from < first_len; from += 1460)
		talk_say(check, SERVER, stream.at + from,
			 first_len - from < 1460 ? first_len - from : 1460);
	talk_say(check, SERVER, rest.at, rest.len);
	assert_int_equal(check->answers, 2);
	assert_int_equal(check->record[0].dns.answers, 1900);
	assert_int_equal(check->record[0].dns.response_bytes, first_len - 2);
	assert_string_equal(check->record[1].dns.answer, "192.0.2.80");
	assert_int_equal(check->notices, 0);
}

static void after_a_gap_reading_goes_on_with_the_next_turn(void **state)
{
	(void)state;
	static struct made stream, message;
	for (unsigned id = 1; id <= 2; id++) {
		made_query(&message, id, "a.example", DNS_A);
		stream.len = 0;
		made_stream(&stream, &message);
		talk_say(check, CLIENT, stream.at, stream.len);
		if (id == 1)
			talk_lose(check, SERVER);
	}
	made_answer(&message, 2, "a.example", 0);
	stream.len = 0;
	made_stream(&stream, &message);
	talk_say(check, SERVER, stream.at, stream.len);
	talk_finish(check);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->errors, 0);
	assert_int_equal(check->notices, 0);
}

static void a_transfer_of_a_zone_is_noticed(void **state)
{
	(void)state;
	static struct made stream, message;
	static const uint8_t inside[] = { 10, 0, 0, 1 };
	for (unsigned is_near = 0; is_near < 2; is_near++) {
		end(NULL);
		begin(NULL);
		if (is_near)
			check->addr[CLIENT] = addr_v4(inside);
		made_query(&message, 1, "example.com", DNS_AXFR);
		stream.len = 0;
		made_stream(&stream, &message);
		talk_say(check, CLIENT, stream.at, stream.len);
		made_header(&message, 1, 0x8480, 1, 2);
		made_question(&message, "example.com", DNS_AXFR);
		made_rr(&message, DNS_SOA, 60, "\2ns\xc0\x0c\0\0\0\0\0\0\0\0\0\0\0\0",
			17);
		made_rr(&message, DNS_NS, 60, "\2ns\xc0\x0c", 5);
		stream.len = 0;
		made_stream(&stream, &message);
		/* The next part repeats no question (RFC 5936 2.2.1). */
		made_header(&message, 1, 0x8480, 0, 0);
		made_stream(&stream, &message);
		talk_say(check, SERVER, stream.at, stream.len);
		assert_int_equal(check->notices, 1);
		assert_true(talk_check_noticed(check, "zone_transfer"));
		assert_string_equal(check->notice[0]->severity,
				    is_near ? "notice" : "low");
		assert_string_equal(check->detail[0],
				    "the zone example.com was transferred");
		assert_int_equal(check->answers, 1);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_stream_may_be_cut_anywhere),
		TEST(a_stream_may_come_octet_by_octet),
		TEST(of_a_long_message_the_begin_is_read_and_the_rest_passed),
		TEST(after_a_gap_reading_goes_on_with_the_next_turn),
		TEST(a_transfer_of_a_zone_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
