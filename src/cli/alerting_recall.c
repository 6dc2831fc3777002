/*
 * alerting_recall.c: what fired when the daemon ended, and what was over before; see
 * alerting.h.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/alerting_inside.h"
#include "cli/store_look.h"

enum {
	/* Incidents that fire, and as many that are over: all that the book has room
	 * for. */
	RESTORED = 512,
	LINES_RESTORED =
		16384,  /* of them, the newest: twice as many as it has members */
	READ_MS = 5000, /* somebody waits for the start */
	FIND_MS = 500,  /* everybody does */
	FOUND = 2,      /* by an id: more than one is too many */
};

/* The store gives the newest first, the book wants the oldest. */
struct alerting_kept {
	struct alert_board alerts;         /* that fire, as they were kept */
	struct incident_record *incidents; /* owned; 2 * RESTORED */
	struct timeline_record *lines;     /* owned; LINES_RESTORED */
	size_t incident_count, fire_count, line_count;
	int64_t first_us; /* of the oldest of them */
	struct sinks_told told;
	int64_t foretold_us;
};

static bool is_firing(const struct incident_record *incident)
{
	return incident->state != NULL && strcmp(incident->state, "firing") == 0;
}

/* What belongs to one that somebody closed may go on, and is not to be told again. */
static bool keep_incident(void *to, const void *record)
{
	struct alerting_kept *r = to;
	const struct incident_record *incident = record;
	bool fires = is_firing(incident);
	bool was_closed = strcmp(incident->closed_by, INCIDENT_BY_ITSELF) != 0;
	size_t over_count = r->incident_count - r->fire_count;
	if (fires ? r->fire_count == RESTORED : !was_closed || over_count == RESTORED)
		return true;
	if (incident->first < r->first_us)
		r->first_us = incident->first;
	r->incidents[r->incident_count++] = *incident;
	r->fire_count += fires;
	return r->incident_count < 2 * RESTORED;
}

static bool keep_line(void *to, const void *record)
{
	struct alerting_kept *r = to;
	const struct timeline_record *line = record;
	if (line->kind == NULL || line->about[0] == '\0')
		return true;
	r->lines[r->line_count++] = *line;
	return r->line_count < LINES_RESTORED;
}

static bool keep_alert(void *to, const void *record)
{
	struct alerting_kept *r = to;
	const struct alert_record *alert = record;
	if (alert->state != NULL && strcmp(alert->state, "firing") == 0)
		alert_board_take(&r->alerts, alert);
	return r->alerts.count < ALERT_BOARD_MAX;
}

/* The newest come first, and are to be the last. */
static void turn_round(struct alert_board *board)
{
	for (size_t i = 0; i < board->count / 2; i++) {
		struct alert_record *first = &board->at[i],
				    *last = &board->at[board->count - 1 - i];
		const struct alert_record newer = *first;
		*first = *last;
		*last = newer;
	}
}

static void look(const char *folder, enum record_kind kind, int64_t since_us,
		 const atomic_bool *cancels, store_emit emit,
		 struct alerting_kept *kept)
{
	struct store_filter filter;
	store_filter_init(&filter);
	filter.time_limit_ms = READ_MS;
	filter.since_us = since_us;
	filter.cancel = cancels;
	store_look(folder, kind, &filter, emit, kept);
}

static bool is_cancelled(const atomic_bool *cancels)
{
	return cancels != NULL && atomic_load(cancels);
}

static void read_kept(struct alerting_kept *kept, const char *folder,
		      const atomic_bool *cancels)
{
	look(folder, RECORD_alert, INT64_MIN, cancels, keep_alert, kept);
	turn_round(&kept->alerts);
	look(folder, RECORD_incident, INT64_MIN, cancels, keep_incident, kept);
	if (kept->incident_count > 0)
		look(folder, RECORD_timeline, kept->first_us, cancels, keep_line, kept);
	if (!is_cancelled(cancels))
		sinks_told_recall(&kept->told, folder);
	if (!is_cancelled(cancels))
		kept->foretold_us = foretelling_last(folder);
}

