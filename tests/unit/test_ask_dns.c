/*
 * test_ask_dns.c: how servers of names are asked.
 */
#include "asking.h"
#include "dns_made.h"

extern const struct protocol protocol_dns;

/* From the nonce of asking_question(): of the first try, and of one without EDNS. */
enum { ID = '0' << 8 | '1', PLAIN_ID = '2' << 8 | '3' };

#define NAME  "pier.harbour.example"
#define ASKED "\4pier\7harbour\7example\0"
#define EDNS                                                                           \
	"\0\0\x29\x04\xd0"                                                             \
	"\0\0\0\0\0\0"
#define QUERY "01\1\0\0\1\0\0\0\0\0\1" ASKED "\0\1\0\1" EDNS

static struct question question_for(uint8_t transport, const char *path)
{
	struct question question = asking_question(transport);
	question.port = 53;
	question.path = path;
	return question;
}

static void add_option(struct question *question, const char *name, const char *value)
{
	question->options[question->option_count++] =
		(struct question_option){ name, value };
}

static const char *check(const struct question *question)
{
	return protocol_dns.asking->check(question);
}

/* One question, one answer. */
static void comes_to(const struct question *question, const struct made *answer,
		     enum reason reason, const char *detail)
{
	struct turn turns[] = {
		SAYS_SOMETHING,
		{ TURN_HEARS, (const char *)answer->at, answer->len },
	};
	struct script script = SCRIPT(&protocol_dns, question, turns);
	assert_null(check(question));
	asking_is(&script, reason, ASK_CLOSE, detail);
	if (reason == REASON_NONE)
		asking_is_cut(&script);
}

/* Answered with these records of one type, to a question with these options. */
static void answers(const char *const *options, unsigned type,
		    const struct bytes *records, unsigned count, enum reason reason,
		    const char *detail)
{
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made made;
	for (; *options != NULL; options += 2)
		add_option(&question, options[0], options[1]);
	made_header(&made, ID, MADE_ANSWER, 1, count);
	made_question(&made, NAME, type);
	for (unsigned i = 0; i < count; i++)
		made_rr(&made, type, 60, records[i].at, records[i].len);
	comes_to(&question, &made, reason, detail);
}

#define DATA(text)                                                                     \
	{                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1, false                       \
	}

static void a_healthy_server_answers_what_was_asked(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer;
	made_answer(&answer, ID, NAME, 0);
	struct turn turns[] = {
		SAYS(QUERY),
		{ TURN_HEARS, (const char *)answer.at, answer.len },
	};
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 1);
}

static void over_tcp_it_is_behind_its_length(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_TCP, NAME);
	struct made answer, stream = { 0 };
	made_answer(&answer, ID, NAME, 0);
	made_stream(&stream, &answer);
	struct turn turns[] = {
		SAYS("\0\x31" QUERY),
		{ TURN_HEARS, (const char *)stream.at, stream.len },
	};
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 2);
}

static void without_a_name_a_refusal_is_a_sign_of_life(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, "");
	struct made answer;
	made_header(&answer, ID, MADE_ANSWER | 5, 1, 0);
	made_question(&answer, "", DNS_NS);
	struct turn turns[] = {
		SAYS("01\1\0\0\1\0\0\0\0\0\1\0\0\2\0\1" EDNS),
		{ TURN_HEARS, (const char *)answer.at, answer.len },
	};
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	asking_is_well(&script, ASK_CLOSE);
	made_header(&answer, ID, MADE_ANSWER | 2, 1, 0);
	made_question(&answer, "", DNS_NS);
	comes_to(&question, &answer, REASON_error,
		 "the server says SERVFAIL to type NS of the root");
}

