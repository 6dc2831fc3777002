/*
 * fuzz_batch.c: any bytes as a message of a sensor, and as what one holds when it is
 * unpacked: no crash, and what is read can be told again and is read the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fleet/batch.h"
#include "fleet/batch_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, as text; and again into a batch. */
struct told {
	struct buf text;
	struct batch *batch;
	bool full;
};

static bool tell(void *to, enum record_kind kind, const void *record)
{
	struct told *told = to;
	record_json(&told->text, kind, record);
	if (told->batch != NULL && !batch_add(told->batch, kind, record))
		told->full = true;
	return !told->full;
}

static void read_again(struct told *told, struct batch_head *head)
{
	struct told again = { 0 };
	struct buf message = { 0 };
	char error[BATCH_ERROR_MAX];
	if (!batch_finish(told->batch, head, &message) ||
	    !batch_read(message.at, message.len, tell, &again, error) ||
	    again.text.len != told->text.len ||
	    (again.text.len > 0 &&
	     memcmp(again.text.at, told->text.at, again.text.len) != 0))
		abort();
	buf_free(&again.text);
	buf_free(&message);
}

static void read_rows(const uint8_t *data, size_t size)
{
	static struct batch *batch;
	struct batch_head head = { .id = { "web-3", LANE_EVENT, 1, 1 } };
	char error[BATCH_ERROR_MAX];
	if (size < 1)
		return;
	if (batch == NULL)
		batch = batch_new();
	struct told told = { .batch = batch };
	head.records = data[0];
	batch_clear(batch);
	if (batch_read_rows(bytes_of(data + 1, size - 1), &head, tell, &told, error) &&
	    !told.full)
		read_again(&told, &head);
	buf_free(&told.text);
}

/* The sum is no secret: whoever lies can make it right. */
static void read_message(const uint8_t *data, size_t size)
{
	struct buf message = { 0 };
	struct told told = { 0 };
	char error[BATCH_ERROR_MAX];
	buf_add(&message, BATCH_MAGIC, BATCH_MAGIC_LEN);
	buf_add(&message, data, size);
	batch_put_sum(&message, 0);
	batch_read(message.at, message.len, tell, &told, error);
	batch_read(data, size, tell, &told, error);
	buf_free(&told.text);
	buf_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_rows(data, size);
	read_message(data, size);
	return 0;
}
