/*
 * test_steered.c: what a sensor takes of what hubs answer, what it refuses and says,
 * and what it has after a restart; and which settings a fleet may set at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/key.h"
#include "fleet/steered.h"

struct scene {
	char folder[64];
	struct nkey key;
	struct steered *kept;
	struct buf answer;
	unsigned taken;
	char text[64];           /* the last that was taken */
	const char *refuse_with; /* NULL: all is taken */
};

static const struct document_reader me = { "web-3", "berlin", "web" };

static void open_kept(struct scene *scene)
{
	struct buf errors = { 0 };
	scene->kept = steered_open(scene->folder, &scene->key, &me, &errors);
	assert_non_null(scene->kept);
	assert_int_equal(errors.len, 0);
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	snprintf(scene->folder, sizeof(scene->folder), "/tmp/steered.XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	assert_true(nkey_make(NKEY_USER, &scene->key));
	open_kept(scene);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;
	char path[128];
	steered_close(scene->kept);
	snprintf(path, sizeof(path), "%s/" STEERED_FILE, scene->folder);
	unlink(path);
	rmdir(scene->folder);
	buf_free(&scene->answer);
	free(scene);
	return 0;
}

static void put(struct scene *scene, const char *scope, enum document_kind kind,
		uint64_t version, const char *text)
{
	struct document document = { .kind = kind,
				     .version = version,
				     .by = "alice",
				     .text = text,
				     .len = strlen(text) };
	assert_true(document_scope_parse(scope, &document.scope));
	if (scene->answer.len == 0)
		buf_text(&scene->answer, NEWS_ANSWER);
	assert_true(document_sign(&document, &scene->key, &scene->answer));
}

static bool take(void *self, const struct document *document, struct buf *why)
{
	struct scene *scene = self;
	if (scene->refuse_with != NULL) {
		buf_text(why, scene->refuse_with);
		return false;
	}
	scene->taken++;
	snprintf(scene->text, sizeof(scene->text), "%.*s", (int)document->len,
		 document->text);
	return true;
}

static int answer(struct scene *scene)
{
	char error[STEERED_ERROR_MAX] = "";
	scene->taken = 0;
	int result = steered_answer(scene->kept, scene->answer.at, scene->answer.len,
				    take, scene, error);
	assert_int_equal(result < 0, error[0] != '\0');
	buf_clear(&scene->answer);
	return result;
}

static uint64_t asks_for_more_than(struct scene *scene, const char *scope,
				   enum document_kind kind)
{
	struct news_have have[NEWS_HAVE_MAX];
	struct document_scope wanted;
	struct buf ask = { 0 };
	assert_true(document_scope_parse(scope, &wanted));
	steered_ask(scene->kept, &ask);
	int count = news_ask_read(ask.at, ask.len, have);
	assert_true(count >= 0);
	buf_free(&ask);
	return news_has(have, (size_t)count, &wanted, kind);
}

static void what_is_for_it_is_taken_once(void **state)
{
	struct scene *scene = *state;
	put(scene, "all", DOCUMENT_CONFIG, 3, "one");
	put(scene, "site:paris", DOCUMENT_CONFIG, 4, "not ours");
	put(scene, "tag:web", DOCUMENT_LIMITS, 5, "two");
	assert_int_equal(answer(scene), 2);
	assert_string_equal(scene->text, "two");
	assert_int_equal(steered_version(scene->kept), 5);
	put(scene, "tag:web", DOCUMENT_LIMITS, 5, "two");
	assert_int_equal(answer(scene), 0);
	assert_int_equal(asks_for_more_than(scene, "all", DOCUMENT_CONFIG), 3);
	assert_int_equal(asks_for_more_than(scene, "tag:web", DOCUMENT_LIMITS), 5);
	assert_int_equal(asks_for_more_than(scene, "site:paris", DOCUMENT_CONFIG), 0);
}

/* So that a newer hub's new kinds keep older sensors from nothing. */
static void a_kind_of_another_version_is_passed_over(void **state)
{
	struct scene *scene = *state;
	uint8_t signature[SIGNATURE_LEN];
	put(scene, "all", DOCUMENT_CONFIG, 3, "");
	char *head = scene->answer.at + strlen(NEWS_ANSWER);
	size_t len = scene->answer.len - strlen(NEWS_ANSWER) - SIGNATURE_LEN;
	memcpy(strstr(head, "config"), "future", 6);
	assert_true(nkey_sign(&scene->key, head, len, signature));
	memcpy(head + len, signature, SIGNATURE_LEN);
	put(scene, "all", DOCUMENT_LIMITS, 4, "four");
	assert_int_equal(answer(scene), 1);
	assert_string_equal(scene->text, "four");
	assert_int_equal(steered_version(scene->kept), 4);
}

static void a_version_never_goes_back(void **state)
{
	struct scene *scene = *state;
	put(scene, "all", DOCUMENT_CONFIG, 3, "three");
	assert_int_equal(answer(scene), 1);
	put(scene, "all", DOCUMENT_CONFIG, 2, "two");
	assert_int_equal(answer(scene), 0);
	assert_int_equal(scene->taken, 0);
	put(scene, "all", DOCUMENT_CONFIG, 4, "two"); /* a return */
	assert_int_equal(answer(scene), 1);
	assert_string_equal(scene->text, "two");
}

static void what_is_not_signed_is_told_and_nothing_behind_it_taken(void **state)
{
	struct scene *scene = *state;
	put(scene, "all", DOCUMENT_CONFIG, 3, "three");
	scene->answer.at[scene->answer.len - 1] ^= 1;
	put(scene, "all", DOCUMENT_LIMITS, 4, "four");
	assert_true(answer(scene) < 0);
	assert_int_equal(scene->taken, 0);
	assert_int_equal(steered_version(scene->kept), 0);
	buf_text(&scene->answer, "garbage");
	assert_true(answer(scene) < 0);
}

static void what_is_refused_stays_refused_until_there_is_a_newer_one(void **state)
{
	struct scene *scene = *state;
	put(scene, "all", DOCUMENT_CONFIG, 3, "three");
	assert_int_equal(answer(scene), 1);
	scene->refuse_with = "unknown key\nand more";
	put(scene, "all", DOCUMENT_CONFIG, 4, "four");
	assert_int_equal(answer(scene), 0);
	assert_string_equal(steered_refused(scene->kept),
			    "version 4, config for all: unknown key");
	assert_int_equal(plan_refused_version(steered_refused(scene->kept)), 4);
	assert_int_equal(steered_version(scene->kept), 3);
	assert_int_equal(asks_for_more_than(scene, "all", DOCUMENT_CONFIG), 4);
	scene->refuse_with = NULL;
	put(scene, "all", DOCUMENT_CONFIG, 4, "four");
	assert_int_equal(answer(scene), 0); /* it is not tried again ... */
	steered_retry(scene->kept);
	assert_int_equal(asks_for_more_than(scene, "all", DOCUMENT_CONFIG), 3);
	put(scene, "all", DOCUMENT_CONFIG, 4, "four");
	assert_int_equal(answer(scene), 1); /* ... until somebody wants that */
	assert_string_equal(steered_refused(scene->kept), "");
	assert_int_equal(steered_version(scene->kept), 4);
}

static void a_newer_one_ends_a_refusal(void **state)
{
	struct scene *scene = *state;
	scene->refuse_with = "no";
	put(scene, "all", DOCUMENT_CONFIG, 4, "four");
	assert_int_equal(answer(scene), 0);
	scene->refuse_with = NULL;
	put(scene, "all", DOCUMENT_CONFIG, 5, "three");
	assert_int_equal(answer(scene), 1);
	assert_string_equal(steered_refused(scene->kept), "");
}

static void what_it_has_outlives_a_restart(void **state)
{
	struct scene *scene = *state;
	put(scene, "all", DOCUMENT_CONFIG, 3, "wide");
	put(scene, "sensor:web-3", DOCUMENT_CONFIG, 4, "narrow");
	assert_int_equal(answer(scene), 2);
	steered_close(scene->kept);
	open_kept(scene);
	assert_int_equal(steered_version(scene->kept), 4);
	scene->taken = 0;
	steered_again(scene->kept, take, scene);
	assert_int_equal(scene->taken, 2);
	assert_string_equal(scene->text, "narrow"); /* the narrowest last */
	put(scene, "all", DOCUMENT_CONFIG, 2, "old");
	assert_int_equal(answer(scene), 0);
}

static void a_file_that_somebody_has_changed_is_not_believed(void **state)
{
	struct scene *scene = *state;
	char path[128];
	struct buf errors = { 0 };
	put(scene, "all", DOCUMENT_CONFIG, 3, "three");
	assert_int_equal(answer(scene), 1);
	steered_close(scene->kept);
	snprintf(path, sizeof(path), "%s/" STEERED_FILE, scene->folder);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, -66, SEEK_END), 0);
	fputc('X', file);
	fclose(file);
	scene->kept = steered_open(scene->folder, &scene->key, &me, &errors);
	assert_non_null(strstr(buf_cstr(&errors), "has not signed"));
	assert_int_equal(steered_version(scene->kept), 0);
	buf_free(&errors);
}

