/*
 * writer.c: the store as its users see it, and the thread that writes; see store.h.
 *
 * The thread looks ten times a second whether something waits, and writes what has
 * waited for CALM_MS, or sooner if it is much.  So nothing needs to wake it, and a
 * record is on disk within a second.
 */
#include "store/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "store/keeping.h"
#include "store/past.h"

enum {
	QUEUE_BYTES = 64 << 20,
	MUCH_BYTES = 2 << 20,
	LOOK_MS = 100,
	CALM_MS = 400,
	RETRY_MS = 1000,
	CLOSE_MS = 5000,
};

const struct store_limits store_no_limits = {
	.flows_s = UINT32_MAX,
	.ports_10s_s = UINT32_MAX,
	.ports_1m_s = UINT32_MAX,
	.ports_1h_s = UINT32_MAX,
	.ports_1d_s = UINT32_MAX,
	.events_s = UINT32_MAX,
	.probes_s = UINT32_MAX,
	.failures_s = UINT32_MAX,
	.packets_s = UINT32_MAX,
	.packets_bytes = UINT64_MAX,
	.evidence_s = UINT32_MAX,
	.evidence_bytes = UINT64_MAX,
	.size_bytes = UINT64_MAX,
};

const char *store_state_name(enum store_state state)
{
	static const char *const names[] = {
		[STORE_OK] = "ok",
		[STORE_FULL] = "full",
		[STORE_READ_ONLY] = "read-only",
		[STORE_LOCKED] = "locked",
		[STORE_CORRUPT] = "corrupt",
		[STORE_NEWER] = "newer",
		[STORE_FAILED] = "failed",
	};
	return names[state];
}

/* ---- putting ---- */

/* A time that is not known is of now. */
static bool lose(struct store *store, enum record_kind kind, const void *record)
{
	int64_t at_us = record_time(kind, record);
	if (at_us == UNKNOWN_TIME)
		at_us = clock_us(CLOCK_REALTIME);
	pthread_mutex_lock(&store->lock);
	struct lost *lost = &store->lost;
	if (lost->count == 0 || at_us < lost->from_us)
		lost->from_us = at_us;
	if (lost->count == 0 || at_us > lost->to_us)
		lost->to_us = at_us;
	lost->count++;
	store->status.lost++;
	pthread_mutex_unlock(&store->lock);
	return false;
}

static bool put_message(struct store *store, enum record_kind kind, unsigned flags,
			const void *record)
{
	void *room = queue_reserve(store->queue, (uint16_t)(kind | flags),
				   schemas[kind].size);
	if (room == NULL)
		return lose(store, kind, record);
	memcpy(room, record, schemas[kind].size);
	queue_commit(store->queue);
	return true;
}

bool store_put(struct store *store, enum record_kind kind, const void *record)
{
	if (kind == RECORD_port)
		return store_put_port(store, record, NULL, NULL, NULL);
	return put_message(store, kind, 0, record);
}

bool store_put_evidence(struct store *store, enum record_kind kind, const void *record)
{
	return put_message(store, kind, MESSAGE_EVIDENCE, record);
}

bool store_put_port(struct store *store, const struct port_record *port,
		    const struct histogram *handshake, const struct histogram *response,
		    const struct cardinality *clients)
{
	uint8_t packed[2 * HISTOGRAM_PACKED_MAX + CARDINALITY_PACKED_MAX];
	struct port_message head = { .record = *port };
	size_t len = 0;
	if (handshake != NULL && handshake->total > 0)
		len += histogram_pack(handshake, packed, HISTOGRAM_PACKED_MAX);
	head.handshake_len = (uint32_t)len;
	if (response != NULL && response->total > 0)
		len += histogram_pack(response, packed + len, HISTOGRAM_PACKED_MAX);
	head.response_len = (uint32_t)len - head.handshake_len;
	if (clients != NULL && clients->count > 0)
		head.clients_len = (uint32_t)cardinality_pack(clients, packed + len,
							      CARDINALITY_PACKED_MAX);
	len += head.clients_len;
	struct port_message *room =
		queue_reserve(store->queue, RECORD_port, sizeof(head) + len);
	if (room == NULL)
		return lose(store, RECORD_port, port);
	memcpy(room, &head, sizeof(head));
	memcpy(room->packed, packed, len);
	queue_commit(store->queue);
	return true;
}

