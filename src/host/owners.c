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

enum {
	SIZE_MIN = 1024,
	PIDS_MAX = 1 << 22,
	FILES_PER_FOLDER = 8, /* opening one takes as long as reading so many links */
};

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

/* ---- a pass ---- */

void owners_pass_begin(struct owners_pass *pass, const char *proc)
{
	*pass = (struct owners_pass){ .proc = proc, .all_readable = true };
	pass->left = list_pids(proc, &pass->pids);
}

void owners_pass_end(struct owners_pass *pass)
{
	if (pass->folder != NULL)
		closedir(pass->folder);
	free(pass->pids);
	*pass = (struct owners_pass){ 0 };
}

static void note_denied(struct owners_pass *pass, int error)
{
	if (error == EACCES || error == EPERM)
		pass->all_readable = false;
}

/* A new socket is most often a new process's: begins at the end. */
static void open_next(struct owners_pass *pass)
{
	char path[64];
	uint32_t pid = pass->pids[--pass->left];
	snprintf(path, sizeof(path), "%s/%u/fd", pass->proc, pid);
	pass->folder = opendir(path);
	pass->seen = (struct owner){ .pid = pid, .chosen_port = 0xff };
	pass->knows_start = false;
	if (pass->folder == NULL)
		note_denied(pass, errno);
}

static void note_file(struct owners_pass *pass, struct owners *owners, const char *name)
{
	char target[64];
	const struct processes where = { .proc = pass->proc };
	ssize_t len = readlinkat(dirfd(pass->folder), name, target, sizeof(target) - 1);
	/* A folder may be open to us, and its files not (ptrace(2)). */
	if (len < 0)
		note_denied(pass, errno);
	if (len <= 0)
		return;
	target[len] = '\0';
	if (strncmp(target, socket_link, strlen(socket_link)) != 0)
		return;
	pass->seen.inode = strtoull(target + strlen(socket_link), NULL, 10);
	if (pass->seen.inode == 0)
		return;
	if (!pass->knows_start)
		process_start(&where, pass->seen.pid, &pass->seen.started);
	pass->knows_start = true;
	owners_note(owners, &pass->seen);
}

/* At most so many files of the process whose folder is open; how many there were. */
static size_t read_files(struct owners_pass *pass, struct owners *owners, size_t most)
{
	for (size_t count = 0; count < most; count++) {
		const struct dirent *entry = readdir(pass->folder);
		if (entry == NULL) {
			closedir(pass->folder);
			pass->folder = NULL;
			return count;
		}
		note_file(pass, owners, entry->d_name);
	}
	return most;
}

bool owners_pass_run(struct owners_pass *pass, struct owners *owners, size_t most)
{
	size_t done = 0;
	while (done < most && (pass->folder != NULL || pass->left > 0)) {
		if (pass->folder == NULL) {
			open_next(pass);
			done += FILES_PER_FOLDER;
		}
		if (pass->folder != NULL)
			done += read_files(pass, owners, most > done ? most - done : 1);
	}
	return pass->folder == NULL && pass->left == 0;
}

void owners_scan_proc(struct owners *owners, const char *proc,
		      const struct wanted_inodes *wanted, bool *all_readable)
{
	struct owners_pass pass;
	owners_pass_begin(&pass, proc);
	while (pass.left > 0 && (wanted == NULL || !found_all(owners, wanted))) {
		open_next(&pass);
		if (pass.folder != NULL)
			read_files(&pass, owners, SIZE_MAX);
	}
	if (pass.left == 0 || !pass.all_readable)
		*all_readable = pass.all_readable;
	owners_pass_end(&pass);
}
