/*
 * book.h: which services have a number, and which are kept together as one.  Private to
 * the room.
 *
 * A scan tries a million ports.  A service gets rows of its own once it has answered,
 * or once it was sent so much without an answer that somebody means it; all others are
 * the service SERVICE_OTHER.  Both kinds are bounded.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

enum { ANSWERED_MAX = 32768, SILENT_MAX = 4096 };

struct bucket_row;

struct service_entry {
	int64_t id;
	struct addr server;
	uint32_t port;
	const char *transport; /* a word; NULL: none */
	bool answered;
	int64_t seen_us; /* begin of the last second it had; INT64_MIN: unknown */
	struct bucket_row *row;         /* of the interval being filled; NULL: none */
	char service[32], protocol[32]; /* as they are on disk */
	struct service_entry *next;     /* with the same hash */
};

struct book;

/* Reads the table. NULL with SQLite's code. */
struct book *book_open(sqlite3 *db, int *code);
void book_close(struct book *book);

/*
 * The service of that record, which is written down if it is new and deserves it; else
 * the one of all others.  has_answered: this record shows that it did.  NULL with
 * SQLite's code.
 */
struct service_entry *book_find(struct book *book, const struct port_record *port,
				bool has_answered, int *code);

/* Every one, the one of all others first; each returns false to end. */
void book_each(struct book *book, bool (*each)(void *self, struct service_entry *entry),
	       void *self);

/* How often a service got a new name. */
uint64_t book_renamed(const struct book *book);

/* How many of a kind there are. */
size_t book_count(const struct book *book, bool answered);

/* Forgets those of whom the function says so; it has removed them from the disk. */
void book_forget(struct book *book, bool (*gone)(void *self, int64_t id), void *self);
