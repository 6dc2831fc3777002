/*
 * batch_inside.h: what the writer (batch.c) and the reader (batch_read.c) of a batch
 * must agree on.  Private to them.
 *
 * A message is "BWB" and a version; the length of the head and the head; a Zstandard
 * frame; and eight bytes of hash_sum() over all that, against disks that forget.
 * Numbers are varints.  A head may grow at its end: what is behind the known is passed
 * over.
 *
 * The frame holds rows.  Each begins with a number: its kind's place among the kinds of
 * this batch, in the order they came, twice, and one more if a new bitmap of the fields
 * that are known follows; else they are those of the row of that kind before.  A kind's
 * first row is preceded by its name, the number of its fields, and each field's form
 * and name.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "fleet/batch.h"

#define BATCH_MAGIC "BWB\1"
enum {
	BATCH_MAGIC_LEN = 4,
	BATCH_SUM_LEN = 8,
	BATCH_KINDS = 64,   /* of a batch */
	BATCH_FIELDS = 128, /* of a kind, whoever's version it is */
	BATCH_MASK_BYTES = BATCH_FIELDS / 8,
	BATCH_NAME_MAX = 32, /* of a kind and a field, with the NUL */
};

/* How a value is written: also who does not know the field must know where it ends. */
enum batch_form {
	FORM_NUMBER,
	FORM_TIME, /* folded difference to the time that was written before it */
	FORM_ADDR, /* 0 and 16 bytes, 1 and 4 bytes, or 2 + its place among those lately
		    */
	FORM_REAL, /* its eight bytes as a number, the sign in the lowest: 0.5 is short
		    */
	FORM_TEXT, /* 0, length and bytes; the same with 1: not remembered; 2 + place */
	FORM_BYTES, /* length and bytes */
	BATCH_FORMS,
};

/* What was written lately, in rings: each new one takes the place of the oldest. */
enum {
	BATCH_ADDRS = 1024,
	BATCH_TEXTS = 512,
	BATCH_TEXT_SIZE = 32, /* longer ones are not remembered */
	ADDR_V6 = 0,
	ADDR_V4 = 1,
	ADDR_PLACES = 2,
	TEXT_NEW = 0,
	TEXT_LONG = 1,
	TEXT_FOLLOWS = 2,
	TEXT_PLACES = 3,
};

/* The rows as they are in the frame; what batch_read() does when it has unpacked them.
 */
bool batch_read_rows(struct bytes rows, const struct batch_head *head, batch_emit emit,
		     void *to, char error[static BATCH_ERROR_MAX]);

/* The head of a message, which is moved on to the frame. */
bool batch_take_head(struct bytes *message, struct batch_head *head, uint64_t *raw_len,
		     char error[static BATCH_ERROR_MAX]);
void batch_put_head(struct buf *out, const struct batch_head *head, uint64_t raw_len);
void batch_put_sum(struct buf *out, size_t begin);
