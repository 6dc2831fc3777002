/*
 * courier_inside.h: what the files of courier share; nobody else's.
 */
#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "fleet/batch.h"
#include "fleet/courier.h"
#include "fleet/courier_pace.h"

enum { COURIER_HEARD_MAX = 64, COURIER_PATH_MAX = 1024 };

struct courier_lane {
	struct courier *courier;
	enum fleet_lane lane;
	pthread_t thread;
	/* Its thread's: */
	struct buf bytes;
	struct batch_id told; /* acknowledged, and not to be published again */
	bool is_removed;      /* its file; so the next one follows it */
	unsigned failures;    /* in a row */
	bool is_stuck;        /* the oldest batch can't be told now */
	/* Under the courier's lock: */
	bool is_woken;     /* there is something new */
	bool is_connected; /* there is a new connection */
	char trouble[LINK_ERROR_MAX];
};

/* A question on its way, or what was heard. */
struct courier_talk {
	uint64_t id;    /* 0: news */
	bool is_nobody; /* nobody answered */
	struct buf bytes;
};

struct courier {
	char spool[COURIER_PATH_MAX], sensor[FLEET_NAME_MAX], inbox[FLEET_SUBJECT_MAX];
	struct link *link;
	struct whereabouts *whereabouts;
	uint64_t whereabouts_told; /* changes, as of whereabouts_list() */
	int64_t whereabouts_us;    /* when; CLOCK_BOOTTIME */
	struct link_listen *listen;
	struct courier_lane lanes[FLEET_LANES];
	pthread_t asker;
	int threads; /* that were started: lanes, then who asks */
	int epoll, wake, inotify;
	int watched[FLEET_LANES]; /* of inotify; -1: its folder is not there yet */
	pthread_mutex_t lock;     /* of all below */
	pthread_cond_t changed;
	bool ends, has_connected;
	struct courier_pace pace;
	struct courier_counts counts;
	struct courier_talk questions[COURIER_QUESTIONS_MAX], heard[COURIER_HEARD_MAX];
	size_t question_count, heard_count;
	size_t asked; /* questions whose answers were not told yet */
};

/* courier_run() is to be called. */
void courier_wake(struct courier *courier);
/* With the lock held: until the lane is woken, it ends, or so long. */
void courier_wait(struct courier *courier, const bool *is_woken, int64_t timeout_us);

/* courier_lane.c: the thread of a lane */
void *courier_carry(void *self);
void courier_wake_lanes(struct courier *courier, bool is_connected);

/* courier_watch.c: new files in the spool */
int courier_watch_open(struct courier *courier); /* 0 or -errno */
void courier_watch_read(struct courier *courier);
/* Folders that were made meanwhile. */
void courier_watch_again(struct courier *courier);

/* courier_talk.c */
void *courier_ask_on(void *self); /* a thread */
void courier_hear(void *self, const char *subject, const void *bytes, size_t len,
		  struct buf *answer);
void courier_tell_heard(struct courier *courier, const struct courier_output *output);
void courier_forget_talk(struct courier *courier);
