/*
 * sending.h: the process that tells people (GUARD_SENDER), seen from the daemon: what
 * is handed over, what came of it.
 *
 * A message is the daemon's until the sender says that it is on disk; one that is not
 * yet is told again when the sender had to be started again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/notifier.h"
#include "alert/spool.h"
#include "guard/guard.h"

struct sink_list {
	struct sink *at[SPOOL_SINKS_MAX]; /* owned */
	size_t count;
};
void sink_list_free(struct sink_list *list);

struct sending_setup {
	const char *user;    /* whom it becomes */
	const char *folder;  /* of the spool; it is the user's already */
	const char *reports; /* the folder whose files are mailed */
	uint64_t bytes_max;
	/* What load() reads, ended by NULL: reached as guard_task's readable. */
	const char *const *files;
	void *self;
	/*
	 * Which sinks there are, from the configuration as it is now: called before the
	 * fork, and in the process, when it begins and at sending_reload().  So who has
	 * taken over the daemon can tell nobody whom no file names.  False: it is as it
	 * was, and message says why.
	 */
	bool (*load)(void *self, struct sink_list *out, struct buf *message);
};

struct sending;

/*
 * Makes the process, before any thread; NULL without memory.  setup stays the caller's,
 * for good.  What is wrong is said on standard error, and by sending_describe().
 */
struct sending *sending_fork(const struct sending_setup *setup);
void sending_close(struct sending *sending);

/* To wait for; -1: there is nothing. */
int sending_fd(const struct sending *sending);

/* False: too many wait to be handed over, and this one is not taken. */
bool sending_tell(struct sending *sending, const char *sink,
		  const struct notice *notice);
/* It is not on disk yet; of no message that was not told. */
bool sending_waits(const struct sending *sending, uint64_t id);
/* It could not be kept, when it was told last; known of the last 128. */
bool sending_was_refused(const struct sending *sending, uint64_t id);
/* The configuration's files have changed. */
void sending_reload(struct sending *sending);

struct sending_output {
	void *self;
	/* What came of a message. */
	void (*notification)(void *self,
			     const struct notification_record *notification);
};
/* What it has to tell; text: what somebody should know. */
void sending_take(struct sending *sending, const struct sending_output *output,
		  struct buf *text);
/* Hands over what could not be; once a second. */
void sending_tick(struct sending *sending);

/* As it was last told. */
struct spool_counts sending_counts(const struct sending *sending);
/* False if it is not there, or not confined as it should be; with why. */
bool sending_describe(struct sending *sending, char text[static GUARD_TEXT_MAX]);
