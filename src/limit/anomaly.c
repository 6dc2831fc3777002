/*
 * anomaly.c: ranges that give way, and narrow again.
 *
 * Records become rare by themselves: of n like values the last one is the greatest with
 * a chance of 1/n.  So the range is all the memory that is needed, whatever the values
 * are distributed like, and how far a record goes beyond it says how odd it is.
 */
#include <math.h>
#include <string.h>

#include "limit/anomaly_inside.h"

enum {
	SECOND_US = 1000 * 1000,
	HOUR_S = 3600,
	DAY_S = 86400,
	VERSION = 1,            /* of what is saved */
	SLOT_S = 60,            /* values of a minute are one */
	JUDGED_LEAST = 30,      /* before anything is told, however long it took */
	HOUR_SEEN_LEAST = 4,    /* values in an hour of the day: then one is usual */
	OUT_OF_DAYS_LEAST = 50, /* that are in that range before it is asked */
};

/* What is beyond is taken for it. */
static const double VALUE_MAX = 1e30;
/* A range is at least that wide, of its value's size: rounding is no change. */
static const double FLOOR_SHARE = 1e-3;
static const double FLOOR_LEAST = 1e-9;
static const double BEYOND_MAX = 1e3;
/* A value that far beyond, by the range's width, is told whatever was told before. */
static const double PEAK_MAX = 1;
/* A step that many times as long as the one before is a hole. */
static const double HOLE = 2;

/*
 * One for all series.  How they were found, and what others would do:
 * docs/foresight.md, tests/eval/nab.c.
 */
const struct anomaly_settings ANOMALY_SETTINGS = {
	.mark = 0.1,
	.learn_s = 2 * DAY_S,
	.narrow_per_day = 0.004,
	.smooth_s = 1800,
	.hour_s = HOUR_S,
	.peak_s = 12 * HOUR_S,
	.widen_s = { 0, 450, 0 },
	.weights = { 1, 1, 1 },
};

/* fmax() and fmin() are calls, for the sake of NaN, which is none here. */
static inline double greater(double a, double b)
{
	return a > b ? a : b;
}

static inline double lesser(double a, double b)
{
	return a < b ? a : b;
}

/* Share of a new value in a mean that follows with that time constant. */
static double follow(double elapsed_s, double constant_s)
{
	return elapsed_s / (elapsed_s + constant_s);
}

/* The first few values of a mean have equal shares, as long as these are greater. */
static double share_of(uint32_t before, double elapsed_s, double constant_s)
{
	return elapsed_s * before < constant_s ? 1 / (before + 1.0)
					       : follow(elapsed_s, constant_s);
}

static uint32_t one_more(uint32_t count)
{
	return count < UINT32_MAX ? count + 1 : count;
}

/* How far beyond the range, by its width; 0 in it. */
static double beyond(const struct anomaly_range *range, double value, double floor)
{
	double width = greater(range->high - range->low, floor);
	double over = greater(value - range->high, range->low - value);
	return over > 0 ? lesser(over / width, BEYOND_MAX) : 0;
}

/* Takes that share of what is beyond in. */
static void widen(struct anomaly_range *range, double value, double share)
{
	if (value > range->high)
		range->high += share * (value - range->high);
	else if (value < range->low)
		range->low -= share * (range->low - value);
}

static void narrow(struct anomaly_range *range, double share)
{
	double each = share / 2 * (range->high - range->low);
	range->high -= each;
	range->low += each;
}

/* One view of the series; its first value is the range. */
static double look(struct anomaly *series, const struct anomaly_settings *settings,
		   enum anomaly_view view, double value, bool is_first, double floor,
		   double elapsed_s)
{
	struct anomaly_range *range = &series->ranges[view];
	if (is_first)
		*range = (struct anomaly_range){ value, value };
	double over = beyond(range, value, floor) * settings->weights[view];
	if (over > 0)
		widen(range, value,
		      over >= settings->mark
			      ? 1
			      : follow(elapsed_s, settings->widen_s[view]));
	narrow(range, settings->narrow_per_day * elapsed_s / DAY_S);
	return over;
}

