/*
 * owners.h: which process holds which socket.
 *
 * A pass over all open files fills the table, by BPF or by /proc/PID/fd; sockets are
 * known by the number of their inode.
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OWNERS_MAX = 1 << 20 };

struct owner {
	uint64_t inode;   /* 0: an empty slot */
	uint64_t started; /* the process, in ticks since boot; 0: unknown */
	uint32_t pid;     /* the oldest that holds it */
	uint32_t processes;
	uint32_t last_pid;   /* counted last: a process may hold it twice */
	uint8_t chosen_port; /* 1: by the process, 0: by the kernel, 0xff: unknown */
	char name[16];       /* as the kernel has it; "" if not told */
};

struct owners {
	struct owner *at;
	size_t count, size; /* size: 0 or a power of two */
	uint64_t refused;   /* for lack of memory or of room */
};

void owners_clear(struct owners *owners);
void owners_free(struct owners *owners);

/* Notes one open file.  All files of a process should come in one row. */
void owners_note(struct owners *owners, const struct owner *seen);

/* NULL: no process that we see holds it. */
const struct owner *owners_find(const struct owners *owners, uint64_t inode);

/*
 * Fills the table from /proc.  wanted: stops when all of these inodes are found, trying
 * the newest processes first; NULL: looks at all.  all_readable: whether the files of
 * all processes could be read; one that stopped early without being refused leaves it
 * as it was, since it knows nothing of the others.
 */
struct wanted_inodes {
	uint64_t inode[64];
	size_t count;
};
void owners_scan_proc(struct owners *owners, const char *proc,
		      const struct wanted_inodes *wanted, bool *all_readable);

/* The same in pieces: what opens and ends meanwhile may be missed. */
struct owners_pass {
	const char *proc; /* NULL: none has begun */
	uint32_t *pids;
	size_t left; /* of them */
	bool all_readable;
	DIR *folder; /* of the process that is being read; NULL: none */
	struct owner seen;
	bool knows_start;
};
/* `proc` stays its caller's. */
void owners_pass_begin(struct owners_pass *pass, const char *proc);
/* Reads about so many files; true if it has come to the end. */
bool owners_pass_run(struct owners_pass *pass, struct owners *owners, size_t most);
void owners_pass_end(struct owners_pass *pass);
