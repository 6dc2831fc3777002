/*
 * nab_data.h: the series and labelled windows of the Numenta Anomaly Benchmark, as they
 * lie in its folder.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nab_score.h"

enum { NAB_SERIES = 64, NAB_LINE = 256 };

struct nab_series {
	char *name;
	int64_t *at_us;
	double *values, *scores;
	size_t count;
	struct nab_window windows[NAB_WINDOWS];
	size_t window_count;
};

struct nab_data {
	struct nab_series series[NAB_SERIES];
	size_t count;
};

/* "2014-02-14 14:27:00", in no zone; fractions are left out.  -1: none. */
static inline int64_t nab_time_us(const char *text)
{
	struct tm broken = { 0 };
	if (strptime(text, "%Y-%m-%d %H:%M:%S", &broken) == NULL)
		return -1;
	return (int64_t)timegm(&broken) * 1000 * 1000;
}

static inline void *nab_grown(void *array, size_t count, size_t size)
{
	void *grown = count & (count - 1)
			      ? array
			      : realloc(array, (count ? 2 * count : 1) * size);
	if (grown == NULL)
		exit(EXIT_FAILURE);
	return grown;
}

/* Lines are "time,value" after one of titles. */
static inline bool nab_read_values(struct nab_series *series, const char *path)
{
	char line[NAB_LINE];
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *comma = strchr(line, ',');
		int64_t at_us = nab_time_us(line);
		if (comma == NULL || at_us < 0)
			continue;
		size_t count = series->count;
		series->at_us = nab_grown(series->at_us, count, sizeof(int64_t));
		series->values = nab_grown(series->values, count, sizeof(double));
		series->at_us[count] = at_us;
		series->values[count] = strtod(comma + 1, NULL);
		series->count++;
	}
	fclose(file);
	series->scores = calloc(series->count + 1, sizeof(double));
	return series->scores != NULL && series->count > 0;
}

/* The first value of that time; the count if there is none. */
static inline size_t nab_place(const struct nab_series *series, const json_t *time)
{
	int64_t at_us =
		json_is_string(time) ? nab_time_us(json_string_value(time)) : -1;
	size_t i = 0;
	while (i < series->count && series->at_us[i] != at_us)
		i++;
	return i;
}

static inline bool nab_read_windows(struct nab_series *series, const json_t *windows)
{
	size_t index;
	json_t *window;
	json_array_foreach(windows, index, window)
	{
		struct nab_window *of = &series->windows[series->window_count++];
		of->first = nab_place(series, json_array_get(window, 0));
		of->last = nab_place(series, json_array_get(window, 1));
		if (of->first > of->last || of->last >= series->count ||
		    series->window_count == NAB_WINDOWS)
			return false;
	}
	return true;
}

static inline bool nab_load_one(struct nab_data *data, const char *folder,
				const char *name, const json_t *windows)
{
	char path[4096];
	struct nab_series *series = &data->series[data->count++];
	snprintf(path, sizeof(path), "%s/data/%s", folder, name);
	series->name = strdup(name);
	return series->name != NULL && nab_read_values(series, path) &&
	       nab_read_windows(series, windows);
}

static inline int nab_by_name(const void *left, const void *right)
{
	return strcmp(((const struct nab_series *)left)->name,
		      ((const struct nab_series *)right)->name);
}

/* All series that have labels, in the order of their names.  False, and why is said. */
static inline bool nab_load(struct nab_data *data, const char *folder)
{
	char path[4096];
	const char *name;
	json_t *windows;
	snprintf(path, sizeof(path), "%s/combined_windows.json", folder);
	json_t *labels = json_load_file(path, 0, NULL);
	bool is_read = json_object_size(labels) > 0;
	json_object_foreach(labels, name, windows)
	{
		if (!is_read || data->count == NAB_SERIES)
			break;
		is_read = nab_load_one(data, folder, name, windows);
		if (!is_read)
			fprintf(stderr, "nab: %s can't be read\n", name);
	}
	json_decref(labels);
	qsort(data->series, data->count, sizeof(data->series[0]), nab_by_name);
	return is_read;
}
