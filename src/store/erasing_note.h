/*
 * erasing_note.h: which address is being erased, kept until it is, so that a daemon
 * that ended meanwhile goes on when it starts.  Private to the room.
 *
 *   FOLDER/privacy/erasing    for the writer alone, like the keys beside it
 *
 * It has the address itself and the one that stands in its place, and is destroyed at
 * the end.
 */
#pragma once

#include "store/privacy.h"

struct erasing_note {
	struct private_erasure what;
	struct addr instead;
};

/* 0 or -errno; of reading -ENOENT: nothing is being erased. */
int erasing_note_write(const char *folder, const struct erasing_note *note);
int erasing_note_read(const char *folder, struct erasing_note *note);
int erasing_note_destroy(const char *folder);
