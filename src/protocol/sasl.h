/*
 * sasl.h: who logs in by SASL (RFC 4422), as mail protocols carry it in base64.
 *
 * The client names a mechanism and answers challenges.  The user's name is read;
 * passwords and proofs never are.
 */
#pragma once

#include "protocol/protocol.h"

struct sasl {
	uint8_t mechanism; /* 0: none, or unknown */
	uint8_t responses; /* that came */
	char user[USER_MAX];
};

void sasl_begin(struct sasl *sasl, struct bytes mechanism);

/* What the client answers, the initial response too; "=" is an empty one. */
void sasl_answer(struct sasl *sasl, struct bytes base64);

/* As a login record has it: "PLAIN"; NULL if unknown. */
const char *sasl_method(const struct sasl *sasl);

/* Whoever reads it can log in with it. */
bool sasl_is_readable(const struct sasl *sasl);

static inline struct bytes sasl_user(const struct sasl *sasl)
{
	return bytes_of(sasl->user, strlen(sasl->user));
}
