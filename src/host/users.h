/*
 * users.h: names of users from /etc/passwd alone.
 *
 * A privileged process should not load whatever modules nsswitch.conf names, nor wait
 * for a directory server: an unknown user is shown by its number.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { USERS_KEPT = 256 };

/* All zero but the path is empty. */
struct users {
	const char *path; /* "/etc/passwd" */
	struct timespec edited;
	ino_t inode;
	struct {
		uint32_t uid;
		char name[32];
	} at[USERS_KEPT];
};

void users_name(struct users *users, uint32_t uid, char *out, size_t size);
