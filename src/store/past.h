/*
 * past.h: a store of a time that is over: who put its records has no more.
 */
#pragma once

#include "store/store.h"

/*
 * Has all of it written and ports rolled up as if it was that time, which the newest of
 * them is not after.  False: not all is on disk yet.
 */
bool store_settle(struct store *store, int64_t now_us, uint32_t most_ms);
