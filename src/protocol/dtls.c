/*
 * dtls.c: Datagram Transport Layer Security, RFC 6347 and RFC 9147.
 *
 * TLS with numbers: a datagram is a row of records, each with epoch and number, and a
 * message says which fragment of it is here.  Epoch 0 is in the clear.  Fragments of
 * the message that is wanted are put together; one message at a time is enough, as
 * flights come in order.
 */
#include <netinet/in.h>

#include "protocol/pieces.h"
#include "protocol/tls.h"

enum {
	DTLS_HEADER_LEN = 13,     /* type, version, epoch, number, length */
	FRAGMENT_HEADER_LEN = 12, /* type, length, number, offset and length of it */
	DATAGRAMS_MAX = 24,       /* a handshake with losses takes fewer */
};

struct dtls_state {
	struct handshake handshake;
	struct room_key room;
	uint16_t message; /* number of the one whose fragments are in the room */
	uint8_t datagrams;
};

struct record {
	uint8_t type;
	uint16_t version, epoch;
	struct bytes payload;
};

/* Takes the next record of a datagram; false if it is none of DTLS up to 1.2. */
static bool take_record(struct bytes *data, struct record *record)
{
	record->type = bytes_u8(data);
	record->version = bytes_be16(data);
	record->epoch = bytes_be16(data);
	bytes_take(data, 6);
	size_t len = bytes_be16(data);
	record->payload = bytes_take(data, len);
	return bytes_ok(data) && record->type >= RECORD_CHANGE_CIPHER &&
	       record->type <= RECORD_HEARTBEAT &&
	       (record->version == DTLS_1_0 || record->version == DTLS_1_2);
}

struct fragment {
	uint8_t type;
	uint32_t len, offset;
	uint16_t message;
	struct bytes body;
};

static bool take_fragment(struct bytes *payload, struct fragment *fragment)
{
	fragment->type = bytes_u8(payload);
	fragment->len = bytes_be24(payload);
	fragment->message = bytes_be16(payload);
	fragment->offset = bytes_be24(payload);
	size_t len = bytes_be24(payload);
	fragment->body = bytes_take(payload, len);
	return bytes_ok(payload) && fragment->offset <= fragment->len &&
	       len <= fragment->len - fragment->offset;
}

/* ---- recognising ---- */

/*
 * The begin of a datagram as the first record has it; a hello must also fit its record.
 * Only the first octets of a long datagram are shown.
 */
static enum verdict datagram_is_dtls(struct bytes said, bool is_whole)
{
	struct bytes data = said, header = bytes_take(&data, DTLS_HEADER_LEN);
	if (header.bad)
		return VERDICT_NO;
	uint8_t type = header.at[0];
	uint16_t version = (uint16_t)(header.at[1] << 8 | header.at[2]);
	uint16_t epoch = (uint16_t)(header.at[3] << 8 | header.at[4]);
	size_t len = (size_t)header.at[11] << 8 | header.at[12];
	if ((version != DTLS_1_0 && version != DTLS_1_2) || len == 0 ||
	    (is_whole && len > data.len))
		return VERDICT_NO;
	if (type == RECORD_DATA || type == RECORD_CHANGE_CIPHER)
		return epoch == (type == RECORD_DATA) ? VERDICT_YES : VERDICT_NO;
	if (type != RECORD_HANDSHAKE || len < FRAGMENT_HEADER_LEN ||
	    data.len < FRAGMENT_HEADER_LEN)
		return VERDICT_NO;
	if (epoch > 0)
		return VERDICT_YES;
	uint32_t message =
		(uint32_t)data.at[1] << 16 | (uint32_t)data.at[2] << 8 | data.at[3];
	uint32_t fragment =
		(uint32_t)data.at[9] << 16 | (uint32_t)data.at[10] << 8 | data.at[11];
	bool is_hello = data.at[0] == CLIENT_HELLO || data.at[0] == SERVER_HELLO ||
			data.at[0] == HELLO_VERIFY_REQUEST;
	return is_hello && fragment <= message && fragment + FRAGMENT_HEADER_LEN <= len
		       ? VERDICT_YES
		       : VERDICT_NO;
}

static enum verdict dtls_recognise(const struct opening *opening)
{
	struct bytes first = opening->said[opening->first];
	if (first.len == 0)
		first = opening->said[1 - opening->first];
	return first.len == 0 ? VERDICT_MORE
			      : datagram_is_dtls(first, first.len < OPENING_MAX);
}

