/*
 * test_respond_life.c: how long a block lasts, what prolongs it, how it ends, and what
 * a person may do.
 */
#include <errno.h>

#include "respond_scene.h"

static int64_t lasts(const struct scene *scene)
{
	return scene->block.until - scene->now_us;
}

static void a_repeater_is_blocked_four_times_as_long_and_never_for_ever(void **state)
{
	static const int64_t minutes[] = { 10, 40, 160, 640, 2560, 10080, 10080 };
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		scene_scan(scene, "203.0.113.7", "handshake");
		assert_int_equal(scene->block.strike, i + 1);
		assert_int_equal(lasts(scene), minutes[i] * MINUTE);
		assert_int_equal(scene->order.left_us, minutes[i] * MINUTE);
		scene_pass(scene, minutes[i] * MINUTE);
		assert_string_equal(scene->block.state, "expired");
		assert_string_equal(scene->audit.action, "block_end");
		scene->now_us += SECOND;
	}
	scene_pass(scene, 31 * DAY);
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_int_equal(scene->block.strike, 1);
}

static void what_goes_on_prolongs_and_is_no_new_strike(void **state)
{
	struct scene *scene = *state;
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	respond_finding(scene->respond, &f);
	const uint64_t id = scene->order.id;
	for (int i = 0; i < 20; i++) {
		scene_pass(scene, 5 * MINUTE);
		f.at = f.last = scene->now_us;
		respond_finding(scene->respond, &f);
		assert_int_equal(scene->order.id, id);
		assert_int_equal(lasts(scene), 10 * MINUTE);
		assert_int_equal(scene->block.strike, 1);
	}
	/* Said again without anything new: it ends. */
	scene_pass(scene, 10 * MINUTE);
	assert_string_equal(scene->block.state, "expired");
	f.at = scene->now_us;
	respond_finding(scene->respond, &f);
	assert_int_equal(respond_state(scene->respond).in_force, 0);
}

static void who_goes_on_for_ever_is_blocked_anew_and_not_without_end(void **state)
{
	struct scene *scene = *state;
	scene->config.block_longest = 3600;
	scene_rules(scene);
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	for (int i = 0; i < 100; i++) {
		scene_pass(scene, MINUTE);
		scene_handshake(scene, "203.0.113.7");
		f.at = f.last = scene->now_us;
		respond_finding(scene->respond, &f);
		assert_true(scene->block.until - scene->block.start <= HOUR);
	}
	assert_int_equal(scene->block.strike, 2);
}

static void a_clock_that_is_set_makes_no_block_longer_or_shorter(void **state)
{
	struct scene *scene = *state;
	const int64_t steps[] = { 400 * DAY, -800 * DAY };
	for (size_t i = 0; i < 2; i++) {
		scene_scan(scene, "203.0.113.7", "handshake");
		int64_t left_us = lasts(scene);
		respond_shift(scene->respond, steps[i]);
		scene->now_us += steps[i];
		scene_pass(scene, left_us - SECOND);
		assert_int_equal(respond_state(scene->respond).in_force, 1);
		respond_again(scene->respond, scene->now_us);
		assert_int_equal(scene->order.left_us, SECOND);
		scene_pass(scene, SECOND);
		assert_int_equal(respond_state(scene->respond).in_force, 0);
		scene->now_us += SECOND;
	}
}

static void the_walls_word_ends_it(void **state)
{
	static const char *const ends[] = { "vetoed", "expired", "failed" };
	struct scene *scene = *state;
	for (size_t i = 0; i < 3; i++) {
		scene->now_us += HOUR;
		scene_scan(scene, "203.0.113.7", "handshake");
		const struct respond_result result = { .id = scene->order.id,
						       .state = ends[i],
						       .vetoed_by = "own",
						       .error = ENOSPC };
		respond_result(scene->respond, &result, scene->now_us);
		assert_string_equal(scene->block.state, ends[i]);
		assert_int_equal(respond_state(scene->respond).in_force, 0);
	}
	assert_non_null(strstr(scene->block.error, "No space"));
	assert_int_equal(scene->removes, 0);
}

/* ---- a person ---- */

static struct respond_asked asked(const char *prefix)
{
	struct respond_asked asked = { .port = UNKNOWN_U32,
				       .action = "drop",
				       .for_us = HOUR,
				       .why = "as I say",
				       .actor = "root" };
	assert_true(prefix_parse(prefix, &asked.prefix));
	return asked;
}

static int block(struct scene *scene, const struct respond_asked *what)
{
	struct buf message = { 0 };
	int error = respond_block(scene->respond, what, scene->now_us, &message);
	assert_true(message.len > 0);
	buf_free(&message);
	return error;
}

static void a_person_may_block_a_network_but_not_what_never_is(void **state)
{
	struct scene *scene = *state;
	struct never_entry entry = { .reason = NEVER_gateway, .until_us = INT64_MAX };
	prefix_parse("198.51.100.1", &entry.prefix);
	never_add(&scene->never, &entry);
	struct respond_asked what = asked("203.0.113.0/24");
	assert_int_equal(block(scene, &what), 0);
	assert_true(scene->order.by_hand);
	assert_int_equal(scene->ordered.prefix_len, 24);
	assert_string_equal(scene->audit.actor, "root");
	what = asked("198.51.100.0/24");
	assert_int_equal(block(scene, &what), -EPERM);
	what = asked("0.0.0.0/0");
	assert_int_equal(block(scene, &what), -EPERM);
	what = asked("203.0.113.9");
	what.for_us = 40 * DAY;
	assert_int_equal(block(scene, &what), -EINVAL);
	what.for_us = HOUR;
	what.action = "explode";
	assert_int_equal(block(scene, &what), -EINVAL);
	assert_int_equal(scene->adds, 1);
}

