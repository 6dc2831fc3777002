/*
 * file.h: files that people write: read whole, and the *.yaml of a folder in order.
 */
#pragma once

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends the whole file. 0 or -errno; -EFBIG if it has more than `most` bytes. */
int file_read(const char *path, size_t most, struct buf *text);

/* All of it, where the descriptor stands; not synced.  0 or -errno. */
int file_write(int fd, const char *text, size_t len);

/*
 * The name of that file or folder is there after a power cut, too: its own fsync() does
 * not say so of the folder that it is in (fsync(2)).  0 or -errno.
 */
int file_sync_name(const char *path);

/* rename(2), and it stays so after a power cut. */
int file_rename(const char *from, const char *to);

/*
 * Writes it beside the old one, synced, and renames that over it: at any moment one of
 * the two is whole, and when it returns the new one is there to stay.  0 or -errno.
 */
int file_replace(const char *path, const char *text, size_t len);

/*
 * The same of what nobody else may read: mode 0600, and if root writes it, it is the
 * folder's owner's.
 */
int file_replace_private(const char *path, const char *text, size_t len);

/* The rest of what is open there; no need to be at its begin. */
int file_read_fd(int fd, size_t most, struct buf *text);

/*
 * The names of a folder that end in .yaml and don't begin with a dot, by bytes, so that
 * the order does not depend on who starts us.  As scandir(3): how many, or -1 and
 * errno; the caller frees each and the list.
 */
int file_scan_yaml(const char *folder, struct dirent ***names);

/*
 * Another number for each state of a file, also for one that is missing: by its inode,
 * size and time of change.
 */
uint64_t file_stamp(const char *path);
