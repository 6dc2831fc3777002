/*
 * telling.h: the audit chain, as it is written, to who keeps a copy of it elsewhere.
 *
 * What is told has its number and hash, and is on disk: a power failure takes nothing
 * away that somebody else has.  A checkpoint is told after the records that it holds.
 * How far all was told is remembered by who is told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"
#include "store/store.h"

/* The last record that was told, and the last checkpoint; 0: none was. */
struct chain_told {
	uint64_t seq, number;
	field_text64 hash; /* of that record */
};

struct store_telling {
	void *self;
	/*
	 * From the writer's thread: an audit or a checkpoint record, in their order.
	 * Never waits; false: there is no room now, and it is told again later.
	 */
	bool (*tell)(void *self, enum record_kind kind, const void *record);
};

/*
 * Once: from now on, beginning behind what was told.  If nothing was, or what was told
 * is not in this store, it begins with the last checkpoint of before this run: what
 * comes then follows from it.
 */
void store_tell(struct store *store, const struct store_telling *to,
		const struct chain_told *told);

/* What is told is told up to that record. */
void chain_told_note(struct chain_told *told, enum record_kind kind,
		     const void *record);
