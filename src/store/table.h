/*
 * table.h: records as rows: columns as fields, an unknown field NULL.  Private to the
 * room.
 *
 * A time is INTEGER microseconds since 1970, an address its RFC 5952 TEXT, a flag 0 or
 * 1.  Column names are quoted: `end` is a word of SQL.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

/* `"start" INTEGER,` for each, a comma behind every one. */
void columns_define(struct buf *out, enum record_kind kind, field_set fields);

/* `"start",` for each, with the prefix in front, a comma behind every one. */
void columns_list(struct buf *out, enum record_kind kind, field_set fields,
		  const char *prefix);

/* "?," as often. */
void columns_places(struct buf *out, size_t count);

size_t columns_count(enum record_kind kind, field_set fields);

/* Cuts the last comma and appends what follows. */
void columns_end(struct buf *out, const char *text);

/*
 * Binds the fields from that parameter on; returns the one behind them.  The record and
 * the scratch must outlive the step.
 */
enum { ADDRS_MAX = 4 };
struct bind_scratch {
	char addr[ADDRS_MAX][ADDR_TEXT_MAX];
};
int columns_bind(sqlite3_stmt *stmt, int at, enum record_kind kind, field_set fields,
		 const void *record, struct bind_scratch *scratch);

/*
 * Reads the fields from that column on into a record; returns the column behind them.
 * What is NULL, or no such value, is left unknown.
 */
int columns_read(sqlite3_stmt *stmt, int at, enum record_kind kind, field_set fields,
		 void *record);

/*
 * Whether what was read is all that those columns hold: no text longer than its field,
 * nothing of another type.
 */
bool columns_hold(sqlite3_stmt *stmt, int at, enum record_kind kind, field_set fields,
		  const void *record);
