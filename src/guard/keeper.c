/*
 * keeper.c: see keeper.h.
 */
#include "guard/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/message.h"
#include "guard/rights.h"

enum {
	FIRST_DELAY_MS = 1000,
	DOUBLINGS = 11, /* 34 minutes; of an hour's crashes the twelfth waits so long */
	/* Of the wall no stranger's bytes are read, and without it nobody is blocked.
	 */
	WALL_FIRST_DELAY_MS = 100,
	WALL_DOUBLINGS = 5, /* 3.2 s */
	END_MS = 2000,
};

#define LONG_LIFE_US (3600 * 1000000LL)

uint32_t keeper_delay_ms(enum guard_kind kind, uint32_t ended)
{
	bool is_wall = kind == GUARD_WALL;
	uint32_t first_ms = is_wall ? WALL_FIRST_DELAY_MS : FIRST_DELAY_MS;
	uint32_t most = is_wall ? WALL_DOUBLINGS : DOUBLINGS;
	return first_ms << (ended < most ? ended : most);
}

/* True if the daemon closed its end within that time. */
static bool is_over(int requests, int timeout_ms)
{
	struct pollfd waited = { .fd = requests }; /* POLLHUP comes unasked */
	return poll(&waited, 1, timeout_ms) > 0;
}

/* Until it ended by itself, or soon after the daemon. */
static int await_end(pid_t pid, int requests)
{
	int status = -1, process = pidfd_open(pid, 0);
	struct pollfd waited[2] = { { .fd = process, .events = POLLIN },
				    { .fd = requests } };
	while (process >= 0 && poll(waited, 2, -1) < 0)
		;
	if (process >= 0 && waited[0].revents == 0 && poll(waited, 1, END_MS) == 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (process >= 0)
		close(process);
	return status;
}

static void tell_end(int events, int status, uint32_t again_ms)
{
	const struct guard_news news = {
		.mark = MESSAGE_NEWS, .ended = 1, .status = status, .again_ms = again_ms
	};
	if (message_send(events, &news, sizeof(news), NULL, 0) != 0)
		_exit(EXIT_SUCCESS);
}

static int keep_rights(const struct guard_task *task)
{
	if (task->stays_root)
		return 0;
	if (task->kind == GUARD_WALL)
		return rights_keep_to_wall(task->needs_bpf);
	return task->kind == GUARD_SELF_TEST ? rights_keep_to_self_test()
					     : rights_keep_to_confine();
}

static int give_up_rest(const struct guard_task *task)
{
	int error = keep_rights(task);
	prctl(PR_SET_NAME, "breakwater-keep");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 && error == 0)
		error = -errno;
	return error;
}

void keeper_begin(const struct guard_task *task, int requests, int events,
		  struct keeper_life *out)
{
	struct keeper_life life = { .error = give_up_rest(task), .keeper = getpid() };
	uint32_t lately = 0;
	while (true) {
		int64_t begun_us = clock_us(CLOCK_MONOTONIC);
		pid_t pid = fork();
		if (pid == 0)
			break;
		int status = pid > 0 ? await_end(pid, requests) : -1;
		if (is_over(requests, 0))
			_exit(EXIT_SUCCESS);
		life.ended++;
		life.ended_us = clock_us(CLOCK_MONOTONIC);
		if (life.ended_us - begun_us > LONG_LIFE_US)
			lately = 0;
		uint32_t delay_ms = keeper_delay_ms(task->kind, lately++);
		tell_end(events, status, delay_ms);
		if (is_over(requests, (int)delay_ms))
			_exit(EXIT_SUCCESS);
	}
	*out = life;
}
