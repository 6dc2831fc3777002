/*
 * steer.c: see steer.h.
 *
 * The plan is read when its bucket says that something changed, and every ten seconds
 * in any case: once a second, and before a question is answered, since any hub may be
 * asked by whom the leader has just told.  Documents never change under their key, so
 * what was read once is kept as long as a sensor asks for it.
 */
#include "fleet/steer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_AGAIN_S = 10,
	CACHED_MAX = 256,
	CACHED_BYTES_MAX = 64 << 20,
	TOLD_A_SECOND = 5000,
};

struct cached {
	char key[PLAN_KEY_MAX];
	struct buf bytes;
	uint64_t used; /* when, in questions */
};

struct steer {
	struct steer_options options;
	struct link_watch *watch;          /* NULL: not yet */
	atomic_bool is_changed, is_behind; /* the bucket; what was to be read was not */
	atomic_bool is_news;               /* for the sensors */
	pthread_mutex_t reading;           /* of who reads or changes the plan */
	pthread_mutex_t lock;              /* of what follows, to the cache */
	struct plan plan;
	uint64_t revision;
	struct buf shared; /* the document of shared findings */
	uint64_t shared_version;
	struct cached cached[CACHED_MAX];
	size_t cached_count, cached_bytes;
	uint64_t questions;
	/* The main thread's. */
	struct plan_watch progress;
	struct plan_rollout seen; /* in the second before */
	unsigned seconds;
	size_t telling; /* the next sensor to be told; SIZE_MAX: none is */
};

/* ---- what is in the bucket ---- */

static void note_change(void *to, const char *key, const void *value, size_t len,
			uint64_t revision)
{
	struct steer *steer = to;
	(void)value;
	(void)len;
	(void)revision;
	if (strcmp(key, PLAN_KEY) == 0 || strcmp(key, PLAN_SHARED) == 0)
		atomic_store(&steer->is_changed, true);
}

static void take_shared(struct steer *steer, struct buf *bytes)
{
	struct document document;
	char why[DOCUMENT_WHY_MAX];
	if (document_open(bytes->at, bytes->len, steer->options.key, &document, why) ==
		    0 ||
	    document.kind != DOCUMENT_SHARED)
		return;
	pthread_mutex_lock(&steer->lock);
	if (document.version != steer->shared_version)
		atomic_store(&steer->is_news, true);
	steer->shared_version = document.version;
	struct buf before = steer->shared;
	steer->shared = *bytes;
	pthread_mutex_unlock(&steer->lock);
	*bytes = before;
}

static void read_shared(struct steer *steer)
{
	struct buf bytes = { 0 };
	uint64_t revision;
	if (link_get(steer->options.link, PLAN_SHARED, &bytes, &revision) == 0)
		take_shared(steer, &bytes);
	buf_free(&bytes);
}

static bool read_all(struct steer *steer)
{
	char error[BUCKET_ERROR_MAX];
	uint64_t revision;
	struct plan *plan = malloc(sizeof(*plan));
	bool good = plan != NULL &&
		    bucket_read(steer->options.link, plan, &revision, error) == 0;
	if (good && revision != steer->revision) {
		pthread_mutex_lock(&steer->lock);
		steer->plan = *plan;
		steer->revision = revision;
		pthread_mutex_unlock(&steer->lock);
		atomic_store(&steer->is_news, true);
	}
	free(plan);
	read_shared(steer);
	return good;
}

/* What can't be read now, the next second reads: who asks does not wait for it again.
 */
static void catch_up(struct steer *steer)
{
	pthread_mutex_lock(&steer->reading);
	if (atomic_exchange(&steer->is_changed, false) && !read_all(steer))
		atomic_store(&steer->is_behind, true);
	pthread_mutex_unlock(&steer->reading);
}

/* ---- what was read of it; all under the lock ---- */

static void drop_oldest(struct steer *steer)
{
	size_t oldest = 0;
	for (size_t i = 1; i < steer->cached_count; i++)
		if (steer->cached[i].used < steer->cached[oldest].used)
			oldest = i;
	steer->cached_bytes -= steer->cached[oldest].bytes.len;
	buf_free(&steer->cached[oldest].bytes);
	steer->cached[oldest] = steer->cached[--steer->cached_count];
}

