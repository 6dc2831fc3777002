/*
 * tls_records.c: the handshake in TLS records; see tls.h.
 *
 * A stream is a row of records, and the payload of those of type handshake is a row of
 * messages: both may be cut anywhere, independently.  A reader stands in one record of
 * each side and wants few messages whole; of a certificate list, the first certificate.
 * Everything is in the clear up to ChangeCipherSpec (1.2 and before) or ServerHello
 * (1.3), and with the first application data there is nothing more to learn.
 */
#include <string.h>

#include "protocol/tls.h"

enum {
	PLAIN_MAX = 16384,
	SEALED_MAX = PLAIN_MAX + 2048, /* RFC 5246 6.2.3; 1.3 has 256 */
	/* What is left to be read again must fit into a turn, headers and all. */
	MESSAGE_MAX = TURN_MAX - 256,
	/* Encrypted handshake records of a client: one is Finished, three a
	   renegotiation. */
	SEALED_FLOOD = 20,
	/* Data a client sends before the server has chosen, RFC 8446 4.2.10, in
	   records. */
	EARLY_MAX = 8,
};

static const struct talk_notice heartbleed = {
	.kind = "protocol_anomaly",
	.technique = "heartbleed",
	.severity = "high",
	.mitre = "T1190",
	.about = ABOUT_CLIENT,
	.why = "old OpenSSL answers such a request with its memory (CVE-2014-0160, RFC "
	       "6520 4)",
};
static const struct talk_notice heartbleed_answered = {
	.kind = "protocol_anomaly",
	.technique = "heartbleed_answered",
	.severity = "critical",
	.mitre = "T1190",
	.about = ABOUT_SERVICE,
	.why = "the server gives its memory away, keys included (CVE-2014-0160)",
};
static const struct talk_notice renegotiation_flood = {
	.kind = "protocol_anomaly",
	.technique = "renegotiation_flood",
	.severity = "medium",
	.mitre = "T1499.002",
	.about = ABOUT_CLIENT,
	.why = "each costs the server many times what it costs the client "
	       "(CVE-2011-1473)",
};
static const struct talk_notice oversized_record = {
	.kind = "protocol_anomaly",
	.technique = "oversized_record",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "no TLS software sends one so long (RFC 8446 5.1)",
};
static const struct talk_notice oversized_hello = {
	.kind = "protocol_anomaly",
	.technique = "oversized_hello",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "no client has so much to say",
};

/* ---- records ---- */

static bool is_record(uint8_t type, uint8_t major)
{
	return type >= RECORD_CHANGE_CIPHER && type <= RECORD_HEARTBEAT && major == 3;
}

bool tls_next_record(struct tls_side *side, struct bytes *data)
{
	if (data->len > 0 && !is_record(data->at[0], data->len > 1 ? data->at[1] : 3)) {
		side->is_lost = true;
		return false;
	}
	if (data->len < RECORD_HEADER_LEN)
		return false;
	side->type = bytes_u8(data);
	bytes_be16(data); /* a version, of which RFC 8446 5.1 says: ignore it */
	side->record_left = bytes_be16(data);
	side->is_lost = side->record_left > SEALED_MAX;
	return !side->is_lost;
}

/* Takes n bytes of the record at hand, or fewer if they have not come. */
static size_t take_some(struct tls_side *side, struct bytes *data, size_t n)
{
	n = n < side->record_left ? n : side->record_left;
	n = n < data->len ? n : data->len;
	bytes_take(data, n);
	side->record_left = (uint16_t)(side->record_left - n);
	return n;
}

void tls_skip_record(struct talk *talk, struct tls_side *side, struct said *said)
{
	take_some(side, &said->data, side->record_left);
	if (side->record_left > 0)
		talk_skip(talk, said->by, side->record_left);
	side->record_left = 0;
}

/* ---- messages ---- */

/* Another type, or a record of nothing, may not come inside a message. */
static bool next_of_message(struct tls_side *side, struct bytes *data)
{
	if (!tls_next_record(side, data))
		return false;
	side->is_lost = side->type != RECORD_HANDSHAKE || side->record_left == 0;
	return !side->is_lost;
}

