/*
 * bundle_verify.h: breakwater evidence verify, of the bundle of a report.
 */
#pragma once

#include "base/buf.h"
#include "store/seal.h"

/* state: folder of a store that is asked again; NULL: none. Exit status. */
int bundle_verify_print(const struct buf *bundle, const struct seal_key *keys,
			size_t key_count, const char *state);
