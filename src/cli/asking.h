/*
 * asking.h: the process that asks configured targets, from its own side; what the
 * daemon knows of it is in probing.h.
 */
#pragma once

#include "config/config.h"
#include "guard/guard.h"

/*
 * Reads targets, their files and modules; STATUS_USAGE, with all that is wrong on
 * standard error, if they are not right.  Then makes the process, before any thread.
 * *out NULL: nothing is to be asked; or it could not start, errno is in *error.
 */
int asking_fork(const struct config *config, struct guard **out, int *error);

/* False, with all that is wrong on standard error: the files are not looked at. */
bool asking_check(const struct config *config);
