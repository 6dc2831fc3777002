/*
 * test_dns.c: questions of DNS matched with their answers, what is wrong noticed.
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

#include "dns_made.h"
#include "talk_check.h"

extern const struct protocol protocol_dns;

static struct made made, other;
static struct talk_check *check;

static void begin_over(uint8_t transport)
{
	check = talk_check_new(&protocol_dns, transport, 53);
}

static int begin(void **state)
{
	(void)state;
	begin_over(IPPROTO_UDP);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

static void say(unsigned by)
{
	talk_say(check, by, made.at, made.len);
}

static void ask(unsigned id, const char *name)
{
	made_query(&made, id, name, DNS_A);
	say(CLIENT);
}

static void answer(unsigned id, const char *name, unsigned rcode)
{
	made_answer(&made, id, name, rcode);
	say(SERVER);
}

/* ---- questions and answers ---- */

static void an_answer_is_matched_timed_and_recorded(void **state)
{
	(void)state;
	made_query(&made, 4711, "WWW.Example.com", DNS_A);
	say(CLIENT);
	made_header(&made, 4711, MADE_ANSWER, 1, 2);
	made_question(&made, "www.example.com", DNS_A);
	made_rr(&made, DNS_CNAME, 60, "\2lb\xc0\x10", 5);
	made_rr(&made, DNS_A, 300, "\xc0\0\2\1", 4);
	say(SERVER);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->errors, 0);
	assert_int_equal(check->took_us, 1000);
	assert_string_equal(check->talk.facts.name, "www.example.com");
	assert_int_equal(check->talk.facts.cleartext, 1);
	assert_int_equal(check->records, 1);
	const struct dns_record *dns = &check->record[0].dns;
	assert_int_equal(dns->at, check->at_us - 1000);
	assert_int_equal(dns->id, 4711);
	assert_string_equal(dns->query, "www.example.com");
	assert_string_equal(dns->type, "A");
	assert_int_equal(dns->type_number, 1);
	assert_int_equal(dns->opcode, 0);
	assert_int_equal(dns->flags, MADE_ANSWER);
	assert_string_equal(dns->rcode, "NOERROR");
	assert_int_equal(dns->answers, 2);
	assert_string_equal(dns->answer, "lb.example.com,192.0.2.1");
	assert_int_equal(dns->ttl_s, 60);
	assert_int_equal(dns->request_bytes, 33);
	assert_int_equal(dns->response_bytes, made.len);
	assert_int_equal(dns->took_us, 1000);
	assert_int_equal(check->notices, 0);
}

static void answers_may_come_in_any_order(void **state)
{
	(void)state;
	for (unsigned id = 1; id <= 3; id++)
		ask(id, id == 2 ? "two.example" : "odd.example");
	answer(3, "odd.example", 0);
	assert_int_equal(check->took_us, 1000);
	answer(1, "odd.example", 0);
	assert_int_equal(check->took_us, 4000);
	answer(2, "two.example", 0);
	assert_int_equal(check->took_us, 4000);
	talk_finish(check);
	assert_int_equal(check->answers, 3);
	assert_int_equal(check->errors, 0);
	assert_int_equal(check->notices, 0);
}

static void one_identifier_may_ask_two_questions(void **state)
{
	(void)state;
	ask(1, "a.example");
	ask(1, "b.example");
	answer(1, "b.example", 0);
	answer(1, "a.example", 0);
	assert_int_equal(check->answers, 2);
	assert_int_equal(check->took_us, 3000);
	assert_int_equal(check->notices, 0);
}

static void a_question_asked_again_waits_since_the_first_time(void **state)
{
	(void)state;
	ask(1, "a.example");
	ask(1, "a.example");
	ask(1, "a.example");
	answer(1, "a.example", 0);
	assert_int_equal(check->took_us, 3000);
	/* The answer to the copy is a copy. */
	answer(1, "a.example", 0);
	talk_finish(check);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->records, 1);
	assert_int_equal(check->notices, 0);
}

