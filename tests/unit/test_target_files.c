/*
 * test_target_files.c: files that are being written, put in each other's place and
 * removed: half of one is never taken, and what is gone by accident changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/target_files.h"

static char folder[] = "/tmp/test_target_files_XXXXXX";
static char path[64], other[64], pattern[64];
static struct target_texts texts;
static struct target_watch watch;
static struct buf errors;
static int64_t now_us;

static void write_to(const char *where, const char *mode, const char *text)
{
	FILE *file = fopen(where, mode);
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct target_files files_of(const char *const *paths)
{
	return (struct target_files){ paths, 1 };
}

static void begin(const struct target_files *files)
{
	buf_clear(&errors);
	target_texts_free(&texts);
	assert_true(target_files_load(files, &texts, &errors));
	watch = (struct target_watch){ .taken = texts.stamp };
	target_texts_free(&texts);
	now_us = 0;
}

/* At the time that it asks for. */
static enum target_look look(const struct target_files *files)
{
	now_us = watch.look_at_us;
	target_texts_free(&texts);
	return target_watch_look(&watch, files, now_us, &texts, &errors);
}

static void half_a_file_is_not_taken(void **state)
{
	(void)state;
	const char *const paths[] = { path };
	struct target_files files = files_of(paths);
	write_to(path, "w", "- tcp://192.0.2.1:1\n- tcp://192.0.2.2:2\n");
	begin(&files);
	assert_int_equal(look(&files), LOOK_SAME);
	write_to(path, "w", "");
	assert_int_equal(look(&files), LOOK_SAME);
	write_to(path, "a", "- tcp://192.0.2.1:1\n");
	assert_int_equal(look(&files), LOOK_SAME);
	write_to(path, "a", "- tcp://192.0.2.3:3\n");
	assert_int_equal(look(&files), LOOK_SAME);
	assert_int_equal(look(&files), LOOK_CHANGED);
	assert_int_equal(texts.count, 1);
	assert_string_equal(buf_cstr(&texts.at[0].text),
			    "- tcp://192.0.2.1:1\n- tcp://192.0.2.3:3\n");
	assert_int_equal(look(&files), LOOK_SAME);
}

static void a_file_in_the_place_of_another_is_taken(void **state)
{
	(void)state;
	const char *const paths[] = { path };
	struct target_files files = files_of(paths);
	write_to(path, "w", "- tcp://192.0.2.1:1\n");
	begin(&files);
	write_to(other, "w", "- tcp://192.0.2.2:1\n");
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(look(&files), LOOK_SAME);
	assert_int_equal(look(&files), LOOK_CHANGED);
	assert_string_equal(buf_cstr(&texts.at[0].text), "- tcp://192.0.2.2:1\n");
}

static void one_that_is_missed_is_told_once(void **state)
{
	(void)state;
	const char *const paths[] = { path };
	struct target_files files = files_of(paths);
	write_to(path, "w", "- tcp://192.0.2.1:1\n");
	begin(&files);
	unlink(path);
	assert_int_equal(look(&files), LOOK_SAME);
	assert_int_equal(look(&files), LOOK_FAILED);
	assert_non_null(strstr(buf_cstr(&errors), "No such file"));
	assert_int_equal(look(&files), LOOK_SAME);
	write_to(path, "w", "[]\n");
	assert_int_equal(look(&files), LOOK_SAME);
	assert_int_equal(look(&files), LOOK_CHANGED);
}

static void of_a_pattern_one_may_go_but_not_the_folder(void **state)
{
	(void)state;
	const char *const paths[] = { pattern };
	char aside[80];
	struct target_files files = files_of(paths);
	write_to(path, "w", "- tcp://192.0.2.1:1\n");
	write_to(other, "w", "- tcp://192.0.2.2:1\n");
	begin(&files);
	unlink(other);
	assert_int_equal(look(&files), LOOK_SAME);
	assert_int_equal(look(&files), LOOK_CHANGED);
	assert_int_equal(texts.count, 1);
	snprintf(aside, sizeof(aside), "%s.aside", folder);
	assert_int_equal(rename(folder, aside), 0);
	assert_int_equal(look(&files), LOOK_SAME);
	assert_int_equal(look(&files), LOOK_FAILED);
	assert_int_equal(rename(aside, folder), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a.yaml", folder);
	snprintf(other, sizeof(other), "%s/b.yaml", folder);
	snprintf(pattern, sizeof(pattern), "%s/*.yaml", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	target_texts_free(&texts);
	buf_free(&errors);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_file_is_not_taken),
		cmocka_unit_test(a_file_in_the_place_of_another_is_taken),
		cmocka_unit_test(one_that_is_missed_is_told_once),
		cmocka_unit_test(of_a_pattern_one_may_go_but_not_the_folder),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
