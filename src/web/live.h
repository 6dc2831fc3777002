/*
 * live.h: records as they happen, as Server-Sent Events (WHATWG HTML, 9.2).
 *
 * Every event is written once, into a journal that all readers share; each reader has
 * no more than its place in it.  One too slow for it loses events and is told how many
 * ("event: lost"); nobody waits for it.  Events have an id: who comes back with the
 * last one it has seen is sent what it missed, as far as the journal reaches, and told
 * how much it does not.
 */
#pragma once

#include <microhttpd.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/record.h"
#include "web/door.h"
#include "web/sensor_set.h"

enum {
	LIVE_CLIENTS_MAX = 256,
	LIVE_ADDRESS_MAX = 32, /* of one address that is not this machine's loopback */
	LIVE_PING_MS = 15000,
	LIVE_BATCH_MS = 1000,
	LIVE_LOOK_MS = 15000,  /* whether each reader still may */
	LIVE_KEEP_MS = 120000, /* who has left may come back so long */
	LIVE_ID_MAX = 48
};

struct live;
struct live *live_new(void);
/* Ends every stream; the daemons must run or stop afterwards, then live_free(). */
void live_end(struct live *live);
void live_free(struct live *live);

/* Events that some have not yet read, or may come back for: these are lost to them. */
void live_forget(struct live *live);

struct live_asked {
	record_bits kinds;
	bool is_batched;    /* ports, flows and self once a second, as "event: batch" */
	const char *after;  /* the id of the last event seen; NULL: only what comes */
	struct addr reader; /* unset: over the Unix socket */
	const struct visitor *visitor;
	struct sensor_set *sensors; /* NULL: of any and of none */
};

/*
 * A stream for that connection, which takes over the set of sensors and keeps it as
 * they join and move; NULL, and the set is the caller's, if there are too many already,
 * or no memory.
 */
struct MHD_Response *live_open(struct live *live, struct MHD_Connection *connection,
			       const struct live_asked *asked, int64_t now_ms);

void live_send(struct live *live, enum record_kind kind, const void *record);

/* Keeps quiet streams open, sends batches, and notices readers that have left. */
void live_tick(struct live *live, int64_t now_ms);
/* Ends the streams of those whom the door would not let in any more. */
void live_turn_out(struct live *live, struct door *door, int64_t now_us,
		   int64_t now_ms);
/* Until live_tick() has something to do; -1: nothing. */
int live_timeout_ms(const struct live *live, int64_t now_ms);
