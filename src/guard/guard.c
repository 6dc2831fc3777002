/*
 * guard.c: the daemon's end of the guard; the other end is child.c.
 */
#include "guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/child.h"
#include "guard/message.h"
#include "guard/rights.h"

enum {
	/* Loading programs into the kernel and a first look at all processes may come
	 * first, on a machine that is starting. */
	ANSWER_MS = 30000,
	END_MS = 2000,
};

struct guard {
	pid_t pid;     /* our child: the guard, or the keeper of one */
	pid_t serving; /* the guard itself; 0: it is to be started again */
	bool is_kept;
	uint32_t ends;                 /* of one that is kept */
	int64_t again_us;              /* when it is started again; monotonic */
	int requests, events, process; /* process: a pidfd */
	bool can_capture;
	struct guard_confined confined;
	bool has_ended;
	int status; /* as of waitpid(2); -1: nobody knows */
};

/* ---- its life ---- */

static void note_end(struct guard *guard, int status)
{
	guard->has_ended = true;
	guard->status = status;
}

bool guard_is_alive(struct guard *guard)
{
	int status = -1;
	if (guard->has_ended)
		return false;
	pid_t ended = waitpid(guard->pid, &status, WNOHANG);
	if (ended == guard->pid || (ended < 0 && errno != EINTR))
		note_end(guard, ended == guard->pid ? status : -1);
	return !guard->has_ended;
}

pid_t guard_pid(const struct guard *guard)
{
	return guard->serving;
}

bool guard_is_pid(const struct guard *guard, pid_t pid)
{
	return pid > 0 && (pid == guard->pid || pid == guard->serving);
}

uint32_t guard_ends(const struct guard *guard)
{
	return guard->ends;
}

static void describe_end(const struct guard *guard, char text[static GUARD_TEXT_MAX])
{
	if (guard->status == -1)
		snprintf(text, GUARD_TEXT_MAX, "ended");
	else if (WIFSIGNALED(guard->status))
		snprintf(text, GUARD_TEXT_MAX, "ended by signal %d (%s)",
			 WTERMSIG(guard->status), strsignal(WTERMSIG(guard->status)));
	else
		snprintf(text, GUARD_TEXT_MAX, "ended with status %d",
			 WEXITSTATUS(guard->status));
}

static void describe_next(const struct guard *guard, char text[static GUARD_TEXT_MAX])
{
	size_t len = strlen(text);
	int64_t us = guard->again_us - clock_us(CLOCK_MONOTONIC);
	snprintf(text + len, GUARD_TEXT_MAX - len, ", is started again in %lld s",
		 us > 0 ? (long long)(us + 999999) / 1000000 : 0LL);
}

static void describe_life(const struct guard *guard, char text[static GUARD_TEXT_MAX])
{
	int len = snprintf(text, GUARD_TEXT_MAX, "pid %d", (int)guard->serving);
	if (guard->confined.error != 0)
		len += snprintf(text + len, GUARD_TEXT_MAX - (size_t)len,
				", not confined: %s: %s",
				sandbox_part_name(guard->confined.part),
				strerror(-guard->confined.error));
	else if (!guard->can_capture)
		len += snprintf(text + len, GUARD_TEXT_MAX - (size_t)len,
				", without privileges");
	if (guard->ends > 0)
		snprintf(text + len, GUARD_TEXT_MAX - (size_t)len,
			 ", started again %u time%s", (unsigned)guard->ends,
			 guard->ends == 1 ? "" : "s");
}

bool guard_describe(struct guard *guard, char text[static GUARD_TEXT_MAX])
{
	bool is_alive = guard_is_alive(guard);
	if (is_alive && guard->serving != 0) {
		describe_life(guard, text);
		return guard->confined.error == 0;
	}
	describe_end(guard, text);
	if (is_alive)
		describe_next(guard, text);
	return false;
}

