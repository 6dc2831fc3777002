/*
 * test_config_files.c: which configuration files are read, in which order, and that a
 * bad one of many changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

/* Files in a folder of their own. */
struct folder {
	char path[32];
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
}

static char *path_in(const struct folder *folder, const char *name)
{
	static char path[2][128];
	static unsigned turn;
	char *out = path[turn++ % 2];
	snprintf(out, sizeof(path[0]), "%s/%s", folder->path, name);
	return out;
}

static int make_folder(void **state)
{
	static struct folder folder;
	snprintf(folder.path, sizeof(folder.path), "/tmp/config-XXXXXX");
	if (mkdtemp(folder.path) == NULL)
		return -1;
	*state = &folder;
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "conf.d/10-a.yaml", "conf.d/20-b.yaml",
					     "conf.d/.x.yaml",   "conf.d/y.yml",
					     "conf.d",           "main.yaml" };
	const struct folder *folder = *state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(path_in(folder, names[i]));
	return rmdir(folder->path);
}

static void conf_d_is_read_after_the_file_and_by_name(void **state)
{
	const struct folder *folder = *state;
	struct config config;
	struct buf errors = { 0 };
	config_init(&config);
	assert_int_equal(mkdir(path_in(folder, "conf.d"), 0700), 0);
	write_file(path_in(folder, "main.yaml"),
		   "state: /main\ncapture: {workers: 2}\n");
	write_file(path_in(folder, "conf.d/20-b.yaml"), "state: /b\n");
	write_file(path_in(folder, "conf.d/10-a.yaml"),
		   "state: /a\nflows: {max: 2048}\n");
	write_file(path_in(folder, "conf.d/.x.yaml"), "limits: {response_ms: 5}\n");
	write_file(path_in(folder, "conf.d/y.yml"), "state: /other\n");
	assert_int_equal(config_load(&config, path_in(folder, "main.yaml"), &errors),
			 0);
	assert_string_equal(config.state, "/b");
	assert_int_equal(config.workers, 2);
	assert_int_equal(config.flows_max, 2048);
	assert_int_equal(config.limit_response_ms, 100);
	buf_free(&errors);
}

static void one_bad_file_of_many_changes_nothing(void **state)
{
	const struct folder *folder = *state;
	struct config config, before;
	struct buf errors = { 0 };
	config_init(&config);
	config_init(&before);
	assert_int_equal(mkdir(path_in(folder, "conf.d"), 0700), 0);
	write_file(path_in(folder, "main.yaml"), "state: /main\n");
	write_file(path_in(folder, "conf.d/10-a.yaml"), "nope: 1\n");
	write_file(path_in(folder, "conf.d/20-b.yaml"), "listen: x\n");
	assert_int_equal(config_load(&config, path_in(folder, "main.yaml"), &errors),
			 -EINVAL);
	assert_memory_equal(&config, &before, sizeof(config));
	assert_non_null(strstr(buf_cstr(&errors), "10-a.yaml:1:1: "));
	assert_non_null(strstr(buf_cstr(&errors), "20-b.yaml:1:9: "));
	buf_free(&errors);
}

static void what_is_no_readable_file_is_one_line(void **state)
{
	const struct folder *folder = *state;
	struct config config;
	struct buf errors = { 0 };
	config_init(&config);
	assert_int_equal(config_load(&config, path_in(folder, "main.yaml"), &errors),
			 -ENOENT);
	assert_non_null(strstr(buf_cstr(&errors), "main.yaml: No such file"));
	buf_clear(&errors);
	assert_int_equal(config_read(&config, folder->path, &errors), -EISDIR);
	assert_non_null(strstr(buf_cstr(&errors), ": Is a directory\n"));
	buf_clear(&errors);
	write_file(path_in(folder, "main.yaml"), "# only a comment\n");
	assert_int_equal(truncate(path_in(folder, "main.yaml"), (1 << 20) + 1), 0);
	assert_int_equal(config_read(&config, path_in(folder, "main.yaml"), &errors),
			 -EFBIG);
	assert_non_null(strstr(buf_cstr(&errors), "larger than 1 MiB"));
	buf_free(&errors);
}

static void the_files_to_read_are_listed_in_order(void **state)
{
	const struct folder *folder = *state;
	struct buf files = { 0 }, errors = { 0 };
	assert_int_equal(mkdir(path_in(folder, "conf.d"), 0700), 0);
	write_file(path_in(folder, "conf.d/20-b.yaml"), "");
	write_file(path_in(folder, "conf.d/10-a.yaml"), "");
	assert_int_equal(
		config_list_files(path_in(folder, "main.yaml"), &files, &errors), 0);
	static const char *const names[] = { "main.yaml", "conf.d/10-a.yaml",
					     "conf.d/20-b.yaml" };
	size_t at = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(at < files.len);
		assert_string_equal(files.at + at, path_in(folder, names[i]));
		at += strlen(files.at + at) + 1;
	}
	assert_int_equal(at, files.len);
	buf_free(&files);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			conf_d_is_read_after_the_file_and_by_name, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(one_bad_file_of_many_changes_nothing,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_no_readable_file_is_one_line,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_files_to_read_are_listed_in_order,
						make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
