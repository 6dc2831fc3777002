/*
 * resolve.c: names to addresses, by c-ares, outside every other time.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "base/clock.h"
#include "probe/asked.h"

/* c-ares opens, changes and closes (neither readable nor writable) a descriptor. */
static void watch(void *self, ares_socket_t fd, int readable, int writable)
{
	struct prober *p = self;
	epoll_keep(p->epoll, fd,
		   (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u));
}

bool resolver_begin(struct prober *p)
{
	struct ares_options options = { .sock_state_cb = watch,
					.sock_state_cb_data = p,
					.timeout = 1000,
					.tries = 2 };
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return false;
	return ares_init_options(&p->resolver, &options,
				 ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS |
					 ARES_OPT_TRIES) == ARES_SUCCESS;
}

void resolver_end(struct prober *p)
{
	if (p->resolver != NULL)
		ares_destroy(p->resolver);
	p->resolver = NULL;
	ares_library_cleanup();
}

/* With few descriptors that change with each question, c-ares is asked for them. */
void resolver_turn(struct prober *p)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	/* Its own macros shift an int by 31. */
	unsigned bits = (unsigned)ares_getsock(p->resolver, fds, ARES_GETSOCK_MAXNUM);
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		bool readable = bits >> i & 1u,
		     writable = bits >> (i + ARES_GETSOCK_MAXNUM) & 1u;
		if (readable || writable)
			ares_process_fd(p->resolver,
					readable ? fds[i] : ARES_SOCKET_BAD,
					writable ? fds[i] : ARES_SOCKET_BAD);
	}
	ares_process_fd(p->resolver, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* timeouts */
}

int resolver_next_ms(const struct prober *p)
{
	struct timeval at;
	struct timeval *next = ares_timeout(p->resolver, NULL, &at);
	return next == NULL ? -1
			    : (int)(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
}

/* A question outlives its probe where the probe gives up first. */
struct lookup {
	struct asked *of; /* NULL: nobody waits */
};

void resolve_forget(struct asked *a)
{
	if (a->lookup != NULL)
		a->lookup->of = NULL;
	a->lookup = NULL;
}

static void judge_name(struct asked *a, int status)
{
	const char *host = a->target->connect_host;
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		asked_judge(a, REASON_name_unknown, "the name %s %s", host,
			    status == ARES_ENODATA ? "has no address"
						   : "does not exist");
	else
		asked_judge(a, REASON_resolver_down, "the resolver can't tell %s: %s",
			    host, ares_strerror(status));
	asked_end(a);
}

/* The first of the family that is preferred, or of all. */
static bool choose(const struct target *t, const struct ares_addrinfo_node *nodes,
		   struct addr *addr)
{
	const struct ares_addrinfo_node *chosen = nodes;
	int family = t->prefers == 4 ? AF_INET : AF_INET6;
	for (const struct ares_addrinfo_node *node = nodes;
	     node != NULL && t->prefers != 0; node = node->ai_next) {
		if (node->ai_family != family)
			continue;
		chosen = node;
		break;
	}
	return chosen != NULL && addr_of_socket(chosen->ai_addr, addr);
}

static void found(void *self, int status, int timeouts, struct ares_addrinfo *result)
{
	struct lookup *lookup = self;
	struct asked *a = lookup->of;
	(void)timeouts;
	free(lookup);
	if (a == NULL) {
		ares_freeaddrinfo(result);
		return;
	}
	a->lookup = NULL;
	a->record.resolve_us = asked_since(a->begin_us, clock_us(CLOCK_MONOTONIC));
	bool has = status == ARES_SUCCESS && result != NULL &&
		   choose(a->target, result->nodes, &a->addr);
	ares_freeaddrinfo(result);
	if (has)
		asked_found(a);
	else
		judge_name(a, status == ARES_SUCCESS ? ARES_ENODATA : status);
}

void resolve(struct asked *a)
{
	const struct target *t = a->target;
	if (addr_parse(t->connect_host, &a->addr)) {
		if (t->family == 0 || addr_is_v4(&a->addr) == (t->family == 4))
			asked_found(a);
		else
			judge_name(a, ARES_ENODATA);
		return;
	}
	struct ares_addrinfo_hints hints = {
		.ai_family = t->family == 4   ? AF_INET
			     : t->family == 6 ? AF_INET6
					      : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	if (lookup == NULL) {
		asked_judge(a, REASON_no_descriptors, "no memory for the name");
		asked_end(a);
		return;
	}
	lookup->of = a;
	a->lookup = lookup;
	ares_getaddrinfo(a->prober->resolver, t->connect_host, NULL, &hints, found,
			 lookup);
}