/* ---- the thread ---- */

static struct timespec in_ms(uint32_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return until;
}

static bool wait_ms(struct store *store, unsigned ms)
{
	const struct timespec until = in_ms(ms);
	pthread_mutex_lock(&store->lock);
	if (!store->stopping && !store->is_hurried)
		pthread_cond_timedwait(&store->wake, &store->lock, &until);
	bool stopping = store->stopping;
	pthread_mutex_unlock(&store->lock);
	return stopping;
}

/* What went well may still be worth a notice, or two. */
static struct trouble notices(const struct store *store)
{
	struct trouble both;
	if (store->unerased.state == STORE_OK)
		return store->notice;
	if (store->notice.state == STORE_OK)
		return store->unerased;
	trouble_say(&both, store->notice.state, "%.250s; %.250s", store->notice.message,
		    store->unerased.message);
	return both;
}

static void publish(struct store *store, bool ok, const struct trouble *trouble)
{
	const struct trouble noticed = notices(store);
	const struct trouble *shown = ok ? &noticed : trouble;
	pthread_mutex_lock(&store->lock);
	store->status.state = shown->state;
	memcpy(store->status.message, shown->message, sizeof(shown->message));
	store->status.written = store->written;
	if (ok)
		store->status.written_us = clock_us(CLOCK_REALTIME);
	store->is_settled = ok && !store->more_rollups && store->has_gaps &&
			    store->gaps.watched_us >= store->settle_us;
	pthread_cond_broadcast(&store->looked);
	pthread_mutex_unlock(&store->lock);
}

static bool write_waiting(struct store *store)
{
	struct trouble trouble = { 0 };
	bool ok = batch_write(store, &trouble);
	publish(store, ok, &trouble);
	return ok;
}

static bool is_due(const struct store *store, int64_t now_us, int64_t last_us, bool ok)
{
	int64_t waited_ms = (now_us - last_us) / 1000;
	if (!ok)
		return waited_ms >= RETRY_MS;
	if (queue_waiting(store->queue) == 0)
		return store->more_rollups && waited_ms >= LOOK_MS;
	return waited_ms >= CALM_MS || queue_bytes(store->queue) >= MUCH_BYTES;
}

static bool take_hurry(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	bool is_hurried = store->is_hurried;
	store->is_hurried = false;
	pthread_mutex_unlock(&store->lock);
	return is_hurried;
}

/* A checkpoint follows what it holds; who has no room now is told at the next start. */
static void tell_the_rest(struct store *store)
{
	teller_work(store);
	teller_work(store);
}

static void *run(void *self)
{
	struct store *store = self;
	int64_t last_us = 0;
	bool stopping = false, ok = true;
	for (;;) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		if (store->has_gaps)
			gaps_clocks(&store->gaps, clock_us(CLOCK_REALTIME),
				    clock_us(CLOCK_BOOTTIME), now_us);
		if (take_hurry(store) || stopping || last_us == 0 ||
		    is_due(store, now_us, last_us, ok)) {
			ok = write_waiting(store);
			last_us = clock_us(CLOCK_MONOTONIC);
		}
		sealing_work(store, false);
		teller_work(store);
		keeping_work(store->keeping, store, ok);
		if (stopping)
			break;
		stopping = wait_ms(store, LOOK_MS);
	}
	for (int waited = 0; queue_waiting(store->queue) > 0 && waited < CLOSE_MS;
	     waited += LOOK_MS) {
		struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
		nanosleep(&pause, NULL);
		write_waiting(store);
	}
	sealing_work(store, true);
	tell_the_rest(store);
	batch_close(store);
	return NULL;
}

/* ---- beginning and ending ---- */

