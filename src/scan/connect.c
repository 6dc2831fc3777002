/*
 * connect.c: whole connections by the kernel, for users who may not send packets.
 *
 * Many at once, without waiting.  The kernel sends a SYN again after a second, so a
 * connection is given a little more.  What was opened is reset: nothing is left here
 * (TIME_WAIT), and a server that waits for a client's words is free at once.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "scan/way.h"

enum {
	IN_FLIGHT_MAX = 512,
	DESCRIPTORS_ELSE = 32, /* for all but connections */
	PATIENCE_US = 1300000, /* the kernel asks a second time after 1 s */
	EVENTS = 64,
};

struct attempt {
	int fd; /* -1: free */
	struct addr addr;
	uint16_t port;
	unsigned pass;
	int64_t until_us; /* CLOCK_MONOTONIC */
};

struct connections {
	struct way way;
	int epoll;
	int in_flight, most;
	struct attempt at[IN_FLIGHT_MAX];
};

/* ---- verdicts ---- */

/*
 * TCP allows a socket to connect to itself, when the kernel gives it the very port it
 * asks for (RFC 9293 3.5, simultaneous open): nobody listens there.
 */
static bool is_to_itself(int fd)
{
	union endpoint here = { .v4 = { 0 } }, there = { .v4 = { 0 } };
	socklen_t here_len = sizeof(here), there_len = sizeof(there);
	struct addr a, b;
	return getsockname(fd, &here.any, &here_len) == 0 &&
	       getpeername(fd, &there.any, &there_len) == 0 &&
	       addr_of_socket(&here.any, &a) && addr_of_socket(&there.any, &b) &&
	       addr_equal(&a, &b) && endpoint_port(&here) == endpoint_port(&there);
}

/* False if it tells nothing of the port, only of this machine. */
static bool judge(int error, enum scan_state *state, const char **reason)
{
	*state = SCAN_FILTERED;
	switch (error) {
	case 0:
	case ECONNRESET: /* after the handshake, or it would be refused */
		*state = SCAN_OPEN;
		*reason = "syn-ack";
		return true;
	case ECONNREFUSED:
		*state = SCAN_CLOSED;
		*reason = "conn-refused";
		return true;
	case EHOSTUNREACH:
		*reason = "host-unreach";
		return true;
	case ENETUNREACH:
		*reason = "net-unreach";
		return true;
	case EACCES: /* of ICMPv6 (RFC 4443 3.1, code 1) */
		*reason = "admin-prohibited";
		return true;
	default:
		return false;
	}
}

/* By the kernel's clock: how busy we are is not the network's delay. */
static int64_t kernels_rtt(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	bool is_told = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0;
	return is_told && info.tcpi_rtt > 0 ? (int64_t)info.tcpi_rtt : -1;
}

static void free_slot(struct connections *all, struct attempt *attempt)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(attempt->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(attempt->fd);
	attempt->fd = -1;
	all->in_flight--;
}

/* What the kernel says of an attempt: an errno, 0 if it is connected. */
static void settle(struct connections *all, struct attempt *attempt, int error)
{
	struct heard heard = {
		.addr = attempt->addr,
		.port = attempt->port,
		.pass = attempt->pass,
		.ttl = -1,
		.rtt_us = -1,
		.at_us = clock_us(CLOCK_REALTIME),
	};
	if (error == 0 && is_to_itself(attempt->fd))
		error = ECONNREFUSED;
	if (error == 0)
		heard.rtt_us = kernels_rtt(attempt->fd);
	if (judge(error, &heard.state, &heard.reason))
		sweep_hear(all->way.sweep, &heard);
	else if (error != ETIMEDOUT)
		sweep_could_not_send(all->way.sweep, error);
	free_slot(all, attempt);
}

/* ---- attempts ---- */

static struct attempt *slot(struct connections *all)
{
	for (int i = 0; i < all->most; i++)
		if (all->at[i].fd < 0)
			return &all->at[i];
	return NULL;
}

static bool watch(struct connections *all, const struct attempt *attempt)
{
	struct epoll_event event = { .events = EPOLLOUT,
				     .data.u32 = (uint32_t)(attempt - all->at) };
	return epoll_ctl(all->epoll, EPOLL_CTL_ADD, attempt->fd, &event) == 0;
}

