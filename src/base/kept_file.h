/*
 * kept_file.h: a table over a restart, in one file of the state folder.
 *
 * It is written in pieces, a few thousand places of the table a second, so that nobody
 * waits for it; then it takes the place of the old one.  At its end is a checksum:
 * against what breaks, not against who forges, as the folder is ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What is kept, and how it is written. */
struct kept {
	const void *table;
	/* What the file begins with. */
	void (*begin)(const void *table, int64_t now_us, struct buf *piece);
	/* That place, if it is worth it. */
	void (*add)(const void *table, uint32_t place, int64_t now_us,
		    struct buf *piece);
	uint32_t places;
};

struct kept_file {
	char path[4096]; /* "": nothing is kept */
	char fresh[4096 + 4];
	int fd; /* of the one that is being written; -1: none */
	uint32_t next;
	uint64_t sum;
	int64_t begun_us; /* the last time that writing began */
	bool is_urgent;
	struct buf piece;
};

void kept_file_open(struct kept_file *file, const char *folder, const char *name,
		    int64_t now_us);

/* What changed should not be lost: it is written within seconds, not minutes. */
void kept_file_hurry(struct kept_file *file);

/* Once a second. */
void kept_file_tick(struct kept_file *file, const struct kept *kept, int64_t now_us);

/* Writes all that is missing, and ends. */
void kept_file_close(struct kept_file *file, const struct kept *kept, int64_t now_us);

/* What the table's own reader makes of the text: NULL, or why it can't be used. */
typedef const char *kept_take(void *table, const struct buf *text, int64_t now_us);
/*
 * False, with a sentence in why that ends "what was known of ... begins anew", if it
 * can't be used; that there is none is no reason.
 */
bool kept_file_read(struct kept_file *file, kept_take *take_up, void *table,
		    int64_t now_us, const char *of_what, struct buf *why);

/* The checksum is right, and there are so many bytes before it. */
bool kept_file_is_whole(const struct buf *text, size_t least);

/* What is read, bit by bit. */
struct kept_reading {
	const char *at;
	size_t len;
	/* The clock was set back since: times go back as far, or what happened before
	 * would lie ahead. */
	int64_t back_us;
};

/* What is between a header of that size and the checksum of a file that is whole. */
struct kept_reading kept_reading_of(const struct buf *text, size_t header,
				    int64_t saved_us, int64_t now_us);
/* False if there is not as much. */
bool kept_reading_take(struct kept_reading *reading, void *out, size_t len);
