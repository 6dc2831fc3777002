/*
 * steering_live.c: documents that are no files: the register, silences, and sources
 * that other sensors have seen.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/monitor.h"
#include "cli/steering_check.h"
#include "cli/steering_put.h"

enum { ID_SIZE = 40 };
#define ACTOR_BEFORE "fleet:"

static void actor_of(const struct document *document, char out[static 64])
{
	snprintf(out, 64, ACTOR_BEFORE "%.57s", document->by);
}

/* ---- the register ---- */

/* It is a text of its own, as a person applies it: the one of the narrowest scope. */
bool steering_put_register(struct steering *s, const struct document *document,
			   struct buf *why)
{
	char actor[64];
	if (document->len == 0) {
		s->has_register = true;
		return true;
	}
	if (s->monitor == NULL || !steered_is_narrowest(s->kept, document))
		return true; /* it is in the state folder already, or stands behind */
	const struct policy_change change = { .action = "policy_apply",
					      .subject = "policy",
					      .text = document->text,
					      .len = document->len };
	actor_of(document, actor);
	struct buf message = { 0 };
	int error = monitor_apply_policy(s->monitor, &change, actor, &message);
	if (error != 0)
		buf_add(why, message.at, message.len);
	buf_free(&message);
	return error == 0;
}

/* ---- silences ---- */

/* Of the same document, by whoever made it: its scope is in the name of the actor. */
struct ended {
	const char *actor;
	char ids[STEERING_SILENCES_MAX][ID_SIZE];
	size_t count;
};

static void note_ended(void *to, const struct silence_record *silence)
{
	struct ended *ended = to;
	bool is_over = silence->state != NULL && strcmp(silence->state, "expired") == 0;
	if (!is_over && ended->count < STEERING_SILENCES_MAX &&
	    strcmp(silence->actor, ended->actor) == 0)
		snprintf(ended->ids[ended->count++], ID_SIZE, "%s", silence->id);
}

struct comparing {
	const char *actor;
	const struct steering_silences *wanted;
	size_t there, same;
};

static void compare(void *to, const struct silence_record *silence)
{
	struct comparing *c = to;
	bool is_over = silence->state != NULL && strcmp(silence->state, "expired") == 0;
	if (is_over || strcmp(silence->actor, c->actor) != 0)
		return;
	c->there++;
	for (size_t i = 0; i < c->wanted->count; i++)
		if (strcmp(c->wanted->at[i].match, silence->match) == 0 &&
		    c->wanted->at[i].until_us == silence->until) {
			c->same++;
			return;
		}
}

static size_t count_to_come(const struct steering_silences *silences, int64_t now_us)
{
	size_t count = 0;
	for (size_t i = 0; i < silences->count; i++)
		count += silences->at[i].until_us > now_us;
	return count;
}

/* After a restart they are there already. */
static bool are_there(const struct teller *teller,
		      const struct steering_silences *silences, const char *actor,
		      int64_t now_us)
{
	struct comparing c = { .actor = actor, .wanted = silences };
	teller_each_silence(teller, compare, &c);
	return c.there == c.same && c.there == count_to_come(silences, now_us);
}

static void end_silences(struct teller *teller, const char *actor, int64_t now_us)
{
	struct ended ended = { .actor = actor };
	teller_each_silence(teller, note_ended, &ended);
	for (size_t i = 0; i < ended.count; i++) {
		struct buf message = { 0 };
		teller_unsilence(teller, ended.ids[i], actor, now_us, &message);
		buf_free(&message);
	}
}

static bool begin_silences(struct teller *teller,
			   const struct steering_silences *silences, const char *actor,
			   int64_t now_us, struct buf *why)
{
	for (size_t i = 0; i < silences->count; i++) {
		const struct steering_silence *wanted = &silences->at[i];
		struct buf message = { 0 };
		const struct silence_asked asked = {
			.match = wanted->match,
			.start_us = wanted->start_us > now_us ? wanted->start_us : 0,
			.until_us = wanted->until_us,
			.why = wanted->why,
			.actor = actor,
		};
		int error = wanted->until_us > now_us
				    ? teller_silence(teller, &asked, now_us, &message)
				    : 0; /* over: the document may be an old one */
		if (error != 0)
			buf_add(why, message.at, message.len);
		buf_free(&message);
		if (error != 0)
			return false;
	}
	return true;
}

bool steering_put_silences(struct steering *s, const struct document *document,
			   struct buf *why)
{
	static struct steering_silences silences;
	char scope[SCOPE_TEXT_MAX], actor[64];
	if (!steering_read_silences(document, &silences, why))
		return false;
	if (s->monitor == NULL || s->monitor->alerting.teller == NULL)
		return true; /* steering_begin() comes back */
	int64_t now_us = clock_us(CLOCK_REALTIME);
	document_scope_text(&document->scope, scope);
	snprintf(actor, sizeof(actor), ACTOR_BEFORE "%.57s", scope);
	if (are_there(s->monitor->alerting.teller, &silences, actor, now_us))
		return true;
	end_silences(s->monitor->alerting.teller, actor, now_us);
	if (begin_silences(s->monitor->alerting.teller, &silences, actor, now_us, why))
		return true;
	end_silences(s->monitor->alerting.teller, actor, now_us);
	return false;
}

/* ---- what others have seen ---- */

static bool holds(const struct shared_list *list, const struct shared_entry *entry)
{
	for (size_t i = 0; i < list->count; i++)
		if (addr_equal(&list->at[i].address, &entry->address) &&
		    strcmp(list->at[i].finding, entry->finding) == 0)
			return true;
	return false;
}

static void take_back(struct steering *s, const struct shared_list *now)
{
	for (size_t i = 0; i < s->shared.count; i++)
		if (!holds(now, &s->shared.at[i]))
			blocking_unshare(&s->monitor->blocking,
					 &s->shared.at[i].address,
					 s->shared.at[i].finding);
}

void steering_put_shared_again(struct steering *s)
{
	if (!s->monitor->config.fleet_shared)
		return;
	for (size_t i = 0; i < s->shared.count; i++) {
		const struct shared_entry *entry = &s->shared.at[i];
		const struct respond_shared shared = { .address = entry->address,
						       .kind = entry->kind,
						       .severity = entry->severity,
						       .proof = entry->proof,
						       .finding = entry->finding,
						       .sensor = entry->sensor,
						       .why = entry->why,
						       .seen_us = entry->seen_us,
						       .until_us = entry->until_us };
		/* What this machine has seen itself it has judged itself. */
		if (strcmp(entry->sensor, s->me.sensor) != 0)
			blocking_share(&s->monitor->blocking, &shared);
	}
}

bool steering_put_shared(struct steering *s, const struct document *document,
			 struct buf *why)
{
	static struct shared_list list;
	(void)why;
	shared_read(document->text, document->len, &list);
	if (s->monitor != NULL)
		take_back(s, &list);
	s->shared = list;
	if (s->monitor != NULL)
		steering_put_shared_again(s);
	return true;
}
