/*
 * ntp_packet.h: packets of the Network Time Protocol that tell the time (RFC 5905 7.3).
 */
#pragma once

#include "base/bytes.h"

struct asking;

enum {
	NTP_TIME_LEN = 48,

	NTP_MODE_SYMMETRIC = 1, /* active; 2 is passive */
	NTP_MODE_CLIENT = 3,
	NTP_MODE_SERVER = 4,
	NTP_MODE_BROADCAST = 5,
	NTP_MODE_CONTROL = 6,
	NTP_MODE_PRIVATE = 7,

	NTP_STRATUM_NONE = 16, /* not synchronized */
	NTP_LEAP_ALARM = 3,
};

static inline unsigned ntp_mode(uint8_t first)
{
	return first & 7;
}

static inline unsigned ntp_version(uint8_t first)
{
	return first >> 3 & 7;
}

struct ntp_time {
	unsigned leap, version, mode, stratum;
	int8_t poll, precision;
	uint32_t delay, dispersion;
	struct bytes reference_id;
	uint64_t reference, origin, receive, transmit;
};

/* False if it is shorter. */
static inline bool ntp_time_read(struct bytes data, struct ntp_time *packet)
{
	uint8_t first = bytes_u8(&data);
	*packet = (struct ntp_time){ .leap = first >> 6,
				     .version = ntp_version(first),
				     .mode = ntp_mode(first) };
	packet->stratum = bytes_u8(&data);
	packet->poll = (int8_t)bytes_u8(&data);
	packet->precision = (int8_t)bytes_u8(&data);
	packet->delay = bytes_be32(&data);
	packet->dispersion = bytes_be32(&data);
	packet->reference_id = bytes_take(&data, 4);
	packet->reference = bytes_be64(&data);
	packet->origin = bytes_be64(&data);
	packet->receive = bytes_be64(&data);
	packet->transmit = bytes_be64(&data);
	return bytes_ok(&data);
}

extern const struct asking ntp_asking;
