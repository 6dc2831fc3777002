/*
 * story.c: see story.h.
 */
#include "fleet/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 65536 };

/* One thing that it did. */
struct fact {
	int64_t at_us, until_us;
	char sensor[64];
	char what[STORY_WHAT_MAX];
	char id[32]; /* of what is told again while it lasts; "": once */
	uint32_t port;
	const char *severity;
};

struct story {
	struct addr who;
	struct fact *facts;
	uint32_t count, room;
	struct story_line *lines;
	uint32_t line_count;
};

struct story *story_new(const struct addr *who)
{
	struct story *story = calloc(1, sizeof(*story));
	if (story == NULL)
		return NULL;
	story->who = addr_source(who);
	story->lines = calloc(STORY_LINES_MAX, sizeof(*story->lines));
	if (story->lines != NULL)
		return story;
	story_free(story);
	return NULL;
}

void story_free(struct story *story)
{
	if (story == NULL)
		return;
	free(story->facts);
	free(story->lines);
	free(story);
}

/* ---- facts ---- */

static bool is_who(const struct story *story, const struct addr *addr)
{
	struct addr source = addr_source(addr);
	return !addr_is_unset(addr) && addr_equal(&source, &story->who);
}

static bool is_word(const char *word, const char *text)
{
	return word != NULL && strcmp(word, text) == 0;
}

/* As Zeek's conn_state has it. */
static const char *came_of(const char *state)
{
	if (is_word(state, "REJ"))
		return "tried, was refused";
	if (is_word(state, "S0") || is_word(state, "SH"))
		return "tried, without an answer";
	if (is_word(state, "RSTOS0"))
		return "tried, and left";
	return "connected";
}

static bool flow_fact(const struct story *story, const struct flow_record *f,
		      struct fact *fact)
{
	if (!is_who(story, &f->client_ip))
		return false;
	fact->at_us = f->start;
	fact->until_us = f->end;
	fact->port = f->server_port;
	snprintf(fact->what, sizeof(fact->what), "%s (%s)", came_of(f->state),
		 f->transport != NULL ? f->transport : "?");
	return true;
}

static bool login_fact(const struct story *story, const struct login_record *l,
		       struct fact *fact)
{
	bool is_in = is_word(l->outcome, "success");
	if (!is_who(story, &l->client_ip))
		return false;
	fact->at_us = fact->until_us = l->at;
	fact->port = l->server_port;
	snprintf(fact->what, sizeof(fact->what), "%s %s%s%.64s",
		 is_in ? "logged in to" : "failed to log in to",
		 l->protocol[0] != '\0' ? l->protocol : "a service",
		 l->user[0] != '\0' ? " as " : "", l->user);
	return true;
}

static bool finding_fact(const struct story *story, const struct finding_record *f,
			 struct fact *fact)
{
	if (!is_who(story, &f->client_ip))
		return false;
	fact->at_us = f->first;
	fact->until_us = f->last;
	fact->severity = f->severity;
	memcpy(fact->id, f->id, sizeof(fact->id));
	record_text(fact->what, sizeof(fact->what), f->summary);
	return true;
}

static bool block_fact(const struct story *story, const struct block_record *b,
		       struct fact *fact)
{
	if (!is_who(story, &b->address))
		return false;
	fact->at_us = b->start;
	fact->until_us = b->at;
	memcpy(fact->id, b->id, sizeof(fact->id));
	snprintf(fact->what, sizeof(fact->what), "is answered: %s (%s)",
		 b->action != NULL ? b->action : "?",
		 b->state != NULL ? b->state : "?");
	return true;
}

static bool fact_of(const struct story *story, enum record_kind kind,
		    const void *record, struct fact *fact)
{
	switch (kind) {
	case RECORD_flow:
		return flow_fact(story, record, fact);
	case RECORD_login:
		return login_fact(story, record, fact);
	case RECORD_finding:
		return finding_fact(story, record, fact);
	case RECORD_block:
		return block_fact(story, record, fact);
	default:
		return false;
	}
}

