/*
 * hub_steer.c: see hub_steer.h.
 *
 * All that waits for servers is done by the thread, and the questions of sensors by
 * threads of the link; the loop only hands over and takes.
 */
#include "cli/hub_steer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/hub_targets.h"
#include "fleet/keyring.h"
#include "fleet/member.h"
#include "fleet/sharing.h"
#include "fleet/steer.h"
#include "fleet/whereabouts.h"

enum {
	STEP_MS = 50,
	NOTES_MAX = 64,
	EXPIRE_S = 60,
	TARGETS_S = 2, /* before a sensor that takes one says that it is down */
};
#define SECOND_US INT64_C(1000000)

struct note_of {
	const char *action; /* static */
	field_text64 actor, subject;
	field_text256 before, after;
};

struct hub_steer {
	struct link *link;
	struct board *board;
	struct nkey key;
	struct whereabouts *whereabouts; /* of the servers, which are not shared */
	struct steer *steer;
	struct link_listen *listen;
	pthread_t thread;
	atomic_bool stops, leads;
	pthread_mutex_t lock;
	/* Under it: */
	struct note_of notes[NOTES_MAX];
	size_t note_count;
	struct shared_waiting shares;
	uint64_t
		left_out; /* sources that found no room to be shared, since the start */
	struct hub_targets *targets; /* fresh ones for the loop; NULL: none are */
	/* The thread's. */
	struct sensor_record *records;
	struct plan_sensor *sensors;
	size_t count, size;
	unsigned seconds;
	uint64_t targets_stamp;
};

/* ---- sensors that ask ---- */

/*
 * As it was joined: what it says of itself opens nothing.  0; -ENOENT: it is not let
 * in; -EAGAIN: the bucket is silent.
 */
static int find_sensor(void *self, const char *sensor, struct document_reader *out)
{
	const struct hub_steer *s = self;
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct member member;
	uint64_t revision;
	snprintf(key, sizeof(key), MEMBER_KEY "%s", sensor);
	int result = fleet_name_is_good(sensor)
			     ? link_get(s->link, key, &text, &revision)
			     : -ENOENT;
	if (result == 0 &&
	    (!member_read(text.at, text.len, &member) || member.is_revoked))
		result = -ENOENT;
	buf_free(&text);
	if (result != 0)
		return result == -ENOENT ? -ENOENT : -EAGAIN;
	snprintf(out->sensor, sizeof(out->sensor), "%s", sensor);
	memcpy(out->site, member.site, sizeof(out->site));
	memcpy(out->tags, member.tags, sizeof(out->tags));
	return 0;
}

static void hear(void *self, const char *subject, const void *bytes, size_t len,
		 struct buf *answer)
{
	struct hub_steer *s = self;
	if (answer != NULL)
		steer_hear(s->steer, subject, bytes, len, answer);
}

static void take_note(void *self, const char *action, const char *actor,
		      const char *subject, const char *before, const char *after)
{
	struct hub_steer *s = self;
	pthread_mutex_lock(&s->lock);
	if (s->note_count < NOTES_MAX) {
		struct note_of *note = &s->notes[s->note_count++];
		note->action = action;
		record_text(note->actor, sizeof(note->actor), actor);
		record_text(note->subject, sizeof(note->subject), subject);
		record_text(note->before, sizeof(note->before), before);
		record_text(note->after, sizeof(note->after), after);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- each second ---- */

static void take_sensor(void *to, const void *record)
{
	struct hub_steer *s = to;
	if (s->count == s->size) {
		size_t size = s->size == 0 ? 64 : s->size * 2;
		struct sensor_record *grown =
			realloc(s->records, size * sizeof(*grown));
		if (grown == NULL)
			return;
		s->records = grown;
		s->size = size;
	}
	s->records[s->count++] = *(const struct sensor_record *)record;
}

/* When it was heard of last, by the servers' clock. */
static int64_t heard_us(const struct sensor_record *record)
{
	double offset_ms = record->clock_offset_ms;
	if (record->at == UNKNOWN_TIME)
		return 0;
	return record->at - (offset_ms > -1e12 && offset_ms < 1e12
				     ? (int64_t)(offset_ms * 1000)
				     : 0);
}

static bool gather(struct hub_steer *s)
{
	s->count = 0;
	board_each(s->board, RECORD_sensor, take_sensor, s);
	struct plan_sensor *sensors = calloc(s->count + 1, sizeof(*sensors));
	if (sensors == NULL)
		return false;
	for (size_t i = 0; i < s->count; i++)
		sensors[i] = (struct plan_sensor){ &s->records[i],
						   heard_us(&s->records[i]) };
	free(s->sensors);
	s->sensors = sensors;
	return true;
}

/* As find_sensor(); what a revoked one has told may come for a while yet. */
static int is_let_in(struct hub_steer *s, const char *sensor)
{
	struct document_reader reader;
	return strcmp(sensor, FLEET_HUB) == 0 ? 0 : find_sensor(s, sensor, &reader);
}

static bool is_out(void *self, const char *sensor)
{
	return is_let_in(self, sensor) == -ENOENT;
}

/* Until there is an answer, as long as there is a point in it. */
static void wait_again(struct hub_steer *s, const struct shared_entry *entries,
		       size_t count, int64_t now_us)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < count; i++)
		if (entries[i].until_us > now_us &&
		    !shared_wait(&s->shares, &entries[i]))
			s->left_out++;
	pthread_mutex_unlock(&s->lock);
}

