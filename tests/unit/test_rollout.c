/*
 * test_rollout.c: a plan and its rollouts: who has the new version in which step, when
 * the next one comes, and what ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/plan.h"

#define SECOND 1000000LL
#define BEGIN  (1790000000 * SECOND)
enum { SENSORS = 40, WAIT_S = 60 };

struct scene {
	struct plan plan;
	struct plan_watch watch;
	struct sensor_record records[SENSORS];
	struct plan_sensor sensors[SENSORS];
	size_t count;
	int64_t now_us;
	char why[PLAN_WHY_MAX];
};

static struct scene *new_scene(size_t count)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	assert_non_null(scene);
	scene->count = count;
	scene->now_us = BEGIN;
	for (size_t i = 0; i < count; i++) {
		struct sensor_record *record = &scene->records[i];
		record_init(RECORD_sensor, record);
		snprintf(record->sensor, sizeof(record->sensor), "web-%zu", i);
		snprintf(record->site, sizeof(record->site), "%s",
			 i % 2 == 0 ? "berlin" : "paris");
		record->state = "up";
		record->since = BEGIN - 3600 * SECOND;
		record->config_version = 0;
		scene->sensors[i] = (struct plan_sensor){ record, BEGIN };
	}
	return scene;
}

static void begin(struct scene *scene, const char *steps, const char *scope)
{
	struct plan_wish wish = { .kind = DOCUMENT_CONFIG,
				  .wait_s = WAIT_S,
				  .by = "alice" };
	assert_true(plan_steps_parse(steps, &wish));
	assert_true(document_scope_parse(scope, &wish.scope));
	assert_true(plan_begin(&scene->plan, &wish, scene->now_us, scene->why));
}

static enum plan_news second(struct scene *scene)
{
	scene->now_us += SECOND;
	for (size_t i = 0; i < scene->count; i++)
		if (strcmp(scene->records[i].state, "up") == 0)
			scene->sensors[i].heard_us = scene->now_us;
	return plan_second(&scene->plan, &scene->watch, scene->sensors, scene->count,
			   scene->now_us, scene->why);
}

static size_t told(const struct scene *scene)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->count; i++)
		count += plan_is_told(&scene->plan, scene->records[i].sensor);
	return count;
}

/* All that are told have it from now on. */
static void take(struct scene *scene)
{
	for (size_t i = 0; i < scene->count; i++)
		if (plan_is_told(&scene->plan, scene->records[i].sensor))
			scene->records[i].config_version = scene->plan.rollout.coming;
}

/* One of those that are told. */
static struct sensor_record *one(struct scene *scene)
{
	for (size_t i = 0; i < scene->count; i++)
		if (plan_is_told(&scene->plan, scene->records[i].sensor))
			return &scene->records[i];
	fail();
	return NULL;
}

static void wait_well(struct scene *scene)
{
	for (int s = 0; s < WAIT_S; s++)
		assert_int_equal(second(scene), PLAN_SAME);
}

static void a_rollout_goes_in_steps_as_long_as_all_is_well(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	(void)state;
	begin(scene, "5%,25%,100%", "all");
	assert_int_equal(told(scene), 0);
	assert_int_equal(second(scene), PLAN_STEPPED);
	size_t first = told(scene);
	assert_in_range(first, 2, SENSORS / 4);
	for (int s = 0; s < 2 * WAIT_S; s++) /* nobody has it yet */
		assert_int_equal(second(scene), PLAN_SAME);
	take(scene);
	wait_well(scene);
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(told(scene), first); /* until the next one begins */
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_in_range(told(scene), SENSORS / 4, SENSORS - 1);
	take(scene);
	wait_well(scene);
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(told(scene), SENSORS);
	take(scene);
	wait_well(scene);
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(scene->plan.rollout.state, PLAN_DONE);
	assert_int_equal(scene->plan.entries[0].version, 1);
	assert_int_equal(second(scene), PLAN_SAME);
	free(scene);
}

