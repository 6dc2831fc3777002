/*
 * test_respond_change.c: a person asks for what is blocked already, and confirms it or
 * not.
 */
#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "respond_scene.h"

static struct respond_asked asked(const char *why, int64_t for_us)
{
	struct respond_asked asked = { .port = UNKNOWN_U32,
				       .action = "drop",
				       .for_us = for_us,
				       .why = why,
				       .actor = "root" };
	assert_true(prefix_parse("203.0.113.7", &asked.prefix));
	return asked;
}

static uint64_t ask(struct scene *scene, const struct respond_asked *what)
{
	struct buf message = { 0 };
	assert_int_equal(respond_block(scene->respond, what, scene->now_us, &message),
			 0);
	uint64_t id = strtoull(buf_cstr(&message), NULL, 16);
	buf_free(&message);
	if (strcmp(scene->block.state, "asked") == 0)
		scene_active(scene);
	return id;
}

static uint64_t ask_for(struct scene *scene, const char *why, int64_t for_us)
{
	const struct respond_asked what = asked(why, for_us);
	return ask(scene, &what);
}

static uint64_t ask_over_network(struct scene *scene, const char *why, int64_t for_us)
{
	struct respond_asked what = asked(why, for_us);
	what.over_network = true;
	what.actor = "remote";
	return ask(scene, &what);
}

static int confirm(struct scene *scene)
{
	struct buf message = { 0 };
	int error = respond_confirm(scene->respond, scene->block.id, "remote",
				    scene->now_us, &message);
	buf_free(&message);
	return error;
}

static uint64_t in_force(const struct scene *scene)
{
	return respond_state(scene->respond).in_force;
}

static void is_block(const struct scene *scene, const char *state, int64_t until_us,
		     const char *actor, const char *reason)
{
	assert_string_equal(scene->block.state, state);
	assert_int_equal(scene->block.until, until_us);
	assert_string_equal(scene->block.actor, actor);
	assert_string_equal(scene->block.reason, reason);
}

static void asked_again_it_is_one_block_that_lasts_longer(void **state)
{
	struct scene *scene = *state;
	uint64_t id = ask_for(scene, "first", HOUR);
	scene->now_us += MINUTE;
	assert_true(ask_for(scene, "second", 2 * HOUR) == id);
	is_block(scene, "active", BEGIN + MINUTE + 2 * HOUR, "root", "second");
	assert_int_equal(scene->order.left_us, 2 * HOUR);
	assert_int_equal(in_force(scene), 1);
	assert_int_equal(scene->removes, 0);
	assert_string_equal(scene->audit.action, "block_change");
	assert_non_null(strstr(scene->audit.before, "first"));
	assert_non_null(strstr(scene->audit.after, "second"));
	scene_pass(scene, HOUR);
	assert_int_equal(in_force(scene), 1);
	scene_pass(scene, HOUR);
	assert_string_equal(scene->block.state, "expired");
}

static void no_block_ends_earlier_than_was_said(void **state)
{
	struct scene *scene = *state;
	uint64_t id = ask_for(scene, "first", 31 * DAY);
	unsigned adds = scene->adds;
	assert_true(ask_for(scene, "second", HOUR) == id);
	is_block(scene, "active", BEGIN + 31 * DAY, "root", "first");
	assert_int_equal(scene->adds, adds);
	assert_string_equal(scene->audit.action, "block_change");
	/* Nothing waits: there is nothing that could cut anybody off. */
	assert_true(ask_over_network(scene, "third", HOUR) == id);
	is_block(scene, "active", BEGIN + 31 * DAY, "root", "first");
	scene_pass(scene, HOUR);
	assert_int_equal(in_force(scene), 1);
}

static void unconfirmed_it_is_again_what_it_was(void **state)
{
	struct scene *scene = *state;
	uint64_t id = ask_for(scene, "first", HOUR);
	scene->now_us += MINUTE;
	assert_true(ask_over_network(scene, "second", 2 * DAY) == id);
	is_block(scene, "unconfirmed", BEGIN + 2 * MINUTE, "remote", "second");
	/* What was sure lasts in the kernel, whatever becomes of who asked. */
	assert_int_equal(scene->order.left_us, HOUR - MINUTE);
	scene_pass(scene, MINUTE);
	is_block(scene, "asked", BEGIN + HOUR, "root", "first");
	assert_int_equal(scene->order.left_us, HOUR - 2 * MINUTE);
	assert_string_equal(scene->audit.action, "block_undo");
	scene_active(scene);
	is_block(scene, "active", BEGIN + HOUR, "root", "first");
	assert_int_equal(scene->removes, 0);
	assert_int_equal(confirm(scene), -EINVAL);
	scene_pass(scene, HOUR - 2 * MINUTE);
	assert_string_equal(scene->block.state, "expired");
}

