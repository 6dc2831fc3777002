/*
 * mdns.c: multicast DNS (RFC 6762), in which neighbours tell each other their names.
 *
 * The form of DNS, but nobody has to answer, several questions and answers share a
 * message, and identifiers mean nothing.  So all there is to know is what it is about.
 */
#include <netinet/in.h>

#include "protocol/dns_message.h"

enum {
	PORT_MDNS = 5353,
	OPCODE_AND_RCODE = 0x780f, /* zero (18.3, 18.11) */
	CLASS_TOP =
		0x8000, /* "answer me alone", "forget what you knew" (18.12, 18.13) */
};

/* The first name: asked for, or told about. */
static bool first_name(struct bytes said, size_t len, struct dns_name *name)
{
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	enum dns_flaw flaw = dns_message_read(said, len, &message);
	if (flaw != DNS_SOUND || (message.flags & OPCODE_AND_RCODE) != 0)
		return false;
	*name = message.name;
	if (message.count[DNS_QUESTIONS] > 0)
		return (message.class & ~CLASS_TOP) == DNS_CLASS_IN ||
		       message.class == 255;
	size_t at;
	if (!dns_rr_next(&message, &walk, &rr) ||
	    (rr.class & ~CLASS_TOP) != DNS_CLASS_IN)
		return false;
	at = rr.name_at;
	return dns_name_read(said, &at, name) == DNS_SOUND;
}

static enum verdict mdns_recognise(const struct opening *opening)
{
	struct dns_name name;
	struct bytes said = opening_first(opening);
	if (said.len == 0)
		return VERDICT_MORE;
	/* One that was kept may be the begin of a longer one. */
	size_t len = said.len != OPENING_MAX ? said.len : UINT16_MAX;
	return dns_kind_of(opening) == DNS_MULTICAST && first_name(said, len, &name)
		       ? VERDICT_YES
		       : VERDICT_NO;
}

static void mdns_read(struct talk *talk, struct said *said)
{
	struct dns_name name;
	struct bytes datagram = bytes_take(&said->data, said->data.len);
	talk->facts.cleartext = 1;
	if (!first_name(datagram, datagram.len + said->beyond, &name))
		return;
	dns_name_text(&name, talk->facts.name, sizeof(talk->facts.name));
	talk_done(talk);
}

const struct protocol protocol_mdns = {
	.name = "mdns",
	.doc = "Multicast DNS (RFC 6762)",
	.transports = { IPPROTO_UDP },
	.ports = { PORT_MDNS },
	.times_answers = true, /* which are none */
	.recognise = mdns_recognise,
	.read = mdns_read,
};
