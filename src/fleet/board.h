/*
 * board.h: what is known now of a whole fleet: sensors, what is open or fires, what is
 * blocked, who listens, the last answer of each target, what ports did lately, and what
 * each sensor last foretold.
 *
 * Records come in as sensors tell them, from any thread, and are given out again;
 * functions lock.  All of it is bounded: what was touched longest ago goes first, of
 * who has more than a share of it (shelf.h), and is counted.  Nothing is gone through
 * each second but what has changed.
 *
 * Time is the NATS servers': that at which they stored a message.  Neither a sensor's
 * clock that is wrong nor the hub's own makes a sensor late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

#define BOARD_LATE_US INT64_C(30000000) /* three heartbeats */

struct board;
/* NULL without memory. */
struct board *board_new(void);
void board_free(struct board *board);

/* How a record came. */
struct board_came {
	int64_t stored_us; /* by the server's clock; UNKNOWN_TIME: from the depot */
	int64_t made_us;   /* its batch, by the sensor's clock; UNKNOWN_TIME */
	int64_t now_us;    /* this hub's monotonic clock */
	/*
	 * It is what the streams tell now, not again: then their order counts, not the
	 * sensor's clock, which may have been set back.
	 */
	bool is_live;
};
/* Whatever of it belongs here; older than what is known, it changes nothing. */
void board_take(struct board *board, enum record_kind kind, const void *record,
		const struct board_came *came);

/*
 * Where that sensor is and what it is for, as it was joined: from then on its own word
 * of both counts for nothing, as whoever stole its key has that word.  revision: of the
 * bucket; older than what is known, it changes nothing.  Of a sensor that nobody tells
 * this of, its own word counts.
 */
struct board_member {
	const char *name, *site, *tags;
	uint64_t revision;
};
void board_member(struct board *board, const struct board_member *member);

/*
 * What hubs have of that sensor's audit chain, as fields of its record: its own word of
 * them counts for nothing.  False: there is no such sensor.
 */
struct board_chain {
	const char *name;
	const char *word, *fault; /* the word of those of sensor.audit_chain; kept */
	int64_t signed_us;        /* UNKNOWN_TIME: it is not */
	uint64_t seq;
};
bool board_chain(struct board *board, const struct board_chain *chain);

typedef void (*board_emit)(void *to, const void *record);
/*
 * What is there now, the newest first: of sensors, ports, listeners, probes, levels,
 * capacities and forecasts all that are known; of findings, alerts, incidents, blocks
 * and silences those that are open, then some that are over.  emit must not call the
 * board.
 */
void board_each(struct board *board, enum record_kind kind, board_emit emit, void *to);
/* False if the board has that row otherwise, and newer. */
bool board_is_newest(struct board *board, enum record_kind kind, const void *record);
/* The sensor of that name as it is now; false: there is none. */
bool board_sensor(struct board *board, const char *name, struct sensor_record *out);

/*
 * How often, since this was last asked, the process told again that had told before the
 * one which tells now: one machine's begin one after another, so then there are two.
 */
uint32_t board_turns(struct board *board, const char *name);

/* Once a second: emits the sensors whose state, or chain, has changed since. */
void board_tick(struct board *board, int64_t now_us, board_emit emit, void *to);

struct board_counts {
	uint64_t up, late, gone, revoked; /* sensors */
	uint64_t open[RECORD_KINDS];      /* rows of each kind, without those over */
	uint64_t evicted;                 /* rows, for want of room, since the start */
	uint64_t lag_us;          /* greatest of what sensors say that waits there */
	uint64_t offset_worst_ms; /* of a sensor's clock, either way */
};
void board_count(struct board *board, struct board_counts *out);
