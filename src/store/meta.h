/*
 * meta.h: numbers that the store keeps about itself, by name.  Private to the room.
 */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

/* Creates the table. SQLite's code. */
int meta_define(sqlite3 *db);

/* *value stays where there is none. SQLite's code: what can't be read is not none. */
int meta_read(sqlite3 *db, const char *name, int64_t *value);

/* other, if it is not there. */
int64_t meta_get(sqlite3 *db, const char *name, int64_t other);

/* SQLite's code. */
int meta_put(sqlite3 *db, const char *name, int64_t value);
