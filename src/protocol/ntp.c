/*
 * ntp.c: the Network Time Protocol, versions 1 to 4 (RFC 5905), with the control
 * messages of mode 6 (RFC 9327) and the private ones of mode 7, which only ntpd knows.
 *
 * A client's question is its transmit time; the answer repeats it as its origin.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/ntp_packet.h"
#include "protocol/protocol.h"
#include "protocol/text.h"

enum {
	PORT_NTP = 123,
	CONTROL_HEADER = 12,
	PRIVATE_HEADER = 8,

	MONLIST_OLD = 20, /* MON_GETLIST */
	MONLIST = 42,     /* MON_GETLIST_1 */

	PENDING = 4,
	UNANSWERED_US = 10000000,
};

static const struct talk_notice monlist_answered = {
	.kind = "weak_protocol",
	.technique = "ntp_monlist",
	.severity = "medium",
	.mitre = "T1498.002",
	.about = ABOUT_SERVICE,
	.why = "one packet with a forged source brings its victim a hundred long ones "
	       "(CVE-2013-5211)",
};
static const struct talk_notice monlist_asked = {
	.kind = "protocol_anomaly",
	.technique = "ntp_monlist_asked",
	.severity = "low",
	.mitre = "T1498.002",
	.about = ABOUT_CLIENT,
	.why = "scanners look for amplifiers this way, or the source is forged and a "
	       "victim (CVE-2013-5211)",
};
static const struct talk_notice control_answered = {
	.kind = "weak_protocol",
	.technique = "ntp_control",
	.severity = "notice",
	.about = ABOUT_SERVICE,
	.why = "it tells its version and peers, and its answers are longer than the "
	       "questions (RFC 9327 6)",
};

/* ---- packets ---- */

struct control_packet {
	bool is_response, is_error;
	unsigned operation;
	uint16_t status, offset;
	struct bytes data;
};

/* Data is padded, and a key's number and digest may follow (RFC 9327 2). */
static bool control_packet_read(struct bytes data, struct control_packet *packet)
{
	enum { AFTER_MAX = 3 + 4 + 20 };
	bytes_u8(&data);
	uint8_t second = bytes_u8(&data);
	bytes_be16(&data); /* sequence */
	packet->is_response = (second & 0x80) != 0;
	packet->is_error = (second & 0x40) != 0;
	packet->operation = second & 0x1f;
	packet->status = bytes_be16(&data);
	bytes_be16(&data); /* association */
	packet->offset = bytes_be16(&data);
	size_t count = bytes_be16(&data);
	packet->data = bytes_take(&data, count);
	return bytes_ok(&data) && data.len <= AFTER_MAX;
}

struct private_packet {
	bool is_response;
	unsigned implementation, request, error, items, item_size;
};

static bool private_packet_read(struct bytes data, struct private_packet *packet)
{
	packet->is_response = (bytes_u8(&data) & 0x80) != 0;
	bytes_u8(&data); /* authenticated, sequence */
	packet->implementation = bytes_u8(&data);
	packet->request = bytes_u8(&data);
	uint16_t count = bytes_be16(&data), size = bytes_be16(&data);
	packet->error = count >> 12;
	packet->items = count & 0xfff;
	packet->item_size = size & 0xfff;
	return bytes_ok(&data);
}

/* ---- recognising ---- */

/* Sixteen bits of seconds, of which clocks need few: beyond 16 they give up. */
static bool is_short_time(uint32_t value)
{
	return value >> 16 < 64;
}

static bool looks_like_time(struct bytes data)
{
	struct ntp_time packet;
	if (!ntp_time_read(data, &packet) || data.len % 4 != 0 ||
	    packet.stratum > NTP_STRATUM_NONE)
		return false;
	if (packet.mode != NTP_MODE_CLIENT && packet.transmit == 0)
		return false;
	/* chrony and others ask without telling of their clock: 32 says nothing. */
	bool hides = packet.mode == NTP_MODE_CLIENT && packet.precision == 32;
	return packet.poll >= -6 && packet.poll <= 17 &&
	       (hides || (packet.precision <= 0 && packet.precision >= -32)) &&
	       is_short_time(packet.delay) && is_short_time(packet.dispersion);
}

