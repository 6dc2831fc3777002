/*
 * echo_packet.c: see echo_packet.h.
 */
#include "probe/echo_packet.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>

enum { HEADER = 8, CHECKSUM_AT = 2 };

static uint16_t checksum(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return (uint16_t)~sum;
}

static void put_16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t nonce_len(const struct echo_packet *packet)
{
	return packet->data_len < ECHO_NONCE ? packet->data_len : ECHO_NONCE;
}

size_t echo_write(const struct echo_packet *packet, uint8_t *out)
{
	size_t len = HEADER + packet->data_len;
	memset(out, 0, len);
	out[0] = packet->is_v4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
	put_16(out + 4, packet->id);
	put_16(out + 6, packet->seq);
	memcpy(out + HEADER, packet->nonce, nonce_len(packet));
	if (packet->is_v4)
		put_16(out + CHECKSUM_AT, checksum(out, len));
	return len;
}

/* Takes the header; its sequence number if it is of that type and of us, or -1. */
static int read_header(const struct echo_packet *packet, bool by_id, unsigned type,
		       struct bytes *data)
{
	unsigned has_type = bytes_u8(data), code = bytes_u8(data);
	bytes_be16(data); /* the checksum: the kernel has looked at it */
	unsigned id = bytes_be16(data), seq = bytes_be16(data);
	if (!bytes_ok(data) || has_type != type || code != 0 ||
	    (by_id && id != packet->id))
		return -1;
	return (int)seq;
}

int echo_answer(const struct echo_packet *packet, bool by_id, struct bytes reply)
{
	unsigned type = packet->is_v4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY;
	int seq = read_header(packet, by_id, type, &reply);
	bool repeats = reply.len == packet->data_len &&
		       memcmp(reply.at, packet->nonce, nonce_len(packet)) == 0;
	return repeats ? seq : -1;
}

int echo_quoted(const struct echo_packet *packet, bool by_id, struct bytes quote)
{
	unsigned type = packet->is_v4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
	return read_header(packet, by_id, type, &quote);
}

struct bytes echo_behind_ip(struct bytes packet)
{
	enum { WORD = 4, HEADER_MIN = 20 };
	size_t len = packet.len > 0 ? (packet.at[0] & 15u) * WORD : 0;
	if (len < HEADER_MIN || len > packet.len)
		return bytes_of(packet.at, 0);
	bytes_take(&packet, len);
	return packet;
}

/* The filter sees IPv4's header, whose length X gets, and of IPv6 none. */
void echo_filter(const struct echo_packet *packet,
		 struct sock_filter filter[ECHO_FILTER])
{
	unsigned type = packet->is_v4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY;
	const struct sock_filter program[ECHO_FILTER] = {
		BPF_STMT(BPF_LDX | BPF_IMM, 0),
		packet->is_v4
			? (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
			: (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, packet->id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	memcpy(filter, program, sizeof(program));
}

static const char *text_v4(unsigned type, unsigned code)
{
	if (type == ICMP_TIME_EXCEEDED)
		return "routers send it in a circle, or it is too far";
	if (type != ICMP_DEST_UNREACH)
		return NULL;
	switch (code) {
	case ICMP_NET_UNREACH:
		return "no route to its network";
	case ICMP_HOST_UNREACH:
		return "the host does not answer on its network";
	case ICMP_PROT_UNREACH:
		return "it does not speak ICMP";
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
		return "a rule forbids it";
	default:
		return "it can't be reached";
	}
}

static const char *text_v6(unsigned type, unsigned code)
{
	if (type == ICMPV6_TIME_EXCEED)
		return "routers send it in a circle, or it is too far";
	if (type != ICMPV6_DEST_UNREACH)
		return NULL;
	switch (code) {
	case ICMPV6_NOROUTE:
	case ICMPV6_REJECT_ROUTE:
		return "no route to its network";
	case ICMPV6_ADM_PROHIBITED:
	case ICMPV6_POLICY_FAIL:
		return "a rule forbids it";
	case ICMPV6_ADDR_UNREACH:
		return "the host does not answer on its network";
	default:
		return "it can't be reached";
	}
}

const char *echo_error_text(bool is_v4, unsigned type, unsigned code)
{
	return is_v4 ? text_v4(type, code) : text_v6(type, code);
}
