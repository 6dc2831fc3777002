/*
 * roster_file.h: a roster over a restart: one file of the state folder, written at the
 * end.  Private to the room.
 *
 * Only what has the upper rank is in it: that is what was worth remembering.  It is a
 * memory of this machine's, so numbers are as the machine writes them; one of another
 * version, or that is not whole, is as if there were none.
 */
#pragma once

#include <stdbool.h>

#include "base/roster.h"

/* True if what comes from the disk makes sense. */
typedef bool roster_judge(const void *entry);

/* The entries that are good into a roster that is empty. */
void roster_read(struct roster *roster, const char *path, roster_judge *is_good);

/* 0 or -errno. */
int roster_write(const struct roster *roster, const char *path);
