/*
 * ssh_kex.h: what two sides offer each other in KEXINIT, and what they agree on (RFC
 * 4253 7.1).
 *
 * The offer that comes first is kept as short hashes of its names; the second one has
 * the names of what both have.
 */
#pragma once

#include "protocol/fingerprint.h"

/* The name-lists of a KEXINIT, in its order. */
enum ssh_list {
	SSH_KEX,
	SSH_HOST_KEY,
	SSH_CIPHER, /* client to server; the other way next */
	SSH_CIPHER_BACK,
	SSH_MAC,
	SSH_MAC_BACK,
	SSH_COMPRESSION,
	SSH_COMPRESSION_BACK,
	SSH_LISTS,
};

struct ssh_kexinit {
	struct bytes list[SSH_LISTS]; /* names joined by commas */
};

/* Reads a KEXINIT behind its message number; false if it is none. */
bool ssh_kexinit_read(struct bytes message, struct ssh_kexinit *kexinit);

/*
 * HASSH of a client's KEXINIT, HASSHServer of a server's (Salesforce, 2018): MD5 over
 * kex, cipher, MAC and compression that this side would send with, in hexadecimal.
 * False if this machine refuses MD5.
 */
enum { HASSH_TEXT_MAX = 2 * MD5_LEN + 1 };
bool ssh_hassh(struct digests *digests, const struct ssh_kexinit *kexinit, unsigned by,
	       char text[static HASSH_TEXT_MAX]);

enum { SSH_OFFER_NAMES = 96, SSH_OFFER_LIST_MAX = 24 };
struct ssh_offer {
	uint8_t by;
	uint8_t count[SSH_LISTS];
	uint8_t cut; /* bit per list: not all of it is here */
	uint32_t name[SSH_OFFER_NAMES];
};
void ssh_offer_keep(struct ssh_offer *offer, const struct ssh_kexinit *kexinit,
		    unsigned by);

/* What is agreed on: a name in the KEXINIT of the other side, or none if unknown. */
struct bytes ssh_agreed(const struct ssh_offer *offer,
			const struct ssh_kexinit *kexinit, enum ssh_list list);
