/*
 * resume.c: incidents go on after a restart, from what is kept; see incidents.h.
 */
#include <stdio.h>
#include <string.h>

#include "alert/book.h"

/* What was kept before these fields were. */
static void know_first(struct incident_record *record)
{
	if (record->first_sensor[0] == '\0')
		snprintf(record->first_sensor, sizeof(record->first_sensor), "%.*s",
			 (int)strcspn(record->sensors, ","), record->sensors);
	if (record->first_target[0] != '\0')
		return;
	record_text(record->first_target, sizeof(record->first_target), record->target);
	record->first_ip = record->server_ip;
	record->first_port = record->port;
	record->first_transport = record->transport;
}

void incident_book_restore(struct incident_book *book,
			   const struct incident_record *incident)
{
	struct entry *entry =
		book_entry(book, incident->id) == NULL ? book_room(book) : NULL;
	if (entry == NULL)
		return;
	*entry = (struct entry){
		.record = *incident,
		.cause = book_cause(incident->cause_kind),
		.said_us = incident->at,
		.joined_us = incident->last,
		.is_attack = !addr_is_unset(&incident->client_ip),
		.attack = book_hash(incident->id),
	};
	know_first(&entry->record);
	entry->target =
		book_target(entry->record.first_sensor, entry->record.first_target);
}

void incident_book_reread(struct incident_book *book,
			  const struct incident_record *incident)
{
	struct entry *entry = book_entry(book, incident->id);
	/* What is newer than what is kept was said after it. */
	if (entry == NULL || entry_is_firing(entry) ||
	    !book_is_word(incident->state, "resolved") ||
	    incident->at < entry->record.at)
		return;
	entry->record = *incident;
	know_first(&entry->record);
}

/* What of it goes on is no other one. */
static bool has_members(const struct entry *entry)
{
	return entry_is_firing(entry) || entry_was_closed(entry);
}

/* A block has an id too, and is no trouble. */
static bool is_of_member(const struct timeline_record *line)
{
	return book_is_word(line->kind, "alert") ||
	       book_is_word(line->kind, "finding") ||
	       book_is_word(line->kind, "resolved");
}

static struct member *restore_member(struct incident_book *book, struct entry *entry,
				     const struct timeline_record *line,
				     const char *sensor)
{
	struct member *member = book_member_room(book);
	if (strcmp(entry->record.lead, line->about) == 0 &&
	    entry->lead_sensor[0] == '\0')
		record_text(entry->lead_sensor, sizeof(entry->lead_sensor), sensor);
	if (member == NULL)
		return NULL;
	*member = (struct member){ .sensor = book_hash(sensor),
				   .entry = entry,
				   .target = entry->target };
	record_text(member->id, sizeof(member->id), line->about);
	return member;
}

void incident_book_restore_line(struct incident_book *book,
				const struct timeline_record *line)
{
	struct entry *entry = book_entry(book, line->incident);
	if (entry == NULL || !has_members(entry) || !is_of_member(line) ||
	    line->about[0] == '\0')
		return;
	field_text64 sensor;
	book_line_sensor(entry, line, sensor);
	struct member *member = book_member(book, sensor, line->about);
	bool is_open = !book_is_word(line->kind, "resolved");
	if (member == NULL && is_open)
		member = restore_member(book, entry, line, sensor);
	if (member == NULL || member->is_open == is_open)
		return;
	member->is_open = is_open;
	entry->open += is_open ? 1 : UINT32_MAX;
}
