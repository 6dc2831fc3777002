/*
 * test_dots.c: where text that ends with a dot on a line ends, however it is cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/dots.h"

/* How much of text is before its end, in pieces of step; or all, and *ended false. */
static size_t taken(const char *text, size_t len, size_t step, bool *ended,
		    bool *is_smuggled)
{
	struct dots dots;
	size_t at = 0;
	*ended = false;
	dots_begin(&dots);
	while (at < len && !*ended) {
		size_t piece = len - at < step ? len - at : step;
		struct bytes data = bytes_of(text + at, piece);
		*ended = dots_take(&dots, &data);
		at += piece - data.len;
		assert_true(*ended || data.len == 0);
	}
	*is_smuggled = dots.is_smuggled;
	return at;
}

struct text_case {
	const char *text, *rest; /* NULL: it does not end */
	bool is_smuggled;
};

static void check(const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *text = cases[i].text, *rest = cases[i].rest;
		size_t len = strlen(text);
		size_t wanted = len - (rest != NULL ? strlen(rest) : 0);
		for (size_t step = 1; step <= len; step++) {
			bool ended, is_smuggled;
			size_t at = taken(text, len, step, &ended, &is_smuggled);
			assert_int_equal(at, wanted);
			assert_int_equal(ended, rest != NULL);
			assert_int_equal(is_smuggled, cases[i].is_smuggled);
		}
	}
}

static void only_a_dot_between_crlf_is_the_end(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "hello\r\n.\r\nQUIT\r\n", "QUIT\r\n", false },
		{ ".\r\nQUIT\r\n", "QUIT\r\n", false },
		{ "a\r\n..\r\nb\r\n.\r\n", "", false },
		{ "a.\r\n.b\r\n. \r\n\r\n.\r\n", "", false },
		{ "a\r\n.\r\r\n.\r\n", "", false },
		{ "no end\r\n", NULL, false },
		{ "nearly\r\n.", NULL, false },
		{ "nearly\r\n.\r", NULL, false },
		{ "a\n.\nb\n", NULL, false },
		{ "a\n.\r\nb\r\n.\nc", NULL, false },
	};
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_command_behind_what_looks_like_the_end_is_smuggled(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "a\n.\r\nMAIL FROM:<b>\r\n", NULL, true },
		{ "a\n.\nmail from:<b>\r\n.\r\n", "", true },
		{ "a\r\n.\nEHLO b\r\n", NULL, true },
		{ "a\r.\r\nHELO b\r\n", NULL, true },
		{ "a\r\n.\rRSET\r\n", NULL, true },
		{ "a\n.\nMail from my aunt\n", NULL, false },
		{ "a\n.\nhello\n", NULL, false },
		{ "a\n.\n.\nEHLO b\n", NULL, true },
		{ "a\r\n..\r\nMAIL FROM:<b>\r\n", NULL, false },
	};
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void any_text_is_taken_alike_however_it_is_cut(void **state)
{
	(void)state;
	static const char letters[] = "\r\n.\r\n.mailfro: EHRST";
	print_message("seed 1\n");
	srandom(1);
	for (int try = 0; try < 3000; try++) {
		char text[48];
		bool ended, is_smuggled, ended_whole, is_smuggled_whole;
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = letters[(size_t)random() % (sizeof(letters) - 1)];
		size_t whole = taken(text, sizeof(text), sizeof(text), &ended_whole,
				     &is_smuggled_whole);
		size_t step = (size_t)random() % 7 + 1;
		assert_int_equal(taken(text, sizeof(text), step, &ended, &is_smuggled),
				 whole);
		assert_int_equal(ended, ended_whole);
		assert_int_equal(is_smuggled, is_smuggled_whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_dot_between_crlf_is_the_end),
		cmocka_unit_test(a_command_behind_what_looks_like_the_end_is_smuggled),
		cmocka_unit_test(any_text_is_taken_alike_however_it_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
