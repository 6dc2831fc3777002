/*
 * link_speed.c: see link_speed.h.
 *
 * The kernel tells Mbit/s; links that are down and virtual ones say -1, or can't be
 * read (Documentation/ABI/testing/sysfs-class-net).
 */
#include "cli/link_speed.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define MBIT_BYTES 125000.0

static double speed_of(const char *name)
{
	char path[320], text[32];
	snprintf(path, sizeof(path), "/sys/class/net/%s/speed", name);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return NAN;
	bool is_told = fgets(text, sizeof(text), file) != NULL;
	double mbit = is_told ? strtod(text, NULL) : 0;
	fclose(file);
	return mbit > 0 ? mbit * MBIT_BYTES : NAN;
}

static double fastest_now(void)
{
	double fastest = NAN;
	const struct dirent *entry;
	DIR *folder = opendir("/sys/class/net");
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			fastest = fmax(fastest, speed_of(entry->d_name));
	if (folder != NULL)
		closedir(folder);
	return fastest;
}

double link_speed_bytes(void)
{
	static double told = NAN;
	double now = fastest_now();
	if (!isnan(now))
		told = now;
	return told;
}
