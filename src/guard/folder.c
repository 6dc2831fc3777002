/*
 * folder.c: the state folder becomes the ordinary user's.
 *
 * This is root walking where an ordinary user may write, so it follows no link, holds
 * on to what it has looked at, and takes nothing that has a second name elsewhere.  A
 * path that was mistyped must not make /etc that user's: a folder with anything but
 * plain files and that user's own folders in it, or with none of ours, is refused
 * before the first change.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/guard.h"
#include "guard/user.h"

enum { FOLDER_MODE = 0750 };

/* What a file system's own top folder holds is nobody's. */
static bool is_skipped(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strcmp(name, "lost+found") == 0;
}

/* The spool of messages, which has been made that user's by itself. */
static bool is_own_folder(const struct stat *st, const struct user *user)
{
	return S_ISDIR(st->st_mode) && st->st_uid == user->uid;
}

/* fd: with O_PATH, so that nothing is opened that does something when opened. */
static int check_file(int fd, const struct user *user)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return -errno;
	if (is_own_folder(&st, user))
		return 0;
	bool is_ours = st.st_uid == 0 || st.st_uid == user->uid;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 && is_ours ? 0 : -ENOTEMPTY;
}

/*
 * What is that user's already stays as it is: chown(2) would change its ctime, by which
 * the spool of a fleet knows whether a file is the one that it left.
 */
static int take_file(int fd, const struct user *user)
{
	struct stat st;
	int error = check_file(fd, user);
	if (error == 0 && fstat(fd, &st) != 0)
		error = -errno;
	if (error != 0 || (st.st_uid == user->uid && st.st_gid == user->gid))
		return error;
	return fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH) == 0 ? 0 : -errno;
}

static int each_file(int folder, const struct user *user,
		     int (*act)(int fd, const struct user *user))
{
	int error = 0;
	int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	if (dir == NULL) {
		error = -errno;
		if (again >= 0)
			close(again);
		return error;
	}
	const struct dirent *entry;
	while (error == 0 && (entry = readdir(dir)) != NULL) {
		if (is_skipped(entry->d_name))
			continue;
		int fd = openat(folder, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			error = errno == ENOENT ? 0 : -errno;
			continue;
		}
		error = act(fd, user);
		close(fd);
	}
	closedir(dir);
	return error;
}

static bool is_there(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int refuse(int fd, const struct user *user)
{
	(void)fd;
	(void)user;
	return -ENOTEMPTY;
}

/* Plain files of root are also what /etc/cron.d and /root/.ssh hold. */
static int check_purpose(int folder, const struct user *user)
{
	struct stat st;
	if (fstat(folder, &st) != 0)
		return -errno;
	bool is_ours = st.st_uid == user->uid || is_there(folder, "breakwater.db") ||
		       is_there(folder, "policy.yaml") ||
		       is_there(folder, "web.access") || is_there(folder, "fleet.pub");
	return is_ours ? 0 : each_file(folder, user, refuse);
}

/* A folder where others may write is shared, as /tmp is. */
static int check_folder(int folder, const struct user *user)
{
	struct stat st;
	if (fstat(folder, &st) != 0)
		return -errno;
	if (st.st_uid != 0 && st.st_uid != user->uid)
		return -EPERM;
	return st.st_mode & S_IWOTH ? -EPERM : 0;
}

static int take_folder(int folder, const struct user *user)
{
	int error = check_folder(folder, user);
	if (error == 0)
		error = check_purpose(folder, user);
	if (error == 0)
		error = each_file(folder, user, check_file);
	if (error == 0)
		error = each_file(folder, user, take_file);
	if (error == 0 && fchown(folder, user->uid, user->gid) != 0)
		error = -errno;
	return error;
}

/* Under a folder that is open; flags: O_NOFOLLOW, or 0. */
static int own_at(int above, const char *name, int flags, const char *user)
{
	struct user wanted;
	if (mkdirat(above, name, FOLDER_MODE) != 0 && errno != EEXIST)
		return -errno;
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	int error = 0;
	user_find(user, &wanted);
	if (geteuid() == 0 && wanted.uid != 0)
		error = take_folder(fd, &wanted);
	close(fd);
	return error;
}

int sandbox_own_folder(const char *folder, const char *user)
{
	return own_at(AT_FDCWD, folder, 0, user);
}

int sandbox_own_inside(const char *folder, const char *name, const char *user)
{
	int error = sandbox_own_folder(folder, user);
	if (error != 0)
		return error;
	int above = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return -errno;
	error = own_at(above, name, O_NOFOLLOW, user);
	close(above);
	return error;
}
