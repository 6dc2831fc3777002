/*
 * fleet_courier_process.c: the courier's own process; see fleet_courier.h.
 */
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "cli/fleet_courier.h"
#include "cli/fleet_courier_wire.h"

/* Nobody waits for it but hubs: who works on this machine goes first. */
enum { NICENESS = 5, COUNTS_AGAIN_US = 1000000 };

/* That process has a copy of what is set before the fork. */
static struct {
	const struct fleet_courier_setup *setup;
	const char *readable[2], *writable[2];
	size_t readable_count;
	struct courier *courier;
	char why_not[LINK_ERROR_MAX]; /* there is no courier */
	struct fleet_pieces question;
	struct courier_counts told;
	int64_t told_us;
} process;

/* ---- telling ---- */

static void tell_counts(const struct courier_counts *counts)
{
	struct fleet_event event = { .kind = FLEET_COUNTS };
	event.counts = *counts;
	guard_emit(&event, sizeof(event));
	process.told = *counts;
	process.told_us = clock_us(CLOCK_MONOTONIC);
}

static void tell_connected(void *self)
{
	const struct fleet_event event = { .kind = FLEET_CONNECTED };
	(void)self;
	guard_emit(&event, sizeof(event));
}

static void tell_pieces(enum fleet_event_kind kind, uint64_t id, const void *bytes,
			size_t len)
{
	struct fleet_event event = { .kind = kind };
	const struct buf all = { .at = (char *)bytes, .len = len };
	size_t at = 0;
	do {
		fleet_piece_cut(&event.piece, id, &all, at);
		guard_emit(&event, sizeof(event));
		at += event.piece.len;
	} while (at < len);
}

static void tell_answer(void *self, uint64_t id, const void *bytes, size_t len)
{
	struct fleet_event event = { .kind = FLEET_NOBODY };
	(void)self;
	event.piece.id = id;
	if (bytes == NULL)
		guard_emit(&event, sizeof(event));
	else
		tell_pieces(FLEET_ANSWER, id, bytes, len);
}

static void tell_news(void *self, const void *bytes, size_t len)
{
	(void)self;
	tell_pieces(FLEET_NEWS, 0, bytes, len);
}

static void tell_servers(void *self, const struct server_addresses *servers)
{
	struct fleet_event event = { .kind = FLEET_SERVERS };
	(void)self;
	event.servers = *servers;
	guard_emit(&event, sizeof(event));
}

/* ---- the task ---- */

static void take(void *self, const void *bytes, size_t len)
{
	struct fleet_question question;
	(void)self;
	if (!fleet_question_parse(bytes, len, &question) ||
	    !fleet_pieces_add(&process.question, &question.piece))
		return;
	if (process.courier == NULL ||
	    !courier_ask(process.courier, question.piece.id, process.question.all.at,
			 process.question.all.len))
		tell_answer(NULL, question.piece.id, NULL, 0);
}

static void begin_life(void *self)
{
	(void)self;
	setpriority(PRIO_PROCESS, 0, NICENESS);
}

static bool open_all(void *self)
{
	const struct fleet_courier_setup *setup = process.setup;
	const struct courier_options options = {
		.spool = setup->spool,
		.sensor = setup->sensor,
		.link = { .servers = setup->servers,
			  .credentials = setup->credentials,
			  .ca = setup->ca },
		.bytes_per_s = setup->bytes_per_s,
	};
	(void)self;
	process.courier = courier_open(&options, process.why_not);
	struct courier_counts counts = { .last_us = UNKNOWN_TIME };
	if (process.courier != NULL)
		courier_counts(process.courier, &counts);
	else
		memcpy(counts.trouble, process.why_not, sizeof(counts.trouble));
	tell_counts(&counts);
	return process.courier != NULL;
}

static int wait_for(void *self)
{
	(void)self;
	return courier_fd(process.courier);
}

static int timeout_ms(void *self)
{
	(void)self;
	return courier_timeout_ms(process.courier);
}

/* What is wrong is told at once, how much went well once a second. */
static bool is_to_be_told(const struct courier_counts *counts)
{
	const struct courier_counts *told = &process.told;
	if (counts->is_up != told->is_up || strcmp(counts->trouble, told->trouble) != 0)
		return true;
	return (counts->last_us != told->last_us ||
		counts->tries_failed != told->tries_failed) &&
	       clock_us(CLOCK_MONOTONIC) - process.told_us >= COUNTS_AGAIN_US;
}

static void run(void *self)
{
	const struct courier_output output = { .connected = tell_connected,
					       .answer = tell_answer,
					       .news = tell_news,
					       .servers = tell_servers };
	struct courier_counts counts;
	(void)self;
	courier_run(process.courier, &output);
	courier_counts(process.courier, &counts);
	if (is_to_be_told(&counts))
		tell_counts(&counts);
}

struct guard_task fleet_courier_task(const struct fleet_courier_setup *setup)
{
	process.setup = setup;
	process.writable[0] = setup->spool;
	if (setup->credentials != NULL)
		process.readable[process.readable_count++] = setup->credentials;
	if (setup->ca != NULL)
		process.readable[process.readable_count++] = setup->ca;
	return (struct guard_task){
		.kind = GUARD_COURIER,
		.user = setup->user,
		.readable = process.readable,
		.readable_count = process.readable_count,
		.writable = process.writable,
		.begin_life = begin_life,
		.open = open_all,
		.fd = wait_for,
		.timeout_ms = timeout_ms,
		.run = run,
		.take = take,
	};
}
