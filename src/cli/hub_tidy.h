/*
 * hub_tidy.h: what is done beside, in a thread: every hub makes streams, and again when
 * they were lost; the leader trims them, prunes the depot, and notes of which batches
 * nothing ever came.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/hub_lease.h"
#include "fleet/depot.h"
#include "fleet/link.h"

struct hub_tidy_options {
	struct link *link;
	struct hub_lease *lease;
	const char *depot; /* borrowed */
	struct depot_limits limits;
	struct link_streams streams;
};

struct hub_tidy_counts {
	bool has_streams; /* they are as they should be, as far as this hub knows */
	uint64_t gaps;    /* noted, since the start */
	uint64_t untold;  /* found no room to be noted, since it leads */
	int64_t trimmed_us, pruned_us; /* last; UNKNOWN_TIME: never */
	char trouble[DEPOT_ERROR_MAX];
};

struct hub_tidy;
/* NULL without memory or thread. */
struct hub_tidy *hub_tidy_start(const struct hub_tidy_options *options);
/* From now on the depot is pruned by these. */
void hub_tidy_limit(struct hub_tidy *tidy, const struct depot_limits *limits);
void hub_tidy_count(struct hub_tidy *tidy, struct hub_tidy_counts *out);
/* It begins nothing more ... */
void hub_tidy_cancel(struct hub_tidy *tidy);
/* ... and is waited for. */
void hub_tidy_stop(struct hub_tidy *tidy);
