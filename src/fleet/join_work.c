/*
 * join_work.c: what a hub does for the fleet's trust again and again: tells servers who
 * is revoked, takes up what was done without it, and throws away what is over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/join_inside.h"
#include "fleet/revoking.h"

enum {
	US_PER_S = 1000000,
	RETRY_US = 5 * US_PER_S,
	NOTES_US = 5 * US_PER_S,
	/* For servers that were away when somebody was revoked. */
	PUSH_US = 60 * US_PER_S,
	NOTES_MAX = 64, /* at once */
	TAKEN_S = 60,   /* a hub that took a note has told it by then, or is gone */
	/* How long it is known of a token that it was used, after its end. */
	TICKET_S = 30 * 24 * 3600,
	REVOKED_S = 2 * 3600, /* and of a credential that ended by itself */
	TIDY_MAX = 256,
};
static const int64_t tidy_us = 3600LL * US_PER_S;
/* That the fleet was made is told by the first hub that runs. */
static const char made_key[] = "made";

/* ---- servers ---- */

static void set_trouble(struct joining *joining, const char *error)
{
	pthread_mutex_lock(&joining->lock);
	snprintf(joining->trouble, sizeof(joining->trouble), "%.*s",
		 JOINING_ERROR_MAX - 1, error);
	pthread_mutex_unlock(&joining->lock);
}

/* Whether it is time, and it is not asked for again before it was done. */
static bool take_renewal(struct joining *joining, int64_t now_us)
{
	pthread_mutex_lock(&joining->lock);
	bool is_due = joining->renew_at_us != 0 && joining->renew_at_us <= now_us;
	if (is_due)
		joining->renew_at_us = 0;
	pthread_mutex_unlock(&joining->lock);
	return is_due;
}

static int64_t wall_s(void)
{
	return clock_us(CLOCK_REALTIME) / US_PER_S;
}

/* When it is to be done next. */
static int64_t push(struct joining *joining, int64_t now_us)
{
	char error[REVOKE_ERROR_MAX];
	int result = revoke_push(joining->o.link, joining->system, error);
	set_trouble(joining, error);
	return now_us + (result == 0 ? PUSH_US : RETRY_US);
}

static int64_t renew(struct joining *joining, int64_t now_us)
{
	char error[REVOKE_ERROR_MAX];
	if (revoke_renew(joining->o.link, &joining->keys, wall_s(), error) == 0)
		return push(joining, now_us);
	set_trouble(joining, error);
	joining_renew_in(joining, RETRY_US);
	return now_us + RETRY_US;
}

/* All of what somebody began. */
static int64_t end(struct joining *joining, int64_t now_us)
{
	char error[BUCKET_ERROR_MAX];
	int64_t at_us = renew(joining, now_us);
	if (revoking_end_all(joining->o.link, &joining->keys.fleet_key, error) == 0)
		return at_us;
	set_trouble(joining, error);
	return now_us + RETRY_US;
}

/*
 * What somebody has begun is his to finish within seconds.  If it is so a second time,
 * he is gone.
 */
static int64_t look_and_push(struct joining *joining, bool *was_behind, int64_t now_us)
{
	bool is_behind = false;
	int result = revoke_is_behind(joining->o.link, wall_s(), &is_behind);
	if (result == 0 && is_behind && *was_behind) {
		*was_behind = false;
		return end(joining, now_us);
	}
	*was_behind = is_behind;
	int64_t at_us = push(joining, now_us);
	return result == 0 && !is_behind ? at_us : now_us + RETRY_US;
}

/* ---- what was done without a hub ---- */

struct kept_note {
	char key[MEMBER_KEY_MAX];
	uint64_t revision;
	struct note note;
};
struct notes {
	size_t count;
	int64_t now_s;
	struct kept_note at[NOTES_MAX];
};

static void collect_note(void *to, const char *key, const void *value, size_t len,
			 uint64_t revision)
{
	struct notes *notes = to;
	struct kept_note *kept = &notes->at[notes->count];
	if (notes->count == NOTES_MAX || strlen(key) >= sizeof(kept->key) ||
	    !note_read(value, len, &kept->note))
		return;
	int64_t age_s = notes->now_s - kept->note.taken_s;
	if (kept->note.taken_s != 0 && age_s >= 0 && age_s < TAKEN_S)
		return;
	memcpy(kept->key, key, strlen(key) + 1);
	kept->revision = revision;
	notes->count++;
}

static bool put_note(struct joining *joining, struct kept_note *kept)
{
	struct buf text = { 0 };
	bool is_put = note_write(&kept->note, &text) &&
		      link_put(joining->o.link, kept->key, text.at, text.len,
			       kept->revision, &kept->revision) == 0;
	buf_free(&text);
	return is_put;
}