static bool looks_like_control(struct bytes data, bool is_usual)
{
	enum { OPERATION_MAX = 12, UNSET_TRAP = 31 };
	struct control_packet packet;
	if (!control_packet_read(data, &packet) || data.at[0] >> 6 != 0 ||
	    packet.operation == 0 ||
	    (packet.operation > OPERATION_MAX && packet.operation != UNSET_TRAP))
		return false;
	bool is_bare_question =
		!packet.is_response && packet.status == 0 && packet.offset == 0;
	return is_usual || is_bare_question;
}

static bool is_zero(struct bytes data)
{
	for (size_t i = 0; i < data.len; i++)
		if (data.at[i] != 0)
			return false;
	return true;
}

static bool looks_like_private(struct bytes data, bool is_usual)
{
	enum { REQUEST_MAX = 45 };
	struct private_packet packet;
	if (!private_packet_read(data, &packet) || packet.implementation > 3 ||
	    packet.implementation == 1 || packet.request > REQUEST_MAX)
		return false;
	if (is_usual)
		return true;
	struct bytes rest = bytes_of(data.at + 4, data.len - 4);
	if (!packet.is_response)
		return is_zero(rest);
	return packet.items > 0 &&
	       PRIVATE_HEADER + packet.items * packet.item_size == data.len;
}

static bool looks_like_ntp(struct bytes data, bool is_usual)
{
	unsigned version = ntp_version(data.at[0]);
	if (version < 1 || version > 4)
		return false;
	switch (ntp_mode(data.at[0])) {
	case NTP_MODE_CONTROL:
		return looks_like_control(data, is_usual);
	case NTP_MODE_PRIVATE:
		return looks_like_private(data, is_usual);
	case 0:
		return false;
	default:
		return looks_like_time(data);
	}
}

static enum verdict ntp_recognise(const struct opening *opening)
{
	struct bytes said = opening_first(opening);
	bool is_usual =
		opening->port[CLIENT] == PORT_NTP || opening->port[SERVER] == PORT_NTP;
	if (said.len == 0)
		return VERDICT_MORE;
	return looks_like_ntp(said, is_usual) ? VERDICT_YES : VERDICT_NO;
}

/* ---- reading ---- */

struct pending {
	uint64_t transmit, receive;
	int64_t at_us;
};

struct ntp_state {
	struct pending pending[PENDING]; /* oldest first */
	unsigned pending_count;
};

static void drop(struct ntp_state *state, unsigned i)
{
	memmove(state->pending + i, state->pending + i + 1,
		(state->pending_count - i - 1) * sizeof(state->pending[0]));
	state->pending_count--;
}

static void give_up(struct talk *talk)
{
	if (!addr_is_group(&talk->addr[SERVER]))
		talk_answered(talk, true, UNKNOWN_U64);
	drop(STATE(talk, struct ntp_state), 0);
}

static void give_up_old(struct talk *talk, int64_t at_us)
{
	struct ntp_state *state = STATE(talk, struct ntp_state);
	while (state->pending_count > 0 &&
	       at_us - state->pending[0].at_us > UNANSWERED_US)
		give_up(talk);
}

static void read_request(struct talk *talk, const struct said *said,
			 const struct ntp_time *packet)
{
	struct ntp_state *state = STATE(talk, struct ntp_state);
	give_up_old(talk, said->at_us);
	if (state->pending_count == PENDING)
		drop(state, 0);
	state->pending[state->pending_count++] =
		(struct pending){ packet->transmit, packet->receive, said->at_us };
}

/*
 * The pending question that an origin repeats: its transmit time or, interleaved, its
 * receive time.  Who repeats neither answers the last one.
 */
static unsigned answered_by(const struct ntp_state *state, uint64_t origin)
{
	for (unsigned i = 0; i < state->pending_count; i++)
		if (state->pending[i].transmit == origin ||
		    state->pending[i].receive == origin)
			return i;
	return state->pending_count - 1;
}

