/*
 * target_file.h: files of targets, each with rules of its own.
 *
 * A list; an item is a target, or a mapping with `target` and any of the keys of
 * target_file.c.
 */
#pragma once

#include "base/buf.h"
#include "probe/parents.h"
#include "probe/rounds.h"

enum { TARGETS_MAX = 100000 };

/* Where targets go. */
struct target_sink {
	/* Takes the target over. False: no memory, reading ends. */
	bool (*take)(void *to, struct target *target, const struct round_rules *rules);
	void *to;
	struct parents *parents; /* who names whom, to be checked; NULL: nobody does */
};

/*
 * Reads a file's text; what an item does not say is as in usual.  False, with lines
 * "name:line:column: what, and what is allowed" in *errors, if anything is wrong: all
 * of it is looked at, and what is right has been given.
 */
bool target_file_parse(const char *text, size_t len, const char *name,
		       const struct round_rules *usual, const struct target_sink *sink,
		       struct buf *errors);
