/*
 * bucket.c: seconds into ten seconds; see bucket.h.
 */
#include "store/bucket.h"

#include <stdlib.h>
#include <string.h>

struct bucket_row {
	struct service_entry *service;
	struct port_record sum;
	uint64_t seconds;
	uint8_t *blobs; /* owned: handshake, response, clients */
	size_t handshake_len, response_len, clients_len;
	bool is_dirty;
	struct bucket_row *next;
};

struct bucket {
	struct level_access *access;
	struct book *book;
	int64_t start; /* INT64_MIN: none */
	struct bucket_row *rows;
	struct roll roll;
	struct roll_packed packed;
};

struct bucket *bucket_new(struct level_access *access, struct book *book)
{
	struct bucket *bucket = calloc(1, sizeof(*bucket));
	if (bucket == NULL)
		return NULL;
	bucket->access = access;
	bucket->book = book;
	bucket->start = INT64_MIN;
	roll_init(&bucket->roll);
	return bucket;
}

static void forget_rows(struct bucket *bucket)
{
	for (struct bucket_row *row = bucket->rows; row != NULL;) {
		struct bucket_row *next = row->next;
		row->service->row = NULL;
		free(row->blobs);
		free(row);
		row = next;
	}
	bucket->rows = NULL;
}

void bucket_free(struct bucket *bucket)
{
	if (bucket == NULL)
		return;
	forget_rows(bucket);
	free(bucket);
}

/* ---- a row and a roll ---- */

/* bucket->roll becomes the row. False without memory. */
static bool keep_roll(struct bucket *bucket, struct bucket_row *row)
{
	struct roll_packed *packed = &bucket->packed;
	roll_finish(&bucket->roll);
	roll_pack(&bucket->roll, packed);
	size_t len = packed->handshake_len + packed->response_len + packed->clients_len;
	uint8_t *blobs = realloc(row->blobs, len + 1);
	if (blobs == NULL)
		return false;
	row->blobs = blobs;
	row->handshake_len = packed->handshake_len;
	row->response_len = packed->response_len;
	row->clients_len = packed->clients_len;
	memcpy(blobs, packed->handshake, packed->handshake_len);
	blobs += packed->handshake_len;
	memcpy(blobs, packed->response, packed->response_len);
	blobs += packed->response_len;
	memcpy(blobs, packed->clients, packed->clients_len);
	row->sum = bucket->roll.sum;
	row->seconds = bucket->roll.seconds;
	return true;
}

static struct roll_part part_of_row(const struct bucket_row *row)
{
	const uint8_t *response = row->blobs + row->handshake_len;
	return (struct roll_part){
		.record = &row->sum,
		.seconds = row->seconds,
		.handshake = bytes_of(row->blobs, row->handshake_len),
		.response = bytes_of(response, row->response_len),
		.clients = bytes_of(response + row->response_len, row->clients_len),
	};
}

static bool add_stored(void *self, const struct roll_row *row)
{
	struct roll_part part = { .record = &row->record,
				  .seconds = row->seconds,
				  .handshake = row->handshake,
				  .response = row->response,
				  .clients = row->clients };
	roll_add(self, &part);
	return true;
}

/* bucket->roll becomes what is on disk. */
static int load(struct bucket *bucket, enum level level, int64_t service, int64_t start)
{
	roll_clear(&bucket->roll);
	return level_rows(bucket->access, level, service, start, start + 1, add_stored,
			  &bucket->roll);
}

/* ---- adding ---- */

/* The row of that service in these ten seconds, read from disk if it is there. */
static struct bucket_row *row_of(struct bucket *bucket, struct service_entry *service,
				 int *code)
{
	if (service->row != NULL)
		return service->row;
	struct bucket_row *row = calloc(1, sizeof(*row));
	*code = SQLITE_NOMEM;
	if (row == NULL)
		return NULL;
	*code = load(bucket, LEVEL_10S, service->id, bucket->start);
	if (*code == SQLITE_OK && !keep_roll(bucket, row))
		*code = SQLITE_NOMEM;
	if (*code != SQLITE_OK) {
		free(row->blobs);
		free(row);
		return NULL;
	}
	row->service = service;
	row->next = bucket->rows;
	bucket->rows = row;
	service->row = row;
	return row;
}

