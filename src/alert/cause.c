/*
 * cause.c: what happened before an incident, and the most probable cause.
 *
 * Most troubles follow a change.  So changes are remembered for a while: when a service
 * falls, those of it, of its host or of all go to the head of its timeline.
 */
#include <stdio.h>
#include <string.h>

#include "alert/book.h"

/* A change that was longer ago has been survived. */
#define BEFORE_US (900 * BOOK_SECOND_US)
/* A listener's end may be noticed after the probe that failed by it. */
#define AFTER_US (60 * BOOK_SECOND_US)

static const char *const kinds[] = {
	[CAUSE_NONE] = NULL,           [CAUSE_BLOCK] = "block",
	[CAUSE_LISTENER] = "listener", [CAUSE_DEPLOYMENT] = "deployment",
	[CAUSE_MANY] = "many",         [CAUSE_PARENT] = "parent",
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void book_blame(struct entry *entry, enum cause cause, const char *words)
{
	if (cause <= entry->cause)
		return;
	entry->cause = cause;
	entry->record.cause_kind = kinds[cause];
	record_text(entry->record.cause, sizeof(entry->record.cause), words);
}

enum cause book_cause(const char *kind)
{
	for (int cause = CAUSE_NONE + 1; cause < KINDS && kind != NULL; cause++)
		if (strcmp(kinds[cause], kind) == 0)
			return (enum cause)cause;
	return CAUSE_NONE;
}

static bool is_about(const struct incident_book *book, const struct event *event,
		     const struct entry *entry)
{
	const struct incident_record *record = &entry->record;
	bool is_everywhere = addr_is_unspecified(&event->ip) &&
			     !addr_is_unset(&record->first_ip) &&
			     book->sink.is_own != NULL &&
			     book->sink.is_own(book->sink.self, &record->first_ip);
	if (event->sensor[0] != '\0' && !entry_has_sensor(entry, event->sensor))
		return false;
	if (!addr_is_unset(&event->ip) && !is_everywhere &&
	    !addr_equal(&event->ip, &record->first_ip))
		return false;
	return event->port == UNKNOWN_U32 || event->port == record->first_port;
}

/*
 * Whether a change may be its cause: an attack comes from outside, and what is only
 * foreseen is the sum of days, not of the last minutes.
 */
static bool can_have_cause(const struct entry *entry)
{
	return !entry->is_attack && entry->record.ahead != 1;
}

static bool is_in_time(const struct event *event, const struct entry *entry)
{
	int64_t before_us = entry->record.first - event->line.at;
	return before_us <= BEFORE_US && before_us >= -AFTER_US;
}

static void give(struct incident_book *book, struct entry *entry,
		 const struct event *event)
{
	book_line(book, entry, &event->line);
	book_blame(entry, event->cause, event->words);
}

void book_explain(struct incident_book *book, struct entry *entry)
{
	uint64_t count = book->event_count;
	uint64_t first = count > BOOK_EVENTS ? count - BOOK_EVENTS : 0;
	for (uint64_t i = first; i < count && can_have_cause(entry); i++) {
		const struct event *event = &book->events[i % BOOK_EVENTS];
		if (is_about(book, event, entry) && is_in_time(event, entry))
			give(book, entry, event);
	}
}

/* To those that it may be a cause of already, and kept for those that come. */
static void happened(struct incident_book *book, const struct event *event)
{
	book->events[book->event_count++ % BOOK_EVENTS] = *event;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++) {
		struct entry *entry = &book->entries[i];
		if (!entry_is_firing(entry) || !can_have_cause(entry) ||
		    !is_about(book, event, entry) || !is_in_time(event, entry))
			continue;
		give(book, entry, event);
		book_say(book, entry, event->line.at);
	}
}

static const char *name_of(const char *process)
{
	return process[0] != '\0' ? process : "a process";
}

static enum cause cause_of_listener(const struct listener_record *listener)
{
	return book_is_word(listener->change, "closed") ? CAUSE_LISTENER : CAUSE_NONE;
}

void incident_book_listener(struct incident_book *book,
			    const struct listener_record *listener)
{
	struct event event = { .cause = cause_of_listener(listener),
			       .ip = listener->ip,
			       .port = listener->port };
	bool is_end = event.cause == CAUSE_LISTENER;
	if (listener->netns != UNKNOWN_U64)
		return; /* another network: its ports are not these */
	snprintf(event.words, sizeof(event.words), "%s %s on port %u/%s",
		 name_of(listener->process),
		 is_end ? "does not listen any more" : "listens", listener->port,
		 listener->transport);
	event.line = book_new_line(listener->at, "listener", event.words);
	record_text(event.sensor, sizeof(event.sensor), listener->sensor);
	happened(book, &event);
}

void incident_book_deployment(struct incident_book *book,
			      const struct deployment_record *deployment)
{
	struct event event = { .cause = CAUSE_DEPLOYMENT,
			       .ip = deployment->server_ip,
			       .port = deployment->port };
	snprintf(event.words, sizeof(event.words), "%s was changed%s%s%s%.100s",
		 deployment->name, deployment->version[0] != '\0' ? " to " : "",
		 deployment->version, deployment->summary[0] != '\0' ? ": " : "",
		 deployment->summary);
	event.line = book_new_line(deployment->at, "deployment", event.words);
	record_text(event.line.actor, sizeof(event.line.actor), deployment->actor);
	happened(book, &event);
}

/* ---- what was done ---- */

static bool is_answer(const struct block_record *block)
{
	return book_is_word(block->state, "active");
}

/* The incident that the block's finding belongs to; NULL. */
static struct entry *attack_of(struct incident_book *book,
			       const struct block_record *block)
{
	const struct member *member = book_member(book, block->sensor, block->finding);
	return member != NULL ? member->entry : NULL;
}

/*
 * A block answers the attack that it is about; and a client of ours that is blocked by
 * mistake is told of by others, so that it may be a cause.
 */
void incident_book_block(struct incident_book *book, const struct block_record *block)
{
	char address[ADDR_TEXT_MAX];
	struct event event = { .cause = CAUSE_BLOCK,
			       .ip = block->address,
			       .port = block->port };
	struct entry *entry = attack_of(book, block);
	addr_text(&block->address, address);
	snprintf(event.words, sizeof(event.words), "%s/%u: %s is %s", address,
		 block->prefix_len, block->action, block->state);
	event.line = book_new_line(block->at, "block", event.words);
	record_text(event.line.about, sizeof(event.line.about), block->id);
	record_text(event.line.actor, sizeof(event.line.actor), block->actor);
	record_text(event.sensor, sizeof(event.sensor), block->sensor);
	if (entry == NULL) {
		happened(book, &event);
		return;
	}
	book_line(book, entry, &event.line);
	if (!is_answer(block) || entry->record.acknowledged != UNKNOWN_TIME ||
	    entry->record.automatic == 1)
		return;
	entry->record.automatic = 1;
	book_say(book, entry, block->at);
}
