/*
 * icmp.c: what pings carry (RFC 792, RFC 4443 4).
 *
 * Programs that ping fill the data with a pattern, and who answers returns it as it
 * was. Data without a pattern is not proof of anything; that the answer's is another
 * one, or that much of it goes out and is never the same, is.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/protocol.h"

enum {
	ECHO = 8,
	ECHO_REPLY = 0,
	ECHO_6 = 128,
	ECHO_REPLY_6 = 129,

	WINDOW_US = 60000000,
	/* Times, counters and process numbers that programs put before the pattern. */
	HEAD = 24,
	/* Of the data we look at so much; with less than LEAST a pattern can't be told.
	 */
	LOOKED_AT = 128,
	LEAST = HEAD + 16,
	REQUESTS = 16, /* remembered */
	/*
	 * A request that we lost makes its answer strange; but not eight in a minute,
	 * and not half of them.
	 */
	STRANGE_REPLIES = 8,
	/*
	 * fping -R sends 56 random octets; a tunnel fills what a datagram holds.  One a
	 * second is little for a tunnel and nothing unusual for a ping.
	 */
	DATA_REQUESTS = 60,
	DATA_OCTETS = 100,
};

static const struct talk_notice tunnel_both = {
	.kind = "tunnel",
	.technique = "icmp",
	.severity = "high",
	.mitre = "T1095",
	.about = ABOUT_CLIENT,
	.why = "who answers a ping must return the data of the request (RFC 792); "
	       "these "
	       "carry others in both directions",
};
static const struct talk_notice tunnel_out = {
	.kind = "tunnel",
	.technique = "icmp",
	.severity = "medium",
	.mitre = "T1095",
	.about = ABOUT_CLIENT,
	.why = "pings fill their data with a pattern, these carry something out",
};

struct icmp_state {
	int64_t since_us;
	uint32_t requests[REQUESTS]; /* sums of their data; the oldest gives way */
	uint32_t remembered;
	bool has_requests;
	uint32_t replies, strange; /* in this window */
	uint32_t data_requests, data_octets;
};

/* Of what comes behind the head. */
static uint32_t sum_of(struct bytes data)
{
	uint32_t sum = 2166136261; /* FNV-1a */
	for (size_t i = HEAD; i < data.len; i++)
		sum = (sum ^ data.at[i]) * 16777619;
	return sum;
}

/*
 * True if most octets behind the head follow from those before them: one more, one
 * less, or the same as sixteen before, which ends all periods that are powers of two.
 */
static bool has_pattern(struct bytes data)
{
	size_t foreseen = 0;
	const uint8_t *at = data.at;
	if (data.len < LEAST)
		return true;
	for (size_t i = HEAD; i < data.len; i++)
		foreseen += at[i] == (uint8_t)(at[i - 1] + 1) ||
			    at[i] == (uint8_t)(at[i - 1] - 1) || at[i] == at[i - 16];
	return 4 * foreseen >= 3 * (data.len - HEAD);
}

static bool was_requested(const struct icmp_state *state, uint32_t sum)
{
	unsigned count = state->remembered < REQUESTS ? state->remembered : REQUESTS;
	for (unsigned i = 0; i < count; i++)
		if (state->requests[i] == sum)
			return true;
	return false;
}

static void read_request(struct talk *talk, const struct said *said, struct bytes data)
{
	struct icmp_state *state = STATE(talk, struct icmp_state);
	state->has_requests = true;
	if (has_pattern(data))
		return;
	uint32_t sum = sum_of(data);
	if (was_requested(state, sum))
		return;
	state->requests[state->remembered++ % REQUESTS] = sum;
	state->data_requests++;
	state->data_octets += (uint32_t)(said->data.len + said->beyond);
	if (state->data_requests < DATA_REQUESTS ||
	    state->data_octets / state->data_requests < DATA_OCTETS)
		return;
	talk_notice(
		talk, &tunnel_out, said->at_us,
		"%u requests in a minute with %u octets of data each, never the same",
		state->data_requests, state->data_octets / state->data_requests);
}

static void read_reply(struct talk *talk, const struct said *said, struct bytes data)
{
	struct icmp_state *state = STATE(talk, struct icmp_state);
	/* Half of the conversation may go another way. */
	if (!state->has_requests)
		return;
	state->replies++;
	if (has_pattern(data) || was_requested(state, sum_of(data)))
		return;
	state->strange++;
	if (state->strange < STRANGE_REPLIES || 2 * state->strange < state->replies)
		return;
	talk_notice(talk, &tunnel_both, said->at_us,
		    "%u of %u replies in a minute have data that was not sent",
		    state->strange, state->replies);
	talk_done(talk);
}

static void begin_window(struct icmp_state *state, int64_t at_us)
{
	if (at_us - state->since_us < WINDOW_US)
		return;
	state->since_us = at_us;
	state->replies = state->strange = 0;
	state->data_requests = state->data_octets = 0;
}

static void icmp_read(struct talk *talk, struct said *said)
{
	struct icmp_state *state = STATE(talk, struct icmp_state);
	size_t len = said->data.len < LOOKED_AT ? said->data.len : LOOKED_AT;
	struct bytes data = bytes_of(said->data.at, len);
	uint16_t type = talk->port[said->by];
	begin_window(state, said->at_us);
	if (type == ECHO || type == ECHO_6)
		read_request(talk, said, data);
	else
		read_reply(talk, said, data);
	bytes_take(&said->data, said->data.len);
}

static enum verdict icmp_recognise(const struct opening *opening)
{
	uint16_t type = opening->port[opening->first];
	bool is_echo = opening->transport == IPPROTO_ICMP
			       ? type == ECHO || type == ECHO_REPLY
			       : type == ECHO_6 || type == ECHO_REPLY_6;
	return is_echo ? VERDICT_YES : VERDICT_NO;
}

const struct protocol protocol_icmp = {
	.name = "icmp",
	.doc = "Echo of ICMP and ICMPv6 (RFC 792, RFC 4443)",
	.transports = { IPPROTO_ICMP, IPPROTO_ICMPV6 },
	.state_size = sizeof(struct icmp_state),
	.is_hidden = true,
	.recognise = icmp_recognise,
	.read = icmp_read,
};
