/*
 * process.h: what /proc/PID says of a process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "host/package.h"
#include "host/users.h"

struct process {
	uint32_t pid, uid;
	uint64_t start_ticks; /* since boot: with the pid, who it is */
	int64_t started_us;   /* Unix time */
	/* The text that could not be read is "". */
	char name[32], user[32], unit[64], container[64], package[64];
	char exe[256], cgroup[256];
};

/* What reading processes takes; zero but for the two paths. */
struct processes {
	const char *proc; /* "/proc" */
	struct users users;
	struct packages *packages; /* or NULL */
	int64_t boot_us;           /* Unix time of the boot; 0: not read yet */
};

/*
 * False if /proc does not show the process: it is gone, or hidden: another one, or
 * nothing, is mounted over it.
 */
bool process_read(struct processes *processes, uint32_t pid, struct process *out);

/* When it started, in ticks since boot; false if it can't be read. */
bool process_start(const struct processes *processes, uint32_t pid, uint64_t *ticks);

/* Nanoseconds as the kernel counts them, in ticks as /proc shows them. */
uint64_t process_ticks(uint64_t ns);

/*
 * The text of /proc/PID/stat; the name may hold anything, also ") R 1".  False if it is
 * no such text.
 */
bool process_parse_stat(const char *text, uint32_t *pid, uint64_t *start_ticks,
			char *name, size_t name_size);

/* The effective user in the text of /proc/PID/status. */
bool process_parse_status(const char *text, uint32_t *uid);

/* The line "btime SECONDS" of /proc/stat. */
bool process_parse_boot(const char *text, int64_t *boot_us);
