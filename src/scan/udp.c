/*
 * udp.c: datagrams that the service behind a port would answer.
 *
 * Ordinary sockets, so no privileges: the kernel tells which of our datagrams an ICMP
 * error quotes (IP_RECVERR), and does not complain to those who answer.  An answer is
 * open, port unreachable is closed, silence is either open or filtered.
 *
 * Linux tells one host of a closed port only once a second, after a few at once
 * (icmp_ratelimit, icmp(7)); so what was silent is asked again that slowly.
 */
#include <time.h> /* before linux/errqueue.h, which lacks it */

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "scan/packet.h"
#include "scan/payload.h"
#include "scan/road.h"
#include "scan/way.h"

enum {
	/* The limit's second, the tenth that the pace may catch up, and a little. */
	AGAIN_US = 1150000,
	CONTROL_MAX = 256,
	AT_ONCE = 256, /* taken before something is sent again */
	RECEIVE_BUFFER = 4 << 20,
	SAID_MAX = 2048, /* enough to know a protocol by */
};

enum family { FAMILY_IP4, FAMILY_IP6, FAMILIES };

struct datagrams {
	struct way way;
	struct hash_key key;
	const struct catalog *catalog;
	unsigned pass;
	int fds[FAMILIES]; /* -1: not needed */
	uint16_t local_port[FAMILIES];
};

/* ---- hearing ---- */

struct received {
	union endpoint from;                   /* of an error: whom we had sent to */
	const struct sock_extended_err *error; /* NULL: none */
	int ttl;
	int64_t at_us;
	size_t said_len;
	uint8_t said[SAID_MAX]; /* of an error: what we had said */
	uint8_t control[CONTROL_MAX] __attribute__((aligned(8)));
};

static void read_control(struct received *received, struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		struct timeval stamp;
		bool is_ip = c->cmsg_level == IPPROTO_IP;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP) {
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			received->at_us =
				(int64_t)stamp.tv_sec * 1000000 + stamp.tv_usec;
		} else if (c->cmsg_type == (is_ip ? IP_RECVERR : IPV6_RECVERR)) {
			received->error = (const void *)CMSG_DATA(c);
		} else if (c->cmsg_type == (is_ip ? IP_TTL : IPV6_HOPLIMIT)) {
			memcpy(&received->ttl, CMSG_DATA(c), sizeof(received->ttl));
		}
	}
}

/* False if nothing is there. */
static bool receive(int fd, int flags, struct received *received)
{
	struct iovec piece = { received->said, sizeof(received->said) };
	struct msghdr message = {
		.msg_name = &received->from,
		.msg_namelen = sizeof(received->from),
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = received->control,
		.msg_controllen = sizeof(received->control),
	};
	received->error = NULL;
	received->ttl = -1;
	received->at_us = clock_us(CLOCK_REALTIME);
	ssize_t len = recvmsg(fd, &message, flags | MSG_DONTWAIT);
	if (len < 0)
		return false;
	received->said_len = (size_t)len;
	read_control(received, &message);
	return true;
}

/* False if it says nothing of the port. */
static bool judge(const struct received *received, struct heard *heard)
{
	const struct sock_extended_err *error = received->error;
	heard->state = SCAN_OPEN;
	heard->reason = "udp-response";
	if (error == NULL)
		return true;
	bool is_v6 = error->ee_origin == SO_EE_ORIGIN_ICMP6;
	if (!is_v6 && error->ee_origin != SO_EE_ORIGIN_ICMP)
		return false;
	heard->reason = unreachable_reason(is_v6, error->ee_type, error->ee_code);
	heard->state = strcmp(heard->reason, "port-unreach") == 0 ? SCAN_CLOSED
								  : SCAN_FILTERED;
	return heard->reason[0] != '\0';
}

static void hear(struct datagrams *all, const struct received *received)
{
	struct heard heard = {
		.port = endpoint_port(&received->from),
		.pass = all->pass,
		.ttl = received->ttl,
		.rtt_us = -1,
		.at_us = received->at_us,
	};
	if (received->error == NULL)
		heard.said = bytes_of(received->said, received->said_len);
	if (addr_of_socket(&received->from.any, &heard.addr) && judge(received, &heard))
		sweep_hear(all->way.sweep, &heard);
}

