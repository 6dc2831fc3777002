/*
 * file.c: see file.h.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

enum { PATH_BYTES_MAX = 1024 };

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

int file_write(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, text, len);
		if (written < 0 && errno != EINTR)
			return -errno;
		text += written > 0 ? written : 0;
		len -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int write_synced(int fd, const char *text, size_t len)
{
	int error = file_write(fd, text, len);
	return error != 0 || fsync(fd) == 0 ? error : -errno;
}

int file_replace(const char *path, const char *text, size_t len)
{
	char fresh[PATH_BYTES_MAX];
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	int error = write_synced(fd, text, len);
	close(fd);
	if (error == 0 && rename(fresh, path) != 0)
		error = -errno;
	if (error != 0)
		unlink(fresh);
	return error;
}

uint64_t file_stamp(const char *path)
{
	static const struct hash_key same = { 0, 0 };
	struct stat st;
	if (stat(path, &st) != 0)
		return (uint64_t)errno;
	const uint64_t words[] = { st.st_ino, (uint64_t)st.st_size,
				   (uint64_t)st.st_mtim.tv_sec,
				   (uint64_t)st.st_mtim.tv_nsec };
	return hash_words(&same, words, sizeof(words) / sizeof(words[0]));
}