/* The other end has said something, other than no. */
static bool has_answered(const struct roll_part *second)
{
	const struct port_record *port = second->record;
	if (second->handshake.len > 0 || second->response.len > 0)
		return true;
	if (port->payload_bytes != UNKNOWN_U64 && port->payload_bytes > 0)
		return true;
	if (port->state != NULL && strcmp(port->state, "open") == 0)
		return true;
	bool is_tcp = port->transport != NULL && strcmp(port->transport, "tcp") == 0;
	return !is_tcp && port->server_packets != UNKNOWN_U64 &&
	       port->server_packets > 0;
}

static int add_late(struct bucket *bucket, const struct roll_part *second,
		    enum level level, int64_t service)
{
	int64_t start = floor_to(second->record->start, level_us(level));
	int code = load(bucket, level, service, start);
	if (code != SQLITE_OK)
		return code;
	roll_add(&bucket->roll, second);
	roll_finish(&bucket->roll);
	roll_pack(&bucket->roll, &bucket->packed);
	return level_put(bucket->access, level, service, start, &bucket->roll.sum,
			 bucket->roll.seconds, &bucket->packed);
}

static int turn_to(struct bucket *bucket, int64_t start)
{
	if (start == bucket->start)
		return SQLITE_OK;
	int code = bucket_flush(bucket);
	if (code == SQLITE_OK) {
		forget_rows(bucket);
		bucket->start = start;
	}
	return code;
}

int bucket_add(struct bucket *bucket, const struct roll_part *second,
	       const int64_t rolled[LEVELS])
{
	int64_t at_us = second->record->start;
	int code = turn_to(bucket, floor_to(at_us, level_us(LEVEL_10S)));
	if (code != SQLITE_OK)
		return code;
	struct service_entry *service =
		book_find(bucket->book, second->record, has_answered(second), &code);
	struct bucket_row *row =
		service == NULL ? NULL : row_of(bucket, service, &code);
	if (row == NULL)
		return code;
	struct roll_part before = part_of_row(row);
	roll_clear(&bucket->roll);
	roll_add(&bucket->roll, &before);
	roll_add(&bucket->roll, second);
	if (!keep_roll(bucket, row))
		return SQLITE_NOMEM;
	row->sum.start = bucket->roll.newest_us; /* the gauges are of that second */
	row->is_dirty = true;
	service->seen_us = at_us;
	for (unsigned level = LEVEL_1M; level < LEVELS && code == SQLITE_OK; level++)
		if (at_us < rolled[level])
			code = add_late(bucket, second, (enum level)level, service->id);
	return code;
}

static int write_row(struct bucket *bucket, const struct bucket_row *row)
{
	/* Packed already; level_put() wants it in one place. */
	struct roll_packed *packed = &bucket->packed;
	struct roll_part part = part_of_row(row);
	packed->handshake_len = part.handshake.len;
	packed->response_len = part.response.len;
	packed->clients_len = part.clients.len;
	memcpy(packed->handshake, part.handshake.at, part.handshake.len);
	memcpy(packed->response, part.response.at, part.response.len);
	memcpy(packed->clients, part.clients.at, part.clients.len);
	return level_put(bucket->access, LEVEL_10S, row->service->id, bucket->start,
			 &row->sum, row->seconds, packed);
}

int bucket_flush(struct bucket *bucket)
{
	int code = SQLITE_OK;
	for (struct bucket_row *row = bucket->rows; row != NULL && code == SQLITE_OK;
	     row = row->next) {
		if (row->is_dirty)
			code = write_row(bucket, row);
		row->is_dirty = row->is_dirty && code != SQLITE_OK;
	}
	return code;
}
