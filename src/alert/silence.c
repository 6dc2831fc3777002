/*
 * silence.c: times in which nobody is told: silences, which people make, and
 * maintenance, which is configured.  By the clock on the wall.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alert/telling.h"
#include "base/buf.h"
#include "base/hash.h"
#include "record/audit.h"

/* One that expired is shown for so long. */
#define SHOWN_US (86400 * TELL_SECOND_US)
/* Who needs a longer one wants another route. */
#define LONGEST_US (366 * SHOWN_US)

static bool is_used(const struct silence *silence)
{
	return silence->record.id[0] != '\0';
}

static bool is_expired(const struct silence *silence)
{
	return strcmp(silence->record.state, "expired") == 0;
}

static const char *state_at(const struct silence_record *record, int64_t now_us)
{
	if (now_us >= record->until)
		return "expired";
	return now_us >= record->start ? "active" : "pending";
}

static void say(struct teller *teller, struct silence *silence, int64_t now_us)
{
	silence->record.at = now_us;
	teller->silence_turn++;
	teller->is_changed = true;
	if (teller->sink.silence != NULL)
		teller->sink.silence(teller->sink.self, &silence->record);
}

void silences_tick(struct teller *teller)
{
	for (size_t i = 0; i < TELLER_SILENCES; i++) {
		struct silence *silence = &teller->silences[i];
		if (!is_used(silence))
			continue;
		const char *state = state_at(&silence->record, teller->now_us);
		if (strcmp(state, silence->record.state) != 0) {
			silence->record.state = state;
			say(teller, silence, teller->now_us);
		}
		if (is_expired(silence) &&
		    teller->now_us - silence->record.until >= SHOWN_US)
			*silence = (struct silence){ 0 };
	}
}

void silence_of(const struct teller *teller, const struct incident_record *incident,
		char by[static sizeof(field_text64)])
{
	size_t count = teller->rules != NULL ? teller->rules->maintenance_count : 0;
	for (size_t i = 0; i < TELLER_SILENCES; i++) {
		const struct silence *silence = &teller->silences[i];
		if (is_used(silence) && strcmp(silence->record.state, "active") == 0 &&
		    match_covers(&silence->match, incident, teller_own(teller))) {
			record_text(by, sizeof(field_text64), silence->record.id);
			return;
		}
	}
	for (size_t i = 0; i < count; i++) {
		const struct tell_maintenance *work = &teller->rules->maintenances[i];
		if (teller->is_held[i] &&
		    match_covers(&work->match, incident, teller_own(teller))) {
			snprintf(by, sizeof(field_text64), "maintenance %s",
				 work->name);
			return;
		}
	}
}

/* ---- by people ---- */

static void audit(struct teller *teller, const struct silence *silence,
		  const char *action, const char *actor)
{
	struct audit_record record;
	if (teller->sink.audit == NULL)
		return;
	record_audit(&record, silence->record.at, action, actor, silence->record.id, "",
		     silence->record.match);
	teller->sink.audit(teller->sink.self, &record);
}

/* An unused one, else that which expired first; NULL: all hold, or will. */
static struct silence *room(struct teller *teller)
{
	struct silence *oldest = NULL;
	for (size_t i = 0; i < TELLER_SILENCES; i++) {
		struct silence *silence = &teller->silences[i];
		if (!is_used(silence))
			return silence;
		if (is_expired(silence) &&
		    (oldest == NULL || silence->record.until < oldest->record.until))
			oldest = silence;
	}
	return oldest;
}

static int check(const struct silence_asked *asked, int64_t now_us, struct match *match,
		 struct buf *message)
{
	struct buf why = { 0 };
	size_t column;
	bool is_good = match_parse(asked->match, match, &column, &why);
	if (!is_good)
		buf_printf(message, "match, column %zu: %s", column, buf_cstr(&why));
	buf_free(&why);
	if (!is_good)
		return -EINVAL;
	if (match->count == 0)
		buf_text(message, "a silence matches nothing in particular; allowed "
				  "are " MATCH_ALLOWED "; all is severity>=notice");
	else if (asked->until_us <= now_us || asked->until_us <= asked->start_us ||
		 asked->until_us - now_us > LONGEST_US)
		buf_text(message, "a silence ends before it begins or after more than "
				  "a year; allowed is a time to come within a year");
	else
		return 0;
	return -EINVAL;
}

static void name_it(struct teller *teller, struct silence_record *record)
{
	uint64_t of[4] = { tell_hash(record->match), (uint64_t)record->start,
			   (uint64_t)record->until, ++teller->silence_count };
	snprintf(record->id, sizeof(record->id), "%016llx",
		 (unsigned long long)hash_sum(of, sizeof(of)));
}

int teller_silence(struct teller *teller, const struct silence_asked *asked,
		   int64_t now_us, struct buf *message)
{
	struct match match;
	int error = check(asked, now_us, &match, message);
	if (error != 0)
		return error;
	struct silence *silence = room(teller);
	if (silence == NULL) {
		buf_printf(message, "there are %d silences; end one first",
			   TELLER_SILENCES);
		return -ENOSPC;
	}
	*silence = (struct silence){ .match = match };
	struct silence_record *record = &silence->record;
	record_init(RECORD_silence, record);
	record->start = asked->start_us > 0 ? asked->start_us : now_us;
	record->until = asked->until_us;
	record->state = state_at(record, now_us);
	record_text(record->match, sizeof(record->match), asked->match);
	record_text(record->why, sizeof(record->why),
		    asked->why != NULL ? asked->why : "");
	record_text(record->actor, sizeof(record->actor), asked->actor);
	name_it(teller, record);
	say(teller, silence, now_us);
	audit(teller, silence, "silence", asked->actor);
	buf_text(message, record->id);
	return 0;
}

static bool is_meant(const struct silence *silence, const char *id)
{
	return is_used(silence) && !is_expired(silence) && id[0] != '\0' &&
	       strncmp(silence->record.id, id, strlen(id)) == 0;
}

int teller_unsilence(struct teller *teller, const char *id, const char *actor,
		     int64_t now_us, struct buf *message)
{
	struct silence *found = NULL;
	size_t count = 0;
	for (size_t i = 0; i < TELLER_SILENCES; i++)
		if (is_meant(&teller->silences[i], id)) {
			found = &teller->silences[i];
			count++;
		}
	if (count != 1) {
		buf_printf(message,
			   count == 0 ? "there is no silence %s that holds or will"
				      : "several silences begin with %s: give more "
					"digits",
			   id);
		return count == 0 ? -ENOENT : -EEXIST;
	}
	found->record.until = now_us;
	found->record.state = "expired";
	say(teller, found, now_us);
	audit(teller, found, "unsilence", actor);
	buf_text(message, found->record.id);
	return 0;
}

/* ---- what is known ---- */

void teller_each_silence(const struct teller *teller,
			 void (*take)(void *to, const struct silence_record *silence),
			 void *to)
{
	for (size_t i = 0; i < TELLER_SILENCES; i++)
		if (is_used(&teller->silences[i]))
			take(to, &teller->silences[i].record);
}

void silence_restore(struct teller *teller, const struct silence_record *record)
{
	struct silence *silence = room(teller);
	struct buf why = { 0 };
	struct match match;
	size_t column;
	if (silence != NULL && match_parse(record->match, &match, &column, &why))
		*silence = (struct silence){ .record = *record, .match = match };
	buf_free(&why);
}
