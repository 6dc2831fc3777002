/*
 * llmnr.c: Link-Local Multicast Name Resolution, RFC 4795.
 *
 * DNS's messages between neighbours, about one name each (2.1.1). Only the port tells
 * whose they are.
 */
#include <netinet/in.h>

#include "protocol/dns_message.h"

enum {
	PORT_LLMNR = 5355,
	RESERVED = 0x78f0, /* opcode and zeros */
};

static bool is_one_name(const struct dns_message *message)
{
	if ((message->flags & RESERVED) != 0 || message->count[DNS_QUESTIONS] != 1)
		return false;
	return dns_is_response(message) ||
	       (message->count[DNS_ANSWERS] == 0 && message->count[DNS_AUTHORITY] == 0);
}

static enum verdict llmnr_recognise(const struct opening *opening)
{
	struct dns_message message;
	struct bytes said = opening_first(opening);
	if (opening->port[CLIENT] != PORT_LLMNR && opening->port[SERVER] != PORT_LLMNR)
		return VERDICT_NO;
	if (said.len == 0)
		return VERDICT_MORE;
	/* One that was kept may be the begin of a longer one. */
	size_t len = said.len != OPENING_MAX ? said.len : UINT16_MAX;
	return dns_message_read(said, len, &message) == DNS_SOUND &&
			       is_one_name(&message)
		       ? VERDICT_YES
		       : VERDICT_NO;
}

const struct protocol protocol_llmnr = {
	.name = "llmnr",
	.doc = "Link-Local Multicast Name Resolution (RFC 4795)",
	.transports = { IPPROTO_UDP },
	.ports = { PORT_LLMNR },
	.recognise = llmnr_recognise,
};
