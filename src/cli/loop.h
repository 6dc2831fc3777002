/*
 * loop.h: what the loops of run and hub are made of.
 */
#pragma once

#include <stdbool.h>

/*
 * Readable when SIGINT, SIGTERM or SIGHUP comes (signalfd).  Before any thread, so that
 * all of them leave the signals to the loop; SIGPIPE is ignored from then on.  -1 and
 * errno.
 */
int loop_signals(void);
/* Readable so often (timerfd); 0: not before it is set. -1 and errno. */
int loop_timer(int every_ms);
/* False also of a descriptor that could not be made. */
bool loop_watch(int epoll, int fd);
