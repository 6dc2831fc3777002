/*
 * blocking.c: see blocking.h.  The wall's life, and what is said to it and by it;
 * blocking_intake.c is what goes in.
 */
#include "cli/blocking.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "cli/blocking_inside.h"
#include "cli/wall_words.h"

enum {
	AT_ONCE = 1024, /* the loop has other things to do, too */
	SETTLE_MS = 3000,
};
#define SECOND_US 1000000LL
/* A change is told within a tenth of a second; the wall may be busy with many. */
#define APART_US (3 * SECOND_US)
enum { SPARED_AGAIN_S = 3600 };
/* It tells how it is every ten seconds. */
#define SILENT_US (30 * SECOND_US)
/* Less than what clocks are slewed by, more than what a busy machine delays. */
#define CLOCK_STEP_US SECOND_US

/* ---- time ---- */

/* What fades does so by the wall clock, as records have it. */
static void shift_never(struct never *never, int64_t by_us)
{
	static struct never before;
	before = *never;
	never_init(never);
	for (size_t i = 0; i < before.count; i++) {
		struct never_entry entry = before.at[i];
		if (entry.until_us != INT64_MAX)
			entry.until_us += by_us;
		never_add(never, &entry);
	}
	never->left_out = before.left_out;
}

int64_t blocking_now_us(struct blocking *b)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	int64_t ahead_us = now_us - clock_us(CLOCK_BOOTTIME);
	int64_t step_us = ahead_us - b->ahead_us;
	b->ahead_us = ahead_us;
	if (step_us < CLOCK_STEP_US && step_us > -CLOCK_STEP_US)
		return now_us;
	respond_shift(b->respond, step_us);
	shift_never(&b->never, step_us);
	shift_never(&b->coming, step_us);
	return now_us;
}

/* ---- to the wall ---- */

/* Woken when there is room, but only if something waits for it. */
static void await_room(struct blocking *b, bool awaits)
{
	struct epoll_event event = { .events = EPOLLIN | (awaits ? EPOLLOUT : 0) };
	if (b->awaits_room == awaits || b->epoll < 0 || b->process == NULL)
		return;
	event.data.fd = guard_fd(b->process);
	if (epoll_ctl(b->epoll, EPOLL_CTL_MOD, event.data.fd, &event) == 0)
		b->awaits_room = awaits;
}

static void send_queue(struct blocking *b)
{
	struct wall_message message;
	size_t count;
	int error = 0;
	while (b->process != NULL &&
	       (count = wall_queue_next(&b->queue, &message)) > 0) {
		error = guard_tell(b->process, &message, sizeof(message));
		if (error != 0)
			break;
		wall_queue_drop(&b->queue, count);
	}
	await_room(b, error == -EAGAIN);
}

static void put(struct blocking *b, enum wall_message_kind kind,
		const struct wall_order *order)
{
	if (b->process != NULL && !wall_queue_put(&b->queue, kind, order))
		b->is_behind = true;
}

/* A wall that is not there is told all in force as soon as it is. */
static void take_order(void *self, const struct respond_order *order)
{
	struct blocking *b = self;
	struct wall_order wanted;
	if (b->is_another)
		return;
	wall_words_order(order, &wanted);
	put(b, order->kind == RESPOND_ADD ? WALL_ADD : WALL_REMOVE, &wanted);
}

static void put_spared(void *to, const struct wall_order *order)
{
	put(to, WALL_SPARE, order);
}

/* Whom not to block comes first, and that this is all of it at last. */
static void tell_all(struct blocking *b)
{
	b->is_another = b->is_behind = false;
	sparing_each(&b->sparing, clock_us(CLOCK_BOOTTIME), put_spared, b);
	respond_again(b->respond, blocking_now_us(b));
	put(b, WALL_READY, NULL);
}

