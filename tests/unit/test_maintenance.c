/*
 * test_maintenance.c: maintenance by command: who is in it, until when, and what is
 * kept of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/maintain.h"

#define NOW_US  INT64_C(1800000000000000)
#define HOUR_US INT64_C(3600000000)

static void one_or_all_until_then(void **state)
{
	(void)state;
	struct maintenance m = { 0 };
	assert_true(maintenance_set(&m, "ssh://a", NOW_US + 10, NOW_US));
	assert_true(maintenance_holds(&m, "ssh://a", NOW_US + 9));
	assert_false(maintenance_holds(&m, "ssh://a", NOW_US + 10));
	assert_false(maintenance_holds(&m, "ssh://b", NOW_US));
	assert_true(maintenance_set(&m, "", NOW_US + 5, NOW_US));
	assert_true(maintenance_holds(&m, "ssh://b", NOW_US + 4));
	assert_true(maintenance_set(&m, "ssh://a", 0, NOW_US));
	assert_true(maintenance_holds(&m, "ssh://a", NOW_US + 4));
	assert_false(maintenance_holds(&m, "ssh://a", NOW_US + 5));
}

static void no_more_than_there_is_room_for(void **state)
{
	(void)state;
	struct maintenance m = { 0 };
	char text[32];
	for (int i = 0; i < MAINTAINED_MAX; i++) {
		snprintf(text, sizeof(text), "ssh://%d", i);
		assert_true(maintenance_set(&m, text, NOW_US + 10, NOW_US));
	}
	assert_false(maintenance_set(&m, "ssh://more", NOW_US + 10, NOW_US));
	assert_true(maintenance_set(&m, "ssh://more", NOW_US + 20, NOW_US + 10));
}

static int take(struct maintaining *m, const char *form, int64_t now_us)
{
	static const struct probing nobody;
	struct maintenance_note note;
	struct buf message = { 0 };
	const struct maintenance_asked asked = { form, "root", now_us, &nobody };
	int error = maintaining_take(m, &asked, &note, &message);
	assert_true(message.len > 0);
	buf_free(&message);
	return error;
}

static void what_is_kept_is_taken_up_again(void **state)
{
	(void)state;
	char folder[] = "/tmp/breakwater-test-XXXXXX";
	struct maintaining m, again;
	assert_non_null(mkdtemp(folder));
	maintaining_open(&m, folder, NOW_US);
	assert_int_equal(m.count, 0);
	assert_int_equal(take(&m, "target=all&for=2h&why=a%26%22b", NOW_US), 0);
	maintaining_open(&again, folder, NOW_US + HOUR_US);
	assert_int_equal(again.count, 1);
	assert_string_equal(again.at[0].target, "all");
	assert_string_equal(again.at[0].actor, "root");
	assert_string_equal(again.at[0].why, "a&\"b");
	assert_int_equal(again.at[0].until_us, NOW_US + 2 * HOUR_US);
	maintaining_open(&again, folder, NOW_US + 2 * HOUR_US);
	assert_int_equal(again.count, 0);
	assert_int_equal(take(&m, "target=all&end=1", NOW_US), 0);
	maintaining_open(&again, folder, NOW_US);
	assert_int_equal(again.count, 0);
	unlink(m.path);
	rmdir(folder);
}

static void what_is_wrong_changes_nothing(void **state)
{
	(void)state;
	struct maintaining m;
	maintaining_open(&m, "/nonexistent", NOW_US);
	assert_int_equal(take(&m, "", NOW_US), -EINVAL);
	assert_int_equal(take(&m, "target=all", NOW_US), -EINVAL);
	assert_int_equal(take(&m, "target=all&for=32d", NOW_US), -EINVAL);
	assert_int_equal(take(&m, "target=all&for=0s", NOW_US), -EINVAL);
	assert_int_equal(take(&m, "target=all&end=1", NOW_US), -EINVAL);
	assert_int_equal(take(&m, "target=ssh://unknown&for=2h", NOW_US), -EINVAL);
	assert_int_equal(take(&m, "target=all&for=2h", NOW_US), -ENOENT);
	assert_int_equal(m.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_or_all_until_then),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(what_is_kept_is_taken_up_again),
		cmocka_unit_test(what_is_wrong_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