static void only_servfail_is_an_error(void **state)
{
	(void)state;
	static const unsigned fine[] = { 0, 1, 3, 4, 5 };
	for (unsigned i = 0; i < 5; i++) {
		ask(i, "a.example");
		answer(i, "a.example", fine[i]);
	}
	assert_int_equal(check->answers, 5);
	assert_int_equal(check->errors, 0);
	ask(9, "a.example");
	answer(9, "a.example", DNS_SERVFAIL);
	assert_int_equal(check->errors, 1);
	assert_string_equal(check->record[5].dns.rcode, "SERVFAIL");
	assert_string_equal(check->record[1].dns.rcode, "FORMERR");
}

static void the_outcome_has_the_high_bits_of_edns(void **state)
{
	(void)state;
	static const uint8_t opt[] = { 0, 0, 41, 4, 0xd0, 1, 0, 0, 0, 0, 0 };
	ask(1, "a.example");
	made_header(&made, 1, MADE_ANSWER, 1, 0);
	made.at[11] = 1;
	made_question(&made, "a.example", DNS_A);
	made_bytes(&made, opt, sizeof(opt));
	say(SERVER);
	assert_string_equal(check->record[0].dns.rcode, "BADVERS");
}

static void an_error_may_leave_the_question_out(void **state)
{
	(void)state;
	ask(1, "a.example");
	made_header(&made, 1, MADE_ANSWER | DNS_SERVFAIL, 0, 0);
	say(SERVER);
	assert_int_equal(check->errors, 1);
	assert_int_equal(check->took_us, 1000);
	assert_int_equal(check->notices, 0);
}

static void what_nobody_answers_is_an_error_at_the_end(void **state)
{
	(void)state;
	ask(1, "a.example");
	int64_t asked_us = check->at_us;
	ask(2, "b.example");
	answer(2, "b.example", 0);
	talk_finish(check);
	assert_int_equal(check->answers, 2);
	assert_int_equal(check->errors, 1);
	assert_true(check->took_us == UNKNOWN_U64);
	const struct dns_record *dns = &check->record[1].dns;
	assert_int_equal(dns->at, asked_us);
	assert_string_equal(dns->query, "a.example");
	assert_string_equal(dns->type, "A");
	assert_int_equal(dns->id, 1);
	assert_true(dns->took_us == UNKNOWN_U64);
	assert_null(dns->rcode);
	assert_int_equal(dns->flags, UNKNOWN_U32);
}

static void what_nobody_answers_for_ten_seconds_is_an_error(void **state)
{
	(void)state;
	ask(1, "a.example");
	int64_t asked_us = check->at_us;
	check->at_us += 10 * 1000000 - 1000;
	ask(2, "b.example");
	assert_int_equal(check->errors, 0);
	ask(3, "c.example");
	assert_int_equal(check->errors, 1);
	/* Hours later, when 32 bits of microseconds have gone round. */
	check->at_us += 2LL * UINT32_MAX;
	ask(4, "d.example");
	assert_int_equal(check->errors, 3);
	assert_int_equal(check->record[0].dns.at, asked_us);
	assert_int_equal(check->record[1].dns.at, asked_us + 10 * 1000000);
	/* An answer that late is no news, and nobody's forgery. */
	answer(1, "a.example", 0);
	assert_int_equal(check->answers, 3);
	assert_int_equal(check->notices, 0);
}

static void a_group_need_not_answer(void **state)
{
	(void)state;
	check->addr[SERVER] = addr_v4((const uint8_t[]){ 224, 0, 0, 1 });
	ask(1, "a.example");
	talk_finish(check);
	assert_int_equal(check->answers, 0);
	assert_int_equal(check->records, 0);
}

static void more_than_we_keep_are_forgotten_not_accused(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 40; id++)
		ask(id, "a.example");
	for (unsigned id = 0; id < 40; id++)
		answer(id, "a.example", 0);
	talk_finish(check);
	assert_int_equal(check->answers, 40);
	assert_int_equal(check->errors, 0);
	assert_int_equal(check->notices, 0);
}

static void an_answer_alone_is_counted_untimed(void **state)
{
	(void)state;
	answer(1, "a.example", DNS_SERVFAIL);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->errors, 1);
	assert_true(check->took_us == UNKNOWN_U64);
	assert_string_equal(check->record[0].dns.query, "a.example");
	assert_int_equal(check->notices, 0);
}

