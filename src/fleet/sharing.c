/*
 * sharing.c: see sharing.h.
 *
 * One document, so one key; each change is made of what is there then, and tried again
 * if somebody was quicker.
 */
#include "fleet/sharing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8 };

struct state {
	struct shared_list list;
	uint64_t version, revision;
};

/* What is to be done with the list; false: nothing has changed. */
struct doing {
	bool (*act)(struct shared_list *list, const struct doing *doing);
	const struct shared_entry *entries;
	size_t count;
	const char *what;
	int64_t now_us;
};

static int say(char error[static BUCKET_ERROR_MAX], int code, const char *what)
{
	snprintf(error, BUCKET_ERROR_MAX, "%s", what);
	return code;
}

static int read_state(const struct bucket_change *change, struct state *state,
		      char error[static BUCKET_ERROR_MAX])
{
	struct buf bytes = { 0 };
	struct document document = { .len = 0, .text = "" };
	char why[DOCUMENT_WHY_MAX];
	state->revision = 0;
	int result = link_get(change->link, PLAN_SHARED, &bytes, &state->revision);
	bool is_bad = result == 0 && document_open(bytes.at, bytes.len, change->key,
						   &document, why) == 0;
	state->version = document.version;
	if (!is_bad)
		shared_read(document.text, document.len, &state->list);
	buf_free(&bytes);
	if (is_bad)
		return say(error, -EBADMSG, why);
	return result == 0 || result == -ENOENT
		       ? 0
		       : say(error, -EAGAIN,
			     "the NATS servers do not answer; try again");
}

static int write_state(const struct bucket_change *change, struct state *state,
		       char error[static BUCKET_ERROR_MAX])
{
	struct buf text = { 0 }, bytes = { 0 };
	shared_write(&state->list, &text);
	struct document document = { .kind = DOCUMENT_SHARED,
				     .version = state->version + 1,
				     .made_us = change->now_us,
				     .text = text.at != NULL ? text.at : "",
				     .len = text.len };
	snprintf(document.by, sizeof(document.by), "%s", change->by);
	int result = -EINVAL;
	if (buf_ok(&text) && document_sign(&document, change->key, &bytes))
		result = link_put(change->link, PLAN_SHARED, bytes.at, bytes.len,
				  state->revision, &state->revision);
	buf_free(&text);
	buf_free(&bytes);
	if (result == -EINVAL)
		return say(error, result,
			   "it can't be signed: the fleet's key is not "
			   "here");
	return result == 0 || result == -EEXIST
		       ? result
		       : say(error, -EAGAIN,
			     "the NATS servers do not answer; try again");
}

/* 0: done; 1: there was nothing to do. */
static int change_list(const struct bucket_change *change, const struct doing *doing,
		       char error[static BUCKET_ERROR_MAX])
{
	struct state *state = malloc(sizeof(*state));
	int result = state != NULL ? -EEXIST : -ENOMEM;
	for (int i = 0; i < TRIES && result == -EEXIST; i++) {
		result = read_state(change, state, error);
		if (result != 0)
			break;
		bool is_changed = shared_expire(&state->list, change->now_us);
		bool is_done = doing->act(&state->list, doing);
		if (!is_done && !is_changed)
			result = 1;
		else
			result = write_state(change, state, error);
		if (result == 0 && !is_done)
			result = 1;
	}
	free(state);
	if (result == -EEXIST)
		say(error, result, "others change it all the time; try again");
	return result;
}

static bool add(struct shared_list *list, const struct doing *doing)
{
	bool is_changed = false;
	for (size_t i = 0; i < doing->count; i++)
		is_changed |= shared_add(list, &doing->entries[i], doing->now_us);
	return is_changed;
}

int sharing_add(const struct bucket_change *change, const struct shared_entry *entries,
		size_t count, char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { add, entries, count, NULL, change->now_us };
	int result = change_list(change, &doing, error);
	return result == 1 ? say(error, -EEXIST,
				 "there is no room for it, or it is "
				 "shared already")
			   : result;
}

static bool take_out(struct shared_list *list, const struct doing *doing)
{
	return shared_remove(list, doing->what);
}

int sharing_remove(const struct bucket_change *change, const char *what,
		   char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { take_out, NULL, 0, what, change->now_us };
	int result = change_list(change, &doing, error);
	return result == 1 ? say(error, -ENOENT, "that is not shared") : result;
}

static bool take_out_sensor(struct shared_list *list, const struct doing *doing)
{
	return shared_remove_sensor(list, doing->what);
}

int sharing_remove_sensor(const struct bucket_change *change, const char *sensor,
			  char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { take_out_sensor, NULL, 0, sensor, change->now_us };
	int result = change_list(change, &doing, error);
	return result == 1 ? 0 : result;
}

static bool nothing(struct shared_list *list, const struct doing *doing)
{
	(void)list;
	(void)doing;
	return false;
}

int sharing_expire(const struct bucket_change *change,
		   char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { .act = nothing };
	int result = change_list(change, &doing, error);
	return result == 1 ? 0 : result;
}
