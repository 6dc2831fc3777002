/*
 * readable.c: see readable.h.
 */
#include "cli/readable.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void readable_add(struct readable *readable, const char *path)
{
	if (readable->count < READABLE_MAX)
		readable->at[readable->count++] = path;
}

void readable_add_folder(void *to, const char *folder)
{
	struct readable *readable = to;
	if (readable->folder_count == READABLE_FOLDERS_MAX)
		return;
	char *copy = readable->folders[readable->folder_count];
	int len = snprintf(copy, READABLE_PATH_MAX, "%s/", folder);
	if (len < 0 || len >= READABLE_PATH_MAX)
		return;
	readable->folder_count++;
	readable_add(readable, copy);
}

/* Of a name with wildcards what is before the first of them. */
static void add_folder_of(struct readable *readable, const char *file)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", file);
	path[strcspn(path, "*?[")] = '\0';
	char *slash = strrchr(path, '/');
	if (slash == NULL) {
		readable_add_folder(readable, ".");
		return;
	}
	slash[slash == path] = '\0';
	readable_add_folder(readable, path);
}

void readable_add_config(struct readable *readable, const char *config_path)
{
	add_folder_of(readable,
		      config_path != NULL ? config_path : CONFIG_DEFAULT_PATH);
}

/* What replaces it stands beside it, or beside what it points to. */
void readable_add_file(struct readable *readable, const char *path)
{
	char *real = realpath(path, NULL);
	add_folder_of(readable, path);
	if (real != NULL)
		add_folder_of(readable, real);
	free(real);
}

void readable_add_paths(struct readable *readable, const struct config_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		readable_add_file(readable, paths->at[i]);
}