static int udp_listen(struct way *way, int64_t wait_us)
{
	struct datagrams *all = (struct datagrams *)way;
	struct pollfd waited[FAMILIES];
	for (int i = 0; i < FAMILIES; i++)
		waited[i] = (struct pollfd){ .fd = all->fds[i], .events = POLLIN };
	struct timespec most = { .tv_sec = wait_us / 1000000,
				 .tv_nsec = wait_us % 1000000 * 1000 };
	if (ppoll(waited, FAMILIES, &most, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < FAMILIES; i++) {
		struct received received;
		for (int n = 0; n < AT_ONCE && waited[i].revents != 0 &&
				receive(all->fds[i], MSG_ERRQUEUE, &received);
		     n++)
			hear(all, &received);
		for (int n = 0; n < AT_ONCE && waited[i].revents != 0 &&
				receive(all->fds[i], 0, &received);
		     n++)
			hear(all, &received);
	}
	return 0;
}

/* ---- sending ---- */

static enum family family_of(const struct addr *addr)
{
	return addr_is_v4(addr) ? FAMILY_IP4 : FAMILY_IP6;
}

/* An error of what was sent before is told in place of sending: then once more. */
static int send_one(struct datagrams *all, const struct probe *probe)
{
	enum { TRIES = 3 };
	enum family family = family_of(&probe->addr);
	uint8_t payload[PAYLOAD_MAX];
	struct payload_to to = { .remote = probe->addr,
				 .local_port = all->local_port[family],
				 .port = probe->port };
	if (road_source(&probe->addr, &to.local) != 0)
		to.local = addr_unset();
	size_t len = payload_make(payload, all->catalog, &all->key, &to);
	union endpoint end;
	socklen_t end_len = endpoint_set(&end, &probe->addr, probe->port, 0);
	int error = 0;
	for (int i = 0; i < TRIES; i++) {
		if (sendto(all->fds[family], payload, len, MSG_DONTWAIT, &end.any,
			   end_len) >= 0)
			return 0;
		error = errno;
	}
	return error;
}

static int udp_send(struct way *way, const struct probe *probes, int count,
		    unsigned pass)
{
	struct datagrams *all = (struct datagrams *)way;
	all->pass = pass;
	for (int i = 0; i < count; i++) {
		int error = send_one(all, &probes[i]);
		if (error == EAGAIN || error == ENOBUFS || error == ENOMEM)
			return i;
		/* These came back for another datagram. */
		if (error != 0 && error != ECONNREFUSED && error != EHOSTUNREACH)
			sweep_could_not_send(way->sweep, error);
	}
	return count;
}

/* ---- begin and end ---- */

static void udp_close(struct way *way)
{
	struct datagrams *all = (struct datagrams *)way;
	for (int i = 0; i < FAMILIES; i++)
		if (all->fds[i] >= 0)
			close(all->fds[i]);
	free(all);
}

static const struct way_ops ops = {
	.send = udp_send,
	.listen = udp_listen,
	.close = udp_close,
	.again_us = AGAIN_US,
	.silence = SCAN_OPEN_FILTERED,
};

static int open_socket(struct datagrams *all, enum family family)
{
	if (all->fds[family] >= 0)
		return 0;
	bool is_v4 = family == FAMILY_IP4;
	union endpoint end = { .any = { .sa_family = is_v4 ? AF_INET : AF_INET6 } };
	int level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6, on = 1, size = RECEIVE_BUFFER;
	int fd = socket(end.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	all->fds[family] = fd;
	socklen_t len = is_v4 ? sizeof(end.v4) : sizeof(end.v6);
	if (bind(fd, &end.any, len) < 0 || getsockname(fd, &end.any, &len) < 0 ||
	    setsockopt(fd, level, is_v4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on)) <
		    0)
		return -errno;
	all->local_port[family] = endpoint_port(&end);
	/* Without these it works, too, less exactly. */
	setsockopt(fd, level, is_v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

struct way *way_udp(const struct sweep_plan *plan, char error[static SWEEP_ERROR_MAX],
		    int *status)
{
	struct datagrams *all = calloc(1, sizeof(*all));
	int failed = -ENOMEM;
	if (all != NULL) {
		all->way.ops = &ops;
		all->key = plan->key;
		all->catalog = plan->catalog;
		all->fds[FAMILY_IP4] = all->fds[FAMILY_IP6] = -1;
		failed = 0;
		for (size_t i = 0; i < plan->targets->count && failed == 0; i++)
			failed = open_socket(all,
					     family_of(&plan->targets->at[i].first));
		if (failed == 0)
			return &all->way;
		udp_close(&all->way);
	}
	*status = -failed;
	snprintf(error, SWEEP_ERROR_MAX, "can't send datagrams: %s", strerror(-failed));
	return NULL;
}
