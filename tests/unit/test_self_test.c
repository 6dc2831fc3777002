/*
 * test_self_test.c: what the self-test's process and the daemon may say to each other,
 * and what is proven by what it saw.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/proven.h"
#include "guard/self_test.h"

#define DECIDED_US 1700000000000000LL

static struct addr address(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

/* ---- messages ---- */

static struct self_test_order order_of(const char *ours, const char *theirs)
{
	return (struct self_test_order){ 7, address(ours), address(theirs) };
}

static bool is_taken(const char *ours, const char *theirs)
{
	struct self_test_order order = order_of(ours, theirs), out;
	return self_test_order_parse(&order, sizeof(order), &out);
}

static void only_addresses_that_are_nobodys_are_taken(void **state)
{
	(void)state;
	assert_true(is_taken("198.18.0.1", "198.18.0.2"));
	assert_true(is_taken("198.19.255.253", "198.19.255.254"));
	assert_true(is_taken("fd12:3456:789a:1::1", "fd12:3456:789a:2::1"));
	assert_false(is_taken("198.20.0.1", "198.18.0.2"));
	assert_false(is_taken("198.18.0.1", "192.0.2.1"));
	assert_false(is_taken("198.18.0.1", "198.18.0.1"));
	assert_false(is_taken("198.18.0.1", "fd12::1"));
	assert_false(is_taken("fd12::1", "2001:db8::1"));
	/* The block of a /64 would be one of ourselves. */
	assert_false(is_taken("fd12::1", "fd12::2"));
}

static void orders_of_another_size_or_without_a_number_are_none(void **state)
{
	(void)state;
	struct self_test_order order = order_of("198.18.0.1", "198.18.0.2"), out;
	assert_false(self_test_order_parse(&order, sizeof(order) - 1, &out));
	order.id = 0;
	assert_false(self_test_order_parse(&order, sizeof(order), &out));
}

static bool event_is_taken(const struct self_test_event *event)
{
	struct self_test_event out;
	return self_test_event_parse(event, sizeof(*event), &out);
}

static void each_field_of_an_event_is_judged(void **state)
{
	(void)state;
	const struct self_test_event good = { .id = 7,
					      .kind = SELF_TEST_ENDS,
					      .outcome = SELF_TEST_WELL,
					      .sent = 10,
					      .arrived = 8,
					      .passed = 1,
					      .session_ended = 1 };
	assert_true(event_is_taken(&good));
	struct self_test_event bad[10];
	for (size_t i = 0; i < 10; i++)
		bad[i] = good;
	bad[0].kind = 0;
	bad[1].kind = SELF_TEST_ENDS + 1;
	bad[2].outcome = 0;
	bad[3].outcome = SELF_TEST_NOT_BACK + 1;
	bad[4].kind = SELF_TEST_GOES_ON;
	bad[5].error = 1;
	bad[6].stopped_us = -1;
	bad[7].arrived = 11;
	bad[8].session_ended = 2;
	bad[9].zero[4] = 1;
	for (size_t i = 0; i < 10; i++)
		assert_false(event_is_taken(&bad[i]));
	struct self_test_event out;
	assert_false(self_test_event_parse(&good, sizeof(good) - 1, &out));
}

/* ---- what is proven ---- */

/* A round in which all went well. */
static struct proven_round well(void)
{
	return (struct proven_round){
		.has_ended = true,
		.is_known = true,
		.ends = { .outcome = SELF_TEST_WELL,
			  .stopped_us = DECIDED_US + 14000,
			  .sent = 480,
			  .session_ended = 1 },
		.seen = 480,
		.decided_us = DECIDED_US,
		.detect_us = 9000,
		.is_ordered = true,
		.told = { .outcome = WALL_HELD },
	};
}

/* A round in which packets went on. */
static struct proven_round open_gate(void)
{
	struct proven_round round = well();
	round.ends.outcome = SELF_TEST_NOT_STOPPED;
	round.ends.stopped_us = 0;
	round.ends.session_ended = 0;
	return round;
}

static struct self_test_record judged(struct proven_round first,
				      struct proven_round second)
{
	const struct proven_round rounds[PROVEN_ROUNDS] = { first, second };
	struct self_test_record record;
	proven_judge(rounds, &record);
	return record;
}

