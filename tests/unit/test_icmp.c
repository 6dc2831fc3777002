/*
 * test_icmp.c: pings of all kinds are quiet, data in them is not.
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

extern const struct protocol protocol_icmp;

static struct talk_check *check;
static unsigned seed;

static void begin_over(uint8_t transport)
{
	check = talk_check_new(&protocol_icmp, transport, 0);
	check->port[CLIENT] = transport == IPPROTO_ICMP ? 8 : 128;
	check->port[SERVER] = transport == IPPROTO_ICMP ? 0 : 129;
}

static int begin(void **state)
{
	(void)state;
	seed = (unsigned)time(NULL);
	begin_over(IPPROTO_ICMP);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

static void ping(const uint8_t *data, size_t len)
{
	talk_say(check, CLIENT, data, len);
	talk_say(check, SERVER, data, len);
	check->at_us += 10000;
}

static void fill_random(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)rand_r(&seed);
}

/* Times in front, as they all have. */
static void stamp(uint8_t *data, unsigned number)
{
	memcpy(data, &check->at_us, 8);
	memcpy(data + 8, &number, 4);
}

static void pings_of_every_system_are_quiet(void **state)
{
	(void)state;
	static uint8_t data[8][1472];
	static const size_t lens[8] = { 56, 1472, 32, 1000, 56, 64, 100, 56 };
	static const char who[] =
		"liboping -- ICMP ping library <http://liboping.org/>";
	for (unsigned number = 0; number < 300; number++) {
		for (size_t i = 0; i < 1472; i++) {
			data[0][i] = (uint8_t)i;              /* Linux, macOS, BSD */
			data[1][i] = (uint8_t)i;              /* the same, long */
			data[2][i] = (uint8_t)('a' + i % 23); /* Windows */
			data[3][i] = (uint8_t)('a' + i % 23);
			data[4][i] = 0;                   /* fping, smokeping */
			data[5][i] = i % 2 ? 0xcd : 0xab; /* routers */
			data[6][i] =
				(uint8_t) "\xde\xad\xbe\xef\1\2\3\4"[i % 8]; /* -p */
			data[7][i] = (uint8_t)who[i % sizeof(who)];
		}
		for (size_t k = 0; k < 8; k++) {
			if (k != 2 && k != 3 && k != 7)
				stamp(data[k], number);
			ping(data[k], lens[k]);
		}
	}
	assert_int_equal(check->notices, 0);
}

static void random_octets_of_ordinary_length_are_quiet(void **state)
{
	(void)state;
	uint8_t data[56];
	for (unsigned i = 0; i < 1000; i++) {
		fill_random(data, sizeof(data));
		ping(data, sizeof(data));
	}
	assert_int_equal(check->notices, 0);
}

static void the_same_long_data_again_is_quiet(void **state)
{
	(void)state;
	uint8_t data[1400];
	fill_random(data, sizeof(data));
	for (unsigned i = 0; i < 1000; i++) {
		stamp(data, i);
		ping(data, sizeof(data));
	}
	assert_int_equal(check->notices, 0);
}

