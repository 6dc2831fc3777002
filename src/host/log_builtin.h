/*
 * log_builtin.h: the formats of formats/, which are part of the program.  Private to
 * the room.
 */
#pragma once

#include <stddef.h>

struct log_builtin {
	const char *name, *at, *end; /* "sshd.yaml" and its text */
};

/* In order of name; *count of them. */
const struct log_builtin *log_builtins(size_t *count);
