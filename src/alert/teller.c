/*
 * teller.c: what is to be told of each incident, to whom and when; see teller.h.
 *
 * For each incident and each sink that its routes lead to there is a row: what that
 * sink was told last, and what it is to be told next.  Once a second all of them are
 * looked at; tell_send.c makes messages of what is due.
 */
#include "alert/teller.h"

#include <stdlib.h>
#include <string.h>

#include "alert/telling.h"
#include "base/buf.h"

/* Without a tick for so long the clock was set, or the machine slept. */
#define STEP_US (60 * TELL_SECOND_US)
/* What is over may come back as the same incident for a while; and what was told before
 * a restart waits as long for its incident.
 */
#define KEPT_US (3600 * TELL_SECOND_US)

static const char *const reason_names[] = {
	[TELL_NEW] = "new",           [TELL_CHANGED] = "changed",
	[TELL_REPEATED] = "repeated", [TELL_ESCALATED] = "escalated",
	[TELL_RESOLVED] = "resolved", [TELL_TEST] = "test",
};

const char *tell_reason_name(enum tell_reason reason)
{
	return reason_names[reason];
}

struct teller *teller_new(const struct teller_sink *sink)
{
	struct teller *teller = calloc(1, sizeof(*teller));
	if (teller == NULL)
		return NULL;
	teller->sink = *sink;
	teller->silence_turn = 1;
	for (size_t i = TELLER_ROWS; i-- > 0;) {
		teller->rows[i].next = teller->free;
		teller->free = &teller->rows[i];
	}
	return teller;
}

void teller_free(struct teller *teller)
{
	if (teller != NULL)
		tell_save(teller);
	free(teller);
}

void teller_set_rules(struct teller *teller, const struct tell_rules *rules,
		      int64_t now_us)
{
	if (teller->now_us == 0)
		teller->now_us = now_us;
	teller->rules = rules;
	teller->silence_turn++;
	for (size_t i = 0; rules != NULL && i < rules->sink_count; i++)
		teller->names[i] = tell_hash(rules->sinks[i]->name);
	rows_settle(teller);
}

/* ---- what is to be told ---- */

static void want(struct row *row, enum tell_reason reason, int64_t due_us)
{
	row->is_wanted = true;
	row->reason = reason;
	row->due_us = due_us;
}

/* The routes that an incident goes by now. */
struct following {
	struct known *known;
	uint64_t routes[ROUTE_WORDS + 1];
	uint16_t route; /* the last one */
};

static bool is_followed(const struct following *to, uint16_t route)
{
	return (to->routes[route / 64] >> route % 64 & 1) != 0;
}

/* NULL: nobody new has to know, as others do and it is taken care of; or no room. */
static struct row *find_row(struct teller *teller, struct known *known, size_t sink)
{
	uint64_t name = teller->names[sink];
	struct row *row = row_of(known, name);
	if (row != NULL || (known->told_us != 0 && known_is_handled(known)))
		return row;
	return row_new(teller, known, name);
}

/* To each of the sinks that does not know that it fires; by the first route that leads
 * there.
 */
static void ask(struct teller *teller, const struct following *to, uint64_t sinks,
		enum tell_reason reason)
{
	const struct tell_route *route = &teller->rules->routes[to->route];
	int64_t wait_us = reason == TELL_NEW ? route->wait_us : 0;
	for (; sinks != 0; sinks &= sinks - 1) {
		size_t i = (size_t)__builtin_ctzll(sinks);
		struct row *row = find_row(teller, to->known, i);
		if (row == NULL)
			continue;
		row->sink = (uint16_t)i;
		if (!is_followed(to, row->route))
			row->route = to->route;
		if (!row->is_firing && !row->is_wanted)
			want(row, reason, teller->now_us + wait_us);
	}
}

static void escalate(struct teller *teller, const struct following *to)
{
	const struct tell_route *route = &teller->rules->routes[to->route];
	int64_t told_us = to->known->told_us;
	for (size_t i = 0; i < route->step_count && told_us != 0; i++)
		if (teller->now_us - told_us >= route->steps[i].after_us &&
		    !known_is_handled(to->known))
			ask(teller, to, route->steps[i].sinks, TELL_ESCALATED);
}

/* In its hours, the first route and those that it goes on to. */
static void follow_routes(struct teller *teller, struct following *to)
{
	size_t count = teller->rules != NULL ? teller->rules->route_count : 0;
	for (size_t i = 0; i < count; i++) {
		const struct tell_route *route = &teller->rules->routes[i];
		if (!known_matches(to->known, i) || !teller->is_open[i])
			continue;
		to->route = (uint16_t)i;
		ask(teller, to, route->sinks, TELL_NEW);
		escalate(teller, to);
		to->routes[i / 64] |= 1ULL << i % 64;
		if (!route->goes_on)
			return;
	}
}

/* Of one that fires, and was told so.  Repeats of a group come together. */
static void tell_again(const struct teller *teller, struct row *row, bool is_in_force)
{
	const struct tell_route *route = row_route(teller, row);
	int severity = record_severity(row->known->record.severity);
	int64_t repeat_us = row->told_us + route->repeat_us;
	row->is_wanted = false; /* that it is over, which it is not after all */
	if (severity > row->severity)
		want(row, TELL_CHANGED, teller->now_us);
	else if (is_in_force && route->repeat_us > 0 && !known_is_handled(row->known) &&
		 teller->now_us >= repeat_us - route->interval_us)
		want(row, TELL_REPEATED, repeat_us);
}

