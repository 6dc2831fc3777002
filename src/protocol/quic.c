/*
 * quic.c: QUIC, RFC 9000, RFC 9001 and RFC 9369.
 *
 * All is encrypted, but the first packets of either side with keys that can be derived:
 * they carry ClientHello and ServerHello in CRYPTO frames.  A ClientHello may be spread
 * over frames in any order and over a few datagrams.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/quic_packet.h"
#include "protocol/tls.h"

enum { DATAGRAMS_MAX = 12 };

struct quic_state {
	struct handshake handshake;
	struct room_key crypto[2]; /* CRYPTO frames of each side */
	uint8_t cid[QUIC_CID_MAX]; /* whose keys protect Initial packets */
	uint8_t cid_len;
	uint8_t datagrams;
};

/* ---- recognising ---- */

/* Versions that a server offers instead; at least one must be known. */
static bool offers_known_version(const struct quic_packet *packet)
{
	char text[QUIC_VERSION_TEXT_MAX];
	struct bytes list = packet->whole;
	bytes_take(&list, packet->number_at);
	if (list.len == 0 || list.len % 4 != 0)
		return false;
	for (uint32_t version; list.len > 0;) {
		version = bytes_be32(&list);
		if (quic_version_text(version, text))
			return true;
	}
	return false;
}

/*
 * The first octets are enough, but a client's first datagram must be long (RFC 9000
 * 14.1), and so must be the id it makes up (7.2).
 */
static enum verdict datagram_is_quic(struct bytes said, unsigned by)
{
	enum { CID_MIN = 8 };
	struct quic_packet packet;
	bool is_whole = said.len < OPENING_MAX;
	if (!quic_take_packet(&said, &packet))
		return VERDICT_NO;
	if (packet.type == QUIC_OLD)
		return VERDICT_YES;
	if (packet.type == QUIC_VERSION_NEGOTIATION)
		return by == SERVER && offers_known_version(&packet) ? VERDICT_YES
								     : VERDICT_NO;
	if ((is_whole && packet.whole.bad) || (by == CLIENT && !packet.has_fixed_bit))
		return VERDICT_NO;
	if (by == CLIENT && packet.type == QUIC_INITIAL &&
	    (is_whole || packet.to.len < CID_MIN))
		return VERDICT_NO;
	return VERDICT_YES;
}

static enum verdict quic_recognise(const struct opening *opening)
{
	unsigned by = opening_speaker(opening);
	struct bytes said = opening->said[by];
	return said.len == 0 ? VERDICT_MORE : datagram_is_quic(said, by);
}

/* ---- reading ---- */

static void *quic_shared_new(const struct hash_key *key)
{
	(void)key;
	return quic_opener_new();
}

static void quic_shared_free(void *shared)
{
	quic_opener_free(shared);
}

extern const struct protocol protocol_quic;

static void finish(struct talk *talk, struct quic_state *state, int64_t at_us)
{
	handshake_tell(talk, &state->handshake, at_us);
	talk_done(talk);
}

/* A hello that is all there. */
static void read_hello(struct talk *talk, struct quic_state *state,
		       struct tls_shared *shared, const struct said *said)
{
	struct bytes data = pieces_whole(shared->pieces, &state->crypto[said->by]);
	uint8_t type = bytes_u8(&data);
	size_t len = bytes_be24(&data);
	struct bytes body = bytes_take(&data, len);
	bool is_last = false;
	if (!bytes_ok(&data))
		return;
	if (type == CLIENT_HELLO)
		handshake_client_hello(talk, &state->handshake, body, CARRIER_QUIC);
	else if (type == SERVER_HELLO)
		handshake_server_hello(talk, &state->handshake, body, &is_last);
	pieces_give_back(shared->pieces, &state->crypto[said->by]);
	/* What a HelloRetryRequest says of version and cipher is final, too. */
	if (state->handshake.has_server)
		finish(talk, state, said->at_us);
}

static void skip_ack(struct bytes *frames, bool counts_marks)
{
	quic_number(frames); /* largest */
	quic_number(frames); /* delay */
	uint64_t ranges = quic_number(frames);
	quic_number(frames);
	while (ranges-- > 0 && bytes_ok(frames)) {
		quic_number(frames);
		quic_number(frames);
	}
	for (int i = 0; counts_marks && i < 3; i++)
		quic_number(frames);
}

