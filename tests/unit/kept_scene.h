/*
 * kept_scene.h: what detectors know over a restart, in a folder of the test's own.
 *
 * Include after cmocka.h.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "detect_scene.h"

static char folder[64];

static inline int begin_with_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/breakwater-kept-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return begin(state);
}

static inline void kept_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", folder, name);
}

static inline int end_with_folder(void **state)
{
	static const char *const names[] = { "sources.bin", "logins.bin",
					     "beacons.bin" };
	char path[128];
	end(state);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		kept_path(path, sizeof(path), names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

/* Returns what was said of the files, or "". */
static inline const char *keep(struct scene *scene)
{
	static char said[512];
	struct buf why = { 0 };
	bool ok = detect_keep(scene->detect, folder, scene->now_us, &why);
	snprintf(said, sizeof(said), "%s", ok ? "" : buf_cstr(&why));
	buf_free(&why);
	return said;
}

/* Everything is forgotten but what is in the folder. */
static inline void restart(struct scene *scene)
{
	struct detect_sink sink = { .self = scene, .finding = say };
	detect_free(scene->detect);
	scene->detect = detect_new(&sink);
	assert_non_null(scene->detect);
	scene->count = 0;
}

static inline void write_file(const char *name, const char *bytes, size_t len)
{
	char path[128];
	kept_path(path, sizeof(path), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* One bit of that byte is another. */
static inline void damage_file(const char *name, off_t at)
{
	char path[128], byte;
	kept_path(path, sizeof(path), name);
	int fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

#define KEPT(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, begin_with_folder, end_with_folder)
