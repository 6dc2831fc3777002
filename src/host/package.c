/*
 * package.c: searches dpkg's lists; see package.h.
 */
#include "host/package.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIST_MAX = 32 << 20 };

struct kept {
	char path[256], package[PACKAGE_NAME_MAX];
	ino_t inode;
	struct timespec edited;
	uint64_t used;
};

struct packages {
	const char *info;
	uint64_t searches, uses;
	char *text; /* of one list */
	size_t size;
	struct kept at[PACKAGES_KEPT];
};

struct packages *packages_new(const char *info)
{
	struct packages *packages = calloc(1, sizeof(*packages));
	if (packages != NULL)
		packages->info = info;
	return packages;
}

void packages_free(struct packages *packages)
{
	if (packages == NULL)
		return;
	free(packages->text);
	free(packages);
}

uint64_t packages_searches(const struct packages *packages)
{
	return packages->searches;
}

static bool make_room(struct packages *packages, size_t size)
{
	if (size <= packages->size)
		return true;
	char *grown = realloc(packages->text, size);
	if (grown == NULL)
		return false;
	packages->text = grown;
	packages->size = size;
	return true;
}

/* Reads a list, with a newline before its first path and after its last. */
static size_t read_list(struct packages *packages, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	struct stat status;
	size_t len = 0;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size < LIST_MAX &&
	    make_room(packages, (size_t)status.st_size + 2)) {
		ssize_t got = read(fd, packages->text + 1, (size_t)status.st_size);
		if (got > 0) {
			packages->text[0] = '\n';
			packages->text[got + 1] = '\n';
			len = (size_t)got + 2;
		}
	}
	close(fd);
	return len;
}

/* "libc6:amd64.list" is libc6's. */
static void list_package(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)strcspn(name, ":"), name);
	char *end = strstr(out, ".list");
	if (end != NULL)
		*end = '\0';
}

static bool is_list(const char *name)
{
	size_t len = strlen(name);
	return len > strlen(".list") &&
	       strcmp(name + len - strlen(".list"), ".list") == 0;
}

static void search(struct packages *packages, const char *path, char *out, size_t size)
{
	char line[PATH_MAX], old[PATH_MAX];
	int line_len = snprintf(line, sizeof(line), "\n%s\n", path);
	/* /usr was merged: /usr/sbin/sshd may have been packed as /sbin/sshd. */
	bool is_merged = strncmp(path, "/usr/", 5) == 0;
	int old_len = snprintf(old, sizeof(old), "\n%s\n", path + (is_merged ? 4 : 0));
	out[0] = '\0';
	DIR *folder = opendir(packages->info);
	if (folder == NULL || line_len >= (int)sizeof(line)) {
		if (folder != NULL)
			closedir(folder);
		return;
	}
	packages->searches++;
	struct dirent *entry = NULL;
	while (out[0] == '\0' && (entry = readdir(folder)) != NULL) {
		if (!is_list(entry->d_name))
			continue;
		size_t len = read_list(packages, dirfd(folder), entry->d_name);
		const char *text = packages->text;
		if (len > 0 && (memmem(text, len, line, (size_t)line_len) != NULL ||
				memmem(text, len, old, (size_t)old_len) != NULL))
			list_package(entry->d_name, out, size);
	}
	closedir(folder);
}

/* What is kept of that path, or the slot used least lately. */
static struct kept *slot_of(struct packages *packages, const char *path)
{
	struct kept *oldest = &packages->at[0];
	for (size_t i = 0; i < PACKAGES_KEPT; i++) {
		struct kept *kept = &packages->at[i];
		if (strcmp(kept->path, path) == 0)
			return kept;
		if (kept->used < oldest->used)
			oldest = kept;
	}
	return oldest;
}

void packages_owner(struct packages *packages, const char *path, char *out, size_t size)
{
	struct kept *kept = slot_of(packages, path);
	struct stat status = { 0 };
	stat(path, &status);
	bool is_same = strcmp(kept->path, path) == 0 && kept->inode == status.st_ino &&
		       kept->edited.tv_sec == status.st_mtim.tv_sec &&
		       kept->edited.tv_nsec == status.st_mtim.tv_nsec;
	kept->used = ++packages->uses;
	if (!is_same) {
		snprintf(kept->path, sizeof(kept->path), "%s", path);
		kept->inode = status.st_ino;
		kept->edited = status.st_mtim;
		search(packages, path, kept->package, sizeof(kept->package));
	}
	snprintf(out, size, "%s", kept->package);
}
