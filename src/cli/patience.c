/*
 * patience.c: see patience.h.  The words go to standard error, where they disturb no
 * pipe.
 */
#include "cli/patience.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;
static struct sigaction before;
static int depth;               /* of patience_begin() */
static int64_t begin_s, told_s; /* told_s: since the begin; 0: nothing yet */

static int64_t now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

void patience_begin(void)
{
	struct sigaction action = { .sa_handler = end };
	if (depth++ > 0)
		return;
	ended = 0;
	told_s = 0;
	begin_s = now_s();
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, &before);
}

bool patience_has_ended(void)
{
	return ended != 0;
}

void patience_tell(const char *what)
{
	int64_t seconds = now_s() - begin_s;
	if (seconds <= told_s || !isatty(STDERR_FILENO))
		return;
	told_s = seconds;
	fprintf(stderr, "\r\033[K%s ... %lld s; Ctrl-C ends it", what,
		(long long)seconds);
	fflush(stderr);
}

void patience_end(void)
{
	if (--depth > 0)
		return;
	sigaction(SIGINT, &before, NULL);
	if (told_s > 0)
		fputs("\r\033[K", stderr);
	told_s = 0;
}
