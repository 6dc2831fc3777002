/*
 * jwt.h: what NATS servers believe: JSON Web Tokens (RFC 7519), signed with Ed25519
 * keys
 * ("alg":"ed25519-nkey"), version 2.
 *
 * The operator, whom servers are told to trust, signs what an account is; the account
 * signs who its users are and what they may.  claims.h has what we say in them.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/sign.h"

enum {
	JWT_BYTES_MAX =
		1024 * 1024, /* a message of nats-server, which an account's is */
	JWT_USER_MAX = 8 * 1024,
	JWT_ERROR_MAX = 128,
};

/*
 * Appends the token.  claims: has "sub", "iat" and "nats"; gets "iss" and "jti" here.
 * False: no memory, or a key without seed.
 */
bool jwt_write(json_t *claims, const struct nkey *signer, struct buf *out);

/*
 * Its claims, if that key signed them: the caller's.  NULL and one line in error of
 * what is no token, or is another's.  Whether its time is over is not looked at.
 */
json_t *jwt_read(const char *text, size_t len, const struct nkey *signer,
		 char error[static JWT_ERROR_MAX]);

/* The same, without a look at who signed it: for what comes from who is trusted. */
json_t *jwt_look(const char *text, size_t len, char error[static JWT_ERROR_MAX]);

/* Appends the file that clients of NATS log in with: the user's token, and her seed. */
bool jwt_credentials(const struct buf *token, const struct nkey *user, struct buf *out);
