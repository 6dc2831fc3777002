/*
 * rollup.h: finer levels made into coarser ones, when their interval is over.  Private
 * to the room.
 *
 * What has been done is on disk with the rows, in the same transaction: after a restart
 * the writer goes on where it was, however long ago that is.
 */
#pragma once

#include "store/book.h"
#include "store/levels.h"

struct rollup {
	struct level_access *access;
	struct book *book;
	/* Until when a level is made of the finer one; of 10 s it is never asked. */
	int64_t rolled[LEVELS];
	/* Since when nothing was removed from a level. INT64_MIN: nothing ever was. */
	int64_t kept[LEVELS];
	int64_t first; /* begin of the earliest second ever; INT64_MAX: none */
	/* How often a second came after its minute was made; a service got a new name.
	 */
	int64_t late, renamed;
	bool changed;
	struct roll *roll; /* owned */
	struct roll_packed *packed;
};

/* Reads how far it was. SQLite's code. */
int rollup_open(struct rollup *rollup, struct level_access *access, struct book *book);
/* The same without the rest, for readers. */
void rollup_read(struct rollup *rollup, sqlite3 *db);
void rollup_close(struct rollup *rollup);

/* A service got a new name. */
void rollup_rename(struct rollup *rollup);

/*
 * A second of that time comes in.  Intervals it belongs to are made again, if the finer
 * rows are still there.
 */
void rollup_note(struct rollup *rollup, int64_t at_us);

/*
 * Makes at most so many intervals that are over at now_us. *more: some are left.
 * SQLite's code.
 */
int rollup_due(struct rollup *rollup, int64_t now_us, unsigned most, bool *more);

/* Writes how far it is. SQLite's code. */
int rollup_save(struct rollup *rollup);
