/*
 * ntlmssp.h: NTLM messages (MS-NLMP 2.2.1), as SMB, LDAP and others carry them.
 */
#pragma once

#include "base/bytes.h"

enum ntlmssp_type {
	NTLMSSP_NONE,
	NTLMSSP_NEGOTIATE,
	NTLMSSP_CHALLENGE,
	NTLMSSP_AUTHENTICATE,
};

enum { NTLMSSP_USER_MAX = 64 };

struct ntlmssp {
	enum ntlmssp_type type;
	/* AUTHENTICATE: "DOMAIN\user", UTF-8; empty: an anonymous one. */
	uint8_t user[NTLMSSP_USER_MAX];
	uint8_t user_len;
	/* CHALLENGE: version of the operating system; all 0: not told. */
	uint8_t major, minor;
	uint16_t build;
};

/*
 * The message within a token, wherever it starts (SPNEGO wraps it).  Its type is known
 * once its first twelve octets are here; what else is not here stays empty.
 */
void ntlmssp_read(struct bytes token, struct ntlmssp *message);
