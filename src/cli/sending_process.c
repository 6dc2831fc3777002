/*
 * sending_process.c: the sender's own process; see sending.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alert/sender.h"
#include "base/clock.h"
#include "cli/sending_wire.h"

enum { FILES_MAX = 256 };

/* That process has a copy of what is set before the fork. */
static struct {
	const struct sending_setup *setup;
	char *readable[FILES_MAX], *writable[FILES_MAX + 1]; /* owned */
	size_t readable_count, writable_count;
	struct sender *sender;
	/* The message that is being told, piece by piece. */
	uint64_t id;
	struct buf json;
	struct spool_counts told;
} process;

static int64_t now(void)
{
	return clock_us(CLOCK_REALTIME);
}

/* ---- telling ---- */

static void emit(struct sending_event *event)
{
	event->counts = sender_counts(process.sender);
	process.told = event->counts;
	guard_emit(event, sizeof(*event));
}

static void say(struct buf *text)
{
	struct sending_event event = { .kind = SENDING_SAID };
	if (text->len == 0 || buf_cstr(text) == NULL)
		return;
	record_text(event.text, sizeof(event.text), buf_cstr(text));
	if (process.sender != NULL)
		event.counts = sender_counts(process.sender);
	guard_emit(&event, sizeof(event));
}

static enum sending_state state_of(const char *word)
{
	if (strcmp(word, "sent") == 0)
		return SENDING_SENT;
	return strcmp(word, "failed") == 0 ? SENDING_FAILED : SENDING_DROPPED;
}

static void tell_result(void *self, const struct notification_record *notification,
			uint64_t id)
{
	struct sending_event event = {
		.kind = SENDING_RESULT,
		.state = state_of(notification->state),
		.id = id,
		.at_us = notification->at,
		.latency_us = notification->latency_us,
		.tries = notification->tries,
		.incidents = notification->incidents,
	};
	(void)self;
	record_text(event.sink, sizeof(event.sink), notification->sink);
	record_text(event.key, sizeof(event.key), notification->key);
	record_text(event.reason, sizeof(event.reason), notification->reason);
	record_text(event.incident, sizeof(event.incident), notification->incident);
	record_text(event.others, sizeof(event.others), notification->others);
	record_text(event.text, sizeof(event.text), notification->error);
	if (process.sender != NULL)
		emit(&event);
	else /* while the spool is opened */
		guard_emit(&event, sizeof(event));
}

static void tell_put(uint64_t id, bool is_kept)
{
	struct sending_event event = { .kind = is_kept ? SENDING_TAKEN
						       : SENDING_REFUSED,
				       .id = id };
	emit(&event);
}

/* ---- messages ---- */

static void put(const struct sending_message *message)
{
	enum spool_put put =
		sender_put(process.sender, message->sink, buf_cstr(&process.json),
			   process.json.len, now());
	struct buf text = { 0 };
	if (put == SPOOL_REFUSED)
		buf_printf(&text,
			   "a message to %s could not be kept: it is too long, or "
			   "there is not enough memory; if it was about an incident, "
			   "it is lost",
			   message->sink);
	say(&text);
	buf_free(&text);
	tell_put(message->id, put != SPOOL_REFUSED);
}

/* What does not go on where the one before ended is of one that was given up. */
static void take_piece(const struct sending_message *message)
{
	if (message->at == 0) {
		buf_clear(&process.json);
		process.id = message->id;
	}
	if (message->id != process.id || message->at != process.json.len)
		return;
	buf_add(&process.json, message->bytes, message->len);
	if (process.json.len == message->total)
		put(message);
}

/* Said at once, and not with each message that fails for it. */
static void try_file(void *self, enum sink_option_kind kind, const char *path)
{
	const struct sink *sink = self;
	struct buf text = { 0 };
	int error = sink_file_try(kind, path);
	if (error == 0)
		return;
	buf_printf(&text, "%s: %s: %s", sink->name, path, strerror(-error));
	if (error == -EACCES)
		buf_text(&text, "; if its rights are as they should be, breakwater has "
				"to be restarted, as what this process reaches was "
				"settled when it began");
	say(&text);
	buf_free(&text);
}

