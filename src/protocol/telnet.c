/*
 * telnet.c: Telnet, RFC 854.
 *
 * Either side opens with option negotiation: IAC, then WILL, WONT, DO or DONT and an
 * option, three octets each.
 */
#include <netinet/in.h>

#include "protocol/protocol.h"

enum { IAC = 255, WILL = 251, DONT = 254, SB = 250, OPTION_MAX = 49 };

static enum verdict negotiation(struct bytes said)
{
	if (said.len == 0)
		return VERDICT_MORE;
	if (said.at[0] != IAC)
		return VERDICT_NO;
	if (said.len < 3)
		return VERDICT_MORE;
	bool asks = said.at[1] >= WILL && said.at[1] <= DONT;
	return asks && said.at[2] <= OPTION_MAX ? VERDICT_YES : VERDICT_NO;
}

static enum verdict telnet_recognise(const struct opening *opening)
{
	enum verdict first = negotiation(opening->said[opening->first]);
	return first == VERDICT_NO ? negotiation(opening->said[1 - opening->first])
				   : first;
}

const struct protocol protocol_telnet = {
	.name = "telnet",
	.doc = "Telnet (RFC 854)",
	.transports = { IPPROTO_TCP },
	.ports = { 23, 2323 },
	.recognise = telnet_recognise,
};