static void a_code_says_whose_trouble_it_is(void **state)
{
	(void)state;
	static const struct {
		unsigned rcode;
		enum reason reason;
		const char *detail;
	} codes[] = {
		{ 2, REASON_error, "the server says SERVFAIL to type A of " NAME },
		{ 3, REASON_wrong_answer, "the server says NXDOMAIN" },
		{ 5, REASON_denied, "the server says REFUSED" },
		{ 9, REASON_error, "the server says NOTAUTH" },
		{ 15, REASON_error, "the server says OTHER" },
	};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct question question = question_for(IPPROTO_UDP, NAME);
		struct made answer;
		made_answer(&answer, ID, NAME, codes[i].rcode);
		comes_to(&question, &answer, codes[i].reason, codes[i].detail);
	}
}

static void a_code_may_be_what_is_hoped_for(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer;
	add_option(&question, "rcode", "nxdomain,REFUSED");
	made_answer(&answer, ID, NAME, 3);
	comes_to(&question, &answer, REASON_NONE, "");
	made_answer(&answer, ID, NAME, 5);
	comes_to(&question, &answer, REASON_NONE, "");
	made_answer(&answer, ID, NAME, 0);
	comes_to(&question, &answer, REASON_wrong_answer, "the server says NOERROR");
	made_answer(&answer, ID, NAME, 2);
	comes_to(&question, &answer, REASON_error, "the server says SERVFAIL");
}

static void the_code_has_more_bits_and_a_reason_with_edns(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer;
	made_answer(&answer, ID, NAME, 2);
	answer.at[11] = 1; /* an additional record */
	made_bytes(&answer, "\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\x0f\0\x08\0\x16no key",
		   23);
	comes_to(&question, &answer, REASON_error, "of " NAME ": \"no key\"");
	made_answer(&answer, ID, NAME, 0);
	answer.at[11] = 1;
	made_bytes(&answer, "\0\0\x29\x04\xd0\1\0\0\0\0\0", 11);
	comes_to(&question, &answer, REASON_error, "the server says BADVERS");
}

static void an_answer_must_be_the_one_hoped_for(void **state)
{
	(void)state;
	static const struct bytes addresses[] = { DATA("\xc0\0\2\7"),
						  DATA("\xc0\0\2\x50") };
	static const struct bytes v6[] = { DATA(
		"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7") };
	static const struct bytes mail[] = { DATA("\0\x0a\4Mail\xc0\x11") };
	static const struct bytes text[] = { DATA("\6berth \5seven") };
	static const struct bytes caa[] = { DATA("\0\5issueca.example") };
	const char *const own[] = { "answer", "192.0.2.80", NULL };
	answers(own, DNS_A, addresses, 2, REASON_NONE, "");
	answers(own, DNS_A, addresses, 1, REASON_wrong_answer,
		"the answer is 192.0.2.7, not 192.0.2.80");
	const char *const begin[] = { "answer", "192.0.2.8", NULL };
	answers(begin, DNS_A, addresses, 2, REASON_wrong_answer, "and others");
	const char *const long_form[] = { "type", "aaaa", "answer", "2001:DB8:0::7",
					  NULL };
	answers(long_form, DNS_AAAA, v6, 1, REASON_NONE, "");
	const char *const name[] = { "type", "MX", "answer", "mail.Harbour.example.",
				     NULL };
	answers(name, DNS_MX, mail, 1, REASON_NONE, "");
	const char *const part[] = { "type", "MX", "answer", "harbour.example", NULL };
	answers(part, DNS_MX, mail, 1, REASON_wrong_answer,
		"the answer is mail.harbour.example, not harbour.example");
	const char *const across[] = { "type", "TXT", "answer", "th sev", NULL };
	answers(across, DNS_TXT, text, 1, REASON_NONE, "");
	const char *const absent[] = { "type", "TXT", "answer", "eight", NULL };
	answers(absent, DNS_TXT, text, 1, REASON_wrong_answer,
		"the answer is berth seven, not eight");
	const char *const data[] = { "type", "CAA", "answer", "ca.example", NULL };
	answers(data, 257, caa, 1, REASON_NONE, "");
}