void blocking_flush(struct blocking *b)
{
	bool has_nothing = b->queue.count == 0 && !b->is_another && !b->is_behind;
	if (b->process == NULL || b->respond == NULL || has_nothing)
		return;
	bool is_there = guard_pid(b->process) != 0;
	if (is_there && (b->is_another || (b->is_behind && b->queue.count == 0)))
		tell_all(b);
	send_queue(b);
}

void blocking_spare(struct blocking *b, const struct spared *who)
{
	struct wall_order order;
	if (sparing_add(&b->sparing, who, clock_us(CLOCK_BOOTTIME), &order) &&
	    !b->is_another)
		put(b, WALL_SPARE, &order);
}

void blocking_prove(struct blocking *b, enum wall_message_kind kind,
		    const struct wall_order *order)
{
	if (!b->is_another)
		put(b, kind, order);
	blocking_flush(b);
}

/* ---- from the wall ---- */

static void unwanted(struct blocking *b, uint64_t id)
{
	const struct wall_order order = { .id = id };
	put(b, WALL_REMOVE, &order);
}

static void take_told(struct blocking *b, const struct wall_told *told)
{
	if (b->sink.told != NULL && b->sink.told(b->sink.self, told))
		return;
	const char *too_many =
		b->wall.held >= b->config->block_total ? "total" : "new_per_minute";
	const struct respond_result result = wall_words_result(told, too_many);
	bool is_wanted = respond_result(b->respond, &result, blocking_now_us(b));
	/* An order to remove it was lost: it holds what nobody wants any more. */
	if (!is_wanted && told->outcome == WALL_HELD)
		unwanted(b, told->id);
}

static void take_never(struct blocking *b, const struct wall_never *told)
{
	int64_t until_us = told->left_s == UINT32_MAX
				   ? INT64_MAX
				   : blocking_now_us(b) + told->left_s * SECOND_US;
	const struct never_entry entry = {
		.prefix = { told->address, told->prefix_len },
		.reason = (enum never_reason)told->reason,
		.until_us = until_us,
	};
	if (told->is_first)
		never_init(&b->coming);
	never_add(&b->coming, &entry);
	b->has_coming = true;
}

/* Events that were lost as we did not read: all is asked for again. */
static void take_state(struct blocking *b, const struct wall_state *state)
{
	b->is_behind |= state->untold != b->wall.untold;
	b->wall = *state;
	b->wall_us = clock_us(CLOCK_MONOTONIC);
}

static void take_event(struct blocking *b, const struct wall_event *event)
{
	if (event->kind == WALL_STATE) {
		take_state(b, &event->state);
		return;
	}
	for (uint32_t i = 0; i < event->count; i++) {
		if (event->kind == WALL_TELLS)
			take_told(b, &event->told[i]);
		else if (event->kind == WALL_NEVER)
			take_never(b, &event->never[i]);
		else if (b->sink.dropped != NULL)
			b->sink.dropped(b->sink.self, &event->dropped[i]);
	}
}

static void take_end(struct blocking *b, bool is_over, struct buf *text)
{
	char why[GUARD_TEXT_MAX];
	guard_describe(b->process, why);
	b->wall = (struct wall_state){ 0 };
	b->is_another = true;
	wall_queue_clear(&b->queue);
	buf_printf(text,
		   "breakwater: the process that keeps the firewall %s; until then "
		   "nobody is blocked\n",
		   why);
	if (!is_over)
		return;
	if (b->epoll >= 0)
		epoll_ctl(b->epoll, EPOLL_CTL_DEL, guard_fd(b->process), NULL);
	memcpy(b->why_not, why, sizeof(why));
	guard_close(b->process);
	b->process = NULL;
}

bool blocking_take(struct blocking *b, struct buf *text)
{
	_Alignas(8) uint8_t bytes[GUARD_EVENT_MAX];
	struct wall_event event;
	for (int i = 0; i < AT_ONCE && b->process != NULL && b->respond != NULL; i++) {
		int len = guard_next(b->process, bytes, sizeof(bytes));
		if (len == 0)
			break;
		if (len == -ECHILD || len == -EPIPE)
			take_end(b, len == -EPIPE, text);
		else if (len > 0 && wall_event_parse(bytes, (size_t)len, &event))
			take_event(b, &event);
	}
	/* Whole now, as far as it goes. */
	if (b->has_coming)
		b->never = b->coming;
	b->has_coming = false;
	blocking_flush(b);
	return text->len > 0;
}