/*
 * The next n bytes of handshake payload, which the data begin with: in place, or put
 * together in `room` if they lie in several records.  Bad if they have not all come;
 * side->need says when to look again.
 */
static struct bytes gather(struct tls_side *side, struct bytes data, size_t n,
			   uint8_t *room)
{
	struct tls_side at = *side; /* moves on, data too; the side stays */
	size_t before = data.len, have = 0;
	if (n <= at.record_left && n <= data.len)
		return bytes_of(data.at, n);
	while (room != NULL && have < n &&
	       (at.record_left > 0 || next_of_message(&at, &data))) {
		const uint8_t *from = data.at;
		size_t some = take_some(&at, &data, n - have);
		if (some == 0)
			break;
		memcpy(room + have, from, some);
		have += some;
	}
	if (room != NULL && have == n)
		return bytes_of(room, n);
	size_t need = before + n - have;
	side->is_lost = at.is_lost || room == NULL;
	side->need = (uint16_t)(need < TURN_MAX ? need : TURN_MAX);
	return (struct bytes){ .bad = true };
}

struct reader {
	struct talk *talk;
	struct tls_state *state;
	struct said *said;
	struct tls_side *side;
	bool is_over;
};

static struct bytes peek(struct reader *reader, size_t n)
{
	struct tls_shared *shared = tls_shared(reader->talk);
	return gather(reader->side, reader->said->data, n,
		      shared != NULL ? shared->message : NULL);
}

static void tell(struct reader *reader)
{
	handshake_tell(reader->talk, &reader->state->handshake, reader->said->at_us);
}

/* Nothing can be made of what comes. */
static void lose(struct reader *reader)
{
	reader->side->is_lost = true;
	reader->is_over = true;
	tell(reader);
}

static void read_hello(struct reader *reader, uint8_t type, struct bytes body)
{
	struct handshake *handshake = &reader->state->handshake;
	bool is_last = false;
	bool is_sound = type == CLIENT_HELLO
				? handshake_client_hello(reader->talk, handshake, body,
							 CARRIER_TLS)
				: handshake_server_hello(reader->talk, handshake, body,
							 &is_last);
	if (!is_sound)
		lose(reader);
	if (is_last) {
		tell(reader);
		reader->is_over = true;
	}
}

/* False if not all of it is there. */
static bool read_whole(struct reader *reader, uint8_t type, size_t len)
{
	if (MESSAGE_HEADER_LEN + len > MESSAGE_MAX) {
		if (type == CLIENT_HELLO)
			talk_notice(reader->talk, &oversized_hello, reader->said->at_us,
				    "ClientHello of %zu bytes", len);
		return true;
	}
	struct bytes message = peek(reader, MESSAGE_HEADER_LEN + len);
	if (message.bad)
		return false;
	bytes_take(&message, MESSAGE_HEADER_LEN);
	read_hello(reader, type, message);
	return true;
}

/*
 * The first of the list is the server's own.  False if not all of it is there; one that
 * is too long to be kept is passed over.
 */
static bool read_certificate(struct reader *reader, size_t len)
{
	enum { LENGTHS = 6 }; /* of the list, and of the first of it */
	if (len <= LENGTHS)
		return true;
	struct bytes head = peek(reader, MESSAGE_HEADER_LEN + LENGTHS);
	if (head.bad)
		return false;
	bytes_take(&head, MESSAGE_HEADER_LEN);
	bytes_be24(&head);
	size_t first = bytes_be24(&head);
	if (first > len - LENGTHS || first > MESSAGE_MAX - MESSAGE_HEADER_LEN - LENGTHS)
		return true;
	struct bytes der = peek(reader, MESSAGE_HEADER_LEN + LENGTHS + first);
	if (der.bad)
		return false;
	bytes_take(&der, MESSAGE_HEADER_LEN + LENGTHS);
	handshake_certificate(reader->talk, &reader->state->handshake, der,
			      reader->said->at_us);
	return true;
}

