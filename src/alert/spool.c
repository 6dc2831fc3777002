/*
 * spool.c: which message goes next, and when; see spool.h.
 */
#include "alert/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alert/spool_inside.h"
#include "base/hash.h"

#define SECOND_US  1000000LL
#define FIRST_US   (5 * SECOND_US)
#define LONGEST_US (600 * SECOND_US)
#define GIVE_UP_US (3 * 24 * 3600 * SECOND_US)
#define MINUTE_US  (60 * SECOND_US)
#define SAVE_US    (30 * SECOND_US) /* until a full disk is tried again */

enum {
	DOUBLINGS_MAX = 7,   /* 5 s * 2^7 is more than the longest */
	JITTER_PERCENT = 20, /* so that not all come back at the same moment */
	HUNDRED = 100,
	PASSED_AFTER = 4, /* tries, after each of which the others may go first */
	BURST = 10,       /* messages that need not wait for the rate */
};

/* Of each sink: how it is, and how much it may be told. */
struct spool_sink {
	char name[SPOOL_NAME_MAX]; /* "": free */
	uint32_t a_minute, failures;
	int64_t next_us;   /* not before */
	int64_t earned_us; /* time for which it has been told nothing, BURST at most */
	int64_t seen_us;
	bool is_busy;
};

struct spool {
	struct spool_files files;
	struct spool_sink sinks[SPOOL_SINKS_MAX];
	struct spool_entry entries[SPOOL_MESSAGES_MAX]; /* in order */
	size_t count;
	uint64_t bytes, bytes_max, next_order;
	struct spool_counts counts;
	int64_t saved_us; /* when what is unsaved was tried last */
	spool_drop *drop;
	void *self;
};

int64_t spool_delay_us(uint32_t failures, uint64_t id)
{
	const uint64_t words[] = { id, failures };
	uint32_t doublings = failures > 0 ? failures - 1 : 0;
	doublings = doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX;
	int64_t delay_us = FIRST_US << doublings;
	delay_us = delay_us < LONGEST_US ? delay_us : LONGEST_US;
	int64_t part = (int64_t)(hash_sum(words, sizeof(words)) % (HUNDRED + 1));
	/* 80 % to 100 %: never more than is promised. */
	return delay_us - delay_us * JITTER_PERCENT / HUNDRED * part / HUNDRED;
}

/* ---- what is in it ---- */

static struct spool_entry *entry_of(struct spool *spool, uint64_t id)
{
	for (size_t i = 0; i < spool->count; i++)
		if (spool->entries[i].message.id == id)
			return &spool->entries[i];
	return NULL;
}

static bool is_same_key(const struct spool_entry *a, const struct spool_message *b)
{
	return strcmp(a->message.key, b->key) == 0 &&
	       strcmp(a->message.sink, b->sink) == 0;
}

/* It is done, and known to be, also after a crash. */
static void forget(struct spool *spool, struct spool_entry *entry)
{
	size_t place = (size_t)(entry - spool->entries);
	spool_files_done(&spool->files, entry);
	spool->bytes -= entry->len;
	spool->counts.unsaved -= entry->unsaved != NULL ? 1 : 0;
	free(entry->unsaved);
	spool->count--;
	memmove(entry, entry + 1, (spool->count - place) * sizeof(*entry));
}

static void drop(struct spool *spool, struct spool_entry *entry, const char *why)
{
	const struct spool_message message = entry->message;
	forget(spool, entry);
	spool->counts.dropped++;
	spool->drop(spool->self, &message, why);
}

/* ---- room ---- */

static struct spool_entry *oldest_repeat(struct spool *spool)
{
	for (size_t i = 0; i < spool->count; i++)
		if (spool->entries[i].is_repeat && !spool->entries[i].is_under_way)
			return &spool->entries[i];
	return NULL;
}

static uint64_t bytes_of_sink(const struct spool *spool, const char *sink)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < spool->count; i++)
		if (strcmp(spool->entries[i].message.sink, sink) == 0)
			bytes += spool->entries[i].len;
	return bytes;
}

