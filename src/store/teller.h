/*
 * teller.h: the part of the writer that tells the audit chain (telling.h).  Private to
 * the room.
 */
#pragma once

#include "store/telling.h"

struct teller {
	struct store_telling to; /* tell NULL: nobody is told */
	struct chain_told told;
	bool is_found; /* what was told is known to be of the chain that is open */
	uint64_t seq, number; /* of the chain, as far as it is on disk for certain */
};

/* Called by the writer whenever it looks. */
void teller_work(struct store *store);