static unsigned hour_of(int64_t at_us)
{
	int64_t hour = at_us / SECOND_US / HOUR_S % ANOMALY_HOURS;
	return (unsigned)(hour < 0 ? hour + ANOMALY_HOURS : hour);
}

/* The usual value of this hour follows; none before it was seen a few times. */
static double look_out_of_day(struct anomaly *series,
			      const struct anomaly_settings *settings, int64_t at_us,
			      double value, double floor, double elapsed_s)
{
	unsigned hour = hour_of(at_us);
	double over = 0, away = value - (double)series->hours[hour];
	uint8_t *seen = &series->hours_seen[hour];
	if (*seen >= HOUR_SEEN_LEAST) {
		over = look(series, settings, ANOMALY_OUT_OF_DAY, away,
			    series->out_of_days == 0, floor, elapsed_s);
		series->out_of_days = one_more(series->out_of_days);
	}
	/* Of an hour it can't tell more than that hour. */
	double share = share_of(*seen, lesser(elapsed_s, HOUR_S), settings->hour_s);
	series->hours[hour] += (float)(share * away);
	if (*seen < UINT8_MAX)
		(*seen)++;
	return series->out_of_days > OUT_OF_DAYS_LEAST ? over : 0;
}

/* A mean of few values is no half hour's: it would make a range as wide as theirs. */
static double look_smooth(struct anomaly *series,
			  const struct anomaly_settings *settings, double value,
			  double floor, double elapsed_s)
{
	double share = share_of(series->judged, elapsed_s, settings->smooth_s);
	series->smooth += share * (value - series->smooth);
	if (series->seen_s < settings->smooth_s)
		return 0;
	bool is_first = !series->is_smooth;
	series->is_smooth = true;
	return look(series, settings, ANOMALY_SMOOTH, series->smooth, is_first, floor,
		    elapsed_s);
}

/* What is no worse than what was told within the last hours is not told again. */
static double news(struct anomaly *series, const struct anomaly_settings *settings,
		   double over, double elapsed_s)
{
	series->peak *= 1 - follow(elapsed_s, settings->peak_s);
	if (over <= series->peak)
		return 0;
	series->peak = lesser(over, PEAK_MAX);
	return over / (over + settings->mark);
}

/*
 * Seconds since the value before, as far as they are known: a step that is much longer
 * than the one before is a hole, which is neither experience nor time to forget.
 */
static double elapsed(struct anomaly *series, int64_t at_us)
{
	double step_s = (double)(at_us - series->judged_us) / SECOND_US;
	step_s = lesser(greater(step_s, 1), DAY_S);
	double before_s = series->judged == 0 ? step_s : (double)series->step_s;
	series->step_s = (float)step_s;
	series->judged_us = at_us;
	return lesser(step_s, HOLE * before_s);
}

static bool has_learned(const struct anomaly *series,
			const struct anomaly_settings *settings)
{
	return series->seen_s >= settings->learn_s && series->judged >= JUDGED_LEAST;
}

static double judge(struct anomaly *series, const struct anomaly_settings *settings,
		    int64_t at_us, double value)
{
	double elapsed_s = elapsed(series, at_us);
	double floor = FLOOR_LEAST + FLOOR_SHARE * fabs(value);
	double over = look(series, settings, ANOMALY_VALUE, value, series->judged == 0,
			   floor, elapsed_s);
	over = greater(over, look_smooth(series, settings, value, floor, elapsed_s));
	over = greater(over, look_out_of_day(series, settings, at_us, value, floor,
					     elapsed_s));
	bool is_new = !has_learned(series, settings);
	series->seen_s += elapsed_s;
	series->judged = one_more(series->judged);
	return is_new ? 0 : news(series, settings, over, elapsed_s);
}

/* A minute is open while one more value, at the pace of the last one, fits into it. */
static bool is_over(const struct anomaly *series, int64_t at_us, int64_t pace_us)
{
	return at_us - series->begun_us + pace_us >= (int64_t)SLOT_S * SECOND_US;
}

static void begin_minute(struct anomaly *series, int64_t at_us)
{
	series->begun_us = at_us;
	series->sum = 0;
	series->count = 0;
}

