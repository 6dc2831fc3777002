/*
 * loop.c: see loop.h.
 */
#include "cli/loop.h"

#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

int loop_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int loop_timer(int every_ms)
{
	const struct timespec each = { every_ms / MS_PER_S,
				       (long)(every_ms % MS_PER_S) * NS_PER_MS };
	const struct itimerspec every = { each, each };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer >= 0)
		timerfd_settime(timer, 0, &every, NULL);
	return timer;
}

bool loop_watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	return fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}
