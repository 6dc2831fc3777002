/*
 * blame.c: whose fault an error is.
 *
 * What fails before anything was sent is our own trouble, never the target's.  Later an
 * ICMP message may say that there is no way, and the kernel tells whose: a router's, or
 * our own machine's, if nobody answered its question for the next hop (ARP, RFC 4861).
 * Without a message it is our own table of routes that knows of none.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* It uses struct timespec, and does not say where that is. */
#include <linux/errqueue.h>

#include "base/home.h"
#include "probe/asked.h"

/* ---- who said it ---- */

static void set_told(const struct asked *a, int fd, int on)
{
	if (addr_is_v4(&a->addr))
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

void blame_begin(struct asked *a, int fd)
{
	a->blamed = BLAME_NOBODY;
	if (a->events == 0) /* one that is used again has it */
		set_told(a, fd, 1);
}

void blame_end(struct asked *a, int fd)
{
	set_told(a, fd, 0);
}

/* Nobody answered a question for an address on a link: the target's, or a router's? */
static enum blame blame_link(const struct asked *a)
{
	/* Of another network the routes are not looked at. */
	int link = a->target->netns != NULL ? 1 : home_link(&a->addr);
	return link > 0 ? BLAME_NEIGHBOUR : link < 0 ? BLAME_LINK : BLAME_NEXT_HOP;
}

enum blame blame_of(const struct asked *a, int fd, int error,
		    const struct sockaddr *offender)
{
	struct addr who, own;
	uint16_t port;
	if (!addr_of_socket(offender, &who) || !asked_own_end(fd, &own, &port) ||
	    !addr_equal(&who, &own) || addr_equal(&own, &a->addr))
		return BLAME_OTHERS;
	/* Of another kind it is a rule of this machine. */
	return error == EHOSTUNREACH ? blame_link(a) : BLAME_NOBODY;
}

void blame_hear(struct asked *a, int fd)
{
	union {
		struct cmsghdr align;
		char at[512];
	} control;
	struct msghdr message = { .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL;
	     c = CMSG_NXTHDR(&message, c)) {
		struct sock_extended_err *error = (void *)CMSG_DATA(c);
		bool is_one =
			(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
		if (is_one && (error->ee_origin == SO_EE_ORIGIN_ICMP ||
			       error->ee_origin == SO_EE_ORIGIN_ICMP6))
			a->blamed = blame_of(a, fd, (int)error->ee_errno,
					     SO_EE_OFFENDER(error));
	}
}

bool blame_judge_us(struct asked *a)
{
	if (a->blamed == BLAME_NEXT_HOP)
		asked_judge(a, REASON_no_route,
			    "the router that leads there does not answer on its link");
	else if (a->blamed == BLAME_LINK)
		asked_judge(a, REASON_not_sent, "the link that leads there is down");
	return a->blamed == BLAME_NEXT_HOP || a->blamed == BLAME_LINK;
}

/* ---- what it comes to ---- */

bool asked_judge_own(struct asked *a, int error)
{
	const char *text = strerror(error);
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		asked_judge(a, REASON_no_descriptors, "this prober has none left: %s",
			    text);
		return true;
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case EAGAIN: /* of connect(2) with a datagram's socket */
		asked_judge(a, REASON_no_ports, "no local port or address for it: %s",
			    text);
		return true;
	case EPERM:
	case EACCES:
		asked_judge(a, REASON_not_permitted, "this machine may not send it: %s",
			    text);
		return true;
	default:
		return false;
	}
}

/* There is no way: by whose word? */
static void judge_no_way(struct asked *a, int error)
{
	const char *text = strerror(error);
	if (blame_judge_us(a))
		return;
	if (a->blamed == BLAME_NOBODY)
		asked_judge(a, REASON_no_route, "this machine has no route to it: %s",
			    text);
	else if (a->blamed == BLAME_NEIGHBOUR)
		asked_judge(a, REASON_unreachable,
			    "nobody on the link has that address");
	else
		asked_judge(a, REASON_unreachable, "ICMP says: %s", text);
}

void asked_failed(struct asked *a, int error, bool was_connected)
{
	if (a->fd >= 0)
		blame_hear(a, a->fd);
	/* Later than connect(2) it is ICMPv6 that forbids: a firewall on the way, or
	 * the target's (RFC 4443 3.1, code 1). */
	if ((error != EACCES || a->blamed == BLAME_NOBODY) && asked_judge_own(a, error))
		return;
	switch (error) {
	case EACCES:
		asked_judge(a, REASON_unreachable,
			    "administratively prohibited: a firewall says so");
		break;
	case ECONNREFUSED:
		asked_judge(a, REASON_refused, "port %u is closed: %s", a->port,
			    a->transport == IPPROTO_TCP ? "a RST answered the SYN"
							: "ICMP port unreachable");
		break;
	case ECONNRESET:
	case EPIPE:
		/* A handshake was completed, or there could be no reset. */
		asked_judge(a, REASON_reset,
			    "the connection was established, then reset");
		break;
	case ETIMEDOUT:
		if (was_connected)
			asked_judge(a, REASON_silent,
				    "what was sent is not acknowledged");
		else
			asked_judge(a, REASON_no_handshake, "no answer to the SYN");
		break;
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case EINVAL: /* of connect(2): a route into a black hole */
		judge_no_way(a, error);
		break;
	default:
		asked_judge(a, REASON_unreachable, "%s", strerror(error));
		break;
	}
}
