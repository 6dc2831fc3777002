/*
 * batches.c: see batches.h.
 */
#include "web/batches.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 2 * BATCH_MAX };

static uint64_t name_of_service(const struct batches *batches,
				const struct port_record *port)
{
	uint64_t words[3];
	memcpy(words, &port->server_ip, sizeof(port->server_ip));
	words[2] = port->port;
	if (port->transport != NULL)
		words[2] |= (uint64_t)port->transport[0] << 32;
	return hash_words(&batches->secret, words, 3);
}

static uint64_t name_of_flow(const struct batches *batches,
			     const struct flow_record *flow)
{
	uint64_t words[6];
	memcpy(words, &flow->client_ip, sizeof(flow->client_ip));
	memcpy(words + 2, &flow->server_ip, sizeof(flow->server_ip));
	words[4] = (uint64_t)flow->client_port << 32 | flow->server_port;
	words[5] = (uint64_t)flow->start;
	return hash_words(&batches->secret, words, 6);
}

static uint64_t name_of(const struct batches *batches, enum record_kind kind,
			const void *record)
{
	if (kind == RECORD_port)
		return name_of_service(batches, record);
	return kind == RECORD_flow ? name_of_flow(batches, record) : 0;
}

static bool open_batch(struct batch *batch, enum record_kind kind)
{
	if (batch->records != NULL)
		return true;
	batch->records = malloc(BATCH_MAX * schemas[kind].size);
	batch->names = calloc(BATCH_MAX, sizeof(batch->names[0]));
	batch->index = calloc(PLACES, sizeof(batch->index[0]));
	if (batch->records != NULL && batch->names != NULL && batch->index != NULL)
		return true;
	free(batch->records);
	free(batch->names);
	free(batch->index);
	*batch = (struct batch){ .lost = batch->lost };
	return false;
}

static uint32_t *place_of(const struct batch *batch, uint64_t name)
{
	size_t i = (size_t)name % PLACES;
	while (batch->index[i] != 0 && batch->names[batch->index[i] - 1] != name)
		i = (i + 1) % PLACES;
	return &batch->index[i];
}

bool batches_put(struct batches *batches, enum record_kind kind, const void *record)
{
	struct batch *batch = &batches->of[kind];
	size_t size = schemas[kind].size;
	if (batches->secret.k0 == 0)
		batches->secret = hash_key_random();
	batches->waiting |= RECORD_BIT(kind);
	uint64_t name = name_of(batches, kind, record);
	uint32_t *place = open_batch(batch, kind) ? place_of(batch, name) : NULL;
	if (place == NULL || (*place == 0 && batch->count == BATCH_MAX)) {
		batch->lost++;
		return false;
	}
	if (*place == 0) {
		batch->names[batch->count] = name;
		*place = (uint32_t)++batch->count;
	}
	memcpy(batch->records + (*place - 1) * size, record, size);
	return true;
}

void batches_take(struct batches *batches, enum record_kind kind, struct buf *out,
		  uint64_t *lost)
{
	struct batch *batch = &batches->of[kind];
	buf_char(out, '[');
	for (size_t i = 0; i < batch->count; i++) {
		if (i > 0)
			buf_char(out, ',');
		record_json(out, kind, batch->records + i * schemas[kind].size);
	}
	buf_char(out, ']');
	*lost = batch->lost;
	batch->count = batch->lost = 0;
	if (batch->index != NULL)
		memset(batch->index, 0, PLACES * sizeof(batch->index[0]));
	batches->waiting &= ~RECORD_BIT(kind);
}

void batches_close(struct batches *batches)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		free(batches->of[kind].records);
		free(batches->of[kind].names);
		free(batches->of[kind].index);
	}
	*batches = (struct batches){ 0 };
}