static void read_answer(struct talk *talk, const struct said *said,
			const struct ntp_time *packet)
{
	struct ntp_state *state = STATE(talk, struct ntp_state);
	uint64_t took_us = UNKNOWN_U64;
	if (state->pending_count > 0) {
		unsigned i = answered_by(state, packet->origin);
		int64_t took = said->at_us - state->pending[i].at_us;
		took_us = took > 0 ? (uint64_t)took : 0;
		drop(state, i);
	}
	/* A kiss of death (7.4), or a server that does not know the time itself. */
	bool is_error = packet->stratum == 0 || packet->stratum == NTP_STRATUM_NONE ||
			packet->leap == NTP_LEAP_ALARM;
	talk_answered(talk, is_error, took_us);
}

static void read_time(struct talk *talk, const struct said *said)
{
	struct ntp_time packet;
	if (!ntp_time_read(said->data, &packet))
		return;
	talk->facts.version[0] = (char)('0' + packet.version);
	talk->facts.version[1] = '\0';
	if (packet.mode == NTP_MODE_CLIENT)
		read_request(talk, said, &packet);
	else if (packet.mode == NTP_MODE_SERVER)
		read_answer(talk, said, &packet);
}

/* version="ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)", processor=... */
static void note_software(struct talk *talk, struct bytes variables)
{
	static const char name[] = "version=\"";
	const uint8_t *at = variables.len > 0 ? memmem(variables.at, variables.len,
						       name, strlen(name))
					      : NULL;
	if (at == NULL)
		return;
	bytes_take(&variables, (size_t)(at - variables.at) + strlen(name));
	const uint8_t *end = memchr(variables.at, '"', variables.len);
	size_t len = end != NULL ? (size_t)(end - variables.at) : variables.len;
	facts_text(talk->facts.software, sizeof(talk->facts.software),
		   bytes_of(variables.at, len));
}

static void read_control(struct talk *talk, const struct said *said)
{
	struct control_packet packet;
	bool is_whole = control_packet_read(said->data, &packet);
	if (!is_whole || !packet.is_response || packet.is_error)
		return;
	if (packet.offset == 0)
		note_software(talk, packet.data);
	/* ntpq asks the server of its own machine all the time. */
	if (!addr_is_loopback(&talk->addr[CLIENT]))
		talk_notice(talk, &control_answered, said->at_us,
			    "the server answers control messages of mode 6");
}

static void read_private(struct talk *talk, const struct said *said)
{
	struct private_packet packet;
	if (!private_packet_read(said->data, &packet) ||
	    (packet.request != MONLIST && packet.request != MONLIST_OLD))
		return;
	if (!packet.is_response) {
		talk_notice(talk, &monlist_asked, said->at_us,
			    "the list of all clients is asked for");
	} else if (packet.error == 0 && packet.items > 0) {
		talk_notice(talk, &monlist_answered, said->at_us,
			    "the server tells the list of its clients, %u at a time",
			    packet.items);
	}
}

static void ntp_read(struct talk *talk, struct said *said)
{
	if (said->data.len == 0)
		return;
	talk->facts.cleartext = 1;
	switch (ntp_mode(said->data.at[0])) {
	case NTP_MODE_CONTROL:
		read_control(talk, said);
		break;
	case NTP_MODE_PRIVATE:
		read_private(talk, said);
		break;
	default:
		read_time(talk, said);
	}
	bytes_take(&said->data, said->data.len);
}

static void ntp_end(struct talk *talk, int64_t at_us)
{
	(void)at_us;
	while (STATE(talk, struct ntp_state)->pending_count > 0)
		give_up(talk);
}

const struct protocol protocol_ntp = {
	.name = "ntp",
	.doc = "Network Time Protocol (RFC 5905)",
	.transports = { IPPROTO_UDP },
	.ports = { PORT_NTP },
	.state_size = sizeof(struct ntp_state),
	.times_answers = true,
	.recognise = ntp_recognise,
	.read = ntp_read,
	.end = ntp_end,
	.asking = &ntp_asking,
};
