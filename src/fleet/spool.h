/*
 * spool.h: batches on a sensor's disk until they are acknowledged.
 *
 * FOLDER/<lane>/<epoch>-<sequence>.batch, one file each, written beside and renamed.
 * One process puts (the daemon's thread, feed.h), another takes (the courier,
 * courier.h), and only files are between them: either may die at any time.  A file goes
 * when its batch was acknowledged, or when room is needed (lane.h has the order); what
 * is dropped is counted in the next batch of its lane.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/batch.h"
#include "store/telling.h"

enum { SPOOL_ERROR_MAX = 256 };

struct fleet_spool_status {
	uint64_t bytes, batches;       /* that wait */
	uint64_t waiting[FLEET_LANES]; /* batches of each lane */
	int64_t oldest_us; /* made_us of the oldest; UNKNOWN_TIME: none waits */
	uint64_t dropped;  /* records, since it was opened */
	char trouble[SPOOL_ERROR_MAX]; /* "": none */
};

/* ---- who puts ---- */

struct fleet_spool;
/*
 * Makes the folder, which is the caller's; NULL and error.  Sequences go on where they
 * were; a new folder, one that is not as it was left (a copy, a snapshot), another
 * sensor, and another boot of the machine begin an epoch.
 */
struct fleet_spool *fleet_spool_open(const char *folder, const char *sensor,
				     uint64_t bytes_max, const char *boot,
				     int64_t now_us,
				     char error[static SPOOL_ERROR_MAX]);
/* Which boot of the machine this is; "": it can't be known.  Asked before a sandbox. */
enum { SPOOL_BOOT_MAX = 40 };
void fleet_spool_boot(char boot[static SPOOL_BOOT_MAX]);
/* Other room for it. */
void fleet_spool_limit(struct fleet_spool *spool, uint64_t bytes_max);
/*
 * Finishes the batch and keeps it.  False if it could not be written, neither after
 * others were dropped: of events the batch stays as it is, to be tried again; of other
 * lanes it is dropped and counted.
 */
bool fleet_spool_put(struct fleet_spool *spool, enum fleet_lane lane,
		     struct batch *batch, int64_t now_us);
/*
 * The batch of events that is put next tells the audit chain that far: remembered if,
 * and only if, that one is kept.
 */
void fleet_spool_tells(struct fleet_spool *spool, const struct chain_told *told);
/* How far all that were kept have told it. */
void fleet_spool_chain(const struct fleet_spool *spool, struct chain_told *told);
/* Records that were lost before they came here. */
void fleet_spool_lost(struct fleet_spool *spool, enum fleet_lane lane, uint64_t records,
		      int64_t now_us);
/* What was lost of that lane waits for a batch that tells it. */
bool fleet_spool_owes(const struct fleet_spool *spool, enum fleet_lane lane);
void fleet_spool_status(struct fleet_spool *spool, struct fleet_spool_status *out);
void fleet_spool_close(struct fleet_spool *spool);

/* ---- who takes ---- */

/*
 * The oldest batch of that lane: its message in *bytes.  0; -ENOENT: none waits;
 * -EBADMSG: it is no batch, and was set aside; -errno.
 */
int fleet_spool_oldest(const char *folder, enum fleet_lane lane, struct batch_id *id,
		       struct buf *bytes);
/*
 * The same, of the batch after one that was the oldest, without looking through the
 * folder, where thousands may wait.  -ENOENT: that one is not there, but others may be.
 */
int fleet_spool_after(const char *folder, const struct batch_id *told,
		      struct batch_id *id, struct buf *bytes);
/* It is acknowledged. 0 or -errno; -ENOENT: it is gone already. */
int fleet_spool_done(const char *folder, const struct batch_id *id);
