/*
 * runner_queue.h: what is to be run, until it may be; private to this room.  Time comes
 * with each call.  Who sends is judged as a stranger: so many wait, so many run at a
 * time and in a minute, and the rest is counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/runner.h"

struct runner_job {
	uint64_t id;
	uint32_t program, word_count;
	struct runner_word words[RUNNER_WORDS_MAX];
	uint32_t len, total;
	uint8_t input[]; /* total bytes, of which len have come */
};

struct runner_queue {
	struct runner_job *waiting[RUNNER_WAITING_MAX]; /* owned, as all here */
	uint32_t first, count, running;
	struct runner_job *incoming;  /* its input has not all come */
	int64_t filled_us, tokens_us; /* MINUTE_US / RUNNER_A_MINUTE of it is one run */
	uint64_t left_out;
};

void runner_queue_begin(struct runner_queue *queue, int64_t now_us);
void runner_queue_clear(struct runner_queue *queue);

/* The id of what is left out by it, for lack of room or of the rest of its input; 0:
 * nothing is. */
uint64_t runner_queue_take(struct runner_queue *queue,
			   const struct runner_message *message);

/* The next that may begin, from now on the caller's, to free; NULL: none. */
struct runner_job *runner_queue_next(struct runner_queue *queue, int64_t now_us);
/* One of them has ended. */
void runner_queue_ended(struct runner_queue *queue);

/* Until runner_queue_next() has one; -1: not before something else happens. */
int runner_queue_timeout_ms(const struct runner_queue *queue, int64_t now_us);
