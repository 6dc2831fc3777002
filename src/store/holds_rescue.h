/*
 * holds_rescue.h: what is held stays held when breakwater.db was damaged and a new one
 * is begun.  Private to the room.
 */
#pragma once

#include <limits.h>

#include "store/trunk.h"

/*
 * Takes the legal holds, and the incidents that they are about, from the newest file
 * that was set aside of path, in a transaction of its own that notes that this is done:
 * once for each new file, also if the daemon was killed before.  *count: how many
 * holds; -1: it can't all be read, so that nobody knows, and days are held for
 * HOLDS_UNKNOWN_DAYS. aside: that file, if *count is not 0.  SQLite's code of writing.
 */
int holds_rescue(const char *path, struct trunk *trunk, int64_t now_us,
		 char aside[static PATH_MAX], int *count);