/* NULL: it can't be had now. */
static const struct buf *document_of(struct steer *steer,
				     const struct plan_entry *entry, uint64_t version)
{
	char key[PLAN_KEY_MAX];
	struct cached fresh = { .used = steer->questions };
	plan_key(&entry->scope, entry->kind, version, key);
	for (size_t i = 0; i < steer->cached_count; i++)
		if (strcmp(steer->cached[i].key, key) == 0) {
			steer->cached[i].used = steer->questions;
			return &steer->cached[i].bytes;
		}
	if (bucket_document(steer->options.link, &entry->scope, entry->kind, version,
			    &fresh.bytes) != 0 ||
	    !buf_ok(&fresh.bytes)) {
		buf_free(&fresh.bytes);
		return NULL;
	}
	while (steer->cached_count > 0 &&
	       (steer->cached_count == CACHED_MAX ||
		steer->cached_bytes + fresh.bytes.len > CACHED_BYTES_MAX))
		drop_oldest(steer);
	memcpy(fresh.key, key, sizeof(fresh.key));
	steer->cached_bytes += fresh.bytes.len;
	steer->cached[steer->cached_count] = fresh;
	return &steer->cached[steer->cached_count++].bytes;
}

/* ---- answers ---- */

static void add_news(struct steer *steer, const struct document_reader *reader,
		     const struct news_have *have, size_t count, struct buf *answer)
{
	for (size_t i = 0; i < steer->plan.count; i++) {
		const struct plan_entry *entry = &steer->plan.entries[i];
		if (!document_is_for(&entry->scope, reader))
			continue;
		uint64_t version =
			plan_version_for(&steer->plan, entry, reader->sensor);
		if (version <= news_has(have, count, &entry->scope, entry->kind))
			continue;
		const struct buf *bytes = document_of(steer, entry, version);
		if (bytes != NULL && answer->len + bytes->len <= NEWS_ANSWER_MAX)
			buf_add(answer, bytes->at, bytes->len);
	}
	const struct document_scope all = { .of = SCOPE_ALL };
	if (steer->shared_version > news_has(have, count, &all, DOCUMENT_SHARED) &&
	    answer->len + steer->shared.len <= NEWS_ANSWER_MAX)
		buf_add(answer, steer->shared.at, steer->shared.len);
}

bool steer_hear(struct steer *steer, const char *subject, const void *bytes, size_t len,
		struct buf *answer)
{
	struct news_have have[NEWS_HAVE_MAX];
	struct document_reader reader;
	const char *name = strrchr(subject, '.');
	if (!news_is_ask(bytes, len))
		return false;
	int count = news_ask_read(bytes, len, have);
	/* The server let only that sensor ask on that subject. */
	int found =
		name != NULL && count >= 0
			? steer->options.find(steer->options.self, name + 1, &reader)
			: -ENOENT;
	answer->failed = found == -EAGAIN; /* it asks again */
	if (found != 0)
		return true;
	if (atomic_load(&steer->is_changed))
		catch_up(steer);
	buf_text(answer, NEWS_ANSWER);
	pthread_mutex_lock(&steer->lock);
	steer->questions++;
	add_news(steer, &reader, have, (size_t)count, answer);
	pthread_mutex_unlock(&steer->lock);
	return true;
}

/* ---- the leader's ---- */

static void say(const struct steer *steer, const char *action, const char *actor,
		uint64_t before, uint64_t after, const char *why)
{
	const struct plan_rollout *r = &steer->plan.rollout;
	char scope[SCOPE_TEXT_MAX], subject[SCOPE_TEXT_MAX + 16], was[32],
		is[PLAN_WHY_MAX + 32];
	document_scope_text(&r->scope, scope);
	snprintf(subject, sizeof(subject), "%s %s", document_kind_name(r->kind), scope);
	snprintf(was, sizeof(was), "version %" PRIu64, before);
	snprintf(is, sizeof(is), "version %" PRIu64 "%s%s", after,
		 why[0] != '\0' ? ": " : "", why);
	if (steer->options.audit != NULL)
		steer->options.audit(steer->options.self, action, actor, subject, was,
				     is);
}

