/*
 * figures.c: see figures.h.
 *
 * Times until something is done are skewed: one incident that nobody closed over a
 * holiday makes any mean of them.  So each has its median, and the mean beside it.
 */
#include "alert/figures.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert/incidents.h"
#include "base/median.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)
#define WEEK_US   (7 * DAY_US)
/* 1970-01-01 was a Thursday. */
#define MONDAY_US (-3 * DAY_US)

enum span { SPAN_DETECT, SPAN_ACKNOWLEDGE, SPAN_END, SPANS };

/* An incident, as far as it counts here. */
struct sample {
	uint32_t week;            /* in which it was first said */
	uint64_t span_us[SPANS];  /* UNKNOWN_U64: not known, or not yet */
	uint8_t automatic;        /* 1, 0 or UNKNOWN_FLAG */
	bool is_judged, is_false; /* by a person */
};

struct figures {
	int64_t begin_us, now_us; /* begin: of a week */
	uint32_t weeks;
	int64_t first_us; /* of which a record tells; INT64_MAX: none does */
	int64_t missing_us[FIGURES_WEEKS_MAX];
	uint64_t messages[FIGURES_WEEKS_MAX];
	struct sample *samples; /* owned */
	size_t count, room;
	bool has_failed; /* without memory */
};

static int64_t week_begin(int64_t at_us)
{
	int64_t since_us = at_us - MONDAY_US;
	return at_us - ((since_us % WEEK_US) + WEEK_US) % WEEK_US;
}

struct figures *figures_new(int64_t since_us, int64_t now_us)
{
	struct figures *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	if (since_us == UNKNOWN_TIME)
		since_us = now_us - FIGURES_WEEKS_USUAL * WEEK_US;
	f->now_us = now_us;
	f->begin_us = week_begin(since_us < now_us ? since_us : now_us);
	int64_t earliest_us = week_begin(now_us) - (FIGURES_WEEKS_MAX - 1) * WEEK_US;
	if (f->begin_us < earliest_us)
		f->begin_us = earliest_us;
	f->weeks = (uint32_t)((week_begin(now_us) - f->begin_us) / WEEK_US) + 1;
	f->first_us = INT64_MAX;
	return f;
}

void figures_free(struct figures *figures)
{
	if (figures == NULL)
		return;
	free(figures->samples);
	free(figures);
}

/* ---- what comes ---- */

/* Something ran then. */
static void note_time(struct figures *f, int64_t at_us)
{
	if (at_us != UNKNOWN_TIME && at_us < f->first_us)
		f->first_us = at_us;
}

static bool is_within(const struct figures *f, int64_t at_us)
{
	return at_us != UNKNOWN_TIME && at_us >= f->begin_us && at_us <= f->now_us;
}

static uint32_t week_of(const struct figures *f, int64_t at_us)
{
	return (uint32_t)((at_us - f->begin_us) / WEEK_US);
}

static uint64_t span(int64_t from_us, int64_t to_us)
{
	bool is_known = from_us != UNKNOWN_TIME && to_us != UNKNOWN_TIME;
	return is_known && to_us >= from_us ? (uint64_t)(to_us - from_us) : UNKNOWN_U64;
}

/* Somebody looked at it, so that he could have said that it was none. */
static bool is_judged(const struct incident_record *i)
{
	bool was_closed = i->closed_by[0] != '\0' &&
			  strcmp(i->closed_by, INCIDENT_BY_ITSELF) != 0;
	return was_closed || i->acknowledged != UNKNOWN_TIME || i->false_positive == 1;
}

static struct sample sample_of(const struct figures *f, const struct incident_record *i)
{
	return (struct sample){
		.week = week_of(f, i->detected),
		.span_us = { [SPAN_DETECT] = span(i->first, i->detected),
			     [SPAN_ACKNOWLEDGE] = span(i->detected, i->acknowledged),
			     [SPAN_END] = span(i->detected, i->end) },
		.automatic = i->automatic,
		.is_judged = is_judged(i),
		.is_false = i->false_positive == 1,
	};
}

