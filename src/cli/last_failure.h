/*
 * last_failure.h: breakwater probe --last-failure: what the flight recorder kept.
 */
#pragma once

#include "cli/options.h"

struct last_failure {
	bool is_wanted;
	const struct common_options *common;
	const char *target; /* NULL: of any */
	const char *state;  /* the store's folder; NULL: the daemon is asked */
	const char *pcap;   /* where its packets are to be written; NULL: nowhere */
};

/* Exit status: 0 it was shown, 1 there is none. */
int last_failure_show(const struct last_failure *wanted);
