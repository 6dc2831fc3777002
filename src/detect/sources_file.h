/*
 * sources_file.h: what is known of sources, over a restart.  Private to the room.
 *
 * One file in the state folder, sources.bin (kept_file.h): a header, the ports known to
 * be open, the sources that are worth it.  Whoever has merely sent a packet is not in
 * it.
 */
#pragma once

#include "base/kept_file.h"
#include "detect/sources.h"

void sources_file_open(struct kept_file *file, const char *folder, int64_t now_us);

/*
 * Takes up what it holds; sources are empty.  False, with a sentence in why, if it
 * can't be used; that there is none is no reason.
 */
bool sources_file_read(struct kept_file *file, struct sources *sources, int64_t now_us,
		       struct buf *why);

/* Once a second. */
void sources_file_tick(struct kept_file *file, const struct sources *sources,
		       int64_t now_us);

/* Writes all that is missing, and ends. */
void sources_file_close(struct kept_file *file, const struct sources *sources,
			int64_t now_us);
