/*
 * decoys.c: see decoys.h.
 */
#include "cli/decoys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/settings.h"

enum { TELL_US = 1000000, SAY_US = 10000000, ERRNO_END = 4096 };

/* ---- in the process ---- */

struct answering {
	struct port_set ports;
	struct decoy *decoy;
	int16_t errors[DECOY_PORTS_MAX]; /* of those that could not be had */
	uint16_t failed[DECOY_PORTS_MAX];
	size_t failed_count;
	struct decoy_stats told;
	int64_t told_us;
};

static void note_failed(struct answering *a, uint16_t port, int error)
{
	if (a->failed_count == DECOY_PORTS_MAX)
		return;
	a->errors[a->failed_count] = (int16_t)error;
	a->failed[a->failed_count++] = port;
}

/* As root still: low ports take a right. */
static void open_ports(void *self)
{
	struct answering *a = self;
	a->decoy = decoy_new();
	for (uint32_t port = 1; a->decoy != NULL && port <= UINT16_MAX; port++) {
		if (!port_set_holds(&a->ports, false, (uint16_t)port))
			continue;
		int error = decoy_listen(a->decoy, (uint16_t)port);
		if (error != 0)
			note_failed(a, (uint16_t)port, error);
	}
}

static void tell(const struct decoy_event *event)
{
	guard_emit(event, sizeof(*event));
}

static void tell_stats(struct answering *a, int64_t now_us)
{
	struct decoy_event event;
	memset(&event, 0, sizeof(event)); /* padding, too: it leaves the process */
	event.kind = DECOY_EVENT_STATS;
	decoy_stats(a->decoy, now_us, &event.stats);
	a->told = event.stats;
	a->told_us = now_us;
	tell(&event);
}

static bool begin(void *self)
{
	struct answering *a = self;
	for (size_t i = 0; i < a->failed_count; i++) {
		struct decoy_event event;
		memset(&event, 0, sizeof(event));
		event.kind = DECOY_EVENT_FAILED;
		event.port = a->failed[i];
		event.error = a->errors[i];
		tell(&event);
	}
	if (a->decoy == NULL || decoy_begin(a->decoy) != 0)
		return false;
	tell_stats(a, clock_us(CLOCK_MONOTONIC));
	return true;
}

static int wait_for(void *self)
{
	return decoy_fd(((struct answering *)self)->decoy);
}

/* Once a second, if there is news. */
static bool has_news(const struct answering *a, int64_t now_us)
{
	struct decoy_stats now;
	decoy_stats(a->decoy, now_us, &now);
	return memcmp(&now, &a->told, sizeof(now)) != 0;
}

static int wait_ms(void *self)
{
	struct answering *a = self;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	int ms = decoy_timeout_ms(a->decoy, now_us);
	if (!has_news(a, now_us))
		return ms;
	int64_t left_us = a->told_us + TELL_US - now_us;
	int tell_ms = left_us <= 0 ? 0 : (int)(left_us / 1000) + 1;
	return ms < 0 || tell_ms < ms ? tell_ms : ms;
}

static void run(void *self)
{
	struct answering *a = self;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	decoy_run(a->decoy, now_us);
	if (now_us - a->told_us >= TELL_US && has_news(a, now_us))
		tell_stats(a, now_us);
}

/* ---- the daemon's side ---- */

static void say_if_not_confined(struct decoys *decoys)
{
	char text[GUARD_TEXT_MAX];
	if (!decoys_describe(decoys, text))
		fprintf(stderr, "breakwater: the process that answers on traps: %s\n",
			text);
}

void decoys_fork(struct decoys *decoys, const struct config *config)
{
	static struct answering answering; /* that process has a copy */
	if (!config->traps_answer || config->traps_ports.count == 0)
		return;
	settings_traps(config, &answering.ports);
	const struct guard_task task = { .kind = GUARD_DECOY,
					 .user = config->user,
					 .self = &answering,
					 .prepare = open_ports,
					 .open = begin,
					 .fd = wait_for,
					 .timeout_ms = wait_ms,
					 .run = run };
	decoys->process = guard_fork(&task);
	if (decoys->process == NULL)
		snprintf(decoys->why_not, sizeof(decoys->why_not),
			 "could not start: %s", strerror(errno));
	say_if_not_confined(decoys);
}

