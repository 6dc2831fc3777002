/*
 * incidents.h: what belongs together: alerts, findings and whatever happened around
 * them, with one cause; and what people say of it.
 *
 * Records in, incidents and their timelines out; no clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct buf;

struct incidents_sink {
	void *self;
	/* New, or changed. */
	void (*incident)(void *self, const struct incident_record *incident);
	void (*timeline)(void *self, const struct timeline_record *line);
	/* What a person did, for the audit chain. */
	void (*audit)(void *self, const struct audit_record *audit);
};

struct incident_book;
/* NULL without memory. */
struct incident_book *incident_book_new(const struct incidents_sink *sink);
void incident_book_free(struct incident_book *book);

/*
 * Any record that may begin an incident, or tell something about one: alert, finding,
 * probe, listener, block, deployment, notification.  Sets alert->incident.
 */
void incident_book_alert(struct incident_book *book, struct alert_record *alert);
void incident_book_see(struct incident_book *book, enum record_kind kind,
		       const void *record);
/* Which probe target, or host, another one depends on: what it says while that is down
 * belongs to that one's incident.
 */
void incident_book_parent(struct incident_book *book, const char *target,
			  const char *parent);
void incident_book_tick(struct incident_book *book, int64_t now_us);

/* ---- by people; -ENOENT: there is no such one; -EINVAL ---- */

struct incident_change {
	const char *id; /* or its first digits, if only one begins so */
	const char *actor;
	const char *owner, *comment; /* NULL: unchanged, none */
	bool acknowledge, close, false_positive;
	const char *reason; /* of close */
};
/* 0, and the incident's id in message; else what is wrong. */
int incident_book_change(struct incident_book *book,
			 const struct incident_change *change, int64_t now_us,
			 struct buf *message);

/* ---- what is known ---- */

/* Newest first: those that fire, then those that were resolved lately. */
void incident_book_each(const struct incident_book *book,
			void (*take)(void *to, const struct incident_record *incident),
			void *to);
/* Of one, oldest first. */
void incident_book_timeline(const struct incident_book *book, const char *id,
			    void (*take)(void *to, const struct timeline_record *line),
			    void *to);

/* What must survive a restart, in that folder; as limits_keep(). */
bool incident_book_keep(struct incident_book *book, const char *folder, int64_t now_us,
			struct buf *why);
