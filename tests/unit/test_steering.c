/*
 * test_steering.c: documents that are wrong in themselves, and when a sensor is itself
 * cut off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/probing.h"
#include "cli/steering.h"
#include "cli/steering_check.h"
#include "probe/target.h"

static bool is_good(enum document_kind kind, const char *text, const char *because)
{
	const struct document document = { .kind = kind,
					   .text = text,
					   .len = strlen(text) };
	struct buf why = { 0 };
	bool good = steering_check(&document, &why);
	if (!good && strstr(buf_cstr(&why), because) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", text, buf_cstr(&why),
			 because);
	buf_free(&why);
	return good;
}

static void what_is_right_is_taken(void **state)
{
	(void)state;
	assert_true(is_good(DOCUMENT_CONFIG, "limits:\n  loss: 2 %\n", ""));
	assert_true(is_good(DOCUMENT_CONFIG, "", "")); /* there is none any more */
	assert_true(is_good(DOCUMENT_REGISTER, "", ""));
	assert_true(is_good(DOCUMENT_TARGETS,
			    "- target: tcp://h:1\n  from: [a, b]\n  need: 2\n", ""));
	assert_true(is_good(DOCUMENT_SILENCES,
			    "- match: port=443\n  until: 2030-01-31T12:00:00Z\n"
			    "  why: work\n",
			    ""));
}

static void what_is_wrong_has_a_place(void **state)
{
	(void)state;
	assert_false(is_good(DOCUMENT_CONFIG, "block:\n  mode: on\n", "config:2:3"));
	assert_false(is_good(DOCUMENT_CONFIG, "limits: 1\n", "config:1:9"));
	assert_false(is_good(DOCUMENT_LIMITS, "- nothing: 1\n", "limits:1:1"));
	assert_false(is_good(DOCUMENT_TARGETS, "- nothing\n", "targets:1:3"));
	assert_false(is_good(DOCUMENT_SILENCES, "- match: port=443\n", "until"));
	assert_false(is_good(DOCUMENT_SILENCES,
			     "- match: nothing=1\n  until: 2030-01-31T12:00:00Z\n",
			     "silences:1:10"));
	assert_false(is_good(DOCUMENT_SHARED, "{}\n", "none of its 1 lines"));
}

/* Nothing of the machine is read, or reached, for a fleet. */
static void targets_name_nothing_of_the_machine(void **state)
{
	(void)state;
	assert_false(is_good(DOCUMENT_TARGETS,
			     "- https://h/#token_file=/etc/breakwater/token\n",
			     "neither a file nor a network namespace"));
	assert_false(is_good(DOCUMENT_TARGETS,
			     "- target: tcp://h:1\n  netns: customer\n",
			     "neither a file nor a network namespace"));
}

/* ---- cut off ---- */

enum { TARGETS = 3 };
static const char *const targets[TARGETS] = { "tcp://h:1", "tcp://h:2", "tcp://h:3" };

struct scene {
	struct steering steering;
	struct probing probing;
	struct probe_record last[TARGETS];
	uint64_t hashes[TARGETS];
};

static int by_number(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

/* The last one is the machine's own. */
static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	for (size_t i = 0; i < TARGETS; i++) {
		record_init(RECORD_probe, &scene->last[i]);
		record_text(scene->last[i].target, sizeof(scene->last[i].target),
			    targets[i]);
		scene->last[i].state = "down";
		scene->hashes[i] = target_hash(targets[i]);
	}
	scene->last[TARGETS - 1].state = "up";
	scene->steering.targets = scene->hashes;
	scene->steering.target_count = TARGETS - 1;
	qsort(scene->hashes, TARGETS - 1, sizeof(uint64_t), by_number);
	scene->probing.last = scene->last;
	scene->probing.count = TARGETS;
	*state = scene;
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static void who_reaches_nothing_of_the_fleet_s_is_cut_off(void **state)
{
	struct scene *scene = *state;
	assert_true(steering_is_cut_off(&scene->steering, &scene->probing, false));
	assert_false(steering_is_cut_off(&scene->steering, &scene->probing, true));
}

static void who_reaches_one_is_not(void **state)
{
	struct scene *scene = *state;
	scene->last[1].state = "degraded";
	assert_false(steering_is_cut_off(&scene->steering, &scene->probing, false));
}

static void one_target_alone_says_nothing(void **state)
{
	struct scene *scene = *state;
	scene->probing.count = 1;
	assert_false(steering_is_cut_off(&scene->steering, &scene->probing, false));
	scene->probing.count = TARGETS;
	scene->steering.target_count = 1;
	assert_false(steering_is_cut_off(&scene->steering, &scene->probing, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_is_taken),
		cmocka_unit_test(what_is_wrong_has_a_place),
		cmocka_unit_test(targets_name_nothing_of_the_machine),
#define CUT_OFF(test) cmocka_unit_test_setup_teardown(test, begin, end)
		CUT_OFF(who_reaches_nothing_of_the_fleet_s_is_cut_off),
		CUT_OFF(who_reaches_one_is_not),
		CUT_OFF(one_target_alone_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
