/*
 * chain_read.h: a sensor's audit chain out of a depot, to be proven (chain_proof.h).
 */
#pragma once

#include "fleet/chain_proof.h"
#include "fleet/depot.h"

/*
 * All that the depot has of it, or, if proof knows its end, and only one, what came
 * since; and of a chain with several when that sensor joined.  0; -ECANCELED: the sink
 * ended it; or as depot_read(), with one line in error.
 */
int chain_read(struct depot *depot, const char *sensor, struct chain_proof *proof,
	       char error[static DEPOT_ERROR_MAX]);
