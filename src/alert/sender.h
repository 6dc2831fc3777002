/*
 * sender.h: messages in, results out: a spool (spool.h), and a thread for each sink, so
 * that a slow one holds nobody up.
 *
 * One thread calls all of this; the sinks' own threads only send.  cli/sending.h makes
 * a process of it.
 */
#pragma once

#include "alert/notifier.h"
#include "alert/spool.h"

struct sender_output {
	void *self;
	/* What came of a message: a notification as it is written down. */
	void (*result)(void *self, const struct notification_record *notification,
		       uint64_t id);
};

struct sender;

/* Borrowed. */
struct sender_folders {
	const char *spool;
	const char *reports; /* whose files are mailed */
};

/* NULL, and why says what is wrong; why may say something else as well. */
struct sender *sender_open(const struct sender_folders *folders, uint64_t bytes_max,
			   const struct sender_output *output, struct buf *why);
/* Waits for what is under way, NOTIFY_TIMEOUT_S at most. */
void sender_close(struct sender *sender);

/*
 * These are the sinks from now on; each becomes the sender's.  What waits for one that
 * is no more waits on, as it may come back.
 */
void sender_set_sinks(struct sender *sender, struct sink *const *sinks, size_t count);

/* A message to that sink: a notice as JSON (notice_json.h). */
enum spool_put sender_put(struct sender *sender, const char *sink, const char *json,
			  size_t len, int64_t now_us);

/* Readable when something has been sent. */
int sender_fd(const struct sender *sender);
/* Until sender_run() has something to do, at most so long. */
int sender_timeout_ms(const struct sender *sender, int64_t now_us);
void sender_run(struct sender *sender, int64_t now_us);

struct spool_counts sender_counts(const struct sender *sender);
