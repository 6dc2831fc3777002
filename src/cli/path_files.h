/*
 * path_files.h: the files that a setting of paths means.
 */
#pragma once

#include <stdint.h>

#include "config/config.h"

/* A name without wildcards is one also if the file is not there. */
void path_files_each(const struct config_paths *paths,
		     void (*take)(void *to, const char *path), void *to);

/* Another number whenever one of them is another, or is changed (file_stamp()). */
uint64_t path_files_stamp(const struct config_paths *paths);
