/*
 * sinks_told.h: what came last of messages to each sink, and who waits to hear whether
 * a test was taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/spool.h"
#include "record/record.h"
#include "web/web.h"

enum {
	SINK_TESTS_MAX = 8,   /* at a time */
	SINK_TEST_MAX_S = 30, /* a sender gives up after NOTIFY_TIMEOUT_S */
};

struct sink_told {
	char name[SPOOL_NAME_MAX];
	int64_t sent_us, failed_us; /* the last time; UNKNOWN_TIME: never */
	field_text256 error;        /* why, then */
	uint32_t failures;          /* since it was sent */
};

struct sink_test {
	char key[SPOOL_NAME_MAX]; /* of its message; "": free */
	char sink[SPOOL_NAME_MAX];
	int64_t end_us;
	web_probe_answer answer; /* {"state":"sent|failed|waiting",...} */
	void *to;
};

struct sinks_told {
	struct sink_told at[SPOOL_SINKS_MAX];
	size_t count;
	struct sink_test tests[SINK_TESTS_MAX];
};

/*
 * What was told before, from the store, which has all that was: at the start, and when
 * a hub begins to lead, or to lead anew, in place of what was known.  Read on any
 * thread into one of its own, and taken over from that.
 */
void sinks_told_recall(struct sinks_told *told, const char *folder);
void sinks_told_take_over(struct sinks_told *told, const struct sinks_told *recalled);

/* What came of a message.  It may answer a test. */
void sinks_told_take(struct sinks_told *told,
		     const struct notification_record *notification);

/* NULL: nothing was ever told there. */
const struct sink_told *sinks_told_of(const struct sinks_told *told, const char *name);

/* Waits for what comes of the message of that key.  False: too many do. */
bool sinks_told_wait(struct sinks_told *told, const struct sink_test *test);
/* It was not sent after all. */
void sinks_told_forget(struct sinks_told *told, const char *key);
/* Once a second: who has waited too long is answered. */
void sinks_told_tick(struct sinks_told *told, int64_t now_us);
