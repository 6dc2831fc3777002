/*
 * window.c: see window.h.
 */
#include "base/window.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/when.h"

enum { DAY_S = 86400, DAY_MIN = 1440, WEEK = 7, EVERY_DAY = 0x7f };
#define SECOND_US 1000000LL

/* ---- reading ---- */

static bool take_day(const char **s, unsigned *day)
{
	static const char *const names[WEEK] = { "Sunday",    "Monday",   "Tuesday",
						 "Wednesday", "Thursday", "Friday",
						 "Saturday" };
	for (*day = 0; *day < WEEK; ++*day) {
		size_t len = strlen(names[*day]);
		if (strncasecmp(*s, names[*day], 3) != 0)
			continue;
		*s += strncasecmp(*s, names[*day], len) == 0 ? len : 3;
		return true;
	}
	return false;
}

/* "Mon", "Mon-Fri", over the week's end as well: "Sat-Mon". */
static bool take_days(const char **s, uint8_t *days)
{
	unsigned first, last;
	if (!take_day(s, &first))
		return false;
	last = first;
	if (**s == '-') {
		++*s;
		if (!take_day(s, &last))
			return false;
	}
	for (unsigned day = first;; day = (day + 1) % WEEK) {
		*days |= (uint8_t)(1u << day);
		if (day == last)
			return true;
	}
}

static bool take_day_list(const char **s, uint8_t *days)
{
	*days = 0;
	if (strncasecmp(*s, "daily", 5) == 0) {
		*s += 5;
		*days = EVERY_DAY;
		return true;
	}
	while (take_days(s, days)) {
		if (**s != ',')
			return true;
		++*s;
		*s += **s == ' ';
	}
	return false;
}

/* At least so many digits, at most two. */
static bool take_digits(const char **s, int least, unsigned *out)
{
	int count = 0;
	*out = 0;
	for (; count < 2 && **s >= '0' && **s <= '9'; count++, ++*s)
		*out = *out * 10 + (unsigned)(**s - '0');
	return count >= least;
}

/* "22:00"; 24:00 is the end of a day. */
static bool take_minutes(const char **s, uint16_t *minutes)
{
	unsigned hour, minute;
	if (!take_digits(s, 1, &hour) || *(*s)++ != ':' || !take_digits(s, 2, &minute))
		return false;
	*minutes = (uint16_t)(hour * 60 + minute);
	return minute <= 59 && *minutes <= DAY_MIN;
}

static bool parse_weekly(const char *s, struct window *w)
{
	if (!take_day_list(&s, &w->days) || *s++ != ' ' ||
	    !take_minutes(&s, &w->from) || *s++ != '-' || !take_minutes(&s, &w->to))
		return false;
	w->in_utc = strcmp(s, " UTC") == 0;
	return (w->in_utc || *s == '\0') && w->from < DAY_MIN && w->from != w->to;
}

static bool parse_once(const char *s, struct window *w)
{
	char start[64];
	const char *slash = strchr(s, '/');
	if (slash == NULL || (size_t)(slash - s) >= sizeof(start))
		return false;
	snprintf(start, sizeof(start), "%.*s", (int)(slash - s), s);
	return time_parse(start, &w->start_us) && time_parse(slash + 1, &w->end_us) &&
	       w->start_us < w->end_us;
}

bool window_parse(const char *text, struct window *window)
{
	*window = (struct window){ 0 };
	return strchr(text, '/') != NULL ? parse_once(text, window)
					 : parse_weekly(text, window);
}

/* ---- the clock on the wall ---- */

/* It is so much ahead of UTC, in seconds. */
static int64_t ahead_at(const struct window *w, int64_t at_s)
{
	time_t at = at_s;
	struct tm tm;
	if (w->in_utc || localtime_r(&at, &tm) == NULL)
		return 0;
	return tm.tm_gmtoff;
}

/* Between two times, one before and one after the clock was set. */
static int64_t when_set(const struct window *w, int64_t before_s, int64_t after_s)
{
	int64_t ahead_s = ahead_at(w, before_s);
	while (after_s - before_s > 1) {
		int64_t middle_s = before_s + (after_s - before_s) / 2;
		if (ahead_at(w, middle_s) == ahead_s)
			before_s = middle_s;
		else
			after_s = middle_s;
	}
	return after_s;
}

/*
 * When the clock first and last shows what it would show at wall_s if it were UTC's.
 * False: it jumps over that, at *first_s.
 */
static bool when_shown(const struct window *w, int64_t wall_s, int64_t *first_s,
		       int64_t *last_s)
{
	int64_t one_s = wall_s - ahead_at(w, wall_s - DAY_S);
	int64_t other_s = wall_s - ahead_at(w, wall_s + DAY_S);
	bool one_is = one_s + ahead_at(w, one_s) == wall_s;
	bool other_is = other_s + ahead_at(w, other_s) == wall_s;
	if (!one_is && !other_is) {
		*first_s = *last_s =
			when_set(w, wall_s - 2 * DAY_S, wall_s + 2 * DAY_S);
		return false;
	}
	*first_s = one_is ? one_s : other_s;
	*last_s = other_is ? other_s : one_s;
	return true;
}

/* That which begins on the day whose midnight the clock shows as day_s. */
static bool holds_on_day(const struct window *w, int64_t day_s, int64_t at_s)
{
	int64_t begin_s, end_s, ignored_s;
	unsigned weekday = (unsigned)((day_s / DAY_S + 4) % WEEK); /* 1970: Thursday */
	if (!(w->days & (1u << weekday)))
		return false;
	int64_t from_s = day_s + w->from * 60;
	int64_t to_s = day_s + w->to * 60 + (w->to <= w->from ? DAY_S : 0);
	bool is_shown = when_shown(w, from_s, &begin_s, &ignored_s);
	if (!when_shown(w, to_s, &ignored_s, &end_s) && !is_shown)
		end_s = begin_s + to_s - from_s;
	return begin_s <= at_s && at_s < end_s;
}

bool window_holds(const struct window *w, int64_t at_us)
{
	if (w->days == 0)
		return w->start_us <= at_us && at_us < w->end_us;
	int64_t at_s = at_us / SECOND_US;
	if (at_s < 2 * DAY_S)
		return false; /* no clock was ever set */
	int64_t wall_s = at_s + ahead_at(w, at_s);
	int64_t day_s = wall_s - wall_s % DAY_S;
	return holds_on_day(w, day_s, at_s) || holds_on_day(w, day_s - DAY_S, at_s);
}

bool windows_add(struct windows *windows, const char *text)
{
	if (windows->count == WINDOWS_MAX ||
	    !window_parse(text, &windows->at[windows->count]))
		return false;
	windows->count++;
	return true;
}

bool windows_hold(const struct windows *windows, int64_t at_us)
{
	for (size_t i = 0; i < windows->count; i++)
		if (window_holds(&windows->at[i], at_us))
			return true;
	return false;
}
