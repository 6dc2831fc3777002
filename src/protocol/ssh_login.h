/*
 * ssh_login.h: how logins over SSH end, inferred from the sizes of sealed packets.
 *
 * RFC 4252 lets a server answer each request to log in with one of few messages, and
 * what a message of n octets comes to on the wire follows from cipher and MAC (RFC
 * 4253 6).  USERAUTH_SUCCESS is the shortest of all; USERAUTH_FAILURE lists the same
 * methods each time.  Where the cipher hides the length of packets, a segment stands
 * for one.
 */
#pragma once

#include "base/bytes.h"

/* How packets of one direction are sealed. */
struct ssh_sealing {
	uint8_t block;   /* the sealed part is a multiple of it */
	uint8_t tag;     /* octets of MAC behind it */
	uint8_t outside; /* of the length before it: 4, or 0 if that is sealed, too */
	bool is_clear;   /* the length can be read */
};

/* False if one of them is unknown. */
bool ssh_sealing_of(struct bytes cipher, struct bytes mac, struct ssh_sealing *sealing);

/* Authenticated encryption: there is no MAC beside it. */
bool ssh_is_aead(struct bytes cipher);

/* Octets on the wire of a message of that many, padded as little as is allowed. */
uint32_t ssh_sealed(const struct ssh_sealing *sealing, uint32_t message);

struct ssh_login {
	struct ssh_sealing sealing[2]; /* of what CLIENT and SERVER say */
	bool begins_with_credentials;  /* the client does not ask for the methods first
					*/
	/* the rest begins as zeros */
	uint8_t phase;
	uint8_t last_by;
	bool has_failure_size; /* it came twice, or is what a longer answer ended in */
	bool is_prompted;      /* the server asked for something (RFC 4256) */
	bool signs;      /* the server would take that key: the client proves it */
	uint8_t padding; /* of the server, beyond what is needed */
	uint8_t strange; /* answers in a row that were none we know */
	uint32_t request, reply; /* of the turn; 0: none, or judged already */
	uint32_t none;           /* the first request, which asks for methods */
	uint32_t failure;        /* size of a USERAUTH_FAILURE */
	uint32_t failures;
};

enum ssh_login_news {
	SSH_LOGIN_NOTHING,
	SSH_LOGIN_FAILED,
	SSH_LOGIN_SUCCEEDED,
	SSH_LOGIN_LOST, /* that is no login we can follow */
};

/* method: set to a static word if the sizes tell, else to NULL. */
enum ssh_login_news ssh_login_said(struct ssh_login *login, unsigned by, uint32_t len,
				   const char **method);
/* The conversation is over. */
enum ssh_login_news ssh_login_closed(struct ssh_login *login, const char **method);