static void nothing_is_made_that_nobody_wants(void **state)
{
	(void)state;
	check->sink.wants = 0;
	ask(1, "a.example");
	ask(2, "b.example");
	answer(2, "b.example", 0);
	talk_finish(check);
	assert_int_equal(check->records, 0);
	assert_int_equal(check->answers, 2);
}

static void without_memory_conversations_are_still_read(void **state)
{
	(void)state;
	talk_room_free(check->talk.room);
	check->talk.room = NULL;
	ask(1, "a.example");
	answer(1, "a.example", 0);
	ask(2, "a.example");
	talk_finish(check);
	assert_int_equal(check->answers, 2);
	assert_int_equal(check->records, 1);
}

/* ---- what is wrong ---- */

static const struct talk_notice *only_notice(const char *technique)
{
	assert_int_equal(check->notices, 1);
	assert_string_equal(check->notice[0]->technique, technique);
	return check->notice[0];
}

static void names_made_to_break_parsers_are_noticed(void **state)
{
	(void)state;
	made_header(&made, 1, MADE_QUERY, 1, 0);
	made_bytes(&made, "\xc0\x0c\0\1\0\1", 6);
	say(CLIENT);
	assert_string_equal(only_notice("dns_name")->severity, "low");
	assert_string_equal(check->detail[0],
			    "in a message of 18 octets from the client, "
			    "a name points to what is not before it");
	say(CLIENT);
	assert_int_equal(check->notices, 1);
}

static void names_in_answers_are_looked_at_too(void **state)
{
	(void)state;
	ask(1, "a.example");
	made_header(&made, 1, MADE_ANSWER, 1, 1);
	made_question(&made, "a.example", DNS_A);
	made_rr(&made, DNS_CNAME, 1, "\xc0\x27", 2); /* to itself */
	say(SERVER);
	only_notice("dns_name");
	assert_string_equal(check->detail[0],
			    "in a message of 41 octets from the server, "
			    "a name points to what is not before it");
}

static void names_are_looked_at_though_nobody_wants_records(void **state)
{
	check->sink.wants = 0;
	names_in_answers_are_looked_at_too(state);
}

static void counts_beyond_the_end_are_noticed(void **state)
{
	(void)state;
	ask(1, "a.example");
	made_header(&made, 1, MADE_ANSWER, 1, 65535);
	made_question(&made, "a.example", DNS_A);
	say(SERVER);
	assert_string_equal(only_notice("dns_length")->severity, "notice");
	assert_int_equal(check->answers, 0);
}

static void a_message_cut_to_fit_is_in_order(void **state)
{
	(void)state;
	ask(1, "a.example");
	made_header(&made, 1, MADE_ANSWER | DNS_TC, 1, 9);
	made_question(&made, "a.example", DNS_A);
	made_rr(&made, DNS_A, 1, "\1\2\3\4", 4);
	made.len -= 2;
	say(SERVER);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->notices, 0);
}

static void a_question_cut_short_has_no_time_to_live(void **state)
{
	(void)state;
	made_header(&made, 1, MADE_ANSWER | DNS_TC | DNS_SERVFAIL, 1, 9);
	made_question(&made, "a.example", DNS_A);
	made.len -= 5;
	say(SERVER);
	talk_finish(check);
	assert_int_equal(check->record[0].dns.ttl_s, UNKNOWN_U32);
	assert_string_equal(check->record[0].dns.rcode, "SERVFAIL");
}

static void an_answer_to_another_question_is_noticed(void **state)
{
	(void)state;
	ask(1, "www.bank.example");
	answer(1, "www.thief.example", 0);
	assert_string_equal(only_notice("dns_other_answer")->severity, "low");
	assert_string_equal(check->detail[0],
			    "an answer about www.thief.example, which was not asked");
	assert_int_equal(check->answers, 0);
	answer(1, "www.bank.example", 0);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->took_us, 2000);
}

static void guessed_identifiers_are_noticed(void **state)
{
	(void)state;
	ask(0x4242, "www.bank.example");
	for (unsigned id = 0; id < 7; id++)
		answer(id, "www.bank.example", 0);
	assert_int_equal(check->notices, 0);
	answer(7, "www.bank.example", 0);
	assert_string_equal(only_notice("dns_forged_answers")->severity, "medium");
	assert_int_equal(check->answers, 0);
	answer(0x4242, "www.bank.example", 0);
	assert_int_equal(check->answers, 1);
}

