/*
 * people.c: what people say of incidents: that they take care, what they know, that it
 * is over, or was none.
 */
#include <errno.h>
#include <string.h>

#include "alert/book.h"
#include "base/buf.h"
#include "record/audit.h"

static bool begins(const struct entry *entry, const char *id)
{
	return entry->record.id[0] != '\0' && id[0] != '\0' &&
	       strncmp(entry->record.id, id, strlen(id)) == 0;
}

static int find(struct incident_book *book, const char *id, struct entry **out,
		struct buf *message)
{
	size_t count = 0;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (begins(&book->entries[i], id)) {
			*out = &book->entries[i];
			count++;
		}
	if (count == 1)
		return 0;
	buf_printf(message,
		   count == 0 ? "there is no incident %s"
			      : "several incidents begin with %s: give more digits",
		   id);
	return count == 0 ? -ENOENT : -EEXIST;
}

static void audit(struct incident_book *book, const struct entry *entry,
		  const struct incident_change *change, const char *action,
		  const char *after, int64_t now_us)
{
	struct audit_record record;
	if (book->sink.audit == NULL)
		return;
	record_audit(&record, now_us, action, change->actor, entry->record.id, "",
		     after);
	book->sink.audit(book->sink.self, &record);
}

static void note(struct incident_book *book, struct entry *entry,
		 const struct incident_change *change, const char *kind,
		 const char *text, int64_t now_us)
{
	struct timeline_record line = book_new_line(now_us, kind, text);
	record_text(line.actor, sizeof(line.actor), change->actor);
	book_line(book, entry, &line);
}

static void take_care(struct incident_book *book, struct entry *entry,
		      const struct incident_change *change, int64_t now_us)
{
	struct incident_record *record = &entry->record;
	if (record->acknowledged != UNKNOWN_TIME)
		return;
	record->acknowledged = now_us;
	record_text(record->acknowledged_by, sizeof(record->acknowledged_by),
		    change->actor);
	if (record->owner[0] == '\0')
		record_text(record->owner, sizeof(record->owner), change->actor);
	note(book, entry, change, "acknowledged", change->actor, now_us);
	audit(book, entry, change, "incident_acknowledge", change->actor, now_us);
}

static void give_to(struct incident_book *book, struct entry *entry,
		    const struct incident_change *change, int64_t now_us)
{
	record_text(entry->record.owner, sizeof(entry->record.owner), change->owner);
	note(book, entry, change, "owner", change->owner, now_us);
	audit(book, entry, change, "incident_owner", change->owner, now_us);
}

/* It was over before: when, and whether by itself, stays as it was. */
static void explain_end(struct incident_record *record,
			const struct incident_change *change, const char *why)
{
	if (incident_is_part(record))
		return;
	record_text(record->closed_by, sizeof(record->closed_by), change->actor);
	if (why[0] != '\0')
		record_text(record->close_reason, sizeof(record->close_reason), why);
}

static void close_it(struct incident_book *book, struct entry *entry,
		     const struct incident_change *change, int64_t now_us)
{
	const char *why = change->reason != NULL ? change->reason : "";
	if (change->false_positive)
		entry->record.false_positive = 1;
	if (entry->record.automatic == UNKNOWN_FLAG)
		entry->record.automatic = 0;
	note(book, entry, change, "closed", why, now_us);
	audit(book, entry, change,
	      change->false_positive ? "incident_false" : "incident_close", why,
	      now_us);
	if (entry_is_firing(entry))
		book_resolve(book, entry, change->actor, why, now_us);
	else
		explain_end(&entry->record, change, why);
}

static bool says_nothing(const struct incident_change *change)
{
	return !change->acknowledge && !change->close && change->owner == NULL &&
	       change->comment == NULL;
}

int incident_book_change(struct incident_book *book,
			 const struct incident_change *change, int64_t now_us,
			 struct buf *message)
{
	struct entry *entry = NULL;
	if (says_nothing(change) || (change->false_positive && !change->close)) {
		buf_text(message, "nothing to change; allowed: acknowledge, owner, "
				  "comment, close, and with it false_positive");
		return -EINVAL;
	}
	int error = find(book, change->id, &entry, message);
	if (error != 0)
		return error;
	if (change->comment != NULL)
		note(book, entry, change, "comment", change->comment, now_us);
	if (change->owner != NULL)
		give_to(book, entry, change, now_us);
	if (change->acknowledge)
		take_care(book, entry, change, now_us);
	if (change->close)
		close_it(book, entry, change, now_us);
	book_say(book, entry, now_us);
	buf_text(message, entry->record.id);
	return 0;
}