void decoys_close(struct decoys *decoys)
{
	guard_close(decoys->process);
	decoys->process = NULL;
}

bool decoys_are_wanted(const struct decoys *decoys)
{
	return decoys->process != NULL || decoys->why_not[0] != '\0';
}

int decoys_fd(const struct decoys *decoys)
{
	return decoys->process != NULL ? guard_fd(decoys->process) : -1;
}

bool decoys_is_pid(const struct decoys *decoys, uint32_t pid)
{
	return decoys->process != NULL && guard_is_pid(decoys->process, (pid_t)pid);
}

bool decoys_describe(struct decoys *decoys, char text[static GUARD_TEXT_MAX])
{
	if (decoys->process != NULL)
		return guard_describe(decoys->process, text);
	memcpy(text, decoys->why_not, sizeof(decoys->why_not));
	return false;
}

bool decoy_event_read(const void *bytes, size_t len, struct decoy_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	bool is_port = out->port > 0 && out->port <= UINT16_MAX && out->error < 0 &&
		       out->error > -ERRNO_END;
	return out->zero == 0 && (out->kind == DECOY_EVENT_STATS ||
				  (out->kind == DECOY_EVENT_FAILED && is_port));
}

/* One that is started again says it again; it is told once. */
static const char *why_failed(int error)
{
	if (error == -EADDRINUSE)
		return "another program serves it";
	return error == -ENOSPC ? "so many are not" : strerror(-error);
}

static void take_failed(struct decoys *decoys, const struct decoy_event *event,
			struct buf *text)
{
	const struct port_range port = { (uint16_t)event->port, (uint16_t)event->port,
					 false };
	if (port_set_holds(&decoys->taken, false, port.first))
		return;
	port_set_add(&decoys->taken, &port);
	buf_printf(text, "breakwater: trap port %u/tcp is not answered: %s\n",
		   port.first, why_failed(event->error));
}

/* It may be in other hands, and say so as often as they like. */
static void take_stats(struct decoys *decoys, const struct decoy_stats *stats,
		       struct buf *text)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (stats->rests > decoys->stats.rests && now_us - decoys->said_us >= SAY_US) {
		decoys->said_us = now_us;
		buf_printf(text,
			   "breakwater: traps are not answered for %u s: more than %d "
			   "connections in a second\n",
			   stats->rests_s, DECOY_CONNECTS_MAX);
	}
	decoys->stats = *stats;
}

static void take_end(struct decoys *decoys, bool is_over, struct buf *text)
{
	char why[GUARD_TEXT_MAX];
	decoys_describe(decoys, why);
	decoys->stats = (struct decoy_stats){ 0 };
	buf_printf(text, "breakwater: the process that answers on traps %s\n", why);
	if (!is_over)
		return;
	memcpy(decoys->why_not, why, sizeof(why));
	guard_close(decoys->process);
	decoys->process = NULL;
}

bool decoys_take(struct decoys *decoys, struct buf *text)
{
	enum { AT_ONCE = 256 }; /* who floods us must not keep us for ever */
	_Alignas(8) uint8_t bytes[GUARD_EVENT_MAX];
	struct decoy_event event;
	for (int i = 0; i < AT_ONCE && decoys->process != NULL; i++) {
		int len = guard_next(decoys->process, bytes, sizeof(bytes));
		if (len == 0)
			break;
		if (len == -ECHILD || len == -EPIPE)
			take_end(decoys, len == -EPIPE, text);
		else if (len < 0 || !decoy_event_read(bytes, (size_t)len, &event))
			continue;
		else if (event.kind == DECOY_EVENT_FAILED)
			take_failed(decoys, &event, text);
		else
			take_stats(decoys, &event.stats, text);
	}
	return text->len > 0;
}
