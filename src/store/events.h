/*
 * events.h: the tables of everything that is not traffic.  Private to the room.
 *
 * listener, audit, checkpoint and gap get a row for each record, socket one per
 * listener and minute, self one per minute, finding and block one per id: the last.
 */
#pragma once

#include <sqlite3.h>

#include "record/record.h"
#include "store/chain.h"
#include "store/table.h"

/* The table of a kind: fields as columns, and what else it has. */
struct event_table {
	enum record_kind kind;
	const char *extra; /* columns of its own, "minute INTEGER,"; "" if none */
	const char *extra_names;
	unsigned extra_count;
	const char *key;   /* "PRIMARY KEY(...)" and the like, behind; "" if none */
	const char *after; /* other statements */
	const char *time;  /* column by which rows age */
	const char *order; /* newest first */
};

/* NULL: the kind has no such table. */
const struct event_table *event_table(enum record_kind kind);

/* Creates what is missing. SQLite's code. */
int events_define(sqlite3 *db);

/*
 * To a connection that only reads: tables that the file lacks, as one of an earlier
 * version does, are there and empty.  SQLite's code.
 */
int events_lend(sqlite3 *db);

struct events;

/* NULL with SQLite's code. */
struct events *events_open(sqlite3 *db, int *code);
void events_close(struct events *events);

/* SQLite's code. Of audit records, seq and hash are set here. */
int events_put(struct events *events, enum record_kind kind, const void *record);

/*
 * In a transaction of its own: counts a part of what a store of before has not counted;
 * *more: there is another.  SQLite's code.
 */
int events_catch_up(struct events *events, bool *more);

/* Of the audit records. */
struct chain *events_chain(struct events *events);
