/*
 * told.c: what is remembered of incidents, and who was told of them.
 */
#include <string.h>

#include "alert/telling.h"
#include "base/hash.h"

/* Of a sink that is in no route any more, until what it was told is over. */
static const struct tell_route no_route = {
	.tells_end = true,
	.interval_us = 300 * TELL_SECOND_US,
};

/* ---- incidents ---- */

struct known *known_of(struct teller *teller, const char *id)
{
	for (size_t i = 0; i < teller->known_end; i++)
		if (id[0] != '\0' && strcmp(teller->known[i].record.id, id) == 0)
			return &teller->known[i];
	return NULL;
}

bool known_is_firing(const struct known *known)
{
	return known->is_given && known->over_us == 0;
}

bool known_is_handled(const struct known *known)
{
	return known->record.acknowledged != UNKNOWN_TIME ||
	       known->record.automatic == 1;
}

static bool is_wanted(const struct known *known)
{
	for (const struct row *row = known->rows; row != NULL; row = row->next)
		if (row->is_wanted)
			return true;
	return false;
}

void known_drop(struct teller *teller, struct known *known)
{
	while (known->rows != NULL)
		row_drop(teller, known->rows);
	*known = (struct known){ 0 };
	while (teller->known_end > 0 &&
	       teller->known[teller->known_end - 1].record.id[0] == '\0')
		teller->known_end--;
}

/* An unused one, else that which was over first and of which nothing is to be said. */
static struct known *room(struct teller *teller)
{
	struct known *oldest = NULL;
	for (size_t i = 0; i < TELLER_INCIDENTS; i++) {
		struct known *known = &teller->known[i];
		if (known->record.id[0] == '\0')
			return known;
		if (known->over_us != 0 && !is_wanted(known) &&
		    (oldest == NULL || known->over_us < oldest->over_us))
			oldest = known;
	}
	if (oldest != NULL)
		known_drop(teller, oldest);
	return oldest;
}

struct known *known_new(struct teller *teller, const char *id)
{
	struct known *known = room(teller);
	if (known == NULL)
		return NULL;
	if (known == &teller->known[teller->known_end])
		teller->known_end++;
	record_text(known->record.id, sizeof(known->record.id), id);
	known->since_us = teller->now_us;
	return known;
}

bool known_matches(const struct known *known, size_t route)
{
	return (known->routes[route / 64] >> route % 64 & 1) != 0;
}

/* ---- rows ---- */

uint64_t tell_hash(const char *text)
{
	return hash_sum(text, strlen(text));
}

struct row *row_of(const struct known *known, uint64_t name)
{
	for (struct row *row = known->rows; row != NULL; row = row->next)
		if (row->name == name)
			return row;
	return NULL;
}

struct row *row_new(struct teller *teller, struct known *known, uint64_t name)
{
	struct row *row = teller->free;
	if (row == NULL)
		return NULL;
	teller->free = row->next;
	*row = (struct row){
		.known = known,
		.next = known->rows,
		.name = name,
		.route = TELL_ROUTES_MAX,
	};
	known->rows = row;
	return row;
}

void row_drop(struct teller *teller, struct row *row)
{
	struct row **link = &row->known->rows;
	while (*link != row)
		link = &(*link)->next;
	*link = row->next;
	*row = (struct row){ .next = teller->free };
	teller->free = row;
}

const struct tell_route *row_route(const struct teller *teller, const struct row *row)
{
	return row->route < TELL_ROUTES_MAX ? &teller->rules->routes[row->route]
					    : &no_route;
}

struct group *row_group(struct teller *teller, const struct row *row)
{
	return &teller->groups[row->route][row->sink];
}

/* ---- other rules ---- */

static bool leads_to(const struct tell_route *route, uint16_t sink)
{
	uint64_t sinks = route->sinks;
	for (size_t i = 0; i < route->step_count; i++)
		sinks |= route->steps[i].sinks;
	return (sinks >> sink & 1) != 0;
}

/* False: there is no such sink any more. */
static bool find_sink(const struct teller *teller, struct row *row)
{
	for (size_t i = 0; i < teller->rules->sink_count; i++) {
		row->sink = (uint16_t)i;
		if (teller->names[i] == row->name)
			return true;
	}
	return false;
}

static void find_route(const struct tell_rules *rules, struct row *row)
{
	for (size_t i = 0; i < rules->route_count; i++)
		if (known_matches(row->known, i) &&
		    leads_to(&rules->routes[i], row->sink)) {
			row->route = (uint16_t)i;
			return;
		}
}

static bool is_for(const struct teller *teller, const struct tell_route *route,
		   const struct incident_record *incident)
{
	return record_severity(incident->severity) >= route->severity &&
	       match_holds(&route->match, incident, teller_own(teller));
}

void known_match(const struct teller *teller, struct known *known)
{
	size_t count = teller->rules != NULL ? teller->rules->route_count : 0;
	memset(known->routes, 0, sizeof(known->routes));
	for (size_t i = 0; i < count && known->is_given; i++)
		if (is_for(teller, &teller->rules->routes[i], &known->record))
			known->routes[i / 64] |= 1ULL << i % 64;
	for (struct row *row = known->rows; row != NULL && count > 0; row = row->next)
		if (row->route == TELL_ROUTES_MAX)
			find_route(teller->rules, row);
}

/* Who was told by rules that are no more hears the end of it by those that are. */
static void settle(struct teller *teller, struct row *row)
{
	row->route = TELL_ROUTES_MAX;
	row->is_wanted = false; /* that is found out again */
	if (teller->rules == NULL || !find_sink(teller, row))
		row_drop(teller, row);
}

static void remember_group(struct teller *teller, const struct row *row)
{
	struct group *group = row_group(teller, row);
	if (row->told_us > group->at_us)
		*group = (struct group){ row->told_us, row->severity };
}

void rows_settle(struct teller *teller)
{
	memset(teller->groups, 0, sizeof(teller->groups));
	for (size_t i = 0; i < TELLER_ROWS; i++)
		if (teller->rows[i].known != NULL)
			settle(teller, &teller->rows[i]);
	for (size_t i = 0; i < teller->known_end; i++)
		known_match(teller, &teller->known[i]);
	for (size_t i = 0; i < TELLER_ROWS; i++)
		if (teller->rows[i].known != NULL)
			remember_group(teller, &teller->rows[i]);
}
