/*
 * test_document.c: what is signed reads back as it was, and what anybody has touched,
 * cut or signed with another key does not; what a sensor asks for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/document.h"
#include "fleet/news.h"

static const char text[] = "limits:\n  loss: 2 %\n";

static struct document example(void)
{
	return (struct document){ .scope = { SCOPE_SITE, "berlin" },
				  .kind = DOCUMENT_CONFIG,
				  .version = 17,
				  .returns = 12,
				  .made_us = 1790000000000001,
				  .by = "alice",
				  .text = text,
				  .len = sizeof(text) - 1 };
}

static struct nkey new_key(void)
{
	struct nkey key;
	assert_true(nkey_make(NKEY_USER, &key));
	return key;
}

static void what_is_signed_reads_back_the_same(void **state)
{
	(void)state;
	const struct nkey key = new_key();
	const struct document made = example();
	struct document read;
	struct buf bytes = { 0 };
	char why[DOCUMENT_WHY_MAX];
	assert_true(document_sign(&made, &key, &bytes));
	size_t one = bytes.len;
	buf_text(&bytes, "what follows is another's");
	assert_int_equal(document_open(bytes.at, bytes.len, &key, &read, why), one);
	assert_int_equal(read.scope.of, SCOPE_SITE);
	assert_string_equal(read.scope.name, "berlin");
	assert_int_equal(read.kind, DOCUMENT_CONFIG);
	assert_int_equal(read.version, 17);
	assert_int_equal(read.returns, 12);
	assert_int_equal(read.made_us, 1790000000000001);
	assert_string_equal(read.by, "alice");
	assert_int_equal(read.len, sizeof(text) - 1);
	assert_memory_equal(read.text, text, read.len);
	buf_free(&bytes);
}

static void every_octet_that_is_another_makes_it_none(void **state)
{
	(void)state;
	const struct nkey key = new_key();
	const struct document made = example();
	struct document read;
	struct buf bytes = { 0 };
	char why[DOCUMENT_WHY_MAX];
	assert_true(document_sign(&made, &key, &bytes));
	for (size_t i = 0; i < bytes.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes.at[i] = (char)(bytes.at[i] ^ 1 << bit);
			assert_int_equal(
				document_open(bytes.at, bytes.len, &key, &read, why),
				0);
			assert_true(why[0] != '\0');
			bytes.at[i] = (char)(bytes.at[i] ^ 1 << bit);
		}
	buf_free(&bytes);
}

static void every_shorter_one_is_none(void **state)
{
	(void)state;
	const struct nkey key = new_key();
	const struct document made = example();
	struct document read;
	struct buf bytes = { 0 };
	char why[DOCUMENT_WHY_MAX];
	assert_true(document_sign(&made, &key, &bytes));
	for (size_t len = 0; len < bytes.len; len++) {
		char *cut = malloc(len > 0 ? len : 1); /* reading beyond it is seen */
		assert_non_null(cut);
		memcpy(cut, bytes.at, len);
		assert_int_equal(document_open(cut, len, &key, &read, why), 0);
		free(cut);
	}
	buf_free(&bytes);
}

static void another_key_signs_nothing(void **state)
{
	(void)state;
	const struct nkey key = new_key(), other = new_key();
	struct nkey without = key;
	const struct document made = example();
	struct document read;
	struct buf bytes = { 0 };
	char why[DOCUMENT_WHY_MAX];
	assert_true(document_sign(&made, &other, &bytes));
	assert_int_equal(document_open(bytes.at, bytes.len, &key, &read, why), 0);
	assert_string_equal(why, "a document that the fleet's key has not signed");
	without.has_seed = false;
	assert_false(document_sign(&made, &without, &bytes));
	buf_free(&bytes);
}

static void who_signs_writes_no_line_of_his_own(void **state)
{
	(void)state;
	const struct nkey key = new_key();
	struct document made = example();
	struct buf bytes = { 0 };
	snprintf(made.by, sizeof(made.by), "alice\nversion 99");
	assert_false(document_sign(&made, &key, &bytes));
	made = example();
	made.len = DOCUMENT_TEXT_MAX + 1;
	assert_false(document_sign(&made, &key, &bytes));
	made = example();
	made.version = 0;
	assert_false(document_sign(&made, &key, &bytes));
	buf_free(&bytes);
}

