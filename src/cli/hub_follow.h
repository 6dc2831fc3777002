/*
 * hub_follow.h: what sensors tell, as it comes: read by threads onto the board, and
 * handed to the loop record by record.
 *
 * Every hub follows events and ports, whoever keeps them; the leader also what attacks
 * are judged by.  Events wait for a loop that is busy; the rest does not, and is
 * counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/board.h"
#include "fleet/link.h"
#include "record/record.h"

/* A record, whose sensor is set; borrowed. */
struct hub_heard {
	enum record_kind kind;
	const void *record;
	bool is_own; /* this process has said it itself */
};

struct hub_follow;
struct hub_follow_options {
	struct link *link;
	struct board *board;
	uint64_t own_epoch; /* of what this process says (hub_say.h) */
	int64_t since_us;   /* by the servers' clock */
	/* On a thread: events that were stored after that time never came here. */
	void (*missed)(void *self, int64_t since_us);
	void *self;
};
/* NULL without memory or threads. */
struct hub_follow *hub_follow_start(const struct hub_follow_options *options);
/*
 * Whether evidence of attacks is followed, too, from that time of the servers on.
 * Nobody is waited for: what ends still ends before it begins again.
 */
void hub_follow_evidence(struct hub_follow *follow, bool wanted, int64_t since_us);
/* Readable when something has come. */
int hub_follow_fd(const struct hub_follow *follow);
/* At most so many; true: there are more. */
bool hub_follow_take(struct hub_follow *follow, int most,
		     void (*take)(void *self, const struct hub_heard *heard),
		     void *self);

struct hub_follow_counts {
	uint64_t records; /* heard, since the start */
	uint64_t unshown; /* ports, evidence: the loop was too busy */
	uint64_t unread;  /* batches that are none, records that are not whole */
	uint64_t holes;   /* times that some were removed before they came here */
	int64_t last_us;  /* when the last event was stored; UNKNOWN_TIME */
};
/* follow: NULL: it has not begun. */
void hub_follow_count(struct hub_follow *follow, struct hub_follow_counts *out);
void hub_follow_stop(struct hub_follow *follow);
