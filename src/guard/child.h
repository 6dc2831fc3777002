/*
 * child.h: the guard's own process; private to this room.
 */
#pragma once

#include <sys/types.h>

#include "guard/guard.h"

/* It reads what strangers send: an ordinary user, who is started again. */
static inline bool guard_is_kept(const struct guard_task *task)
{
	return task->kind != GUARD_PRIVILEGED;
}

/* In the child of a fork: becomes the guard, on its ends of the two sockets. */
_Noreturn void guard_child(const struct guard_task *task, int requests, int events,
			   pid_t parent);
