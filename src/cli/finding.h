/*
 * finding.h: breakwater findings ID: all that is known of one.
 */
#pragma once

#include "cli/options.h"

struct finding_wanted {
	const struct common_options *common;
	const char *id;    /* or its first digits */
	const char *state; /* the store's folder; NULL: the daemon is asked */
	const char *pcap;  /* where its packets are to be written; NULL: nowhere */
};

/* Exit status: 0 it was shown, 1 there is none. */
int finding_show(const struct finding_wanted *wanted);
