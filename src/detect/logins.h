/*
 * logins.h: attempts to log in, each told once, however many saw it.
 *
 * The packets know both ends of an attempt, and of an encrypted one no more than that
 * it failed; a log knows whose it was; PAM and the daemon each write a line.  Reports
 * come in order of arrival.  One is about an attempt that is known if nothing they know
 * differs (client, ports, protocol, user, outcome), it is near in time, and its teller
 * has not told of that attempt: what one teller tells twice has happened twice.
 *
 * An attempt is given out when packets and a log have told of it, at the latest some
 * seconds after the first report; a report that comes after that is taken for what it
 * is, but can't change what was said.  Near in time are ten seconds, or five minutes if
 * the client's port is the same, which makes it the same connection; a twin that comes
 * even later counts as an attempt of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { LOGINS_MAX = 4096 }; /* that are remembered; the oldest is forgotten first */

#define LOGINS_WIRE UINT64_C(0) /* teller: the packets, read or by size */

struct logins_sink {
	void *self;
	void (*login)(void *self, const struct login_record *login);
	/*
	 * For who must know soon: each attempt once, half a second after its first
	 * report if that says who and with what outcome, else with login(), at the
	 * latest.  NULL: nobody.
	 */
	void (*attempt)(void *self, const struct login_record *login);
};

struct login_report {
	const struct login_record *login;
	uint64_t teller;
	uint32_t count;  /* attempts it speaks of, at least 1 ... */
	uint32_t span_s; /* ... within that time before */
	bool is_hint;    /* counts only if nothing else tells of the same attempt */
};

struct logins;
/*
 * hold_s: how long to wait for others that tell of an attempt; 0: there are none, each
 * is given out at once.  NULL without memory.
 */
struct logins *logins_new(const struct logins_sink *sink, uint32_t hold_s);
void logins_free(struct logins *logins);

void logins_take(struct logins *logins, const struct login_report *report);

/* Gives out what has waited long enough. */
void logins_tick(struct logins *logins, int64_t now_us);
/* Gives out all that waits: it is the end. */
void logins_flush(struct logins *logins);

struct logins_stats {
	uint64_t attempts; /* given out */
	uint64_t merged;   /* reports that were about one that was known ... */
	uint64_t late;     /* ... and given out already */
	uint64_t evicted;  /* given out before their time, for lack of room */
};
void logins_stats(const struct logins *logins, struct logins_stats *stats);
