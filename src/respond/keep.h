/*
 * keep.h: the files that blocks are kept in, for who writes and who reads them.
 * Private to the room.
 */
#pragma once

#include "respond/inside.h"

enum { KEPT_MOST = 2048, PATH_BYTES = 1024 };

enum kept_kind {
	KEPT_STATE = 1,
	KEPT_BLOCK,
	KEPT_KNOWN,
	KEPT_WATCHED,
	KEPT_SERVED,
	KEPT_END,
	KEPT_COUNTS, /* follows its block */
	KEPT_HEADER, /* of a log, whenever it is opened: who wrote what follows */
	KEPT_ASKED,
};

struct header {
	char magic[8];
	uint32_t version, block_size, known_size, watched_size, served_size, zero;
};

struct entry {
	uint32_t kind, len;
	uint64_t sum;
};

/* Where a word stands in its list, in place of a pointer; 0: NULL. */
struct kept_state {
	int64_t at_us;
	uint32_t frozen_by, zero;
};

struct kept_block {
	uint64_t id;
	int64_t start_us, until_us, decided_us, span_us, wanted_us;
	uint64_t latency_us, clients, cut;
	struct addr address;
	uint32_t port, strike, rate;
	uint8_t transport, action, proof, vetoed_by, prefix_len, in_force, by_hand,
		is_observed;
	char finding[32];
	/* What it was before a change that waits to be confirmed. */
	int64_t before_until_us, before_span_us;
	uint32_t before_rate;
	uint8_t before_by_hand, has_before, zero[2];
};

/* What was stopped until then. */
struct kept_counts {
	uint64_t id, packets, bytes, sessions;
};

struct keeping {
	char folder[PATH_BYTES - 16];
	int log, fresh; /* descriptors; -1: none */
	size_t log_len;
	int64_t begun_us;
	struct buf piece;
	struct buf counts; /* of the log, until the next tick */
	unsigned phase;    /* of blocks.bin: which table */
	uint32_t next;
	bool is_reading;
};

const char *keep_word(uint32_t number);
void keep_path(const struct keeping *keeping, const char *name,
	       char path[static PATH_BYTES]);
struct header keep_header(void);
void keep_open_log(struct respond *respond);
/* All its times; 0 is none. */
void keep_shift_known(struct known *known, int64_t by_us);
void keep_shift_watched(struct watched *watched, int64_t by_us);
/* What one has stopped is another number: written with the next tick. */
void keep_counts(struct respond *respond, const struct block *block);
/* The wall clock was set. */
void keep_shifted(struct respond *respond);
/* Takes up what is there. */
void keep_read(struct respond *respond, struct buf *why);