/* ---- reading ---- */

static void finish(struct talk *talk, struct dtls_state *state, int64_t at_us)
{
	handshake_tell(talk, &state->handshake, at_us);
	talk_done(talk);
}

/* A message that is all there. */
static void read_message(struct talk *talk, struct dtls_state *state, uint8_t type,
			 struct bytes body, const struct said *said)
{
	bool is_last = false;
	if (type == CLIENT_HELLO) {
		handshake_client_hello(talk, &state->handshake, body, CARRIER_DTLS);
	} else if (type == SERVER_HELLO) {
		handshake_server_hello(talk, &state->handshake, body, &is_last);
	} else if (said->by == SERVER) {
		bytes_be24(&body);
		struct bytes der = bytes_take(&body, bytes_be24(&body));
		if (!der.bad)
			handshake_certificate(talk, &state->handshake, der,
					      said->at_us);
	}
	if (is_last)
		finish(talk, state, said->at_us);
}

static void read_piece(struct talk *talk, struct dtls_state *state,
		       const struct fragment *fragment, const struct said *said)
{
	struct tls_shared *shared = tls_shared(talk);
	if (shared == NULL)
		return;
	if (state->room.has_room && state->message != fragment->message)
		pieces_give_back(shared->pieces, &state->room);
	state->message = fragment->message;
	if (!pieces_add(shared->pieces, &state->room, fragment->offset, fragment->body))
		return;
	struct bytes whole = pieces_whole(shared->pieces, &state->room);
	if (whole.len < fragment->len)
		return;
	read_message(talk, state, fragment->type, whole, said);
	pieces_give_back(shared->pieces, &state->room);
}

static void read_fragments(struct talk *talk, struct dtls_state *state,
			   struct bytes payload, const struct said *said)
{
	struct fragment fragment;
	while (!talk->done && payload.len > 0 && take_fragment(&payload, &fragment)) {
		bool is_wanted = fragment.type == CLIENT_HELLO ||
				 fragment.type == SERVER_HELLO ||
				 fragment.type == CERTIFICATE;
		if (is_wanted && fragment.body.len == fragment.len)
			read_message(talk, state, fragment.type, fragment.body, said);
		else if (is_wanted)
			read_piece(talk, state, &fragment, said);
		else if (fragment.type == CERTIFICATE_REQUEST)
			state->handshake.asks_certificate = true;
	}
}

static void read_alert(struct talk *talk, struct dtls_state *state,
		       struct bytes payload, const struct said *said)
{
	enum { FATAL = 2 };
	uint8_t level = bytes_u8(&payload), alert = bytes_u8(&payload);
	if (payload.bad || level != FATAL || alert == 0)
		return;
	handshake_alert(&state->handshake, said->by, alert);
	finish(talk, state, said->at_us);
}

static void dtls_read(struct talk *talk, struct said *said)
{
	struct dtls_state *state = STATE(talk, struct dtls_state);
	struct record record;
	while (!talk->done && said->data.len > 0 && take_record(&said->data, &record)) {
		if (record.epoch > 0 || record.type == RECORD_DATA) {
			if (!state->handshake.has_server)
				talk->facts.cleartext = 0;
			finish(talk, state, said->at_us);
		} else if (record.type == RECORD_HANDSHAKE) {
			read_fragments(talk, state, record.payload, said);
		} else if (record.type == RECORD_ALERT) {
			read_alert(talk, state, record.payload, said);
		}
	}
	if (++state->datagrams == DATAGRAMS_MAX)
		finish(talk, state, said->at_us);
}

static void dtls_end(struct talk *talk, int64_t at_us)
{
	handshake_tell(talk, &STATE(talk, struct dtls_state)->handshake, at_us);
}

const struct protocol protocol_dtls = {
	.name = "dtls",
	.doc = "Datagram Transport Layer Security (RFC 6347, RFC 9147)",
	.transports = { IPPROTO_UDP },
	.ports = { 443, 853, 4433, 5061, 5684, 3391 },
	.state_size = sizeof(struct dtls_state),
	.recognise = dtls_recognise,
	.read = dtls_read,
	.end = dtls_end,
};
_Static_assert(sizeof(struct dtls_state) <= TALK_STATE_MAX, "fits into a talk");