/* ---- as time goes by ---- */

static void note_apart(struct blocking *b)
{
	const struct respond_state state = respond_state(b->respond);
	bool is_apart =
		state.in_force != b->wall.held || b->wall.wanted != b->wall.in_kernel;
	if (!is_apart)
		b->apart_us = 0;
	else if (b->apart_us == 0)
		b->apart_us = clock_us(CLOCK_MONOTONIC);
}

static bool is_among(const struct prefix *prefix, const struct config_prefixes *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_compare(prefix, &list->at[i]) == 0)
			return true;
	return false;
}

/* What the wall has not read itself, as it has been there since the start. */
static void spare_configured(struct blocking *b)
{
	const struct config_prefixes *never = &b->config->block_never;
	struct spared spared = { .reason = NEVER_never,
				 .left_us = WALL_SECONDS_MAX * SECOND_US };
	for (size_t i = 0; i < never->count; i++) {
		spared.prefix = never->at[i];
		if (!is_among(&spared.prefix, &b->at_start.never))
			blocking_spare(b, &spared);
	}
}

void blocking_tick(struct blocking *b)
{
	if (b->respond != NULL)
		blocking_flush(b);
}

void blocking_second(struct blocking *b)
{
	if (b->respond == NULL)
		return;
	respond_tick(b->respond, blocking_now_us(b));
	note_apart(b);
	if (++b->seconds % SPARED_AGAIN_S == 0)
		spare_configured(b);
	blocking_flush(b);
}

/* Less than before is safe at once; more is not the daemon's to say. */
void blocking_reload(struct blocking *b, struct buf *text)
{
	const struct config *config = b->config;
	respond_set_rules(b->respond, config, blocking_now_us(b));
	spare_configured(b);
	blocking_flush(b);
	if (config->block_total > b->at_start.total)
		buf_text(text, "block.total ");
	if (config->block_new > b->at_start.new_per_minute)
		buf_text(text, "block.new_per_minute ");
	for (size_t i = 0; i < b->at_start.never.count; i++)
		if (!is_among(&b->at_start.never.at[i], &config->block_never)) {
			buf_text(text, "block.never (what was taken out) ");
			break;
		}
}

/* ---- begin and end ---- */

void blocking_fork(struct blocking *b, const struct config *config)
{
	const struct guard_task task = wall_task(config);
	char text[GUARD_TEXT_MAX];
	b->epoll = -1;
	b->at_start = (struct wall_limits){ config->block_total, config->block_new,
					    config->block_never };
	b->process = guard_fork(&task);
	if (b->process == NULL)
		snprintf(b->why_not, sizeof(b->why_not), "could not start: %s",
			 strerror(errno));
	if (b->process == NULL || !guard_describe(b->process, text))
		fprintf(stderr, "breakwater: the process that keeps the firewall: %s\n",
			b->process == NULL ? b->why_not : text);
}

/* Too many blocks are news for whoever reads the log, too. */
static void take_audit(void *self, const struct audit_record *audit)
{
	struct blocking *b = self;
	b->sink.keep(b->sink.self, RECORD_audit, audit);
	if (strcmp(audit->action, "block_freeze") == 0)
		fprintf(stderr,
			"breakwater: automatic blocks are held back, as too many were "
			"to "
			"begin (%s), but for who guesses at one port; that ends by "
			"itself; "
			"breakwater blocks --all says which, and breakwater blocks "
			"--thaw "
			"does not wait\n",
			audit->after);
}

static void take_decision(void *self, const struct decision_record *decision)
{
	struct blocking *b = self;
	b->sink.keep(b->sink.self, RECORD_decision, decision);
}

