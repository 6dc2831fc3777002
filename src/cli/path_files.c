/*
 * path_files.c: see path_files.h.
 */
#include "cli/path_files.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

enum { FILE_MAX = 1 << 20 };

void path_files_each(const struct config_paths *paths,
		     void (*take)(void *to, const char *path), void *to)
{
	for (size_t i = 0; i < paths->count; i++) {
		glob_t found = { 0 };
		if (glob(paths->at[i], GLOB_NOMAGIC, NULL, &found) == 0)
			for (size_t k = 0; k < found.gl_pathc; k++)
				take(to, found.gl_pathv[k]);
		globfree(&found);
	}
}

bool path_file_read(const char *path, struct buf *text, struct buf *errors)
{
	int error = file_read(path, FILE_MAX, text);
	if (error == 0 && buf_cstr(text) == NULL)
		error = -ENOMEM;
	if (error != 0)
		buf_printf(errors, "%s: %s\n", path, strerror(-error));
	return error == 0;
}

static void add_stamp(void *to, const char *path)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t *sum = to;
	const uint64_t words[] = { *sum, hash_sum(path, strlen(path)),
				   file_stamp(path) };
	*sum = hash_words(&same, words, sizeof(words) / sizeof(words[0]));
}

uint64_t path_files_stamp(const struct config_paths *paths)
{
	uint64_t sum = 0;
	path_files_each(paths, add_stamp, &sum);
	return sum;
}
