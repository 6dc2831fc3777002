/*
 * room.c: see room.h.
 */
#include "host/room.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/watch.h"

enum {
	ASKED = 16, /* places where one may be */
	WORDS = 6,
	LIMITS_TEXT = 4096,
	FILES_COUNTED = 1 << 20,
};

void room_open(struct room *room)
{
	room->key = hash_key_random();
	room->at = calloc(DESTINATIONS_MAX, sizeof(*room->at));
	room->told = host_room_unknown();
}

void room_close(struct room *room)
{
	free(room->at);
	room->at = NULL;
}

/* ---- ports ---- */

void room_begin(struct room *room)
{
	if (room->at != NULL)
		memset(room->at, 0, DESTINATIONS_MAX * sizeof(*room->at));
}

static uint64_t hash_of(const struct room *room, const struct space *space,
			const struct diag_socket *socket)
{
	uint64_t words[WORDS] = { 0 };
	memcpy(words, &socket->local, sizeof(socket->local));
	memcpy(&words[2], &socket->remote, sizeof(socket->remote));
	words[4] = socket->remote_port;
	words[5] = space->netns;
	return hash_words(&room->key, words, WORDS) | 1;
}

/* NULL: there is no room; those that take most have been there for long. */
static struct destination *find(struct room *room, uint64_t hash)
{
	for (uint64_t i = 0; i < ASKED; i++) {
		struct destination *one = &room->at[(hash + i) % DESTINATIONS_MAX];
		if (one->hash == hash || one->hash == 0)
			return one;
	}
	return NULL;
}

/*
 * A port that waits is given to the next connection on loopback
 * (net.ipv4.tcp_tw_reuse, 2 since Linux 4.19), so it is free there.
 */
static bool takes_port(const struct space *space, const struct diag_socket *socket)
{
	return socket->local_port >= space->first_chosen &&
	       socket->local_port <= space->last_chosen && socket->remote_port != 0 &&
	       !(socket->state == DIAG_TIME_WAIT && addr_is_loopback(&socket->remote));
}

static bool is_fuller(uint64_t used, uint64_t most, uint64_t other, uint64_t other_most)
{
	return other == UNKNOWN_U64 ||
	       (double)used * (double)other_most > (double)other * (double)most;
}

void room_see(struct room *room, const struct space *space,
	      const struct diag_socket *socket)
{
	struct host_room *told = &room->told;
	if (room->at == NULL || !takes_port(space, socket))
		return;
	uint64_t hash = hash_of(room, space, socket);
	struct destination *destination = find(room, hash);
	if (destination == NULL)
		return;
	destination->hash = hash;
	destination->used++;
	uint64_t most = (uint64_t)(space->last_chosen - space->first_chosen) + 1;
	if (!is_fuller(destination->used, most, told->ports, told->ports_max))
		return;
	told->ports = destination->used;
	told->ports_max = most;
	told->to = socket->remote;
	told->to_port = socket->remote_port;
}

/* ---- descriptors ---- */

uint64_t room_parse_limit(const char *text)
{
	static const char name[] = "Max open files";
	const char *line = strstr(text, name);
	return line == NULL ? 0 : strtoull(line + sizeof(name) - 1, NULL, 10);
}

static uint64_t read_limit(const char *proc, uint32_t pid)
{
	char path[128], text[LIMITS_TEXT];
	snprintf(path, sizeof(path), "%s/%u/limits", proc, pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	return room_parse_limit(text);
}

/* Without "." and ".."; 0: it can't be read. */
static uint64_t count_entries(const char *path)
{
	uint64_t count = 0;
	DIR *folder = opendir(path);
	if (folder == NULL)
		return 0;
	while (count < FILES_COUNTED && readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count > 2 ? count - 2 : 0;
}

/* Since Linux 6.2 the folder's size is how many there are. */
static uint64_t count_files(const char *proc, uint32_t pid)
{
	char path[128];
	struct stat folder;
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	if (stat(path, &folder) == 0 && folder.st_size > 0)
		return (uint64_t)folder.st_size;
	return count_entries(path);
}

bool room_files(const char *proc, uint32_t pid, uint64_t *files, uint64_t *most)
{
	*most = read_limit(proc, pid);
	*files = *most != 0 ? count_files(proc, pid) : 0;
	return *files != 0;
}

/* ---- what is told ---- */

static void see_process(struct host_watch *watch, uint32_t pid)
{
	struct host_room *told = &watch->room.told;
	uint64_t files, most;
	if (!room_files(watch->processes.proc, pid, &files, &most) ||
	    !is_fuller(files, most, told->files, told->files_max))
		return;
	told->files = files;
	told->files_max = most;
	told->pid = pid;
}

static void name_process(struct host_watch *watch)
{
	struct host_room *told = &watch->room.told;
	struct process process;
	if (told->files != UNKNOWN_U64 &&
	    process_read(&watch->processes, told->pid, &process))
		snprintf(told->process, sizeof(told->process), "%s", process.name);
}

void room_tell(struct host_watch *watch)
{
	const struct listeners *listeners = &watch->listeners;
	uint32_t last_pid = 0;
	for (size_t i = 0; i < listeners->count; i++) {
		uint32_t pid = listeners->at[i].pid;
		/* Listeners of a process mostly come in a row. */
		if (pid != 0 && pid != last_pid)
			see_process(watch, pid);
		last_pid = pid;
	}
	name_process(watch);
	struct host_event event = { .kind = HOST_ROOM };
	event.room = watch->room.told;
	watch_send(watch, &event);
	watch->room.told = host_room_unknown();
}