static void who_was_told_in_a_step_stays_told(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	bool was[SENSORS] = { false };
	(void)state;
	begin(scene, "5%,25%,50%,100%", "all");
	while (scene->plan.rollout.state == PLAN_ROLLING) {
		second(scene);
		for (size_t i = 0; i < SENSORS; i++) {
			bool is =
				plan_version_for(&scene->plan, &scene->plan.entries[0],
						 scene->records[i].sensor) == 1;
			assert_true(is || !was[i]);
			was[i] = is;
		}
		take(scene);
	}
	for (size_t i = 0; i < SENSORS; i++)
		assert_true(was[i]);
	free(scene);
}

static void of_three_sensors_one_is_first(void **state)
{
	struct scene *scene = new_scene(3);
	(void)state;
	begin(scene, "5%,100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(told(scene), 1);
	free(scene);
}

static void a_refusal_ends_it(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	struct sensor_record *record;
	(void)state;
	begin(scene, "5%,100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	take(scene);
	record = one(scene);
	record->config_version = 0;
	snprintf(record->config_refused, sizeof(record->config_refused),
		 "version 9, limits for all: an old one");
	assert_int_equal(second(scene), PLAN_SAME);
	snprintf(record->config_refused, sizeof(record->config_refused),
		 "version 1, config for all: x.yaml:1:1: unknown key");
	assert_int_equal(second(scene), PLAN_BROKEN);
	assert_non_null(strstr(scene->why, record->sensor));
	assert_non_null(strstr(scene->why, "unknown key"));
	free(scene);
}

static void who_is_not_heard_of_since_he_was_told_ends_it(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	struct sensor_record *record;
	(void)state;
	/* One that was late before says nothing of it. */
	scene->records[0].state = "late";
	scene->sensors[0].heard_us = BEGIN - 100 * SECOND;
	begin(scene, "100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	take(scene);
	for (int s = 0; s < WAIT_S / 2; s++)
		assert_int_equal(second(scene), PLAN_SAME);
	record = &scene->records[1];
	record->state = "late";
	assert_int_equal(second(scene), PLAN_BROKEN);
	assert_non_null(strstr(scene->why, "web-1 is not heard of"));
	free(scene);
}

static void who_begins_anew_after_he_was_told_ends_it(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	(void)state;
	begin(scene, "100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	take(scene);
	scene->records[7].since = scene->now_us + 2 * SECOND;
	assert_int_equal(second(scene), PLAN_BROKEN);
	assert_non_null(strstr(scene->why, "web-7 began anew"));
	free(scene);
}

static void a_clock_that_is_ahead_is_no_new_beginning(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	(void)state;
	begin(scene, "100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	take(scene);
	scene->records[7].since = BEGIN + 200 * SECOND;
	scene->records[7].clock_offset_ms = 300000;
	assert_int_equal(second(scene), PLAN_SAME);
	free(scene);
}

static void who_never_takes_it_ends_it(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	int s = 0;
	(void)state;
	begin(scene, "100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	while (second(scene) == PLAN_SAME)
		s++;
	assert_in_range(s, 299, 301);
	assert_non_null(strstr(scene->why, "has not taken it"));
	free(scene);
}

static void what_happens_to_others_is_nothing(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	(void)state;
	begin(scene, "100%", "site:berlin");
	assert_int_equal(second(scene), PLAN_STEPPED);
	for (size_t i = 1; i < SENSORS; i += 2) { /* of paris */
		scene->records[i].state = "late";
		scene->records[i].since = scene->now_us + SECOND;
	}
	take(scene);
	wait_well(scene);
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(scene->plan.rollout.state, PLAN_DONE);
	free(scene);
}

static void nobody_there_is_waited_for(void **state)
{
	struct scene *scene = new_scene(3);
	(void)state;
	for (size_t i = 0; i < 3; i++)
		scene->records[i].state = "late";
	begin(scene, "100%", "all");
	for (int s = 0; s < 1000; s++)
		assert_int_equal(second(scene), PLAN_SAME);
	assert_int_equal(told(scene), 0);
	scene->records[0].state = "up";
	assert_int_equal(second(scene), PLAN_STEPPED);
	free(scene);
}

static void what_ends_is_returned_under_a_new_version(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	(void)state;
	begin(scene, "5%,100%", "all");
	assert_int_equal(second(scene), PLAN_STEPPED);
	assert_int_equal(plan_coming(&scene->plan, &scene->plan.entries[0]), 1);
	assert_int_equal(plan_halt(&scene->plan, "breakwater", "web-3 refused\nit",
				   scene->now_us),
			 2);
	assert_int_equal(scene->plan.rollout.state, PLAN_HALTED);
	assert_string_equal(scene->plan.rollout.why, "web-3 refused it");
	assert_int_equal(plan_coming(&scene->plan, &scene->plan.entries[0]), 0);
	for (size_t i = 0; i < SENSORS; i++)
		assert_int_equal(plan_version_for(&scene->plan, &scene->plan.entries[0],
						  scene->records[i].sensor),
				 2);
	begin(scene, "100%", "all");
	assert_int_equal(scene->plan.rollout.coming, 3);
	assert_int_equal(scene->plan.rollout.before, 2);
	free(scene);
}

static void one_is_rolled_out_at_a_time(void **state)
{
	struct scene *scene = new_scene(3);
	struct plan_wish wish = { .kind = DOCUMENT_LIMITS, .by = "bob" };
	(void)state;
	begin(scene, "100%", "all");
	assert_true(plan_steps_parse("100", &wish));
	assert_false(plan_begin(&scene->plan, &wish, BEGIN, scene->why));
	assert_non_null(strstr(scene->why, "config for all, version 1"));
	free(scene);
}

static void steps_grow_up_to_all(void **state)
{
	static const char *const bad[] = {
		"",        "5%", "5%,5%,100%", "100%,5%", "0%,100%",
		"5%,101%", "a",  "5%;100%",    "100%,",   "1,2,3,4,5,6,7,8,100"
	};
	struct plan_wish wish;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(plan_steps_parse(bad[i], &wish));
	assert_true(plan_steps_parse("1%,50,100%", &wish));
	assert_int_equal(wish.step_count, 3);
	assert_int_equal(wish.steps[1], 50);
}

static void a_plan_reads_back_the_same(void **state)
{
	struct scene *scene = new_scene(SENSORS);
	struct plan *read = malloc(sizeof(*read));
	struct buf one_text = { 0 }, other_text = { 0 };
	char why[DOCUMENT_WHY_MAX];
	(void)state;
	begin(scene, "5%,100%", "site:eu:1");
	second(scene);
	plan_halt(&scene->plan, "bob the builder", "it was not good", scene->now_us);
	begin(scene, "100%", "all");
	plan_write(&scene->plan, &one_text);
	assert_true(plan_read(one_text.at, one_text.len, read, why));
	plan_write(read, &other_text);
	assert_int_equal(one_text.len, other_text.len);
	assert_memory_equal(one_text.at, other_text.at, one_text.len);
	assert_memory_equal(&scene->plan.rollout, &read->rollout,
			    sizeof(read->rollout));
	for (size_t len = 1; len < one_text.len; len++)
		if (one_text.at[len - 1] != '\n')
			assert_false(plan_read(one_text.at, len, read, why));
	buf_free(&one_text);
	buf_free(&other_text);
	free(read);
	free(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rollout_goes_in_steps_as_long_as_all_is_well),
		cmocka_unit_test(who_was_told_in_a_step_stays_told),
		cmocka_unit_test(of_three_sensors_one_is_first),
		cmocka_unit_test(a_refusal_ends_it),
		cmocka_unit_test(who_is_not_heard_of_since_he_was_told_ends_it),
		cmocka_unit_test(who_begins_anew_after_he_was_told_ends_it),
		cmocka_unit_test(a_clock_that_is_ahead_is_no_new_beginning),
		cmocka_unit_test(who_never_takes_it_ends_it),
		cmocka_unit_test(what_happens_to_others_is_nothing),
		cmocka_unit_test(nobody_there_is_waited_for),
		cmocka_unit_test(what_ends_is_returned_under_a_new_version),
		cmocka_unit_test(one_is_rolled_out_at_a_time),
		cmocka_unit_test(steps_grow_up_to_all),
		cmocka_unit_test(a_plan_reads_back_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
