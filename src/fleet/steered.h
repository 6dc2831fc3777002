/*
 * steered.h: the documents that a sensor has: what it was told, checked, took and keeps
 * in its state folder, so that it works on alone, and begins with them.
 *
 * It takes one only if the fleet's key has signed it, if it is for this sensor, if its
 * version is higher than that of the one it has, and if whoever puts it in force has
 * nothing against it.  What it refuses is remembered with the reason until there is a
 * newer one, and the one before stays in force.
 */
#pragma once

#include "fleet/news.h"
#include "fleet/plan.h"

enum { STEERED_MAX = 128, STEERED_ERROR_MAX = 320, STEERED_REFUSED_MAX = 256 };
#define STEERED_FILE "documents" /* in STATE/fleet */

/*
 * Puts it in force.  False, and why, if it is not: then all is as it was before.  A
 * text of no length: what was there of that kind and scope is not any more.
 */
typedef bool (*steered_take)(void *self, const struct document *document,
			     struct buf *why);

struct steered;
/*
 * Reads FOLDER/documents; what is not as it should be there is left out and said in
 * error, a line each.  NULL without memory.
 */
struct steered *steered_open(const char *folder, const struct nkey *key,
			     const struct document_reader *me, struct buf *errors);
void steered_close(struct steered *kept);

/* What to ask hubs. */
void steered_ask(const struct steered *kept, struct buf *out);
/*
 * What they answered.  How many documents are in force that were not before; -EBADMSG:
 * it is no answer, or holds one that is not signed, and error.
 */
int steered_answer(struct steered *kept, const void *bytes, size_t len,
		   steered_take take, void *self, char error[static STEERED_ERROR_MAX]);

/* All that are in force, the widest scope first: "sensor" last. */
void steered_each(const struct steered *kept,
		  void (*take)(void *to, const struct document *document), void *to);
/* The same, each to be put in force anew, as at a start: who is refused is remembered.
 */
void steered_again(struct steered *kept, steered_take take, void *self);
/* Is the document of that scope and kind the narrowest one of its kind? */
bool steered_is_narrowest(const struct steered *kept, const struct document *document);

/* The highest version in force, shared ones aside; 0: none. */
uint64_t steered_version(const struct steered *kept);
/* "version 17, config for all: ..." of the newest that is refused; "": none is. */
const char *steered_refused(const struct steered *kept);
/* What was refused may be good now, as local settings are others: it is asked for
 * again. */
void steered_retry(struct steered *kept);