/*
 * Whoever has a sensor's key must not have the fleet cut itself off from its servers.
 * Of whom the bucket says nothing is not known whether he is let in: he waits.
 */
static void leave_out(struct hub_steer *s, struct shared_waiting *shares,
		      int64_t now_us)
{
	struct server_addresses servers;
	size_t kept = 0;
	whereabouts_list(s->whereabouts, &servers);
	for (size_t i = 0; i < shares->count; i++) {
		const struct shared_entry *entry = &shares->at[i];
		if (server_addresses_hold(&servers, &entry->address))
			continue;
		int found = is_let_in(s, entry->sensor);
		if (found == -EAGAIN) {
			wait_again(s, entry, shares->count - i, now_us);
			break;
		}
		if (found == 0)
			shares->at[kept++] = *entry;
	}
	shares->count = kept;
}

static void note_shares(struct hub_steer *s, const struct shared_waiting *shares,
			const enum shared_added *results)
{
	uint64_t left_out = 0;
	for (size_t i = 0; i < shares->count; i++) {
		char address[ADDR_TEXT_MAX];
		addr_text(&shares->at[i].address, address);
		if (results[i] == SHARED_TAKEN)
			take_note(s, "fleet_share", "breakwater", address, "",
				  shares->at[i].why);
		else
			left_out += results[i] != SHARED_KNOWN;
	}
	pthread_mutex_lock(&s->lock);
	s->left_out += left_out;
	pthread_mutex_unlock(&s->lock);
}

static void share(struct hub_steer *s, int64_t now_us)
{
	static struct shared_waiting shares;
	enum shared_added results[SHARED_WAITING_MAX];
	const struct bucket_change change = { s->link, &s->key, "breakwater", now_us };
	char error[BUCKET_ERROR_MAX];
	pthread_mutex_lock(&s->lock);
	shares = s->shares;
	s->shares.count = 0;
	pthread_mutex_unlock(&s->lock);
	leave_out(s, &shares, now_us);
	int result = shares.count > 0 ? sharing_add(&change, shares.at, results,
						    shares.count, error)
				      : -ENOENT;
	if (result == 0 || result == -EEXIST)
		note_shares(s, &shares, results);
	else if (result == -EAGAIN)
		wait_again(s, shares.at, shares.count, now_us);
	/* Who was let in when it was asked for may be revoked a moment later. */
	if (s->seconds % EXPIRE_S == 0)
		sharing_tidy(&change, is_out, s, error);
}

static void look_at_targets(struct hub_steer *s)
{
	struct hub_targets *targets =
		hub_targets_read(s->link, &s->key, &s->targets_stamp);
	if (targets == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	struct hub_targets *before = s->targets;
	s->targets = targets;
	pthread_mutex_unlock(&s->lock);
	hub_targets_free(before);
}

static void second(struct hub_steer *s)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	bool leads = atomic_load(&s->leads);
	if (!gather(s))
		return;
	steer_second(s->steer, leads, s->sensors, s->count, now_us);
	if (leads)
		share(s, now_us);
	if (s->seconds % TARGETS_S == 0)
		look_at_targets(s);
	s->seconds++;
}

