/*
 * writer.h: the thread that writes, and what it shares with the rest of the room.
 * Private to the room.
 */
#pragma once

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/days.h"
#include "store/evidence.h"
#include "store/privacy.h"
#include "store/queue.h"
#include "store/sealing.h"
#include "store/store.h"
#include "store/teller.h"
#include "store/trunk.h"
#include "store/wal.h"

enum { DAY_FILES = 2 };             /* around midnight two are written to */
enum { MESSAGE_EVIDENCE = 0x8000 }; /* in message.kind: for the files of evidence */

/* Records that found no room since the writer last looked. */
struct lost {
	uint64_t count;
	int64_t from_us, to_us;
};

struct store {
	struct queue *queue;
	pthread_t thread;

	pthread_mutex_t lock;        /* for what follows, up to the next blank line */
	pthread_cond_t wake, looked; /* the latter: the writer has tried to write */
	bool stopping, is_hurried, is_settled;
	int64_t settle_us; /* as of when ports are rolled up; UNKNOWN_TIME: as they come
			    */
	struct store_limits limits;
	struct store_privacy privacy;
	struct private_erasure erasure;
	bool is_erasing, is_to_forget, has_forgotten;
	struct store_status status;
	struct lost lost;
	struct teller teller;

	/* the writer's own */
	int lock_fd; /* FOLDER/lock, which keeps a second writer out; -1 */
	struct trunk trunk;
	bool has_trunk;
	struct day_file days[DAY_FILES];
	unsigned next_day; /* of days: the one to be closed for another */
	struct evidence_file evidence[DAY_FILES];
	unsigned next_evidence;
	struct evidence_choice choice;
	struct gaps gaps;
	bool has_gaps;
	bool more_rollups;
	int64_t aside_us; /* when a file was last set aside, CLOCK_MONOTONIC */
	uint64_t written, refused;
	struct trouble notice;   /* of a file set aside: stays until the end */
	struct trouble unerased; /* where an address that was to go may be left */
	struct keeping *keeping;
	struct sealing sealing;
	struct wals *wals;
	char folder[];
};

/* A port message: the record and its packed distributions behind it. */
struct port_message {
	struct port_record record;
	uint32_t handshake_len, response_len, clients_len;
	uint8_t packed[];
};

/*
 * Writes what waits, as far as it can.  False with the trouble; what could not be
 * written waits on.
 */
bool batch_write(struct store *store, struct trouble *trouble);

/* Closes every file. */
void batch_close(struct store *store);

/* Closes the file of that day, if it is open. */
void batch_close_day(struct store *store, enum day_series series, int64_t day);

/* The time a record is about, for gaps; UNKNOWN_TIME. */
int64_t record_time(enum record_kind kind, const void *record);
