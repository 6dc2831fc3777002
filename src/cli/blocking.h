/*
 * blocking.h: joins who decides on blocks (respond/respond.h) with the process that
 * holds them in the firewall, the wall (guard/wall.h).
 *
 * Findings and what proves where sources are go in; orders go to the wall at once, and
 * wait here if it has no room.  A wall that is another one is told all of it again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/home.h"
#include "cli/sparing.h"
#include "cli/wall_queue.h"
#include "config/config.h"
#include "guard/wall.h"
#include "policy/never.h"
#include "record/record.h"
#include "respond/respond.h"

struct blocking_sink {
	void *self;
	/* A block or a decision, for the store and whoever looks on. */
	void (*keep)(void *self, enum record_kind kind, const void *record);
	/*
	 * The wall's answer to an order that respond has not given.  True: it was one
	 * of blocking_prove(); NULL: there are none.
	 */
	bool (*told)(void *self, const struct wall_told *told);
	/* Packets that no capture saw; NULL: nobody counts them. */
	void (*dropped)(void *self, const struct wall_dropped *dropped);
};

struct blocking {
	struct guard *process;        /* NULL: see why_not */
	char why_not[GUARD_TEXT_MAX]; /* it could not start, or has ended; or "" */
	struct respond *respond;      /* NULL: before blocking_open() */
	struct blocking_sink sink;
	const struct config *config; /* as it is in force; borrowed */
	const struct home *own;      /* this machine's addresses; borrowed */
	struct wall_queue queue;
	bool is_another; /* the wall is, or will be, and knows nothing yet */
	bool is_behind;  /* the queue was full: all is to be told again */
	int epoll;       /* -1: nobody waits */
	bool awaits_room;
	/* never: those that are never blocked; coming: as they are told anew. */
	struct never never, coming;
	bool has_coming;
	struct sparing sparing;
	struct wall_state wall; /* as it last told */
	int64_t wall_us;        /* when; monotonic */
	int64_t apart_us;       /* since when they differ; monotonic; 0: they don't */
	int64_t ahead_us;       /* of CLOCK_BOOTTIME, as last seen */
	struct wall_limits {
		uint32_t total, new_per_minute;
		struct config_prefixes never;
	} at_start; /* the wall's own, whatever is read later */
	unsigned seconds;
};

/* Makes the wall, before any thread. */
void blocking_fork(struct blocking *b, const struct config *config);
/*
 * Takes up what is kept in the state folder, and has the wall hold it; before packets
 * are looked at.  False without memory.
 */
bool blocking_open(struct blocking *b, const struct config *config,
		   const struct home *own, const struct blocking_sink *sink);
void blocking_close(struct blocking *b);

/* To wait for; -1: there is nothing. */
int blocking_fd(const struct blocking *b);
/* Has that epoll wake for what the wall tells, and for room when something waits. */
bool blocking_watch(struct blocking *b, int epoll);
/* What it has to tell.  True, once, if somebody should know; text: what. */
bool blocking_take(struct blocking *b, struct buf *text);
/* Some times a second, and once a second. */
void blocking_tick(struct blocking *b);
void blocking_second(struct blocking *b);

/* b->config has changed; text: what of it takes effect at the next start only. */
void blocking_reload(struct blocking *b, struct buf *text);

/* ---- records ---- */

/* Of strangers, as it is said: before anything else is done with it. */
void blocking_finding(struct blocking *b, const struct finding_record *finding);
void blocking_contact(struct blocking *b, const struct contact_record *contact);
void blocking_flow(struct blocking *b, const struct flow_record *flow);
/* Soon, and when all that tell of it have. */
void blocking_attempt(struct blocking *b, const struct login_record *login);
void blocking_login(struct blocking *b, const struct login_record *login);
/* Somebody reads the page or the API over TCP. */
void blocking_reader(struct blocking *b, const struct addr *reader);
/* This machine talks to its fleet there: not to be blocked for so long. */
void blocking_spare_server(struct blocking *b, const struct addr *server,
			   int64_t left_us);

/* What others of a fleet have seen (respond.h), and that it was taken back. */
void blocking_share(struct blocking *b, const struct respond_shared *shared);
void blocking_unshare(struct blocking *b, const struct addr *address,
		      const char *finding);

/* An order of the self-test, which nobody else is to know of. */
void blocking_prove(struct blocking *b, enum wall_message_kind kind,
		    const struct wall_order *order);

/* ---- by hand, and what is known ---- */

/*
 * A change as a form (docs/answer.md).  0 and the answer, or -EINVAL or -EPERM and what
 * is wrong, in message.
 */
int blocking_change(struct blocking *b, const char *form, const char *actor,
		    struct buf *message);

/* False if the kernel does not hold what is believed, or may not; with why. */
bool blocking_describe(struct blocking *b, char text[static GUARD_TEXT_MAX]);
