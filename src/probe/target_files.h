/*
 * target_files.h: the files of targets that a configuration names: each is read once,
 * and again when it was written.
 *
 * Who writes a file does so in steps: half of one is often a good file as well.  So
 * what changed is taken when two looks and the reading between them found the same.
 */
#pragma once

#include "probe/target_file.h"

/* Paths may have *, ? and [] as in glob(7). */
struct target_files {
	const char *const *paths;
	size_t count;
};

/* What they said. */
struct target_texts {
	struct target_text {
		char *path;
		struct buf text;
	} * at; /* owned */
	size_t count;
	uint64_t stamp; /* of what was read: another when one was written, came or went
			 */
};

/* Reads each once.  False, with lines in *errors, if one, or its folder, can't be. */
bool target_files_load(const struct target_files *files, struct target_texts *out,
		       struct buf *errors);
void target_texts_free(struct target_texts *texts);

/*
 * As target_file_parse(), of all of them; a parent that is none of sink->parents is an
 * error, too.
 */
bool target_texts_parse(const struct target_texts *texts,
			const struct round_rules *usual, const struct target_sink *sink,
			struct buf *errors);

/* ---- whether they changed ---- */

struct target_watch {
	uint64_t taken;     /* stamp of what is in force, or was refused */
	uint64_t seen;      /* of the last look */
	int64_t look_at_us; /* when to look again; by CLOCK_MONOTONIC */
};

enum target_look {
	LOOK_SAME,    /* or not yet written to its end */
	LOOK_CHANGED, /* *out is what they say now */
	LOOK_FAILED,  /* they changed, and can't be read: see *errors */
};

/* For when it is time; says LOOK_CHANGED and LOOK_FAILED once for each change. */
enum target_look target_watch_look(struct target_watch *watch,
				   const struct target_files *files, int64_t now_us,
				   struct target_texts *out, struct buf *errors);
