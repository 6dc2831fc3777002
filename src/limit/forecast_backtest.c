/*
 * forecast_backtest.c: every method speaks at every origin, and is measured.
 *
 * Origins lie a day apart, so each hour of the day is tried; at most four weeks of
 * them.  What is told at an origin is what would have been told then: the mean of all
 * that speak, weighted by what each was worth so far.  A method's errors are known only
 * when the hours are over that it spoke of: each origin learns one more day of every
 * origin before it.
 */
#include <math.h>
#include <string.h>

#include "limit/forecast_inside.h"

/*
 * A method that is wrong twice as much counts a sixteenth.  Chosen, as all here, on the
 * last hours of M4's training part: 2 lets bad ones in, 8 is as good for two days, and
 * worse for weeks.
 */
enum { STEEPNESS = 4, TEACHING = 4 /* one origin in so many */ };

/*
 * The younger half of the history, of which at least a day is known after the last one:
 * older origins had less to learn from than there is now.
 */
static size_t first_origin(size_t count)
{
	size_t half = count / 2;
	size_t least = count - DAY - (FORECAST_ORIGINS_MAX - 1) * DAY;
	return count > FORECAST_ORIGINS_MAX * DAY && least > half ? least : half;
}

struct tally {
	/* Errors of each method, and of naive where that method spoke. */
	double sum[FORECAST_METHODS], beside[FORECAST_METHODS];
	double told, naive; /* of what was told, and of naive beside it */
};

/* Of the error of naive; 1 where nothing is known. */
static double score_of(const struct tally *tally, unsigned method)
{
	return tally->beside[method] > 0 ? tally->sum[method] / tally->beside[method]
					 : 1;
}

static unsigned best_of(const struct tally *tally, const bool *can)
{
	/* Before anything is known: what wins most often. */
	unsigned best = can[FORECAST_DAY_AND_WEEK] ? FORECAST_DAY_AND_WEEK
			: can[FORECAST_DAY]        ? FORECAST_DAY
						   : FORECAST_NAIVE;
	for (unsigned m = 0; m < FORECAST_METHODS; m++)
		if (can[m] && score_of(tally, m) < score_of(tally, best))
			best = m;
	return best;
}

/* How much it has to say, beside the best one's 1. */
static double weight_of(const struct tally *tally, unsigned method, double best)
{
	double score = score_of(tally, method);
	return score > best ? pow(best / score, STEEPNESS) : 1;
}

/* What is told: all that speak, by what they were worth so far. */
static unsigned combine(struct forecast_room *room, const struct tally *tally,
			const bool *can, size_t ahead)
{
	unsigned best = best_of(tally, can);
	double score = score_of(tally, best), sum = 1;
	memcpy(room->told, room->said[best], ahead * sizeof(room->told[0]));
	for (unsigned m = 0; m < FORECAST_METHODS; m++) {
		if (m == best || !can[m] || tally->beside[m] <= 0)
			continue;
		double weight = weight_of(tally, m, score);
		sum += weight;
		for (size_t h = 0; h < ahead; h++)
			room->told[h] += weight * room->said[m][h];
	}
	for (size_t h = 0; h < ahead; h++)
		room->told[h] /= sum;
	return best;
}

static void all_speak(struct forecast_room *room, size_t origin, size_t ahead,
		      bool *can)
{
	const struct series s = { room->filled, origin, room->scratch };
	for (unsigned m = 0; m < FORECAST_METHODS; m++)
		can[m] = method_run((enum forecast_method)m, &s, ahead, room->said[m]);
}

/* What came is held against what was said, by each and by all. */
static void measure(struct forecast_room *room, size_t k, size_t origin, size_t hour,
		    const bool *can, struct tally *tally)
{
	double came = origin + hour < room->count ? room->known[origin + hour] : NAN;
	room->errors[k][hour] = (float)(came - room->told[hour]);
	if (isnan(came))
		return;
	tally->told += fabs(came - room->told[hour]);
	tally->naive += fabs(came - room->said[FORECAST_NAIVE][hour]);
	for (unsigned m = 0; m < FORECAST_METHODS; m++)
		room->wrong[k][hour / DAY][m] +=
			can[m] ? (float)fabs(came - room->said[m][hour]) : NAN;
}

static void try_origin(struct forecast_room *room, size_t k, size_t origin,
		       size_t ahead, struct tally *tally)
{
	bool can[FORECAST_METHODS];
	all_speak(room, origin, ahead, can);
	combine(room, tally, can, ahead);
	memset(room->wrong[k], 0, sizeof(room->wrong[k]));
	for (size_t h = 0; h < ahead; h++)
		measure(room, k, origin, h, can, tally);
}

/* The day before origin k is over: each of those before spoke of it. */
static void learn(const struct forecast_room *room, size_t k, size_t ahead,
		  struct tally *tally)
{
	for (size_t before = 0; before < k; before++) {
		size_t day = k - 1 - before;
		const float *wrong = room->wrong[before][day];
		if (day * DAY >= ahead)
			continue;
		for (unsigned m = 0; m < FORECAST_METHODS; m++) {
			if (isnan(wrong[m]))
				continue;
			tally->sum[m] += (double)wrong[m];
			tally->beside[m] += (double)wrong[FORECAST_NAIVE];
		}
	}
}

/* For skill the first ones only teach: nothing is known of the methods before. */
static void try_origins(struct forecast_room *room, size_t ahead, struct tally *tally)
{
	size_t first = first_origin(room->count), last = room->count - DAY;
	room->origins = (last - first) / DAY + 1;
	for (size_t k = 0; k < room->origins; k++) {
		if (k == room->origins / TEACHING)
			tally->told = tally->naive = 0;
		learn(room, k, ahead, tally);
		try_origin(room, k, last - (room->origins - 1 - k) * DAY, ahead, tally);
	}
	learn(room, room->origins, ahead, tally);
}

void backtest_run(struct forecast_room *room, size_t ahead, struct backtest *out)
{
	struct tally tally = { 0 };
	bool can[FORECAST_METHODS];
	try_origins(room, ahead, &tally);
	out->skill = tally.naive > 0 ? 1 - tally.told / tally.naive : NAN;
	all_speak(room, room->count, ahead, can);
	out->best = (enum forecast_method)combine(room, &tally, can, ahead);
}