static void there_must_be_enough_answers(void **state)
{
	(void)state;
	static const struct bytes addresses[] = { DATA("\xc0\0\2\7"),
						  DATA("\xc0\0\2\x50") };
	const char *const none[] = { NULL };
	const char *const two[] = { "min_answers", "2", NULL };
	const char *const any[] = { "min_answers", "0", NULL };
	answers(none, DNS_A, NULL, 0, REASON_wrong_answer,
		"0 records of type A, at least 1 are wanted");
	answers(any, DNS_A, NULL, 0, REASON_NONE, "");
	answers(two, DNS_A, addresses, 2, REASON_NONE, "");
	answers(two, DNS_A, addresses, 1, REASON_wrong_answer, "1 records");
}

/* An alias is not an address, nor what signs one. */
static void only_records_of_the_type_count(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer;
	made_header(&answer, ID, MADE_ANSWER, 1, 1);
	made_question(&answer, NAME, DNS_A);
	made_rr(&answer, DNS_CNAME, 60, "\1a\xc0\x11", 4);
	comes_to(&question, &answer, REASON_wrong_answer, "0 records of type A");
}

static void a_cut_answer_is_asked_for_over_tcp(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer;
	made_answer(&answer, ID, NAME, 0);
	answer.at[2] |= DNS_TC >> 8;
	struct turn turns[] = { SAYS_SOMETHING,
				{ TURN_HEARS, (const char *)answer.at, 38 } };
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	struct asked asked;
	asked_run(&asked, &script, 0);
	assert_int_equal(asked.ask->next, ASK_OVER_TCP);
	assert_false(asked.ask->is_judged);
	asked_free(&asked);
}

static void who_does_not_know_edns_is_asked_without(void **state)
{
	(void)state;
	static const char broken[] = "01\x81\x81\0\0\0\0\0\0\0\0";
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer, again;
	made_answer(&answer, PLAIN_ID, NAME, 0);
	made_answer(&again, PLAIN_ID, NAME, 1);
	struct turn turns[] = {
		SAYS(QUERY),
		HEARS(broken),
		SAYS("23\1\0\0\1\0\0\0\0\0\0" ASKED "\0\1\0\1"),
		{ TURN_HEARS, (const char *)answer.at, answer.len },
	};
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 3);
	turns[3] = (struct turn){ TURN_HEARS, (const char *)again.at, again.len };
	asking_is(&script, REASON_error, ASK_CLOSE, "the server says FORMERR");
}

/* None of these answers is to us: the wait goes on, and ends with the right one. */
static void what_answers_another_question_is_let_pass(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made right, other_id, other_name, other_type, query;
	made_answer(&right, ID, NAME, 0);
	made_answer(&other_id, ID + 1, NAME, 0);
	made_answer(&other_name, ID, "quay.harbour.example", 0);
	made_answer(&other_type, ID, NAME, 3);
	other_type.at[12 + sizeof(ASKED)] = DNS_AAAA;
	made_query(&query, ID, NAME, DNS_A);
	struct turn turns[] = {
		SAYS(QUERY),
		{ TURN_HEARS, (const char *)other_id.at, other_id.len },
		{ TURN_HEARS, (const char *)other_name.at, other_name.len },
		{ TURN_HEARS, (const char *)other_type.at, other_type.len },
		{ TURN_HEARS, (const char *)query.at, query.len },
		HEARS("HTTP/1.0 400 no"),
		HEARS("01"),
		{ TURN_HEARS, (const char *)right.at, right.len },
	};
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	asking_is_well(&script, ASK_CLOSE);
}

static void a_stream_of_something_else_is_another_protocol(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_TCP, NAME);
	struct turn turns[] = { SAYS_SOMETHING, HEARS("SSH-2.0-a\r\n") };
	struct script script = SCRIPT(&protocol_dns, &question, turns);
	asking_is(&script, REASON_wrong_protocol, ASK_CLOSE, "no answer");
}

