/*
 * sockets.c: sockets as a target wants them.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* It uses struct timespec, and does not say where that is. */
#include <linux/errqueue.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "probe/asked.h"

/* To the source address and port that the target and its protocol want, if any. */
static bool bind_source(struct asked *a, int fd)
{
	static const struct addr any_v6 = { .ip6 = { 0 } };
	const struct target *t = a->target;
	const struct addr any = addr_is_v4(&a->addr) ? addr_v4(any_v6.ip6) : any_v6;
	uint16_t port = t->asking != NULL ? t->asking->local_port : 0;
	int on = 1;
	if (addr_is_unset(&t->source) && port == 0)
		return true;
	union endpoint source;
	socklen_t len = endpoint_set(
		&source, addr_is_unset(&t->source) ? &any : &t->source, port, 0);
	/* The port is chosen when the other end is known: 64 k of them for each. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	/* One that has to be this may be the machine's own DHCP client's, too. */
	if (port != 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &source.any, len) == 0)
		return true;
	if (errno == EADDRNOTAVAIL || !asked_judge_own(a, errno))
		asked_judge(a, REASON_no_route,
			    "the source address is not of this machine: %s",
			    strerror(errno));
	return false;
}

static bool set_up(struct asked *a, int fd)
{
	const struct target *t = a->target;
	int on = 1;
	if (t->interface != NULL &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, t->interface,
		       (socklen_t)strlen(t->interface)) != 0) {
		if (!asked_judge_own(a, errno))
			asked_judge(a, REASON_no_route, "no interface %s here",
				    t->interface);
		return false;
	}
	blame_begin(a, fd);
	if (a->transport == IPPROTO_TCP && t->kind != TARGET_TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return bind_source(a, fd);
}

int asked_make_socket(const struct asked *a, int type, int protocol)
{
	const char *netns = a->target->netns;
	int family = addr_is_v4(&a->addr) ? AF_INET : AF_INET6;
	return netns != NULL ? a->prober->netns_socket(netns, family, type, protocol)
			     : socket(family, type, protocol);
}

/* Those that are kept are none's: they go before there are too many. */
static int open_socket(struct asked *a, int type, int protocol)
{
	int fd = kept_take(a);
	if (fd >= 0)
		return fd;
	fd = asked_make_socket(a, type, protocol);
	if (fd < 0 && errno == EMFILE) {
		kept_close(a->prober);
		fd = asked_make_socket(a, type, protocol);
	}
	if (fd >= 0 && a->prober->flight.recorder != NULL)
		recorder_mark_socket(fd);
	return fd;
}

/* There is none, for that reason. */
static void judge_no_socket(struct asked *a, int error)
{
	const char *netns = a->target->netns;
	if (netns != NULL && error == ENOENT)
		asked_judge(a, REASON_no_route, "no network namespace %s here", netns);
	else if (netns != NULL && (error == EPERM || error == EACCES))
		asked_judge(a, REASON_not_permitted,
			    "this process may not go to network namespace %s", netns);
	else if (!asked_judge_own(a, error))
		asked_judge(a, REASON_no_route, "this machine has no IPv%d: %s",
			    addr_is_v4(&a->addr) ? 4 : 6, strerror(error));
}

int asked_socket(struct asked *a, int type, int protocol)
{
	int fd = open_socket(a, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd < 0) {
		judge_no_socket(a, errno);
		return -1;
	}
	if (!prober_has_place(a->prober, fd))
		asked_judge_own(a, ENOMEM);
	else if (set_up(a, fd))
		return fd;
	close(fd);
	return -1;
}

bool asked_connect(struct asked *a, int fd)
{
	union endpoint to;
	socklen_t len = endpoint_set(&to, &a->addr, a->port, 0);
	int error = connect(fd, &to.any, len) == 0 ? 0 : errno;
	asked_tell_ends(a, fd);
	if (error == 0 || error == EINPROGRESS)
		return true;
	asked_failed(a, error, false);
	return false;
}

bool asked_own_end(int fd, struct addr *addr, uint16_t *port)
{
	union endpoint own = { 0 };
	socklen_t len = sizeof(own);
	if (getsockname(fd, &own.any, &len) != 0 || !addr_of_socket(&own.any, addr))
		return false;
	*port = endpoint_port(&own);
	return true;
}

void asked_tell_ends(struct asked *a, int fd)
{
	struct probe_ends ends;
	const struct prober *p = a->prober;
	memset(&ends, 0, sizeof(ends)); /* padding, too: it leaves the process */
	ends.remote = a->addr;
	ends.remote_port = a->port;
	ends.proto = a->transport;
	if ((p->tell_ends == NULL && a->flight == NULL) ||
	    !asked_own_end(fd, &ends.local, &ends.local_port))
		return;
	flight_note_ends(a, &ends);
	if (p->tell_ends != NULL)
		p->tell_ends(p->tell_ends_to, &ends);
}

/* When the packet came, by CLOCK_MONOTONIC: the kernel's stamp, or now. */
static int64_t came_at(struct asked *a, struct msghdr *message, int64_t now_us)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		struct scm_timestamping stamp;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		int64_t at_us = (int64_t)stamp.ts[0].tv_sec * 1000000 +
				stamp.ts[0].tv_nsec / 1000 - a->offset_us;
		/* The wall clock may have been set meanwhile: then it is no measure. */
		if (at_us >= a->phase_us && at_us <= now_us)
			return at_us;
	}
	return now_us;
}

/* Of several that waited at a time, the time counts once. */
static void note_own(struct asked *a, int64_t came_us, int64_t now_us)
{
	a->own_us += asked_since(came_us > a->heard_us ? came_us : a->heard_us, now_us);
	a->heard_us = now_us;
}

ssize_t asked_receive(struct asked *a, void *at, size_t size, int64_t *came_us)
{
	union {
		struct cmsghdr align;
		char at[CMSG_SPACE(sizeof(struct scm_timestamping)) + 64];
	} control;
	struct iovec into = { .iov_base = at, .iov_len = size };
	struct msghdr message = { .msg_iov = &into,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(a->fd, &message, 0);
	if (n > 0) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		*came_us = came_at(a, &message, now_us);
		note_own(a, *came_us, now_us);
	}
	return n;
}
