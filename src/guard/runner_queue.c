/*
 * runner_queue.c: see runner_queue.h.
 */
#include "guard/runner_queue.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_US (60 * 1000000LL)
#define TOKEN_US  (MINUTE_US / RUNNER_A_MINUTE)

void runner_queue_begin(struct runner_queue *queue, int64_t now_us)
{
	*queue = (struct runner_queue){ .filled_us = now_us, .tokens_us = MINUTE_US };
}

void runner_queue_clear(struct runner_queue *queue)
{
	for (uint32_t i = 0; i < queue->count; i++)
		free(queue->waiting[(queue->first + i) % RUNNER_WAITING_MAX]);
	free(queue->incoming);
	queue->incoming = NULL;
	queue->count = 0;
}

/* ---- what comes ---- */

static uint64_t leave_out(struct runner_queue *queue, uint64_t id)
{
	queue->left_out++;
	return id;
}

/* Its input has come. */
static uint64_t put(struct runner_queue *queue)
{
	struct runner_job *job = queue->incoming;
	queue->incoming = NULL;
	if (queue->count < RUNNER_WAITING_MAX) {
		queue->waiting[(queue->first + queue->count++) % RUNNER_WAITING_MAX] =
			job;
		return 0;
	}
	uint64_t id = leave_out(queue, job->id);
	free(job);
	return id;
}

/* One before it whose rest never came. */
static uint64_t give_up_incoming(struct runner_queue *queue)
{
	if (queue->incoming == NULL)
		return 0;
	uint64_t id = leave_out(queue, queue->incoming->id);
	free(queue->incoming);
	queue->incoming = NULL;
	return id;
}

static uint64_t begin_job(struct runner_queue *queue,
			  const struct runner_message *message)
{
	struct runner_job *job = malloc(sizeof(*job) + message->total);
	if (job == NULL)
		return leave_out(queue, message->id);
	*job = (struct runner_job){ .id = message->id,
				    .program = message->program,
				    .word_count = message->count,
				    .total = message->total };
	memcpy(job->words, message->words, message->count * sizeof(job->words[0]));
	queue->incoming = job;
	return job->total == 0 ? put(queue) : 0;
}

static uint64_t take_input(struct runner_queue *queue,
			   const struct runner_message *message)
{
	struct runner_job *job = queue->incoming;
	if (job == NULL || job->id != message->id)
		return 0; /* of one that was left out */
	if (message->count > job->total - job->len)
		return give_up_incoming(queue);
	memcpy(job->input + job->len, message->input, message->count);
	job->len += message->count;
	return job->len == job->total ? put(queue) : 0;
}

uint64_t runner_queue_take(struct runner_queue *queue,
			   const struct runner_message *message)
{
	if (message->kind == RUNNER_INPUT)
		return take_input(queue, message);
	uint64_t before = give_up_incoming(queue);
	uint64_t now = begin_job(queue, message);
	return now != 0 ? now : before;
}

/* ---- what may begin ---- */

static int64_t tokens_at(const struct runner_queue *queue, int64_t now_us)
{
	int64_t tokens_us = queue->tokens_us + (now_us - queue->filled_us);
	return tokens_us < MINUTE_US ? tokens_us : MINUTE_US;
}

struct runner_job *runner_queue_next(struct runner_queue *queue, int64_t now_us)
{
	queue->tokens_us = tokens_at(queue, now_us);
	queue->filled_us = now_us;
	if (queue->count == 0 || queue->running >= RUNNER_AT_ONCE ||
	    queue->tokens_us < TOKEN_US)
		return NULL;
	struct runner_job *job = queue->waiting[queue->first];
	queue->first = (queue->first + 1) % RUNNER_WAITING_MAX;
	queue->count--;
	queue->running++;
	queue->tokens_us -= TOKEN_US;
	return job;
}

void runner_queue_ended(struct runner_queue *queue)
{
	queue->running--;
}

int runner_queue_timeout_ms(const struct runner_queue *queue, int64_t now_us)
{
	if (queue->count == 0 || queue->running >= RUNNER_AT_ONCE)
		return -1;
	int64_t left_us = TOKEN_US - tokens_at(queue, now_us);
	return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}
