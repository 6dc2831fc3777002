/*
 * users.c: looks users up; see users.h.
 */
#include "host/users.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void forget_if_edited(struct users *users)
{
	struct stat now = { 0 };
	stat(users->path, &now);
	if (now.st_ino == users->inode && now.st_mtim.tv_sec == users->edited.tv_sec &&
	    now.st_mtim.tv_nsec == users->edited.tv_nsec)
		return;
	memset(users->at, 0, sizeof(users->at));
	users->inode = now.st_ino;
	users->edited = now.st_mtim;
}

static void look_up(const char *path, uint32_t uid, char *out, size_t size)
{
	snprintf(out, size, "%u", uid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	struct passwd *one = NULL;
	while ((one = fgetpwent(file)) != NULL) {
		if (one->pw_uid == uid) {
			snprintf(out, size, "%s", one->pw_name);
			break;
		}
	}
	fclose(file);
}

void users_name(struct users *users, uint32_t uid, char *out, size_t size)
{
	forget_if_edited(users);
	unsigned slot = uid % USERS_KEPT;
	if (users->at[slot].uid != uid || users->at[slot].name[0] == '\0') {
		users->at[slot].uid = uid;
		look_up(users->path, uid, users->at[slot].name,
			sizeof(users->at[slot].name));
	}
	snprintf(out, size, "%s", users->at[slot].name);
}