/* Microseconds since the value before; a new series is thought to have one a minute. */
static int64_t pace(struct anomaly *series, int64_t at_us)
{
	const int64_t slot_us = (int64_t)SLOT_S * SECOND_US;
	bool is_first = series->judged == 0 && series->count == 0;
	int64_t pace_us = at_us - series->last_us;
	series->last_us = at_us;
	if (!is_first && pace_us >= 0 && pace_us <= slot_us)
		return pace_us;
	/* A hole, or a clock that was set back: what was added up is of another time.
	 */
	begin_minute(series, at_us);
	if (is_first)
		series->judged_us = at_us - slot_us;
	return slot_us;
}

double anomaly_take_as(struct anomaly *series, const struct anomaly_settings *settings,
		       int64_t at_us, double value)
{
	if (!isfinite(value))
		return 0;
	value = lesser(greater(value, -VALUE_MAX), VALUE_MAX);
	int64_t pace_us = pace(series, at_us);
	if (series->count == 0)
		begin_minute(series, at_us);
	series->sum += value;
	series->count++;
	if (!is_over(series, at_us, pace_us))
		return 0;
	double mean = series->sum / series->count;
	begin_minute(series, at_us);
	return judge(series, settings, at_us, mean);
}

double anomaly_take(struct anomaly *series, int64_t at_us, double value)
{
	return anomaly_take_as(series, &ANOMALY_SETTINGS, at_us, value);
}

bool anomaly_has_learned(const struct anomaly *series)
{
	return has_learned(series, &ANOMALY_SETTINGS);
}

struct anomaly_range anomaly_usual(const struct anomaly *series, int64_t at_us,
				   double value)
{
	struct anomaly_range usual = series->ranges[ANOMALY_VALUE];
	unsigned hour = hour_of(at_us);
	if (value < usual.low || value > usual.high ||
	    series->hours_seen[hour] < HOUR_SEEN_LEAST || series->out_of_days == 0)
		return usual;
	const struct anomaly_range *away = &series->ranges[ANOMALY_OUT_OF_DAY];
	const struct anomaly_range of_hour = {
		greater((double)series->hours[hour] + away->low, usual.low),
		lesser((double)series->hours[hour] + away->high, usual.high),
	};
	return of_hour.low <= of_hour.high ? of_hour : usual;
}

void anomaly_save(const struct anomaly *series, uint8_t out[ANOMALY_SAVED_LEN])
{
	out[0] = VERSION;
	memcpy(out + 1, series, sizeof(*series));
}

/* Differences of such times can be told. */
static bool are_times(const struct anomaly *series)
{
	const int64_t times_us[] = { series->last_us, series->judged_us,
				     series->begun_us };
	for (size_t i = 0; i < sizeof(times_us) / sizeof(times_us[0]); i++) {
		if (times_us[i] < INT64_MIN / 4 || times_us[i] > INT64_MAX / 4)
			return false;
	}
	return true;
}

static bool is_sound(const struct anomaly *series)
{
	const double numbers[] = { series->sum, series->seen_s, series->smooth,
				   series->peak, (double)series->step_s };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!isfinite(numbers[i]))
			return false;
	}
	for (int i = 0; i < ANOMALY_VIEWS; i++) {
		const struct anomaly_range *range = &series->ranges[i];
		if (!isfinite(range->low) || !isfinite(range->high) ||
		    range->low > range->high)
			return false;
	}
	for (int i = 0; i < ANOMALY_HOURS; i++) {
		if (!isfinite(series->hours[i]))
			return false;
	}
	return are_times(series) && series->peak >= 0 && series->seen_s >= 0 &&
	       series->step_s >= 0;
}

bool anomaly_restore(struct anomaly *series, const uint8_t *at, size_t len)
{
	*series = (struct anomaly){ 0 };
	if (len != ANOMALY_SAVED_LEN || at[0] != VERSION)
		return false;
	memcpy(series, at + 1, sizeof(*series));
	if (is_sound(series))
		return true;
	*series = (struct anomaly){ 0 };
	return false;
}
