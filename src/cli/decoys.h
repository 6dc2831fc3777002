/*
 * decoys.h: the process that answers on trap ports (decoy/decoy.h), as the daemon knows
 * it.
 */
#pragma once

#include "base/buf.h"
#include "base/port_set.h"
#include "config/config.h"
#include "decoy/decoy.h"
#include "guard/guard.h"

struct decoys {
	struct guard *process;        /* NULL: nothing is answered, or see why_not */
	char why_not[GUARD_TEXT_MAX]; /* it could not start, or has ended; or "" */
	uint32_t ends;                /* until then */
	struct port_set taken;        /* by others, so that they are not answered */
	struct decoy_stats stats;
	int64_t said_us; /* when overload was last told; monotonic */
};

/* Makes the process, before any thread, if the configuration wants it. */
void decoys_fork(struct decoys *decoys, const struct config *config);
void decoys_close(struct decoys *decoys);

bool decoys_are_wanted(const struct decoys *decoys);
/* To wait for; -1: there is nothing. */
int decoys_fd(const struct decoys *decoys);
/* What it has to tell.  True, once, if somebody should know; text: what. */
bool decoys_take(struct decoys *decoys, struct buf *text);

/* True if that process is it: its listeners are no services. */
bool decoys_is_pid(const struct decoys *decoys, uint32_t pid);

/* False if it is not there, or not confined as it should be; with why. */
bool decoys_describe(struct decoys *decoys, char text[static GUARD_TEXT_MAX]);

/* ---- messages of that process ---- */

enum decoy_event_kind { DECOY_EVENT_STATS = 1, DECOY_EVENT_FAILED };

struct decoy_event {
	uint32_t kind;
	uint32_t port; /* failed */
	int32_t error; /* failed: -errno */
	uint32_t zero;
	struct decoy_stats stats;
};

/* False if these bytes are none. */
bool decoy_event_read(const void *bytes, size_t len, struct decoy_event *out);