static void *run(void *self)
{
	struct hub_steer *s = self;
	char error[LINK_ERROR_MAX], subject[FLEET_SUBJECT_MAX];
	snprintf(subject, sizeof(subject), FLEET_ASK, "*");
	int64_t next_us = clock_us(CLOCK_MONOTONIC);
	while (!atomic_load(&s->stops)) {
		usleep(STEP_MS * 1000);
		if (clock_us(CLOCK_MONOTONIC) < next_us)
			continue;
		next_us = clock_us(CLOCK_MONOTONIC) + SECOND_US;
		if (!link_is_up(s->link))
			continue;
		if (s->listen == NULL)
			s->listen =
				link_listen(s->link, subject, "hubs", hear, s, error);
		second(s);
	}
	return NULL;
}

/* ---- begin and end ---- */

static void free_all(struct hub_steer *s)
{
	steer_close(s->steer);
	whereabouts_close(s->whereabouts);
	hub_targets_free(s->targets);
	free(s->records);
	free(s->sensors);
	nkey_forget(&s->key);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Where hubs go, and where sensors were told to: names that differ may be one server.
 */
static bool follow_servers(struct hub_steer *s, const char *hubs, const char *sensors,
			   char error[static HUB_STEER_ERROR_MAX])
{
	struct buf both = { 0 };
	buf_printf(&both, "%s,%s", hubs, sensors);
	if (buf_cstr(&both) != NULL)
		s->whereabouts = whereabouts_open(both.at);
	buf_free(&both);
	if (s->whereabouts != NULL && whereabouts_follow(s->whereabouts))
		return true;
	snprintf(error, HUB_STEER_ERROR_MAX, "not enough memory");
	return false;
}

static bool read_keys(struct hub_steer *s, const char *state, const char *servers,
		      char error[static HUB_STEER_ERROR_MAX])
{
	struct keyring keys;
	bool is_read = keyring_read(state, &keys, error) == 0 &&
		       follow_servers(s, servers, keys.servers, error);
	if (is_read)
		s->key = keys.fleet_key;
	keyring_forget(&keys);
	return is_read;
}

struct hub_steer *hub_steer_start(struct link *link, struct board *board,
				  const char *state, const char *servers,
				  char error[static HUB_STEER_ERROR_MAX])
{
	struct hub_steer *s = calloc(1, sizeof(*s));
	snprintf(error, HUB_STEER_ERROR_MAX, "not enough memory");
	if (s == NULL)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->link = link;
	s->board = board;
	const struct steer_options options = { .link = link,
					       .key = &s->key,
					       .find = find_sensor,
					       .audit = take_note,
					       .self = s };
	if (read_keys(s, state, servers, error))
		s->steer = steer_open(&options);
	if (s->steer != NULL && pthread_create(&s->thread, NULL, run, s) == 0)
		return s;
	free_all(s);
	return NULL;
}

void hub_steer_stop(struct hub_steer *s)
{
	if (s == NULL)
		return;
	atomic_store(&s->stops, true);
	pthread_join(s->thread, NULL);
	if (s->listen != NULL)
		link_listen_close(s->listen);
	free_all(s);
}

/* ---- the loop's ---- */

void hub_steer_lead(struct hub_steer *s, bool leads)
{
	atomic_store(&s->leads, leads);
}

void hub_steer_finding(struct hub_steer *s, const struct finding_record *finding)
{
	struct shared_entry entry;
	if (!atomic_load(&s->leads) ||
	    !shared_of_finding(finding, clock_us(CLOCK_REALTIME), &entry))
		return;
	pthread_mutex_lock(&s->lock);
	if (!shared_wait(&s->shares, &entry))
		s->left_out++;
	pthread_mutex_unlock(&s->lock);
}

uint64_t hub_steer_left_out(struct hub_steer *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t left_out = s->left_out;
	pthread_mutex_unlock(&s->lock);
	return left_out;
}

void hub_steer_json(struct hub_steer *s, struct buf *out)
{
	steer_json(s->steer, out);
}

bool hub_steer_take(struct hub_steer *s, const struct hub_steer_taking *taking,
		    struct vantages *places)
{
	static struct note_of notes[NOTES_MAX];
	pthread_mutex_lock(&s->lock);
	size_t count = s->note_count;
	memcpy(notes, s->notes, count * sizeof(notes[0]));
	s->note_count = 0;
	struct hub_targets *targets = s->targets;
	s->targets = NULL;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < count; i++)
		taking->audit(taking->self, notes[i].action, notes[i].actor,
			      notes[i].subject, notes[i].before, notes[i].after);
	if (targets != NULL)
		hub_targets_put(targets, places);
	hub_targets_free(targets);
	return targets != NULL;
}
