/*
 * uuid.c: see uuid.h.
 */
#include "report/uuid.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Made once at random (version 4): names of other programs have other UUIDs. */
static const uint8_t namespace[16] = { 0x5b, 0xe1, 0x0c, 0x9a, 0x3d, 0x72, 0x4f, 0x16,
				       0x9c, 0x48, 0x8e, 0x25, 0xd7, 0x60, 0x1b, 0xf3 };

static bool hash_of(const char *name, uint8_t out[static EVP_MAX_MD_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL &&
		  EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1 &&
		  EVP_DigestUpdate(context, namespace, sizeof(namespace)) == 1 &&
		  EVP_DigestUpdate(context, name, strlen(name)) == 1 &&
		  EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

void uuid_of(const char *name, char out[static UUID_TEXT_MAX])
{
	uint8_t b[EVP_MAX_MD_SIZE];
	out[0] = '\0';
	if (!hash_of(name, b))
		return;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x50);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, UUID_TEXT_MAX,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
		 b[11], b[12], b[13], b[14], b[15]);
}
