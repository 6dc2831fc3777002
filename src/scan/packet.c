/*
 * packet.c: see packet.h.  RFC 9293 (TCP), 791, 8200 (IP), 792, 4443 (ICMP).
 */
#include "scan/packet.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

enum {
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 40, /* with options */
	HOPS = 64,
	FLAG_SYN = 2,
	FLAG_RST = 4,
	FLAG_ACK = 16,
};

/* As Linux orders them: MSS 1460, SACK, timestamps, window scale 7 (RFC 7323, 2018). */
static const uint8_t options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
				     0, 1, 0, 0,   0, 0, 1, 3,  3, 7 };

struct cookie cookie_of(const struct hash_key *key, uint16_t block,
			const struct addr *to, uint16_t port, unsigned pass)
{
	uint64_t words[3];
	memcpy(words, to->ip6, sizeof(to->ip6));
	words[2] = (uint64_t)pass << 16 | port;
	uint64_t hash = hash_words(key, words, 3);
	return (struct cookie){
		.sequence = (uint32_t)hash,
		.source_port = (uint16_t)(block | pass << 5 | (hash >> 32 & 31)),
	};
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* RFC 1071: in the order of bytes of whoever adds; len is even. */
static uint64_t sum_of(const uint8_t *at, size_t len)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < len; i += 2) {
		uint16_t word;
		memcpy(&word, at + i, sizeof(word));
		sum += word;
	}
	return sum;
}

static void put_checksum(uint8_t *at, uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	uint16_t folded = (uint16_t)~sum;
	memcpy(at, &folded, sizeof(folded));
}

static void put_tcp(uint8_t *tcp, uint16_t port, const struct cookie *cookie)
{
	memset(tcp, 0, TCP_LEN);
	put16(tcp, cookie->source_port);
	put16(tcp + 2, port);
	put32(tcp + 4, cookie->sequence);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = FLAG_SYN;
	put16(tcp + 14, 64240);
	memcpy(tcp + 20, options, sizeof(options));
	put32(tcp + 28,
	      cookie->sequence ^ cookie->source_port); /* a timestamp's value */
}

static size_t put_v4(uint8_t *ip, const struct addr *from, const struct addr *to)
{
	memset(ip, 0, IP4_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP4_LEN + TCP_LEN);
	ip[6] = 0x40; /* don't fragment; then the identification may be 0 (RFC 6864) */
	ip[8] = HOPS;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, from->ip6 + 12, 4);
	memcpy(ip + 16, to->ip6 + 12, 4);
	put_checksum(ip + 10, sum_of(ip, IP4_LEN));
	return IP4_LEN;
}

static size_t put_v6(uint8_t *ip, const struct addr *from, const struct addr *to)
{
	memset(ip, 0, 8);
	ip[0] = 0x60;
	put16(ip + 4, TCP_LEN);
	ip[6] = IPPROTO_TCP;
	ip[7] = HOPS;
	memcpy(ip + 8, from->ip6, 16);
	memcpy(ip + 24, to->ip6, 16);
	return IP6_LEN;
}

size_t packet_syn(uint8_t out[static PACKET_SYN_MAX], const struct addr *from,
		  const struct addr *to, uint16_t port, const struct cookie *cookie)
{
	bool is_v4 = addr_is_v4(to);
	size_t head = is_v4 ? put_v4(out, from, to) : put_v6(out, from, to);
	uint8_t *tcp = out + head;
	put_tcp(tcp, port, cookie);
	/* Both addresses end where TCP begins; the rest of the pseudo header is this.
	 */
	size_t addresses = is_v4 ? 8 : 32;
	uint64_t sum = sum_of(tcp - addresses, addresses + TCP_LEN);
	put_checksum(tcp + 16, sum + htons(IPPROTO_TCP) + htons(TCP_LEN));
	return head + TCP_LEN;
}

const char *unreachable_reason(bool is_v6, uint8_t type, uint8_t code)
{
	static const char *const v4[] = { "net-unreach",
					  "host-unreach",
					  "proto-unreach",
					  "port-unreach",
					  "",
					  "",
					  "net-unreach",
					  "host-unreach",
					  "",
					  "net-prohibited",
					  "host-prohibited",
					  "net-unreach",
					  "host-unreach",
					  "admin-prohibited" };
	static const char *const v6[] = { "net-unreach",  "admin-prohibited",
					  "host-unreach", "addr-unreach",
					  "port-unreach", "admin-prohibited",
					  "net-unreach" };
	if (is_v6)
		return type == ICMP6_DST_UNREACH && code < sizeof(v6) / sizeof(v6[0])
			       ? v6[code]
			       : "";
	return type == ICMP_DEST_UNREACH && code < sizeof(v4) / sizeof(v4[0]) ? v4[code]
									      : "";
}

