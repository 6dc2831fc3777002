/*
 * spool.h: messages that are to be sent, on disk until that is done.
 *
 * Bytes and time in, files in one folder; no clock, no network.  A file is a message,
 * written beside and renamed (file_replace()), with a checksum; the ids of those that
 * are done are in a file of their own, so that neither a crash between two steps nor
 * who tells a message again makes it go twice.  With a full disk they are kept in
 * memory, and written when there is room.
 *
 * Of each sink one message at a time is under way.  All about one incident (key) goes
 * in order; of the others those that failed often let the rest pass.  A sink that fails
 * is tried again after 5 s, 10 s ... 10 minutes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/notifier.h"
#include "base/buf.h"

enum {
	SPOOL_NAME_MAX = 64, /* of a sink, and of a key */
	SPOOL_REASON_MAX = 16,
	SPOOL_SINKS_MAX = 64,
	SPOOL_MESSAGES_MAX = 2048,
	SPOOL_BYTES_MAX = 65536, /* of one */
};

struct spool_message {
	uint64_t id;
	int64_t due_us;
	uint32_t tries, incidents;
	char sink[SPOOL_NAME_MAX], key[SPOOL_NAME_MAX], reason[SPOOL_REASON_MAX];
	char incident[SPOOL_NAME_MAX]; /* the first of them, for the record */
};

struct spool_counts {
	uint32_t waiting;
	uint64_t bytes;
	uint64_t dropped; /* no room, given up, or damaged */
	uint64_t merged;  /* repeats of what waits anyway */
	uint32_t unsaved; /* in memory only, as the disk is full */
};

struct spool;

/* Of a message that will not be sent. */
typedef void spool_drop(void *self, const struct spool_message *message,
			const char *why);

/*
 * Makes the folder, and takes up what is in it.  NULL: it can't be, and why says so;
 * what was damaged is said there, too.
 */
struct spool *spool_open(const char *folder, uint64_t bytes_max, spool_drop *drop,
			 void *self, struct buf *why);
/* Tries once more to write what could not be written. */
void spool_close(struct spool *spool);

/* How many a minute it may get; of one that is not named, messages wait.  All are tried
 * anew after spool_clear_sinks(). */
void spool_clear_sinks(struct spool *spool);
void spool_set_sink(struct spool *spool, const char *name, uint32_t a_minute);

enum spool_put {
	SPOOL_TAKEN,
	SPOOL_KNOWN,  /* it was told before: it waits, or is done */
	SPOOL_MERGED, /* a repeat, while something of that key waits */
	SPOOL_REFUSED /* too long, or no memory */
};
enum spool_put spool_put(struct spool *spool, const struct spool_message *message,
			 const void *bytes, size_t len, int64_t now_us);

/* The next of that sink, if it may be tried now: it is under way then. */
bool spool_next(struct spool *spool, const char *sink, int64_t now_us,
		struct spool_message *message, struct buf *bytes);
/* What came of it; message: with its tries. False: it is not under way. */
bool spool_result(struct spool *spool, uint64_t id, enum notify_outcome outcome,
		  int64_t now_us, struct spool_message *message);
/* That sink asks to be left alone so long from now, of which ten minutes are granted.
 */
void spool_wait(struct spool *spool, const char *name, int64_t wait_us, int64_t now_us);
/* When spool_next() may have one; INT64_MAX: not before something else happens. */
int64_t spool_next_us(const struct spool *spool, const char *name, int64_t now_us);
/* Gives up what is too old, and writes what could not be written. Once a second. */
void spool_tick(struct spool *spool, int64_t now_us);

struct spool_counts spool_counts(const struct spool *spool);

/* How long until the next try after so many failures in a row: pure. */
int64_t spool_delay_us(uint32_t failures, uint64_t id);
