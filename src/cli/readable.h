/*
 * readable.h: what a confined process may still read, as a list of paths.
 */
#pragma once

#include <stddef.h>

#include "config/config.h"

enum { READABLE_MAX = 160, READABLE_FOLDERS_MAX = 128, READABLE_PATH_MAX = 256 };

struct readable {
	const char *at[READABLE_MAX + 1]; /* ended by NULL */
	size_t count;
	char folders[READABLE_FOLDERS_MAX][READABLE_PATH_MAX];
	size_t folder_count;
};

/* Borrowed. */
void readable_add(struct readable *readable, const char *path);
/* A copy; to: the struct readable. */
void readable_add_folder(void *to, const char *folder);
/*
 * The folder of the configuration's file (NULL: the usual one): an editor puts a new
 * file in the old one's place, and conf.d is beside it.
 */
void readable_add_config(struct readable *readable, const char *config_path);
/*
 * Folders of the files that a setting names, of a name with wildcards that before the
 * first of them; and those where links lead to, as Landlock looks at their ends.
 */
void readable_add_paths(struct readable *readable, const struct config_paths *paths);
/* The same of one file. */
void readable_add_file(struct readable *readable, const char *path);