static void add_crypto(struct quic_state *state, struct tls_shared *shared,
		       struct bytes *frames, unsigned by)
{
	uint64_t offset = quic_number(frames);
	uint64_t len = quic_number(frames);
	if (len > frames->len || offset > PIECES_MAX) {
		frames->bad = true;
		return;
	}
	struct bytes piece = bytes_take(frames, (size_t)len);
	bool is_known = by == CLIENT && state->handshake.has_client;
	if (!is_known)
		pieces_add(shared->pieces, &state->crypto[by], (size_t)offset, piece);
}

/* RFC 9001 4.8: an alert of TLS is told as error 0x100 and its number. */
static void read_close(struct talk *talk, struct quic_state *state,
		       struct bytes *frames, const struct said *said)
{
	uint64_t error = quic_number(frames);
	if (bytes_ok(frames) && error > 0x100 && error <= 0x1ff)
		handshake_alert(&state->handshake, said->by, (uint8_t)(error & 0xff));
	finish(talk, state, said->at_us);
}

/* The frames that RFC 9000 12.4 allows in an Initial packet. */
static void read_frames(struct talk *talk, struct quic_state *state,
			struct bytes frames, const struct said *said)
{
	enum { PADDING = 0, PING = 1, ACK = 2, ACK_ECN = 3, CRYPTO = 6, CLOSE = 0x1c };
	struct tls_shared *shared = tls_shared(talk);
	if (shared == NULL)
		return;
	while (frames.len > 0 && bytes_ok(&frames) && !talk->done) {
		uint8_t type = bytes_u8(&frames);
		if (type == CRYPTO)
			add_crypto(state, shared, &frames, said->by);
		else if (type == ACK || type == ACK_ECN)
			skip_ack(&frames, type == ACK_ECN);
		else if (type == CLOSE)
			read_close(talk, state, &frames, said);
		else if (type != PADDING && type != PING)
			break;
	}
	if (!talk->done)
		read_hello(talk, state, shared, said);
}

static void keep_cid(struct quic_state *state, struct bytes cid)
{
	state->cid_len = (uint8_t)cid.len;
	if (cid.len > 0)
		memcpy(state->cid, cid.at, cid.len);
}

/*
 * Keys come from the id in the client's first Initial, and after a Retry from the id
 * the server gave; later ones of the client are addressed to other ids.
 */
static void read_initial(struct talk *talk, struct quic_state *state,
			 const struct quic_packet *packet, const struct said *said)
{
	struct quic_opener *opener = talk_shared(talk, &protocol_quic);
	struct bytes frames = { .bad = true };
	if (opener == NULL)
		return;
	if (state->cid_len > 0)
		frames = quic_open(opener, packet, bytes_of(state->cid, state->cid_len),
				   said->by == SERVER);
	if (frames.bad && said->by == CLIENT) {
		frames = quic_open(opener, packet, packet->to, false);
		if (!frames.bad)
			keep_cid(state, packet->to);
	}
	if (!frames.bad)
		read_frames(talk, state, frames, said);
}

static void note_version(struct talk *talk, uint32_t version)
{
	char text[QUIC_VERSION_TEXT_MAX];
	talk->facts.cleartext = 0;
	if (quic_version_text(version, text))
		record_text(talk->facts.version, sizeof(talk->facts.version), text);
}

static void quic_read(struct talk *talk, struct said *said)
{
	struct quic_state *state = STATE(talk, struct quic_state);
	struct quic_packet packet;
	while (!talk->done && said->data.len > 0 &&
	       quic_take_packet(&said->data, &packet)) {
		note_version(talk, packet.version);
		if (packet.type == QUIC_INITIAL)
			read_initial(talk, state, &packet, said);
		else if (packet.type == QUIC_OLD)
			talk_done(talk);
	}
	if (++state->datagrams == DATAGRAMS_MAX)
		finish(talk, state, said->at_us);
}

static void quic_end(struct talk *talk, int64_t at_us)
{
	handshake_tell(talk, &STATE(talk, struct quic_state)->handshake, at_us);
}

const struct protocol protocol_quic = {
	.name = "quic",
	.doc = "QUIC (RFC 9000, RFC 9369)",
	.transports = { IPPROTO_UDP },
	.ports = { 443, 80, 8443, 853, 784 },
	.state_size = sizeof(struct quic_state),
	.recognise = quic_recognise,
	.read = quic_read,
	.end = quic_end,
	.shared_new = quic_shared_new,
	.shared_free = quic_shared_free,
};
_Static_assert(sizeof(struct quic_state) <= TALK_STATE_MAX, "fits into a talk");
