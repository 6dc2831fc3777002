/*
 * tls.c: Transport Layer Security, RFC 8446 and RFC 5246, and SSL before it.
 *
 * Recognised by what a record and the message in it say of each other's length: a
 * ClientHello, a ServerHello, a fatal alert, or encrypted records where the begin was
 * not seen.
 */
#include <netinet/in.h>

#include "protocol/tls.h"

/* What so far is as TLS has it, and how much of it has to be. */
static bool is_within(uint8_t value, uint8_t from, uint8_t to)
{
	return value >= from && value <= to;
}

/*
 * Record header, message header, version: eleven octets.  A hello is at least as long
 * as its fixed fields; a client's fills its records.
 */
static enum verdict hello(struct bytes said)
{
	enum { HELLO_MIN = 38, HELLO_MAX = 0x1ffff, BEGIN_LEN = 11, MINOR_MAX = 4 };
	const uint8_t *at = said.at;
	size_t len = said.len;
	if ((len > 1 && at[1] != 3) || (len > 2 && at[2] > MINOR_MAX) ||
	    (len > 3 && at[3] > 0x40) ||
	    (len > 5 && !is_within(at[5], CLIENT_HELLO, SERVER_HELLO)) ||
	    (len > 6 && at[6] > HELLO_MAX >> 16) ||
	    /* Drafts of 1.3 chose 7f.. */
	    (len > 9 && at[9] != 3 && !(at[5] == SERVER_HELLO && at[9] == 0x7f)) ||
	    (len > 10 && at[9] == 3 && at[10] > MINOR_MAX))
		return VERDICT_NO;
	if (len < BEGIN_LEN)
		return VERDICT_MORE;
	size_t record = (size_t)at[3] << 8 | at[4];
	size_t message = (size_t)at[6] << 16 | (size_t)at[7] << 8 | at[8];
	bool fits = message >= HELLO_MIN && record > 0 &&
		    (at[5] == SERVER_HELLO || record <= message + MESSAGE_HEADER_LEN);
	return fits ? VERDICT_YES : VERDICT_NO;
}

/* A server that refuses what it was told; a few that are sent with level warning. */
static enum verdict alert(struct bytes said)
{
	static const uint8_t header[] = { RECORD_ALERT, 3 };
	enum { ALERT_RECORD_LEN = 7 };
	const uint8_t *at = said.at;
	if ((said.len > 1 && at[1] != header[1]) || (said.len > 2 && at[2] > 4) ||
	    (said.len > 3 && at[3] != 0) || (said.len > 4 && at[4] != 2) ||
	    (said.len > 5 && !is_within(at[5], 1, 2)) ||
	    (said.len > 6 && alert_name(at[6]) == NULL))
		return VERDICT_NO;
	return said.len < ALERT_RECORD_LEN ? VERDICT_MORE : VERDICT_YES;
}

/*
 * Records of application data, of a conversation whose begin was not seen.  One header
 * is weak; where the next one is in sight, it must be there, too.
 */
static enum verdict data(struct bytes said, bool other_side_too)
{
	const uint8_t *at = said.at;
	if ((said.len > 1 && at[1] != 3) || (said.len > 2 && !is_within(at[2], 1, 3)))
		return VERDICT_NO;
	if (said.len < RECORD_HEADER_LEN)
		return VERDICT_MORE;
	size_t next = RECORD_HEADER_LEN + ((size_t)at[3] << 8 | at[4]);
	if (next == RECORD_HEADER_LEN || next > RECORD_HEADER_LEN + 16384 + 2048)
		return VERDICT_NO;
	if (other_side_too)
		return VERDICT_YES;
	if (said.len < next + 3)
		return VERDICT_MORE;
	return at[next] == RECORD_DATA && at[next + 1] == at[1] && at[next + 2] == at[2]
		       ? VERDICT_YES
		       : VERDICT_NO;
}

static enum verdict ssl2_hello(struct bytes said)
{
	enum { HEADERS_LEN = 13 };
	uint16_t version;
	struct bytes der;
	if ((said.len > 2 && said.at[2] != 1 && said.at[2] != 4) ||
	    (said.len > 4 && said.at[2] == 1 && said.at[3] != 3 && said.at[3] != 0))
		return VERDICT_NO;
	if (said.len < HEADERS_LEN)
		return VERDICT_MORE;
	return ssl2_client_hello_parse(said, &version) ||
			       ssl2_server_hello_parse(said, &der)
		       ? VERDICT_YES
		       : VERDICT_NO;
}

static bool begins_with_data(struct bytes said)
{
	return said.len >= RECORD_HEADER_LEN && said.at[0] == RECORD_DATA &&
	       said.at[1] == 3;
}

static enum verdict side_speaks(const struct opening *opening, unsigned by)
{
	struct bytes said = opening->said[by];
	if (said.len == 0)
		return VERDICT_MORE;
	if (said.at[0] == RECORD_HANDSHAKE)
		return hello(said);
	if (said.at[0] == RECORD_ALERT)
		return alert(said);
	if (said.at[0] == RECORD_DATA)
		return data(said, begins_with_data(opening->said[1 - by]));
	return (said.at[0] & 0x80) != 0 ? ssl2_hello(said) : VERDICT_NO;
}

static enum verdict tls_recognise(const struct opening *opening)
{
	enum verdict client = side_speaks(opening, CLIENT);
	enum verdict server = side_speaks(opening, SERVER);
	if (client == VERDICT_YES || server == VERDICT_YES)
		return VERDICT_YES;
	return client == VERDICT_NO || server == VERDICT_NO ? VERDICT_NO : VERDICT_MORE;
}

static void tls_read_turn(struct talk *talk, struct said *said)
{
	if (!tls_read(talk, STATE(talk, struct tls_state), said))
		talk_done(talk);
}

static void tls_end(struct talk *talk, int64_t at_us)
{
	handshake_tell(talk, &STATE(talk, struct tls_state)->handshake, at_us);
}

const struct protocol protocol_tls = {
	.name = "tls",
	.doc = "Transport Layer Security (RFC 8446, RFC 5246)",
	.transports = { IPPROTO_TCP },
	.ports = { 443, 8443, 465, 636, 853, 993, 995, 5061 },
	.turn_max = TURN_MAX,
	.state_size = sizeof(struct tls_state),
	.recognise = tls_recognise,
	.read = tls_read_turn,
	.end = tls_end,
	.shared_new = tls_shared_new,
	.shared_free = tls_shared_free,
};
_Static_assert(sizeof(struct tls_state) <= TALK_STATE_MAX, "fits into a talk");
