/*
 * chain_watch.c: see chain_watch.h.
 */
#include "fleet/chain_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/chain_read.h"
#include "fleet/lane.h"
#include "fleet/shelf.h"

enum {
	WATCHED_MAX = 16384,
	AT_ONCE = 32, /* in a second */
	NAP_MS = 100,
	LONGER_MAX = 6, /* so often that time is doubled */
};
#define SECOND_US INT64_C(1000000)
#define EACH_US   (5 * SECOND_US)  /* one chain is looked at no more often */
#define AGAIN_US  (60 * SECOND_US) /* nor one that does not hold */
/* What another hub brings may come later than what followed it. */
#define LATE_US  (60 * SECOND_US)
#define RETRY_US (15 * SECOND_US)
#define MOST_US  (10 * SECOND_US) /* for one; a longer chain goes on later */
#define LOOK_US  (60 * SECOND_US) /* for sensors that nothing came of yet */

struct watched {
	field_text64 name;
	struct chain_proof proof; /* as far as it holds */
	bool holds, has_changed;
	bool is_cut;        /* there was no time for all of it */
	unsigned longer;    /* so often all of it took longer than there was time */
	int64_t due_us;     /* no sooner */
	int64_t suspect_us; /* since when it does not hold; 0: it does */
	uint64_t heard;     /* the number that was told last */
	int64_t back_us;    /* until then all is read: a lower one was told again */
};

struct chain_watch {
	const char *where;
	struct board *board;
	pthread_t thread;
	atomic_bool stops;
	struct hash_key key;
	/* Under the lock: */
	pthread_mutex_t lock;
	struct shelf watched;
	/* The thread's: */
	struct depot *depot;
	int64_t look_us, until_us;
	struct watched some[AT_ONCE];
};

/* ---- which ---- */

/* Under the lock; seq: of a record, or 0; if_new: only if the sensor is. */
static void note(struct chain_watch *watch, const char *sensor, uint64_t seq,
		 bool if_new)
{
	uint64_t name = shelf_name_text(&watch->key, 0, sensor);
	struct shelf_row *row = shelf_find(&watch->watched, name);
	bool is_new = row == NULL;
	if (sensor[0] == '\0' || strcmp(sensor, FLEET_HUB) == 0 ||
	    (if_new && (watch->watched.count == WATCHED_MAX || !is_new)))
		return;
	/* Only a look moves it behind the others: who tells much comes as soon. */
	if (is_new)
		row = shelf_touch(&watch->watched, name, &is_new);
	if (row == NULL)
		return;
	struct watched *watched = (struct watched *)row->at;
	if (is_new)
		record_text(watched->name, sizeof(watched->name), sensor);
	/* What is read is above the last number: a history that is told anew is not. */
	if (seq != 0 && seq <= watched->heard)
		watched->back_us = clock_us(CLOCK_MONOTONIC) + LATE_US + RETRY_US;
	if (seq != 0)
		watched->heard = seq;
	watched->has_changed = true;
}

void chain_watch_note(struct chain_watch *watch, enum record_kind kind,
		      const void *record)
{
	const struct audit_record *audit = record;
	const struct checkpoint_record *checkpoint = record;
	bool is_audit = kind == RECORD_audit;
	uint64_t seq = is_audit && audit->seq != UNKNOWN_U64 ? audit->seq : 0;
	pthread_mutex_lock(&watch->lock);
	note(watch, is_audit ? audit->sensor : checkpoint->sensor, seq, false);
	pthread_mutex_unlock(&watch->lock);
}

static void take_sensor(void *to, const void *record)
{
	struct chain_watch *watch = to;
	pthread_mutex_lock(&watch->lock);
	note(watch, ((const struct sensor_record *)record)->sensor, 0, true);
	pthread_mutex_unlock(&watch->lock);
}

static void look_for_sensors(struct chain_watch *watch, int64_t now_us)
{
	if (now_us < watch->look_us)
		return;
	watch->look_us = now_us + LOOK_US;
	board_each(watch->board, RECORD_sensor, take_sensor, watch);
}

/* Copies of those that are due. */
static size_t take_due(struct chain_watch *watch, int64_t now_us)
{
	size_t count = 0;
	pthread_mutex_lock(&watch->lock);
	for (struct shelf_row *row = watch->watched.oldest;
	     row != NULL && count < AT_ONCE; row = row->newer) {
		struct watched *watched = (struct watched *)row->at;
		if (!watched->has_changed || watched->due_us > now_us)
			continue;
		watched->has_changed = false;
		watch->some[count++] = *watched;
	}
	pthread_mutex_unlock(&watch->lock);
	return count;
}

/* What came meanwhile stays noted. */
static void put_back(struct chain_watch *watch, const struct watched *looked_at)
{
	pthread_mutex_lock(&watch->lock);
	bool is_new;
	uint64_t name = shelf_name_text(&watch->key, 0, looked_at->name);
	struct shelf_row *row = shelf_find(&watch->watched, name);
	if (row != NULL) {
		row = shelf_touch(&watch->watched, name, &is_new);
		struct watched *watched = (struct watched *)row->at;
		const struct watched now = *watched;
		*watched = *looked_at;
		watched->has_changed |= now.has_changed;
		watched->heard = now.heard;
		watched->back_us = now.back_us;
	}
	pthread_mutex_unlock(&watch->lock);
}

/* ---- what comes of it ---- */