static void shared_sources_are_no_configuration(void **state)
{
	struct scene *scene = *state;
	put(scene, "all", DOCUMENT_SHARED, 900, "");
	put(scene, "all", DOCUMENT_CONFIG, 3, "three");
	assert_int_equal(answer(scene), 2);
	assert_int_equal(steered_version(scene->kept), 3);
}

/* ---- settings ---- */

static int steer(const char *text, struct config *config, struct buf *errors)
{
	config_init(config);
	buf_clear(errors);
	return config_parse_steered(config, text, strlen(text), "fleet", errors);
}

static void a_fleet_sets_what_is_looked_for(void **state)
{
	struct config config;
	struct buf errors = { 0 };
	(void)state;
	assert_int_equal(steer("limits:\n  loss: 3 %\ndetect:\n  guesses: 7\n", &config,
			       &errors),
			 0);
	assert_true(config.limit_loss > 0.029 && config.limit_loss < 0.031);
	assert_int_equal(config.detect_guesses, 7);
	buf_free(&errors);
}

static void a_fleet_can_t_do_anything_to_a_machine(void **state)
{
	static const char *const bad[] = {
		"block:\n  mode: on\n",
		"block:\n  never: []\n",
		"block:\n  new_per_minute: 100000\n",
		"block:\n  program: /bin/sh\n",
		"notify:\n  program: /bin/sh\n",
		"notify:\n  to: [\"https://evil.example/\"]\n",
		"notify:\n  files: [/etc/shadow]\n",
		"probe:\n  files: [/etc/shadow]\n",
		"limits:\n  files: [/etc/shadow]\n",
		"blocklists: [/etc/shadow]\n",
		"state: /tmp/x\n",
		"user: root\n",
		"listen: 0.0.0.0:80\n",
		"fleet:\n  servers: [tls://evil.example:4222]\n",
		"fleet:\n  shared_blocks: yes\n",
		"retention:\n  events: 1d\n",
		"privacy:\n  keys_kept: 0\n",
		"web:\n  loopback_read: yes\n",
		"traps:\n  answer: yes\n",
		"logs:\n  files: [/etc/shadow]\n",
	};
	struct config config, before;
	struct buf errors = { 0 };
	(void)state;
	config_init(&before);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (steer(bad[i], &config, &errors) == 0)
			fail_msg("%s was taken", bad[i]);
		if (strstr(buf_cstr(&errors), "not for a fleet to set") == NULL)
			fail_msg("%s: %s", bad[i], buf_cstr(&errors));
		assert_memory_equal(&config, &before, sizeof(config));
	}
	buf_free(&errors);
}

