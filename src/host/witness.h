/*
 * witness.h: what the kernel says of connections and datagrams to this machine that it
 * had no room for.
 *
 * /proc/net/netstat, snmp and snmp6 (proc_pid_net(5), "SNMP counters" of the kernel's
 * documentation) count for a whole network namespace, so they are a witness of what is
 * known otherwise.  The files are opened with privileges and read without.
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
	uint64_t datagrams_dropped; /* RcvbufErrors of UDP: sockets were full */
};

struct witness;

/* NULL: no memory, or there is no such file. */
struct witness *witness_open(void);
void witness_close(struct witness *witness);

/* How much they have risen since it was last called; false: it can't be known. */
bool witness_look(struct witness *witness, struct witness_counts *rise);

/* Adds the counts in a text like that of one of these files. */
void witness_parse(const char *text, size_t len, struct witness_counts *out);
