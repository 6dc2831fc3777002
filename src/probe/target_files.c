/*
 * target_files.c: see target_files.h.
 */
#include "probe/target_files.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"

enum { FILE_BYTES_MAX = 64 << 20 };

/* A path without wildcards that matches nothing is found all the same, and missing. */
static void find(const struct target_files *files, glob_t *found)
{
	*found = (glob_t){ 0 };
	for (size_t i = 0; i < files->count; i++)
		glob(files->paths[i], GLOB_NOMAGIC | (i > 0 ? GLOB_APPEND : 0), NULL,
		     found);
}

static bool read_one(const char *path, const struct round_rules *usual,
		     const struct target_sink *sink, struct buf *errors)
{
	struct buf text = { 0 };
	int error = file_read(path, FILE_BYTES_MAX, &text);
	if (error != 0) {
		buf_json_text(errors, path); /* a name may hold a newline */
		buf_printf(errors, ": %s\n", strerror(-error));
	}
	bool good = error == 0 &&
		    target_file_parse(text.at, text.len, path, usual, sink, errors);
	buf_free(&text);
	return good;
}

bool target_files_read(const struct target_files *files,
		       const struct round_rules *usual, const struct target_sink *sink,
		       struct buf *errors)
{
	glob_t found;
	bool good = true;
	find(files, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		good &= read_one(found.gl_pathv[i], usual, sink, errors);
	if (sink->parents != NULL)
		good &= parents_check(sink->parents, errors); /* of found names */
	globfree(&found);
	return good;
}

uint64_t target_files_stamp(const struct target_files *files)
{
	static const struct hash_key same = { 0, 0 };
	glob_t found;
	uint64_t sum = 0;
	find(files, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat st = { 0 };
		stat(found.gl_pathv[i], &st);
		uint64_t words[] = { sum, st.st_ino, (uint64_t)st.st_size,
				     (uint64_t)st.st_mtim.tv_sec,
				     (uint64_t)st.st_mtim.tv_nsec };
		sum = hash_words(&same, words, sizeof(words) / sizeof(words[0]));
	}
	globfree(&found);
	return sum;
}
