/*
 * file.c: see file.h.
 */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int file_read(const char *path, size_t most, struct buf *text)
{
	char part[8192];
	size_t len;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	while (text->len <= most && (len = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(text, part, len);
	int result = ferror(file) ? -errno : !buf_ok(text) ? -ENOMEM : 0;
	fclose(file);
	return result == 0 && text->len > most ? -EFBIG : result;
}

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int file_scan_yaml(const char *folder, struct dirent ***names)
{
	return scandir(folder, names, is_yaml, by_name);
}
