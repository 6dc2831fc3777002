/*
 * builtin.h: files that are part of the program: those of compliance/, and the style
 * sheet of pages.  Private to the room.
 */
#pragma once

#include <stddef.h>

struct report_file {
	const char *path;     /* "evidence/E1.yaml" */
	const char *at, *end; /* its text, a NUL behind it */
};

/* By path. */
const struct report_file *report_files(size_t *count);

const char *report_style(size_t *len);