/* The oldest of the sink that takes most: what does not get on takes no room from who
 * does. */
static struct spool_entry *oldest_of_fullest(struct spool *spool)
{
	struct spool_entry *victim = NULL;
	uint64_t most = 0;
	for (size_t i = 0; i < spool->count; i++) {
		struct spool_entry *entry = &spool->entries[i];
		bool is_seen = victim != NULL &&
			       strcmp(victim->message.sink, entry->message.sink) == 0;
		if (entry->is_under_way || is_seen)
			continue;
		uint64_t bytes = bytes_of_sink(spool, entry->message.sink);
		if (bytes > most) {
			most = bytes;
			victim = entry;
		}
	}
	return victim;
}

static bool has_room(const struct spool *spool, size_t len)
{
	return spool->bytes + len <= spool->bytes_max &&
	       spool->count < SPOOL_MESSAGES_MAX;
}

static bool make_room(struct spool *spool, size_t len)
{
	while (!has_room(spool, len)) {
		struct spool_entry *victim = oldest_repeat(spool);
		if (victim == NULL)
			victim = oldest_of_fullest(spool);
		if (victim == NULL)
			return false;
		drop(spool, victim, "no room in the spool");
	}
	return true;
}

/* ---- putting ---- */

/* A repeat says nothing that what waits does not say. */
static bool is_said_anyway(const struct spool *spool,
			   const struct spool_message *message)
{
	if (strcmp(message->reason, "repeated") != 0)
		return false;
	for (size_t i = 0; i < spool->count; i++)
		if (is_same_key(&spool->entries[i], message))
			return true;
	return false;
}

/* In a file, or in memory. */
static bool save(struct spool *spool, struct spool_entry *entry, const void *bytes)
{
	if (spool_files_write(&spool->files, entry, bytes) == 0)
		return true;
	entry->unsaved = malloc(entry->len + 1);
	if (entry->unsaved == NULL)
		return false;
	memcpy(entry->unsaved, bytes, entry->len);
	spool->counts.unsaved++;
	return true;
}

enum spool_put spool_put(struct spool *spool, const struct spool_message *message,
			 const void *bytes, size_t len, int64_t now_us)
{
	if (entry_of(spool, message->id) != NULL ||
	    spool_files_is_done(&spool->files, message->id))
		return SPOOL_KNOWN;
	if (is_said_anyway(spool, message)) {
		spool->counts.merged++;
		return SPOOL_MERGED;
	}
	if (len == 0 || len > SPOOL_BYTES_MAX || !make_room(spool, len))
		return SPOOL_REFUSED;
	struct spool_entry *entry = &spool->entries[spool->count];
	*entry = (struct spool_entry){
		.message = *message,
		.order = spool->next_order++,
		.len = (uint32_t)len,
		.is_repeat = strcmp(message->reason, "repeated") == 0,
	};
	if (!save(spool, entry, bytes))
		return SPOOL_REFUSED;
	spool->saved_us = entry->unsaved != NULL ? now_us : spool->saved_us;
	spool->count++;
	spool->bytes += len;
	return SPOOL_TAKEN;
}

/* ---- sinks ---- */

static struct spool_sink *sink_of(struct spool *spool, const char *name)
{
	for (size_t i = 0; i < SPOOL_SINKS_MAX; i++)
		if (strcmp(spool->sinks[i].name, name) == 0)
			return &spool->sinks[i];
	return NULL;
}

void spool_clear_sinks(struct spool *spool)
{
	for (size_t i = 0; i < SPOOL_SINKS_MAX; i++)
		if (spool->sinks[i].is_busy)
			spool->sinks[i].next_us = 0;
		else
			spool->sinks[i] = (struct spool_sink){ .name = "" };
}