/* That it joined anew, too, and the first signature of its new key. */
static bool may_come_yet(const struct chain_proof *proof)
{
	const char *what = proof->what;
	return what != NULL &&
	       (strcmp(what, "missing") == 0 ||
		strcmp(what, "checkpoint_missing") == 0 ||
		(strcmp(what, "forked") == 0 && chain_proof_may_be_anew(proof)));
}

static void judge(struct chain_watch *watch, struct watched *watched, int64_t now_us)
{
	struct audit_verdict verdict;
	struct chain_proof proof = watched->proof;
	chain_proof_end(&proof, &verdict);
	watched->holds = verdict.faults == 0 && proof.count == 1;
	/* A part that is right takes back nothing that was said of all. */
	if (watched->is_cut && verdict.faults == 0) {
		watched->due_us = now_us + EACH_US;
		return;
	}
	if (verdict.faults == 0)
		watched->suspect_us = 0;
	else if (watched->suspect_us == 0)
		watched->suspect_us = now_us;
	watched->due_us = now_us + (verdict.faults == 0 ? EACH_US : AGAIN_US);
	if (watched->back_us > now_us) { /* another hub may not have kept it yet */
		watched->has_changed = true;
		watched->due_us = now_us + RETRY_US;
	}
	if (may_come_yet(&proof) && now_us - watched->suspect_us < LATE_US) {
		watched->has_changed = true;
		watched->due_us = now_us + RETRY_US;
		return;
	}
	const struct board_chain chain = { .name = watched->name,
					   .word = chain_proof_word(&proof),
					   .fault = proof.fault,
					   .signed_us = verdict.held_us,
					   .seq = verdict.held };
	if (proof.count > 0 && !board_chain(watch->board, &chain))
		watched->has_changed = true; /* nothing else is known of it yet */
}

static void say_nothing(void *self, const struct audit_fault *fault)
{
	(void)self;
	(void)fault;
}

static bool has_time(void *self, uint64_t records)
{
	const struct chain_watch *watch = self;
	(void)records;
	return !atomic_load(&watch->stops) &&
	       clock_us(CLOCK_MONOTONIC) < watch->until_us;
}

/* As far as there is time: the rest is read on from there.  False: the depot is away.
 */
static bool read_some(struct chain_watch *watch, struct watched *watched)
{
	char error[DEPOT_ERROR_MAX];
	watch->until_us = clock_us(CLOCK_MONOTONIC) + (MOST_US << watched->longer);
	int result = chain_read(watch->depot, watched->name, &watched->proof, error);
	watched->is_cut = result == -ECANCELED;
	if (watched->is_cut)
		watched->has_changed = true;
	return result == 0 || result == -ECANCELED;
}

static bool read_anew(struct chain_watch *watch, struct watched *watched)
{
	watched->proof =
		(struct chain_proof){ .sink = { watch, say_nothing, has_time } };
	bool is_read = read_some(watch, watched);
	watched->longer += watched->is_cut && watched->longer < LONGER_MAX;
	return is_read;
}

static bool read_on(struct chain_watch *watch, struct watched *watched)
{
	if (!watched->holds || watched->back_us > clock_us(CLOCK_MONOTONIC))
		return read_anew(watch, watched);
	if (!read_some(watch, watched))
		return false;
	bool still_holds = watched->proof.faults == 0 && watched->proof.count == 1;
	return still_holds || read_anew(watch, watched);
}

static void look_at(struct chain_watch *watch, struct watched *watched, int64_t now_us)
{
	char error[DEPOT_ERROR_MAX];
	if (watch->depot == NULL)
		watch->depot = depot_look(watch->where, error);
	if (watch->depot != NULL && read_on(watch, watched)) {
		judge(watch, watched, now_us);
	} else {
		depot_close(watch->depot);
		watch->depot = NULL;
		watched->holds = false; /* it may be read in part */
		watched->has_changed = true;
		watched->due_us = now_us + RETRY_US;
	}
	put_back(watch, watched);
}

static void nap(const struct chain_watch *watch)
{
	const struct timespec some = { .tv_nsec = NAP_MS * 1000000L };
	for (int ms = 0; ms < 1000 && !atomic_load(&watch->stops); ms += NAP_MS)
		nanosleep(&some, NULL);
}

static void *watch_on(void *self)
{
	struct chain_watch *watch = self;
	while (!atomic_load(&watch->stops)) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		look_for_sensors(watch, now_us);
		size_t count = take_due(watch, now_us);
		for (size_t i = 0; i < count && !atomic_load(&watch->stops); i++)
			look_at(watch, &watch->some[i], now_us);
		nap(watch);
	}
	depot_close(watch->depot);
	return NULL;
}

/* ---- beginning and ending ---- */

static void free_watch(struct chain_watch *watch)
{
	shelf_free(&watch->watched);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

struct chain_watch *chain_watch_start(const char *depot, struct board *board)
{
	struct chain_watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return NULL;
	watch->where = depot;
	watch->board = board;
	watch->watched =
		(struct shelf){ .size = sizeof(struct watched), .most = WATCHED_MAX };
	watch->key = hash_key_random();
	pthread_mutex_init(&watch->lock, NULL);
	if (pthread_create(&watch->thread, NULL, watch_on, watch) == 0)
		return watch;
	free_watch(watch);
	return NULL;
}

void chain_watch_stop(struct chain_watch *watch)
{
	if (watch == NULL)
		return;
	atomic_store(&watch->stops, true);
	pthread_join(watch->thread, NULL);
	free_watch(watch);
}