static void expect(struct proven_round round, const char *result, const char *words)
{
	struct self_test_record record = judged(round, well());
	assert_string_equal(record.result, result);
	if (strstr(record.detail, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, record.detail);
}

static void a_test_that_went_well_is_told_with_its_numbers(void **state)
{
	(void)state;
	struct proven_round slow = well();
	struct buf words = { 0 };
	slow.detect_us = 11000;
	slow.seen = 470;
	struct self_test_record record = judged(well(), slow);
	assert_string_equal(record.result, "passed");
	assert_string_equal(record.detail, "");
	assert_string_equal(record.versions, "IPv4, IPv6");
	assert_int_equal(record.detect_us, 11000);
	assert_int_equal(record.block_us, 14000);
	assert_int_equal(record.sent, 960);
	assert_int_equal(record.seen, 950);
	proven_words(&record, &words);
	assert_string_equal(buf_cstr(&words), "detected in 11 ms, blocked in 14 ms, 10 "
					      "of 960 packets lost");
	buf_free(&words);
}

static void a_machine_without_one_of_the_versions_is_tested_with_the_other(void **state)
{
	(void)state;
	static const int absent[] = { -EAFNOSUPPORT, -EACCES, -EADDRNOTAVAIL };
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		struct proven_round none = { .has_ended = true };
		none.ends.outcome = SELF_TEST_NO_NETWORK;
		none.ends.error = absent[i];
		struct self_test_record record = judged(well(), none);
		assert_string_equal(record.result, "passed");
		assert_string_equal(record.versions, "IPv4");
		record = judged(none, none);
		assert_string_equal(record.result, "unknown");
	}
}

static void what_can_not_be_made_is_unknown(void **state)
{
	(void)state;
	struct proven_round round = { 0 };
	expect(round, "unknown", "did not come to an end");
	round.has_ended = true;
	round.ends.outcome = SELF_TEST_NO_NETWORK;
	round.ends.error = -EPERM;
	expect(round, "unknown", strerror(EPERM));
	round.ends.error = -EADDRINUSE;
	expect(round, "unknown", "in use");
	round.ends.error = 0;
	round.ends.outcome = SELF_TEST_NO_ANSWER;
	expect(round, "unknown", "did not reach the capture");
	round.is_known = true;
	expect(round, "unknown", "captured and got no answer");
}

static void the_first_link_of_the_chain_that_breaks_is_told(void **state)
{
	(void)state;
	struct proven_round round = open_gate();
	expect(round, "failed", "packets still came through");
	round.told.outcome = WALL_FAILED;
	round.told.error = -ENOSPC;
	expect(round, "failed", strerror(ENOSPC));
	round.told.outcome = WALL_TOO_MANY;
	expect(round, "failed", "block.total");
	round.told.outcome = 0;
	expect(round, "failed", "did not answer");
	round.is_ordered = false;
	expect(round, "failed", "nothing came of it");
	round.vetoed_by = "proof";
	expect(round, "failed", "not blocked: proof");
	round.vetoed_by = NULL;
	round.decided_us = 0;
	expect(round, "failed", "not detected");
	round.is_known = false;
	expect(round, "failed", "did not reach the capture");
}

static void where_xdp_is_wanted_it_has_to_drop(void **state)
{
	(void)state;
	struct proven_round round = well();
	round.wants_xdp = true;
	expect(round, "failed", "XDP");
	round.early = 200;
	struct self_test_record record = judged(round, round);
	assert_string_equal(record.result, "passed");
	assert_string_equal(record.versions, "IPv4, IPv6, XDP");
}

static void a_block_that_leaks_or_lasts_is_none(void **state)
{
	(void)state;
	struct proven_round round = well();
	round.ends.passed = 3;
	expect(round, "failed", "3 packets came through");
	round = well();
	round.ends.session_ended = 0;
	expect(round, "failed", "connection");
	round = well();
	round.ends.outcome = SELF_TEST_NOT_BACK;
	expect(round, "failed", "taken back");
	round = well();
	round.decided_us = 0;
	expect(round, "failed", "nothing was detected");
	round = well();
	round.seen = 400;
	expect(round, "failed", "saw 400 of 480");
}

static void a_failure_is_told_before_what_is_unknown(void **state)
{
	(void)state;
	struct proven_round none = { 0 };
	struct self_test_record record = judged(none, open_gate());
	assert_string_equal(record.result, "failed");
	record = judged(open_gate(), none);
	assert_string_equal(record.result, "failed");
	assert_non_null(strstr(record.detail, "IPv4: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_addresses_that_are_nobodys_are_taken),
		cmocka_unit_test(orders_of_another_size_or_without_a_number_are_none),
		cmocka_unit_test(each_field_of_an_event_is_judged),
		cmocka_unit_test(a_test_that_went_well_is_told_with_its_numbers),
		cmocka_unit_test(
			a_machine_without_one_of_the_versions_is_tested_with_the_other),
		cmocka_unit_test(what_can_not_be_made_is_unknown),
		cmocka_unit_test(the_first_link_of_the_chain_that_breaks_is_told),
		cmocka_unit_test(where_xdp_is_wanted_it_has_to_drop),
		cmocka_unit_test(a_block_that_leaks_or_lasts_is_none),
		cmocka_unit_test(a_failure_is_told_before_what_is_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
