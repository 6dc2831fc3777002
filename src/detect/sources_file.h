/*
 * sources_file.h: what is known of sources, over a restart.  Private to the room.
 *
 * One file in the state folder, sources.bin: a header, the ports known to be open, the
 * sources that are worth it, a checksum.  It is written in pieces, a few thousand
 * places of the table a second, so that nobody waits for it; then it takes the place of
 * the old one.  Whoever has merely sent a packet is not in it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "detect/sources.h"

struct sources_file {
	char path[4096]; /* "": nothing is kept */
	char fresh[4096 + 4];
	int fd; /* of the one that is being written; -1: none */
	uint32_t next;
	uint64_t sum;
	int64_t begun_us; /* the last time that writing began */
	struct buf piece;
};

void sources_file_open(struct sources_file *file, const char *folder, int64_t now_us);

/*
 * Takes up what it holds; sources are empty.  False, with a sentence in why, if it
 * can't be used; that there is none is no reason.
 */
bool sources_file_read(struct sources_file *file, struct sources *sources,
		       int64_t now_us, struct buf *why);

/* Once a second. */
void sources_file_tick(struct sources_file *file, const struct sources *sources,
		       int64_t now_us);

/* Writes all that is missing, and ends. */
void sources_file_close(struct sources_file *file, const struct sources *sources,
			int64_t now_us);
