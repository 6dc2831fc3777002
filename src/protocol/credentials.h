/*
 * credentials.h: who logs in, as HTTP and SIP say it (RFC 9110 11, RFC 3261 22).
 *
 * The client names a scheme and proves something; the server challenges with a scheme.
 * The user's name is read, passwords and tokens never.
 */
#pragma once

#include "protocol/protocol.h"

enum scheme {
	SCHEME_NONE,
	SCHEME_BASIC,
	SCHEME_DIGEST,
	SCHEME_BEARER,
	SCHEME_NEGOTIATE,
	SCHEME_NTLM,
	SCHEME_OTHER,
};

/* As a login record has it; NULL for none and others. */
const char *scheme_word(enum scheme scheme);

/* Of Authorization or Proxy-Authorization. */
struct credentials {
	enum scheme scheme;
	char user[USER_MAX]; /* "": can't be told */
};
/* False if they prove nothing yet: the message that opens a handshake of NTLM. */
bool credentials_read(struct bytes value, struct credentials *credentials);

/* Of WWW-Authenticate or Proxy-Authenticate. */
struct challenge {
	enum scheme scheme;
	/*
	 * The proof was not wrong: the nonce was old (RFC 7616 3.3), or the handshake
	 * of NTLM or Negotiate goes on (RFC 4559 4.1).
	 */
	bool goes_on;
};
void challenge_read(struct bytes value, struct challenge *challenge);
