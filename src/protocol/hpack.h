/*
 * hpack.h: header blocks of HTTP/2 (RFC 7541), piece by piece and within bounds.
 *
 * A block refers to those before it: each must be read, whole and in order, or no
 * later one can be.
 */
#pragma once

#include "base/bytes.h"

struct hpack;

/* What a block says, field after field; borrowed. */
typedef void (*hpack_field)(void *self, struct bytes name, struct bytes value);

struct hpack *hpack_new(void); /* NULL without memory */
void hpack_free(struct hpack *hpack);

/*
 * The reader of these blocks allowed a table of that size (SETTINGS_HEADER_TABLE_SIZE),
 * from the next block on.  A table of more than 16 KiB is not kept: a writer that uses
 * one can't be read.
 */
void hpack_allow(struct hpack *hpack, uint32_t table_size);

/* Reads a piece of a block.  False if it can't be read, and then no later one can. */
bool hpack_read(struct hpack *hpack, struct bytes piece, bool is_last,
		hpack_field field, void *self);
