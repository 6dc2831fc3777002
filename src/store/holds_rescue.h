/*
 * holds_rescue.h: what is held stays held when breakwater.db was damaged and a new one
 * is begun.  Private to the room.
 */
#pragma once

#include "store/events.h"

/*
 * Takes the legal holds, and the incidents that they are about, from a file that was
 * set aside, in a transaction of its own.  *count: how many holds; -1: the file can't
 * be read, so that nobody knows.  SQLite's code of writing.
 */
int holds_rescue(const char *aside, sqlite3 *db, struct events *events, int *count);
