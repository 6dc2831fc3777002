/*
 * test_llmnr.c: what neighbours ask each other by LLMNR.
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

enum { PORT = 5355 };

static struct made made;

static const char *udp_is(uint16_t port, struct bytes said, unsigned first)
{
	struct bytes none = { 0 };
	return opening_is(IPPROTO_UDP, port, first, first == CLIENT ? said : none,
			  first == SERVER ? said : none);
}

static void a_question_and_its_answer_are_recognised_on_their_port(void **state)
{
	(void)state;
	made_header(&made, 4711, 0, 1, 0);
	made_question(&made, "printer", DNS_A);
	assert_string_equal(udp_is(PORT, made_bytes_of(&made), CLIENT), "llmnr");
	const char *elsewhere = udp_is(40053, made_bytes_of(&made), CLIENT);
	assert_true(elsewhere == NULL || strcmp(elsewhere, "llmnr") != 0);
	/* Conflict and tentative (2.1.1) are in bits that DNS has for other things. */
	made_header(&made, 4711, 0x8500, 1, 1);
	made_question(&made, "printer", DNS_A);
	made_rr(&made, DNS_A, 30, "\1\2\3\4", 4);
	assert_string_equal(udp_is(PORT, made_bytes_of(&made), SERVER), "llmnr");
}

static void what_no_neighbour_would_say_is_not(void **state)
{
	(void)state;
	static const uint16_t flags[] = { 0x0800, 0x0010, 0x0080 };
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		made_header(&made, 1, flags[i], 1, 0);
		made_question(&made, "printer", DNS_A);
		assert_null(udp_is(PORT, made_bytes_of(&made), CLIENT));
	}
	made_header(&made, 1, 0, 2, 0);
	made_question(&made, "one", DNS_A);
	made_question(&made, "two", DNS_A);
	assert_null(udp_is(PORT, made_bytes_of(&made), CLIENT));
}

static void a_datagram_that_was_cut_is_not(void **state)
{
	(void)state;
	made_header(&made, 4711, 0, 1, 0);
	made_question(&made, "printer", DNS_A);
	struct bytes whole = made_bytes_of(&made);
	for (size_t len = 1; len < whole.len; len++) {
		uint8_t *cut = malloc(len);
		assert_non_null(cut);
		memcpy(cut, whole.at, len);
		assert_null(udp_is(PORT, bytes_of(cut, len), CLIENT));
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_question_and_its_answer_are_recognised_on_their_port),
		cmocka_unit_test(what_no_neighbour_would_say_is_not),
		cmocka_unit_test(a_datagram_that_was_cut_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
