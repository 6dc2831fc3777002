/*
 * sending.c: see sending.h.
 */
#include "cli/sending.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/notice_json.h"
#include "cli/sending_wire.h"

enum {
	PENDING_MAX = 128, /* that the sender has not yet taken */
	AT_ONCE = 256,     /* events: who floods us must not keep us for ever */
};

/* Handed over, but not yet known to be on disk. */
struct pending {
	uint64_t id; /* 0: free */
	char sink[SPOOL_NAME_MAX];
	struct buf json;
	bool is_told; /* to the process as it is now */
};

struct sending {
	struct guard *process; /* NULL: it could not start */
	char why_not[GUARD_TEXT_MAX];
	struct pending pending[PENDING_MAX];
	uint64_t refused[PENDING_MAX]; /* ids; 0: free */
	size_t refused_next;           /* round and round */
	struct spool_counts counts;
	bool has_reload;
};

void sink_list_free(struct sink_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		sink_free(list->at[i]);
	list->count = 0;
}

/* ---- its life ---- */

static void begin(struct sending *sending, const struct sending_setup *setup)
{
	struct sink_list sinks = { .count = 0 };
	struct buf message = { 0 };
	if (!setup->load(setup->self, &sinks, &message))
		fprintf(stderr, "breakwater: %s\n", buf_cstr(&message));
	const struct guard_task task = sending_task(setup, &sinks);
	sending->process = guard_fork(&task);
	if (sending->process == NULL)
		snprintf(sending->why_not, sizeof(sending->why_not),
			 "could not start: %s", strerror(errno));
	sink_list_free(&sinks);
	buf_free(&message);
}

struct sending *sending_fork(const struct sending_setup *setup)
{
	char text[GUARD_TEXT_MAX];
	struct sending *sending = calloc(1, sizeof(*sending));
	if (sending == NULL)
		return NULL;
	begin(sending, setup);
	if (!sending_describe(sending, text))
		fprintf(stderr, "breakwater: the process that tells people: %s\n",
			text);
	return sending;
}

void sending_close(struct sending *sending)
{
	if (sending == NULL)
		return;
	guard_close(sending->process);
	for (size_t i = 0; i < PENDING_MAX; i++)
		buf_free(&sending->pending[i].json);
	free(sending);
}

int sending_fd(const struct sending *sending)
{
	return sending->process != NULL ? guard_fd(sending->process) : -1;
}

bool sending_describe(struct sending *sending, char text[static GUARD_TEXT_MAX])
{
	if (sending->process != NULL)
		return guard_describe(sending->process, text);
	memcpy(text, sending->why_not, sizeof(sending->why_not));
	return false;
}

struct spool_counts sending_counts(const struct sending *sending)
{
	return sending->counts;
}

/* ---- handing over ---- */

/* False: the rest waits for the next time, from its begin. */
static bool tell_all(struct sending *sending, struct pending *pending)
{
	const size_t total = pending->json.len;
	for (size_t at = 0; at < total;) {
		struct sending_message message = { .kind = SENDING_NOTICE,
						   .at = (uint32_t)at,
						   .total = (uint32_t)total,
						   .id = pending->id };
		size_t left = total - at;
		size_t len = left < SENDING_PIECE_MAX ? left : SENDING_PIECE_MAX;
		message.len = (uint32_t)len;
		record_text(message.sink, sizeof(message.sink), pending->sink);
		memcpy(message.bytes, pending->json.at + at, len);
		if (guard_tell(sending->process, &message, sizeof(message)) != 0)
			return false;
		at += len;
	}
	return true;
}

static void tell_reload(struct sending *sending)
{
	const struct sending_message message = { .kind = SENDING_RELOAD };
	if (sending->has_reload &&
	    guard_tell(sending->process, &message, sizeof(message)) == 0)
		sending->has_reload = false;
}

void sending_tick(struct sending *sending)
{
	if (sending->process == NULL)
		return;
	tell_reload(sending);
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *pending = &sending->pending[i];
		if (pending->id == 0 || pending->is_told)
			continue;
		pending->is_told = tell_all(sending, pending);
		if (!pending->is_told)
			return;
	}
}

void sending_reload(struct sending *sending)
{
	sending->has_reload = true;
	sending_tick(sending);
}

static struct pending *pending_of(struct sending *sending, uint64_t id)
{
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (sending->pending[i].id == id)
			return &sending->pending[i];
	return NULL;
}

bool sending_waits(const struct sending *sending, uint64_t id)
{
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (sending->pending[i].id == id)
			return true;
	return false;
}

