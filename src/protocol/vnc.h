/*
 * vnc.h: how a conversation of VNC opens (RFC 6143 7.1), and how it is asked.
 */
#pragma once

#include "protocol/protocol.h"

enum { VNC_VERSION_LEN = 12, VNC_CHALLENGE_LEN = 16 };

/* 7.1.2, and those that were registered later. */
enum {
	VNC_SECURITY_FAILED = 0,
	VNC_SECURITY_NONE = 1,
	VNC_SECURITY_PASSWORD = 2,
	VNC_SECURITY_TLS = 18,
	VNC_SECURITY_VENCRYPT = 19,
};

/* "RFB 003.008\n" (7.1.1), as far as it is here. */
static inline enum verdict vnc_version(struct bytes said)
{
	static const char form[VNC_VERSION_LEN + 1] = "RFB 000.000\n";
	for (size_t i = 0; i < VNC_VERSION_LEN; i++) {
		if (i == said.len)
			return VERDICT_MORE;
		uint8_t c = said.at[i];
		if (form[i] == '0' ? c < '0' || c > '9' : c != (uint8_t)form[i])
			return VERDICT_NO;
	}
	return VERDICT_YES;
}

/* Of a whole version. */
static inline uint16_t vnc_minor(struct bytes version)
{
	bytes_take(&version, 8);
	int minor = 0;
	for (int digit = 0; digit < 3; digit++)
		minor = minor * 10 + bytes_u8(&version) - '0';
	return (uint16_t)minor;
}

extern const struct asking vnc_asking;
