/*
 * anomaly.h: how odd a value is in its own series.  A mark never pages alone: it tints
 * a chart, and several of one host at once are an event (crowd.h).
 *
 * A series has a range that it was seen in: as it is, smoothed, and as what it is away
 * from the usual value of that hour.  A value is as odd as it is beyond a range,
 * measured by the range's width.  The range then takes it in, so a new level is told
 * once, and narrows with time, so what was odd months ago is odd again.
 *
 * Everything goes by the time that comes with the values, never by their count: any
 * interval from a second to a day, holes, and clocks that are set.  No clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANOMALY_HOURS = 24, ANOMALY_STATE_MAX = 256 };

/* The views of a series; each has a range of its own. */
enum anomaly_view {
	ANOMALY_VALUE,
	ANOMALY_SMOOTH,     /* half an hour's mean: what lasts */
	ANOMALY_OUT_OF_DAY, /* the value less what is usual at that hour (UTC) */
	ANOMALY_VIEWS
};

struct anomaly_range {
	double low, high;
};

/* Of one series.  All zero is one that nothing was seen of. */
struct anomaly {
	int64_t last_us;   /* of the last value */
	int64_t judged_us; /* of the last one that was judged */
	int64_t begun_us;  /* of the minute that is being added up */
	double sum;        /* of its values */
	double seen_s;     /* time that values were seen in: holes are no experience */
	double smooth;
	double peak; /* of what was told; it fades, and only what is worse is told */
	struct anomaly_range ranges[ANOMALY_VIEWS];
	float hours[ANOMALY_HOURS]; /* usual value by hour of the day */
	uint8_t hours_seen[ANOMALY_HOURS];
	float step_s;         /* between the last two that were judged */
	uint32_t count;       /* of the minute's values */
	uint32_t judged;      /* saturates, like the next */
	bool is_smooth;       /* there is a range of it */
	uint32_t out_of_days; /* judged with a usual value */
};

_Static_assert(sizeof(struct anomaly) <= ANOMALY_STATE_MAX, "state per series");

/* From here on a score is a mark. */
static const double ANOMALY_MARK = 0.5;

/*
 * The next value: how odd it is, from 0 to 1.  While a series is new (two days
 * of values, at least thirty) it is 0; so it is for a value that is no number, which
 * changes nothing.  Values that come more often than once a minute are judged by the
 * minute's mean, with the minute's last value.
 */
double anomaly_take(struct anomaly *series, int64_t at_us, double value);

/* It is not new: what comes is told, if it is odd. */
bool anomaly_has_learned(const struct anomaly *series);

/*
 * What is usual at that time, before the value is taken: the range as it is, or, if the
 * value is within it, that of this hour.
 */
struct anomaly_range anomaly_usual(const struct anomaly *series, int64_t at_us,
				   double value);

/*
 * A series as plain bytes and back, for this machine.  restore is false, and the series
 * new, if these are not bytes that this version has saved, or make no sense.
 */
enum { ANOMALY_SAVED_LEN = 1 + sizeof(struct anomaly) };
void anomaly_save(const struct anomaly *series, uint8_t out[ANOMALY_SAVED_LEN]);
bool anomaly_restore(struct anomaly *series, const uint8_t *at, size_t len);