static void store_free(struct store *store)
{
	if (store == NULL)
		return;
	keeping_free(store->keeping);
	ration_close(&store->choice.ration);
	alike_close(&store->choice.alike);
	sealing_close(&store->sealing);
	wals_free(store->wals);
	queue_free(store->queue);
	free(store);
}

static bool start_thread(struct store *store)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->wake, &attributes);
	pthread_cond_init(&store->looked, &attributes);
	pthread_condattr_destroy(&attributes);
	return pthread_create(&store->thread, NULL, run, store) == 0;
}

struct store *store_open(const char *folder, const struct store_limits *limits)
{
	size_t len = strlen(folder) + 1;
	struct store *store = calloc(1, sizeof(*store) + len);
	if (store == NULL)
		return NULL;
	memcpy(store->folder, folder, len);
	store->lock_fd = -1;
	store->limits = *limits;
	ration_open(&store->choice.ration, limits->evidence_bytes);
	alike_open(&store->choice.alike);
	store->settle_us = UNKNOWN_TIME;
	store->status.oldest_us = UNKNOWN_TIME;
	store->status.written_us = UNKNOWN_TIME;
	store->queue = queue_new(QUEUE_BYTES);
	store->keeping = keeping_new();
	store->wals = wals_new();
	mkdir(folder, 0750); /* what is wrong with it shows when it is used */
	if (store->queue != NULL && store->keeping != NULL && store->wals != NULL &&
	    start_thread(store))
		return store;
	store_free(store);
	return NULL;
}

void store_limit(struct store *store, const struct store_limits *limits)
{
	pthread_mutex_lock(&store->lock);
	store->limits = *limits;
	pthread_mutex_unlock(&store->lock);
}

void store_keep_private(struct store *store, const struct store_privacy *privacy)
{
	pthread_mutex_lock(&store->lock);
	store->privacy = *privacy;
	pthread_mutex_unlock(&store->lock);
}

bool store_erase_private(struct store *store, const struct private_erasure *erasure)
{
	pthread_mutex_lock(&store->lock);
	bool is_free = !store->is_erasing;
	if (is_free) {
		store->erasure = *erasure;
		store->is_erasing = true;
	}
	pthread_mutex_unlock(&store->lock);
	return is_free;
}

bool store_is_to_forget(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	bool is_to_forget = store->is_to_forget && !store->has_forgotten;
	pthread_mutex_unlock(&store->lock);
	return is_to_forget;
}

void store_forgotten(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->has_forgotten = true;
	pthread_mutex_unlock(&store->lock);
}

/* Under the lock: has the writer look once. False: the time is up. */
static bool look_once(struct store *store, const struct timespec *until)
{
	store->is_hurried = true;
	pthread_cond_signal(&store->wake);
	return pthread_cond_timedwait(&store->looked, &store->lock, until) == 0;
}

bool store_wait_written(struct store *store, uint32_t most_ms)
{
	const struct timespec until = in_ms(most_ms);
	pthread_mutex_lock(&store->lock);
	while (queue_waiting(store->queue) > 0 && look_once(store, &until))
		continue;
	pthread_mutex_unlock(&store->lock);
	return queue_waiting(store->queue) == 0;
}

bool store_settle(struct store *store, int64_t now_us, uint32_t most_ms)
{
	const struct timespec until = in_ms(most_ms);
	pthread_mutex_lock(&store->lock);
	store->settle_us = now_us;
	store->is_settled = false;
	while (!(store->is_settled && queue_waiting(store->queue) == 0) &&
	       look_once(store, &until))
		continue;
	bool is_settled = store->is_settled && queue_waiting(store->queue) == 0;
	pthread_mutex_unlock(&store->lock);
	return is_settled;
}

void store_status(struct store *store, struct store_status *out)
{
	pthread_mutex_lock(&store->lock);
	*out = store->status;
	pthread_mutex_unlock(&store->lock);
	out->waiting = queue_waiting(store->queue);
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	pthread_mutex_lock(&store->lock);
	store->stopping = true;
	pthread_cond_signal(&store->wake);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->thread, NULL);
	store_free(store);
}
