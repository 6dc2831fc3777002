/*
 * sensors.c: whose alerts and findings an incident of a fleet is of; on a machine that
 * stands alone all of this is "".
 */
#include <stdio.h>
#include <string.h>

#include "alert/book.h"
#include "base/name_list.h"

uint64_t book_target(const char *sensor, const char *target)
{
	char both[sizeof(field_text64) + sizeof(field_text256)];
	if (sensor[0] == '\0')
		return book_hash(target);
	snprintf(both, sizeof(both), "%s\n%s", sensor, target);
	return book_hash(both);
}

bool entry_is_of(const struct entry *entry, const char *sensor)
{
	return strcmp(entry->record.first_sensor, sensor) == 0;
}

bool entry_has_sensor(const struct entry *entry, const char *sensor)
{
	return name_list_has(entry->record.sensors, sensor, strlen(sensor));
}

bool incident_book_is_of_others(struct incident_book *book,
				const struct finding_record *finding)
{
	const struct member *member = book_member(book, finding->sensor, finding->id);
	uint64_t hash = book_hash(finding->incident);
	for (size_t i = 0; i < BOOK_INCIDENTS; i++) {
		const struct entry *entry = &book->entries[i];
		bool is_it = entry->record.id[0] != '\0' &&
			     (strcmp(entry->record.id, finding->incident) == 0 ||
			      (entry->is_attack && entry->attack == hash));
		if (is_it && !entry_has_sensor(entry, finding->sensor) &&
		    (member == NULL || member->entry != entry))
			return true;
	}
	return false;
}

void book_line_summary(const char *sensor, const char *summary, field_text256 out)
{
	snprintf(out, sizeof(field_text256), "%s%s%s", sensor,
		 sensor[0] != '\0' ? ": " : "", summary);
}

/* A hub's own alerts are of nobody; what it found is a hub's, and named so. */
static bool may_be_of(const struct incident_record *record, const char *name,
		      size_t len)
{
	bool is_hub = len == strlen(SENSOR_HUB) && memcmp(name, SENSOR_HUB, len) == 0;
	return is_hub ? record->findings != UNKNOWN_U32 && record->findings > 0
		      : name_list_has(record->sensors, name, len) ||
				name_list_has_more(record->sensors);
}

/* What looks like a name is one if the incident is of that sensor. */
void book_line_sensor(const struct entry *entry, const struct timeline_record *line,
		      field_text64 out)
{
	const char *summary = line->summary;
	size_t len = strcspn(summary, ":, ");
	bool is_name = line->sensor[0] != '\0' && len > 0 &&
		       len < sizeof(field_text64) &&
		       strncmp(summary + len, ": ", 2) == 0 &&
		       may_be_of(&entry->record, summary, len);
	snprintf(out, sizeof(field_text64), "%.*s", is_name ? (int)len : 0, summary);
}

bool book_add_sensors(struct incident_record *record, const char *sensors)
{
	size_t before = strlen(record->sensors);
	name_list_add(record->sensors, sizeof(record->sensors), sensors);
	return strlen(record->sensors) > before;
}
