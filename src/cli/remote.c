/*
 * remote.c: see remote.h.
 */
#include "cli/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANCESTORS_MAX = 64, PATH_SIZE = 64 };

static const char variable[] = "SSH_CONNECTION=";

/* Nothing of a process of somebody else, unless we are root. */
static bool has_it(pid_t pid)
{
	char path[PATH_SIZE], *entry = NULL;
	size_t size = 0;
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	FILE *file = fopen(path, "re");
	while (file != NULL && !found && getdelim(&entry, &size, '\0', file) > 0)
		found = strncmp(entry, variable, strlen(variable)) == 0;
	free(entry);
	if (file != NULL)
		fclose(file);
	return found;
}

/* 0: nobody, or not known. */
static pid_t parent_of(pid_t pid)
{
	char path[PATH_SIZE], line[512];
	int parent = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	/* A name may hold anything, also ") S 1": the last one ends it, proc(5). */
	size_t len = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[len] = '\0';
	const char *end = strrchr(line, ')');
	if (end != NULL && strlen(end) > 4)
		parent = (int)strtol(end + 4, NULL, 10);
	return parent;
}

bool is_over_network(void)
{
	pid_t pid = getpid();
	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
		if (has_it(pid))
			return true;
		pid = parent_of(pid);
	}
	return false;
}
