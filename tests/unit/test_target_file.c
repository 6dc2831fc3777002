/*
 * test_target_file.c: files of targets, their rules, and what is wrong with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/target_file.h"

enum { TAKEN_MAX = 8 };

static struct {
	char text[TARGET_TEXT_MAX];
	struct round_rules rules;
} taken[TAKEN_MAX];
static size_t count;
static struct buf errors;

static const struct round_rules usual = { .interval_s = 30,
					  .retry_s = 5,
					  .health = { 2, 3, 1 } };

static bool take(void *to, struct target *target, const struct round_rules *rules)
{
	(void)to;
	if (count < TAKEN_MAX) {
		memcpy(taken[count].text, target->text, sizeof(taken[count].text));
		taken[count].rules = *rules;
	}
	count++;
	target_free(target);
	return true;
}

static bool parse(const char *text)
{
	count = 0;
	buf_clear(&errors);
	const struct target_sink sink = { .take = take };
	return target_file_parse(text, strlen(text), "f", &usual, &sink, &errors);
}

static void refuse(const char *text, const char *because)
{
	if (parse(text))
		fail_msg("%s was taken", text);
	if (strstr(buf_cstr(&errors), because) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", text, buf_cstr(&errors),
			 because);
}

static int drop(void **state)
{
	(void)state;
	buf_free(&errors);
	return 0;
}

static void items_are_targets_or_have_rules(void **state)
{
	(void)state;
	assert_true(
		parse("- tcp://192.0.2.1:1\n"
		      "- target: tcp://192.0.2.1:2\n"
		      "  every: 10s\n  retry: 2s\n  fails: 3\n  of: 5\n  recovers: 2\n"
		      "  parent: tcp://192.0.2.1:1\n"
		      "- {target: 'tls://h', every: 1d}\n"));
	assert_int_equal(count, 3);
	assert_string_equal(taken[0].text, "tcp://192.0.2.1:1");
	assert_memory_equal(&taken[0].rules, &usual, sizeof(usual));
	assert_int_equal(taken[1].rules.interval_s, 10);
	assert_int_equal(taken[1].rules.retry_s, 2);
	assert_int_equal(taken[1].rules.health.fails, 3);
	assert_int_equal(taken[1].rules.health.of, 5);
	assert_int_equal(taken[1].rules.health.recovers, 2);
	assert_string_equal(taken[1].rules.parent, "tcp://192.0.2.1:1");
	assert_int_equal(taken[2].rules.interval_s, 86400);
	assert_true(parse("- target: tcp://h:1\n  slow: 250ms\n  certificate_days: 9\n"
			  "  maintenance: Sun 02:00-04:00\n"
			  "- target: tcp://h:2\n"
			  "  maintenance: [daily 1:00-1:30, Sun 02:00-04:00]\n"));
	assert_int_equal(taken[0].rules.limits.slow_ms, 250);
	assert_int_equal(taken[0].rules.limits.certificate_days, 9);
	assert_int_equal(taken[0].rules.maintenance.count, 1);
	assert_int_equal(taken[1].rules.maintenance.count, 2);
	assert_true(parse(""));
	assert_true(parse("[]\n"));
	assert_int_equal(count, 0);
}

static void options_of_the_url_may_be_keys(void **state)
{
	(void)state;
	assert_true(parse("- target: tcp://h:1\n  addresses: all\n  family: 6\n"
			  "- {target: 'tcp://h:1?timeout=2s', source: '2001:db8::1'}\n"
			  "- {target: 'http://h/?a=b', netns: blue, interface: eth0}\n"
			  "- {target: 'http://h/#status=200', resolver: 192.0.2.1}\n"));
	assert_int_equal(count, 4);
	assert_string_equal(taken[0].text, "tcp://h:1?addresses=all&family=6");
	assert_string_equal(taken[1].text,
			    "tcp://h:1?timeout=2s&source=2001%3Adb8%3A%3A1");
	assert_string_equal(taken[2].text, "http://h/?a=b#netns=blue&interface=eth0");
	assert_string_equal(taken[3].text, "http://h/#status=200&resolver=192.0.2.1");
	assert_false(parse("- target: tcp://h:1\n  addresses: some\n"));
	assert_non_null(strstr(buf_cstr(&errors), "allowed are one and all"));
	assert_false(parse("- target: tcp://h:1\n  addresses: all\n"
			   "  dialogue: [{expect: READY}]\n"));
	assert_non_null(strstr(buf_cstr(&errors), "is asked of one address"));
}

static void a_dialogue_is_in_the_users_words(void **state)
{
	(void)state;
	if (!parse("- target: tcp://h:1\n"
		   "  dialogue:\n"
		   "    - expect: '^READY'\n"
		   "      fails_if: '^BUSY'\n"
		   "    - send: \"PING\\r\\n\"\n"
		   "    - expect_hex: 00 1F ff\n"
		   "    - starttls: yes\n"
		   "- target: udp://h:2\n"
		   "  dialogue: [{send_hex: '00'}, {expect: PONG}]\n"))
		fail_msg("%s", buf_cstr(&errors));
	assert_int_equal(count, 2);
}

static void what_is_wrong_with_a_dialogue_has_a_place(void **state)
{
	(void)state;
#define STEPS(steps) "- target: tcp://h:1\n  dialogue: " steps
	refuse(STEPS("PING\n"), "f:2:13: dialogue: no steps; allowed is a list");
	refuse(STEPS("[]\n"), "f:2:13: dialogue: no steps");
	refuse(STEPS("[PING]\n"), "f:2:14: a step can't be \"PING\"");
	refuse(STEPS("[{say: PING}]\n"), "f:2:15: unknown key \"say\"");
	refuse(STEPS("[{send: a, expect: b}]\n"), "f:2:14: not one thing to do");
	refuse(STEPS("[{fails_if: a}]\n"), "f:2:14: not one thing to do");
	refuse(STEPS("[{expect: '(a'}]\n"), "f:2:14: \"(a\" at 2: missing closing");
	refuse(STEPS("[{send: ''}]\n"), "f:2:21: send can't be \"\"");
	refuse(STEPS("[{send_hex: 0}]\n"), "f:2:25: send_hex can't be \"0\"");
	refuse(STEPS("[{send_hex: 00 }, {expect_hex: '00 '}]\n"), "f:2:44: expect_hex");
	refuse(STEPS("[{starttls: no}]\n"), "f:2:25: starttls can't be \"no\"");
	refuse(STEPS("[{starttls: yes}, {starttls: yes}]\n"),
	       "TLS can be started only once");
#undef STEPS
	refuse("- {target: 'ssh://h', dialogue: [{send: a}]}\n",
	       "f:1:3: ssh://h: a dialogue is for tcp://, tls:// and udp://");
	refuse("- {target: 'tcp://h:1?count=3', dialogue: [{send: a}]}\n",
	       "without count");
	refuse("- {target: 'tls://h:1', dialogue: [{starttls: yes}]}\n",
	       "only tcp:// can start TLS");
	refuse("- {target: 'udp://h:1', dialogue: [{expect: a}]}\n", "we speak first");
}

static void what_is_wrong_has_a_place(void **state)
{
	(void)state;
	refuse("tcp://192.0.2.1:1\n", "f:1:1: not a list of targets");
	refuse("- nonsense\n", "f:1:3: nonsense: write it as proto://");
	refuse("- tcp://h\n", "f:1:3: a port from 1 to 65535 must be given");
	refuse("- [a]\n", "f:1:3: a target can't be");
	refuse("- every: 10s\n", "f:1:3: an item without target");
	refuse("- target: tcp://h:1\n  every: 0s\n", "f:2:10: every can't be \"0s\"");
	refuse("- target: tcp://h:1\n  of: 22\n", "allowed is a number from 1 to 21");
	refuse("- target: tcp://h:1\n  fails: 21\n", "f:1:3: fails is 21, of is ");
	refuse("- target: tcp://h:1\n  colour: red\n", "unknown key \"colour\"");
	refuse("- target: tcp://h:1\n  target: tcp://h:2\n", "f:2:3");
	refuse("- target: tcp://h:1\n  slow: soon\n",
	       "f:2:9: slow can't be \"soon\"; allowed is 1ms to 120s, or off");
	refuse("- target: tcp://h:1\n  certificate_days: -1\n", "f:2:21");
	refuse("- target: tcp://h:1\n  maintenance: [daily 1:00-1:30, Son 1:00-2:00]\n",
	       "f:2:34: maintenance can't be \"Son 1:00-2:00\"; allowed is");
	refuse("- &a tcp://h:1\n- *a\n", "f:");
	refuse("- tcp://h:1\n--- \n- tcp://h:1\n", "a second document");
}

static bool parse_with(struct parents *parents, const char *text)
{
	const struct target_sink sink = { .take = take, .parents = parents };
	bool good = target_file_parse(text, strlen(text), "f", &usual, &sink, &errors);
	return parents_check(parents, &errors) && good;
}

static void a_parent_is_a_target(void **state)
{
	(void)state;
	struct parents parents = { 0 };
	parents_add_target(&parents, "ssh://h");
	assert_true(parse_with(&parents, "- target: tcp://h:1\n  parent: tcp://h:2\n"
					 "- target: tcp://h:2\n  parent: ssh://h\n"));
	parents_free(&parents);
	assert_false(parse_with(&parents, "- target: tcp://h:1\n  parent: tcp://h:3\n"
					  "- tcp://h:2\n"));
	assert_non_null(strstr(buf_cstr(&errors),
			       "f:2:11: parent \"tcp://h:3\" is asked nowhere"));
	parents_free(&parents);
}

static void all_that_is_wrong_is_said_and_the_rest_is_taken(void **state)
{
	(void)state;
	assert_false(parse("- x\n- tcp://h:1\n- y\n"));
	assert_int_equal(count, 1);
	assert_non_null(strstr(buf_cstr(&errors), "f:1:3"));
	assert_non_null(strstr(buf_cstr(&errors), "f:3:3"));
}

static char told[TARGET_TEXT_MAX];
static struct target_from told_from;

static void note_places(void *to, const char *target, const struct target_from *from,
			const struct round_rules *rules)
{
	(void)to;
	(void)rules;
	memcpy(told, target, strlen(target) + 1);
	told_from = *from;
}

static const char placed[] = "- target: tcp://h:1\n  from: [berlin, paris]\n  need: 2\n"
			     "- target: tcp://h:2\n  from: rome\n"
			     "- tcp://h:3\n";

static void what_other_sites_ask_is_passed_over(void **state)
{
	struct target_sink sink = { .take = take, .site = "paris" };
	(void)state;
	buf_clear(&errors);
	count = 0;
	assert_true(
		target_file_parse(placed, strlen(placed), "f", &usual, &sink, &errors));
	assert_int_equal(count, 2);
	assert_string_equal(taken[0].text, "tcp://h:1");
	assert_string_equal(taken[1].text, "tcp://h:3");
	sink.site = "";
	count = 0;
	assert_true(
		target_file_parse(placed, strlen(placed), "f", &usual, &sink, &errors));
	assert_int_equal(count, 1);
	assert_true(parse(placed)); /* of no fleet: all */
	assert_int_equal(count, 3);
}