/* One hub tells it: the one that was quicker to write that it does. */
static void take_note(struct joining *joining, struct kept_note *kept, int64_t now_s)
{
	kept->note.taken_s = now_s;
	if (!put_note(joining, kept))
		return;
	if (joining_tell(joining, &kept->note)) {
		link_remove(joining->o.link, kept->key);
		return;
	}
	kept->note.taken_s = 0;
	put_note(joining, kept);
}

static void take_notes(struct joining *joining)
{
	struct notes *notes = calloc(1, sizeof(*notes));
	if (notes == NULL)
		return;
	notes->now_s = wall_s();
	if (link_each(joining->o.link, NOTE_KEY, collect_note, notes) == 0)
		for (size_t i = 0; i < notes->count; i++)
			take_note(joining, &notes->at[i], notes->now_s);
	free(notes);
}

/* True once it is told, by this hub or another one. */
static bool tell_made(struct joining *joining)
{
	const struct keyring *keys = &joining->keys;
	uint64_t now;
	int result = link_put(joining->o.link, made_key, keys->fleet,
			      strlen(keys->fleet), 0, &now);
	if (result != 0)
		return result == -EEXIST;
	struct note note = { .at_us = keys->made_s * US_PER_S, .action = "fleet_init" };
	memcpy(note.actor, keys->made_by, sizeof(note.actor));
	snprintf(note.subject, sizeof(note.subject), "%.63s", keys->fleet);
	snprintf(note.after, sizeof(note.after), "%.255s", keys->servers);
	if (joining_tell(joining, &note))
		return true;
	link_remove(joining->o.link, made_key);
	return false;
}

/* ---- what is over ---- */

struct over {
	size_t count;
	int64_t now_s;
	char key[TIDY_MAX][MEMBER_KEY_MAX];
};

static void add_over(struct over *over, const char *key)
{
	if (over->count < TIDY_MAX && strlen(key) < MEMBER_KEY_MAX)
		memcpy(over->key[over->count++], key, strlen(key) + 1);
}

static void look_at_ticket(void *to, const char *key, const void *value, size_t len,
			   uint64_t revision)
{
	struct over *over = to;
	struct ticket ticket;
	(void)revision;
	if (ticket_read(value, len, &ticket) && ticket.until_s + TICKET_S < over->now_s)
		add_over(over, key);
}

static void look_at_revoked(void *to, const char *key, const void *value, size_t len,
			    uint64_t revision)
{
	struct over *over = to;
	struct revoked revoked;
	(void)revision;
	if (revoked_read(value, len, &revoked) && revoked.until_s != 0 &&
	    revoked.until_s + REVOKED_S < over->now_s)
		add_over(over, key);
}

static void tidy(struct joining *joining)
{
	struct over *over = calloc(1, sizeof(*over));
	if (over == NULL)
		return;
	over->now_s = wall_s();
	link_each(joining->o.link, TICKET_KEY, look_at_ticket, over);
	link_each(joining->o.link, REVOKED_KEY, look_at_revoked, over);
	for (size_t i = 0; i < over->count; i++)
		link_remove(joining->o.link, over->key[i]);
	free(over);
}

/* ---- the thread ---- */

static bool wait_until(struct joining *joining, int64_t at_us)
{
	pthread_mutex_lock(&joining->lock);
	if (joining->renew_at_us != 0 && joining->renew_at_us < at_us)
		at_us = joining->renew_at_us;
	struct timespec at = { .tv_sec = at_us / US_PER_S,
			       .tv_nsec = at_us % US_PER_S * 1000 };
	if (!joining->ends)
		pthread_cond_timedwait(&joining->changed, &joining->lock, &at);
	bool goes_on = !joining->ends;
	pthread_mutex_unlock(&joining->lock);
	return goes_on;
}

void *joining_work(void *self)
{
	struct joining *joining = self;
	int64_t now_us = clock_us(CLOCK_MONOTONIC), push_at_us = now_us,
		tidy_at_us = now_us + tidy_us, notes_at_us = now_us;
	bool is_made_told = false, was_behind = false;
	do {
		now_us = clock_us(CLOCK_MONOTONIC);
		if (take_renewal(joining, now_us))
			push_at_us = renew(joining, now_us);
		if (push_at_us <= now_us && link_is_up(joining->o.link))
			push_at_us = look_and_push(joining, &was_behind, now_us);
		if (notes_at_us <= now_us && link_is_up(joining->o.link)) {
			is_made_told = is_made_told || tell_made(joining);
			take_notes(joining);
		}
		if (notes_at_us <= now_us)
			notes_at_us = now_us + NOTES_US;
		if (tidy_at_us <= now_us) {
			tidy(joining);
			tidy_at_us = now_us + tidy_us;
		}
	} while (wait_until(joining, notes_at_us));
	return NULL;
}