static void a_scope_reads_as_it_is_written(void **state)
{
	static const char *const good[] = { "all", "site:berlin", "site:eu.de:1",
					    "tag:web_1", "sensor:web-3" };
	static const char *const bad[] = { "",          "ALL",           "site",
					   "site:",     "site:a b",      "tag:a,b",
					   "tag:a=b",   "sensor:a.b",    "sensor:",
					   "group:web", "sensor:web-3 ", "all:x" };
	struct document_scope scope;
	char shown[SCOPE_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(document_scope_parse(good[i], &scope));
		document_scope_text(&scope, shown);
		assert_string_equal(shown, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(document_scope_parse(bad[i], &scope));
}

static void a_document_is_for_whom_its_scope_names(void **state)
{
	static const struct document_reader web = { "web-3", "berlin", "web,prod" };
	static const struct {
		const char *scope;
		bool is_for;
	} cases[] = { { "all", true },          { "site:berlin", true },
		      { "site:paris", false },  { "tag:web", true },
		      { "tag:prod", true },     { "tag:pro", false },
		      { "tag:eb", false },      { "tag:web-3", false },
		      { "sensor:web-3", true }, { "sensor:web-33", false } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct document_scope scope;
		assert_true(document_scope_parse(cases[i].scope, &scope));
		assert_int_equal(document_is_for(&scope, &web), cases[i].is_for);
	}
}

/* ---- what is asked ---- */

static void a_question_reads_back_the_same(void **state)
{
	static const struct news_have have[] = {
		{ { SCOPE_ALL, "" }, DOCUMENT_CONFIG, 17 },
		{ { SCOPE_SENSOR, "web-3" }, DOCUMENT_TARGETS, 9000000000 },
	};
	struct news_have read[NEWS_HAVE_MAX];
	struct buf bytes = { 0 };
	(void)state;
	news_ask_write(have, 2, &bytes);
	assert_int_equal(news_ask_read(bytes.at, bytes.len, read), 2);
	assert_int_equal(news_has(read, 2, &have[1].scope, DOCUMENT_TARGETS),
			 9000000000);
	assert_int_equal(news_has(read, 2, &have[1].scope, DOCUMENT_CONFIG), 0);
	for (size_t len = 1; len < bytes.len; len++) {
		int count = news_ask_read(bytes.at, bytes.len - len, read);
		assert_true(count <= 1);
	}
	buf_free(&bytes);
}

static void what_is_no_question_is_said_to_be_none(void **state)
{
	static const char *const bad[] = {
		"",
		"breakwater have 2\n",
		NEWS_ASK "all config\n",
		NEWS_ASK "all config -1\n",
		NEWS_ASK "all config 1",
		NEWS_ASK "site:a b config 1\n",
		NEWS_ASK "all config 99999999999999999999\n",
	};
	struct news_have read[NEWS_HAVE_MAX];
	struct buf many = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(news_ask_read(bad[i], strlen(bad[i]), read), -1);
	buf_text(&many, NEWS_ASK);
	for (int i = 0; i <= NEWS_HAVE_MAX; i++)
		buf_text(&many, "all config 1\n");
	assert_int_equal(news_ask_read(many.at, many.len, read), -1);
	buf_free(&many);
}

static void a_kind_of_another_version_is_passed_over(void **state)
{
	static const char ask[] = NEWS_ASK "all future 1\nall config 7\n";
	struct news_have read[NEWS_HAVE_MAX];
	(void)state;
	assert_int_equal(news_ask_read(ask, strlen(ask), read), 1);
	assert_int_equal(read[0].version, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_reads_back_the_same),
		cmocka_unit_test(every_octet_that_is_another_makes_it_none),
		cmocka_unit_test(every_shorter_one_is_none),
		cmocka_unit_test(another_key_signs_nothing),
		cmocka_unit_test(who_signs_writes_no_line_of_his_own),
		cmocka_unit_test(a_scope_reads_as_it_is_written),
		cmocka_unit_test(a_document_is_for_whom_its_scope_names),
		cmocka_unit_test(a_question_reads_back_the_same),
		cmocka_unit_test(what_is_no_question_is_said_to_be_none),
		cmocka_unit_test(a_kind_of_another_version_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
