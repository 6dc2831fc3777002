/*
 * failure_event.c: see failure_event.h.
 */
#include "probe/failure_event.h"

#include <string.h>

#include "probe/event.h"
#include "probe/flight.h"

enum { PIECE_FAILURE, PIECE_TRANSCRIPT, PIECE_PACKET, PIECES };

static const enum record_kind kinds[PIECES] = { RECORD_failure, RECORD_transcript,
						RECORD_packet };

static size_t len_of(unsigned piece)
{
	return offsetof(struct failure_event, failure) + schemas[kinds[piece]].size;
}

/* ---- there ---- */

static uint8_t number_of_by(const char *word)
{
	for (uint8_t i = 0; i < BYS && word != NULL; i++)
		if (strcmp(flight_by_word(i), word) == 0)
			return i;
	return BYS;
}

size_t failure_event_make(enum record_kind kind, const void *record,
			  struct failure_event *out)
{
	memset(out, 0, sizeof(*out)); /* padding, too: it leaves the process */
	out->kind = PROBE_EVENT_FAILURE;
	out->by = BYS;
	memcpy(&out->failure, record, schemas[kind].size);
	while (out->piece < PIECES - 1 && kinds[out->piece] != kind)
		out->piece++;
	if (kind == RECORD_failure) {
		out->state = (uint8_t)probe_state_of(out->failure.state);
		out->reason = (uint8_t)reason_named(out->failure.reason);
		out->failure.state = out->failure.reason = NULL;
	} else if (kind == RECORD_transcript) {
		out->by = number_of_by(out->transcript.by);
		out->transcript.by = NULL;
	} else {
		out->packet.of = NULL;
	}
	return len_of(out->piece);
}

/* ---- and back, from a stranger ---- */

static bool read_failure(const struct failure_event *event, struct failure_record *out)
{
	*out = event->failure;
	if (event->state > PROBE_down || event->reason >= REASONS ||
	    !event_text_ends(out->id, sizeof(out->id)) ||
	    !event_text_ends(out->target, sizeof(out->target)) ||
	    !event_text_ends(out->protocol, sizeof(out->protocol)) ||
	    !event_text_ends(out->summary, sizeof(out->summary)) ||
	    !event_text_ends(out->packets_missing, sizeof(out->packets_missing)))
		return false;
	out->state = probe_state_word((enum probe_state)event->state);
	out->reason = reason_word((enum reason)event->reason);
	return true;
}

static bool read_transcript(const struct failure_event *event,
			    struct transcript_record *out)
{
	*out = event->transcript;
	out->by = flight_by_word(event->by);
	return event_text_ends(out->id, sizeof(out->id)) &&
	       event_text_ends(out->text, sizeof(out->text));
}

static bool read_packet(const struct failure_event *event, struct packet_record *out)
{
	*out = event->packet;
	out->of = "failure";
	return event_text_ends(out->id, sizeof(out->id)) &&
	       out->data.len <= sizeof(out->data.at) &&
	       out->data.len <= out->wire_bytes && (out->sent <= 1);
}

bool failure_event_read(const void *bytes, size_t len, struct failure_piece *out)
{
	struct failure_event event = { .kind = 0 };
	if (len > sizeof(event) || len < offsetof(struct failure_event, failure))
		return false;
	memcpy(&event, bytes, len);
	if (event.kind != PROBE_EVENT_FAILURE || event.piece >= PIECES ||
	    len != len_of(event.piece))
		return false;
	out->kind = kinds[event.piece];
	if (event.piece == PIECE_FAILURE)
		return read_failure(&event, &out->failure);
	return event.piece == PIECE_TRANSCRIPT
		       ? read_transcript(&event, &out->transcript)
		       : read_packet(&event, &out->packet);
}
