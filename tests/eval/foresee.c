/*
 * foresee.c: the forecasts of `make eval`, by the code that forecasts services.
 *
 *   foresee < SERIES        a line each: AHEAD LIMIT LEAST MOST VALUE...
 *
 * A value or limit that is unknown is "nan".  For each line one comes back: hidden
 * method skill probability crosses low high, and as many forecasts, lower and upper
 * ends of bands as were asked for.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit/forecast.h"

enum { NUMBERS_BEFORE = 4, LINE_VALUES = 4 + 2 * FORECAST_HOURS_MAX };

static size_t numbers_of(char *line, double *numbers)
{
	size_t count = 0;
	char *end = line;
	while (count < LINE_VALUES) {
		double value = strtod(line, &end);
		if (end == line)
			break;
		numbers[count++] = value;
		line = end;
	}
	return count;
}

static void print_all(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf(" %.9g", values[i]);
}

static void print_forecast(const struct forecast *f)
{
	printf("%d %d %.9g %.9g %.9g %.9g %.9g %zu", (int)f->hidden, (int)f->method,
	       f->skill, f->probability, f->crosses, f->crosses_low, f->crosses_high,
	       f->ahead);
	print_all(f->at, f->ahead);
	print_all(f->low, f->ahead);
	print_all(f->high, f->ahead);
	putchar('\n');
}

int main(void)
{
	static double numbers[LINE_VALUES];
	static struct forecast forecast;
	struct forecast_room *room = forecast_room_new();
	char *line = NULL;
	size_t size = 0;
	if (room == NULL)
		return 1;
	while (getline(&line, &size, stdin) > 0) {
		size_t count = numbers_of(line, numbers);
		if (count < NUMBERS_BEFORE)
			return 1;
		const struct forecast_question question = {
			.ahead = (size_t)numbers[0],
			.limit = numbers[1],
			.least = numbers[2],
			.most = numbers[3],
			.hours = numbers + NUMBERS_BEFORE,
			.count = count - NUMBERS_BEFORE,
		};
		forecast_make(room, &question, &forecast);
		print_forecast(&forecast);
	}
	free(line);
	forecast_room_free(room);
	return 0;
}
