/*
 * scram.h: a client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel
 * binding: each side proves that it knows the password, and nobody hears it.
 */
#pragma once

#include "base/bytes.h"

enum {
	SCRAM_TEXT_MAX = 1024,
	/*
	 * Rounds that a server may ask for: we compute them while other services wait.
	 * PostgreSQL has 4096.
	 */
	SCRAM_ROUNDS_MAX = 100000,
	SCRAM_DIGEST = 32,
};

struct scram {
	char nonce[32];
	uint8_t server_signature[SCRAM_DIGEST];
	bool has_signature;
};

/*
 * The first message, NUL at its end.  Without a user: PostgreSQL has it from elsewhere.
 */
void scram_begin(struct scram *scram, const uint8_t nonce[static 16],
		 char text[static SCRAM_TEXT_MAX]);

/* The second; false if the server's first is none, or asks for too much. */
bool scram_prove(struct scram *scram, const char *password, struct bytes server_first,
		 char text[static SCRAM_TEXT_MAX]);

/* The server's last message proves that it knows the password, too. */
bool scram_is_mutual(const struct scram *scram, struct bytes server_final);
