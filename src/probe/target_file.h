/*
 * target_file.h: files of targets, each with rules of its own.
 *
 * A list; an item is a target, or a mapping with `target` and any of `every`, `retry`,
 * `fails`, `of`, `recovers`, `parent`.
 */
#pragma once

#include "base/buf.h"
#include "probe/rounds.h"

enum { TARGETS_MAX = 100000 };

/* Takes the target over. False: no memory, reading ends. */
typedef bool (*target_take)(void *to, struct target *target,
			    const struct round_rules *rules);

/*
 * Reads a file's text; what an item does not say is as in usual.  False, with lines
 * "name:line:column: what, and what is allowed" in *errors, if anything is wrong: all
 * of it is looked at, and what is right has been given.
 */
bool target_file_parse(const char *text, size_t len, const char *name,
		       const struct round_rules *usual, target_take take, void *to,
		       struct buf *errors);
