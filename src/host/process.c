/*
 * process.c: reads /proc/PID; see process.h.
 */
#include "host/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cgroup.h"

enum { PATH_ROOM = 128, TEXT_MAX = 4096, STAT_MAX = 65536 };
enum { STAT_START_FIELD = 22 }; /* proc(5): starttime, after the name it is field 3 */

static const char deleted[] = " (deleted)";

static bool read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size_t len = 0;
	ssize_t got = 0;
	while (len < size - 1 && (got = read(fd, out + len, size - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	out[len] = '\0';
	return len > 0;
}

static bool read_file(const struct processes *processes, uint32_t pid, const char *name,
		      char *out, size_t size)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%s/%u/%s", processes->proc, pid, name);
	return read_text(path, out, size);
}

static void read_link(const struct processes *processes, uint32_t pid, const char *name,
		      char *out, size_t size)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%s/%u/%s", processes->proc, pid, name);
	ssize_t len = readlink(path, out, size - 1);
	out[len > 0 ? len : 0] = '\0';
}

bool process_parse_stat(const char *text, uint32_t *pid, uint64_t *start_ticks,
			char *name, size_t name_size)
{
	char *end = NULL;
	unsigned long number = strtoul(text, &end, 10);
	const char *close = strrchr(text, ')');
	if (end == text || strncmp(end, " (", 2) != 0 || close == NULL ||
	    close < end + 2 || number > UINT32_MAX)
		return false;
	*pid = (uint32_t)number;
	snprintf(name, name_size, "%.*s", (int)(close - end - 2), end + 2);
	/* From blank to blank: one step from the last one is still in the text. */
	const char *field = close[1] == ' ' ? close + 1 : NULL;
	for (int i = 3; i < STAT_START_FIELD && field != NULL; i++)
		field = strchr(field + 1, ' ');
	if (field == NULL)
		return false;
	*start_ticks = strtoull(field, &end, 10);
	return end > field;
}

bool process_parse_status(const char *text, uint32_t *uid)
{
	const char *line = strstr(text, "\nUid:");
	if (line == NULL)
		return false;
	/* real, effective, saved, of file systems */
	char *real_end = NULL, *end = NULL;
	strtoul(line + strlen("\nUid:"), &real_end, 10);
	unsigned long effective = strtoul(real_end, &end, 10);
	/* The numbers of the next line are not meant. */
	if (end == real_end ||
	    memchr(line + 1, '\n', (size_t)(end - line - 1)) != NULL ||
	    effective > UINT32_MAX)
		return false;
	*uid = (uint32_t)effective;
	return true;
}

bool process_parse_boot(const char *text, int64_t *boot_us)
{
	const char *line = strstr(text, "btime ");
	if (line == NULL)
		return false;
	int64_t seconds = strtoll(line + strlen("btime "), NULL, 10);
	if (seconds <= 0 || seconds > INT64_MAX / 1000000)
		return false;
	*boot_us = seconds * 1000000;
	return true;
}

bool process_start(const struct processes *processes, uint32_t pid, uint64_t *ticks)
{
	char text[TEXT_MAX], name[32];
	uint32_t said = 0;
	return read_file(processes, pid, "stat", text, sizeof(text)) &&
	       process_parse_stat(text, &said, ticks, name, sizeof(name)) &&
	       said == pid;
}

uint64_t process_ticks(uint64_t ns)
{
	return ns / (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int64_t started_at(struct processes *processes, uint64_t ticks)
{
	int64_t per_second = sysconf(_SC_CLK_TCK);
	if (processes->boot_us == 0) {
		char path[PATH_ROOM], *text = malloc(STAT_MAX);
		snprintf(path, sizeof(path), "%s/stat", processes->proc);
		if (text != NULL && read_text(path, text, STAT_MAX))
			process_parse_boot(text, &processes->boot_us);
		free(text);
	}
	if (processes->boot_us == 0 || ticks > INT64_MAX / 1000000)
		return INT64_MIN;
	return processes->boot_us + (int64_t)ticks * 1000000 / per_second;
}

/* In a container, the same path is another file: our packages own nothing there. */
static bool has_our_root(const struct processes *processes, uint32_t pid)
{
	char path[PATH_ROOM];
	struct stat ours, its;
	snprintf(path, sizeof(path), "%s/%u/root/.", processes->proc, pid);
	return stat("/", &ours) == 0 && stat(path, &its) == 0 &&
	       ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

/*
 * Who may make namespaces, and that is everybody, can mount a file of his own over any
 * path: then the path says nothing.  What was deleted is still root's, as packages are.
 */
static bool runs_what_is_there(const struct processes *processes,
			       const struct process *process, const char *path)
{
	char exe[PATH_ROOM];
	struct stat runs, there;
	snprintf(exe, sizeof(exe), "%s/%u/exe", processes->proc, process->pid);
	if (stat(exe, &runs) != 0)
		return false;
	if (strcmp(path, process->exe) != 0)
		return runs.st_uid == 0;
	return stat(path, &there) == 0 && runs.st_dev == there.st_dev &&
	       runs.st_ino == there.st_ino;
}

static void find_package(struct processes *processes, struct process *process)
{
	if (processes->packages == NULL || process->exe[0] != '/' ||
	    !has_our_root(processes, process->pid))
		return;
	char path[sizeof(process->exe)];
	snprintf(path, sizeof(path), "%s", process->exe);
	/* After an upgrade the old file still runs; who owns the path has not changed.
	 */
	size_t len = strlen(path);
	if (len > strlen(deleted) && strcmp(path + len - strlen(deleted), deleted) == 0)
		path[len - strlen(deleted)] = '\0';
	packages_owner(processes->packages, path, process->package,
		       sizeof(process->package));
	/* Last, so that only files of packages are touched, and no dead mount. */
	if (process->package[0] != '\0' &&
	    !runs_what_is_there(processes, process, path))
		process->package[0] = '\0';
}

bool process_read(struct processes *processes, uint32_t pid, struct process *out)
{
	char text[TEXT_MAX];
	uint32_t said = 0;
	*out = (struct process){ .pid = pid };
	if (!read_file(processes, pid, "stat", text, sizeof(text)) ||
	    !process_parse_stat(text, &said, &out->start_ticks, out->name,
				sizeof(out->name)) ||
	    said != pid)
		return false;
	if (!read_file(processes, pid, "status", text, sizeof(text)) ||
	    !process_parse_status(text, &out->uid))
		return false;
	out->started_us = started_at(processes, out->start_ticks);
	users_name(&processes->users, out->uid, out->user, sizeof(out->user));
	read_link(processes, pid, "exe", out->exe, sizeof(out->exe));
	if (read_file(processes, pid, "cgroup", text, sizeof(text)))
		cgroup_path(text, out->cgroup, sizeof(out->cgroup));
	cgroup_unit(out->cgroup, out->unit, sizeof(out->unit));
	cgroup_container(out->cgroup, out->container, sizeof(out->container));
	find_package(processes, out);
	return true;
}
