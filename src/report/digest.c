/*
 * digest.c: see digest.h.
 */
#include "report/digest.h"

#include <openssl/evp.h>
#include <stdint.h>

#include "base/hex.h"

void digest_of(const void *at, size_t len, char out[static 65])
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	unsigned made = 0;
	out[0] = '\0';
	if (EVP_Digest(at, len, bytes, &made, EVP_sha256(), NULL) == 1 && made == 32)
		hex_text(out, bytes, made);
}
