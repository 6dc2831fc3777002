/*
 * rtp.h: packets of RTP and RTCP (RFC 3550), and how well those of one sender arrive.
 */
#pragma once

#include "base/bytes.h"

/* A packet's fixed header (5.1). */
struct rtp_packet {
	uint8_t payload_type;
	bool has_contributors, has_padding, has_extension;
	uint16_t sequence;
	uint32_t timestamp, source;
	size_t payload_len; /* behind the header and its extension */
};

/* data: as much of it as is here, of all_len octets.  False if it is none. */
bool rtp_read_packet(struct bytes data, size_t all_len, struct rtp_packet *packet);

/* RTCP on the port of RTP (RFC 5761, 4). */
bool rtp_is_control(struct bytes data);
/* A whole compound packet (6.1): a report, and who it is of. */
bool rtcp_is_compound(struct bytes data);

/* 10 to 40 ms of what telephones send: so many octets, neither more nor less. */
bool rtp_is_voice(uint8_t payload_type, size_t len);
/*
 * Whole frames of a codec whose frames are all alike (RFC 3551), so that anyone can
 * hear it: encryption would add a tag that makes them uneven (RFC 3711, 4.2).
 */
bool rtp_is_audible(uint8_t payload_type, size_t len);

/* What arrived of one sender.  Zeroed at the begin. */
struct rtp_source {
	bool has_begun, has_previous;
	uint8_t payload_type; /* of the packet before */
	uint8_t clock_type;   /* a dynamic type, and its clock once it is found */
	uint32_t clock_hz;
	uint32_t source;
	uint16_t highest;
	uint32_t bad; /* what would follow a jump */
	uint32_t base, cycles, received;
	uint64_t packets, lost_before; /* lost before the sequence began anew */
	uint32_t timestamp;            /* of the packet before */
	int64_t at_us;
	uint32_t first_timestamp; /* since when a clock is looked for */
	int64_t first_at_us;
	bool has_jitter;
	uint64_t jitter_us_16; /* sixteenths of a microsecond (A.8) */
};

void rtp_arrives(struct rtp_source *source, const struct rtp_packet *packet,
		 int64_t at_us);
/* Packets that never came (A.3). */
uint64_t rtp_lost(const struct rtp_source *source);
