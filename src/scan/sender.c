/*
 * sender.c: see sender.h.
 */
#include "scan/sender.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ring.h"

enum {
	RING_BYTES = 16 * 1024, /* a few batches: what waits is sent late */
	FULL_NS = 200000,       /* while the device has no room */
};

struct given {
	int count;
	unsigned pass;
	struct probe probes[SWEEP_BATCH];
};

struct sender {
	pthread_t thread;
	struct ring *ring;
	sem_t given;     /* one for each message, and one to end */
	bool ends;       /* atomic */
	uint64_t unsent; /* atomic */
	int error;       /* atomic */
	struct outbox outbox;
};

static void send_all(struct sender *sender, const struct given *given)
{
	for (int done = 0; done < given->count;) {
		int sent = outbox_send(&sender->outbox, &given->probes[done],
				       given->count - done, given->pass);
		if (sent == 0) {
			const struct timespec pause = { .tv_nsec = FULL_NS };
			if (__atomic_load_n(&sender->ends, __ATOMIC_RELAXED))
				return;
			nanosleep(&pause, NULL);
		}
		if (sent < 0) {
			__atomic_store_n(&sender->error, -sent, __ATOMIC_RELAXED);
			__atomic_fetch_add(&sender->unsent, 1, __ATOMIC_RELAXED);
		}
		done += sent < 0 ? 1 : sent;
	}
}

static void *run(void *self)
{
	struct sender *sender = self;
	for (;;) {
		while (sem_wait(&sender->given) != 0 && errno == EINTR)
			;
		if (__atomic_load_n(&sender->ends, __ATOMIC_RELAXED))
			return NULL;
		uint16_t kind;
		size_t len;
		const struct given *given = ring_peek(sender->ring, &kind, &len);
		if (given == NULL)
			continue;
		send_all(sender, given);
		ring_pop(sender->ring);
	}
}

static bool has_second_processor(void)
{
	cpu_set_t ours;
	return sched_getaffinity(0, sizeof(ours), &ours) == 0 && CPU_COUNT(&ours) > 1;
}

struct sender *sender_new(const struct outlets *outlets)
{
	struct sender *sender =
		has_second_processor() ? calloc(1, sizeof(*sender)) : NULL;
	if (sender == NULL)
		return NULL;
	sender->outbox.outlets = outlets;
	sender->ring = ring_new(RING_BYTES);
	sem_init(&sender->given, 0, 0);
	if (sender->ring != NULL &&
	    pthread_create(&sender->thread, NULL, run, sender) == 0)
		return sender;
	ring_free(sender->ring);
	free(sender);
	return NULL;
}

void sender_free(struct sender *sender)
{
	if (sender == NULL)
		return;
	__atomic_store_n(&sender->ends, true, __ATOMIC_RELAXED);
	sem_post(&sender->given);
	pthread_join(sender->thread, NULL);
	sem_destroy(&sender->given);
	ring_free(sender->ring);
	free(sender);
}

bool sender_give(struct sender *sender, const struct probe *probes, int count,
		 unsigned pass)
{
	struct given *given = ring_reserve(sender->ring, 0, sizeof(*given));
	if (given == NULL)
		return false;
	given->count = count;
	given->pass = pass;
	memcpy(given->probes, probes, (size_t)count * sizeof(*probes));
	ring_commit(sender->ring);
	sem_post(&sender->given);
	return true;
}

uint64_t sender_unsent(struct sender *sender, int *error)
{
	*error = __atomic_load_n(&sender->error, __ATOMIC_RELAXED);
	return __atomic_exchange_n(&sender->unsent, 0, __ATOMIC_RELAXED);
}
