/*
 * ssh.h: how a conversation in SSH opens (RFC 4253 4.2 and 6), and how it is asked.
 */
#pragma once

#include "base/bytes.h"

struct asking;

enum {
	SSH_BANNER_MAX = 255, /* 4.2; the end of line is part of it */
	SSH_LINE_MAX = 1024,
	SSH_LINES_MAX = 20,          /* before the banner; real servers send few */
	SSH_PACKET_MAX = 256 * 1024, /* what OpenSSH takes */
	SSH_DISCONNECT = 1,
	SSH_KEXINIT = 20,
	SSH_NEWKEYS = 21,
	SSH_KEX_LAST = 49, /* RFC 4250 4.1.2: above are logins and channels */
};

/* What may be in a server's lines before its banner. */
static inline bool ssh_is_text(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] < 0x20 && line.at[i] != '\t' && line.at[i] != '\r')
			return false;
	return true;
}

extern const struct asking ssh_asking;