/* Whoever adds a key decides whether a fleet may set it: none by itself. */
static void all_that_a_fleet_may_set_are_settings(void **state)
{
	struct buf said = { 0 };
	size_t count = 0, named = 1;
	(void)state;
	config_say_steered(&said);
	for (const char *at = buf_cstr(&said); *at != '\0'; at++)
		named += *at == ',';
	for (size_t i = 0; i < key_count; i++)
		count += config_may_steer(keys[i].path);
	assert_int_equal(count, named);
	buf_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define KEPT(test) cmocka_unit_test_setup_teardown(test, begin, end)
		KEPT(what_is_for_it_is_taken_once),
		KEPT(a_version_never_goes_back),
		KEPT(a_kind_of_another_version_is_passed_over),
		KEPT(what_is_not_signed_is_told_and_nothing_behind_it_taken),
		KEPT(what_is_refused_stays_refused_until_there_is_a_newer_one),
		KEPT(a_newer_one_ends_a_refusal),
		KEPT(what_it_has_outlives_a_restart),
		KEPT(a_file_that_somebody_has_changed_is_not_believed),
		KEPT(shared_sources_are_no_configuration),
		cmocka_unit_test(a_fleet_sets_what_is_looked_for),
		cmocka_unit_test(a_fleet_can_t_do_anything_to_a_machine),
		cmocka_unit_test(all_that_a_fleet_may_set_are_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
