/*
 * runner_start.h: one program begins; private to this room.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "guard/runner_queue.h"

struct runner_begun {
	pid_t pid;   /* the first of its group and session */
	int process; /* a pidfd */
	int said;    /* what it writes to standard error; reading never waits */
};

/*
 * Runs that file with the job's words and input.  is_root: it keeps what root has.  0;
 * or -errno.
 */
int runner_start(const char *path, const struct runner_job *job, bool is_root,
		 struct runner_begun *out);
