/*
 * echo_packet.h: ICMP echo (RFC 792, RFC 4443 4): what is sent, what of what comes is
 * its answer, and what else ICMP says.
 */
#pragma once

#include <linux/filter.h>

#include "base/bytes.h"

enum {
	ECHO_NONCE = 16, /* and the data, if no more is wanted */
	ECHO_DATA_MAX = 65507,
	ECHO_LEN_MAX = 8 + ECHO_DATA_MAX,
	ECHO_FILTER = 8
};

struct echo_packet {
	bool is_v4;
	uint16_t id, seq;
	uint16_t data_len;
	/* Random: who does not repeat it, or what of it there is room for, does not
	 * answer. */
	uint8_t nonce[ECHO_NONCE];
};

/*
 * Its length, 8 bytes more than its data; with its checksum if it is IPv4's: of IPv6
 * the kernel has the addresses for it.
 */
size_t echo_write(const struct echo_packet *packet, uint8_t *out);

/*
 * The sequence number of an answer that repeats our nonce; -1: it is none.  By its
 * identifier only if it was ours to choose.
 */
int echo_answer(const struct echo_packet *packet, bool by_id, struct bytes reply);
/* The same of one of ours, as an error quotes it: of its data nothing need be there. */
int echo_quoted(const struct echo_packet *packet, bool by_id, struct bytes quote);

/* Behind the header of IPv4 that a raw socket has in front; empty if there is none. */
struct bytes echo_behind_ip(struct bytes packet);

/* A filter for a raw socket, which would otherwise hear everybody's answers. */
void echo_filter(const struct echo_packet *packet,
		 struct sock_filter filter[ECHO_FILTER]);

/* What an error of ICMP means, in words; NULL: it is none that says "unreachable". */
const char *echo_error_text(bool is_v4, unsigned type, unsigned code);
