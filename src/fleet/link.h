/*
 * link.h: the connection to a cluster of NATS servers with JetStream (libnats).
 *
 * It connects in the background and again for ever, in TLS when a server's address says
 * tls://.  Callbacks come on threads of the library.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/lane.h"

enum { LINK_ERROR_MAX = 256 };

struct link_options {
	const char *servers; /* "tls://a.example.org:4222,tls://b.example.org:4222" */
	const char *name;    /* shown by the servers' monitoring */
	const char *ca;      /* file, PEM, by which tls:// servers are believed */
	const char *credentials; /* file of JWT and NKey seed; NULL: none */
	const char *inbox;       /* FLEET_INBOX filled in; NULL: the library's own */
	/* Called on a thread of its own each time that it is there (again); or NULL. */
	void (*connected)(void *self);
	void *self;
};

struct link;
/* NULL and error only of what can never work: wrong addresses, no memory. */
struct link *link_open(const struct link_options *options,
		       char error[static LINK_ERROR_MAX]);
void link_close(struct link *link);
bool link_is_up(const struct link *link);
/* What is wrong with it, in a line; "" while it is up, and before the first try failed.
 */
void link_trouble(const struct link *link, char error[static LINK_ERROR_MAX]);

/* ---- streams: one per lane, BW_EVENT ..., and the bucket BW_FLEET ---- */

struct link_streams {
	int replicas; /* 1, 3 or 5 */
	uint64_t bytes_max[FLEET_LANES];
};
/*
 * Makes or changes them; a hub's.  Of one sensor, a stream takes a bounded number of
 * messages (link_crowd.c), so that a stolen key can't fill it.  0, or -EAGAIN: not now,
 * and error.
 */
int link_make_streams(struct link *link, const struct link_streams *streams,
		      char error[static LINK_ERROR_MAX]);

struct link_stream {
	int64_t made_us;  /* by the servers' clock: of another one it is another time */
	uint64_t waiting; /* messages that no hub has acknowledged */
};
/*
 * How each stream is.  0; -ENOENT: one is not there, or its consumer or the bucket is
 * not; -EAGAIN: not known now.
 */
int link_look_at_streams(struct link *link, struct link_stream out[static FLEET_LANES]);

/*
 * Publishes to a stream and waits for the acknowledgement.  0: it is stored (also if it
 * had been, by that id); -EAGAIN: not known, to be told again; -ENOSPC: the stream is
 * full; -EPERM: it may not.
 */
int link_publish(struct link *link, const char *subject, const char *msgid,
		 const void *bytes, size_t len, int timeout_ms,
		 char error[static LINK_ERROR_MAX]);

/* ---- reading a stream ---- */

struct link_message {
	const char *subject;
	const void *bytes;
	size_t len;
	int64_t stored_us;  /* by the server's clock */
	uint64_t sequence;  /* in the stream */
	uint64_t delivered; /* how often, this time included */
	struct link *link;  /* from whom */
	void *held;         /* the library's: one of the two below lets go of it */
};

/*
 * The durable consumer of a lane, shared by all hubs: each message goes to one of them,
 * and to another one when it is not acknowledged within 30 s.
 */
struct link_pull;
struct link_pull *link_pull_open(struct link *link, enum fleet_lane lane,
				 char error[static LINK_ERROR_MAX]);
/*
 * Up to most messages, waits for the first at most so long; the count, 0 if none came,
 * or -EAGAIN.  Each is to be given to one of those below.
 */
int link_pull_fetch(struct link_pull *pull, struct link_message *out, int most,
		    int timeout_ms);
void link_message_done(struct link_message *message);  /* it is kept for good */
void link_message_again(struct link_message *message); /* another hub may try, soon */
void link_pull_close(struct link_pull *pull);
/* What the shared consumer has not acknowledged yet; -EAGAIN: not known. */
int64_t link_pull_waiting(struct link_pull *pull);
/*
 * Removes what all hubs have kept and what is older than that; while a sensor tells
 * very much (link_crowd.c), also what is younger. A leader's.  0; -EAGAIN: not now, or
 * not all of it yet.
 */
