/*
 * witness.h: what the kernel says of connections to this machine that it had no room
 * for.
 *
 * /proc/net/netstat (proc_pid_net(5), "SNMP counters" of the kernel's documentation)
 * counts for a whole network namespace, so it is a witness of what is known otherwise.
 * The file is opened with privileges and read without.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts since the kernel began. */
struct witness_counts {
	uint64_t cookies;          /* SyncookiesSent */
	uint64_t requests_dropped; /* TCPReqQFullDrop: a full backlog, and no cookies */
	uint64_t overflows; /* ListenDrops, of which ListenOverflows are a part */
};

struct witness;

/* NULL: no memory, or there is no such file. */
struct witness *witness_open(void);
void witness_close(struct witness *witness);

/* How much they have risen since it was last called; false: it can't be known. */
bool witness_look(struct witness *witness, struct witness_counts *rise);

/* The counts in a text like that of /proc/net/netstat; none where it has none. */
void witness_parse(const char *text, size_t len, struct witness_counts *out);
