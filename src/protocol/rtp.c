/*
 * rtp.c: media over RTP, and RTCP about it (RFC 3550).
 *
 * A header of RTP says little that other datagrams could not say by chance: it is known
 * by as much voice as telephones put into one, or by both sides speaking alike.  Then
 * every packet counts: what is lost, and how unevenly the rest arrives.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "protocol/protocol.h"
#include "protocol/rtp.h"

enum { STRANGE_MAX = 200 };

struct rtp_state {
	struct rtp_source side[2];
	uint8_t strange; /* datagrams in a row that are nothing of RTP */
};

/* RFC 3551, 6: static audio and video; dynamic ones. */
static bool is_usual_type(uint8_t payload_type)
{
	return payload_type <= 34 || payload_type >= 96;
}

/* RFC 3550, 11: RTP has an even port; RTCP the odd one above. */
static bool are_ports(const struct opening *opening, unsigned parity)
{
	for (unsigned by = 0; by < 2; by++)
		if (opening->port[by] < 1024 || opening->port[by] % 2 != parity)
			return false;
	return true;
}

/* What one side says could be media.  *certain: there is hardly any doubt. */
static bool is_media(struct bytes said, struct rtp_packet *packet, bool *certain)
{
	if (!rtp_read_packet(said, said.len, packet) || rtp_is_control(said) ||
	    packet->has_contributors || packet->has_padding || packet->source == 0 ||
	    packet->payload_len == 0 || !is_usual_type(packet->payload_type))
		return false;
	*certain = !packet->has_extension &&
		   rtp_is_voice(packet->payload_type, packet->payload_len);
	return true;
}

static enum verdict rtp_recognise(const struct opening *opening)
{
	struct rtp_packet packet[2];
	bool certain = false, is_control = are_ports(opening, 1);
	unsigned spoken = 0;
	if (!is_control && !are_ports(opening, 0))
		return VERDICT_NO;
	for (unsigned by = 0; by < 2; by++) {
		struct bytes said = opening->said[by];
		if (said.len == 0)
			continue;
		spoken++;
		if (is_control && rtcp_is_compound(said))
			return VERDICT_YES;
		if (is_control || !is_media(said, &packet[by], &certain))
			return VERDICT_NO;
		if (certain)
			return VERDICT_YES;
	}
	if (spoken < 2)
		return VERDICT_MORE;
	/* An echo says the same, whatever the protocol. */
	bool alike = packet[CLIENT].payload_type == packet[SERVER].payload_type &&
		     packet[CLIENT].source != packet[SERVER].source;
	return alike ? VERDICT_YES : VERDICT_NO;
}

static void keep_facts(struct talk *talk)
{
	struct rtp_state *state = STATE(talk, struct rtp_state);
	const struct rtp_source *side = state->side;
	struct facts *facts = &talk->facts;
	facts->rtp_packets = side[CLIENT].packets + side[SERVER].packets;
	facts->rtp_lost = rtp_lost(&side[CLIENT]) + rtp_lost(&side[SERVER]);
	facts->jitter_us = UNKNOWN_U64;
	for (unsigned by = 0; by < 2; by++) {
		uint64_t jitter_us = side[by].jitter_us_16 >> 4;
		if (side[by].has_jitter &&
		    (facts->jitter_us == UNKNOWN_U64 || jitter_us > facts->jitter_us))
			facts->jitter_us = jitter_us;
	}
}

static void rtp_read(struct talk *talk, struct said *said)
{
	struct rtp_state *state = STATE(talk, struct rtp_state);
	struct rtp_packet packet;
	if (rtp_is_control(said->data))
		return;
	if (!rtp_read_packet(said->data, said->data.len + said->beyond, &packet)) {
		if (++state->strange >= STRANGE_MAX)
			talk_done(talk);
		return;
	}
	state->strange = 0;
	snprintf(talk->facts.version, sizeof(talk->facts.version), "2");
	if (rtp_is_audible(packet.payload_type, packet.payload_len))
		talk->facts.cleartext = 1;
	rtp_arrives(&state->side[said->by], &packet, said->at_us);
	keep_facts(talk);
}

const struct protocol protocol_rtp = {
	.name = "rtp",
	.doc = "RTP and RTCP (RFC 3550)",
	.transports = { IPPROTO_UDP },
	.ports = { 5004 },
	.state_size = sizeof(struct rtp_state),
	.recognise = rtp_recognise,
	.read = rtp_read,
};
_Static_assert(sizeof(struct rtp_state) <= TALK_STATE_MAX, "state fits");
