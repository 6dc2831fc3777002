/*
 * batch.h: records on their way to a hub, many in one message, compressed (Zstandard).
 *
 * A batch names its fields and their types, so that other versions read it: a field
 * that a reader does not know is passed over, one that is missing is unknown.  What is
 * read is a stranger's: a hub has only the server's word for who sent it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/lane.h"
#include "record/record.h"

enum {
	BATCH_BYTES_MAX = 512 * 1024,    /* of a message; nats-server takes 1 MiB */
	BATCH_RAW_MAX = 4 * 1024 * 1024, /* of what it is uncompressed */
	BATCH_RECORDS_MAX = 16384,
	BATCH_ERROR_MAX = 160,
};

/* Which batch it is: none is twice in a store by this. */
struct batch_id {
	char sensor[FLEET_NAME_MAX];
	enum fleet_lane lane;
	uint64_t epoch; /* of the spool: random, another one when the folder is new */
	uint64_t sequence; /* in lane and epoch: from 1; what is missing was dropped */
};

struct batch_head {
	struct batch_id id;
	int64_t made_us; /* by the sensor's clock */
	uint64_t lost; /* records of the lane that were dropped since the one before */
	int64_t lost_us; /* since when; UNKNOWN_TIME: none were */
	uint32_t records;
};

/* "web-3.event.5f2e....17": what JetStream knows a message by (Nats-Msg-Id). */
enum { BATCH_MSGID_MAX = 128 };
void batch_msgid(const struct batch_id *id, char out[static BATCH_MSGID_MAX]);

struct batch;
/* NULL without memory. */
struct batch *batch_new(void);
void batch_free(struct batch *batch);
/* False: it is full, and this one is not in it. */
bool batch_add(struct batch *batch, enum record_kind kind, const void *record);
uint32_t batch_records(const struct batch *batch);
/*
 * Appends the message; head->records is filled in.  False without memory: out is as it
 * was.  The batch stays as it is until batch_clear().
 */
bool batch_message(const struct batch *batch, struct batch_head *head, struct buf *out);
void batch_clear(struct batch *batch);
/* Both, if the first succeeds. */
bool batch_finish(struct batch *batch, struct batch_head *head, struct buf *out);

/* False, and one line in error, of what is no batch. */
bool batch_read_head(const void *bytes, size_t len, struct batch_head *head,
		     char error[static BATCH_ERROR_MAX]);
/*
 * Emits each record, with its sensor set to the head's.  False, and error, if anything
 * is wrong with it: then it may have emitted some; errno is ENOMEM if nothing is, but
 * for want of memory.  emit returns false to end.
 */
typedef bool (*batch_emit)(void *to, enum record_kind kind, const void *record);
bool batch_read(const void *bytes, size_t len, batch_emit emit, void *to,
		char error[static BATCH_ERROR_MAX]);
