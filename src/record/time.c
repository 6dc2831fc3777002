/*
 * time.c: Unix time as RFC 3339 text.
 *
 * Own arithmetic instead of gmtime_r(): that takes a lock and costs more than the
 * rest of a record.
 */
#include <string.h>

#include "record/record.h"
#include "record/text.h"

enum {
	DAY_S = 86400,
	DAYS_PER_ERA = 146097, /* 400 years, after which the calendar repeats */
	JAN_AND_FEB = 60,      /* days of them in a leap year, as year 0 is */
};

/* RFC 3339 has years 0000 to 9999. */
#define LEAST_US INT64_C(-62167219200000000)
#define MOST_US  INT64_C(253402300799999999)

/* value in `digits` places, zeros in front. */
static void put_number(char *at, int digits, unsigned value)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
}

/*
 * The year is taken to begin in March, so that the leap day is its last and the
 * lengths of the months follow one line: (153 * month + 2) / 5 days before them.
 * days counts from 0000-01-01, which is the end of the era before.
 */
static void put_date(char *at, unsigned days)
{
	days += DAYS_PER_ERA - JAN_AND_FEB;
	unsigned era = days / DAYS_PER_ERA - 1, day = days % DAYS_PER_ERA;
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	unsigned month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month = month < 10 ? month + 3 : month - 9;
	/* At the very first days era is -1 and wraps; the sum is right again. */
	put_number(at, 4, era * 400 + year + (month <= 2));
	put_number(at + 5, 2, month);
	put_number(at + 8, 2, day + 1);
}

size_t text_time(int64_t at_us, char *at)
{
	int64_t shown = at_us < LEAST_US ? LEAST_US : at_us > MOST_US ? MOST_US : at_us;
	uint64_t us = (uint64_t)(shown - LEAST_US); /* from year 0: never negative */
	uint64_t s = us / 1000000;
	unsigned of_day = (unsigned)(s % DAY_S);
	memcpy(at, "0000-00-00T00:00:00.", 20);
	put_date(at, (unsigned)(s / DAY_S));
	put_number(at + 11, 2, of_day / 3600);
	put_number(at + 14, 2, of_day / 60 % 60);
	put_number(at + 17, 2, of_day % 60);
	put_number(at + 20, 6, (unsigned)(us % 1000000));
	return TEXT_TIME;
}

void record_time_text(int64_t at_us, char out[static TIME_TEXT_MAX])
{
	memcpy(out + text_time(at_us, out), "Z", 2);
}
