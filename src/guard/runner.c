/*
 * runner.c: see runner.h.  The process: what may begin begins, what lasts too long is
 * ended with all of its group, and what came of each is told.
 */
#include "guard/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/runner_queue.h"
#include "guard/runner_start.h"

enum {
	GRACE_MS = 2000, /* between the request to end and the end */
	NEWS_AT_ONCE = 16,
	PATH_ROOM = 4096,
	DRAINED_AT_ONCE = 16, /* reads of 4 KiB: who floods us must not keep us */
};

struct run {
	struct runner_begun begun; /* pid 0: a free place */
	uint64_t id;
	uint32_t program;
	int64_t started_us, next_us; /* when it is ended, and then killed */
	bool is_late;
	uint8_t said[RUNNER_SAID_MAX];
	uint32_t said_len;
};

struct runner {
	const char *programs[RUNNER_PROGRAMS_MAX];
	size_t count;
	bool is_root;
	int epoll;
	struct runner_queue queue;
	struct run runs[RUNNER_AT_ONCE];
};

static int64_t now(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* ---- telling ---- */

static void tell(const struct runner *r, struct runner_event *event)
{
	event->running = r->queue.running;
	event->waiting = r->queue.count;
	event->left_out = r->queue.left_out;
	event->uid = getuid();
	guard_emit(event, sizeof(*event));
}

static void tell_state(const struct runner *r)
{
	struct runner_event event = { .kind = RUNNER_STATE };
	tell(r, &event);
}

static void tell_refused(const struct runner *r, uint32_t program, uint64_t id,
			 const char *why)
{
	struct runner_event event = { .kind = RUNNER_REFUSED,
				      .program = program,
				      .id = id };
	event.said_len = (uint32_t)strnlen(why, sizeof(event.said));
	memcpy(event.said, why, event.said_len);
	tell(r, &event);
}

static void tell_ended(const struct runner *r, const struct run *run, int status)
{
	struct runner_event event = {
		.kind = RUNNER_ENDED,
		.program = run->program,
		.id = run->id,
		.status = status,
		.is_late = run->is_late,
		.took_ms = (uint32_t)((now() - run->started_us) / 1000),
		.said_len = run->said_len,
	};
	memcpy(event.said, run->said, run->said_len);
	tell(r, &event);
}

/* ---- what a program says ---- */

/* False: it says nothing more.  All is read, so that it need not wait. */
static bool hear(struct run *run)
{
	char some[PATH_ROOM];
	ssize_t len = -1;
	for (int i = 0; i < DRAINED_AT_ONCE; i++) {
		len = read(run->begun.said, some, sizeof(some));
		if (len <= 0)
			break;
		size_t room = sizeof(run->said) - run->said_len;
		size_t kept = (size_t)len < room ? (size_t)len : room;
		memcpy(run->said + run->said_len, some, kept);
		run->said_len += (uint32_t)kept;
	}
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static void stop_hearing(struct run *run)
{
	if (run->begun.said >= 0)
		close(run->begun.said);
	run->begun.said = -1;
}

/* ---- one run ---- */

/* Two for each: what it says, and its end. */
static void listen_to(const struct runner *r, const struct run *run)
{
	struct epoll_event event = { .events = EPOLLIN };
	event.data.u32 = 2 * (uint32_t)(run - r->runs);
	epoll_ctl(r->epoll, EPOLL_CTL_ADD, run->begun.said, &event);
	event.data.u32++;
	epoll_ctl(r->epoll, EPOLL_CTL_ADD, run->begun.process, &event);
}

static struct run *free_run(struct runner *r)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (r->runs[i].begun.pid == 0)
			return &r->runs[i];
	return NULL; /* the queue gives no more */
}

static int start(struct runner *r, struct run *run, const struct runner_job *job,
		 char why[static RUNNER_SAID_MAX])
{
	char real[PATH_ROOM];
	if (job->program >= r->count) {
		snprintf(why, RUNNER_SAID_MAX, "no program has that number");
		return -EINVAL;
	}
	if (!runner_judge(r->programs[job->program], getuid(), real, why))
		return -EPERM;
	int error = runner_start(real, job, r->is_root, &run->begun);
	if (error != 0)
		snprintf(why, RUNNER_SAID_MAX, "can't be run: %s", strerror(-error));
	return error;
}

static void begin_run(struct runner *r, const struct runner_job *job, int64_t now_us)
{
	char why[RUNNER_SAID_MAX];
	struct run *run = free_run(r);
	if (run == NULL)
		return;
	*run = (struct run){ .id = job->id,
			     .program = job->program,
			     .started_us = now_us,
			     .next_us = now_us + RUNNER_DEADLINE_MS * 1000LL };
	if (start(r, run, job, why) == 0) {
		listen_to(r, run);
		tell_state(r);
		return;
	}
	run->begun.pid = 0;
	runner_queue_ended(&r->queue);
	tell_refused(r, job->program, job->id, why);
}

/*
 * Nothing of its group outlives it; as long as it has not been waited for, its number
 * is nobody else's.
 */
static void end_run(struct runner *r, struct run *run)
{
	int status = -1;
	hear(run);
	stop_hearing(run);
	kill(-run->begun.pid, SIGKILL);
	while (waitpid(run->begun.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (run->begun.process >= 0)
		close(run->begun.process);
	runner_queue_ended(&r->queue);
	tell_ended(r, run, status);
	run->begun.pid = 0;
}

static void end_late(struct run *run, int64_t now_us)
{
	if (run->begun.pid == 0 || now_us < run->next_us)
		return;
	kill(-run->begun.pid, run->is_late ? SIGKILL : SIGTERM);
	run->is_late = true;
	run->next_us = now_us + GRACE_MS * 1000LL;
}

/* ---- the process ---- */

static void take_news(struct runner *r)
{
	struct epoll_event news[NEWS_AT_ONCE];
	int count = epoll_wait(r->epoll, news, NEWS_AT_ONCE, 0);
	for (int i = 0; i < count; i++) {
		struct run *run = &r->runs[news[i].data.u32 / 2];
		if (run->begun.pid == 0)
			continue;
		if (news[i].data.u32 % 2 == 1)
			end_run(r, run);
		else if (run->begun.said >= 0 && !hear(run))
			stop_hearing(run);
	}
}

static void run_all(void *self)
{
	struct runner *r = self;
	struct runner_job *job;
	take_news(r);
	int64_t now_us = now();
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		end_late(&r->runs[i], now_us);
	while ((job = runner_queue_next(&r->queue, now_us)) != NULL) {
		begin_run(r, job, now_us);
		free(job);
	}
}

/* What no daemon of ours sends is passed over. */
static void take(void *self, const void *bytes, size_t len)
{
	struct runner *r = self;
	struct runner_message message;
	if (!runner_message_parse(bytes, len, &message))
		return;
	uint32_t waited = r->queue.count;
	uint64_t left_out = runner_queue_take(&r->queue, &message);
	if (r->queue.count > waited && r->queue.running == RUNNER_AT_ONCE)
		tell_state(r);
	if (left_out == 0)
		return;
	struct runner_event event = { .kind = RUNNER_LEFT_OUT, .id = left_out };
	tell(r, &event);
}

static bool open_all(void *self)
{
	struct runner *r = self;
	char real[PATH_ROOM], why[RUNNER_SAID_MAX];
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->is_root = getuid() == 0;
	runner_queue_begin(&r->queue, now());
	tell_state(r);
	for (uint32_t i = 0; i < r->count; i++)
		if (!runner_judge(r->programs[i], getuid(), real, why))
			tell_refused(r, i, 0, why);
	return r->epoll >= 0;
}

static int wait_for(void *self)
{
	return ((struct runner *)self)->epoll;
}

static int timeout_ms(void *self)
{
	struct runner *r = self;
	int64_t now_us = now(), next_us = INT64_MAX;
	int ms = runner_queue_timeout_ms(&r->queue, now_us);
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (r->runs[i].begun.pid != 0 && r->runs[i].next_us < next_us)
			next_us = r->runs[i].next_us;
	if (next_us == INT64_MAX)
		return ms;
	int late_ms = next_us <= now_us ? 0 : (int)((next_us - now_us + 999) / 1000);
	return ms < 0 || late_ms < ms ? late_ms : ms;
}

struct guard_task runner_task(const char *const *programs, size_t count,
			      const char *user)
{
	static struct runner runner; /* that process has a copy */
	runner.count = count < RUNNER_PROGRAMS_MAX ? count : RUNNER_PROGRAMS_MAX;
	for (size_t i = 0; i < runner.count; i++)
		runner.programs[i] = programs[i];
	return (struct guard_task){ .kind = GUARD_RUNNER,
				    .user = user,
				    .stays_root = strcmp(user, "root") == 0,
				    .self = &runner,
				    .open = open_all,
				    .fd = wait_for,
				    .timeout_ms = timeout_ms,
				    .run = run_all,
				    .take = take };
}