/* As when a tunnel's client polls and its server answers with packets of its own. */
static void replies_with_other_data_are_a_tunnel(void **state)
{
	(void)state;
	for (unsigned version = 0; version < 2; version++) {
		uint8_t data[120];
		unsigned count = 0;
		end(NULL);
		begin_over(version == 0 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
		for (; check->notices == 0 && count < 100; count++) {
			fill_random(data, sizeof(data));
			talk_say(check, CLIENT, data, sizeof(data));
			fill_random(data, sizeof(data));
			talk_say(check, SERVER, data, sizeof(data));
		}
		assert_int_equal(count, 8);
		assert_string_equal(check->notice[0]->severity, "high");
		assert_string_equal(check->notice[0]->technique, "icmp");
		assert_string_equal(check->detail[0],
				    "8 of 8 replies in a minute have data that was "
				    "not sent");
		assert_true(check->talk.done);
	}
}

static void who_only_polls_has_a_tunnel_too(void **state)
{
	(void)state;
	uint8_t data[120], poll[8] = { 1 };
	for (unsigned count = 0; count < 10; count++) {
		talk_say(check, CLIENT, poll, sizeof(poll));
		fill_random(data, sizeof(data));
		talk_say(check, SERVER, data, sizeof(data));
	}
	assert_true(talk_check_noticed(check, "icmp"));
}

static void a_few_requests_that_we_lost_are_no_tunnel(void **state)
{
	(void)state;
	uint8_t data[80];
	for (unsigned i = 0; i < 1000; i++) {
		fill_random(data, sizeof(data));
		if (i % 3 != 0)
			talk_say(check, CLIENT, data, sizeof(data));
		talk_say(check, SERVER, data, sizeof(data));
	}
	assert_int_equal(check->notices, 0);
}

static void replies_alone_are_no_tunnel(void **state)
{
	(void)state;
	uint8_t data[80];
	for (unsigned i = 0; i < 1000; i++) {
		fill_random(data, sizeof(data));
		talk_say(check, SERVER, data, sizeof(data));
	}
	assert_int_equal(check->notices, 0);
}

static void replies_in_another_order_are_no_tunnel(void **state)
{
	(void)state;
	uint8_t data[12][80];
	for (unsigned i = 0; i < 100; i++) {
		fill_random(data[0], sizeof(data));
		for (unsigned k = 0; k < 12; k++)
			talk_say(check, CLIENT, data[k], sizeof(data[k]));
		for (unsigned k = 12; k > 0; k--)
			talk_say(check, SERVER, data[k - 1], sizeof(data[k - 1]));
	}
	assert_int_equal(check->notices, 0);
}

static void much_that_goes_out_is_noticed(void **state)
{
	(void)state;
	uint8_t data[1000];
	unsigned count = 0;
	for (; check->notices == 0 && count < 100; count++) {
		fill_random(data, sizeof(data));
		ping(data, sizeof(data));
	}
	assert_int_equal(count, 60);
	assert_string_equal(check->notice[0]->severity, "medium");
	assert_string_equal(check->detail[0],
			    "60 requests in a minute with 1000 octets "
			    "of data each, never the same");
}

static void a_little_now_and_then_is_not(void **state)
{
	(void)state;
	uint8_t data[1000];
	for (unsigned i = 0; i < 500; i++) {
		fill_random(data, sizeof(data));
		ping(data, sizeof(data));
		check->at_us += 2000000;
	}
	assert_int_equal(check->notices, 0);
}

static void only_echo_is_looked_at_and_names_no_flow(void **state)
{
	(void)state;
	assert_true(protocol_icmp.is_hidden);
	struct addr addr[2] = { addr_unset(), addr_unset() };
	struct opening opening = { .said = { bytes_of("abc", 3) }, .addr = addr };
	for (unsigned type = 0; type < 256; type++) {
		opening.port[CLIENT] = (uint16_t)type;
		opening.transport = IPPROTO_ICMP;
		assert_int_equal(protocol_icmp.recognise(&opening),
				 type == 0 || type == 8 ? VERDICT_YES : VERDICT_NO);
		opening.transport = IPPROTO_ICMPV6;
		assert_int_equal(protocol_icmp.recognise(&opening),
				 type == 128 || type == 129 ? VERDICT_YES : VERDICT_NO);
	}
}

static void data_of_every_length_does_no_harm(void **state)
{
	(void)state;
	print_message("seed %u\n", seed);
	uint8_t data[300];
	for (size_t len = 1; len <= sizeof(data); len++)
		for (unsigned by = 0; by < 2; by++) {
			fill_random(data, len);
			talk_say(check, by, data, len);
		}
	talk_finish(check);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(pings_of_every_system_are_quiet),
		TEST(random_octets_of_ordinary_length_are_quiet),
		TEST(the_same_long_data_again_is_quiet),
		TEST(replies_with_other_data_are_a_tunnel),
		TEST(who_only_polls_has_a_tunnel_too),
		TEST(a_few_requests_that_we_lost_are_no_tunnel),
		TEST(replies_alone_are_no_tunnel),
		TEST(replies_in_another_order_are_no_tunnel),
		TEST(much_that_goes_out_is_noticed),
		TEST(a_little_now_and_then_is_not),
		TEST(only_echo_is_looked_at_and_names_no_flow),
		TEST(data_of_every_length_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
