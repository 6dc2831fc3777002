/*
 * sensors.c: whose alerts and findings an incident of a fleet is of; on a machine that
 * stands alone all of this is "".
 */
#include <stdio.h>
#include <string.h>

#include "alert/book.h"

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
	const char *sensors = entry->record.sensors;
	size_t len = strcspn(sensors, ",");
	return strlen(sensor) == len && memcmp(sensors, sensor, len) == 0;
}

static bool has(const char *sensors, const char *name, size_t len)
{
	for (const char *at = sensors; *at != '\0'; at += *at == ',') {
		size_t other = strcspn(at, ",");
		if (other == len && memcmp(at, name, len) == 0)
			return true;
		at += other;
	}
	return false;
}

bool entry_has_sensor(const struct entry *entry, const char *sensor)
{
	return has(entry->record.sensors, sensor, strlen(sensor));
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

static const char more[] = "...";

void book_line_summary(const char *sensor, const char *summary, field_text256 out)
{
	snprintf(out, sizeof(field_text256), "%s%s%s", sensor,
		 sensor[0] != '\0' ? ": " : "", summary);
}

/* What looks like a name is one if the incident is of that sensor. */
void book_line_sensor(const struct entry *entry, const struct timeline_record *line,
		      field_text64 out)
{
	const char *sensors = entry->record.sensors, *summary = line->summary;
	size_t len = strcspn(summary, ":, ");
	bool is_known =
		has(sensors, summary, len) || has(sensors, more, sizeof(more) - 1);
	bool is_name = line->sensor[0] != '\0' && len > 0 &&
		       len < sizeof(field_text64) &&
		       strncmp(summary + len, ": ", 2) == 0;
	snprintf(out, sizeof(field_text64), "%.*s", is_name && is_known ? (int)len : 0,
		 summary);
}

/* More than there is room for are dots. */
static void add(struct incident_record *record, const char *name, size_t len)
{
	char *sensors = record->sensors;
	size_t used = strlen(sensors);
	if (len == 0 || has(sensors, name, len) || has(sensors, more, sizeof(more) - 1))
		return;
	bool fits = used + 1 + len + sizeof(more) < sizeof(record->sensors);
	snprintf(sensors + used, sizeof(record->sensors) - used, "%s%.*s",
		 used > 0 ? "," : "", fits ? (int)len : 3, fits ? name : more);
}

void book_add_sensors(struct incident_record *record, const char *sensors)
{
	for (const char *at = sensors; *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");
		add(record, at, len);
		at += len;
	}
}
