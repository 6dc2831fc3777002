/*
 * revoking.c: see revoking.h.
 */
#include "fleet/revoking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/sharing.h"

enum { TRIES = 8, OPEN_MAX = 64 /* at once */ };
#define SECOND_US INT64_C(1000000)

static int say(char error[static BUCKET_ERROR_MAX], int code)
{
	snprintf(error, BUCKET_ERROR_MAX, "the fleet's bucket can't be written now");
	return code;
}

/* ---- the sensor's record ---- */

static int read_member(struct link *link, const char *name, struct member *out,
		       uint64_t *revision)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	snprintf(key, sizeof(key), MEMBER_KEY "%s", name);
	int result = link_get(link, key, &text, revision);
	if (result == 0 && !member_read(text.at, text.len, out))
		result = -EBADMSG;
	buf_free(&text);
	return result;
}

static int write_revoked(struct link *link, struct member *member, uint64_t revision,
			 const struct revoked *revoked)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	uint64_t now;
	member->is_revoked = true;
	member->revoked_s = revoked->at_s;
	memcpy(member->revoked_by, revoked->by, sizeof(member->revoked_by));
	memcpy(member->why, revoked->why, sizeof(member->why));
	snprintf(key, sizeof(key), MEMBER_KEY "%s", member->name);
	int result = member_write(member, &text)
			     ? link_put(link, key, text.at, text.len, revision, &now)
			     : -EAGAIN;
	buf_free(&text);
	return result;
}

/* One that has another key by now was let in again, with a token for its name. */
static int mark(struct link *link, const struct revoked *revoked)
{
	int result = -EEXIST;
	for (int i = 0; i < TRIES && result == -EEXIST; i++) {
		struct member member;
		uint64_t revision;
		result = read_member(link, revoked->name, &member, &revision);
		if (result == 0 && !member.is_revoked &&
		    strcmp(member.public_key, revoked->public_key) == 0)
			result = write_revoked(link, &member, revision, revoked);
	}
	return result == 0 || result == -ENOENT || result == -EBADMSG ? 0 : -EAGAIN;
}

/* ---- beginning ---- */

/* The key first: should the rest fail, it is the safe half. */
static int begin_once(struct link *link, const char *name, struct revoked *wish)
{
	struct member member;
	uint64_t revision;
	int result = read_member(link, name, &member, &revision);
	if (result != 0)
		return result;
	if (member.is_revoked) {
		result = revoke_read(link, member.public_key, wish);
		if (result == 0 || result == -EAGAIN)
			return result;
	}
	memcpy(wish->name, member.name, sizeof(wish->name));
	memcpy(wish->public_key, member.public_key, sizeof(wish->public_key));
	wish->is_open = true;
	result = revoke_key(link, wish);
	return result == 0 ? write_revoked(link, &member, revision, wish) : result;
}

int revoking_begin(struct link *link, const char *name, struct revoked *wish)
{
	int result = -EEXIST;
	for (int i = 0; i < TRIES && result == -EEXIST; i++)
		result = begin_once(link, name, wish);
	return result == -EEXIST ? -EAGAIN : result;
}

/* ---- the rest ---- */

/* Under the key's name, so that two who do it at a time tell it once. */
static int tell(struct link *link, const struct revoked *revoked)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	uint64_t now;
	struct note note = { .at_us = revoked->at_s * SECOND_US,
			     .action = "fleet_revoke" };
	memcpy(note.actor, revoked->by, sizeof(note.actor));
	memcpy(note.subject, revoked->name, sizeof(revoked->name));
	memcpy(note.before, revoked->public_key, sizeof(revoked->public_key));
	snprintf(note.after, sizeof(note.after), "%.255s", revoked->why);
	snprintf(key, sizeof(key), NOTE_KEY "%s", revoked->public_key);
	int result = note_write(&note, &text)
			     ? link_put(link, key, text.at, text.len, 0, &now)
			     : -EAGAIN;
	buf_free(&text);
	return result == -EEXIST ? 0 : result;
}

static int tell_and_close(struct link *link, const struct revoked *revoked)
{
	struct revoked now;
	int result = revoke_read(link, revoked->public_key, &now);
	if (result != 0 || !now.is_open)
		return result == -EAGAIN ? -EAGAIN : 0;
	result = tell(link, revoked);
	if (result != 0)
		return result;
	now.is_open = false;
	return revoke_key(link, &now);
}

int revoking_end(struct link *link, const struct nkey *key,
		 const struct revoked *revoked, char error[static BUCKET_ERROR_MAX])
{
	const struct bucket_change change = { link, key, revoked->by,
					      clock_us(CLOCK_REALTIME) };
	error[0] = '\0';
	if (mark(link, revoked) != 0)
		return say(error, -EAGAIN);
	if (sharing_remove_sensor(&change, revoked->name, error) != 0)
		return -EAGAIN;
	return tell_and_close(link, revoked) == 0 ? 0 : say(error, -EAGAIN);
}

/* ---- what others began ---- */

struct open {
	struct revoked at[OPEN_MAX];
	size_t count;
};

static void collect(void *to, const char *key, const void *value, size_t len,
		    uint64_t revision)
{
	struct open *open = to;
	(void)key;
	(void)revision;
	if (open->count < OPEN_MAX &&
	    revoked_read(value, len, &open->at[open->count]) &&
	    open->at[open->count].is_open)
		open->count++;
}

int revoking_end_all(struct link *link, const struct nkey *key,
		     char error[static BUCKET_ERROR_MAX])
{
	struct open *open = calloc(1, sizeof(*open));
	int result =
		open != NULL ? link_each(link, REVOKED_KEY, collect, open) : -EAGAIN;
	if (result != 0)
		say(error, result);
	size_t count = result == 0 ? open->count : 0;
	for (size_t i = 0; i < count; i++) {
		char why[BUCKET_ERROR_MAX];
		if (revoking_end(link, key, &open->at[i], why) == 0)
			continue;
		snprintf(error, BUCKET_ERROR_MAX, "%s", why);
		result = -EAGAIN;
	}
	free(open);
	return result;
}
