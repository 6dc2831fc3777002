/*
 * telnet.h: the octets of Telnet's commands (RFC 854), and how a terminal is asked.
 */
#pragma once

#include "protocol/ask.h"

enum telnet_octet {
	TELNET_IAC = 255, /* a command follows */
	TELNET_DONT = 254,
	TELNET_DO = 253,
	TELNET_WONT = 252,
	TELNET_WILL = 251,
	TELNET_SB = 250,
	TELNET_SE = 240, /* the lowest one */
};

extern const struct asking telnet_asking;
