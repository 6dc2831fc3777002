/*
 * period.c: see period.h.
 */
#include "base/period.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define DAY_S     86400

const char *const period_names[] = { "day", "week", "month", "quarter", "year", NULL };

enum { QUARTER_MONTHS = 3, WEEK_DAYS = 7, HOUR_MIN = 60 };

/* ---- the clock on the wall ---- */

static struct tm local_at(int64_t at_s)
{
	struct tm tm = { 0 };
	time_t at = at_s;
	if (localtime_r(&at, &tm) == NULL)
		gmtime_r(&at, &tm);
	return tm;
}

/* It shows so many seconds since 1970, were they UTC. */
static int64_t shown_at(int64_t at_s)
{
	return at_s + local_at(at_s).tm_gmtoff;
}

/*
 * When it first shows that.  A day before and a day after stand for before and after it
 * is set: of what they make of it, the first that is not too early is right, and what
 * it never shows comes right after.
 */
static int64_t first_shown_s(int64_t shown_s)
{
	int64_t a = shown_s - local_at(shown_s - 2 * DAY_S).tm_gmtoff;
	int64_t b = shown_s - local_at(shown_s + 2 * DAY_S).tm_gmtoff;
	int64_t early = a < b ? a : b, late = a < b ? b : a;
	return shown_at(early) >= shown_s ? early : late;
}

/* ---- the calendar ---- */

/* The day on which the period begins that holds this one. */
static struct tm begin_of(enum period_kind kind, struct tm day)
{
	struct tm begin = { .tm_year = day.tm_year,
			    .tm_mon = day.tm_mon,
			    .tm_mday = day.tm_mday };
	if (kind == PERIOD_WEEK)
		begin.tm_mday -= (day.tm_wday + WEEK_DAYS - 1) % WEEK_DAYS;
	if (kind >= PERIOD_MONTH)
		begin.tm_mday = 1;
	if (kind == PERIOD_QUARTER)
		begin.tm_mon -= begin.tm_mon % QUARTER_MONTHS;
	if (kind == PERIOD_YEAR)
		begin.tm_mon = 0;
	return begin;
}

/* So many of them later, and minutes of that day. */
static int64_t begin_s(enum period_kind kind, struct tm begin, int later,
		       unsigned minute)
{
	switch (kind) {
	case PERIOD_DAY:
		begin.tm_mday += later;
		break;
	case PERIOD_WEEK:
		begin.tm_mday += later * WEEK_DAYS;
		break;
	case PERIOD_MONTH:
		begin.tm_mon += later;
		break;
	case PERIOD_QUARTER:
		begin.tm_mon += later * QUARTER_MONTHS;
		break;
	case PERIOD_YEAR:
		begin.tm_year += later;
		break;
	}
	begin.tm_min = (int)minute;
	return first_shown_s(timegm(&begin));
}

struct period period_last(enum period_kind kind, unsigned minute, int64_t at_us)
{
	int64_t at_s = at_us / SECOND_US;
	struct tm begin = begin_of(kind, local_at(at_s));
	int later = begin_s(kind, begin, 0, minute) <= at_s ? 0 : -1;
	return (struct period){
		.since_us = begin_s(kind, begin, later - 1, 0) * SECOND_US,
		.until_us = begin_s(kind, begin, later, 0) * SECOND_US,
		.due_us = begin_s(kind, begin, later, minute) * SECOND_US,
	};
}

int64_t period_next_due_us(enum period_kind kind, unsigned minute, int64_t at_us)
{
	int64_t at_s = at_us / SECOND_US;
	struct tm begin = begin_of(kind, local_at(at_s));
	int64_t due_s = begin_s(kind, begin, 0, minute);
	if (due_s <= at_s)
		due_s = begin_s(kind, begin, 1, minute);
	return due_s * SECOND_US;
}

/* ---- in words ---- */

/* The middle is within it, whatever the clock was set by. */
void period_name(enum period_kind kind, const struct period *period,
		 char out[static PERIOD_NAME_MAX])
{
	static const char *const forms[] = { "%Y-%m-%d", "%G-W%V", "%Y-%m", "%Y",
					     "%Y" };
	int64_t middle_us =
		period->since_us + (period->until_us - period->since_us) / 2;
	struct tm tm = local_at(middle_us / SECOND_US);
	size_t len = strftime(out, PERIOD_NAME_MAX, forms[kind], &tm);
	if (kind == PERIOD_QUARTER)
		snprintf(out + len, PERIOD_NAME_MAX - len, "-Q%d",
			 tm.tm_mon / QUARTER_MONTHS + 1);
}

static bool is_digits(const char *text, size_t count)
{
	return strspn(text, "0123456789") >= count;
}

bool period_minute(const char *text, unsigned *minute)
{
	enum { LEN = 5, COLON = 2, TEN = 10, HOURS = 24 };
	if (strlen(text) != LEN || text[COLON] != ':' || !is_digits(text, 2) ||
	    !is_digits(text + COLON + 1, 2))
		return false;
	unsigned hour = (unsigned)((text[0] - '0') * TEN + text[1] - '0');
	unsigned past = (unsigned)((text[COLON + 1] - '0') * TEN + text[LEN - 1] - '0');
	if (hour >= HOURS || past >= HOUR_MIN)
		return false;
	*minute = hour * HOUR_MIN + past;
	return true;
}