static void what_is_blocked_over_the_network_ends_unless_confirmed(void **state)
{
	struct scene *scene = *state;
	struct respond_asked what = asked("203.0.113.7");
	struct buf message = { 0 };
	what.over_network = true;
	assert_int_equal(block(scene, &what), 0);
	assert_int_equal(scene->order.left_us, MINUTE);
	scene_active(scene);
	assert_string_equal(scene->block.state, "unconfirmed");
	scene_pass(scene, MINUTE);
	assert_string_equal(scene->block.state, "expired");

	assert_int_equal(block(scene, &what), 0);
	scene_active(scene);
	scene->now_us += 30 * SECOND;
	assert_int_equal(respond_confirm(scene->respond, scene->block.id, "root",
					 scene->now_us, &message),
			 0);
	assert_int_equal(scene->order.left_us, HOUR - 30 * SECOND);
	assert_string_equal(scene->block.state, "active");
	assert_string_equal(scene->audit.action, "block_confirm");
	buf_free(&message);
}

static void unblocking_forgives_what_was_and_not_what_comes(void **state)
{
	struct scene *scene = *state;
	struct buf message = { 0 };
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	respond_finding(scene->respond, &f);
	scene->now_us += 10 * SECOND;
	assert_int_equal(respond_unblock(scene->respond, "203.0.113.7", "root",
					 scene->now_us, &message),
			 0);
	assert_int_equal(scene->removes, 1);
	assert_string_equal(scene->audit.action, "unblock");
	scene->now_us += 30 * SECOND;
	f.at = f.last = scene->now_us;
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->adds, 1);
	f.at = f.last = scene->now_us += MINUTE;
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->adds, 2);
	assert_int_equal(respond_unblock(scene->respond, scene->block.id, "root",
					 scene->now_us, &message),
			 0);
	scene->now_us += SECOND;
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_int_equal(scene->adds, 3);
	assert_int_equal(respond_unblock(scene->respond, "203.0.113.99", "root",
					 scene->now_us, &message),
			 -EINVAL);
	buf_free(&message);
}

static void try_it(struct scene *scene, const struct respond_asked *what, int error,
		   const char *says)
{
	struct buf message = { 0 };
	assert_int_equal(respond_try(scene->respond, what, scene->now_us, &message),
			 error);
	assert_string_equal(buf_cstr(&message), says);
	buf_free(&message);
}

static void trying_tells_what_it_would_cost_and_does_nothing(void **state)
{
	struct scene *scene = *state;
	struct never_entry entry = { .reason = NEVER_gateway, .until_us = INT64_MAX };
	prefix_parse("198.51.100.1", &entry.prefix);
	never_add(&scene->never, &entry);
	struct respond_asked what = asked("203.0.113.0/24");
	try_it(scene, &what, 0,
	       "203.0.113.0/24: would cut 0 of 0 clients of the last 30 days");
	what = asked("2001:db8::7");
	what.action = "limit";
	try_it(scene, &what, 0,
	       "2001:db8::/64: would slow down 0 of 0 clients of the last 30 days");
	what = asked("198.51.100.1");
	try_it(scene, &what, -EPERM,
	       "198.51.100.1 is this machine's gateway: never blocked; see "
	       "block.never");
	what = asked("198.51.100.0/24");
	try_it(scene, &what, -EPERM,
	       "198.51.100.0/24 holds 198.51.100.1, this machine's gateway: never "
	       "blocked; see block.never");
	what.action = "explode";
	try_it(scene, &what, -EINVAL,
	       "the action can't be that; allowed is drop, limit or reset");
	assert_int_equal(scene->adds + scene->blocks + scene->audits, 0);
}

static void a_person_says_how_much_passes(void **state)
{
	struct scene *scene = *state;
	struct respond_asked what = asked("203.0.113.7");
	what.action = "limit";
	assert_int_equal(block(scene, &what), 0);
	assert_int_equal(scene->ordered.rate, scene->config.block_limit);
	what.rate = 70;
	assert_int_equal(block(scene, &what), 0);
	assert_int_equal(scene->ordered.rate, 70);
	what.rate = 100001;
	assert_int_equal(block(scene, &what), -EINVAL);
}

static void what_a_person_wants_is_done_while_observing(void **state)
{
	struct scene *scene = *state;
	struct respond_asked what = asked("203.0.113.7");
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	assert_int_equal(block(scene, &what), 0);
	assert_int_equal(scene->adds, 1);
	assert_string_equal(scene->block.state, "asked");
	scene_scan(scene, "203.0.113.8", "handshake");
	assert_int_equal(scene->adds, 1);
	assert_string_equal(scene->block.state, "observed");
	/* From "on" to "observe" it stays, too. */
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode), "on");
	scene_rules(scene);
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	assert_int_equal(scene->removes, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(a_repeater_is_blocked_four_times_as_long_and_never_for_ever),
		TEST(what_goes_on_prolongs_and_is_no_new_strike),
		TEST(who_goes_on_for_ever_is_blocked_anew_and_not_without_end),
		TEST(a_clock_that_is_set_makes_no_block_longer_or_shorter),
		TEST(the_walls_word_ends_it),
		TEST(a_person_may_block_a_network_but_not_what_never_is),
		TEST(what_is_blocked_over_the_network_ends_unless_confirmed),
		TEST(unblocking_forgives_what_was_and_not_what_comes),
		TEST(trying_tells_what_it_would_cost_and_does_nothing),
		TEST(a_person_says_how_much_passes),
		TEST(what_a_person_wants_is_done_while_observing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
