/*
 * test_mdns.c: multicast DNS is told from DNS, and what it is about.
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

extern const struct protocol protocol_mdns;

static struct made made;

/* Said from one of its ports to the other's: to the group, or to the one who asked. */
static const char *is(unsigned from, unsigned to, bool to_group)
{
	static const uint8_t group[] = { 224, 0, 0, 251 };
	struct addr addr[2] = { addr_v4((const uint8_t[]){ 192, 0, 2, 1 }),
				addr_v4((const uint8_t[]){ 192, 0, 2, 2 }) };
	if (to_group)
		addr[SERVER] = addr_v4(group);
	struct opening opening = { .said = { made_bytes_of(&made) },
				   .ended = { true, true },
				   .transport = IPPROTO_UDP,
				   .port = { (uint16_t)from, (uint16_t)to },
				   .addr = addr };
	candidates left = candidates_begin(IPPROTO_UDP);
	const struct protocol *protocol = candidates_ask(&left, &opening);
	return protocol != NULL ? protocol->name : "nobody's";
}

/* As a browser of services asks: several questions, some to be answered alone. */
static void make_questions(unsigned count)
{
	made_header(&made, 0, 0, count, 0);
	for (unsigned i = 0; i < count; i++) {
		made_question(&made, i == 0 ? "_ipp._tcp.local" : "_http._tcp.local",
			      DNS_PTR);
		made.at[made.len - 2] = 0x80;
	}
}

/* As a host tells what it has: no question, its own name, the old ones forgotten. */
static void make_announcement(void)
{
	made_header(&made, 0, 0x8400, 0, 1);
	made_name(&made, "laptop.local");
	made_u16(&made, DNS_A);
	made_u16(&made, 0x8001);
	made_u32(&made, 120);
	made_u16(&made, 4);
	made_u32(&made, 0xc0000201);
}

static void questions_and_announcements_to_the_group_are_mdns(void **state)
{
	(void)state;
	for (unsigned count = 1; count <= 20; count++) {
		make_questions(count);
		assert_string_equal(is(5353, 5353, true), "mdns");
		assert_string_equal(is(41000, 5353, true), "mdns");
	}
	make_announcement();
	assert_string_equal(is(5353, 5353, true), "mdns");
}

static void answers_to_one_alone_are_mdns(void **state)
{
	(void)state;
	make_announcement();
	assert_string_equal(is(5353, 5353, false), "mdns");
	/* To a client that knows DNS only its question is repeated (6.7). */
	made_header(&made, 4711, 0x8400, 1, 1);
	made_question(&made, "laptop.local", DNS_A);
	made_rr(&made, DNS_A, 10, "\xc0\0\2\1", 4);
	assert_string_equal(is(5353, 41000, false), "mdns");
}

static void a_server_of_dns_on_its_port_is_none(void **state)
{
	(void)state;
	made_query(&made, 4711, "www.example.com", DNS_A);
	assert_string_equal(is(41000, 5353, false), "dns");
	made_answer(&made, 4711, "www.example.com", 0);
	assert_string_equal(is(5353, 41000, false), "dns");
}

static void elsewhere_it_is_none(void **state)
{
	(void)state;
	make_announcement();
	assert_string_not_equal(is(41000, 41001, false), "mdns");
	assert_string_not_equal(is(5355, 5355, true), "mdns");
}

static void what_is_malformed_is_none(void **state)
{
	(void)state;
	make_announcement();
	for (size_t len = made.len - 1; len > 0; len--) {
		made.len = len;
		assert_string_equal(is(5353, 5353, true), "nobody's");
	}
	make_questions(1);
	made.at[3] = 3; /* an outcome */
	assert_string_equal(is(5353, 5353, true), "nobody's");
	make_questions(1);
	made.at[made.len - 1] = 3; /* no class of it */
	assert_string_equal(is(5353, 5353, true), "nobody's");
}

static void it_is_known_what_it_is_about_and_silence_is_no_error(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct talk_check *check =
			talk_check_new(&protocol_mdns, IPPROTO_UDP, 5353);
		if (i == 0)
			make_questions(3);
		else
			make_announcement();
		talk_say(check, CLIENT, made.at, made.len);
		assert_string_equal(check->talk.facts.name,
				    i == 0 ? "_ipp._tcp.local" : "laptop.local");
		assert_int_equal(check->talk.facts.cleartext, 1);
		assert_true(check->talk.done);
		talk_finish(check);
		assert_int_equal(check->answers, 0);
		assert_int_equal(check->records, 0);
		assert_int_equal(check->notices, 0);
		talk_check_free(check);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_and_announcements_to_the_group_are_mdns),
		cmocka_unit_test(answers_to_one_alone_are_mdns),
		cmocka_unit_test(a_server_of_dns_on_its_port_is_none),
		cmocka_unit_test(elsewhere_it_is_none),
		cmocka_unit_test(what_is_malformed_is_none),
		cmocka_unit_test(it_is_known_what_it_is_about_and_silence_is_no_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
