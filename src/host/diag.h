/*
 * diag.h: the kernel's own list of sockets, by sock_diag(7).
 *
 * It needs no privilege and hides nothing: what /proc/net shows comes from the same
 * tables, slower.  A netlink socket answers for the network namespace it was made in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* The kernel's TCP states (net/tcp_states.h); a UDP socket is unconnected in CLOSE. */
enum diag_state {
	DIAG_ESTABLISHED = 1,
	DIAG_SYN_SENT,
	DIAG_SYN_RECV,
	DIAG_FIN_WAIT1,
	DIAG_FIN_WAIT2,
	DIAG_TIME_WAIT,
	DIAG_CLOSE,
	DIAG_CLOSE_WAIT,
	DIAG_LAST_ACK,
	DIAG_LISTEN,
	DIAG_CLOSING,
	DIAG_NEW_SYN_RECV, /* a half-open connection of a listener */
	DIAG_STATES
};

/* TCP_INFO; a number that this kernel does not tell is unknown (UNKNOWN_U64). */
struct diag_tcp {
	uint64_t rtt_us, min_rtt_us, segments, retransmits, lost, unsent_bytes;
	uint64_t delivery_rate_bytes;
};

struct diag_socket {
	uint8_t family, proto, state;
	bool dual; /* bound to ::, takes IPv4 too */
	bool has_tcp;
	struct addr local, remote;
	uint16_t local_port, remote_port;
	uint32_t uid, ifindex;
	uint64_t inode, cookie;
	uint32_t receive_queue,
		send_queue; /* LISTEN: waiting for accept, and the most */
	uint64_t drops;     /* UNKNOWN_U64 if not told */
	struct diag_tcp tcp;
};

struct diag_filter {
	uint8_t family, proto;
	uint32_t states; /* bits 1 << enum diag_state */
	uint16_t port;   /* local; 0: all */
	bool with_tcp, with_drops;
};

typedef void (*diag_see)(void *to, const struct diag_socket *socket);

/* A netlink socket for the network namespace that the thread is in; or -errno. */
int diag_open(void);

/*
 * Every socket that the filter lets through, each at most once if nothing changes
 * meanwhile: the kernel walks its table in pieces.  0; -ENOENT if the kernel has no
 * such protocol; or -errno.
 */
int diag_dump(int fd, const struct diag_filter *filter, diag_see see, void *to);

/*
 * Reads the messages of one datagram.  1: more datagrams follow, 0: that was the end,
 * or -errno: the kernel's error, -EBADMSG if they can't be read.
 */
int diag_read(const void *datagram, size_t len, uint8_t proto, diag_see see, void *to);
