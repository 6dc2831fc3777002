/*
 * test_vantages.c: one target asked from several places: down by so many of them, not
 * reached from one, cut off, or too few to tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/vantages.h"

#define SECOND 1000000LL
#define BEGIN  (1790000000 * SECOND)
#define TARGET "https://shop.example.org/"

struct scene {
	struct vantages *places;
	int64_t now_us;
	unsigned told;
	struct probe_record last;
	const char *cut_off; /* a sensor that is; or NULL */
	unsigned undecided;  /* how often that was told */
};

static bool counts(void *self, const char *sensor)
{
	const struct scene *scene = self;
	return scene->cut_off == NULL || strcmp(sensor, scene->cut_off) != 0;
}

static void emit(void *self, const struct probe_record *probe)
{
	struct scene *scene = self;
	scene->last = *probe;
	scene->told++;
}

static void note_undecided(void *self, const char *target)
{
	struct scene *scene = self;
	assert_string_equal(target, TARGET);
	assert_false(vantages_decide(scene->places, target, "berlin"));
	scene->undecided++;
}

static void want(struct scene *scene, uint8_t need, uint8_t of)
{
	static const char sites[][64] = { "berlin", "paris", "rome", "oslo" };
	const struct vantages_wanted wanted = { TARGET, 30, need, of, sites };
	assert_true(of <= sizeof(sites) / sizeof(sites[0]));
	vantages_begin_set(scene->places);
	assert_true(vantages_add(scene->places, &wanted));
	vantages_end_set(scene->places);
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	scene->places = vantages_new();
	scene->now_us = BEGIN;
	want(scene, 2, 3);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;
	vantages_free(scene->places);
	free(scene);
	return 0;
}

/* "berlin-1" is a sensor of berlin. */
static void say(struct scene *scene, const char *sensor, const char *hard_state)
{
	struct probe_record probe;
	char site[64];
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), TARGET);
	record_text(probe.sensor, sizeof(probe.sensor), sensor);
	probe.hard_state = hard_state;
	probe.reason = strcmp(hard_state, "down") == 0 ? "timeout" : NULL;
	snprintf(site, sizeof(site), "%.*s", (int)strcspn(sensor, "-"), sensor);
	vantages_take(scene->places, &probe, site, scene->now_us);
}

static const char *state_after(struct scene *scene, const char *berlin,
			       const char *paris, const char *rome)
{
	const struct vantages_with with = { scene, counts, emit, note_undecided };
	scene->now_us += SECOND;
	say(scene, "berlin-1", berlin);
	say(scene, "paris-1", paris);
	say(scene, "rome-1", rome);
	vantages_second(scene->places, &with, scene->now_us);
	return scene->last.hard_state;
}

static void pass(struct scene *scene, int64_t seconds)
{
	const struct vantages_with with = { scene, counts, emit, note_undecided };
	scene->now_us += seconds * SECOND;
	vantages_second(scene->places, &with, scene->now_us);
}

static void it_is_down_when_as_many_as_needed_say_so(void **state)
{
	struct scene *scene = *state;
	assert_string_equal(state_after(scene, "up", "up", "up"), "up");
	assert_string_equal(scene->last.sensor, FLEET_HUB);
	assert_int_equal(scene->last.maintenance,
			 0); /* which the usual limit asks for */
	assert_string_equal(state_after(scene, "down", "down", "up"), "down");
	assert_string_equal(scene->last.reason, "timeout");
	assert_non_null(
		strstr(scene->last.detail, "down from berlin (timeout), paris"));
	assert_non_null(strstr(scene->last.detail, "up from rome"));
	assert_int_equal(scene->last.hard_since, scene->now_us);
	assert_string_equal(state_after(scene, "up", "up", "up"), "up");
}

static void who_is_not_asked_says_nothing(void **state)
{
	const struct vantages_with with = { *state, counts, emit, note_undecided };
	struct place_seen seen[VANTAGES_PER_TARGET];
	struct scene *scene = *state;
	assert_string_equal(state_after(scene, "up", "up", "up"), "up");
	say(scene, "tokyo-1", "down");
	say(scene, "lima-1", "down");
	pass(scene, 1);
	assert_string_equal(scene->last.hard_state, "up");
	assert_int_equal(vantages_of(scene->places, TARGET, seen), 3);
	/* Nor who is not asked any more: one of two that are is no majority. */
	say(scene, "rome-1", "down");
	say(scene, "paris-1", "down");
	pass(scene, 1);
	assert_string_equal(scene->last.hard_state, "down");
	want(scene, 2, 2);
	vantages_second(scene->places, &with, scene->now_us);
	assert_string_equal(scene->last.hard_state, "degraded");
	assert_null(strstr(scene->last.detail, "rome"));
	/* Without a list, all that say it count. */
	want(scene, 2, 0);
	say(scene, "tokyo-1", "down");
	pass(scene, 1);
	assert_string_equal(scene->last.hard_state, "down");
}

static void one_place_alone_makes_it_degraded(void **state)
{
	struct scene *scene = *state;
	assert_string_equal(state_after(scene, "up", "down", "up"), "degraded");
	assert_non_null(strstr(scene->last.detail, "down from paris (timeout)"));
	assert_string_equal(state_after(scene, "up", "degraded", "up"), "degraded");
}

