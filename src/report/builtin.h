/*
 * builtin.h: the files of compliance/ that are part of the program.  Private to the
 * room.
 */
#pragma once

#include <stddef.h>

struct report_file {
	const char *path;     /* "evidence/E1.yaml" */
	const char *at, *end; /* its text, a NUL behind it */
};

/* By path: evidence before frameworks. */
const struct report_file *report_files(size_t *count);
