/*
 * take.h: what sensors tell, from a lane's stream into the depot: a thread pulls,
 * writes, and acknowledges what is committed.
 *
 * While the depot is away nothing is pulled: what waits is kept by the streams, and by
 * the sensors when these are full.  A batch that says it is another sensor's than its
 * subject, or that is none, is acknowledged without being kept, counted and told: it
 * would come again for ever.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/batch.h"
#include "fleet/depot.h"
#include "fleet/link.h"

/* Why a batch is not kept. */
enum take_refusal {
	TAKE_IMPOSTOR, /* its head names another sensor, or lane, than its subject */
	TAKE_GARBAGE,  /* it can't be read */
	TAKE_TWIN,     /* it is kept, but two machines tell by one key */
};

struct take_options {
	struct link *link;
	enum fleet_lane lane;
	const char *depot; /* as depot_open(); borrowed */
	void *self;
	/*
	 * On the thread: sensor is whose key published it, says what it claims or why
	 * it can't be read.
	 */
	void (*refused)(void *self, const char *sensor, enum fleet_lane lane,
			enum take_refusal why, const char *says);
};

struct take_status {
	uint64_t batches, bytes;    /* kept, since the start */
	uint64_t again;             /* came once more, and were there already */
	uint64_t refused;           /* of both kinds */
	uint64_t lost;              /* records that sensors say they dropped */
	int64_t stored_us, kept_us; /* of the last batch: when the server stored it, and
				       when it was committed; UNKNOWN_TIME: none yet */
	int64_t waiting;            /* that no hub has acknowledged; -1: not known */
	bool has_depot, has_stream;
	char trouble[DEPOT_ERROR_MAX]; /* "": none */
};

struct take;
/* NULL without memory or thread. */
struct take *take_start(const struct take_options *options);
void take_status(struct take *take, struct take_status *out);
/* It takes nothing more ... */
void take_cancel(struct take *take);
/* ... and what is under way is finished, within its time. */
void take_stop(struct take *take);

/* What is missing before a batch; of streams that were lost: of FLEET_HUB. */
struct take_gap {
	struct batch_id before;
	int64_t start_us, end_us;
	uint64_t count;     /* of records; UNKNOWN_U64 */
	const char *reason; /* static */
};
/*
 * The batch by which it is kept: once, whoever tells it how often, as its id follows
 * from `before`.  False without memory.
 */
bool take_gap_batch(const struct take_gap *gap, struct batch_id *id, struct buf *bytes);

/* "bw.r.web-3.event": web-3, LANE_EVENT; false: it is no such subject. */
bool take_subject(const char *subject, char sensor[static FLEET_NAME_MAX],
		  enum fleet_lane *lane);