/* An IP header off the front; false if no TCP or ICMP can follow. */
struct ip_head {
	bool is_v6;
	uint8_t protocol, ttl;
	struct addr from, to;
};

static bool take_v4(struct bytes *packet, struct ip_head *head)
{
	enum { OFFSET_MASK = 0x1fff };
	struct bytes fixed = bytes_take(packet, IP4_LEN);
	if (!bytes_ok(&fixed) || (fixed.at[0] & 15) < 5)
		return false;
	bytes_take(packet, (fixed.at[0] & 15) * 4u - IP4_LEN);
	head->protocol = fixed.at[9];
	head->ttl = fixed.at[8];
	head->from = addr_v4(fixed.at + 12);
	head->to = addr_v4(fixed.at + 16);
	bool is_first = ((fixed.at[6] << 8 | fixed.at[7]) & OFFSET_MASK) == 0;
	return bytes_ok(packet) && is_first;
}

static bool take_v6(struct bytes *packet, struct ip_head *head)
{
	struct bytes fixed = bytes_take(packet, IP6_LEN);
	if (!bytes_ok(&fixed))
		return false;
	head->is_v6 = true;
	head->protocol = fixed.at[6];
	head->ttl = fixed.at[7];
	head->from = addr_v6(fixed.at + 8);
	head->to = addr_v6(fixed.at + 24);
	return true;
}

static bool take_ip(struct bytes *packet, struct ip_head *head)
{
	*head = (struct ip_head){ .is_v6 = false };
	if (packet->len == 0)
		return false;
	switch (packet->at[0] >> 4) {
	case 4:
		return take_v4(packet, head);
	case 6:
		return take_v6(packet, head);
	default:
		return false;
	}
}

/* A SYN-ACK, or a RST that acknowledges our SYN: its number plus one (RFC 9293 3.5.2).
 */
static void read_tcp(struct bytes tcp, const struct ip_head *head,
		     struct packet_answer *answer)
{
	answer->probed = head->from;
	answer->port = bytes_be16(&tcp);
	answer->cookie.source_port = bytes_be16(&tcp);
	bytes_be32(&tcp);
	answer->cookie.sequence = bytes_be32(&tcp) - 1;
	bytes_u8(&tcp);
	uint8_t flags = bytes_u8(&tcp);
	if (!bytes_ok(&tcp) || !(flags & FLAG_ACK))
		return;
	if (flags & FLAG_RST) {
		answer->says = SAYS_RESET;
		answer->reason = "reset";
	} else if (flags & FLAG_SYN) {
		answer->says = SAYS_SYN_ACK;
		answer->reason = "syn-ack";
	}
}

/* Eight bytes of TCP are always quoted (RFC 792): the ports and our number. */
static void read_quoted(struct bytes icmp, const struct ip_head *head,
			struct packet_answer *answer)
{
	uint8_t type = bytes_u8(&icmp), code = bytes_u8(&icmp);
	struct ip_head quoted;
	bytes_take(&icmp, 6);
	const char *reason = unreachable_reason(head->is_v6, type, code);
	if (!bytes_ok(&icmp) || reason[0] == '\0' || !take_ip(&icmp, &quoted) ||
	    quoted.is_v6 != head->is_v6 || quoted.protocol != IPPROTO_TCP)
		return;
	answer->probed = quoted.to;
	answer->cookie.source_port = bytes_be16(&icmp);
	answer->port = bytes_be16(&icmp);
	answer->cookie.sequence = bytes_be32(&icmp);
	if (!bytes_ok(&icmp))
		return;
	answer->says = SAYS_UNREACHABLE;
	answer->reason = reason;
}

struct packet_answer packet_read(struct bytes packet)
{
	struct packet_answer answer = { .says = SAYS_NOTHING };
	struct ip_head head;
	if (!take_ip(&packet, &head))
		return answer;
	answer.ttl = head.ttl;
	if (head.protocol == IPPROTO_TCP)
		read_tcp(packet, &head, &answer);
	else if (head.protocol == (head.is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		read_quoted(packet, &head, &answer);
	return answer;
}

bool packet_is_ours(const struct packet_answer *answer, const struct hash_key *key,
		    uint16_t block)
{
	struct cookie sent = cookie_of(key, block, &answer->probed, answer->port,
				       cookie_pass(answer->cookie.source_port));
	return answer->says != SAYS_NOTHING &&
	       sent.sequence == answer->cookie.sequence &&
	       sent.source_port == answer->cookie.source_port;
}
