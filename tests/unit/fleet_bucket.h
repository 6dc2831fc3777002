/*
 * fleet_bucket.h: the fleet's bucket in memory, in the place of the servers' (link.h),
 * for tests: any of its writes can get lost, and it can be silent about a key.
 *
 * Include after cmocka.h.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fleet/link.h"
#include "fleet/member.h"

enum { ROWS_MAX = 16 };

struct row {
	char key[MEMBER_KEY_MAX];
	char value[65536];
	size_t len;
	uint64_t revision;
};

static struct {
	struct row rows[ROWS_MAX];
	size_t count;
	uint64_t revision;
	int puts;
	int lost;           /* which put's answer does not come back; 0: none */
	bool is_kept;       /* whether that one was stored all the same */
	const char *silent; /* a key that is not answered for; NULL: none */
} bucket;

/* Of the bucket, where there is more than one thread. */
static pthread_mutex_t bucket_lock = PTHREAD_MUTEX_INITIALIZER;

static struct row *row_of(const char *key)
{
	for (size_t i = 0; i < bucket.count; i++)
		if (strcmp(bucket.rows[i].key, key) == 0)
			return &bucket.rows[i];
	return NULL;
}

int link_get(struct link *link, const char *key, struct buf *value, uint64_t *revision)
{
	int result = 0;
	(void)link;
	pthread_mutex_lock(&bucket_lock);
	const struct row *row = row_of(key);
	if (bucket.silent != NULL && strcmp(bucket.silent, key) == 0) {
		result = -EAGAIN;
	} else if (row == NULL) {
		result = -ENOENT;
	} else {
		buf_add(value, row->value, row->len);
		*revision = row->revision;
	}
	pthread_mutex_unlock(&bucket_lock);
	return result;
}

static void store(const char *key, const void *value, size_t len)
{
	struct row *row = row_of(key);
	if (row == NULL) {
		assert_true(bucket.count < ROWS_MAX);
		row = &bucket.rows[bucket.count++];
		snprintf(row->key, sizeof(row->key), "%s", key);
	}
	assert_true(len <= sizeof(row->value));
	memcpy(row->value, value, len);
	row->len = len;
	row->revision = ++bucket.revision;
}

static int put(const char *key, const void *value, size_t len, uint64_t revision,
	       uint64_t *now)
{
	const struct row *row = row_of(key);
	bool is_lost = ++bucket.puts == bucket.lost;
	if (is_lost && !bucket.is_kept)
		return -EAGAIN;
	if (revision != UINT64_MAX && revision != (row != NULL ? row->revision : 0))
		return -EEXIST;
	store(key, value, len);
	*now = bucket.revision;
	return is_lost ? -EAGAIN : 0;
}

int link_put(struct link *link, const char *key, const void *value, size_t len,
	     uint64_t revision, uint64_t *now)
{
	(void)link;
	pthread_mutex_lock(&bucket_lock);
	int result = put(key, value, len, revision, now);
	pthread_mutex_unlock(&bucket_lock);
	return result;
}

int link_each(struct link *link, const char *prefix,
	      void (*take)(void *to, const char *key, const void *value, size_t len,
			   uint64_t revision),
	      void *to)
{
	(void)link;
	pthread_mutex_lock(&bucket_lock);
	for (size_t i = 0; i < bucket.count; i++) {
		const struct row *row = &bucket.rows[i];
		if (strncmp(row->key, prefix, strlen(prefix)) == 0)
			take(to, row->key, row->value, row->len, row->revision);
	}
	pthread_mutex_unlock(&bucket_lock);
	return 0;
}

int link_remove(struct link *link, const char *key)
{
	(void)link;
	pthread_mutex_lock(&bucket_lock);
	struct row *row = row_of(key);
	if (row != NULL)
		*row = bucket.rows[--bucket.count];
	pthread_mutex_unlock(&bucket_lock);
	return 0;
}

/* Nobody is told here. */
int link_ask(struct link *link, const char *subject, const void *bytes, size_t len,
	     int timeout_ms, struct buf *answer)
{
	(void)link;
	(void)subject;
	(void)bytes;
	(void)len;
	(void)timeout_ms;
	(void)answer;
	return -EAGAIN;
}
