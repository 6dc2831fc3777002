/*
 * scram.c: see scram.h.  Names are those of RFC 5802, 3.
 */
#include "protocol/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/base64.h"
#include "protocol/text.h"

enum { SALT_MAX = 128, SAID_MAX = 384, PROOF_TEXT = 48 };

/* "r=...,s=...,i=4096": what stands behind that letter; bad if it is not next. */
static struct bytes take_attribute(struct bytes *message, char name)
{
	bool is_it = message->len > 1 && message->at[0] == (uint8_t)name &&
		     message->at[1] == '=';
	if (!is_it) {
		message->bad = true;
		return (struct bytes){ .bad = true };
	}
	bytes_take(message, 2);
	const uint8_t *end =
		message->len > 0 ? memchr(message->at, ',', message->len) : NULL;
	size_t len = end != NULL ? (size_t)(end - message->at) : message->len;
	struct bytes value = bytes_take(message, len);
	if (end != NULL)
		bytes_take(message, 1);
	return value;
}

/* 0 if it is none, or too many. */
static int rounds_of(struct bytes text)
{
	int rounds = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		rounds = rounds * 10 + (text.at[i] - '0');
		if (rounds > SCRAM_ROUNDS_MAX)
			return 0;
	}
	return rounds;
}

static bool sign(const uint8_t key[static SCRAM_DIGEST], const char *text,
		 uint8_t signature[static SCRAM_DIGEST])
{
	return HMAC(EVP_sha256(), key, SCRAM_DIGEST, (const uint8_t *)text,
		    strlen(text), signature, NULL) != NULL;
}

/* ClientProof; and the signature that the server is to have. */
static bool compute(struct scram *scram, const uint8_t salted[static SCRAM_DIGEST],
		    const char *auth_message, uint8_t proof[static SCRAM_DIGEST])
{
	uint8_t client_key[SCRAM_DIGEST], stored_key[SCRAM_DIGEST],
		server_key[SCRAM_DIGEST];
	if (!sign(salted, "Client Key", client_key) ||
	    !EVP_Digest(client_key, SCRAM_DIGEST, stored_key, NULL, EVP_sha256(),
			NULL) ||
	    !sign(stored_key, auth_message, proof) ||
	    !sign(salted, "Server Key", server_key) ||
	    !sign(server_key, auth_message, scram->server_signature))
		return false;
	for (unsigned i = 0; i < SCRAM_DIGEST; i++)
		proof[i] ^= client_key[i];
	return true;
}

void scram_begin(struct scram *scram, const uint8_t nonce[static 16],
		 char text[static SCRAM_TEXT_MAX])
{
	*scram = (struct scram){ 0 };
	EVP_EncodeBlock((uint8_t *)scram->nonce, nonce, 16);
	snprintf(text, SCRAM_TEXT_MAX, "n,,n=,r=%s", scram->nonce);
}

bool scram_prove(struct scram *scram, const char *password, struct bytes server_first,
		 char text[static SCRAM_TEXT_MAX])
{
	char auth_message[SCRAM_TEXT_MAX], encoded[PROOF_TEXT];
	uint8_t salt[SALT_MAX], salted[SCRAM_DIGEST], proof[SCRAM_DIGEST];
	struct bytes rest = server_first;
	struct bytes nonce = take_attribute(&rest, 'r');
	struct bytes salt_text = take_attribute(&rest, 's');
	int rounds = rounds_of(take_attribute(&rest, 'i'));
	size_t ours = strlen(scram->nonce);
	if (!bytes_ok(&rest) || server_first.len > SAID_MAX || rounds == 0 ||
	    !text_is_printable(server_first) || nonce.len <= ours ||
	    !text_starts(nonce, scram->nonce))
		return false;
	size_t salt_len = base64_decode(salt_text, salt, sizeof(salt));
	/* "biws" is the "n,," we began with. */
	snprintf(text, SCRAM_TEXT_MAX, "c=biws,r=%.*s", (int)nonce.len,
		 (const char *)nonce.at);
	snprintf(auth_message, sizeof(auth_message), "n=,r=%s,%.*s,%s", scram->nonce,
		 (int)server_first.len, (const char *)server_first.at, text);
	if (!PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)salt_len,
			       rounds, EVP_sha256(), sizeof(salted), salted) ||
	    !compute(scram, salted, auth_message, proof))
		return false;
	EVP_EncodeBlock((uint8_t *)encoded, proof, sizeof(proof));
	size_t len = strlen(text);
	snprintf(text + len, SCRAM_TEXT_MAX - len, ",p=%s", encoded);
	scram->has_signature = true;
	return true;
}

bool scram_is_mutual(const struct scram *scram, struct bytes server_final)
{
	uint8_t signature[SCRAM_DIGEST + 1];
	struct bytes value = take_attribute(&server_final, 'v');
	return scram->has_signature && bytes_ok(&server_final) &&
	       base64_decode(value, signature, sizeof(signature)) == SCRAM_DIGEST &&
	       CRYPTO_memcmp(signature, scram->server_signature, SCRAM_DIGEST) == 0;
}
