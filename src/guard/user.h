/*
 * user.h: the ordinary user that the daemon becomes; private to this room.
 */
#pragma once

#include <sys/types.h>

#include "guard/guard.h"

struct user {
	uid_t uid;
	gid_t gid;
	char name[GUARD_TEXT_MAX];
};

/* The named one, else `nobody`, else the kernel's number for it. */
void user_find(const char *name, struct user *out);
