/*
 * token.h: the line that lets one machine join a fleet once.
 *
 * It has all that is needed: where the servers are, the authority that signed their
 * certificates, the fleet's key, and a credential that may only ask to be joined.  Who
 * has it may join until it was used or is over, so it is a secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "fleet/claims.h"
#include "fleet/sign.h"

enum {
	TOKEN_SERVERS_MAX = 1024,
	TOKEN_CA_MAX = 2048,    /* of a certificate, DER */
	TOKEN_TEXT_MAX = 16384, /* of the line */
	TOKEN_ERROR_MAX = 160,
};

struct token {
	struct claims_token claims;      /* user has its seed */
	char servers[TOKEN_SERVERS_MAX]; /* "tls://a:4222,tls://b:4222" */
	struct nkey fleet;               /* whose signature answers have */
	unsigned char ca[TOKEN_CA_MAX];
	size_t ca_len;
	struct buf jwt; /* the credential, as the account signed it; owned */
};

void token_free(struct token *token);

/* Appends the line, without its end. jwt is written here. */
bool token_write(struct token *token, const struct nkey *sensors, struct buf *out);

/*
 * False, and one line in error.  White space around it and line breaks within are
 * passed over, as mail programs make them.  That the account signed it is for a hub to
 * see.
 */
bool token_read(const char *text, size_t len, struct token *out,
		char error[static TOKEN_ERROR_MAX]);

/* "tls://host:port" and more of them with commas between; false and error. */
bool token_servers_are_good(const char *servers, char error[static TOKEN_ERROR_MAX]);
