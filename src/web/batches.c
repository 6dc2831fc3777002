/*
 * batches.c: see batches.h.
 */
#include "web/batches.h"

#include <stdlib.h>
#include <string.h>

#define TAKEN UINT64_MAX /* no sensor's; only while they are taken out */

static uint64_t name_of_service(const struct batches *batches,
				const struct port_record *port, uint64_t sensor)
{
	uint64_t words[4];
	memcpy(words, &port->server_ip, sizeof(port->server_ip));
	words[2] = port->port;
	if (port->transport != NULL)
		words[2] |= (uint64_t)port->transport[0] << 32;
	words[3] = sensor;
	return hash_words(&batches->secret, words, 4);
}

static uint64_t name_of_flow(const struct batches *batches,
			     const struct flow_record *flow, uint64_t sensor)
{
	uint64_t words[7];
	memcpy(words, &flow->client_ip, sizeof(flow->client_ip));
	memcpy(words + 2, &flow->server_ip, sizeof(flow->server_ip));
	words[4] = (uint64_t)flow->client_port << 32 | flow->server_port;
	words[5] = (uint64_t)flow->start;
	words[6] = sensor;
	return hash_words(&batches->secret, words, 7);
}

static uint64_t name_of(const struct batches *batches, enum record_kind kind,
			const void *record, uint64_t sensor)
{
	if (kind == RECORD_port)
		return name_of_service(batches, record, sensor);
	return kind == RECORD_flow ? name_of_flow(batches, record, sensor) : sensor;
}

static uint32_t *place_of(const struct batch *batch, uint64_t name)
{
	const size_t places = 2 * batch->room;
	size_t i = (size_t)name % places;
	while (batch->index[i] != 0 && batch->names[batch->index[i] - 1] != name)
		i = (i + 1) % places;
	return &batch->index[i];
}

static void fill_index(struct batch *batch)
{
	memset(batch->index, 0, 2 * batch->room * sizeof(batch->index[0]));
	for (size_t i = 0; i < batch->count; i++)
		*place_of(batch, batch->names[i]) = (uint32_t)i + 1;
}

/* What could grow before memory ran out stays. */
static bool grow(struct batch *batch, enum record_kind kind, size_t room)
{
	char *records = reallocarray(batch->records, room, schemas[kind].size);
	if (records != NULL)
		batch->records = records;
	uint64_t *names = reallocarray(batch->names, room, sizeof(*names));
	if (names != NULL)
		batch->names = names;
	uint64_t *sensors = reallocarray(batch->sensors, room, sizeof(*sensors));
	if (sensors != NULL)
		batch->sensors = sensors;
	uint32_t *index = reallocarray(batch->index, 2 * room, sizeof(*index));
	if (index != NULL)
		batch->index = index;
	if (records == NULL || names == NULL || sensors == NULL || index == NULL)
		return false;
	batch->room = room;
	fill_index(batch);
	return true;
}

static bool has_room(struct batch *batch, enum record_kind kind, bool is_of_sensor)
{
	const size_t most = is_of_sensor ? BATCH_FLEET_MAX : BATCH_MAX;
	if (batch->count < batch->room)
		return batch->count < most;
	return batch->room < most &&
	       grow(batch, kind, batch->room == 0 ? BATCH_MAX : 2 * batch->room);
}

bool batches_put(struct batches *batches, enum record_kind kind, const void *record,
		 uint64_t sensor)
{
	struct batch *batch = &batches->of[kind];
	size_t size = schemas[kind].size;
	if (batches->secret.k0 == 0)
		batches->secret = hash_key_random();
	batches->waiting |= RECORD_BIT(kind);
	uint64_t name = name_of(batches, kind, record, sensor);
	uint32_t at = batch->room > 0 ? *place_of(batch, name) : 0;
	if (at == 0) {
		if (!has_room(batch, kind, sensor != 0)) {
			batch->lost++;
			return false;
		}
		batch->names[batch->count] = name;
		batch->sensors[batch->count] = sensor;
		at = (uint32_t)++batch->count;
		*place_of(batch, name) = at;
	}
	memcpy(batch->records + (at - 1) * size, record, size);
	return true;
}

bool batches_take(struct batches *batches, enum record_kind kind, uint64_t *sensor,
		  struct buf *out)
{
	struct batch *batch = &batches->of[kind];
	const size_t size = schemas[kind].size;
	size_t i = batch->taken;
	while (i < batch->count && batch->sensors[i] == TAKEN)
		i++;
	batch->taken = i;
	if (i == batch->count)
		return false;
	*sensor = batch->sensors[i];
	buf_char(out, '[');
	for (; i < batch->count; i++) {
		if (batch->sensors[i] != *sensor)
			continue;
		if (i > batch->taken)
			buf_char(out, ',');
		record_json(out, kind, batch->records + i * size);
		batch->sensors[i] = TAKEN;
	}
	buf_char(out, ']');
	return true;
}

uint64_t batches_end(struct batches *batches, enum record_kind kind)
{
	struct batch *batch = &batches->of[kind];
	uint64_t lost = batch->lost;
	batch->count = batch->taken = batch->lost = 0;
	if (batch->index != NULL)
		memset(batch->index, 0, 2 * batch->room * sizeof(batch->index[0]));
	batches->waiting &= ~RECORD_BIT(kind);
	return lost;
}

void batches_close(struct batches *batches)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		free(batches->of[kind].records);
		free(batches->of[kind].names);
		free(batches->of[kind].sensors);
		free(batches->of[kind].index);
	}
	*batches = (struct batches){ 0 };
}
