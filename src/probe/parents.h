/*
 * parents.h: does every parent that some files name stand for a target?
 */
#pragma once

#include "base/buf.h"
#include "probe/target.h"

struct named_parent {
	char *text; /* owned; NULL without memory */
	const char *file;
	size_t line, column;
};

/* All zero: nothing was read yet. */
struct parents {
	uint64_t *targets; /* their hashes; owned */
	size_t target_count, target_size;
	struct named_parent *named; /* owned */
	size_t named_count, named_size;
};

void parents_add_target(struct parents *parents, const char *text);
/* file must live as long as *parents. */
void parents_add_named(struct parents *parents, const char *text, const char *file,
		       size_t line, size_t column);
/* Once all were added: false, and lines in *errors, of those that are no target. */
bool parents_check(struct parents *parents, struct buf *errors);
void parents_free(struct parents *parents);