bool sending_was_refused(const struct sending *sending, uint64_t id)
{
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (sending->refused[i] == id)
			return id != 0;
	return false;
}

static void note_refused(struct sending *sending, uint64_t id, bool is_refused)
{
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (sending->refused[i] == id)
			sending->refused[i] = 0;
	if (!is_refused)
		return;
	sending->refused[sending->refused_next] = id;
	sending->refused_next = (sending->refused_next + 1) % PENDING_MAX;
}

bool sending_tell(struct sending *sending, const char *sink,
		  const struct notice *notice)
{
	struct pending *pending = pending_of(sending, 0);
	if (pending == NULL || sending->process == NULL || notice->id == 0)
		return false;
	buf_clear(&pending->json);
	notice_json(notice, &pending->json);
	if (!buf_ok(&pending->json) || pending->json.len > SPOOL_BYTES_MAX)
		return false;
	note_refused(sending, notice->id, false);
	pending->id = notice->id;
	pending->is_told = false;
	record_text(pending->sink, sizeof(pending->sink), sink);
	sending_tick(sending);
	return true;
}

/* ---- what it has to tell ---- */

static const char *const states[SENDING_STATES] = { "sent", "failed", "dropped" };

/* Those of record.def only: a word stays for ever. */
static const char *reason_of(const char *text)
{
	static const char *const reasons[] = { "new",       "changed",  "repeated",
					       "escalated", "resolved", "report",
					       "test" };
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i], text) == 0)
			return reasons[i];
	return NULL;
}

static void take_result(const struct sending_event *event,
			const struct sending_output *output)
{
	struct notification_record record;
	record_init(RECORD_notification, &record);
	record.at = event->at_us;
	record_text(record.sink, sizeof(record.sink), event->sink);
	record_text(record.incident, sizeof(record.incident), event->incident);
	record_text(record.others, sizeof(record.others), event->others);
	record.reason = reason_of(event->reason);
	record.incidents = event->incidents;
	record.state = states[event->state];
	record.tries = event->tries;
	record.latency_us = event->latency_us;
	record_text(record.key, sizeof(record.key), event->key);
	record_text(record.error, sizeof(record.error), event->text);
	output->notification(output->self, &record);
}

static void forget(struct sending *sending, uint64_t id)
{
	struct pending *pending = id != 0 ? pending_of(sending, id) : NULL;
	if (pending == NULL)
		return;
	pending->id = 0;
	buf_free(&pending->json);
}

/* Of what nobody told it, nobody asks. */
static void take_refused(struct sending *sending, uint64_t id)
{
	if (id == 0 || pending_of(sending, id) == NULL)
		return;
	note_refused(sending, id, true);
	forget(sending, id);
}

static void take_event(struct sending *sending, const struct sending_event *event,
		       const struct sending_output *output, struct buf *text)
{
	sending->counts = event->counts;
	if (event->kind == SENDING_TAKEN)
		forget(sending, event->id);
	else if (event->kind == SENDING_REFUSED)
		take_refused(sending, event->id);
	else if (event->kind == SENDING_RESULT)
		take_result(event, output);
	else if (event->kind == SENDING_SAID)
		buf_printf(text, "breakwater: notifications: %s\n", event->text);
}

/* The next one reads the configuration itself. */
static void begin_again(struct sending *sending, struct buf *text)
{
	char what[GUARD_TEXT_MAX];
	guard_describe(sending->process, what);
	buf_printf(text, "breakwater: the process that tells people: %s\n", what);
	sending->has_reload = false;
	for (size_t i = 0; i < PENDING_MAX; i++)
		sending->pending[i].is_told = false;
}

/* Also who starts it again is gone. */
static void take_end(struct sending *sending, struct buf *text)
{
	guard_close(sending->process);
	sending->process = NULL;
	snprintf(sending->why_not, sizeof(sending->why_not), "ended, for good");
	buf_text(text, "breakwater: the process that tells people ended, for good\n");
}

void sending_take(struct sending *sending, const struct sending_output *output,
		  struct buf *text)
{
	uint8_t bytes[GUARD_EVENT_MAX];
	struct sending_event event;
	for (int i = 0; i < AT_ONCE && sending->process != NULL; i++) {
		int len = guard_next(sending->process, bytes, sizeof(bytes));
		if (len == -ECHILD)
			begin_again(sending, text);
		else if (len == -EPIPE)
			take_end(sending, text);
		else if (len == 0)
			break;
		else if (len > 0 && sending_event_parse(bytes, (size_t)len, &event))
			take_event(sending, &event, output, text);
	}
	sending_tick(sending);
}