static void load(void)
{
	struct sink_list list = { .count = 0 };
	struct buf message = { 0 };
	bool is_good = process.setup->load(process.setup->self, &list, &message);
	for (size_t i = 0; i < list.count && is_good; i++)
		sink_each_file(list.at[i], try_file, list.at[i]);
	if (is_good)
		sender_set_sinks(process.sender, list.at, list.count);
	else
		sink_list_free(&list);
	say(&message);
	buf_free(&message);
}

static void take(void *self, const void *bytes, size_t len)
{
	struct sending_message message;
	(void)self;
	if (!sending_message_parse(bytes, len, &message))
		return;
	if (message.kind == SENDING_RELOAD)
		load();
	else
		take_piece(&message);
}

/* ---- the task ---- */

/* As whoever the daemon is: a secret may be root's. */
static void prepare(void *self)
{
	struct sink_list sinks = { .count = 0 };
	struct buf ignored = { 0 };
	(void)self;
	process.setup->load(process.setup->self, &sinks, &ignored);
	for (size_t i = 0; i < sinks.count; i++)
		sink_prepare(sinks.at[i]);
	sink_list_free(&sinks);
	buf_free(&ignored);
}

static bool open_all(void *self)
{
	const struct sender_output output = { NULL, tell_result };
	struct buf why = { 0 };
	(void)self;
	const struct sender_folders folders = { process.setup->folder,
						process.setup->reports };
	process.sender = sender_open(&folders, process.setup->bytes_max, &output, &why);
	say(&why);
	buf_free(&why);
	if (process.sender == NULL)
		return false;
	load();
	return true;
}

static int wait_for(void *self)
{
	(void)self;
	return sender_fd(process.sender);
}

static int timeout_ms(void *self)
{
	(void)self;
	return sender_timeout_ms(process.sender, now());
}

static bool is_same(const struct spool_counts *a, const struct spool_counts *b)
{
	return a->waiting == b->waiting && a->bytes == b->bytes &&
	       a->dropped == b->dropped && a->merged == b->merged &&
	       a->unsaved == b->unsaved;
}

static void run(void *self)
{
	struct sending_event event = { .kind = SENDING_STATE };
	(void)self;
	sender_run(process.sender, now());
	const struct spool_counts counts = sender_counts(process.sender);
	if (!is_same(&counts, &process.told))
		emit(&event);
}

static void add_writable(const char *folder)
{
	if (process.writable_count < FILES_MAX)
		process.writable[process.writable_count++] = strdup(folder);
}

static void add_file(void *self, enum sink_option_kind kind, const char *path)
{
	const char *last = strrchr(path, '/');
	(void)self;
	if (kind != SINK_WRITTEN) {
		if (process.readable_count < FILES_MAX)
			process.readable[process.readable_count++] = strdup(path);
		return;
	}
	char *folder = strndup(path, (size_t)(last - path) + (last == path ? 1 : 0));
	if (folder != NULL)
		add_writable(folder);
	free(folder);
}

struct guard_task sending_task(const struct sending_setup *setup,
			       const struct sink_list *sinks)
{
	process.setup = setup;
	add_writable(setup->folder);
	for (const char *const *file = setup->files; *file != NULL; file++)
		add_file(NULL, SINK_READ, *file);
	for (size_t i = 0; i < sinks->count; i++)
		sink_each_file(sinks->at[i], add_file, NULL);
	return (struct guard_task){
		.kind = GUARD_SENDER,
		.user = setup->user,
		.readable = (const char *const *)process.readable,
		.readable_count = process.readable_count,
		.writable = (const char *const *)process.writable,
		.prepare = prepare,
		.open = open_all,
		.fd = wait_for,
		.timeout_ms = timeout_ms,
		.run = run,
		.take = take,
	};
}