static bool add_sample(struct figures *f, const struct sample *sample)
{
	enum { ROOM_FIRST = 64 };
	if (f->count == f->room) {
		size_t room = f->room == 0 ? ROOM_FIRST : 2 * f->room;
		void *larger = reallocarray(f->samples, room, sizeof(*f->samples));
		if (larger == NULL)
			return false;
		f->samples = larger;
		f->room = room;
	}
	f->samples[f->count++] = *sample;
	return true;
}

static bool take_incident(void *to, const void *record)
{
	struct figures *f = to;
	const struct incident_record *incident = record;
	note_time(f, incident->detected);
	if (!is_within(f, incident->detected) || incident_is_part(incident))
		return true;
	const struct sample sample = sample_of(f, incident);
	f->has_failed = !add_sample(f, &sample);
	return !f->has_failed;
}

static bool take_notification(void *to, const void *record)
{
	struct figures *f = to;
	const struct notification_record *notification = record;
	bool is_sent =
		notification->state != NULL && strcmp(notification->state, "sent") == 0;
	note_time(f, notification->at);
	if (is_sent && is_within(f, notification->at))
		f->messages[week_of(f, notification->at)]++;
	return true;
}

/* Packets that were lost leave the rest known. */
static bool hides_all(const struct gap_record *gap)
{
	return gap->reason != NULL && (strcmp(gap->reason, "stopped") == 0 ||
				       strcmp(gap->reason, "suspended") == 0);
}

static int64_t overlap(int64_t begin_us, int64_t end_us, int64_t from_us, int64_t to_us)
{
	int64_t first_us = begin_us > from_us ? begin_us : from_us;
	int64_t last_us = end_us < to_us ? end_us : to_us;
	return last_us > first_us ? last_us - first_us : 0;
}

static int64_t begin_of(const struct figures *f, uint32_t week)
{
	return f->begin_us + week * WEEK_US;
}

static int64_t end_of(const struct figures *f, uint32_t week)
{
	int64_t end_us = begin_of(f, week + 1);
	return end_us < f->now_us ? end_us : f->now_us;
}

static bool take_gap(void *to, const void *record)
{
	struct figures *f = to;
	const struct gap_record *gap = record;
	note_time(f, gap->start); /* until it began */
	if (!hides_all(gap) || gap->start == UNKNOWN_TIME || gap->end == UNKNOWN_TIME)
		return true;
	for (uint32_t week = 0; week < f->weeks; week++)
		f->missing_us[week] += overlap(gap->start, gap->end, begin_of(f, week),
					       end_of(f, week));
	return true;
}

static bool take_audit(void *to, const void *record)
{
	note_time(to, ((const struct audit_record *)record)->at);
	return true;
}

int figures_read(struct figures *f, figures_reader read, void *from)
{
	/* Since when something ran may be long before. */
	static const struct {
		enum record_kind kind;
		bool is_of_all_time;
		figures_take take;
	} sources[] = {
		{ RECORD_incident, false, take_incident },
		{ RECORD_notification, false, take_notification },
		{ RECORD_gap, false, take_gap },
		{ RECORD_audit, true, take_audit },
	};
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		int64_t since_us = sources[i].is_of_all_time ? INT64_MIN : f->begin_us;
		int result = read(from, sources[i].kind, since_us, sources[i].take, f);
		if (result != 0 || f->has_failed)
			return f->has_failed ? -ENOMEM : result;
	}
	return 0;
}

/* ---- figures of some weeks ---- */

static int64_t known_us(const struct figures *f, uint32_t week)
{
	int64_t all_us =
		overlap(f->first_us, INT64_MAX, begin_of(f, week), end_of(f, week));
	return all_us > f->missing_us[week] ? all_us - f->missing_us[week] : 0;
}

static uint64_t mean(const uint64_t *values, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (double)values[i];
	return (uint64_t)llround(sum / (double)count);
}

/* Of those of weeks [from, to) that have it; how many have. */
static uint32_t tell_span(const struct figures *f, uint32_t from, uint32_t to,
			  enum span which, uint64_t *values, uint64_t *median_us,
			  uint64_t *mean_us)
{
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct sample *sample = &f->samples[i];
		if (sample->week >= from && sample->week < to &&
		    sample->span_us[which] != UNKNOWN_U64)
			values[count++] = sample->span_us[which];
	}
	if (count > 0) {
		*mean_us = mean(values, count);
		*median_us = median_u64(values, count);
	}
	return (uint32_t)count;
}