/* The plan as it would be becomes the one in force, if nobody was quicker. */
static bool put_plan(struct steer *steer, const struct plan *next)
{
	char error[BUCKET_ERROR_MAX];
	uint64_t revision = steer->revision;
	int result = bucket_write(steer->options.link, next, &revision, error);
	if (result != 0) {
		atomic_store(&steer->is_changed, true);
		return false;
	}
	pthread_mutex_lock(&steer->lock);
	steer->plan = *next;
	steer->revision = revision;
	pthread_mutex_unlock(&steer->lock);
	atomic_store(&steer->is_news, true);
	return true;
}

static void step(struct steer *steer, const struct plan *next)
{
	const struct plan_rollout *r = &next->rollout;
	char text[64];
	bool begins = r->step_us != 0 && r->step == 0;
	if (!put_plan(steer, next))
		return;
	snprintf(text, sizeof(text), "%u%% of the sensors", r->steps[r->step]);
	if (r->state == PLAN_DONE)
		say(steer, "fleet_done", "breakwater", r->before, r->coming, "");
	else if (begins)
		say(steer, "fleet_apply", r->by, r->before, r->coming, text);
	else if (r->step_us != 0)
		say(steer, "fleet_step", "breakwater", r->before, r->coming, text);
	if (r->state == PLAN_DONE)
		bucket_prune(steer->options.link, &r->scope, r->kind);
}

static void halt(struct steer *steer, struct plan *next, const char *why,
		 int64_t now_us)
{
	const struct bucket_change change = { steer->options.link, steer->options.key,
					      "breakwater", now_us };
	char error[BUCKET_ERROR_MAX];
	uint64_t revision = steer->revision, version = 0, coming = next->rollout.coming;
	int result = bucket_halt(&change, next, &revision, why, &version, error);
	if (result != 0) {
		atomic_store(&steer->is_changed, true); /* and tried again */
		return;
	}
	pthread_mutex_lock(&steer->lock);
	steer->plan = *next;
	steer->revision = revision;
	pthread_mutex_unlock(&steer->lock);
	atomic_store(&steer->is_news, true);
	say(steer, "fleet_halt", "breakwater", coming, coming, why);
	say(steer, "fleet_return", "breakwater", coming, version, "");
}

/* Another has changed the plan: a person went back. */
static void note_ended(const struct steer *steer, const struct plan_rollout *before)
{
	const struct plan_rollout *r = &steer->plan.rollout;
	if (before->state == PLAN_ROLLING && r->state == PLAN_HALTED &&
	    before->coming == r->coming)
		say(steer, "fleet_return", r->ended_by, r->coming,
		    plan_find((struct plan *)&steer->plan, &r->scope, r->kind)->version,
		    r->why);
}

static void drive(struct steer *steer, const struct plan_sensor *sensors, size_t count,
		  int64_t now_us)
{
	char why[PLAN_WHY_MAX];
	if (steer->plan.rollout.state != PLAN_ROLLING)
		return;
	struct plan *next = malloc(sizeof(*next));
	if (next == NULL)
		return;
	*next = steer->plan;
	struct plan_watch progress = steer->progress;
	enum plan_news news = plan_second(next, &progress, sensors, count, now_us, why);
	pthread_mutex_lock(&steer->lock);
	steer->progress = progress; /* which steer_json() shows */
	pthread_mutex_unlock(&steer->lock);
	if (news == PLAN_STEPPED)
		step(steer, next);
	else if (news == PLAN_BROKEN)
		halt(steer, next, why, now_us);
	free(next);
}