struct alerting_kept *alerting_read(const char *state, const atomic_bool *cancels)
{
	struct alerting_kept *kept = calloc(1, sizeof(*kept));
	if (kept == NULL)
		return NULL;
	kept->first_us = INT64_MAX;
	kept->incidents = calloc(2 * (size_t)RESTORED, sizeof(*kept->incidents));
	kept->lines = calloc(LINES_RESTORED, sizeof(*kept->lines));
	if (kept->incidents != NULL && kept->lines != NULL) {
		read_kept(kept, state, cancels);
		return kept;
	}
	alerting_kept_free(kept);
	return NULL;
}

void alerting_kept_free(struct alerting_kept *kept)
{
	if (kept == NULL)
		return;
	alert_board_free(&kept->alerts);
	free(kept->lines);
	free(kept->incidents);
	free(kept);
}

int64_t alerting_foretold(const struct alerting_kept *kept)
{
	return kept->foretold_us;
}

/* ---- and taken up ---- */

/* As incident_book_restore() wants them. */
static int by_begin(const void *left, const void *right)
{
	const struct incident_record *a = left, *b = right;
	if (is_firing(a) != is_firing(b))
		return is_firing(a) ? 1 : -1;
	return (a->first > b->first) - (a->first < b->first);
}

static void restore(struct incident_book *book, struct alerting_kept *r)
{
	qsort(r->incidents, r->incident_count, sizeof(*r->incidents), by_begin);
	for (size_t i = 0; i < r->incident_count; i++)
		incident_book_restore(book, &r->incidents[i]);
	for (size_t i = r->line_count; i > 0; i--)
		incident_book_restore_line(book, &r->lines[i - 1]);
}

void alerting_restore(struct alerting *a, struct alerting_kept *kept)
{
	const struct alerting_setup *setup = &a->setup;
	for (size_t i = 0; i < kept->alerts.count; i++) {
		if (setup->recalled != NULL)
			setup->recalled(setup->self, &kept->alerts.at[i]);
		alert_board_take(&a->board, &kept->alerts.at[i]);
	}
	restore(a->book, kept);
	sinks_told_take_over(&a->told, &kept->told);
}

/* ---- one that was over long ago ---- */

struct found {
	struct incident_record at[FOUND];
	size_t count;
};

static bool find(void *to, const void *record)
{
	struct found *found = to;
	found->at[found->count++] = *(const struct incident_record *)record;
	return found->count < FOUND;
}

void alerting_recall_id(struct alerting *a, const char *id)
{
	struct found found = { .count = 0 };
	struct store_filter filter;
	store_filter_init(&filter);
	filter.time_limit_ms = FIND_MS;
	filter.id = id;
	filter.id_begins = true;
	store_look(a->setup.config->state, RECORD_incident, &filter, find, &found);
	for (size_t i = 0; i < found.count; i++)
		incident_book_restore(a->book, &found.at[i]);
}

/* ---- what was erased ---- */

static void note_oldest(void *to, const struct incident_record *incident)
{
	int64_t *oldest_us = to;
	if (!is_firing(incident) && incident->at < *oldest_us)
		*oldest_us = incident->at;
}

static bool reread(void *to, const void *record)
{
	incident_book_reread(to, record);
	return true;
}

bool alerting_reread(struct alerting *a)
{
	char error[STORE_ERROR_MAX];
	struct store_filter filter;
	int64_t oldest_us = INT64_MAX;
	incident_book_each(a->book, note_oldest, &oldest_us);
	if (oldest_us == INT64_MAX)
		return true;
	store_filter_init(&filter);
	filter.time_limit_ms = FIND_MS;
	filter.since_us = oldest_us;
	return store_look_well(a->setup.config->state, RECORD_incident, &filter, reread,
			       a->book, error);
}