static void who_wants_places_is_told_of_all(void **state)
{
	const struct target_sink sink = { .take = take,
					  .site = "rome",
					  .places = note_places };
	(void)state;
	assert_true(target_file_parse(placed, strchr(placed, '2') - placed + 2, "f",
				      &usual, &sink, &errors));
	assert_string_equal(told, "tcp://h:1");
	assert_int_equal(told_from.count, 2);
	assert_string_equal(told_from.sites[1], "paris");
	assert_int_equal(told_from.need, 2);
	refuse("- target: tcp://h:1\n  from: [a]\n  need: 2\n",
	       "it would never be down");
	refuse("- target: tcp://h:1\n  need: 17\n", "a number from 1 to 16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(items_are_targets_or_have_rules, drop),
		cmocka_unit_test_teardown(options_of_the_url_may_be_keys, drop),
		cmocka_unit_test_teardown(a_dialogue_is_in_the_users_words, drop),
		cmocka_unit_test_teardown(what_is_wrong_with_a_dialogue_has_a_place,
					  drop),
		cmocka_unit_test_teardown(what_is_wrong_has_a_place, drop),
		cmocka_unit_test_teardown(a_parent_is_a_target, drop),
		cmocka_unit_test_teardown(
			all_that_is_wrong_is_said_and_the_rest_is_taken, drop),
		cmocka_unit_test_teardown(what_other_sites_ask_is_passed_over, drop),
		cmocka_unit_test_teardown(who_wants_places_is_told_of_all, drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
