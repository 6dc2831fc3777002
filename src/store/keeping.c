/*
 * keeping.c: what is too old or too much goes; see keeping.h.
 *
 * Each look does one small thing in a transaction of its own, so that commits wait for
 * milliseconds.  Age is measured from the last second watched, not from the clock: a
 * capture of last year that is replayed into a store stays in it.
 */
#include "store/keeping.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/aging.h"
#include "store/erasing.h"
#include "store/holds.h"
#include "store/prune.h"
#include "store/reading.h"
#include "store/writer.h"

enum {
	LOOK_MS = 2000,
	CATCH_UP_MS = 50, /* within a look, or one step */
	SIZE_LOOKS = 5,   /* looks between two sums of sizes */
	HOLD_S = 600,     /* after a jump of the clock: it may be set right again */
	JUMP_S = 86400,
	VACUUM_PAGES = 512, /* given back at once, 4 MiB */
	SPARE_PAGES = 4096, /* free ones that are kept for what comes */
};
#define SECOND_US 1000000LL

struct keeping {
	int64_t next_us; /* CLOCK_MONOTONIC */
	unsigned looks;
	int64_t now_us, hold_until_us;  /* of records */
	uint64_t bytes, evidence_bytes; /* the latter are part of the former */
	struct prune prune;
	struct aging aging;
	struct erasing erasing;
	int64_t oldest_day, oldest_start_us; /* of the oldest file of flows */
};

struct keeping *keeping_new(void)
{
	struct keeping *keeping = calloc(1, sizeof(*keeping));
	if (keeping == NULL)
		return NULL;
	keeping->now_us = UNKNOWN_TIME;
	keeping->hold_until_us = INT64_MIN;
	keeping->oldest_day = INT64_MIN;
	return keeping;
}

void keeping_free(struct keeping *keeping)
{
	if (keeping == NULL)
		return;
	prune_free(&keeping->prune);
	free(keeping);
}

/* ---- how much and how old ---- */

static uint64_t bytes_of_days(const struct store *store, enum day_series series,
			      const int64_t *days, long count)
{
	uint64_t bytes = 0;
	for (long i = 0; i < count; i++) {
		char path[PATH_MAX];
		day_path(store->folder, series, days[i], path, sizeof(path));
		bytes += file_bytes(path);
	}
	return bytes;
}

static uint64_t bytes_of_evidence(const struct store *store)
{
	int64_t *days = NULL;
	long count = days_list(store->folder, DAYS_EVIDENCE, &days);
	uint64_t bytes = bytes_of_days(store, DAYS_EVIDENCE, days, count);
	free(days);
	return bytes;
}

/* The first flow of the oldest file; read anew when that is another. */
static int64_t oldest_flow(struct keeping *keeping, const struct store *store,
			   int64_t day)
{
	char path[PATH_MAX], error[STORE_ERROR_MAX];
	int code;
	if (day == keeping->oldest_day)
		return keeping->oldest_start_us;
	day_path(store->folder, DAYS_FLOWS, day, path, sizeof(path));
	sqlite3 *db = reading_open(path, &code, error);
	keeping->oldest_start_us = day * DAY_US;
	if (db != NULL)
		keeping->oldest_start_us = db_number(db, "SELECT \"start\" FROM span",
						     keeping->oldest_start_us);
	sqlite3_close(db);
	keeping->oldest_day = day;
	return keeping->oldest_start_us;
}

static int64_t oldest_of(struct keeping *keeping, const struct store *store,
			 const int64_t *days, long count)
{
	int64_t oldest = INT64_MAX;
	if (count > 0)
		oldest = oldest_flow(keeping, store, days[0]);
	if (store->has_trunk) {
		const struct rollup *rollup = &store->trunk.rollup;
		int64_t kept = rollup->kept[LEVEL_1D];
		int64_t port = rollup->first > kept ? rollup->first : kept;
		oldest = port < oldest ? port : oldest;
	}
	return oldest == INT64_MAX ? UNKNOWN_TIME : oldest;
}

static void measure(struct keeping *keeping, struct store *store)
{
	char path[PATH_MAX];
	int64_t *days = NULL;
	long count = days_list(store->folder, DAYS_FLOWS, &days);
	trunk_path(store->folder, path, sizeof(path));
	keeping->evidence_bytes = bytes_of_evidence(store);
	keeping->bytes = bytes_of_days(store, DAYS_FLOWS, days, count) +
			 keeping->evidence_bytes + file_bytes(path);
	int64_t oldest = oldest_of(keeping, store, days, count);
	free(days);
	pthread_mutex_lock(&store->lock);
	store->status.bytes = keeping->bytes;
	store->status.oldest_us = oldest;
	pthread_mutex_unlock(&store->lock);
}

/* ---- days ---- */

