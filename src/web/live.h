/*
 * live.h: records as they happen, as Server-Sent Events (WHATWG HTML, 9.2).
 *
 * Each reader has a queue of fixed size.  A reader too slow for it loses events and is
 * told how many ("event: lost"); nobody waits for it.
 */
#pragma once

#include <microhttpd.h>
#include <stdint.h>

#include "record/record.h"

enum { LIVE_CLIENTS_MAX = 32, LIVE_QUEUE_BYTES = 256 * 1024, LIVE_PING_MS = 15000 };

struct live;
struct live *live_new(void);
/* Ends every stream; the daemons must run or stop afterwards, then live_free(). */
void live_end(struct live *live);
void live_free(struct live *live);

/*
 * A stream of the kinds in the set (bit 1 << enum record_kind) for that connection;
 * NULL if there are LIVE_CLIENTS_MAX already, or no memory.
 */
struct MHD_Response *live_open(struct live *live, struct MHD_Connection *connection,
			       record_bits kinds, int64_t now_ms);

void live_send(struct live *live, enum record_kind kind, const void *record);

/* Keeps quiet streams open, and notices readers that have left. */
void live_tick(struct live *live, int64_t now_ms);
/* Until live_tick() has something to do; -1: no readers. */
int live_timeout_ms(const struct live *live, int64_t now_ms);