/* They ask from time to time in any case: who is not reached is only later. */
static void tell(struct steer *steer, const struct plan_sensor *sensors, size_t count)
{
	if (atomic_exchange(&steer->is_news, false))
		steer->telling = 0;
	for (int i = 0; i < TOLD_A_SECOND && steer->telling < count; i++) {
		const struct sensor_record *record = sensors[steer->telling++].record;
		char subject[FLEET_SUBJECT_MAX];
		bool is_up = record->state != NULL && strcmp(record->state, "up") == 0;
		snprintf(subject, sizeof(subject), FLEET_TOLD, record->sensor);
		if (is_up)
			link_tell(steer->options.link, subject, NEWS_TOLD,
				  strlen(NEWS_TOLD));
	}
	if (steer->telling >= count)
		steer->telling = SIZE_MAX;
}

void steer_second(struct steer *steer, bool leads, const struct plan_sensor *sensors,
		  size_t count, int64_t now_us)
{
	if (steer->watch == NULL)
		steer->watch = link_watch(steer->options.link, PLAN_DOCUMENTS,
					  note_change, steer);
	pthread_mutex_lock(&steer->reading);
	bool is_due = steer->seconds++ % READ_AGAIN_S == 0;
	is_due |= atomic_exchange(&steer->is_behind, false);
	is_due |= atomic_exchange(&steer->is_changed, false);
	if (is_due && !read_all(steer))
		atomic_store(&steer->is_behind, true);
	if (leads) {
		note_ended(steer, &steer->seen);
		drive(steer, sensors, count, now_us);
	}
	steer->seen = steer->plan.rollout;
	pthread_mutex_unlock(&steer->reading);
	if (leads)
		tell(steer, sensors, count);
	else
		steer->telling = SIZE_MAX;
}

/* ---- begin and end ---- */

struct steer *steer_open(const struct steer_options *options)
{
	struct steer *steer = calloc(1, sizeof(*steer));
	if (steer == NULL)
		return NULL;
	steer->options = *options;
	steer->telling = SIZE_MAX;
	pthread_mutex_init(&steer->reading, NULL);
	pthread_mutex_init(&steer->lock, NULL);
	atomic_store(&steer->is_changed, true);
	return steer;
}

void steer_close(struct steer *steer)
{
	if (steer == NULL)
		return;
	if (steer->watch != NULL)
		link_watch_close(steer->watch);
	while (steer->cached_count > 0)
		drop_oldest(steer);
	buf_free(&steer->shared);
	pthread_mutex_destroy(&steer->lock);
	pthread_mutex_destroy(&steer->reading);
	free(steer);
}

/* ---- how it is ---- */

static void json_rollout(const struct steer *steer, struct buf *out)
{
	const struct plan_rollout *r = &steer->plan.rollout;
	char scope[SCOPE_TEXT_MAX];
	document_scope_text(&r->scope, scope);
	buf_printf(out,
		   "{\"state\":\"%s\",\"kind\":\"%s\",\"scope\":\"%s\","
		   "\"before\":%" PRIu64 ",\"version\":%" PRIu64
		   ",\"step\":%u,\"steps\":%u,\"percent\":%u,\"told\":%u,\"up\":%u,"
		   "\"have\":%u,\"by\":\"",
		   plan_state_name(r->state), document_kind_name(r->kind), scope,
		   r->before, r->coming, r->step + 1U, r->step_count, r->steps[r->step],
		   steer->progress.told, steer->progress.up, steer->progress.have);
	buf_json_text(out, r->by);
	buf_text(out, "\",\"why\":\"");
	buf_json_text(out, r->why);
	buf_text(out, "\"}");
}

void steer_json(struct steer *steer, struct buf *out)
{
	char scope[SCOPE_TEXT_MAX];
	pthread_mutex_lock(&steer->lock);
	buf_text(out, "{\"rollout\":");
	json_rollout(steer, out);
	buf_text(out, ",\"documents\":[");
	for (size_t i = 0; i < steer->plan.count; i++) {
		const struct plan_entry *entry = &steer->plan.entries[i];
		document_scope_text(&entry->scope, scope);
		buf_printf(out,
			   "%s{\"scope\":\"%s\",\"kind\":\"%s\",\"version\":%" PRIu64
			   "}",
			   i > 0 ? "," : "", scope, document_kind_name(entry->kind),
			   entry->version);
	}
	buf_text(out, "]}");
	pthread_mutex_unlock(&steer->lock);
}
