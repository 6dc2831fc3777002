/*
 * tell_send.c: messages of what is due, several incidents in one.
 *
 * As in Alertmanager, what goes by the same route to the same sink is a group: after a
 * message of it the next one waits for group_interval.  But what is graver than all
 * that the last one told waits for nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "alert/telling.h"
#include "base/hash.h"

static int severity_of(const struct row *row)
{
	return record_severity(row->known->record.severity);
}

/* By group, then by what is said, then the gravest first. */
static int by_group(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a,
			 *y = *(const struct row *const *)b;
	if (x->route != y->route)
		return x->route < y->route ? -1 : 1;
	if (x->sink != y->sink)
		return x->sink < y->sink ? -1 : 1;
	if (x->reason != y->reason)
		return x->reason < y->reason ? -1 : 1;
	if (severity_of(x) != severity_of(y))
		return severity_of(x) > severity_of(y) ? -1 : 1;
	if (x->known->record.first != y->known->record.first)
		return x->known->record.first < y->known->record.first ? -1 : 1;
	return strcmp(x->known->record.id, y->known->record.id);
}

static size_t collect(struct teller *teller)
{
	size_t count = 0;
	for (size_t i = 0; i < teller->known_end; i++)
		for (struct row *row = teller->known[i].rows; row != NULL;
		     row = row->next)
			if (row->is_wanted)
				teller->wanted[count++] = row;
	qsort(teller->wanted, count, sizeof(struct row *), by_group);
	return count;
}

static bool is_due(const struct teller *teller, const struct row *row)
{
	return row->due_us <= teller->now_us;
}

static bool is_urgent(const struct row *row, const struct group *group)
{
	return row->reason == TELL_CHANGED || row->reason == TELL_ESCALATED ||
	       (row->reason == TELL_NEW && severity_of(row) > group->severity);
}

static bool may_go(struct teller *teller, const struct row *row)
{
	const struct group *group = row_group(teller, row);
	return group->at_us == 0 || is_urgent(row, group) ||
	       teller->now_us - group->at_us >= row_route(teller, row)->interval_us;
}

/*
 * The same if the same is decided again, after a crash before it was kept: then the
 * sender knows it.
 */
static uint64_t id_of(struct row *const *rows, size_t count)
{
	uint64_t id = rows[0]->name + rows[0]->reason;
	for (size_t i = 0; i < count; i++) {
		const struct incident_record *incident = &rows[i]->known->record;
		uint64_t of[4] = { id, tell_hash(incident->id),
				   (uint64_t)incident->first, rows[i]->serial };
		id = hash_sum(of, sizeof(of));
	}
	return id;
}

/* Of one group and one reason, NOTICE_INCIDENTS_MAX at most. */
static bool send_one(struct teller *teller, struct row *const *rows, size_t count)
{
	const struct incident_record *incidents[NOTICE_INCIDENTS_MAX];
	int64_t due_us = rows[0]->due_us;
	for (size_t i = 0; i < count; i++) {
		incidents[i] = &rows[i]->known->record;
		due_us = rows[i]->due_us < due_us ? rows[i]->due_us : due_us;
	}
	const struct tell_message message = {
		.id = id_of(rows, count),
		.sink = teller->rules->sinks[rows[0]->sink]->name,
		.reason = rows[0]->reason,
		.due_us = due_us,
		.key = rows[0]->known->record.id,
		.incidents = incidents,
		.count = count,
	};
	return teller->sink.message(teller->sink.self, &message);
}

static void note(struct teller *teller, struct row *row, struct group *group)
{
	row->is_wanted = false;
	row->serial++;
	row->told_us = teller->now_us;
	row->severity = (int8_t)severity_of(row);
	row->is_firing = row->reason != TELL_RESOLVED;
	if (row->is_firing && row->known->told_us == 0)
		row->known->told_us = teller->now_us;
	if (group->at_us != teller->now_us)
		*group = (struct group){ .at_us = teller->now_us, .severity = -1 };
	if (row->is_firing && row->severity > group->severity)
		group->severity = row->severity;
}

/* How many of them, from the first on, are of its group and its reason. */
static size_t alike(struct row *const *rows, size_t count, bool by_reason)
{
	size_t n = 1;
	while (n < count && rows[n]->route == rows[0]->route &&
	       rows[n]->sink == rows[0]->sink &&
	       (!by_reason || rows[n]->reason == rows[0]->reason))
		n++;
	return n;
}

/* When one has waited long enough, the others that are new go with it; so repeats. */
static bool takes_along(const struct row *row, unsigned reasons)
{
	return (row->reason == TELL_NEW || row->reason == TELL_REPEATED) &&
	       (reasons >> row->reason & 1) != 0;
}

/* Of a group: what goes now, put to the front. */
static size_t choose(struct teller *teller, struct row **rows, size_t count)
{
	unsigned reasons = 0; /* that one goes for */
	size_t chosen = 0;
	for (size_t i = 0; i < count; i++)
		if (is_due(teller, rows[i]) && may_go(teller, rows[i]))
			reasons |= 1u << rows[i]->reason;
	for (size_t i = 0; i < count && reasons != 0; i++)
		if (is_due(teller, rows[i]) || takes_along(rows[i], reasons))
			rows[chosen++] = rows[i];
	return chosen;
}

static size_t most_at_once(const struct teller *teller, const struct row *row)
{
	const struct notifier *notifier = teller->rules->sinks[row->sink]->notifier;
	return notifier != NULL && notifier->is_by_key ? 1 : NOTICE_INCIDENTS_MAX;
}

static void send_group(struct teller *teller, struct row **rows, size_t count)
{
	struct group *group = row_group(teller, rows[0]);
	size_t most = most_at_once(teller, rows[0]);
	count = choose(teller, rows, count);
	for (size_t i = 0, n; i < count; i += n) {
		n = alike(rows + i, count - i, true);
		n = n < most ? n : most;
		if (!send_one(teller, rows + i, n))
			return; /* nor will others */
		for (size_t j = i; j < i + n; j++)
			note(teller, rows[j], group);
		teller->is_changed = true;
	}
}

void tell_send(struct teller *teller)
{
	size_t count = collect(teller);
	for (size_t i = 0, n; i < count; i += n) {
		n = alike(teller->wanted + i, count - i, false);
		send_group(teller, teller->wanted + i, n);
	}
}
