/*
 * tar.h: several files as one: POSIX ustar (IEEE 1003.1), always the same bytes for the
 * same files.  Private to the room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { TAR_FILES_MAX = 1024, TAR_PATH_MAX = 100 };

struct tar_file {
	char path[TAR_PATH_MAX]; /* letters, digits, . _ - and /; never up */
	struct buf text;         /* owned */
};

struct tar {
	struct tar_file *files; /* owned */
	size_t count;
};

/* A new one at the end, its text empty; NULL: no memory, too many, or such a path may
 * not be. */
struct tar_file *tar_add(struct tar *tar, const char *path);
const struct tar_file *tar_find(const struct tar *tar, const char *path);
void tar_free(struct tar *tar);

/* Appends all of them. False without memory. */
bool tar_write(const struct tar *tar, struct buf *out);

/* Reads what tar_write() wrote, or something like it. False and one line in *error. */
bool tar_read(const void *at, size_t len, struct tar *tar, struct buf *error);
