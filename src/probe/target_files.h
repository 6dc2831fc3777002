/*
 * target_files.h: the files of targets that a configuration names, and whether they
 * changed.
 */
#pragma once

#include "probe/target_file.h"

/* Paths may have *, ? and [] as in glob(7). */
struct target_files {
	const char *const *paths;
	size_t count;
};

/*
 * As target_file_parse(), of all of them; a file that can't be read is an error, and so
 * is a parent that is none of sink->parents.
 */
bool target_files_read(const struct target_files *files,
		       const struct round_rules *usual, const struct target_sink *sink,
		       struct buf *errors);

/* Another number when a file was written, came or went. */
uint64_t target_files_stamp(const struct target_files *files);