static bool wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd waited = { .fd = fd, .events = events };
	int ready;
	do
		ready = poll(&waited, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/* The guard sees its sockets closed and ends; by then it has removed what it should.
 * Its sockets close before its end can be told. */
static void await_end(struct guard *guard)
{
	if (guard_is_alive(guard) && wait_for(guard->process, POLLIN, END_MS))
		guard_is_alive(guard);
}

void guard_close(struct guard *guard)
{
	if (guard == NULL)
		return;
	close(guard->requests);
	close(guard->events);
	await_end(guard);
	if (guard->process >= 0)
		close(guard->process);
	free(guard);
}

/* ---- requests ---- */

static int receive_answer(struct guard *guard, enum message_kind kind, int fds[2],
			  struct guard_answer *answer)
{
	if (!wait_for(guard->requests, POLLIN, ANSWER_MS))
		return -ETIMEDOUT;
	int error = message_receive(guard->requests, answer, sizeof(*answer), fds);
	if (error == 0 && answer->kind != (uint32_t)kind)
		error = -EPROTO;
	return error;
}

/* An answer that came late would be taken for that of the next request. */
static int ask(struct guard *guard, enum message_kind kind, int fds[2])
{
	struct guard_request request = { .kind = (uint32_t)kind };
	struct guard_answer answer;
	int error = message_send(guard->requests, &request, sizeof(request), NULL, 0);
	if (error == 0)
		error = receive_answer(guard, kind, fds, &answer);
	if (error == 0)
		return answer.error;
	shutdown(guard->requests, SHUT_RDWR);
	return error;
}

int guard_open_capture(struct guard *guard, int fds[2])
{
	fds[0] = fds[1] = -1;
	int error = ask(guard, MESSAGE_OPEN_CAPTURE, fds);
	return error == 0 && fds[0] < 0 ? -EPROTO : error;
}

int guard_note_socket(struct guard *guard)
{
	return ask(guard, MESSAGE_NOTE_SOCKET, NULL);
}

/* ---- events ---- */

int guard_fd(const struct guard *guard)
{
	return guard->events;
}

/* True if it tells of an end. */
static bool take_news(struct guard *guard, const struct guard_news *news)
{
	guard->serving = news->ended ? 0 : news->pid;
	if (!news->ended) {
		guard->confined = news->confined;
		return false;
	}
	guard->ends++;
	guard->status = news->status;
	guard->again_us = clock_us(CLOCK_MONOTONIC) + news->again_ms * 1000LL;
	return true;
}

/* A message of nothing is read as its end is. */
static bool has_shut(const struct guard *guard)
{
	struct pollfd waited = { .fd = guard->events }; /* POLLHUP comes unasked */
	return poll(&waited, 1, 0) > 0;
}

/* Who has shut its socket and goes on was taken over: its keeper ends it. */
static int take_end(struct guard *guard)
{
	shutdown(guard->requests, SHUT_RDWR);
	await_end(guard);
	if (!guard->has_ended)
		note_end(guard, -1);
	return -EPIPE;
}

static int next_event(struct guard *guard, void *event, size_t size)
{
	ssize_t got;
	do
		got = recv(guard->events, event, size, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return 0;
	/* A guard that sends what the caller has no room for is not ours. */
	if (got > 0)
		return (size_t)got <= size ? (int)got : -EPIPE;
	return got == 0 && !has_shut(guard) ? -EPROTO : take_end(guard);
}

int guard_next(struct guard *guard, void *event, size_t size)
{
	struct guard_news news;
	int len = next_event(guard, event, size);
	if (len <= 0 || !guard->is_kept ||
	    !message_parse_news(event, (size_t)len, &news))
		return len;
	/* More may wait; it may tell of its begin as often as it likes. */
	return take_news(guard, &news) ? -ECHILD : 0;
}

int guard_tell(struct guard *guard, const void *message, size_t len)
{
	ssize_t sent;
	if (guard->serving == 0)
		return -EPIPE;
	do
		sent = send(guard->events, message, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	return errno == EAGAIN || errno == ENOBUFS ? -EAGAIN : -EPIPE;
}

/* ---- making it ---- */

static bool open_sockets(int requests[2], int events[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, requests) != 0)
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events) == 0)
		return true;
	int error = errno;
	close(requests[0]);
	close(requests[1]);
	errno = error;
	return false;
}

static int take_hello(struct guard *guard)
{
	struct guard_answer hello;
	int error = receive_answer(guard, MESSAGE_HELLO, NULL, &hello);
	if (error != 0)
		return error;
	guard->confined = hello.confined;
	guard->serving = hello.pid;
	return 0;
}

struct guard *guard_fork(const struct guard_task *task)
{
	int requests[2], events[2];
	struct guard *guard = calloc(1, sizeof(*guard));
	if (guard == NULL || !open_sockets(requests, events)) {
		free(guard);
		return NULL;
	}
	pid_t parent = getpid();
	guard->can_capture = rights_can_capture();
	guard->is_kept = guard_is_kept(task);
	guard->pid = fork();
	if (guard->pid == 0)
		guard_child(task, requests[1], events[1], parent);
	int error = guard->pid < 0 ? errno : 0;
	close(requests[1]);
	close(events[1]);
	guard->requests = requests[0];
	guard->events = events[0];
	guard->has_ended = guard->pid < 0;
	guard->process = guard->has_ended ? -1 : pidfd_open(guard->pid, 0);
	if (error == 0)
		error = -take_hello(guard);
	if (error == 0)
		return guard;
	guard_close(guard);
	errno = error;
	return NULL;
}
