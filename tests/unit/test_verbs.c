/*
 * test_verbs.c: which word of a command is meant, and what is said of one that is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/verbs.h"

static const struct verb verbs[] = {
	{ "list", 0, 0, NULL },
	{ "add", 1, 1, "whose?" },
	{ "link", 0, 1, NULL },
};

static int choose(const char *usual, int words, const char *a, const char *b,
		  const char *c)
{
	char *word[] = { (char *)a, (char *)b, (char *)c };
	return verb_choose("user", verbs, 3, usual, words, word);
}

static void the_usual_one_needs_no_word(void **state)
{
	(void)state;
	assert_int_equal(choose("list", 0, NULL, NULL, NULL), 0);
	assert_int_equal(choose(NULL, 0, NULL, NULL, NULL), -1);
	assert_int_equal(choose("add", 0, NULL, NULL, NULL), -1);
}

static void operands_are_counted(void **state)
{
	(void)state;
	assert_int_equal(choose(NULL, 1, "list", NULL, NULL), 0);
	assert_int_equal(choose(NULL, 2, "list", "x", NULL), -1);
	assert_int_equal(choose(NULL, 1, "add", NULL, NULL), -1);
	assert_int_equal(choose(NULL, 2, "add", "x", NULL), 1);
	assert_int_equal(choose(NULL, 3, "add", "x", "y"), -1);
	assert_int_equal(choose(NULL, 1, "link", NULL, NULL), 2);
	assert_int_equal(choose(NULL, 2, "link", "x", NULL), 2);
	assert_int_equal(choose("list", 1, "lis", NULL, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_one_needs_no_word),
		cmocka_unit_test(operands_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