/* False if it needs bytes that have not come. */
static bool read_message(struct reader *reader)
{
	struct bytes header = peek(reader, MESSAGE_HEADER_LEN);
	if (header.bad)
		return false;
	uint8_t type = bytes_u8(&header);
	size_t len = bytes_be24(&header);
	bool is_read = true;
	if (type == CLIENT_HELLO || type == SERVER_HELLO)
		is_read = read_whole(reader, type, len);
	else if (type == CERTIFICATE && reader->said->by == SERVER)
		is_read = read_certificate(reader, len);
	else if (type == CERTIFICATE_REQUEST)
		reader->state->handshake.asks_certificate = true;
	if (is_read)
		reader->side->message_left = (uint32_t)(MESSAGE_HEADER_LEN + len);
	return is_read;
}

/* What the rest of the record at hand brings of a message of no more interest. */
static void pass_over(struct reader *reader)
{
	struct tls_side *side = reader->side;
	side->message_left -=
		(uint32_t)take_some(side, &reader->said->data, side->message_left);
	size_t rest = side->message_left < side->record_left ? side->message_left
							     : side->record_left;
	talk_skip(reader->talk, reader->said->by, rest);
	side->message_left -= (uint32_t)rest;
	side->record_left = (uint16_t)(side->record_left - rest);
}

/* ---- records by type ---- */

static bool read_sealed(struct reader *reader)
{
	struct tls_side *side = reader->side;
	if (side->sealed < UINT8_MAX)
		side->sealed++;
	if (reader->said->by == CLIENT && side->sealed == SEALED_FLOOD)
		talk_notice(reader->talk, &renegotiation_flood, reader->said->at_us,
			    "handshake after handshake in one connection, and no data");
	tls_skip_record(reader->talk, side, reader->said);
	return true;
}

static bool read_handshake(struct reader *reader)
{
	if (reader->side->is_encrypted)
		return read_sealed(reader);
	if (reader->side->message_left == 0 && !read_message(reader))
		return false;
	pass_over(reader);
	return true;
}

static bool read_alert(struct reader *reader)
{
	enum {
		ALERT_LEN = 2,
		FATAL = 2,
		CLOSE_NOTIFY = 0,
		USER_CANCELED = 90,
		NO_RENEGOTIATION = 100
	};
	struct said *said = reader->said;
	if (reader->side->is_encrypted || reader->side->record_left != ALERT_LEN) {
		tls_skip_record(reader->talk, reader->side, said);
		return true;
	}
	if (said->data.len < ALERT_LEN)
		return false;
	uint8_t level = said->data.at[0], alert = said->data.at[1];
	take_some(reader->side, &said->data, ALERT_LEN);
	if (alert == CLOSE_NOTIFY || alert == USER_CANCELED ||
	    alert == NO_RENEGOTIATION || level != FATAL)
		return true;
	handshake_alert(&reader->state->handshake, said->by, alert);
	tell(reader);
	reader->is_over = true;
	return true;
}

static bool read_change_cipher(struct reader *reader)
{
	struct handshake *handshake = &reader->state->handshake;
	tls_skip_record(reader->talk, reader->side, reader->said);
	/* 1.3 has one that means nothing, and hellos after it (RFC 8446 D.4). */
	if (handshake->version == TLS_1_3)
		return true;
	reader->side->is_encrypted = true;
	/* A client that goes on has taken what the server showed. */
	if (handshake->has_server)
		tell(reader);
	return true;
}

/* RFC 6520 4: type, length of the payload, payload, 16 bytes of padding at least. */
static bool read_heartbeat(struct reader *reader)
{
	enum { REQUEST = 1, HEARTBEAT_HEADER_LEN = 3 };
	struct said *said = reader->said;
	struct tls_state *state = reader->state;
	uint16_t len = reader->side->record_left;
	if (!reader->side->is_encrypted && len >= HEARTBEAT_HEADER_LEN) {
		struct bytes head = said->data;
		uint8_t type = bytes_u8(&head);
		uint16_t payload = bytes_be16(&head);
		if (head.bad)
			return false;
		if (said->by == CLIENT && type == REQUEST &&
		    payload + HEARTBEAT_HEADER_LEN > len) {
			state->overread = len;
			talk_notice(reader->talk, &heartbleed, said->at_us,
				    "heartbeat of %u bytes that asks for %u back", len,
				    payload);
		} else if (said->by == SERVER && state->overread != 0 &&
			   type != REQUEST && len > state->overread) {
			talk_notice(reader->talk, &heartbleed_answered, said->at_us,
				    "%u bytes in answer to a heartbeat of %u", len,
				    state->overread);
		}
	}
	tls_skip_record(reader->talk, reader->side, said);
	return true;
}

