/*
 * file.c: see file.h.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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

/* Whoever may write into a folder need not be able to read it, or to sync it. */
int file_sync_name(const char *path)
{
	char folder[PATH_BYTES_MAX];
	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? 0 : -errno;
	int error = fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
	close(fd);
	return error;
}

int file_rename(const char *from, const char *to)
{
	return rename(from, to) == 0 ? file_sync_name(to) : -errno;
}

/* fd: of the fresh file, which is closed. */
static int put_in_place(int fd, const char *fresh, const char *path, const char *text,
			size_t len)
{
	int error = write_synced(fd, text, len);
	close(fd);
	if (error == 0)
		error = file_rename(fresh, path);
	if (error != 0)
		unlink(fresh);
	return error;
}

static int open_fresh(const char *path, mode_t mode, char fresh[static PATH_BYTES_MAX])
{
	if (snprintf(fresh, PATH_BYTES_MAX, "%s.new", path) >= PATH_BYTES_MAX)
		return -ENAMETOOLONG;
	/* A link that somebody put there is not followed: root writes here, too. */
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

int file_replace(const char *path, const char *text, size_t len)
{
	char fresh[PATH_BYTES_MAX];
	int fd = open_fresh(path, 0640, fresh);
	return fd < 0 ? fd : put_in_place(fd, fresh, path, text, len);
}

/* Whose the folder is that the file is in. */
static int give_to_owner(int fd, const char *path)
{
	char folder[PATH_BYTES_MAX];
	struct stat st;
	snprintf(folder, sizeof(folder), "%s", path);
	if (stat(dirname(folder), &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0)
		return -errno;
	return 0;
}

int file_replace_private(const char *path, const char *text, size_t len)
{
	char fresh[PATH_BYTES_MAX];
	int fd = open_fresh(path, 0600, fresh), error = 0;
	if (fd < 0)
		return fd;
	if (geteuid() == 0)
		error = give_to_owner(fd, path);
	if (error == 0)
		return put_in_place(fd, fresh, path, text, len);
	close(fd);
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