static void confirmed_it_is_as_it_was_asked(void **state)
{
	struct scene *scene = *state;
	ask_for(scene, "first", HOUR);
	ask_over_network(scene, "second", 2 * DAY);
	scene->now_us += 30 * SECOND;
	assert_int_equal(confirm(scene), 0);
	is_block(scene, "active", BEGIN + 2 * DAY, "remote", "second");
	assert_int_equal(scene->order.left_us, 2 * DAY - 30 * SECOND);
	scene_pass(scene, DAY);
	assert_int_equal(in_force(scene), 1);
	scene_pass(scene, DAY);
	assert_string_equal(scene->block.state, "expired");
}

static void what_waits_is_confirmed_on_the_machine_itself(void **state)
{
	struct scene *scene = *state;
	uint64_t id = ask_over_network(scene, "first", DAY);
	assert_true(ask_for(scene, "second", HOUR) == id);
	is_block(scene, "active", BEGIN + DAY, "root", "second");
	assert_int_equal(confirm(scene), -EINVAL);
}

static void asked_again_over_the_network_the_time_begins_anew(void **state)
{
	struct scene *scene = *state;
	uint64_t id = ask_over_network(scene, "first", HOUR);
	scene->now_us += 50 * SECOND;
	assert_true(ask_over_network(scene, "second", DAY) == id);
	is_block(scene, "unconfirmed", BEGIN + 110 * SECOND, "remote", "second");
	/* Nothing was sure before. */
	scene_pass(scene, MINUTE);
	assert_string_equal(scene->block.state, "expired");
	assert_int_equal(in_force(scene), 0);
}

/* However many changes of it nobody confirms. */
static void what_was_sure_comes_back_after_several_changes(void **state)
{
	struct scene *scene = *state;
	ask_for(scene, "first", HOUR);
	ask_over_network(scene, "second", DAY);
	scene->now_us += 50 * SECOND;
	ask_over_network(scene, "third", 2 * DAY);
	is_block(scene, "unconfirmed", BEGIN + 110 * SECOND, "remote", "third");
	scene_pass(scene, MINUTE);
	is_block(scene, "asked", BEGIN + HOUR, "root", "first");
}

static void another_rate_comes_and_goes_with_its_change(void **state)
{
	struct scene *scene = *state;
	struct respond_asked what = asked("first", HOUR);
	what.action = "limit";
	what.rate = 20;
	uint64_t id = ask(scene, &what);
	what.rate = 5;
	what.over_network = true;
	assert_true(ask(scene, &what) == id);
	assert_int_equal(scene->ordered.rate, 5);
	/* That may cut somebody off: the kernel itself ends it. */
	assert_int_equal(scene->order.left_us, MINUTE);
	scene_pass(scene, 30 * SECOND);
	const struct respond_result ended = { .id = id, .state = "expired" };
	respond_result(scene->respond, &ended, scene->now_us);
	assert_int_equal(scene->ordered.rate, 20);
	assert_int_equal(scene->order.left_us, HOUR - 30 * SECOND);
	assert_int_equal(in_force(scene), 1);
}

static void another_port_or_action_is_another_block(void **state)
{
	struct scene *scene = *state;
	struct respond_asked what = asked("one", HOUR);
	uint64_t whole = ask(scene, &what);
	what.port = 22;
	uint64_t other = ask(scene, &what);
	what.port = 53;
	uint64_t tcp = ask(scene, &what);
	what.transport = "udp";
	uint64_t udp = ask(scene, &what);
	what.action = "limit";
	uint64_t limit = ask(scene, &what);
	assert_true(whole != other && other != tcp && tcp != udp && udp != limit);
	assert_int_equal(in_force(scene), 5);
	what.action = "reset";
	uint64_t reset = ask(scene, &what);
	assert_true(ask(scene, &what) != reset);
}

