/*
 * link_bucket.c: what is kept once for all hubs, in JetStream's key-value store.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/link_inside.h"

#define KEY_SUBJECTS "$KV." LINK_BUCKET "."

/* The library asks the servers for the bucket each time: it is there, or not any more.
 */
static natsStatus open_bucket(struct link *link, struct link_session **session,
			      kvStore **bucket)
{
	*bucket = NULL;
	*session = link_session_take(link, 0);
	if (*session == NULL)
		return NATS_NOT_YET_CONNECTED;
	return js_KeyValue(bucket, (*session)->js, LINK_BUCKET);
}

static void close_bucket(struct link *link, struct link_session *session,
			 kvStore *bucket)
{
	kvStore_Destroy(bucket);
	if (session != NULL)
		link_session_give(link, session);
}

int link_get(struct link *link, const char *key, struct buf *value, uint64_t *revision)
{
	struct link_session *session = NULL;
	kvStore *bucket = NULL;
	kvEntry *entry = NULL;
	int result = -EAGAIN;
	natsStatus status = open_bucket(link, &session, &bucket);
	if (status == NATS_OK) {
		status = kvStore_Get(&entry, bucket, key);
		if (status == NATS_NOT_FOUND)
			result = -ENOENT;
	}
	if (status == NATS_OK) {
		buf_add(value, kvEntry_Value(entry), (size_t)kvEntry_ValueLen(entry));
		*revision = kvEntry_Revision(entry);
		result = buf_ok(value) ? 0 : -ENOMEM;
	}
	kvEntry_Destroy(entry);
	close_bucket(link, session, bucket);
	return result;
}

static natsStatus put(kvStore *bucket, const char *key, const void *value, size_t len,
		      uint64_t revision, uint64_t *now)
{
	if (revision == 0)
		return kvStore_Create(now, bucket, key, value, (int)len);
	if (revision == UINT64_MAX)
		return kvStore_Put(now, bucket, key, value, (int)len);
	return kvStore_Update(now, bucket, key, value, (int)len, revision);
}

/* The server's words for it, as the library passes no code on here. */
static bool was_another_quicker(void)
{
	natsStatus status = NATS_OK;
	const char *text = nats_GetLastError(&status);
	return text != NULL && (strstr(text, "wrong last sequence") != NULL ||
				strstr(text, "key exists") != NULL);
}

int link_put(struct link *link, const char *key, const void *value, size_t len,
	     uint64_t revision, uint64_t *now)
{
	struct link_session *session = NULL;
	kvStore *bucket = NULL;
	int result = -EAGAIN;
	natsStatus status = open_bucket(link, &session, &bucket);
	if (status == NATS_OK) {
		status = put(bucket, key, value, len, revision, now);
		result = status == NATS_OK       ? 0
			 : was_another_quicker() ? -EEXIST
						 : -EAGAIN;
	}
	close_bucket(link, session, bucket);
	return result;
}

/* The library's own call would remove whatever there is. */
static natsStatus remove_key(jsCtx *js, const char *key, uint64_t revision)
{
	char subject[FLEET_SUBJECT_MAX];
	jsPubOptions options;
	jsPubOptions_Init(&options);
	if (revision != UINT64_MAX)
		options.ExpectLastSubjectSeq = revision;
	natsMsg *message = NULL;
	snprintf(subject, sizeof(subject), KEY_SUBJECTS "%s", key);
	natsStatus status = natsMsg_Create(&message, subject, NULL, NULL, 0);
	if (status == NATS_OK)
		status = natsMsgHeader_Set(message, "KV-Operation", "DEL");
	if (status == NATS_OK)
		status = js_PublishMsg(NULL, js, message, &options, NULL);
	natsMsg_Destroy(message);
	return status;
}

int link_remove_if(struct link *link, const char *key, uint64_t revision)
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL)
		return -EAGAIN;
	int result = 0;
	if (remove_key(session->js, key, revision) != NATS_OK)
		result = was_another_quicker() ? -EEXIST : -EAGAIN;
	link_session_give(link, session);
	return result;
}

int link_remove(struct link *link, const char *key)
{
	return link_remove_if(link, key, UINT64_MAX);
}

