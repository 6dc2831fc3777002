/*
 * path_files.h: the files that a setting of paths means.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"

/* A name without wildcards is one also if the file is not there. */
void path_files_each(const struct config_paths *paths,
		     void (*take)(void *to, const char *path), void *to);

/* Appends its text, never NULL; false, and a line in errors, if it can't be read. */
bool path_file_read(const char *path, struct buf *text, struct buf *errors);

/* Another number whenever one of them is another, or is changed (file_stamp()). */
uint64_t path_files_stamp(const struct config_paths *paths);
