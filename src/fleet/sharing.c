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
	enum shared_added *results; /* of each */
	size_t count;
	const char *what;
	bool (*is_out)(void *self, const char *sensor);
	void *self;
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
	return result == -EEXIST
		       ? say(error, -EAGAIN, "others change it all the time; try again")
		       : result;
}

static bool add(struct shared_list *list, const struct doing *doing)
{
	bool is_changed = false;
	for (size_t i = 0; i < doing->count; i++) {
		doing->results[i] = shared_add(list, &doing->entries[i], doing->now_us);
		is_changed |= doing->results[i] == SHARED_TAKEN;
	}
	return is_changed;
}

int sharing_add(const struct bucket_change *change, const struct shared_entry *entries,
		enum shared_added *results, size_t count,
		char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { .act = add,
				     .entries = entries,
				     .results = results,
				     .count = count,
				     .now_us = change->now_us };
	for (size_t i = 0; i < count; i++)
		results[i] = SHARED_KNOWN; /* of those that nothing becomes of */
	int result = change_list(change, &doing, error);
	return result == 1 ? say(error, -EEXIST, "none of it was taken") : result;
}

static bool take_out(struct shared_list *list, const struct doing *doing)
{
	return shared_remove(list, doing->what);
}

int sharing_remove(const struct bucket_change *change, const char *what,
		   char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { .act = take_out, .what = what };
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
	const struct doing doing = { .act = take_out_sensor, .what = sensor };
	int result = change_list(change, &doing, error);
	return result == 1 ? 0 : result;
}

/* Of each sensor once, as to know it may take asking. */
static bool take_out_those_out(struct shared_list *list, const struct doing *doing)
{
	size_t before = list->count, i = 0;
	while (i < list->count) {
		const struct shared_entry *entry = &list->at[i];
		field_text64 sensor;
		bool is_known = !shared_is_automatic(entry);
		for (size_t j = 0; j < i && !is_known; j++)
			is_known = shared_is_automatic(&list->at[j]) &&
				   strcmp(list->at[j].sensor, entry->sensor) == 0;
		memcpy(sensor, entry->sensor, sizeof(sensor));
		/* All of the first one's are here or later: so the place stays. */
		if (is_known || !doing->is_out(doing->self, sensor) ||
		    !shared_remove_sensor(list, sensor))
			i++;
	}
	return list->count < before;
}

int sharing_tidy(const struct bucket_change *change,
		 bool (*is_out)(void *self, const char *sensor), void *self,
		 char error[static BUCKET_ERROR_MAX])
{
	const struct doing doing = { .act = take_out_those_out,
				     .is_out = is_out,
				     .self = self };
	int result = change_list(change, &doing, error);
	return result == 1 ? 0 : result;
}
