/*
 * test_name_list.c: names with commas between, in a text that has room for some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/name_list.h"

static void each_is_there_once(void **state)
{
	char list[64] = "";
	(void)state;
	name_list_add(list, sizeof(list), "");
	assert_string_equal(list, "");
	name_list_add(list, sizeof(list), "web-1");
	name_list_add(list, sizeof(list), "db-1,web-1,,web");
	name_list_add(list, sizeof(list), "web-1,db-1");
	assert_string_equal(list, "web-1,db-1,web");
	assert_true(name_list_has(list, "web", 3));
	assert_false(name_list_has(list, "db", 2));
	assert_false(name_list_has_more(list));
}

static void nothing_comes_after_the_dots(void **state)
{
	char list[64] = "web-1";
	(void)state;
	name_list_add(list, sizeof(list), "web-2,...");
	name_list_add(list, sizeof(list), "web-3,...");
	assert_string_equal(list, "web-1,web-2,...");
	assert_true(name_list_has_more(list));
}

/* Of any size, whatever comes: whole names, and the dots if one is not there. */
static void what_has_no_room_leaves_room_for_the_dots(void **state)
{
	static const char all[] = "alpha,b,gamma,delta-4,e";
	(void)state;
	for (size_t size = 8; size < 40; size++) {
		char list[64] = "";
		name_list_add(list, size, all);
		assert_true(strlen(list) < size);
		bool is_all = strcmp(list, all) == 0;
		assert_int_equal(name_list_has_more(list), !is_all);
		if (!is_all)
			assert_memory_equal(list, all, strlen(list) - 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_there_once),
		cmocka_unit_test(nothing_comes_after_the_dots),
		cmocka_unit_test(what_has_no_room_leaves_room_for_the_dots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