/* We are short of something: to be tried again when others have ended. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM || error == EADDRNOTAVAIL || error == EAGAIN;
}

/* What connect() said at once: 1 if the attempt counts, 0 if there was no room. */
static int begun(struct connections *all, struct attempt *attempt, int error)
{
	if (error == EINPROGRESS && watch(all, attempt))
		return 1;
	if (error == 0 || error == ECONNREFUSED) {
		settle(all, attempt, error);
		return 1;
	}
	bool is_for_later = is_shortage(error) && all->in_flight > 1;
	/* Nobody but this machine can have said so. */
	if (!is_for_later)
		sweep_could_not_send(all->way.sweep, error);
	free_slot(all, attempt);
	return !is_for_later;
}

/* 1 if it was begun, 0 if there is no room, or -errno. */
static int begin(struct connections *all, const struct probe *probe, unsigned pass)
{
	struct attempt *attempt = all->in_flight < all->most ? slot(all) : NULL;
	if (attempt == NULL)
		return 0;
	union endpoint end;
	socklen_t len = endpoint_set(&end, &probe->addr, probe->port, 0);
	int fd = socket(end.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	if (fd < 0)
		return is_shortage(errno) && all->in_flight > 0 ? 0 : -errno;
	all->in_flight++;
	*attempt = (struct attempt){
		.fd = fd,
		.addr = probe->addr,
		.port = probe->port,
		.pass = pass,
		.until_us = clock_us(CLOCK_MONOTONIC) + PATIENCE_US,
	};
	return begun(all, attempt, connect(fd, &end.any, len) < 0 ? errno : 0);
}

static int connect_send(struct way *way, const struct probe *probes, int count,
			unsigned pass)
{
	for (int i = 0; i < count; i++) {
		int result = begin((struct connections *)way, &probes[i], pass);
		if (result < 0 && i == 0)
			return result;
		if (result <= 0)
			return i;
	}
	return count;
}

static void give_up_late(struct connections *all)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	for (int i = 0; i < all->most; i++)
		if (all->at[i].fd >= 0 && all->at[i].until_us < now_us)
			free_slot(all, &all->at[i]);
}

static int connect_listen(struct way *way, int64_t wait_us)
{
	struct connections *all = (struct connections *)way;
	struct epoll_event events[EVENTS];
	struct timespec most = { .tv_sec = wait_us / 1000000,
				 .tv_nsec = wait_us % 1000000 * 1000 };
	int count = epoll_pwait2(all->epoll, events, EVENTS, &most, NULL);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		struct attempt *attempt = &all->at[events[i].data.u32];
		int error = 0;
		socklen_t len = sizeof(error);
		if (attempt->fd < 0)
			continue;
		getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		settle(all, attempt, error);
	}
	give_up_late(all);
	return 0;
}

static bool connect_is_idle(const struct way *way)
{
	return ((const struct connections *)way)->in_flight == 0;
}

/* ---- begin and end ---- */

static void connect_close(struct way *way)
{
	struct connections *all = (struct connections *)way;
	for (int i = 0; i < all->most; i++)
		if (all->at[i].fd >= 0)
			free_slot(all, &all->at[i]);
	if (all->epoll >= 0)
		close(all->epoll);
	free(all);
}

static const struct way_ops ops = {
	.send = connect_send,
	.listen = connect_listen,
	.is_idle = connect_is_idle,
	.close = connect_close,
	.silence = SCAN_FILTERED,
};

static int most_in_flight(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur >= IN_FLIGHT_MAX + DESCRIPTORS_ELSE)
		return IN_FLIGHT_MAX;
	return limit.rlim_cur > DESCRIPTORS_ELSE
		       ? (int)limit.rlim_cur - DESCRIPTORS_ELSE
		       : 1;
}

struct way *way_connect(const struct sweep_plan *plan,
			char error[static SWEEP_ERROR_MAX], int *status)
{
	struct connections *all = calloc(1, sizeof(*all));
	(void)plan;
	*status = ENOMEM;
	if (all != NULL) {
		all->way.ops = &ops;
		all->most = most_in_flight();
		for (int i = 0; i < IN_FLIGHT_MAX; i++)
			all->at[i].fd = -1;
		all->epoll = epoll_create1(EPOLL_CLOEXEC);
		if (all->epoll >= 0)
			return &all->way;
		*status = errno;
		connect_close(&all->way);
	}
	snprintf(error, SWEEP_ERROR_MAX, "can't connect: %s", strerror(*status));
	return NULL;
}