static void what_is_full_may_still_be_changed(void **state)
{
	struct scene *scene = *state;
	struct buf message = { 0 };
	scene->config.block_total = 1;
	scene_rules(scene);
	uint64_t id = ask_for(scene, "first", HOUR);
	assert_true(ask_for(scene, "second", 2 * HOUR) == id);
	struct respond_asked what = asked("another", HOUR);
	what.port = 22;
	assert_int_equal(respond_block(scene->respond, &what, scene->now_us, &message),
			 -EPERM);
	buf_clear(&message);
	what.port = UNKNOWN_U32;
	assert_int_equal(respond_try(scene->respond, &what, scene->now_us, &message),
			 0);
	assert_non_null(strstr(buf_cstr(&message), "; blocked already until 2023-"));
	buf_free(&message);
}

/* ---- over an automatic one ---- */

static void an_automatic_one_goes_on_when_nobody_confirms(void **state)
{
	struct scene *scene = *state;
	scene->config.block_confirm = 300;
	scene_rules(scene);
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	respond_finding(scene->respond, &f);
	scene_active(scene);
	const struct block_record automatic = scene->block;
	assert_int_equal(ask_over_network(scene, "", HOUR),
			 strtoull(automatic.id, NULL, 16));
	/* What led to it is told as before. */
	is_block(scene, "unconfirmed", BEGIN + 5 * MINUTE, "remote", automatic.reason);
	assert_string_equal(scene->block.finding, "f1");
	assert_int_equal(scene->block.strike, 1);
	assert_int_equal(scene->block.latency_us, automatic.latency_us);
	/* So does evidence that goes on meanwhile. */
	scene_pass(scene, 4 * MINUTE);
	f.at = f.last = scene->now_us;
	respond_finding(scene->respond, &f);
	scene_pass(scene, MINUTE);
	scene_active(scene);
	is_block(scene, "active", BEGIN + 14 * MINUTE, "breakwater", automatic.reason);
	assert_false(scene->order.by_hand);
	assert_int_equal(scene->findings, 1);
	scene_pass(scene, 10 * MINUTE);
	assert_string_equal(scene->block.state, "expired");
	/* Old evidence begins no other one. */
	respond_finding(scene->respond, &f);
	assert_int_equal(in_force(scene), 0);
}

static void how_soon_an_automatic_one_was_held_stays(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "handshake");
	scene->now_us += SECOND / 50;
	scene_active(scene);
	assert_int_equal(scene->block.latency_us, SECOND / 50);
	scene->now_us += MINUTE;
	ask_for(scene, "as I say", HOUR);
	assert_int_equal(scene->block.latency_us, SECOND / 50);
}

static void a_persons_word_over_an_automatic_one_outlives_the_mode(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "handshake");
	scene_active(scene);
	ask_for(scene, "as I say", HOUR);
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	is_block(scene, "active", BEGIN + HOUR, "root", "as I say");
	assert_int_equal(in_force(scene), 1);
}

static void nobody_comes_back_to_what_the_mode_has_ended(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "handshake");
	scene_active(scene);
	ask_over_network(scene, "as I say", HOUR);
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	scene_pass(scene, MINUTE);
	assert_string_equal(scene->block.state, "expired");
	assert_int_equal(in_force(scene), 0);
}

static void what_is_only_observed_is_another_block(void **state)
{
	struct scene *scene = *state;
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	scene_scan(scene, "203.0.113.7", "handshake");
	ask_for(scene, "as I say", HOUR);
	is_block(scene, "active", BEGIN + HOUR, "root", "as I say");
	assert_int_equal(respond_state(scene->respond).observed, 1);
	assert_int_equal(in_force(scene), 1);
}

static void a_reset_keeps_no_automatic_one_away(void **state)
{
	struct scene *scene = *state;
	struct respond_asked what = asked("", SECOND);
	what.action = "reset";
	ask(scene, &what);
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_string_equal(scene->block.action, "drop");
	assert_int_equal(in_force(scene), 2);
}

/* ---- a restart ---- */

static void keep_in(struct scene *scene, const char *folder)
{
	struct buf why = { 0 };
	assert_true(respond_keep(scene->respond, folder, scene->now_us, &why));
	buf_free(&why);
}