int link_trim(struct link *link, enum fleet_lane lane, int64_t older_than_us);

/*
 * All messages of a lane from then on, by the servers' clock, in order and each once,
 * by nobody else's leave: for a page.  take and missed are called on a thread of its
 * own; missed, or NULL: some that were stored after that time were removed before they
 * came here.
 */
typedef void (*link_take)(void *self, const struct link_message *message);
typedef void (*link_missed)(void *self, int64_t since_us);
struct link_follow;
struct link_follow *link_follow(struct link *link, enum fleet_lane lane,
				int64_t since_us, link_take take, link_missed missed,
				void *self, char error[static LINK_ERROR_MAX]);
/* The same, of each message only by which id it was published: little is sent. */
typedef void (*link_take_id)(void *self, const char *subject, const char *msgid,
			     int64_t stored_us);
struct link_ids;
/* NULL without memory or thread. */
struct link_ids *link_ids_follow(struct link *link, enum fleet_lane lane,
				 int64_t since_us, link_take_id take,
				 link_missed missed, void *self);
void link_ids_close(struct link_ids *ids);
/* It ends soon, without being waited for: nothing new is taken. */
void link_follow_stop(struct link_follow *follow);
/* After link_follow_stop(): link_follow_close() waits for nothing any more. */
bool link_follow_has_ended(const struct link_follow *follow);
void link_follow_close(struct link_follow *follow);

/* ---- questions and news, without a stream ---- */

/* 0 and the answer; -EAGAIN: nobody answered in time. */
int link_ask(struct link *link, const char *subject, const void *bytes, size_t len,
	     int timeout_ms, struct buf *answer);
int link_tell(struct link *link, const char *subject, const void *bytes, size_t len);
/*
 * Who answers questions (queue: shared with all that name it) or hears news (NULL).
 * subject is the one that was asked, so with wildcards it says who asks; the answer is
 * what is appended to answer, NULL of news.
 */
typedef void (*link_hear)(void *self, const char *subject, const void *bytes,
			  size_t len, struct buf *answer);
struct link_listen;
struct link_listen *link_listen(struct link *link, const char *subject,
				const char *queue, link_hear hear, void *self,
				char error[static LINK_ERROR_MAX]);
/* As link_follow_stop() and link_follow_has_ended(). */
void link_listen_stop(struct link_listen *listen);
bool link_listen_has_ended(const struct link_listen *listen);
void link_listen_close(struct link_listen *listen);

/* ---- the bucket of what is kept once (JetStream key-value); hubs' ---- */

/* 0 and *revision; -ENOENT; -EAGAIN. */
int link_get(struct link *link, const char *key, struct buf *value, uint64_t *revision);
/*
 * revision: 0: there must be none; of link_get(): it must be that one still;
 * UINT64_MAX: whatever there is.  0 and the new one in *now, -EEXIST: somebody was
 * quicker; -EAGAIN.
 */
int link_put(struct link *link, const char *key, const void *value, size_t len,
	     uint64_t revision, uint64_t *now);
/* Whatever there is. */
int link_remove(struct link *link, const char *key);
/* revision: of link_get(); results as of link_put(). */
int link_remove_if(struct link *link, const char *key, uint64_t revision);
/* Every key that begins so, with its value. 0 or -EAGAIN. */
int link_each(struct link *link, const char *prefix,
	      void (*take)(void *to, const char *key, const void *value, size_t len,
			   uint64_t revision),
	      void *to);
/* Called with each change of a key that begins so, from now on; value NULL: removed. */
struct link_watch;
struct link_watch *link_watch(struct link *link, const char *prefix,
			      void (*take)(void *to, const char *key, const void *value,
					   size_t len, uint64_t revision),
			      void *to);
/* False: what changes just now may never be told. */
bool link_watch_has_begun(const struct link_watch *watch);
void link_watch_close(struct link_watch *watch);
