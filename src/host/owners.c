/*
 * owners.c: a table of open sockets, and how /proc fills it; see owners.h.
 */
#include "host/owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/process.h"

static const char socket_link[] = "socket:[";

enum { SIZE_MIN = 1024, PIDS_MAX = 1 << 22 };

void owners_clear(struct owners *owners)
{
	if (owners->at != NULL)
		memset(owners->at, 0, owners->size * sizeof(*owners->at));
	owners->count = 0;
}

void owners_free(struct owners *owners)
{
	free(owners->at);
	*owners = (struct owners){ 0 };
}

/* Fibonacci hashing: the kernel counts inodes up, nobody aims at a slot. */
static struct owner *slot_of(const struct owners *owners, uint64_t inode)
{
	size_t i = (size_t)(inode * 0x9e3779b97f4a7c15 >> 32) & (owners->size - 1);
	while (owners->at[i].inode != 0 && owners->at[i].inode != inode)
		i = (i + 1) & (owners->size - 1);
	return &owners->at[i];
}

static bool grow(struct owners *owners)
{
	struct owners grown = { .size = owners->size == 0 ? SIZE_MIN : owners->size * 2,
				.count = owners->count,
				.refused = owners->refused };
	if (grown.size > OWNERS_MAX)
		return false;
	grown.at = calloc(grown.size, sizeof(*grown.at));
	if (grown.at == NULL)
		return false;
	for (size_t i = 0; i < owners->size; i++)
		if (owners->at[i].inode != 0)
			*slot_of(&grown, owners->at[i].inode) = owners->at[i];
	free(owners->at);
	*owners = grown;
	return true;
}

void owners_note(struct owners *owners, const struct owner *seen)
{
	if (owners->count * 4 >= owners->size * 3 && !grow(owners) &&
	    owners->count + 1 >= owners->size) {
		owners->refused++;
		return;
	}
	struct owner *owner = slot_of(owners, seen->inode);
	if (owner->inode == 0) {
		*owner = *seen;
		owner->processes = 1;
		owner->last_pid = seen->pid;
		owners->count++;
		return;
	}
	if (owner->last_pid == seen->pid)
		return;
	owner->last_pid = seen->pid;
	owner->processes++;
	if (seen->started < owner->started) {
		owner->started = seen->started;
		owner->pid = seen->pid;
		memcpy(owner->name, seen->name, sizeof(owner->name));
	}
}

const struct owner *owners_find(const struct owners *owners, uint64_t inode)
{
	if (owners->size == 0 || inode == 0)
		return NULL;
	const struct owner *owner = slot_of(owners, inode);
	return owner->inode == 0 ? NULL : owner;
}

static bool parse_pid(const char *name, uint32_t *pid)
{
	char *end = NULL;
	unsigned long number = strtoul(name, &end, 10);
	if (name[0] < '1' || name[0] > '9' || *end != '\0' || number > UINT32_MAX)
		return false;
	*pid = (uint32_t)number;
	return true;
}

/* Notes the sockets among the files of one process; -errno if it does not show them. */
static int scan_process(struct owners *owners, const char *proc, uint32_t pid)
{
	char path[64], target[64];
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return -errno;
	const struct processes where = { .proc = proc };
	struct owner seen = { .pid = pid, .chosen_port = 0xff };
	bool knows_start = false;
	int error = 0;
	struct dirent *entry = NULL;
	while ((entry = readdir(folder)) != NULL) {
		ssize_t len = readlinkat(dirfd(folder), entry->d_name, target,
					 sizeof(target) - 1);
		/* A folder may be open to us, and its files not (ptrace(2)). */
		if (len < 0 && (errno == EACCES || errno == EPERM))
			error = -errno;
		if (len <= 0)
			continue;
		target[len] = '\0';
		if (strncmp(target, socket_link, strlen(socket_link)) != 0)
			continue;
		seen.inode = strtoull(target + strlen(socket_link), NULL, 10);
		if (seen.inode == 0)
			continue;
		if (!knows_start)
			process_start(&where, pid, &seen.started);
		knows_start = true;
		owners_note(owners, &seen);
	}
	closedir(folder);
	return error;
}

static bool found_all(const struct owners *owners, const struct wanted_inodes *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (owners_find(owners, wanted->inode[i]) == NULL)
			return false;
	return true;
}

/* The numbers in /proc, in its order, which ascends. */
static size_t list_pids(const char *proc, uint32_t **out)
{
	DIR *folder = opendir(proc);
	size_t count = 0, room = 0;
	uint32_t pid = 0;
	struct dirent *entry = NULL;
	*out = NULL;
	while (folder != NULL && count < PIDS_MAX &&
	       (entry = readdir(folder)) != NULL) {
		if (!parse_pid(entry->d_name, &pid))
			continue;
		if (count == room) {
			room = room == 0 ? 1024 : room * 2;
			uint32_t *grown = realloc(*out, room * sizeof(**out));
			if (grown == NULL)
				break;
			*out = grown;
		}
		(*out)[count++] = pid;
	}
	if (folder != NULL)
		closedir(folder);
	return count;
}

bool owners_scan_proc(struct owners *owners, const char *proc,
		      const struct wanted_inodes *wanted)
{
	uint32_t *pids = NULL;
	bool all_readable = true;
	/* A new socket is most often a new process's: begin at the end. */
	for (size_t i = list_pids(proc, &pids); i > 0; i--) {
		int error = scan_process(owners, proc, pids[i - 1]);
		if (error == -EACCES || error == -EPERM)
			all_readable = false;
		if (wanted != NULL && found_all(owners, wanted))
			break;
	}
	free(pids);
	return all_readable;
}