/* NATS has wildcards for whole tokens only. */
static void pattern_of(const char *prefix, char out[static FLEET_SUBJECT_MAX])
{
	const char *dot = strrchr(prefix, '.');
	snprintf(out, FLEET_SUBJECT_MAX, "%.*s>",
		 dot != NULL ? (int)(dot - prefix) + 1 : 0, prefix);
}

/* ---- all of them ---- */

typedef void (*take_key)(void *to, const char *key, const void *value, size_t len,
			 uint64_t revision);

static natsStatus walk(kvWatcher *watcher, const char *prefix, take_key take, void *to)
{
	for (;;) {
		kvEntry *entry = NULL;
		natsStatus status = kvWatcher_Next(&entry, watcher, LINK_REQUEST_MS);
		/* No entry: these were all. */
		if (status != NATS_OK || entry == NULL)
			return status;
		if (strncmp(kvEntry_Key(entry), prefix, strlen(prefix)) == 0)
			take(to, kvEntry_Key(entry), kvEntry_Value(entry),
			     (size_t)kvEntry_ValueLen(entry), kvEntry_Revision(entry));
		kvEntry_Destroy(entry);
	}
}

int link_each(struct link *link, const char *prefix, take_key take, void *to)
{
	struct link_session *session = NULL;
	kvStore *bucket = NULL;
	kvWatcher *watcher = NULL;
	kvWatchOptions options;
	kvWatchOptions_Init(&options);
	options.IgnoreDeletes = true;
	char pattern[FLEET_SUBJECT_MAX];
	pattern_of(prefix, pattern);
	natsStatus status = open_bucket(link, &session, &bucket);
	if (status == NATS_OK)
		status = kvStore_Watch(&watcher, bucket, pattern, &options);
	if (status == NATS_OK)
		status = walk(watcher, prefix, take, to);
	kvWatcher_Destroy(watcher);
	close_bucket(link, session, bucket);
	return status == NATS_OK ? 0 : -EAGAIN;
}

/* ---- changes: a bucket is a stream, and followed as one ---- */

struct link_watch {
	struct link_follow *follow;
	char prefix[FLEET_SUBJECT_MAX];
	take_key take;
	void *to;
};

static bool is_removal(natsMsg *message)
{
	const char *operation = NULL;
	return natsMsgHeader_Get(message, "KV-Operation", &operation) == NATS_OK &&
	       operation != NULL &&
	       (strcmp(operation, "DEL") == 0 || strcmp(operation, "PURGE") == 0);
}

static void take_change(void *self, natsMsg *message, const struct link_message *told)
{
	struct link_watch *watch = self;
	const char *key = told->subject + strlen(KEY_SUBJECTS);
	if (strncmp(told->subject, KEY_SUBJECTS, strlen(KEY_SUBJECTS)) != 0 ||
	    strncmp(key, watch->prefix, strlen(watch->prefix)) != 0)
		return;
	bool is_removed = is_removal(message);
	watch->take(watch->to, key, is_removed ? NULL : told->bytes,
		    is_removed ? 0 : told->len, told->sequence);
}

struct link_watch *link_watch(struct link *link, const char *prefix, take_key take,
			      void *to)
{
	struct link_watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return NULL;
	snprintf(watch->prefix, sizeof(watch->prefix), "%s", prefix);
	watch->take = take;
	watch->to = to;
	struct link_followed what = { .stream = LINK_BUCKET_STREAM,
				      .since_us = LINK_FROM_NOW };
	char pattern[FLEET_SUBJECT_MAX];
	pattern_of(prefix, pattern);
	snprintf(what.filter, sizeof(what.filter), KEY_SUBJECTS "%.*s",
		 (int)(sizeof(what.filter) - sizeof(KEY_SUBJECTS)), pattern);
	watch->follow = link_follow_raw(link, &what, take_change, watch);
	if (watch->follow != NULL)
		return watch;
	free(watch);
	return NULL;
}

bool link_watch_has_begun(const struct link_watch *watch)
{
	return link_follow_has_begun(watch->follow);
}

void link_watch_close(struct link_watch *watch)
{
	if (watch == NULL)
		return;
	link_follow_close(watch->follow);
	free(watch);
}