static void remove_all(const char *folder)
{
	static const char *const names[] = { "blocks.bin", "blocks.log", "blocks.old" };
	char path[128];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void a_change_is_confirmed_after_a_restart(void **state)
{
	struct scene *scene = *state;
	char folder[] = "/tmp/respond-change-XXXXXX";
	assert_non_null(mkdtemp(folder));
	keep_in(scene, folder);
	ask_for(scene, "first", HOUR);
	ask_over_network(scene, "second", DAY);
	struct respond *killed = scene->respond;
	scene_respond(scene);
	keep_in(scene, folder);
	assert_int_equal(confirm(scene), 0);
	assert_int_equal(scene->block.until, BEGIN + DAY);
	respond_free(killed);
	respond_free(scene->respond);
	scene_respond(scene);
	remove_all(folder);
}

/* By what was appended with each decision: as after kill -9. */
static void a_change_that_waits_survives_a_restart(void **state)
{
	struct scene *scene = *state;
	char folder[] = "/tmp/respond-change-XXXXXX";
	assert_non_null(mkdtemp(folder));
	keep_in(scene, folder);
	uint64_t id = ask_for(scene, "first", HOUR);
	ask_over_network(scene, "second", DAY);
	struct respond *killed = scene->respond;
	scene->now_us += 10 * SECOND;
	scene_respond(scene);
	keep_in(scene, folder);
	respond_again(scene->respond, scene->now_us);
	assert_true(scene->order.id == id);
	assert_int_equal(scene->order.left_us, HOUR - 10 * SECOND);
	assert_string_equal(scene->ordered.reason, "second");
	scene_pass(scene, MINUTE);
	is_block(scene, "asked", BEGIN + HOUR, "root", "first");
	respond_free(scene->respond);
	/* By what is written at the end. */
	scene_respond(scene);
	keep_in(scene, folder);
	respond_again(scene->respond, scene->now_us);
	assert_int_equal(scene->order.left_us, HOUR - MINUTE - 10 * SECOND);
	assert_string_equal(scene->ordered.reason, "first");
	respond_free(killed);
	respond_free(scene->respond);
	scene_respond(scene);
	remove_all(folder);
}

/* ---- until the kernel has acted ---- */

static void tell(struct scene *scene, const char *what, int error)
{
	const struct respond_result result = { .id = scene->order.id,
					       .state = what,
					       .error = error };
	respond_result(scene->respond, &result, scene->now_us);
}

static void unblock(struct scene *scene)
{
	struct buf message = { 0 };
	assert_int_equal(respond_unblock(scene->respond, "203.0.113.7", "root",
					 scene->now_us, &message),
			 0);
	buf_free(&message);
}

static void removed_is_said_when_the_kernel_has_it_no_more(void **state)
{
	struct scene *scene = *state;
	ask_for(scene, "first", HOUR);
	unblock(scene);
	assert_string_equal(scene->block.state, "removing");
	assert_non_null(strstr(scene->audit.after, "removed"));
	assert_int_equal(in_force(scene), 0);
	tell(scene, "active", 0);
	assert_string_equal(scene->block.state, "removing");
	tell(scene, "removed", 0);
	assert_string_equal(scene->block.state, "removed");

	ask_for(scene, "second", HOUR);
	unblock(scene);
	tell(scene, "failed", ENOMEM);
	assert_string_equal(scene->block.state, "failed");
	assert_true(scene->block.error[0] != '\0');

	ask_for(scene, "third", HOUR);
	unblock(scene);
	respond_again(scene->respond, scene->now_us);
	assert_string_equal(scene->block.state, "removed");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(asked_again_it_is_one_block_that_lasts_longer),
		TEST(no_block_ends_earlier_than_was_said),
		TEST(unconfirmed_it_is_again_what_it_was),
		TEST(confirmed_it_is_as_it_was_asked),
		TEST(what_waits_is_confirmed_on_the_machine_itself),
		TEST(asked_again_over_the_network_the_time_begins_anew),
		TEST(what_was_sure_comes_back_after_several_changes),
		TEST(another_rate_comes_and_goes_with_its_change),
		TEST(another_port_or_action_is_another_block),
		TEST(what_is_full_may_still_be_changed),
		TEST(an_automatic_one_goes_on_when_nobody_confirms),
		TEST(how_soon_an_automatic_one_was_held_stays),
		TEST(a_persons_word_over_an_automatic_one_outlives_the_mode),
		TEST(nobody_comes_back_to_what_the_mode_has_ended),
		TEST(what_is_only_observed_is_another_block),
		TEST(a_reset_keeps_no_automatic_one_away),
		TEST(a_change_is_confirmed_after_a_restart),
		TEST(a_change_that_waits_survives_a_restart),
		TEST(removed_is_said_when_the_kernel_has_it_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
