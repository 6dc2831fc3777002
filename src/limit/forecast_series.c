/*
 * forecast_series.c: a history that methods can work with: its last hours, without
 * spikes, and with something plausible where nothing is known.
 *
 * A spike is an hour that neither its neighbours nor the same hours of other days know
 * of: what comes each night at three is none.  It says nothing about the next weeks,
 * but would bend every average.
 */
#include <math.h>
#include <string.h>

#include "limit/forecast_inside.h"

enum {
	HISTORY_LEAST = 3 * DAY, /* a day to learn from, and two to try it on */
	KNOWN_SHARE = 2,         /* one hour in so many has to be known */
	SPIKE_STEPS = 10,        /* median steps away from all that it is compared to */
	NEIGHBOURS = 6,
};

static void swap(double *one, double *other)
{
	double kept = *one;
	*one = *other;
	*other = kept;
}

/* Hoare's FIND (CACM 4, 1961): what sorting would put at k, and the less before it. */
static void find(double *values, size_t count, size_t k)
{
	ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, wanted = (ptrdiff_t)k;
	while (low < high) {
		double pivot = values[wanted];
		ptrdiff_t i = low, j = high;
		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (pivot < values[j])
				j--;
			if (i <= j)
				swap(&values[i++], &values[j--]);
		}
		if (j < wanted)
			low = i;
		if (wanted < i)
			high = j;
	}
}

double quantile_of(double *values, size_t count, double share)
{
	if (count == 0)
		return NAN;
	double at = share * (double)(count - 1);
	size_t below = (size_t)at;
	find(values, count, below);
	double value = values[below], next = INFINITY;
	for (size_t i = below + 1; i < count; i++)
		next = fmin(next, values[i]);
	return isinf(next) ? value : value + (at - (double)below) * (next - value);
}

double median_of(double *values, size_t count)
{
	return quantile_of(values, count, 0.5);
}

/* ---- spikes ---- */

/* What is usual from one hour to the next. */
static double median_step(struct forecast_room *room)
{
	size_t count = 0;
	for (size_t i = 1; i < room->count; i++) {
		double step = fabs(room->filled[i] - room->filled[i - 1]);
		if (!isnan(step))
			room->scratch[count++] = step;
	}
	return count == 0 ? 0 : median_of(room->scratch, count);
}

/* The hours beside it, and the same hour of the days beside it. */
static bool is_spike(const double *at, size_t count, size_t i, double far)
{
	static const int beside[NEIGHBOURS] = { -1, 1, -DAY, DAY, -WEEK, WEEK };
	unsigned compared = 0;
	if (isnan(at[i]))
		return false;
	for (unsigned n = 0; n < NEIGHBOURS; n++) {
		ptrdiff_t other = (ptrdiff_t)i + beside[n];
		if (other < 0 || other >= (ptrdiff_t)count || isnan(at[other]))
			continue;
		if (fabs(at[i] - at[other]) <= far)
			return false;
		compared++;
	}
	return compared > 1;
}

static void remove_spikes(struct forecast_room *room)
{
	double far = SPIKE_STEPS * median_step(room);
	for (size_t i = 0; i < room->count; i++)
		if (is_spike(room->filled, room->count, i, far))
			room->known[i] = NAN;
}

/* ---- gaps ---- */

/* From the week before, else the day before, else between the hours around it. */
static void fill_gaps(struct forecast_room *room)
{
	double *at = room->filled;
	memcpy(at, room->known, room->count * sizeof(*at));
	for (size_t i = 1; i < room->count; i++) {
		size_t next = i;
		if (!isnan(at[i]))
			continue;
		while (next < room->count && isnan(at[next]))
			next++;
		double last = at[i - 1];
		double step = next < room->count
				      ? (at[next] - last) / (double)(next - i + 1)
				      : 0;
		bool is_short = next - i < DAY / 8;
		for (size_t k = i; k < next; k++) {
			size_t back = k >= WEEK ? WEEK : DAY;
			at[k] = !is_short && k >= back
					? at[k - back]
					: last + step * (double)(k - i + 1);
		}
		i = next;
	}
}

/* ---- what is there ---- */

static enum forecast_hidden judge(const struct forecast_room *room)
{
	size_t known = 0, lately = 0;
	if (room->count < HISTORY_LEAST)
		return FORECAST_TOO_SHORT;
	for (size_t i = 0; i < room->count; i++) {
		known += !isnan(room->known[i]);
		lately += i + DAY >= room->count && !isnan(room->known[i]);
	}
	if (lately == 0)
		return FORECAST_TOO_OLD;
	return known * KNOWN_SHARE < room->count ? FORECAST_TOO_FEW : FORECAST_SHOWN;
}

enum forecast_hidden series_prepare(struct forecast_room *room, const double *hours,
				    size_t count)
{
	size_t skip = count > FORECAST_HOURS_MAX ? count - FORECAST_HOURS_MAX : 0;
	while (skip < count && isnan(hours[skip]))
		skip++;
	room->count = count - skip;
	memcpy(room->known, hours + skip, room->count * sizeof(*hours));
	enum forecast_hidden hidden = judge(room);
	if (hidden != FORECAST_SHOWN)
		return hidden;
	memcpy(room->filled, room->known, room->count * sizeof(*hours));
	remove_spikes(room);
	if (isnan(room->known[0])) /* what gaps are filled from has to be known */
		room->known[0] = room->filled[0];
	fill_gaps(room);
	return FORECAST_SHOWN;
}
