/*
 * runner_judge.c: whether a program is what the configuration meant: nobody else may
 * have changed it, or put another in its place.  As sshd(8) judges what its
 * configuration names, but that a folder may be sticky, such as /tmp.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/runner.h"

_Static_assert(PATH_MAX <= 4096, "room for a real path");

enum { OTHERS_WRITE = S_IWGRP | S_IWOTH };

/* why has RUNNER_SAID_MAX bytes. */
__attribute__((format(printf, 2, 3))) static bool refuse(char *why, const char *format,
							 ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, RUNNER_SAID_MAX, format, args);
	va_end(args);
	return false;
}

static bool is_owned(const struct stat *st, uid_t uid)
{
	return st->st_uid == 0 || st->st_uid == uid;
}

static bool judge_folder(const char *path, uid_t uid, char why[static RUNNER_SAID_MAX])
{
	struct stat st;
	if (stat(path, &st) != 0)
		return refuse(why, "%.100s: %s", path, strerror(errno));
	if (!is_owned(&st, uid))
		return refuse(why, "%.100s belongs to user %u, who could replace it",
			      path, (unsigned)st.st_uid);
	if ((st.st_mode & OTHERS_WRITE) != 0 && (st.st_mode & S_ISVTX) == 0)
		return refuse(why,
			      "%.100s (mode %04o): others may replace what is in it",
			      path, (unsigned)(st.st_mode & 07777));
	return true;
}

/* All that the path leads through. */
static bool judge_folders(const char *path, uid_t uid, char why[static RUNNER_SAID_MAX])
{
	char folder[PATH_MAX];
	for (const char *at = path; (at = strchr(at, '/')) != NULL; at++) {
		size_t len = at == path ? 1 : (size_t)(at - path);
		memcpy(folder, path, len);
		folder[len] = '\0';
		if (!judge_folder(folder, uid, why))
			return false;
	}
	return true;
}

static bool judge_file(const char *path, uid_t uid, char why[static RUNNER_SAID_MAX])
{
	struct stat st;
	if (stat(path, &st) != 0)
		return refuse(why, "%.100s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(why, "%.100s is no plain file", path);
	if (!is_owned(&st, uid))
		return refuse(why, "%.100s belongs to user %u, who could change it",
			      path, (unsigned)st.st_uid);
	if ((st.st_mode & OTHERS_WRITE) != 0)
		return refuse(why, "%.100s (mode %04o): others may change it", path,
			      (unsigned)(st.st_mode & 07777));
	if (access(path, X_OK) != 0)
		return refuse(why, "%.100s can't be executed: %s", path,
			      strerror(errno));
	return true;
}

bool runner_judge(const char *path, uid_t uid, char real[static 4096],
		  char why[static RUNNER_SAID_MAX])
{
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return refuse(why, "%.100s is no absolute path", path);
	if (realpath(path, real) == NULL)
		return refuse(why, "%.100s: %s", path, strerror(errno));
	return judge_folders(path, uid, why) && judge_folders(real, uid, why) &&
	       judge_file(real, uid, why);
}
