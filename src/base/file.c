/*
 * file.c: see file.h.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int file_read_fd(int fd, size_t most, struct buf *text)
{
	char part[8192];
	ssize_t len = 0;
	while (text->len <= most && ((len = read(fd, part, sizeof(part))) > 0 ||
				     (len < 0 && errno == EINTR)))
		buf_add(text, part, len > 0 ? (size_t)len : 0);
	if (len < 0)
		return -errno;
	return !buf_ok(text) ? -ENOMEM : text->len > most ? -EFBIG : 0;
}

int file_read(const char *path, size_t most, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = file_read_fd(fd, most, text);
	close(fd);
	return error;
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