/* Encrypted from here on; false if the server may yet choose. */
static bool read_data(struct reader *reader)
{
	struct tls_side *side = reader->side;
	if (!reader->state->handshake.has_server) {
		reader->talk->facts.cleartext = 0;
		if (reader->said->by == CLIENT && side->sealed++ < EARLY_MAX) {
			tls_skip_record(reader->talk, side, reader->said);
			return true;
		}
	}
	tell(reader);
	reader->is_over = true;
	return false;
}

/* False if it needs bytes that have not come, or the handshake is over. */
static bool read_record(struct reader *reader)
{
	switch (reader->side->type) {
	case RECORD_HANDSHAKE:
		return read_handshake(reader);
	case RECORD_ALERT:
		return read_alert(reader);
	case RECORD_CHANGE_CIPHER:
		return read_change_cipher(reader);
	case RECORD_HEARTBEAT:
		return read_heartbeat(reader);
	default:
		return read_data(reader);
	}
}

/* Stands in a record, at its begin or where it was left; false if there is none. */
static bool stand_in_record(struct reader *reader)
{
	struct tls_side *side = reader->side;
	struct said *said = reader->said;
	if (side->record_left > 0)
		return true;
	if (!tls_next_record(side, &said->data)) {
		if (side->is_known && side->record_left > SEALED_MAX &&
		    said->by == CLIENT)
			talk_notice(reader->talk, &oversized_record, said->at_us,
				    "record of %u bytes", side->record_left);
		return false;
	}
	side->is_known = true;
	return true;
}

/* ---- SSL 2.0 ---- */

/*
 * Its records have a header of two octets, the first bit set; a client of SSL 3 or TLS
 * may begin with one (RFC 5246 E.2).  False if not all of it is there.
 */
static bool read_ssl2(struct reader *reader)
{
	struct handshake *handshake = &reader->state->handshake;
	struct bytes data = reader->said->data, der;
	uint16_t version;
	size_t len = (size_t)(bytes_be16(&data) & 0x7fff) + 2;
	if (reader->said->data.len < len)
		return false;
	reader->side->is_known = true;
	struct bytes record = bytes_take(&reader->said->data, len);
	if (reader->said->by == CLIENT && ssl2_client_hello_parse(record, &version)) {
		handshake->has_client = true;
	} else if (reader->said->by == SERVER &&
		   ssl2_server_hello_parse(record, &der)) {
		handshake_chosen(reader->talk, handshake, SSL_2, 0);
		if (!der.bad && der.len > 0)
			handshake_certificate(reader->talk, handshake, der,
					      reader->said->at_us);
		tell(reader);
		reader->is_over = true;
	} else {
		lose(reader);
	}
	return true;
}

/* ---- */

static void find_begin(struct tls_side *side)
{
	*side = (struct tls_side){ .is_encrypted = side->is_encrypted,
				   .sealed = side->sealed };
}

bool tls_read(struct talk *talk, struct tls_state *state, struct said *said)
{
	struct tls_side *side = &state->side[said->by];
	struct reader reader = {
		.talk = talk, .state = state, .said = said, .side = side
	};
	if (said->after_gap)
		find_begin(side);
	if (said->data.len < side->need && !said->ends)
		return true;
	side->need = 0;
	if (!side->is_known && said->data.len > 0 && (said->data.at[0] & 0x80) != 0 &&
	    !read_ssl2(&reader))
		return true;
	while (!reader.is_over && said->data.len > 0 && stand_in_record(&reader))
		if (side->record_left > 0 && !read_record(&reader))
			break;
	if (side->is_lost && !reader.is_over)
		lose(&reader);
	return !reader.is_over;
}
