/*
 * fuzz_failure.c: what the process that asks says of a failure, and packets that it was
 * sent: whatever they are, they are read within their bounds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "probe/event.h"
#include "probe/failure_event.h"
#include "probe/recorder_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_piece(const uint8_t *data, size_t len)
{
	struct failure_piece piece;
	struct probe_recorder_event recorder;
	struct buf json = { 0 };
	struct probe_ends ends;
	probe_ends_read(data, len, &ends);
	probe_recorder_read(data, len, &recorder);
	if (failure_event_read(data, len, &piece))
		record_json(&json, piece.kind, &piece.failure);
	buf_free(&json);
}

/* Else hardly any input has the right length and kind. */
static void read_as_piece(const uint8_t *data, size_t len)
{
	static const enum record_kind kinds[] = { RECORD_failure, RECORD_transcript,
						  RECORD_packet };
	struct failure_event event = { .kind = PROBE_EVENT_FAILURE };
	enum record_kind kind = kinds[len % 3];
	event.piece = (uint8_t)(len % 3);
	if (len > 0)
		memcpy(&event.state, data, len < 3 ? len : 3);
	memcpy(&event.failure, data,
	       len < schemas[kind].size ? len : schemas[kind].size);
	read_piece((const uint8_t *)&event,
		   offsetof(struct failure_event, failure) + schemas[kind].size);
}

static bool take(void *to, const struct recorded *recorded, const uint8_t *at)
{
	volatile uint8_t *sum = to;
	for (size_t i = 0; i < recorded->len; i++)
		*sum = (uint8_t)(*sum + at[i]);
	return true;
}

static void read_packet(struct bytes packet)
{
	struct packet_view view;
	struct ends neighbour;
	struct recorder_ring *ring = recorder_ring_new(4096);
	uint8_t sum = 0;
	const struct recorded recorded = { .len = (uint16_t)(packet.len % 1536) };
	packet_asks_neighbour(packet, &neighbour);
	for (int i = 0; i < 8 && ring != NULL && packet_look(packet, &view); i++) {
		recorder_ring_put(ring, &view.ends, &recorded, packet.at);
		recorder_ring_each(ring, &view.ends, 0, take, &sum);
	}
	recorder_ring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	read_piece(data, len);
	read_as_piece(data, len);
	read_packet(bytes_of(data, len));
	return 0;
}