static double ratio(uint32_t part, uint32_t whole)
{
	return whole > 0 ? (double)part / whole : NAN;
}

/* Counts, and shares; of how many weeks they are is known by then. */
static void tell_counts(const struct figures *f, uint32_t from, uint32_t to,
			double weeks, struct figures_record *row)
{
	uint32_t count = 0, over = 0, automatic = 0, wrong = 0;
	uint64_t messages = 0;
	row->judged = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct sample *sample = &f->samples[i];
		if (sample->week < from || sample->week >= to)
			continue;
		count++;
		over += sample->automatic != UNKNOWN_FLAG;
		automatic += sample->automatic == 1;
		row->judged += sample->is_judged;
		wrong += sample->is_false;
	}
	for (uint32_t week = from; week < to; week++)
		messages += f->messages[week];
	row->automatic_ratio = ratio(automatic, over);
	row->false_ratio = ratio(wrong, row->judged);
	if (row->known_s == 0)
		return;
	row->incidents = count / weeks;
	row->messages = (double)messages / weeks;
}

static void tell_known(const struct figures *f, uint32_t from, uint32_t to,
		       struct figures_record *row)
{
	int64_t all_us = 0;
	row->weeks = 0;
	for (uint32_t week = from; week < to; week++) {
		int64_t us = known_us(f, week);
		all_us += us;
		row->weeks += us > 0;
	}
	row->known_s = (uint64_t)(all_us / SECOND_US);
}

static double weeks_of(const struct figures_record *row)
{
	return (double)row->known_s * (double)SECOND_US / (double)WEEK_US;
}

static struct figures_record row_of(const struct figures *f, uint32_t from, uint32_t to,
				    bool is_mean, uint64_t *values)
{
	struct figures_record row;
	record_init(RECORD_figures, &row);
	row.at = f->now_us;
	row.start = begin_of(f, from);
	row.end = end_of(f, to - 1);
	tell_known(f, from, to, &row);
	/* A week is told as it is, also if it is not yet over. */
	tell_counts(f, from, to, is_mean ? weeks_of(&row) : 1, &row);
	tell_span(f, from, to, SPAN_DETECT, values, &row.detect_median_us,
		  &row.detect_mean_us);
	row.acknowledged =
		tell_span(f, from, to, SPAN_ACKNOWLEDGE, values,
			  &row.acknowledge_median_us, &row.acknowledge_mean_us);
	row.resolved = tell_span(f, from, to, SPAN_END, values, &row.resolve_median_us,
				 &row.resolve_mean_us);
	return row;
}

/* "2026-W48", by its Thursday (ISO 8601). */
static void name_week(struct figures_record *row)
{
	time_t thursday = (time_t)((row->start + 3 * DAY_US) / SECOND_US);
	struct tm day;
	gmtime_r(&thursday, &day);
	strftime(row->week, sizeof(row->week), "%G-W%V", &day);
}

/* This week, if nothing is known yet. */
static uint32_t first_known(const struct figures *f)
{
	uint32_t week = 0;
	while (week + 1 < f->weeks && known_us(f, week) == 0)
		week++;
	return week;
}

bool figures_tell(struct figures *f,
		  void (*take)(void *to, const struct figures_record *row), void *to)
{
	uint64_t *values = calloc(f->count + 1, sizeof(*values));
	if (values == NULL)
		return false;
	struct figures_record row;
	for (uint32_t i = f->weeks; i > first_known(f); i--) {
		row = row_of(f, i - 1, i, false, values);
		name_week(&row);
		take(to, &row);
		if (i < f->weeks || f->weeks == 1)
			continue;
		row = row_of(f, 0, f->weeks - 1, true, values);
		record_text(row.week, sizeof(row.week), FIGURES_BEFORE);
		take(to, &row);
	}
	free(values);
	return true;
}
