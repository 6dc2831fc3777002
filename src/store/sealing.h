/*
 * sealing.h: when the audit chain is signed, and where its checkpoints go.  Private to
 * the room.
 *
 *   FOLDER/audit-checkpoints.ndjson    each checkpoint, as it is in the table
 *   FOLDER/audit-checkpoints.ndjson.1  earlier ones, once that has grown
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct store;
struct seal;

struct sealing {
	struct seal *seal; /* NULL: not opened yet, or it can't be */
	/* CLOCK_MONOTONIC; 0: not since the start. */
	int64_t signed_us, tried_us;
};

/*
 * Called by the writer whenever it looks: signs what was added, once a minute or by 256
 * records, and when the store is closed.
 */
void sealing_work(struct store *store, bool is_closing);
void sealing_close(struct sealing *sealing);
