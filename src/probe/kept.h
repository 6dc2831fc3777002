/*
 * kept.h: sockets that are used again; private to this room, see asked.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asked;
struct prober;

/* Not connected, and watched by epoll. */
enum { KEPT_MAX = 512 };
struct kept {
	int fd[KEPT_MAX];
	size_t count;
};

/* A socket like a new one, which epoll watches already; -1: there is none, make one. */
int kept_take(struct asked *a);
/* Leaves with a RST and keeps the socket; false: close it. */
bool kept_give(struct asked *a);
/* How one is to be watched until it is connected. */
uint32_t kept_events(const struct asked *a);
void kept_close(struct prober *p);
