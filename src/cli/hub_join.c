/*
 * hub_join.c: see hub_join.h.
 */
#include "cli/hub_join.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/keyring.h"

enum {
	PATIENCE_S = 3, /* of who decided, until the loop has it */
	LOOK_MS = 500,
};

struct hub_join {
	struct hub_join_options options;
	struct joining *joining; /* NULL: it can't be; trouble says why */
	struct link_watch *watch;
	pthread_t looking; /* at who joined already, and who is revoked */
	bool looks;
	pthread_mutex_t lock;
	pthread_cond_t taken;
	/* Under the lock: one at a time. */
	struct note note;
	bool has_note, ends;
	char trouble[JOINING_ERROR_MAX];
};

/* ---- what was decided, on threads of fleet/join.h ---- */

/* True once the loop has put it into the chain. */
static bool keep_note(void *self, const struct note *note)
{
	struct hub_join *join = self;
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&join->lock);
	join->note = *note;
	join->has_note = true;
	while (join->has_note && !join->ends &&
	       pthread_cond_timedwait(&join->taken, &join->lock, &until) == 0)
		continue;
	bool is_kept = !join->has_note;
	join->has_note = false;
	pthread_mutex_unlock(&join->lock);
	return is_kept;
}

void hub_join_take(struct hub_join *join,
		   void (*audit)(void *self, const struct note *note), void *self)
{
	pthread_mutex_lock(&join->lock);
	if (join->has_note) {
		audit(self, &join->note);
		join->has_note = false;
		pthread_cond_signal(&join->taken);
	}
	pthread_mutex_unlock(&join->lock);
}

/* ---- who joined as what, and who is revoked, on threads of the link ---- */

static void show_revoked(struct hub_join *join, const struct member *member)
{
	const struct board_came came = { UNKNOWN_TIME, UNKNOWN_TIME,
					 clock_us(CLOCK_MONOTONIC), false };
	struct sensor_record sensor;
	int64_t at_us = member->revoked_s * INT64_C(1000000);
	if (!board_sensor(join->options.board, member->name, &sensor)) {
		record_init(RECORD_sensor, &sensor);
		record_text(sensor.sensor, sizeof(sensor.sensor), member->name);
	}
	record_text(sensor.site, sizeof(sensor.site), member->site);
	record_text(sensor.tags, sizeof(sensor.tags), member->tags);
	sensor.state = "revoked";
	if (sensor.at < at_us)
		sensor.at = at_us;
	board_take(join->options.board, RECORD_sensor, &sensor, &came);
}

static void take_member(void *self, const char *key, const void *value, size_t len,
			uint64_t revision)
{
	const struct hub_join *join = self;
	struct member member;
	(void)key;
	if (value == NULL || !member_read(value, len, &member))
		return;
	const struct board_member joined = { member.name, member.site, member.tags,
					     revision };
	board_member(join->options.board, &joined);
	if (member.is_revoked)
		show_revoked(self, &member);
}

static bool has_ended(struct hub_join *join)
{
	pthread_mutex_lock(&join->lock);
	bool ends = join->ends;
	pthread_mutex_unlock(&join->lock);
	return ends;
}

/*
 * Until the servers are there: the watch tells only what changes from then on, so what
 * there is is asked for once it has begun.
 */
static void *look(void *self)
{
	struct hub_join *join = self;
	const struct timespec some = { .tv_nsec = LOOK_MS * 1000000L };
	while (!has_ended(join) &&
	       ((join->watch != NULL && !link_watch_has_begun(join->watch)) ||
		link_each(join->options.link, MEMBER_KEY, take_member, join) != 0))
		nanosleep(&some, NULL);
	return NULL;
}

/* ---- its life ---- */

static bool has_keys(const char *state)
{
	char error[KEYRING_ERROR_MAX];
	struct keyring keys;
	int result = keyring_read(state, &keys, error);
	keyring_forget(&keys);
	return result != -ENOENT;
}

struct hub_join *hub_join_start(const struct hub_join_options *options)
{
	struct hub_join *join = calloc(1, sizeof(*join));
	if (join == NULL)
		return NULL;
	join->options = *options;
	pthread_mutex_init(&join->lock, NULL);
	pthread_cond_init(&join->taken, NULL);
	const struct joining_options joining = { .link = options->link,
						 .state = options->state,
						 .audit = keep_note,
						 .self = join };
	if (has_keys(options->state))
		join->joining = joining_open(&joining, join->trouble);
	join->watch = link_watch(options->link, MEMBER_KEY, take_member, join);
	join->looks = pthread_create(&join->looking, NULL, look, join) == 0;
	return join;
}

void hub_join_trouble(struct hub_join *join, char error[static JOINING_ERROR_MAX])
{
	memcpy(error, join->trouble, sizeof(join->trouble));
	if (join->joining != NULL)
		joining_trouble(join->joining, error);
}

void hub_join_stop(struct hub_join *join)
{
	if (join == NULL)
		return;
	pthread_mutex_lock(&join->lock);
	join->ends = true;
	pthread_cond_broadcast(&join->taken);
	pthread_mutex_unlock(&join->lock);
	if (join->joining != NULL)
		joining_close(join->joining);
	if (join->looks)
		pthread_join(join->looking, NULL);
	link_watch_close(join->watch);
	pthread_cond_destroy(&join->taken);
	pthread_mutex_destroy(&join->lock);
	free(join);
}
