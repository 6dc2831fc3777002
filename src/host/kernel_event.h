/*
 * kernel_event.h: what the programs in bpf/host.bpf.c tell, byte for byte.
 *
 * Included by both sides; structures have no gaps, because the kernel's side must not
 * hand out bytes that it has not written.
 */
#pragma once

#include <stdint.h>

/* Of the task that did it. */
struct kernel_process {
	uint32_t
		pid; /* of the process, as our PID namespace numbers it; 0: not in it */
	uint32_t uid; /* effective */
	char name[16];
	uint64_t started_ns; /* since boot: with the pid, who it is */
};

/* A TCP or SCTP socket begins or ends to listen; a UDP socket gets its port, or ends.
 */
struct kernel_change {
	uint64_t inode; /* 0: unknown */
	uint32_t netns;
	uint16_t port; /* 0: not chosen yet */
	uint8_t proto, opened;
	uint8_t family, unused[7];
	struct kernel_process process;
};

/* An outgoing TCP connection was made or failed; a client's UDP socket ends. */
struct kernel_connection {
	uint8_t local[16], remote[16]; /* IPv4: the first four */
	uint16_t local_port, remote_port;
	uint32_t netns;
	uint8_t proto, is_v4, unused[6];
	struct kernel_process process;
};

/* An open socket of a process. */
struct kernel_file {
	uint64_t inode;
	uint64_t started_ns;
	uint32_t netns, pid;
	uint8_t chosen_port, unused[7]; /* 1: by the process */
	char name[16];
};

/* A process and its network namespace. */
struct kernel_task {
	uint32_t netns, pid;
};

/* Indexes of the map "lost": events for which a ring had no room. */
enum { KERNEL_LOST_CHANGES, KERNEL_LOST_CONNECTIONS, KERNEL_LOST_KINDS };

enum { KERNEL_CHANGES_BYTES = 1 << 17, KERNEL_CONNECTIONS_BYTES = 1 << 19 };