static void a_refused_transfer_is_not(void **state)
{
	(void)state;
	made_query(&made, 1, "example.com", DNS_AXFR);
	say(CLIENT);
	made_header(&made, 1, MADE_ANSWER | 5, 1, 0);
	made_question(&made, "example.com", DNS_AXFR);
	say(SERVER);
	assert_int_equal(check->notices, 0);
}

static void the_version_a_server_tells_is_its_software(void **state)
{
	(void)state;
	made_header(&made, 1, MADE_QUERY, 1, 0);
	made_name(&made, "version.bind");
	made_u16(&made, DNS_TXT);
	made_u16(&made, DNS_CLASS_CH);
	say(CLIENT);
	made_header(&made, 1, MADE_ANSWER, 1, 1);
	made_name(&made, "version.bind");
	made_u16(&made, DNS_TXT);
	made_u16(&made, DNS_CLASS_CH);
	made_rr(&made, DNS_TXT, 0, "\x0eunbound 1.17.1", 15);
	say(SERVER);
	assert_string_equal(check->talk.facts.software, "unbound 1.17.1");
}

static void random_conversations_do_no_harm(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 6000; round++) {
		if (round % 100 == 0) {
			talk_check_free(check);
			begin_over(round % 200 == 0 ? IPPROTO_UDP : IPPROTO_TCP);
		}
		made_answer(&made, (unsigned)rand_r(&seed) % 8, "www.example.com",
			    round % 4);
		if (round % 3 == 0)
			made_query(&made, (unsigned)rand_r(&seed) % 8, "a.example",
				   DNS_A);
		for (unsigned i = 0; i < round % 5; i++)
			made.at[(size_t)rand_r(&seed) % made.len] =
				(uint8_t)rand_r(&seed);
		other.len = 0;
		made_stream(&other, &made);
		struct made *said =
			check->talk.transport == IPPROTO_TCP ? &other : &made;
		talk_say(check, round % 2, said->at, said->len);
		check->at_us += rand_r(&seed) % 5000000;
	}
	talk_finish(check);
}

/* 16 KiB of each octet, the worst for whoever looks again at what he left. */
static void repeated_octets_do_no_harm(void **state)
{
	(void)state;
	static uint8_t flood[16384];
	static const uint8_t octets[] = { 0x00, 0x01, 0x0c, 0x3f, 0x40, 0xc0, 0xff };
	for (size_t i = 0; i < sizeof(octets); i++) {
		memset(flood, octets[i], sizeof(flood));
		for (unsigned stream = 0; stream < 2; stream++) {
			talk_check_free(check);
			begin_over(stream ? IPPROTO_TCP : IPPROTO_UDP);
			talk_say(check, SERVER, flood, sizeof(flood));
			talk_say(check, CLIENT, flood, 1);
			talk_finish(check);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_matched_timed_and_recorded),
		TEST(answers_may_come_in_any_order),
		TEST(one_identifier_may_ask_two_questions),
		TEST(a_question_asked_again_waits_since_the_first_time),
		TEST(only_servfail_is_an_error),
		TEST(the_outcome_has_the_high_bits_of_edns),
		TEST(an_error_may_leave_the_question_out),
		TEST(what_nobody_answers_is_an_error_at_the_end),
		TEST(what_nobody_answers_for_ten_seconds_is_an_error),
		TEST(a_group_need_not_answer),
		TEST(more_than_we_keep_are_forgotten_not_accused),
		TEST(an_answer_alone_is_counted_untimed),
		TEST(nothing_is_made_that_nobody_wants),
		TEST(without_memory_conversations_are_still_read),
		TEST(names_made_to_break_parsers_are_noticed),
		TEST(names_in_answers_are_looked_at_too),
		TEST(counts_beyond_the_end_are_noticed),
		TEST(a_message_cut_to_fit_is_in_order),
		TEST(a_question_cut_short_has_no_time_to_live),
		TEST(names_are_looked_at_though_nobody_wants_records),
		TEST(an_answer_to_another_question_is_noticed),
		TEST(guessed_identifiers_are_noticed),
		TEST(a_refused_transfer_is_not),
		TEST(the_version_a_server_tells_is_its_software),
		TEST(random_conversations_do_no_harm),
		TEST(repeated_octets_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
