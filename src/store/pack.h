/*
 * pack.h: evidence of attacks in a few bytes each: of contacts, connections, attempts
 * to log in and seconds of ports, what detectors and who answers them look at.  Private
 * to the room.
 *
 * A block is a run of records in the order they came, read as a whole.  Numbers are
 * LEB128, times differences to the record before, and an address or a word that came
 * lately is one byte.  A record takes about twenty bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "record/record.h"

enum {
	PACK_VERSION = 1,  /* of the fields and how they are written */
	PACK_BYTES = 8192, /* a full block; it is written again until then */
	PACK_ADDRS = 125,  /* remembered, so that each is one byte */
	PACK_TEXTS = 61,
};

struct pack_text {
	char text[64];
	const char *word; /* the same, for fields of words; NULL: not asked for yet */
};

/* What both sides remember of the block so far. */
struct pack_memory {
	int64_t at_us;
	struct addr addrs[PACK_ADDRS];
	struct pack_text texts[PACK_TEXTS];
};

struct pack {
	struct buf bytes;
	uint32_t count;
	int64_t first_us, last_us;
	struct pack_memory memory;
};

/* True of the kinds that can be put in. */
bool pack_takes(enum record_kind kind);

void pack_begin(struct pack *pack);
void pack_add(struct pack *pack, enum record_kind kind, const void *record);
bool pack_is_full(const struct pack *pack);
void pack_free(struct pack *pack);

/* Borrowed for the call. False: enough. */
typedef bool (*pack_emit)(void *to, enum record_kind kind, const void *record);

/* False if the block is none of ours, or damaged: what came before was emitted. */
bool pack_read(struct bytes block, pack_emit emit, void *to);