void spool_set_sink(struct spool *spool, const char *name, uint32_t a_minute)
{
	struct spool_sink *sink = sink_of(spool, name);
	if (sink == NULL)
		sink = sink_of(spool, "");
	if (sink == NULL || a_minute == 0)
		return;
	record_text(sink->name, sizeof(sink->name), name);
	sink->a_minute = a_minute;
}

static int64_t cost_us(const struct spool_sink *sink)
{
	return MINUTE_US / sink->a_minute;
}

/* What it has earned by then; a clock that was set back earns nothing. */
static int64_t earned_us(const struct spool_sink *sink, int64_t now_us)
{
	int64_t most_us = BURST * cost_us(sink);
	if (sink->seen_us == 0)
		return most_us;
	int64_t since_us = now_us > sink->seen_us ? now_us - sink->seen_us : 0;
	int64_t all_us = sink->earned_us + since_us;
	return all_us < most_us ? all_us : most_us;
}

static void spend(struct spool_sink *sink, int64_t now_us)
{
	sink->earned_us = earned_us(sink, now_us) - cost_us(sink);
	sink->seen_us = now_us;
}

/* When it may be told something, now or later. */
static int64_t ready_us(const struct spool_sink *sink, int64_t now_us)
{
	int64_t missing_us = cost_us(sink) - earned_us(sink, now_us);
	int64_t earned_at_us = missing_us > 0 ? now_us + missing_us : now_us;
	/* The clock was set back: it would wait for hours. */
	bool is_sane = sink->next_us <= now_us + LONGEST_US;
	int64_t next_us = is_sane ? sink->next_us : now_us;
	return next_us > earned_at_us ? next_us : earned_at_us;
}

/* ---- which one ---- */

/* An earlier one of its key waits. */
static bool is_behind(const struct spool *spool, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (is_same_key(&spool->entries[i], &spool->entries[place].message))
			return true;
	return false;
}

static bool goes_before(const struct spool_entry *a, const struct spool_entry *b)
{
	uint32_t passed_a = a->message.tries / PASSED_AFTER;
	uint32_t passed_b = b->message.tries / PASSED_AFTER;
	return passed_a != passed_b ? passed_a < passed_b : a->order < b->order;
}

static struct spool_entry *choose(struct spool *spool, const char *sink)
{
	struct spool_entry *best = NULL;
	for (size_t i = 0; i < spool->count; i++) {
		struct spool_entry *entry = &spool->entries[i];
		if (strcmp(entry->message.sink, sink) == 0 &&
		    (best == NULL || goes_before(entry, best)) && !is_behind(spool, i))
			best = entry;
	}
	return best;
}

static bool has_any(const struct spool *spool, const char *sink)
{
	for (size_t i = 0; i < spool->count; i++)
		if (strcmp(spool->entries[i].message.sink, sink) == 0)
			return true;
	return false;
}

static int read_bytes(const struct spool *spool, const struct spool_entry *entry,
		      struct buf *bytes)
{
	if (entry->unsaved == NULL)
		return spool_files_read(&spool->files, entry, bytes);
	buf_add(bytes, entry->unsaved, entry->len);
	return 0;
}

bool spool_next(struct spool *spool, const char *name, int64_t now_us,
		struct spool_message *message, struct buf *bytes)
{
	struct spool_sink *sink = sink_of(spool, name);
	struct spool_entry *entry;
	if (sink == NULL || sink->is_busy || ready_us(sink, now_us) > now_us)
		return false;
	while ((entry = choose(spool, name)) != NULL) {
		buf_clear(bytes);
		if (read_bytes(spool, entry, bytes) == 0 && buf_ok(bytes))
			break;
		drop(spool, entry, "its file can't be read");
	}
	if (entry == NULL)
		return false;
	spend(sink, now_us);
	sink->is_busy = true;
	entry->is_under_way = true;
	*message = entry->message;
	return true;
}

