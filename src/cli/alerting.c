/*
 * alerting.c: see alerting.h.  The book's life; alerting_by_hand.c is what people say.
 */
#include "cli/alerting.h"

#include <stdlib.h>
#include <string.h>

#include "store/store.h"

enum {
	RESTORED = 512, /* incidents; as many as the book has room for */
	LINES_RESTORED =
		16384,  /* of them, the newest: twice as many as it has members */
	READ_MS = 5000, /* somebody waits for the start */
};

/* ---- where its records go ---- */

static void take_incident(void *self, const struct incident_record *incident)
{
	const struct alerting *a = self;
	a->sink.keep(a->sink.self, RECORD_incident, incident);
}

static void take_line(void *self, const struct timeline_record *line)
{
	const struct alerting *a = self;
	a->sink.keep(a->sink.self, RECORD_timeline, line);
}

static void take_audit(void *self, const struct audit_record *audit)
{
	const struct alerting *a = self;
	a->sink.keep(a->sink.self, RECORD_audit, audit);
}

static bool is_own(void *self, const struct addr *addr)
{
	const struct alerting *a = self;
	return home_holds(a->own, addr);
}

/* ---- after a restart ---- */

/* The store gives the newest first, the book wants the oldest. */
struct restored {
	struct incident_record *incidents; /* owned; RESTORED */
	struct timeline_record *lines;     /* owned; LINES_RESTORED */
	size_t incident_count, line_count;
	int64_t first_us; /* of the oldest of them */
};

static bool keep_incident(void *to, const void *record)
{
	struct restored *r = to;
	const struct incident_record *incident = record;
	if (incident->state == NULL || strcmp(incident->state, "firing") != 0)
		return true;
	if (incident->first < r->first_us)
		r->first_us = incident->first;
	r->incidents[r->incident_count++] = *incident;
	return r->incident_count < RESTORED;
}

static bool keep_line(void *to, const void *record)
{
	struct restored *r = to;
	const struct timeline_record *line = record;
	if (line->kind == NULL || line->about[0] == '\0')
		return true;
	r->lines[r->line_count++] = *line;
	return r->line_count < LINES_RESTORED;
}

static void read_kept(struct restored *r, const char *folder)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_filter filter;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return;
	store_filter_init(&filter);
	filter.time_limit_ms = READ_MS;
	store_read(reader, RECORD_incident, &filter, keep_incident, r, error);
	filter.since_us = r->first_us;
	if (r->incident_count > 0)
		store_read(reader, RECORD_timeline, &filter, keep_line, r, error);
	store_reader_close(reader);
}

static int by_begin(const void *left, const void *right)
{
	const struct incident_record *a = left, *b = right;
	return (a->first > b->first) - (a->first < b->first);
}

static void restore(struct incident_book *book, struct restored *r)
{
	qsort(r->incidents, r->incident_count, sizeof(*r->incidents), by_begin);
	for (size_t i = 0; i < r->incident_count; i++)
		incident_book_restore(book, &r->incidents[i]);
	for (size_t i = r->line_count; i > 0; i--)
		incident_book_restore_line(book, &r->lines[i - 1]);
}

static bool take_up_kept(struct alerting *a, const char *folder)
{
	struct restored r = { .first_us = INT64_MAX };
	r.incidents = calloc(RESTORED, sizeof(*r.incidents));
	r.lines = calloc(LINES_RESTORED, sizeof(*r.lines));
	bool has_room = r.incidents != NULL && r.lines != NULL;
	if (has_room) {
		read_kept(&r, folder);
		restore(a->book, &r);
	}
	free(r.lines);
	free(r.incidents);
	return has_room;
}

/* ---- begin and end ---- */

bool alerting_open(struct alerting *a, const char *folder, const struct home *own,
		   const struct alerting_sink *sink)
{
	const struct incidents_sink told = { .self = a,
					     .incident = take_incident,
					     .timeline = take_line,
					     .is_own = is_own,
					     .audit = take_audit };
	*a = (struct alerting){ .own = own, .sink = *sink };
	a->book = incident_book_new(&told);
	return a->book != NULL && take_up_kept(a, folder);
}

void alerting_close(struct alerting *a)
{
	incident_book_free(a->book);
	a->book = NULL;
}

/* ---- what happens ---- */

void alerting_finding(struct alerting *a, const struct finding_record *finding)
{
	if (a->book != NULL)
		incident_book_finding(a->book, finding);
}

void alerting_listener(struct alerting *a, const struct listener_record *listener)
{
	if (a->book != NULL)
		incident_book_listener(a->book, listener);
}

void alerting_block(struct alerting *a, const struct block_record *block)
{
	if (a->book != NULL)
		incident_book_block(a->book, block);
}

void alerting_second(struct alerting *a, int64_t now_us)
{
	if (a->book != NULL)
		incident_book_tick(a->book, now_us);
}

void alerting_each(const struct alerting *a,
		   void (*take)(void *to, const struct incident_record *incident),
		   void *to)
{
	if (a->book != NULL)
		incident_book_each(a->book, take, to);
}
