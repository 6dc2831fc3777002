/*
 * when.c: points in time as people write them; see when.h.
 */
#include "base/when.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000, YEARS_MAX = 100 };

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

bool duration_parse(const char *text, int64_t *us)
{
	int64_t count = 0;
	const char *s = text;
	for (; isdigit((unsigned char)*s) && s - text < 10; s++)
		count = count * 10 + (*s - '0');
	int64_t unit = unit_seconds(*s);
	if (s == text || unit == 0 || s[1] != '\0')
		return false;
	if (count > (int64_t)YEARS_MAX * 366 * 86400 / unit)
		return false;
	*us = count * unit * SECOND_US;
	return true;
}

bool milliseconds_parse(const char *text, uint32_t max_ms, uint32_t *ms)
{
	char *end;
	double value = strtod(text, &end);
	bool is_ms = strcmp(end, "ms") == 0;
	double rounded_ms = is_ms ? value : value * 1000;
	if (end == text || (!is_ms && *end != '\0' && strcmp(end, "s") != 0) ||
	    !(rounded_ms >= 1) || rounded_ms > max_ms)
		return false;
	*ms = (uint32_t)rounded_ms;
	return true;
}

/* Exactly `digits` digits within min..max, then on past them. */
static bool take_number(const char **s, int digits, int min, int max, int *out)
{
	int value = 0;
	for (int i = 0; i < digits; i++, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return false;
		value = value * 10 + (**s - '0');
	}
	*out = value;
	return value >= min && value <= max;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static bool take_date(const char **s, struct tm *tm)
{
	int year, month, day;
	if (!take_number(s, 4, 1970, 9999, &year) || !take_char(s, '-') ||
	    !take_number(s, 2, 1, 12, &month) || !take_char(s, '-') ||
	    !take_number(s, 2, 1, 31, &day))
		return false;
	*tm = (struct tm){ .tm_year = year - 1900,
			   .tm_mon = month - 1,
			   .tm_mday = day };
	struct tm same = *tm;
	timegm(&same); /* turns 31 April into 1 May */
	return same.tm_mday == day;
}

static bool take_clock(const char **s, struct tm *tm, int64_t *fraction_us)
{
	*fraction_us = 0;
	if (!take_number(s, 2, 0, 23, &tm->tm_hour) || !take_char(s, ':') ||
	    !take_number(s, 2, 0, 59, &tm->tm_min))
		return false;
	if (!take_char(s, ':'))
		return true;
	if (!take_number(s, 2, 0, 60, &tm->tm_sec))
		return false;
	if (!take_char(s, '.'))
		return true;
	const char *begin = *s;
	for (int64_t worth = SECOND_US / 10; isdigit((unsigned char)**s); (*s)++) {
		*fraction_us += (**s - '0') * worth;
		worth /= 10;
	}
	return *s > begin;
}

/* RFC 3339 section 5.6, time-offset; seconds to take off. */
static bool take_offset(const char **s, int64_t *offset_s)
{
	*offset_s = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	int64_t sign = **s == '-' ? -1 : 1;
	int hours, minutes;
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_number(s, 2, 0, 23, &hours) || !take_char(s, ':') ||
	    !take_number(s, 2, 0, 59, &minutes))
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool time_parse(const char *text, int64_t *at_us)
{
	const char *s = text;
	struct tm tm;
	int64_t fraction_us = 0, offset_s = 0;
	if (!take_date(&s, &tm))
		return false;
	if (*s != '\0') {
		if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
			return false;
		if (!take_clock(&s, &tm, &fraction_us) || !take_offset(&s, &offset_s))
			return false;
	}
	if (*s != '\0')
		return false;
	*at_us = (timegm(&tm) - offset_s) * SECOND_US + fraction_us;
	return true;
}

bool when_parse(const char *text, int64_t now_us, int64_t *at_us)
{
	int64_t ago_us;
	if (duration_parse(text, &ago_us)) {
		*at_us = now_us - ago_us;
		return true;
	}
	return time_parse(text, at_us);
}
