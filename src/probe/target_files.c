/*
 * target_files.c: see target_files.h.
 */
#include "probe/target_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

enum {
	FILE_BYTES_MAX = 64 << 20,
	LOOK_US = 5000000,
	SETTLE_US = 1000000, /* between the two looks at what has changed */
};

static void say(struct buf *errors, const char *path, int error)
{
	buf_json_text(errors, path); /* a name may hold a newline */
	buf_printf(errors, ": %s\n", strerror(error));
}

/*
 * A path without wildcards that matches nothing is found all the same, and missing.
 * False if a folder can't be read: nobody knows what is in it.
 */
static bool find(const struct target_files *files, glob_t *found, struct buf *errors)
{
	bool good = true;
	*found = (glob_t){ 0 };
	for (size_t i = 0; i < files->count; i++) {
		int flags = GLOB_NOMAGIC | GLOB_ERR | (i > 0 ? GLOB_APPEND : 0);
		int result = glob(files->paths[i], flags, NULL, found);
		if (result != GLOB_ABORTED && result != GLOB_NOSPACE)
			continue;
		good = false;
		if (errors != NULL)
			say(errors, files->paths[i],
			    result == GLOB_NOSPACE ? ENOMEM : errno);
	}
	return good;
}

/* ---- stamps ---- */

/* size: as much as there was to read; st_size may be another by then. */
static uint64_t add_stamp(uint64_t sum, const struct stat *st, uint64_t size)
{
	static const struct hash_key same = { 0, 0 };
	const uint64_t words[] = { sum, st->st_ino, size, (uint64_t)st->st_mtim.tv_sec,
				   (uint64_t)st->st_mtim.tv_nsec };
	return hash_words(&same, words, sizeof(words) / sizeof(words[0]));
}

/* What is missing has one as well. */
static uint64_t stamp_of(uint64_t sum, const char *path)
{
	struct stat st = { 0 };
	if (stat(path, &st) != 0)
		st = (struct stat){ 0 };
	return add_stamp(sum, &st, (uint64_t)st.st_size);
}

static uint64_t files_stamp(const struct target_files *files)
{
	glob_t found;
	uint64_t sum = find(files, &found, NULL) ? 1 : 2;
	for (size_t i = 0; i < found.gl_pathc; i++)
		sum = stamp_of(sum, found.gl_pathv[i]);
	globfree(&found);
	return sum;
}

/* ---- reading ---- */

/* The stamp is taken from the descriptor, after the last byte. */
static bool load_one(const char *path, struct target_text *out, uint64_t *stamp,
		     struct buf *errors)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? -errno : file_read_fd(fd, FILE_BYTES_MAX, &out->text);
	if (error == 0 && fstat(fd, &st) != 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	if (error != 0) {
		say(errors, path, -error);
		*stamp = stamp_of(*stamp, path);
		return false;
	}
	*stamp = add_stamp(*stamp, &st, out->text.len);
	out->path = strdup(path);
	return out->path != NULL;
}

bool target_files_load(const struct target_files *files, struct target_texts *out,
		       struct buf *errors)
{
	glob_t found;
	*out = (struct target_texts){ 0 };
	bool good = find(files, &found, errors);
	out->stamp = good ? 1 : 2;
	struct target_text *texts = calloc(found.gl_pathc + 1, sizeof(*texts));
	if (texts == NULL) {
		globfree(&found);
		return false;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		good &= load_one(found.gl_pathv[i], &texts[i], &out->stamp, errors);
	out->at = texts;
	out->count = found.gl_pathc;
	globfree(&found);
	if (!good)
		target_texts_free(out);
	return good;
}

/* The stamp stays. */
void target_texts_free(struct target_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		free(texts->at[i].path);
		buf_free(&texts->at[i].text);
	}
	free(texts->at);
	texts->at = NULL;
	texts->count = 0;
}

bool target_texts_parse(const struct target_texts *texts,
			const struct round_rules *usual, const struct target_sink *sink,
			struct buf *errors)
{
	bool good = true;
	for (size_t i = 0; i < texts->count; i++) {
		const struct target_text *file = &texts->at[i];
		good &= target_file_parse(file->text.at, file->text.len, file->path,
					  usual, sink, errors);
	}
	if (sink->parents != NULL)
		good &= parents_check(sink->parents, errors); /* of found names */
	return good;
}

/* ---- whether they changed ---- */

enum target_look target_watch_look(struct target_watch *watch,
				   const struct target_files *files, int64_t now_us,
				   struct target_texts *out, struct buf *errors)
{
	uint64_t seen = watch->seen, stamp = files_stamp(files);
	watch->seen = stamp;
	watch->look_at_us = now_us + (stamp == watch->taken ? LOOK_US : SETTLE_US);
	if (stamp == watch->taken || stamp != seen)
		return LOOK_SAME;
	size_t said = errors->len;
	bool good = target_files_load(files, out, errors);
	watch->seen = out->stamp;
	if (out->stamp != stamp) {
		target_texts_free(out);
		errors->len = said;
		return LOOK_SAME;
	}
	watch->taken = stamp;
	watch->look_at_us = now_us + LOOK_US;
	return good ? LOOK_CHANGED : LOOK_FAILED;
}
