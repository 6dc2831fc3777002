/*
 * hub_lease.c: see hub_lease.h.
 */
#include "cli/hub_lease.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"

#define KEPT_KEY "lead_told" /* the file of who was told what (alert/tell_keep.c) */
enum { STEP_MS = 50 };

struct hub_lease {
	struct link *link;
	char own[96]; /* what this process puts there: its name, and a number */
	pthread_t thread;
	atomic_bool stops;
	pthread_mutex_t lock;
	/* Under it: */
	struct lease lease;
	field_text64 leader;
	struct buf keep, kept; /* to be put there; found there */
	bool has_kept, keeps;
};

static int64_t now(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* "hub-1 5f2e...": the name is all before the space. */
static void note_leader(struct hub_lease *lease, const char *value)
{
	snprintf(lease->leader, sizeof(lease->leader), "%.*s", (int)strcspn(value, " "),
		 value);
}

static void look(struct hub_lease *lease)
{
	struct buf value = { 0 };
	uint64_t revision = 0;
	int result = link_get(lease->link, LEASE_KEY, &value, &revision);
	const char *text = buf_cstr(&value);
	pthread_mutex_lock(&lease->lock);
	if (result == -EAGAIN || text == NULL) {
		lease_saw_nothing(&lease->lease, now());
	} else {
		bool is_there = result == 0;
		lease_saw(&lease->lease, is_there ? revision : 0,
			  is_there && strcmp(text, lease->own) == 0, now());
		note_leader(lease, is_there ? text : "");
	}
	pthread_mutex_unlock(&lease->lock);
	buf_free(&value);
}

/* Whom the last leader told: before this one says a word.  False: not to be known now.
 */
static bool find_kept(struct hub_lease *lease)
{
	struct buf value = { 0 };
	uint64_t revision;
	int result = link_get(lease->link, KEPT_KEY, &value, &revision);
	pthread_mutex_lock(&lease->lock);
	buf_free(&lease->kept);
	lease->has_kept = result == 0;
	if (lease->has_kept)
		lease->kept = value;
	else
		buf_free(&value);
	pthread_mutex_unlock(&lease->lock);
	return result == 0 || result == -ENOENT;
}

static void put(struct hub_lease *lease, uint64_t expected)
{
	uint64_t revision = 0;
	int64_t asked_us = now();
	int result = link_put(lease->link, LEASE_KEY, lease->own, strlen(lease->own),
			      expected, &revision);
	pthread_mutex_lock(&lease->lock);
	bool led = lease_leads(&lease->lease, now());
	pthread_mutex_unlock(&lease->lock);
	if (result == 0 && !led && !find_kept(lease))
		result = -EAGAIN;
	pthread_mutex_lock(&lease->lock);
	lease_was_put(&lease->lease, result, revision, asked_us, now());
	if (result == 0)
		note_leader(lease, lease->own);
	pthread_mutex_unlock(&lease->lock);
}

/* Only while it leads: what another leader keeps is newer. */
static void keep(struct hub_lease *lease)
{
	struct buf value = { 0 };
	uint64_t revision;
	pthread_mutex_lock(&lease->lock);
	if (lease->keeps && lease_leads(&lease->lease, now())) {
		value = lease->keep;
		lease->keep = (struct buf){ 0 };
		lease->keeps = false;
	}
	pthread_mutex_unlock(&lease->lock);
	if (value.len > 0)
		link_put(lease->link, KEPT_KEY, value.at, value.len, UINT64_MAX,
			 &revision);
	buf_free(&value);
}

static void step(struct hub_lease *lease)
{
	pthread_mutex_lock(&lease->lock);
	enum lease_step next = lease_next(&lease->lease, now());
	uint64_t revision = lease->lease.revision;
	pthread_mutex_unlock(&lease->lock);
	if (next == LEASE_LOOK)
		look(lease);
	else if (next == LEASE_PUT)
		put(lease, revision);
}

static void *hold(void *self)
{
	struct hub_lease *lease = self;
	const struct timespec some = { .tv_nsec = STEP_MS * 1000000L };
	while (!atomic_load(&lease->stops)) {
		step(lease);
		keep(lease);
		nanosleep(&some, NULL);
	}
	return NULL;
}

struct hub_lease *hub_lease_start(struct link *link, const char *name)
{
	struct hub_lease *lease = calloc(1, sizeof(*lease));
	if (lease == NULL)
		return NULL;
	lease->link = link;
	snprintf(lease->own, sizeof(lease->own), "%.63s %016llx", name,
		 (unsigned long long)hash_key_random().k0);
	lease_init(&lease->lease);
	pthread_mutex_init(&lease->lock, NULL);
	if (pthread_create(&lease->thread, NULL, hold, lease) == 0)
		return lease;
	pthread_mutex_destroy(&lease->lock);
	free(lease);
	return NULL;
}

bool hub_lease_leads(struct hub_lease *lease)
{
	pthread_mutex_lock(&lease->lock);
	bool leads = lease_leads(&lease->lease, now());
	pthread_mutex_unlock(&lease->lock);
	return leads;
}

void hub_lease_leader(struct hub_lease *lease, field_text64 out)
{
	pthread_mutex_lock(&lease->lock);
	memcpy(out, lease->leader, sizeof(lease->leader));
	pthread_mutex_unlock(&lease->lock);
}

void hub_lease_keep(struct hub_lease *lease, const void *bytes, size_t len)
{
	pthread_mutex_lock(&lease->lock);
	buf_clear(&lease->keep);
	buf_add(&lease->keep, bytes, len);
	lease->keeps = buf_ok(&lease->keep);
	pthread_mutex_unlock(&lease->lock);
}

bool hub_lease_kept(struct hub_lease *lease, struct buf *out)
{
	pthread_mutex_lock(&lease->lock);
	bool has = lease->has_kept;
	if (has) {
		*out = lease->kept;
		lease->kept = (struct buf){ 0 };
		lease->has_kept = false;
	}
	pthread_mutex_unlock(&lease->lock);
	return has;
}

void hub_lease_give_up(struct hub_lease *lease)
{
	uint64_t revision;
	if (lease == NULL || atomic_exchange(&lease->stops, true))
		return;
	pthread_join(lease->thread, NULL);
	keep(lease);
	pthread_mutex_lock(&lease->lock);
	bool is_ours = lease_give_up(&lease->lease, now(), &revision);
	pthread_mutex_unlock(&lease->lock);
	if (is_ours)
		link_remove_if(lease->link, LEASE_KEY, revision);
}

void hub_lease_stop(struct hub_lease *lease)
{
	if (lease == NULL)
		return;
	hub_lease_give_up(lease);
	buf_free(&lease->keep);
	buf_free(&lease->kept);
	pthread_mutex_destroy(&lease->lock);
	free(lease);
}