static void take_block(void *self, const struct block_record *block)
{
	struct blocking *b = self;
	b->sink.keep(b->sink.self, RECORD_block, block);
}

static void take_up_kept(struct blocking *b)
{
	struct buf why = { 0 };
	if (!respond_keep(b->respond, b->config->state, blocking_now_us(b), &why)) {
		const char *text = buf_cstr(&why);
		fprintf(stderr, "breakwater: %s\n", text != NULL ? text : "");
	}
	buf_free(&why);
}

/* All that was in force is held before the first packet is looked at; but not for ever.
 */
static void settle(struct blocking *b)
{
	int64_t end_us = clock_us(CLOCK_MONOTONIC) + SETTLE_MS * 1000LL;
	struct buf text = { 0 };
	do {
		struct pollfd waited = { .fd = blocking_fd(b), .events = POLLIN };
		blocking_take(b, &text);
		if (b->queue.count > 0) {
			waited.events |= POLLOUT;
			poll(&waited, 1, SETTLE_MS);
		}
	} while (b->queue.count > 0 && b->process != NULL &&
		 clock_us(CLOCK_MONOTONIC) < end_us);
	if (text.len > 0)
		fputs(buf_cstr(&text), stderr);
	buf_free(&text);
}

bool blocking_open(struct blocking *b, const struct config *config,
		   const struct home *own, const struct blocking_sink *sink)
{
	const struct respond_sink deciding = { b, take_block, take_order, take_audit,
					       take_decision };
	b->config = config;
	b->own = own;
	b->sink = *sink;
	never_init(&b->never);
	never_init(&b->coming);
	b->ahead_us = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_BOOTTIME);
	b->is_another = true; /* until all has been taken up */
	b->wall_us = clock_us(CLOCK_MONOTONIC);
	b->respond = respond_new(&deciding);
	if (b->respond == NULL || !sparing_open(&b->sparing))
		return false;
	respond_set_never(b->respond, &b->never);
	respond_set_rules(b->respond, config, blocking_now_us(b));
	take_up_kept(b);
	blocking_spare_known(b);
	settle(b);
	return true;
}

void blocking_close(struct blocking *b)
{
	respond_free(b->respond);
	b->respond = NULL;
	guard_close(b->process);
	b->process = NULL;
	wall_queue_free(&b->queue);
	sparing_close(&b->sparing);
}

int blocking_fd(const struct blocking *b)
{
	return b->process != NULL ? guard_fd(b->process) : -1;
}

bool blocking_watch(struct blocking *b, int epoll)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = blocking_fd(b) };
	b->epoll = epoll;
	return b->process == NULL ||
	       epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) == 0;
}

/* ---- what is known ---- */

static bool is_anything_wanted(const struct blocking *b)
{
	return strcmp(b->config->block_mode, "on") == 0 ||
	       respond_state(b->respond).in_force > 0;
}

bool blocking_describe(struct blocking *b, char text[static GUARD_TEXT_MAX])
{
	if (b->process == NULL) {
		memcpy(text, b->why_not, sizeof(b->why_not));
		return false;
	}
	if (!guard_describe(b->process, text))
		return false;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (now_us - b->wall_us > SILENT_US)
		snprintf(text, GUARD_TEXT_MAX, "has not answered for %lld s",
			 (long long)((now_us - b->wall_us) / SECOND_US));
	else if (b->wall.error != 0)
		snprintf(text, GUARD_TEXT_MAX, "can't be changed: %s",
			 strerror(-b->wall.error));
	else if (b->apart_us != 0 && now_us - b->apart_us > APART_US)
		snprintf(text, GUARD_TEXT_MAX,
			 "%llu blocks are in force, and it holds %u",
			 (unsigned long long)respond_state(b->respond).in_force,
			 (unsigned)b->wall.in_kernel);
	else
		return true;
	return !is_anything_wanted(b);
}