static void a_place_that_is_cut_off_does_not_count(void **state)
{
	struct scene *scene = *state;
	struct place_seen seen[VANTAGES_PER_TARGET];
	scene->cut_off = "paris-1";
	assert_string_equal(state_after(scene, "up", "down", "up"), "up");
	assert_string_equal(state_after(scene, "down", "down", "up"), "degraded");
	assert_int_equal(vantages_of(scene->places, TARGET, seen), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(seen[i].counts, strcmp(seen[i].site, "paris") != 0);
}

static void too_few_that_can_tell_is_not_known(void **state)
{
	struct scene *scene = *state;
	assert_string_equal(state_after(scene, "down", "unknown", "unknown"),
			    "unknown");
	assert_non_null(
		strstr(scene->last.detail, "1 of the 2 places that are needed"));
	assert_string_equal(state_after(scene, "up", "unknown", "unknown"), "up");
	pass(scene, 91); /* all are silent for three rounds */
	assert_string_equal(scene->last.hard_state, "unknown");
}

/* As long as places may still say a word, they decide; one that says so is enough. */
static void who_cannot_decide_lets_each_speak_for_itself(void **state)
{
	struct scene *scene = *state;
	assert_true(vantages_decide(scene->places, TARGET, "berlin"));
	assert_false(vantages_decide(scene->places, TARGET, "tokyo"));
	assert_false(vantages_decide(scene->places, "tcp://other:1", "berlin"));
	state_after(scene, "down", "up", "up");
	assert_true(vantages_decide(scene->places, TARGET, "berlin"));
	state_after(scene, "down", "unknown", "unknown");
	for (int i = 0; i < 89; i++)
		state_after(scene, "down", "unknown", "unknown");
	assert_string_equal(scene->last.hard_state, "unknown");
	assert_true(vantages_decide(scene->places, TARGET, "berlin"));
	assert_int_equal(scene->undecided, 0);
	state_after(scene, "down", "unknown", "unknown");
	state_after(scene, "down", "unknown", "unknown");
	assert_int_equal(scene->undecided, 1);
	state_after(scene, "down", "up", "unknown");
	assert_true(vantages_decide(scene->places, TARGET, "berlin"));
	assert_int_equal(scene->undecided, 1);
}

static void most_of_them_are_needed_if_nothing_is_said(void **state)
{
	struct scene *scene = *state;
	want(scene, 0, 0);
	assert_string_equal(state_after(scene, "up", "down", "up"), "degraded");
	assert_string_equal(state_after(scene, "up", "down", "down"), "down");
}

static void sensors_of_one_site_are_one_place(void **state)
{
	struct scene *scene = *state;
	say(scene, "berlin-2", "down");
	say(scene, "berlin-3", "down");
	assert_string_equal(state_after(scene, "down", "up", "up"), "degraded");
	say(scene, "berlin-2", "up");
	say(scene, "berlin-3", "up");
	assert_string_equal(state_after(scene, "down", "down", "up"), "degraded");
}

static void it_is_told_when_it_changes_and_in_its_own_time(void **state)
{
	struct scene *scene = *state;
	state_after(scene, "up", "up", "up");
	assert_int_equal(scene->told, 1);
	for (int i = 0; i < 10; i++)
		state_after(scene, "up", "up", "up");
	assert_int_equal(scene->told, 1);
	state_after(scene, "down", "up", "up");
	assert_int_equal(scene->told, 2);
	for (int i = 0; i < 31; i++)
		state_after(scene, "down", "up", "up");
	assert_int_equal(scene->told, 3);
}

static void what_is_not_of_the_set_is_nothing(void **state)
{
	struct scene *scene = *state;
	const struct vantages_wanted other = { "tcp://other:1", 30, 0, 0, NULL };
	vantages_begin_set(scene->places);
	vantages_add(scene->places, &other);
	vantages_end_set(scene->places);
	assert_false(vantages_knows(scene->places, TARGET));
	assert_true(vantages_knows(scene->places, other.target));
	say(scene, "berlin-1", "down");
	pass(scene, 1);
	assert_string_equal(scene->last.target, "tcp://other:1");
	assert_string_equal(scene->last.hard_state, "unknown");
	assert_int_equal(scene->told, 1);
}

static void hubs_own_words_are_no_place(void **state)
{
	struct scene *scene = *state;
	struct place_seen seen[VANTAGES_PER_TARGET];
	say(scene, FLEET_HUB, "down");
	assert_int_equal(vantages_of(scene->places, TARGET, seen), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PLACES(test) cmocka_unit_test_setup_teardown(test, begin, end)
		PLACES(it_is_down_when_as_many_as_needed_say_so),
		PLACES(who_is_not_asked_says_nothing),
		PLACES(one_place_alone_makes_it_degraded),
		PLACES(a_place_that_is_cut_off_does_not_count),
		PLACES(too_few_that_can_tell_is_not_known),
		PLACES(who_cannot_decide_lets_each_speak_for_itself),
		PLACES(most_of_them_are_needed_if_nothing_is_said),
		PLACES(sensors_of_one_site_are_one_place),
		PLACES(it_is_told_when_it_changes_and_in_its_own_time),
		PLACES(what_is_not_of_the_set_is_nothing),
		PLACES(hubs_own_words_are_no_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
