/*
 * teller.h: who is told of an incident, when, and how often: routes, silences,
 * maintenance, grouping, repeats, escalation.
 *
 * Incidents in, messages out; no clock, no I/O: sending is the notifiers' (notifier.h).
 * The words, and what they do, are Alertmanager's: group_wait, group_interval,
 * repeat_interval, silence.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct buf;
struct config;
struct tell_rules; /* alert/tell_file.h: sinks and routes as configured */

enum tell_reason {
	TELL_NEW,
	TELL_CHANGED,
	TELL_REPEATED,
	TELL_ESCALATED,
	TELL_RESOLVED,
	TELL_TEST,
};
/* "new", "changed" ... as notification.reason. */
const char *tell_reason_name(enum tell_reason reason);

/* A message: one sink, one or several incidents that are told together. */
struct tell_message {
	uint64_t id;      /* of this message; the same when it is tried again */
	const char *sink; /* its name */
	enum tell_reason reason;
	int64_t due_us;
	const char *key; /* de-duplication key: the same for all about one incident */
	const struct incident_record *const *incidents;
	size_t count;
};

struct teller_sink {
	void *self;
	void (*message)(void *self, const struct tell_message *message);
	/* A silence began, changed or ended. */
	void (*silence)(void *self, const struct silence_record *silence);
	void (*audit)(void *self, const struct audit_record *audit);
};

struct teller;
struct teller *teller_new(const struct teller_sink *sink);
void teller_free(struct teller *teller);
/* Borrowed until others are set. */
void teller_set_rules(struct teller *teller, const struct tell_rules *rules,
		      int64_t now_us);

/* A new incident or a changed one; sets suppressed_by. */
void teller_incident(struct teller *teller, struct incident_record *incident);
void teller_tick(struct teller *teller, int64_t now_us);
/* What came of a message. */
void teller_result(struct teller *teller, const struct notification_record *result);

struct silence_asked {
	const char *match; /* "port=443 severity<high"; docs/alerts.md */
	int64_t start_us, until_us;
	const char *why, *actor;
};
/* 0, and the id in message; -EINVAL and what is wrong. */
int teller_silence(struct teller *teller, const struct silence_asked *asked,
		   int64_t now_us, struct buf *message);
/* Ends one now. */
int teller_unsilence(struct teller *teller, const char *id, const char *actor,
		     int64_t now_us, struct buf *message);
void teller_each_silence(const struct teller *teller,
			 void (*take)(void *to, const struct silence_record *silence),
			 void *to);

/* What must survive a restart; as limits_keep(): who was told what, silences. */
bool teller_keep(struct teller *teller, const char *folder, int64_t now_us,
		 struct buf *why);
