/*
 * kept.c: see kept.h.
 *
 * Where a handshake is all that is asked, making a socket, having epoll watch it and
 * closing it cost as much as the handshake does.  connect(2) to AF_UNSPEC leaves with a
 * RST, as close(2) with SO_LINGER of 0 s does, and leaves a socket as if new: without
 * address, port, or round trip.
 *
 * epoll goes on watching it, by edges: of one that nobody uses nothing is told twice.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/asked.h"

static struct kept *kept_of(struct asked *a)
{
	return &a->prober->kept[addr_is_v4(&a->addr) ? 0 : 1];
}

/* All are alike: whatever is set for one target is not for the next. */
static bool is_plain(const struct asked *a)
{
	const struct target *t = a->target;
	return t->kind == TARGET_TCP && t->burst.count <= 1 && t->interface == NULL &&
	       t->netns == NULL && addr_is_unset(&t->source);
}

uint32_t kept_events(const struct asked *a)
{
	return is_plain(a) ? EPOLLOUT | EPOLLET : EPOLLOUT;
}

int kept_take(struct asked *a)
{
	struct kept *kept = kept_of(a);
	if (!is_plain(a) || kept->count == 0)
		return -1;
	a->events = kept_events(a);
	return kept->fd[--kept->count];
}

bool kept_give(struct asked *a)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct kept *kept = kept_of(a);
	if (!is_plain(a) || !a->reset_on_close || kept->count == KEPT_MAX ||
	    connect(a->fd, &none, sizeof(none)) != 0)
		return false;
	kept->fd[kept->count++] = a->fd;
	return true;
}

void kept_close(struct prober *p)
{
	for (size_t i = 0; i < sizeof(p->kept) / sizeof(p->kept[0]); i++)
		while (p->kept[i].count > 0)
			close(p->kept[i].fd[--p->kept[i].count]);
}
