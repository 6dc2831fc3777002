/*
 * link_inside.h: what the files of link share; nobody else's.
 *
 * A connection of the library is never mended: when it is lost, a new one is made, and
 * who uses one sees by session->number that it is another.  So there is one way in
 * which everything recovers, and the library's own, which gives up for good when it was
 * refused twice, is not in it.
 */
#pragma once

#include <nats/nats.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fleet/link.h"

enum {
	LINK_REQUEST_MS = 5000, /* of what is asked of JetStream */
	LINK_STREAM_MAX = 32,
};

#define LINK_BUCKET        "BW_FLEET"
#define LINK_BUCKET_STREAM "KV_" LINK_BUCKET
#define LINK_CONSUMER      "hub"
#define LINK_NS_PER_MS     1000000LL
#define LINK_NS_PER_US     1000LL
#define LINK_NS_PER_S      1000000000LL

struct link_session {
	natsConnection *connection;
	jsCtx *js;
	struct link *link;
	uint64_t number; /* from 1 */
	/* Under link->lock: */
	unsigned users;
	bool is_closed;
	char refused[LINK_ERROR_MAX]; /* what it was forbidden last; "": nothing */
};

struct link {
	natsOptions *options;
	void (*connected)(void *self);
	void *self;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct link_session *session; /* NULL: none */
	uint64_t number;
	bool ends;
	char trouble[LINK_ERROR_MAX]; /* why there is none */
};

/* NULL if there is none within that time. */
struct link_session *link_session_take(struct link *link, int timeout_ms);
void link_session_give(struct link *link, struct link_session *session);

/* "BW_EVENT" */
void link_stream_name(enum fleet_lane lane, char out[static LINK_STREAM_MAX]);

/* link_crowd.c: how many messages of one sensor a stream of that size takes. */
int64_t link_crowd_bound(uint64_t stream_bytes);
/* A time as consumers may begin at it, at most a tenth of a second before. */
int64_t link_start_ns(int64_t us);

/* How much of a stream is left while one sensor has so many in it; INT64_MAX: all. */
int64_t link_crowd_keep_us(uint64_t messages, uint64_t bound);
/* The same of a stream as it is now. */
natsStatus link_crowd_look(jsCtx *js, const char *stream, int64_t *keep_us);

/* The library's words of what has just failed in this thread. */
void link_say(natsStatus status, char error[static LINK_ERROR_MAX]);

/* Why there is no session. */
void link_say_absent(const struct link *link, char error[static LINK_ERROR_MAX]);

/*
 * A binding to a consumer, as pulls and followers have it, of one session; all of it is
 * its thread's, but that link_reader_stop() comes from another.
 */
struct link_reader {
	struct link *link;
	struct link_session *session; /* NULL: not bound */
	natsSubscription *subscription;
	pthread_mutex_t lock; /* of subscription, and stops */
	bool stops;
};

void link_reader_open(struct link_reader *reader, struct link *link);
/* Waits no longer than that for a session; NATS_TIMEOUT: there is none. */
natsStatus link_reader_begin(struct link_reader *reader, int timeout_ms);
/* Binds to a consumer that is there; own: as link_follow.c made it, NULL: the hubs'. */
struct link_followed;
natsStatus link_reader_bind(struct link_reader *reader, const char *stream,
			    const char *consumer, const struct link_followed *own);
/* Lets go of both; the next link_reader_begin() takes what is there then. */
void link_reader_end(struct link_reader *reader);
/* What waits, at most so many, or what comes first within that time. */
natsStatus link_reader_fetch(struct link_reader *reader, natsMsgList *list, int most,
			     int timeout_ms);
/* False if it is lost, or another one has replaced it. */
bool link_reader_is_current(struct link_reader *reader);
/* It returns soon from wherever it waits, and does so from then on. */
void link_reader_stop(struct link_reader *reader);
bool link_reader_stops(struct link_reader *reader);
void link_reader_close(struct link_reader *reader);

/* Follows any stream: link_follow.c. */
#define LINK_FROM_NOW INT64_MAX
struct link_followed {
	char stream[LINK_STREAM_MAX];
	char filter[FLEET_SUBJECT_MAX]; /* "": all of it */
	int64_t since_us;               /* by the servers' clock, or LINK_FROM_NOW */
	bool is_heads;                  /* of each message what stands before it only */
	link_missed missed; /* NULL: of a filter, or of keys, some are always missing */
	void *missed_self;
};
typedef void (*link_take_raw)(void *self, natsMsg *message,
			      const struct link_message *told);
struct link_follow *link_follow_raw(struct link *link, const struct link_followed *what,
				    link_take_raw take, void *self);
/* It misses nothing that comes from now on. */
bool link_follow_has_begun(const struct link_follow *follow);
/* Fills in what a message says of itself; consumer: its sequence there. */
natsStatus link_message_read(natsMsg *message, struct link_message *out,
			     uint64_t *consumer);
