/*
 * steering_put.h: one document put in force; private to steering.
 */
#pragma once

#include "cli/steering.h"

/* Makes the folders of the fleet's files, for that user. False, and said. */
bool steering_put_folders(const char *state, const char *user, struct buf *errors);
/*
 * Takes out all that was put there: at a start it is put anew, and what is not right
 * any more, or not for this sensor, must not keep it from starting.
 */
void steering_put_clear(const char *state);
/* As steered_take; self: the struct steering. */
bool steering_put(void *self, const struct document *document, struct buf *why);

/* What is asked from here, of all documents. */
void steering_note_targets(struct steering *s);

/* ---- steering_live.c: what is no file ---- */

bool steering_put_register(struct steering *s, const struct document *document,
			   struct buf *why);
bool steering_put_silences(struct steering *s, const struct document *document,
			   struct buf *why);
bool steering_put_shared(struct steering *s, const struct document *document,
			 struct buf *why);
/* Blocks for those that could not begin before, as bounds allow. */
void steering_put_shared_again(struct steering *s);