/* The one with that id, which this one tells anew. */
static struct fact *find_again(struct story *story, const struct fact *fact)
{
	for (uint32_t i = 0; fact->id[0] != '\0' && i < story->count; i++)
		if (strcmp(story->facts[i].id, fact->id) == 0 &&
		    strcmp(story->facts[i].sensor, fact->sensor) == 0)
			return &story->facts[i];
	return NULL;
}

static bool make_room(struct story *story)
{
	if (story->count < story->room)
		return true;
	uint32_t room = story->room > 0 ? 2 * story->room : 256;
	if (room > FACTS_MAX)
		return false;
	struct fact *more = reallocarray(story->facts, room, sizeof(*more));
	if (more == NULL)
		return false;
	story->facts = more;
	story->room = room;
	return true;
}

bool story_add(struct story *story, enum record_kind kind, const void *record)
{
	struct fact fact = { .port = UNKNOWN_U32 };
	const struct field *sensor = record_field(kind, "sensor");
	if (!fact_of(story, kind, record, &fact) || fact.at_us == UNKNOWN_TIME)
		return true;
	record_text(fact.sensor, sizeof(fact.sensor),
		    (const char *)record + sensor->offset);
	struct fact *again = find_again(story, &fact);
	if (again != NULL) {
		if (fact.until_us >= again->until_us)
			*again = fact;
		return true;
	}
	if (!make_room(story))
		return false;
	story->facts[story->count++] = fact;
	return true;
}

/* ---- lines ---- */

static int compare(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	int of_sensor = strcmp(x->sensor, y->sensor);
	return of_sensor != 0 ? of_sensor : strcmp(x->what, y->what);
}

static void note_port(struct story_line *line, uint32_t port)
{
	uint32_t at = 0;
	if (port > UINT16_MAX)
		return;
	while (at < line->port_count && line->ports[at] < port)
		at++;
	if ((at < line->port_count && line->ports[at] == port) || at == STORY_PORTS_MAX)
		return;
	/* Full, the highest makes room. */
	uint32_t kept = line->port_count < STORY_PORTS_MAX ? line->port_count
							   : STORY_PORTS_MAX - 1;
	memmove(line->ports + at + 1, line->ports + at,
		(kept - at) * sizeof(line->ports[0]));
	line->ports[at] = (uint16_t)port;
	line->port_count = kept + 1;
}

/* The last line of that sensor, if it says the same. */
static struct story_line *goes_on(struct story *story, const struct fact *fact)
{
	for (uint32_t i = story->line_count; i-- > 0;) {
		struct story_line *line = &story->lines[i];
		if (strcmp(line->sensor, fact->sensor) == 0)
			return strcmp(line->what, fact->what) == 0 ? line : NULL;
	}
	return NULL;
}

static bool put(struct story *story, const struct fact *fact)
{
	struct story_line *line = goes_on(story, fact);
	if (line == NULL) {
		if (story->line_count == STORY_LINES_MAX)
			return false;
		line = &story->lines[story->line_count++];
		*line = (struct story_line){ .first_us = fact->at_us,
					     .last_us = fact->until_us,
					     .severity = fact->severity };
		record_text(line->sensor, sizeof(line->sensor), fact->sensor);
		record_text(line->what, sizeof(line->what), fact->what);
	}
	if (fact->until_us > line->last_us)
		line->last_us = fact->until_us;
	line->count++;
	note_port(line, fact->port);
	return true;
}

uint32_t story_finish(struct story *story)
{
	story->line_count = 0;
	if (story->count > 0)
		qsort(story->facts, story->count, sizeof(*story->facts), compare);
	for (uint32_t i = 0; i < story->count && put(story, &story->facts[i]); i++)
		;
	return story->line_count;
}

const struct story_line *story_at(const struct story *story, uint32_t number)
{
	return &story->lines[number];
}

uint32_t story_sensors(const struct story *story)
{
	uint32_t sensors = 0;
	for (uint32_t i = 0; i < story->line_count; i++) {
		uint32_t j = 0;
		while (j < i &&
		       strcmp(story->lines[i].sensor, story->lines[j].sensor) != 0)
			j++;
		sensors += j == i && strcmp(story->lines[i].sensor, "hub") != 0;
	}
	return sensors;
}