bool spool_result(struct spool *spool, uint64_t id, enum notify_outcome outcome,
		  int64_t now_us, struct spool_message *message)
{
	struct spool_entry *entry = entry_of(spool, id);
	if (entry == NULL || !entry->is_under_way)
		return false;
	struct spool_sink *sink = sink_of(spool, entry->message.sink);
	entry->is_under_way = false;
	entry->message.tries++;
	*message = entry->message;
	bool failed = outcome == NOTIFY_LATER;
	if (sink != NULL) {
		sink->is_busy = false;
		sink->failures = failed ? sink->failures + 1 : 0;
		sink->next_us =
			failed ? now_us + spool_delay_us(sink->failures, id) : now_us;
	}
	if (failed)
		return true;
	spool->counts.dropped += outcome == NOTIFY_NEVER ? 1 : 0;
	forget(spool, entry);
	return true;
}

void spool_wait(struct spool *spool, const char *name, int64_t wait_us, int64_t now_us)
{
	struct spool_sink *sink = sink_of(spool, name);
	int64_t until_us = now_us + (wait_us < LONGEST_US ? wait_us : LONGEST_US);
	if (sink != NULL && sink->next_us < until_us)
		sink->next_us = until_us;
}

int64_t spool_next_us(const struct spool *spool, const char *name, int64_t now_us)
{
	const struct spool_sink *sink = sink_of((struct spool *)spool, name);
	if (sink == NULL || sink->is_busy || !has_any(spool, name))
		return INT64_MAX;
	return ready_us(sink, now_us);
}

/* ---- time ---- */

static void save_again(struct spool *spool, int64_t now_us)
{
	bool is_due = now_us - spool->saved_us >= SAVE_US || now_us < spool->saved_us;
	if (spool->counts.unsaved == 0 || !is_due)
		return;
	spool->saved_us = now_us;
	for (size_t i = 0; i < spool->count; i++) {
		struct spool_entry *entry = &spool->entries[i];
		if (entry->unsaved == NULL)
			continue;
		if (spool_files_write(&spool->files, entry, entry->unsaved) != 0)
			return;
		free(entry->unsaved);
		entry->unsaved = NULL;
		spool->counts.unsaved--;
	}
}

void spool_tick(struct spool *spool, int64_t now_us)
{
	save_again(spool, now_us);
	for (size_t i = spool->count; i-- > 0;) {
		struct spool_entry *entry = &spool->entries[i];
		if (!entry->is_under_way && now_us - entry->message.due_us > GIVE_UP_US)
			drop(spool, entry, "given up after three days");
	}
}

struct spool_counts spool_counts(const struct spool *spool)
{
	struct spool_counts counts = spool->counts;
	counts.waiting = (uint32_t)spool->count;
	counts.bytes = spool->bytes;
	return counts;
}

/* ---- its life ---- */

static void take_up(void *self, const struct spool_entry *entry)
{
	struct spool *spool = self;
	spool->next_order = entry->order + 1;
	if (entry_of(spool, entry->message.id) != NULL ||
	    !make_room(spool, entry->len)) {
		spool_files_remove(&spool->files, entry);
		return;
	}
	spool->entries[spool->count++] = *entry;
	spool->bytes += entry->len;
}

struct spool *spool_open(const char *folder, uint64_t bytes_max, spool_drop *drop_one,
			 void *self, struct buf *why)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	if (spool == NULL)
		return NULL;
	spool->bytes_max = bytes_max;
	spool->drop = drop_one;
	spool->self = self;
	spool->files.done_fd = -1;
	int status = spool_files_open(&spool->files, folder);
	if (status == 0)
		status = spool_files_each(&spool->files, take_up, spool);
	if (status < 0) {
		buf_printf(why, "%s: %s", folder, strerror(-status));
		spool_close(spool);
		return NULL;
	}
	if (status > 0)
		buf_printf(why, "%s: %d damaged files of messages were removed", folder,
			   status);
	spool->counts.dropped += (uint64_t)status;
	return spool;
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	save_again(spool, spool->saved_us + SAVE_US);
	for (size_t i = 0; i < spool->count; i++)
		free(spool->entries[i].unsaved);
	spool_files_close(&spool->files);
	free(spool);
}