static void tell_firing(struct teller *teller, struct known *known)
{
	struct following to = { .known = known };
	follow_routes(teller, &to);
	for (struct row *row = known->rows; row != NULL; row = row->next)
		if (row->is_firing)
			tell_again(teller, row, is_followed(&to, row->route));
}

/* Nothing is begun, and who was told waits. */
static void hold_back(struct known *known)
{
	for (struct row *row = known->rows; row != NULL; row = row->next)
		row->is_wanted = false;
}

/* What is over by itself may come back at once: it is told when it stays over. */
static int64_t when_over(const struct teller *teller, const struct row *row)
{
	const struct known *known = row->known;
	bool is_closed = strcmp(known->record.closed_by, "breakwater") != 0;
	return is_closed ? known->over_us
			 : known->over_us + row_route(teller, row)->interval_us;
}

/* Who was told hears of it; nobody else does. */
static void tell_over(struct teller *teller, struct known *known)
{
	for (struct row *row = known->rows; row != NULL; row = row->next) {
		row->is_wanted = false;
		if (row->is_firing && row_route(teller, row)->tells_end)
			want(row, TELL_RESOLVED, when_over(teller, row));
		else if (row->is_firing && when_over(teller, row) <= teller->now_us)
			row->is_firing = false; /* as if it had been told */
	}
	known->told_us = 0;
}

static void suppress(struct teller *teller, struct known *known)
{
	char by[sizeof(known->by)] = "";
	if (known->silence_turn == teller->silence_turn)
		return;
	known->silence_turn = teller->silence_turn;
	silence_of(teller, &known->record, by);
	if (strcmp(by, known->by) == 0)
		return;
	record_text(known->by, sizeof(known->by), by);
	if (teller->sink.suppressed != NULL)
		teller->sink.suppressed(teller->sink.self, known->record.id, by,
					teller->now_us);
}

static void consider(struct teller *teller, struct known *known)
{
	if (!known_is_firing(known)) {
		tell_over(teller, known);
		return;
	}
	suppress(teller, known);
	if (known->by[0] != '\0')
		hold_back(known);
	else
		tell_firing(teller, known);
}

/* ---- time ---- */

static int64_t moved(int64_t at_us, int64_t by_us)
{
	return at_us != 0 ? at_us + by_us : 0;
}

/* Silences and windows are of the clock on the wall; what waits is not. */
static void move_times(struct teller *teller, int64_t by_us)
{
	for (size_t i = 0; i < teller->known_end; i++) {
		struct known *known = &teller->known[i];
		known->since_us = moved(known->since_us, by_us);
		known->over_us = moved(known->over_us, by_us);
		known->told_us = moved(known->told_us, by_us);
	}
	for (size_t i = 0; i < TELLER_ROWS; i++) {
		teller->rows[i].due_us = moved(teller->rows[i].due_us, by_us);
		teller->rows[i].told_us = moved(teller->rows[i].told_us, by_us);
	}
	for (size_t i = 0; i <= TELL_ROUTES_MAX; i++)
		for (size_t j = 0; j < TELL_SINKS_MAX; j++)
			teller->groups[i][j].at_us =
				moved(teller->groups[i][j].at_us, by_us);
	teller->is_changed = true;
}

static void take_time(struct teller *teller, int64_t now_us)
{
	int64_t passed_us = now_us - teller->now_us;
	if (teller->now_us != 0 && passed_us < 0)
		move_times(teller, passed_us);
	else if (teller->now_us != 0 && passed_us > STEP_US)
		move_times(teller, passed_us - TELL_SECOND_US);
	teller->now_us = now_us;
}

static void look_at_windows(struct teller *teller)
{
	const struct tell_rules *rules = teller->rules;
	for (size_t i = 0; rules != NULL && i < rules->route_count; i++)
		teller->is_open[i] =
			rules->routes[i].hours.count == 0 ||
			windows_hold(&rules->routes[i].hours, teller->now_us);
	for (size_t i = 0; rules != NULL && i < rules->maintenance_count; i++) {
		bool is_held =
			windows_hold(&rules->maintenances[i].windows, teller->now_us);
		teller->silence_turn += is_held != teller->is_held[i];
		teller->is_held[i] = is_held;
	}
}

static bool is_forgotten(const struct teller *teller, const struct known *known)
{
	int64_t since_us = known->is_given ? known->over_us : known->since_us;
	return since_us != 0 && teller->now_us - since_us >= KEPT_US;
}

void teller_tick(struct teller *teller, int64_t now_us)
{
	take_time(teller, now_us);
	look_at_windows(teller);
	silences_tick(teller);
	for (size_t i = 0; i < teller->known_end; i++) {
		struct known *known = &teller->known[i];
		if (known->record.id[0] == '\0')
			continue;
		if (known->is_given)
			consider(teller, known);
		if (is_forgotten(teller, known))
			known_drop(teller, known);
	}
	tell_send(teller);
	if (teller->is_changed)
		tell_save(teller);
}

/* ---- what comes ---- */

void teller_incident(struct teller *teller, const struct incident_record *incident)
{
	bool is_firing = strcmp(incident->state, "firing") == 0;
	if (teller->now_us == 0)
		teller->now_us = incident->at;
	struct known *known = known_of(teller, incident->id);
	if (known == NULL && is_firing)
		known = known_new(teller, incident->id);
	if (known == NULL)
		return; /* it was over before anybody was told; or it comes again */
	if (!known->is_given)
		record_text(known->by, sizeof(known->by), incident->suppressed_by);
	known->record = *incident;
	known->is_given = true;
	known->silence_turn = 0;
	if (is_firing)
		known->over_us = 0;
	else if (known->over_us == 0)
		known->over_us = teller->now_us;
	known_match(teller, known);
}
