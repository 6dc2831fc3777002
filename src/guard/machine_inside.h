/*
 * machine_inside.h: the parts of machine.h's reading; private to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "guard/netlink.h"
#include "policy/never.h"

/* For good. */
void machine_add(struct never *list, const struct addr *addr, enum never_reason reason);

/* ---- the kernel's tables (machine_routes.c) ---- */

/* 0 or -errno; what could be read is in the list. */
int machine_read_routes(struct mnl_socket *socket, struct never *list);

/* Programs of the system that ask for the time at this moment, and whom. */
void machine_read_time_peers(struct mnl_socket *sockets, int64_t until_us,
			     struct never *list);

/* ---- files (machine_files.c) ---- */

/* Names that stand where an address could: looked for in /etc/hosts. */
enum { MACHINE_NAMES_MAX = 64, MACHINE_NAME_MAX = 128 };

struct machine_names {
	char at[MACHINE_NAMES_MAX][MACHINE_NAME_MAX];
	enum never_reason reason[MACHINE_NAMES_MAX];
	size_t count;
};

/*
 * The addresses on lines that begin with one of these words, such as "nameserver" or
 * "DNS", which a space or "=" follows; the last is NULL.  Text need not end in NUL.
 */
void machine_parse(const char *text, size_t len, const char *const *keywords,
		   enum never_reason reason, struct never *list,
		   struct machine_names *names);
/* hosts(5). */
void machine_parse_hosts(const char *text, size_t len,
			 const struct machine_names *names, struct never *list);

/* Looks at all files; differs if one of them has changed. */
uint64_t machine_files_stamp(void);
void machine_read_files(struct never *list);
/* The folders and files that it looks at; ended by NULL. */
extern const char *const machine_file_paths[];

/* Up to so many bytes of a plain file from there on; never waits.  -1 and errno. */
ssize_t machine_read(const char *path, off_t from, char *out, size_t size);

/* ---- who is logged in (machine_logins.c) ---- */

struct machine_now {
	int64_t boot_us, real_us; /* the same moment */
};

/*
 * Who logged in over the network, of these records (utmp(5)); how many records, of
 * whatever kind, are newer than 30 days.
 */
size_t machine_parse_logins(const void *bytes, size_t len, bool are_now,
			    const struct machine_now *now, struct never *people);

/* How far a file has been read. */
struct machine_log {
	uint64_t device, inode;
	int64_t size;
};

/* What was added since; at first the last 30 days. */
void machine_follow_logins(const char *path, struct machine_log *log,
			   const struct machine_now *now, struct never *people);
/* Who is logged in at this moment. */
void machine_read_logins_now(const struct machine_now *now, struct never *people);
