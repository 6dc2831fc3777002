/*
 * pseudonym.c: see pseudonym.h.
 *
 * For bit i the cipher is given the first i bits of the address and the rest of the
 * pad; the first bit of what it says flips bit i.  All of these blocks are known
 * beforehand, so that one call ciphers them.
 */
#include "store/pseudonym.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16, BITS_MAX = 128, BITS_V4 = 32, BYTE_BITS = 8 };

struct pseudonyms {
	EVP_CIPHER_CTX *cipher;
	uint8_t pad[BLOCK];
};

static bool encrypt(struct pseudonyms *pseudonyms, const uint8_t *blocks, int len,
		    uint8_t *out)
{
	int written = 0;
	return EVP_EncryptUpdate(pseudonyms->cipher, out, &written, blocks, len) == 1 &&
	       written == len;
}

struct pseudonyms *pseudonyms_open(const uint8_t key[static PSEUDONYM_KEY_LEN])
{
	struct pseudonyms *pseudonyms = calloc(1, sizeof(*pseudonyms));
	if (pseudonyms == NULL)
		return NULL;
	pseudonyms->cipher = EVP_CIPHER_CTX_new();
	bool ok = pseudonyms->cipher != NULL &&
		  EVP_EncryptInit_ex(pseudonyms->cipher, EVP_aes_128_ecb(), NULL, key,
				     NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(pseudonyms->cipher, 0) == 1 &&
		  encrypt(pseudonyms, key + BLOCK, BLOCK, pseudonyms->pad);
	if (ok)
		return pseudonyms;
	pseudonyms_close(pseudonyms);
	return NULL;
}

void pseudonyms_close(struct pseudonyms *pseudonyms)
{
	if (pseudonyms == NULL)
		return;
	EVP_CIPHER_CTX_free(pseudonyms->cipher);
	OPENSSL_cleanse(pseudonyms->pad, sizeof(pseudonyms->pad));
	free(pseudonyms);
}

/* The first `bits` bits of one, and the rest of the other. */
static void join(const uint8_t *first, const uint8_t *rest, unsigned bits, uint8_t *out)
{
	unsigned whole = bits / BYTE_BITS;
	memcpy(out, rest, BLOCK);
	memcpy(out, first, whole);
	if (bits % BYTE_BITS == 0)
		return;
	uint8_t mask = (uint8_t)(0xff << (BYTE_BITS - bits % BYTE_BITS));
	out[whole] = (uint8_t)((first[whole] & mask) | (rest[whole] & ~mask));
}

bool pseudonym_of(struct pseudonyms *pseudonyms, const struct addr *addr,
		  struct addr *out)
{
	uint8_t blocks[BITS_MAX * BLOCK], ciphered[BITS_MAX * BLOCK];
	unsigned skipped = addr_is_v4(addr) ? BITS_MAX - BITS_V4 : 0;
	unsigned bits = BITS_MAX - skipped;
	uint8_t at[BLOCK] = { 0 };
	memcpy(at, addr->ip6 + skipped / BYTE_BITS, bits / BYTE_BITS);
	for (unsigned i = 0; i < bits; i++)
		join(at, pseudonyms->pad, i, blocks + i * (size_t)BLOCK);
	if (!encrypt(pseudonyms, blocks, (int)bits * BLOCK, ciphered))
		return false;
	*out = *addr;
	for (unsigned i = 0; i < bits; i++) {
		unsigned flip = ciphered[i * (size_t)BLOCK] >> (BYTE_BITS - 1);
		unsigned bit = skipped + i;
		out->ip6[bit / BYTE_BITS] ^=
			(uint8_t)(flip << (BYTE_BITS - 1 - bit % BYTE_BITS));
	}
	return true;
}
