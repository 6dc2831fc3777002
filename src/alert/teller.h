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
struct tell_rules; /* alert/tell_rules.h: sinks and routes as configured */

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
	/*
	 * De-duplication key: id of the first incident.  Where the other side has an
	 * entry for each key (notifier.h: is_by_key), it is the only one.
	 */
	const char *key;
	const struct incident_record *const *incidents; /* the gravest first */
	size_t count;                                   /* 1 to NOTICE_INCIDENTS_MAX */
};

struct teller_sink {
	void *self;
	/* False: it can't be passed on; it is made again at the next tick. */
	bool (*message)(void *self, const struct tell_message *message);
	/* A silence began, changed or ended. */
	void (*silence)(void *self, const struct silence_record *silence);
	void (*audit)(void *self, const struct audit_record *audit);
	/* Why nobody is told of an incident any more; "": somebody is again. */
	void (*suppressed)(void *self, const char *incident, const char *by,
			   int64_t now_us);
	const char *own; /* this machine's name in a fleet; NULL or "": it has none */
};

struct teller;
/* NULL without memory. */
struct teller *teller_new(const struct teller_sink *sink);
void teller_free(struct teller *teller);
/* Borrowed until others are set; without any, nobody is told. */
void teller_set_rules(struct teller *teller, const struct tell_rules *rules,
		      int64_t now_us);

/*
 * A new incident or a changed one; after a restart each that is known, after
 * teller_keep().  What follows is said by teller_tick().
 */
void teller_incident(struct teller *teller, const struct incident_record *incident);
/*
 * Once a second.  If a minute passed since the last one, or time went back, the clock
 * was set or the machine slept: what waits goes on waiting as long as it would have.
 */
void teller_tick(struct teller *teller, int64_t now_us);

struct silence_asked {
	const char *match;          /* "port=443 severity<high"; docs/alerts.md */
	int64_t start_us, until_us; /* start_us 0: from now on */
	const char *why, *actor;    /* why may be NULL */
};
/*
 * 0, and the id in message; -EINVAL or -ENOSPC, and what is wrong and what is
 * allowed.
 */
int teller_silence(struct teller *teller, const struct silence_asked *asked,
		   int64_t now_us, struct buf *message);
/* Ends one now, by its id or its first digits. 0; -ENOENT or -EEXIST and what is wrong.
 */
int teller_unsilence(struct teller *teller, const char *id, const char *actor,
		     int64_t now_us, struct buf *message);
/* Those that hold or will, and those that expired lately. */
void teller_each_silence(const struct teller *teller,
			 void (*take)(void *to, const struct silence_record *silence),
			 void *to);

/*
 * Who was told what, and silences, survive a restart: in that folder from now on. After
 * teller_set_rules().  False, and a sentence in why, if what is there can't be used:
 * then it is kept under another name, and people are told again of what still fires.
 */
bool teller_keep(struct teller *teller, const char *folder, int64_t now_us,
		 struct buf *why);
/*
 * What teller_keep() writes there (told.bin), for somebody who has room for so many
 * bytes only: without those messages that were sent longest ago.  How many; or
 * -EBADMSG: it is none, or -ENOSPC: its silences alone are more.
 */
int teller_kept_within(const void *bytes, size_t len, size_t most, struct buf *out);
