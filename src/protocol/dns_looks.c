/*
 * dns_looks.c: does an opening say DNS?
 *
 * Eight octets of flags and counts that hardly vary, a name whose labels end where it
 * ends, a type and a class that exist, and records that fill the rest: random bytes
 * never pass, and other protocols are out by the third octet.
 */
#include <netinet/in.h>

#include "protocol/dns_message.h"

enum {
	QUESTION_MIN = 5, /* the root, type, class */
	PORT_DNS = 53,
	PORT_NETBIOS = 137,
	PORT_MDNS = 5353,
	PORT_LLMNR = 5355,
};

static uint16_t be16_at(struct bytes bytes, size_t at)
{
	return (uint16_t)(bytes.at[at] << 8 | bytes.at[at + 1]);
}

enum dns_kind dns_kind_of(const struct opening *opening)
{
	const uint16_t *port = opening->port;
	if (port[0] == PORT_LLMNR || port[1] == PORT_LLMNR || port[0] == PORT_NETBIOS ||
	    port[1] == PORT_NETBIOS)
		return DNS_NEIGHBOUR;
	if (port[0] != PORT_MDNS && port[1] != PORT_MDNS)
		return DNS_UNICAST;
	if (addr_is_group(&opening->addr[0]) || addr_is_group(&opening->addr[1]))
		return DNS_MULTICAST;
	/* A server on that port is asked to recurse, or offers it; mDNS never does
	 * (RFC 6762 18.6, 18.7). */
	struct bytes said = opening->said[opening->first];
	return said.len >= 4 && (be16_at(said, 2) & (DNS_RD | DNS_RA)) != 0
		       ? DNS_UNICAST
		       : DNS_MULTICAST;
}

static bool header_is_sane(struct bytes said)
{
	enum { OPCODES = 0x77, UPDATE = 5, ASKED_MAX = 3, RECORDS = UINT16_MAX / 11 };
	uint8_t header[DNS_HEADER] = { [5] = 1 };
	memcpy(header, said.at, said.len < DNS_HEADER ? said.len : DNS_HEADER);
	struct bytes whole = bytes_of(header, sizeof(header));
	uint16_t flags = be16_at(whole, 2);
	unsigned opcode = flags >> 11 & 15;
	bool is_query = (flags & DNS_QR) == 0;
	if ((OPCODES >> opcode & 1) == 0 || (flags & DNS_Z) != 0 ||
	    be16_at(whole, 4) != 1)
		return false;
	if (is_query && (flags & (DNS_AA | DNS_TC | DNS_RA | DNS_RCODE)) != 0)
		return false;
	/* An update brings what it is about (RFC 2136 2). */
	unsigned most = is_query && opcode != UPDATE ? ASKED_MAX : RECORDS;
	for (size_t at = 6; at < DNS_HEADER; at += 2)
		if (be16_at(whole, at) > most)
			return false;
	return true;
}

static bool is_plausible(uint16_t type, uint16_t class)
{
	enum { TYPES_MAX = 264 };
	bool is_type = (type > 0 && type <= TYPES_MAX) || type == 32768 ||
		       type == 32769 || (type >= DNS_PRIVATE && type < UINT16_MAX);
	return is_type && (class == DNS_CLASS_IN || class == DNS_CLASS_CH ||
			   class == 4 || class == 254 || class == 255);
}

static enum verdict records_fill(const struct dns_message *message)
{
	struct dns_walk walk = { 0 };
	struct dns_rr record;
	while (dns_rr_next(message, &walk, &record))
		;
	if (walk.flaw != DNS_SOUND)
		return VERDICT_NO;
	bool is_all = walk.section == DNS_SECTIONS;
	return !is_all || walk.at == message->bytes.len ? VERDICT_YES : VERDICT_NO;
}

static enum verdict looks(struct bytes said, size_t len)
{
	struct dns_message message;
	if (len < DNS_HEADER + QUESTION_MIN || !header_is_sane(said))
		return VERDICT_NO;
	if (said.len > len)
		said.len = len;
	enum dns_flaw flaw = dns_message_read(said, len, &message);
	if (flaw == DNS_SHORT && said.len < len)
		return VERDICT_MORE;
	if (flaw != DNS_SOUND || !is_plausible(message.type, message.class))
		return VERDICT_NO;
	if (said.len == len)
		return records_fill(&message);
	/* So much of a message that won't come whole is enough. */
	return said.len >= DNS_HEADER + DNS_NAME_MAX + 4 ? VERDICT_YES : VERDICT_MORE;
}

/* A header alone: an error that repeats no question, or a request for status. */
static bool is_bare(struct bytes said)
{
	static const uint8_t no_records[8];
	enum { STATUS = 0x10, OPCODE = 0x78 };
	if (said.len != DNS_HEADER ||
	    memcmp(said.at + 4, no_records, sizeof(no_records)) != 0)
		return false;
	bool is_error = (said.at[2] & 0x80) != 0 && (said.at[3] & DNS_RCODE) != 0;
	return is_error || (said.at[2] & OPCODE) == STATUS;
}

/* On port 53 a message may also have what follows it, or a name that is wrong. */
static bool looks_usual(struct bytes said)
{
	return said.len >= DNS_HEADER && (is_bare(said) || header_is_sane(said));
}

/* The message of a datagram; one that was kept may be the begin of a longer one. */
static enum verdict datagram_looks(struct bytes said)
{
	if (said.len == 0)
		return VERDICT_MORE;
	size_t len = said.len != OPENING_MAX ? said.len : UINT16_MAX;
	return looks(said, len) == VERDICT_YES ? VERDICT_YES : VERDICT_NO;
}

enum verdict dns_looks(const struct opening *opening)
{
	struct bytes said = opening_first(opening);
	bool is_usual =
		opening->port[CLIENT] == PORT_DNS || opening->port[SERVER] == PORT_DNS;
	enum verdict verdict;
	if (opening->transport == IPPROTO_TCP) {
		if (said.len < 2)
			return VERDICT_MORE;
		size_t len = bytes_be16(&said);
		verdict = looks(said, len);
	} else {
		if (dns_kind_of(opening) != DNS_UNICAST)
			return VERDICT_NO;
		verdict = datagram_looks(said);
	}
	return verdict == VERDICT_NO && is_usual && looks_usual(said) ? VERDICT_YES
								      : verdict;
}
