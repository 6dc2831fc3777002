/*
 * spaces.h: the network namespaces of this machine, each with a netlink socket that
 * answers for it.
 *
 * A namespace is found through a process that lives in it.  Our socket would keep it
 * alive, so one without a process is let go: nobody is left to use what it holds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* Each takes up to four descriptors; so many are left for everything else. */
enum { SPACES_MAX = 1024, SPARE_DESCRIPTORS = 32 };

struct space {
	uint64_t netns; /* as in records: 0 is ours */
	uint64_t inode; /* of ns/net */
	int diag;       /* -1: it can't be asked */
	int route;
	int in_use[2]; /* sockstat and sockstat6; -1: not there */
	uint64_t in_use_sum;
	int netstat;           /* -1: not there */
	uint64_t listen_drops; /* as last looked at; unknown: it can't be read */
	bool is_waiting;       /* something changed, its sockets are to be listed */
	uint16_t first_chosen, last_chosen; /* ports the kernel gives to clients */
	bool is_seen;                       /* in the pass that is going on */
	bool is_known;                      /* seen in one before */
	uint64_t addresses;                 /* a sum of all of them */
};

struct spaces {
	int ours; /* ns/net, the way back */
	size_t count;
	uint64_t descriptors; /* that we may have open */
	bool has_more;        /* than SPACES_MAX, or than there are descriptors */
	bool is_denied;       /* entering others is not permitted */
	struct space at[SPACES_MAX]; /* the first is ours */
};

/* 0, or -errno if our own namespace can't be asked. */
int spaces_open(struct spaces *spaces);
void spaces_close(struct spaces *spaces);

struct space *spaces_find(struct spaces *spaces, uint64_t inode);

/*
 * The namespace with that inode, entered through the process if it is not known yet;
 * NULL if that can't be or the process lives elsewhere.
 */
struct space *spaces_enter(struct spaces *spaces, const char *proc, uint32_t pid,
			   uint64_t inode);

/* Marks and enters those of all processes that /proc shows. */
void spaces_scan_proc(struct spaces *spaces, const char *proc);

/* Takes the namespace at that place out; the last one takes its place. */
void spaces_drop(struct spaces *spaces, size_t i);

/* Looks how many connections to all its listeners were dropped: ListenDrops. */
void space_look_drops(struct space *space);

/* Every address of its interfaces.  0 or -errno. */
int space_addresses(const struct space *space,
		    void (*see)(void *to, const struct addr *addr), void *to);

/* The answers' messages, as in diag_read(). */
int space_read_addresses(const void *datagram, size_t len,
			 void (*see)(void *to, const struct addr *addr), void *to);

/* True if the number of its TCP or UDP sockets is another than when last asked. */
bool space_has_changed(struct space *space);

/* Mixes the "inuse" of TCP and UDP in the text of sockstat or sockstat6. */
uint64_t space_parse_in_use(const char *text);

/* "32768\t60999\n"; false if it is no such text. */
bool space_parse_ports(const char *text, uint16_t *first, uint16_t *last);
