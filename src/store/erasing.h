/*
 * erasing.h: an address that somebody asked to have erased, a file at a time.  Private
 * to the room.
 *
 * Another one stands in its place, the same everywhere, so that counts stay true; it is
 * made by a key that is forgotten at once.
 */
#pragma once

#include "store/privacy.h"
#include "store/store.h"

struct store;

enum erasing_step { ERASING_NOTHING, ERASING_ROWS, ERASING_FLOWS, ERASING_EVIDENCE };

struct erasing {
	enum erasing_step step;
	struct private_erasure what;
	struct addr instead;
	int64_t day; /* of the files of this step: earlier ones are done */
	uint64_t flows, evidence, held_days;
	field_text256 rows, left; /* in words */
	field_text64 subject;
};

/* True if there is more to do at once. */
bool erasing_work(struct erasing *erasing, struct store *store, int64_t now_us);
