/*
 * level_history.c: see level_history.h.
 *
 * A bucket has the number of its time since 1970, and its place is that number modulo
 * the ring's size: nothing moves when time goes on.
 */
#include "limit/level_history.h"

#include <string.h>

#define MINUTE_US (60 * 1000000LL)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)
/* Uptime is told over 90 days, whatever is promised. */
#define WINDOW_LEAST_US (90 * DAY_US)

static const struct ring {
	int64_t bucket_us; /* 0: history->rest_us */
	int size, first;
} rings[HISTORY_RINGS] = {
	{ MINUTE_US, 61, 0 },
	{ 10 * MINUTE_US, 37, 61 },
	{ HOUR_US, 73, 61 + 37 },
	{ 0, 361, 61 + 37 + 73 },
};

static int64_t bucket_us(const struct level_history *history, int ring)
{
	return ring < HISTORY_RINGS - 1 ? rings[ring].bucket_us : history->rest_us;
}

static struct level_amount *bucket(struct level_history *history, int ring,
				   int64_t number)
{
	return &history->at[rings[ring].first + number % rings[ring].size];
}

void level_history_begin(struct level_history *history, int64_t window_us)
{
	int64_t most_us = window_us > WINDOW_LEAST_US ? window_us : WINDOW_LEAST_US;
	int rest = rings[HISTORY_RINGS - 1].size - 1;
	*history = (struct level_history){ .rest_us = (most_us + rest - 1) / rest };
}

bool level_history_is_sound(const struct level_history *history)
{
	for (int ring = 0; ring < HISTORY_RINGS; ring++)
		if (history->newest[ring] < 0)
			return false;
	return history->rest_us >= HOUR_US;
}

/* ---- adding ---- */

/*
 * The bucket of that number, empty if it is new.  Of a time that is older than the
 * whole ring the clock was wrong: what it said is nothing.
 */
static struct level_amount *reach(struct level_history *history, int ring,
				  int64_t number)
{
	int64_t size = rings[ring].size, *newest = &history->newest[ring];
	int64_t first = *newest - size + 1;
	if (number < first || number > *newest + size) {
		memset(bucket(history, ring, 0), 0,
		       (size_t)size * sizeof(struct level_amount));
		*newest = number;
	}
	for (; *newest < number; ++*newest)
		*bucket(history, ring, *newest + 1) = (struct level_amount){ 0 };
	return bucket(history, ring, number);
}

static void put(struct level_amount *to, const struct level_amount *amount,
		double share)
{
	to->good += amount->good * share;
	to->bad += amount->bad * share;
	to->failures += amount->failures * share;
}

static void add_to_ring(struct level_history *history, int ring, int64_t from_us,
			int64_t to_us, const struct level_amount *amount)
{
	int64_t len_us = bucket_us(history, ring);
	int64_t first = from_us / len_us, last = (to_us - 1) / len_us;
	int64_t size = rings[ring].size;
	for (int64_t n = last - first < size ? first : last - size + 1; n <= last;
	     n++) {
		int64_t begin_us = n * len_us > from_us ? n * len_us : from_us;
		int64_t end_us = (n + 1) * len_us < to_us ? (n + 1) * len_us : to_us;
		put(reach(history, ring, n), amount,
		    (double)(end_us - begin_us) / (double)(to_us - from_us));
	}
}

void level_history_add(struct level_history *history, int64_t from_us, int64_t to_us,
		       const struct level_amount *amount)
{
	if (from_us < 0 || to_us < from_us)
		return;
	if (from_us == to_us)
		to_us++;
	for (int ring = 0; ring < HISTORY_RINGS; ring++)
		add_to_ring(history, ring, from_us, to_us, amount);
}

void level_history_fit(struct level_history *history, int64_t window_us, int64_t now_us)
{
	enum { REST = HISTORY_RINGS - 1 };
	struct level_history fit;
	level_history_begin(&fit, window_us);
	if (fit.rest_us == history->rest_us)
		return;
	int64_t len_us = history->rest_us, newest = history->newest[REST];
	int64_t oldest = newest - rings[REST].size + 1;
	for (int64_t n = oldest > 0 ? oldest : 0; n <= newest; n++) {
		int64_t from_us = n * len_us, to_us = from_us + len_us;
		if (from_us < now_us)
			add_to_ring(&fit, REST, from_us,
				    to_us < now_us ? to_us : now_us,
				    bucket(history, REST, n));
	}
	history->rest_us = fit.rest_us;
	history->newest[REST] = fit.newest[REST];
	memcpy(bucket(history, REST, 0), bucket(&fit, REST, 0),
	       (size_t)rings[REST].size * sizeof(struct level_amount));
}

/* ---- sums ---- */

/* The finest ring that reaches back so far. */
static int ring_of(const struct level_history *history, int64_t window_us)
{
	int ring = 0;
	while (ring < HISTORY_RINGS - 1 &&
	       (rings[ring].size - 1) * bucket_us(history, ring) < window_us)
		ring++;
	return ring;
}

/* Of the oldest bucket only that share which is within. */
struct level_amount level_history_sum(const struct level_history *history,
				      int64_t now_us, int64_t window_us,
				      int64_t since_us)
{
	struct level_amount sum = { 0 };
	int ring = ring_of(history, window_us);
	int64_t len_us = bucket_us(history, ring), begin_us = now_us - window_us;
	int64_t oldest = history->newest[ring] - rings[ring].size + 1;
	int64_t first = begin_us > 0 ? begin_us / len_us : 0;
	for (int64_t n = first > oldest ? first : oldest; n <= history->newest[ring];
	     n++) {
		if (n < 0 || n * len_us < since_us || n * len_us > now_us)
			continue;
		double share = n * len_us >= begin_us
				       ? 1
				       : (double)((n + 1) * len_us - begin_us) /
						 (double)len_us;
		put(&sum, &history->at[rings[ring].first + n % rings[ring].size],
		    share);
	}
	return sum;
}

struct level_amount level_history_between(const struct level_history *history,
					  int64_t from_us, int64_t to_us)
{
	enum { REST = HISTORY_RINGS - 1 };
	struct level_amount sum = { 0 };
	int64_t len_us = history->rest_us, newest = history->newest[REST];
	int64_t oldest = newest - rings[REST].size + 1;
	for (int64_t n = oldest > 0 ? oldest : 0; n <= newest; n++) {
		int64_t begin_us = n * len_us > from_us ? n * len_us : from_us;
		int64_t end_us = (n + 1) * len_us < to_us ? (n + 1) * len_us : to_us;
		if (begin_us < end_us)
			put(&sum,
			    &history->at[rings[REST].first + n % rings[REST].size],
			    (double)(end_us - begin_us) / (double)len_us);
	}
	return sum;
}