static void a_broken_answer_is_no_dns(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct made answer;
	made_answer(&answer, ID, NAME, 0);
	answer.at[7] = 200;
	comes_to(&question, &answer, REASON_wrong_protocol,
		 "more records are announced");
	made_answer(&answer, ID, NAME, 0);
	answer.len -= 2;
	comes_to(&question, &answer, REASON_wrong_protocol, "ends within");
}

static void recursion_is_asked_for_unless_it_is_not(void **state)
{
	(void)state;
	struct question question = question_for(IPPROTO_UDP, NAME);
	struct asked asked;
	struct script script = { .protocol = &protocol_dns, .question = &question };
	add_option(&question, "rd", "no");
	assert_null(check(&question));
	asked_begin(&asked, &script);
	asked_step(&asked);
	assert_int_equal(asked.ask->out[2], 0);
	asked_free(&asked);
}

static void what_cannot_be_asked_is_refused_beforehand(void **state)
{
	(void)state;
	static const char *const wrong[][2] = {
		{ "type", "ANY" },        { "type", "axfr" },
		{ "type", "OPT" },        { "type", "" },
		{ "type", "BOAT" },       { "rd", "maybe" },
		{ "rcode", "NXDOMIAN" },  { "rcode", "" },
		{ "rcode", "NXDOMAIN," }, { "min_answers", "x" },
		{ "min_answers", "-1" },  { "min_answers", "99" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct question question = question_for(IPPROTO_UDP, NAME);
		add_option(&question, wrong[i][0], wrong[i][1]);
		if (check(&question) == NULL)
			fail_msg("%s=%s", wrong[i][0], wrong[i][1]);
	}
	static const char *const names[] = { "a..b", ".a" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct question question = question_for(IPPROTO_UDP, names[i]);
		assert_non_null(check(&question));
	}
}

static void a_name_has_at_most_255_octets(void **state)
{
	(void)state;
	char name[300] = { 0 };
	struct question question = question_for(IPPROTO_UDP, name);
	memset(name, 'a', 63);
	assert_null(check(&question));
	name[63] = 'a';
	assert_non_null(check(&question));
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 64 == 63 ? '.' : 'a';
	name[253] = '\0'; /* with lengths and the root's zero: 255 */
	assert_null(check(&question));
	memcpy(name + 253, "a", 2);
	assert_non_null(check(&question));
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	struct question over_udp = question_for(IPPROTO_UDP, NAME);
	struct question over_tcp = question_for(IPPROTO_TCP, NAME);
	asking_noise(&protocol_dns, &over_udp);
	asking_noise(&protocol_dns, &over_tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_server_answers_what_was_asked),
		cmocka_unit_test(over_tcp_it_is_behind_its_length),
		cmocka_unit_test(without_a_name_a_refusal_is_a_sign_of_life),
		cmocka_unit_test(a_code_says_whose_trouble_it_is),
		cmocka_unit_test(a_code_may_be_what_is_hoped_for),
		cmocka_unit_test(the_code_has_more_bits_and_a_reason_with_edns),
		cmocka_unit_test(an_answer_must_be_the_one_hoped_for),
		cmocka_unit_test(there_must_be_enough_answers),
		cmocka_unit_test(only_records_of_the_type_count),
		cmocka_unit_test(a_cut_answer_is_asked_for_over_tcp),
		cmocka_unit_test(who_does_not_know_edns_is_asked_without),
		cmocka_unit_test(what_answers_another_question_is_let_pass),
		cmocka_unit_test(a_stream_of_something_else_is_another_protocol),
		cmocka_unit_test(a_broken_answer_is_no_dns),
		cmocka_unit_test(recursion_is_asked_for_unless_it_is_not),
		cmocka_unit_test(what_cannot_be_asked_is_refused_beforehand),
		cmocka_unit_test(a_name_has_at_most_255_octets),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
