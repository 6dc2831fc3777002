/*
 * landlock.h: landlock(7), asked for what this kernel has; private to this room.
 */
#pragma once

#include <stdbool.h>

struct landlock_paths {
	const char *const
		*writable; /* folders and all below them, then NULL; or NULL */
	const char *const *readable;  /* files and folders with all below, then NULL */
	const char *const *writables; /* files, then NULL: devices */
	bool connects;                /* TCP is free: a source is bound, too */
};

/*
 * From now on this thread reaches only these paths, signals nobody outside, and, unless
 * TCP is free, connects to no TCP port and waits on none.  Needs no_new_privs.  A path
 * that is missing is left out.  The kernel's version of Landlock, or -errno.
 */
int landlock_enter(const struct landlock_paths *paths);

/* From now on this thread signals and traces nobody but what it starts, if the kernel
 * knows how; all else is as it was. */
void landlock_signal_nobody(void);