/* Also the file being written to: what comes later begins a new one. */
static void remove_day(struct keeping *keeping, struct store *store,
		       enum day_series series, int64_t day)
{
	batch_close_day(store, series, day);
	day_remove(store->folder, series, day);
	keeping->oldest_day = INT64_MIN;
}

static void remove_old_days(struct keeping *keeping, struct store *store,
			    enum day_series series, int64_t before_us)
{
	int64_t *days = NULL;
	long count = days_list(store->folder, series, &days);
	for (long i = 0; i < count && (days[i] + 1) * DAY_US <= before_us; i++)
		if (!holds_day(store->trunk.db, days[i], keeping->now_us))
			remove_day(keeping, store, series, days[i]);
	free(days);
}

/* False if there is none but the last, and those that are held. */
static bool remove_oldest_day(struct keeping *keeping, struct store *store,
			      enum day_series series)
{
	int64_t *days = NULL, now_us = store->gaps.watched_us;
	long count = days_list(store->folder, series, &days), i = 0;
	while (i < count - 1 && holds_day(store->trunk.db, days[i], now_us))
		i++;
	bool is_found = i < count - 1;
	if (is_found)
		remove_day(keeping, store, series, days[i]);
	free(days);
	return is_found;
}

/* ---- everything ---- */

/* A clock that jumps ahead would delete all there is, so wait whether it stays there.
 */
static bool is_time_sure(struct keeping *keeping, int64_t now_us)
{
	if (keeping->now_us == UNKNOWN_TIME || now_us < keeping->now_us)
		keeping->hold_until_us = INT64_MIN;
	else if (now_us > keeping->now_us + JUMP_S * SECOND_US)
		keeping->hold_until_us = now_us + HOLD_S * SECOND_US;
	keeping->now_us = now_us;
	return now_us >= keeping->hold_until_us;
}

/* Room that only lies free in breakwater.db is not used. */
static uint64_t bytes_used(const struct keeping *keeping, sqlite3 *db)
{
	uint64_t free_pages = (uint64_t)db_number(db, "PRAGMA freelist_count", 0);
	uint64_t spare = free_pages * (uint64_t)db_number(db, "PRAGMA page_size", 0);
	return keeping->bytes > spare ? keeping->bytes - spare : 0;
}

static void give_back_pages(sqlite3 *db)
{
	int64_t spare = db_number(db, "PRAGMA freelist_count", 0);
	char sql[64];
	if (spare <= SPARE_PAGES || spare < db_number(db, "PRAGMA page_count", 0) / 5)
		return;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
	db_run(db, sql);
}

/* What could not be counted is tried again. */
static bool catch_up(struct store *store)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + CATCH_UP_MS * 1000LL;
	bool more = true;
	while (more && clock_us(CLOCK_MONOTONIC) < until_us)
		events_catch_up(store->trunk.events, &more);
	return more;
}

/* True if there is more to do at once. */
static bool keep_to_limits(struct keeping *keeping, struct store *store)
{
	int64_t now_us = store->gaps.watched_us;
	pthread_mutex_lock(&store->lock);
	struct store_limits limits = store->limits;
	aging_limit(&limits, &store->privacy);
	pthread_mutex_unlock(&store->lock);
	bool more = catch_up(store);
	bool is_sure = now_us != UNKNOWN_TIME && is_time_sure(keeping, now_us);
	if (is_sure) {
		remove_old_days(keeping, store, DAYS_FLOWS,
				now_us - limits.flows_s * SECOND_US);
		remove_old_days(keeping, store, DAYS_EVIDENCE,
				now_us - limits.evidence_s * SECOND_US);
		more = prune_age(&keeping->prune, &store->trunk, &limits, now_us) ||
		       more;
	}
	ration_room(&store->choice.ration, limits.evidence_bytes);
	if (keeping->evidence_bytes > limits.evidence_bytes) {
		more = remove_oldest_day(keeping, store, DAYS_EVIDENCE) || more;
		measure(keeping, store);
	}
	if (bytes_used(keeping, store->trunk.db) > limits.size_bytes) {
		bool removed = remove_oldest_day(keeping, store, DAYS_FLOWS) ||
			       remove_oldest_day(keeping, store, DAYS_EVIDENCE) ||
			       prune_oldest(&store->trunk, now_us);
		measure(keeping, store);
		more = more || removed;
	}
	give_back_pages(store->trunk.db);
	if (is_sure)
		more = aging_work(&keeping->aging, store, now_us) || more;
	if (store->has_trunk)
		more = erasing_work(&keeping->erasing, store, now_us) || more;
	return more;
}

void keeping_work(struct keeping *keeping, struct store *store, bool ok)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (now_us < keeping->next_us || store->lock_fd < 0)
		return;
	keeping->next_us = now_us + LOOK_MS * 1000LL;
	if (keeping->looks++ % SIZE_LOOKS == 0)
		measure(keeping, store);
	if (ok && store->has_trunk && keep_to_limits(keeping, store))
		keeping->next_us = now_us;
}
