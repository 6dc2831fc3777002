/*
 * incidents.h: what belongs together: alerts, findings and whatever happened around
 * them, with one cause; and what people say of it.
 *
 * Records in, incidents and their timelines out; no clock, no I/O.  One cause is one
 * incident (docs/alerts.md has the rules): a service whose parent is down, other alerts
 * of the same service, others of the same host that begin within five minutes, attacks
 * that detect/incident.h has joined, and many targets that fall at the same moment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct buf;

/* In incident.closed_by: nobody closed it. */
#define INCIDENT_BY_ITSELF "breakwater"

struct incidents_sink {
	void *self;
	/* New, or changed. */
	void (*incident)(void *self, const struct incident_record *incident);
	void (*timeline)(void *self, const struct timeline_record *line);
	/* Is it an address of this machine? Then a wildcard listener is one of it. */
	bool (*is_own)(void *self, const struct addr *addr);
	/* What a person did, for the audit chain. */
	void (*audit)(void *self, const struct audit_record *audit);
};

struct incident_book;
/* NULL without memory. */
struct incident_book *incident_book_new(const struct incidents_sink *sink);
void incident_book_free(struct incident_book *book);

/*
 * A target (as alert.target has it) depends on another one, or ("") on none: what it
 * says while that one is in trouble belongs to that one's incident.  To be told again
 * and again: with too many of them one is forgotten.
 */
void incident_book_parent(struct incident_book *book, const char *target,
			  const char *parent);

/*
 * Of a fleet: what that sensor says of a target is a part of what all that ask it come
 * to, which is nobody's.
 */
void incident_book_of_all(struct incident_book *book, const char *sensor,
			  const char *target);

/* Sets alert->incident. */
void incident_book_alert(struct incident_book *book, struct alert_record *alert);
/*
 * True if a finding of an attack belongs to another incident than detect/incident.h
 * says, because a person had closed that one; sets finding->incident.
 */
bool incident_book_finding(struct incident_book *book, struct finding_record *finding);
/* Of a fleet: does it say that it belongs to an incident that its sensor has no part
 * in? */
bool incident_book_is_of_others(struct incident_book *book,
				const struct finding_record *finding);
/*
 * What is no trouble by itself, and may be the cause, or what was done about it:
 * listener, block, deployment, notification.
 */
void incident_book_listener(struct incident_book *book,
			    const struct listener_record *listener);
void incident_book_block(struct incident_book *book, const struct block_record *block);
void incident_book_deployment(struct incident_book *book,
			      const struct deployment_record *deployment);
void incident_book_notification(struct incident_book *book,
				const struct notification_record *notification);
/* It is over because it turned out to belong to another one: it was none by itself. */
bool incident_is_part(const struct incident_record *incident);
/* Why nobody is told of it, as the teller says; "": somebody is. */
void incident_book_suppressed(struct incident_book *book, const char *id,
			      const char *by, int64_t now_us);
void incident_book_tick(struct incident_book *book, int64_t now_us);
/* Before it ends: says what grew since it was said. */
void incident_book_flush(struct incident_book *book, int64_t now_us);

/* ---- by people ---- */

struct incident_change {
	const char *id; /* or its first digits, if only one begins so */
	const char *actor;
	const char *owner, *comment; /* NULL: unchanged; none */
	bool acknowledge, close, false_positive;
	const char *reason; /* of close; NULL: none given */
};
/*
 * 0, and the incident's id in message; -ENOENT, -EEXIST (several begin so) or -EINVAL,
 * and what is wrong.  Of one that was over long ago, restore it first.
 */
int incident_book_change(struct incident_book *book,
			 const struct incident_change *change, int64_t now_us,
			 struct buf *message);

/* ---- what is known ---- */

/* Newest first: those that fire, then those that were resolved lately. */
void incident_book_each(const struct incident_book *book,
			void (*take)(void *to, const struct incident_record *incident),
			void *to);

/*
 * After a restart, from what is kept: incidents first, oldest first, those that fire
 * last, then their lines.  What belonged to one does so again, also to one that a
 * person has closed; what does not fire any more is told as usual.
 */
void incident_book_restore(struct incident_book *book,
			   const struct incident_record *incident);
/* Of one that is over, what is kept now: an address may have been erased. */
void incident_book_reread(struct incident_book *book,
			  const struct incident_record *incident);
void incident_book_restore_line(struct incident_book *book,
				const struct timeline_record *line);
