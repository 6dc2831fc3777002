/*
 * hub_said.c: see hub_said.h.
 *
 * Two tables of names: a full one becomes the older one, and the older one is emptied.
 */
#include "cli/hub_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "cli/store_look.h"

enum {
	PLACES = 2 * HUB_SAID_MOST, /* a power of two; half of them are used */
	TABLES = 2,
	NAME_MAX_LEN = 1024, /* more than the longest fields of a line */
	READ_MS = 5000,
	READ_MOST = HUB_SAID_MOST / 2, /* of a kind */
};

struct table {
	uint64_t names[PLACES]; /* 0: free */
	size_t count;
};

struct hub_said {
	struct table tables[TABLES];
	int newer;
};

struct hub_said *hub_said_new(void)
{
	return calloc(1, sizeof(struct hub_said));
}

void hub_said_free(struct hub_said *said)
{
	free(said);
}

static const char *word_of(const char *word)
{
	return word != NULL ? word : "";
}

/* The depot gives back what was told; the sensor is the hubs', or not set yet. */
static uint64_t name_of(enum record_kind kind, const void *record)
{
	char text[NAME_MAX_LEN];
	int len = 0;
	if (kind == RECORD_timeline) {
		const struct timeline_record *line = record;
		len = snprintf(text, sizeof(text), "%lld\n%s\n%s\n%s\n%s\n%s",
			       (long long)line->at, line->incident, word_of(line->kind),
			       line->about, line->actor, line->summary);
	} else if (kind == RECORD_notification) {
		const struct notification_record *told = record;
		len = snprintf(text, sizeof(text), "%lld\n%s\n%s\n%s\n%s\n%s\n%u",
			       (long long)told->at, told->sink, told->incident,
			       told->key, word_of(told->reason), word_of(told->state),
			       told->tries);
	}
	uint64_t name = len > 0 ? hash_sum(text, (size_t)len) : 0;
	return len > 0 && name == 0 ? 1 : name;
}

/* Where it is, or has its place. */
static size_t place_of(const struct table *table, uint64_t name)
{
	size_t place = (size_t)(name % PLACES);
	while (table->names[place] != 0 && table->names[place] != name)
		place = (place + 1) % PLACES;
	return place;
}

static bool has_name(const struct hub_said *said, uint64_t name)
{
	for (size_t i = 0; i < TABLES; i++) {
		const struct table *table = &said->tables[i];
		if (table->names[place_of(table, name)] == name)
			return true;
	}
	return false;
}

bool hub_said_has(const struct hub_said *said, enum record_kind kind,
		  const void *record)
{
	uint64_t name = name_of(kind, record);
	return name != 0 && has_name(said, name);
}

void hub_said_note(struct hub_said *said, enum record_kind kind, const void *record)
{
	uint64_t name = name_of(kind, record);
	if (name == 0 || has_name(said, name))
		return;
	struct table *table = &said->tables[said->newer];
	if (table->count == HUB_SAID_MOST) {
		said->newer = (said->newer + 1) % TABLES;
		table = &said->tables[said->newer];
		memset(table, 0, sizeof(*table));
	}
	table->names[place_of(table, name)] = name;
	table->count++;
}

/* ---- what the store has ---- */

struct reading {
	struct hub_said *said;
	enum record_kind kind;
	size_t count;
	int64_t last_us; /* of the first: the newest comes first */
};

static bool take(void *to, const void *record)
{
	struct reading *reading = to;
	if (reading->kind == RECORD_timeline && reading->count == 0)
		reading->last_us = ((const struct timeline_record *)record)->at;
	hub_said_note(reading->said, reading->kind, record);
	return ++reading->count < READ_MOST;
}

int64_t hub_said_read(struct hub_said *said, const char *folder,
		      const atomic_bool *cancels)
{
	struct reading reading = { .said = said,
				   .kind = RECORD_notification,
				   .last_us = INT64_MIN };
	struct store_filter filter;
	store_filter_init(&filter);
	filter.time_limit_ms = READ_MS;
	filter.cancel = cancels;
	store_look(folder, reading.kind, &filter, take, &reading);
	reading.kind = RECORD_timeline;
	reading.count = 0;
	store_look(folder, reading.kind, &filter, take, &reading);
	return reading.last_us;
}
